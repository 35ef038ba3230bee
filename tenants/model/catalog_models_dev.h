/*
 * catalog_models_dev: models.dev's api.json read as a catalog.
 *
 * The shape is an object of providers: {id, name, api, npm, models: {id: {id, name, cost, limit,
 * modalities, …}}}. It names no author and no canonical model, so models of several providers are
 * joined by the rule in docs/catalog.md, and with the help of a catalog that is known already.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_MODELS_DEV_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_MODELS_DEV_H

#include "tenants/model/catalog_file.h"

/* What was not taken over, one line each, for a person. */
struct catalog_notes {
    struct buf *lines; /* borrowed; may be NULL */
    uint32_t count;
};

/* `known` (may be NULL) lends its ids, aliases, endpoints and dialects: a model that it names at
 * the same provider and upstream id keeps its id and kind. The caller owns *catalog_out, which
 * points into neither. 0, or -EINVAL with error_out filled. */
must_use int catalog_from_models_dev(struct span text, const struct catalog *known,
                                     struct catalog_notes *notes, struct catalog **catalog_out,
                                     struct catalog_error *error_out);

#endif
