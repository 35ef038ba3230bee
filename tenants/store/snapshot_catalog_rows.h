/*
 * snapshot_catalog_rows: the rows of a snapshot that tell what can be called, and where. What is
 * said of snapshot_rows.h holds for them.
 */
#ifndef TOLLGATE_TENANTS_STORE_SNAPSHOT_CATALOG_ROWS_H
#define TOLLGATE_TENANTS_STORE_SNAPSHOT_CATALOG_ROWS_H

#include "common/base/id.h"
#include "common/base/span.h"
#include "tenants/model/tenant.h"

enum row_status { ROW_PUBLISHED, ROW_QUARANTINED, ROW_RETIRED }; /* drafts are left out */

struct provider_row { /* by slug */
    struct span slug, name;
    bool disabled;
};
struct model_row { /* by id; kind is "chat", "embedding", …; facts is a JSON object
                      (docs/catalog.md) */
    struct span id, name, kind, facts;
    enum row_status status;
    bool deprecated;
    int64_t released_ms; /* 0: unknown */
    uint32_t first_deployment, deployment_count;
};
struct alias_row { /* by alias */
    struct span alias;
    uint32_t model;
};
/* By model, then priority, then catalog key. Dialect and auth are words of the catalog; base_url
 * and query may hold ${VARIABLE}; capabilities is a JSON object; an empty region or quantization
 * and a data policy of -1 (else 0 no, 1 yes) are unknown, so not compliant; limits of 0 are
 * unknown. */
struct deployment_row {
    struct uuid id;
    uint32_t model, provider, first_price, price_count;
    struct span upstream_id, failure_domain, dialect, auth, base_url, query, capabilities;
    struct span region, quantization;
    int8_t trains, retains;
    bool reasoning, no_temperature, free_on_purpose, deprecated;
    enum row_status status;
    enum abort_policy abort_policy;
    int64_t context_limit, input_limit, output_limit;
    int32_t connect_timeout_ms, first_token_timeout_ms, idle_timeout_ms, total_timeout_ms;
    int32_t priority, weight;
    bool draining;            /* takes no new requests */
    int32_t probe_interval_s; /* 0: it is not probed */
    int64_t probe_daily_cap_pico;
};
struct credential_row { /* active ones, by provider, deployment, tenant, id */
    struct uuid id;
    uint32_t provider;
    struct uuid deployment, tenant; /* zero: all of the provider; ours, not a tenant's own */
    /* The origin is where it may be sent and nowhere else; variables is a JSON object of what base
     * URLs leave open. */
    struct span origin, variables, sealed, master_key_id;
};

#endif
