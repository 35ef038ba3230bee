/*
 * catalog: the models we sell, the deployments that serve them and what those cost.
 *
 * The shape shared by the file (catalog_file.h, docs/catalog.md), the models.dev importer
 * (catalog_models_dev.h), the diff (catalog_diff.h) and the store, which reads the same shape back
 * from the database. Pure: no SQL, no files. A catalog owns everything in it through its arena and
 * is never changed once built; it may then be read by many threads.
 *
 * Text is NUL-terminated UTF-8 without control characters. NULL is "unknown" where that is said,
 * else text is never NULL. A limit of 0 is unknown.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "tenants/model/catalog_capabilities.h"
#include "tenants/model/catalog_words.h"
#include "tenants/model/price.h"

/* Tokens; 0 is unknown. */
struct catalog_limits {
    int64_t context, input, output;
};

struct catalog_deployment {
    const char *key; /* "provider/upstream_id#n": the same from one import to the next */
    const char *provider, *upstream_id;
    const char *failure_domain; /* deployments of one domain fail together */
    enum catalog_dialect dialect;
    const char *base_url; /* own or of the provider's endpoint; may hold ${VARIABLE} */
    const char *query;    /* "api-version=v1", or NULL */
    enum catalog_auth auth;
    enum catalog_status status;
    bool first_party;                       /* the author hosts it */
    const char *scope, *variant, *snapshot; /* "eu", "turbo", "20250929"; each may be NULL */
    const char *region, *quantization;      /* NULL: unknown, so not compliant */
    enum catalog_flag trains, retains;
    struct catalog_limits limits;
    struct catalog_capabilities capabilities;
    struct price_rate *rates; /* by meter, mode, context_over; no two alike */
    uint32_t rate_count;
    const char *prices_as_of;      /* YYYY-MM-DD; NULL when there are no rates */
    const char *source;            /* "models.dev" */
    unsigned quarantine;           /* set of 1u << enum catalog_reason */
    const char *quarantine_detail; /* for a person; NULL when not in quarantine */
};

struct catalog_model {
    const char *id; /* "author/slug" */
    const char *name;
    enum catalog_kind kind;
    const char **aliases; /* other names it answers to */
    uint32_t alias_count;
    const char *openrouter_id, *family;   /* each may be NULL */
    const char *release_date, *knowledge; /* YYYY-MM-DD or NULL; free text or NULL */
    enum catalog_flag open_weights;
    bool deprecated;
    struct catalog_deployment *deployments;
    uint32_t deployment_count;
    /* Worked out by catalog_finish(): what all its deployments can do, and the widest limits. */
    struct catalog_capabilities capabilities;
    struct catalog_limits limits;
};

struct catalog_endpoint {
    enum catalog_dialect dialect; /* one endpoint per dialect and provider */
    const char *base_url, *query; /* query may be NULL */
    enum catalog_auth auth;
};

struct catalog_variable {
    const char *name, *what;
};

struct catalog_provider {
    const char *slug, *name;
    struct catalog_endpoint *endpoints;
    struct catalog_variable *variables; /* what its base URLs may name as ${NAME} */
    uint32_t endpoint_count, variable_count;
};

struct catalog {
    struct arena *arena;                /* owns all below */
    const char *source, *facts_as_of;   /* each may be NULL */
    struct catalog_provider *providers; /* by slug */
    struct catalog_model *models;       /* by id; deployments by key */
    uint32_t provider_count, model_count;
};

#endif
