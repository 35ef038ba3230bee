/*
 * languages: which languages there are, by their names in the catalog and in settings.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H
#define TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H

#include "gateway/dialect/language.h"
#include "gateway/snapshot/entities.h"

/* The one that a deployment speaks; NULL: none that chats. */
must_use const struct upstream_language *upstream_language_of(enum wire_dialect wire);
/* The language that a client of `family` reaches a deployment in: OpenAI's deployments (`dialect`
 * is the catalog's word) speak two. */
must_use const struct upstream_language *
upstream_language_for(enum language_family family, enum wire_dialect wire, struct span dialect);
/* NULL when there is none of that name. */
must_use const struct upstream_language *upstream_language_find(struct span name);
must_use const struct client_language *client_language_find(struct span name);

#endif
