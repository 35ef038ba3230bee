/*
 * languages: which languages there are, by their names in the catalog and in settings.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H
#define TOLLGATE_GATEWAY_DIALECT_LANGUAGES_H

#include "gateway/dialect/language.h"
#include "gateway/snapshot/entities.h"

/* The language in which a client of `family` reaches a deployment. OpenAI's own models speak two,
 * or one of the two: `dialect` is the catalog's word, `model` the provider's own name of it. */
struct language_place {
    enum wire_dialect wire;
    struct span dialect, model;
};
must_use const struct upstream_language *upstream_language_for(enum language_family family,
                                                               const struct language_place *place);
/* NULL when there is none of that name. */
must_use const struct upstream_language *upstream_language_find(struct span name);
must_use const struct client_language *client_language_find(struct span name);

#endif
