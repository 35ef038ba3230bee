/*
 * languages: which languages there are, by their names in the catalog and in settings.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H
#define TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H

#include "gateway/dialect/language.h"
#include "gateway/snapshot/entities.h"

/* The one that a deployment speaks; NULL: none that chats. */
must_use const struct upstream_language *upstream_language_of(enum wire_dialect wire);
/* NULL when there is none of that name. */
must_use const struct upstream_language *upstream_language_find(struct span name);
must_use const struct client_language *client_language_find(struct span name);

#endif
