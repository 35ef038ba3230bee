/*
 * import_names: other gateways' names of providers and models as those of the catalog.
 *
 * Providers by a table, models by their names without versions, dates and the vendors' prefixes;
 * what a person said (--map) goes before both. Pure; borrows the catalog's names.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_NAMES_H
#define TOLLGATE_TENANTS_CTL_IMPORT_NAMES_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

enum { IMPORT_MAPS_MAX = 256, IMPORT_MODELS_MAX = 20000 };

struct import_model {
    struct span id;        /* "openai/gpt-4.1" */
    struct span providers; /* ",azure,openai,": who has it */
};

struct import_map {
    struct span theirs, ours;
};

struct import_names {
    const struct import_model *models;
    uint32_t model_count;
    const struct import_map *maps;
    uint32_t map_count;
};

/* Whether the catalog has a model, or a provider, of exactly this name. */
must_use const struct import_model *import_model(const struct import_names *names, struct span id);
must_use bool import_is_provider(const struct import_names *names, struct span slug);
must_use bool import_serves(const struct import_model *model, struct span provider);

/* What `theirs` was said to be, or empty. */
must_use struct span import_mapped(const struct import_names *names, struct span theirs);

enum import_provider {
    PROVIDER_UNKNOWN,
    PROVIDER_KNOWN,
    PROVIDER_GUESSED, /* from how a name of somebody's own begins */
    PROVIDER_ANY,     /* a reseller: its models go to whoever has them */
};

/* The provider's slug for "azure-openai", "vertex_ai", "@openai-prod" … */
must_use enum import_provider import_provider(const struct import_names *names, struct span theirs,
                                              struct span *slug_out);

/* The model that `theirs` is, at `provider` (empty: at any), or NULL; *exact_out: its name is the
 * same. Of several that are as much alike the one that this provider has; NULL when that is not
 * one. */
must_use const struct import_model *import_find_model(const struct import_names *names,
                                                      struct span theirs, struct span provider,
                                                      bool *exact_out);

/* Appends the ids nearest to `theirs`: "a, b or c"; nothing when none is near. */
void import_nearest(const struct import_names *names, struct span theirs, struct buf *out);

#endif
