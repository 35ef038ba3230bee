/*
 * snapshot_rows: everything a gateway needs from the database, read in one consistent view.
 *
 * One REPEATABLE READ transaction under the role tollgate_gateway fills plain arrays in one arena;
 * gateway/snapshot builds its immutable form from them. Rows refer to each other by index into the
 * arrays here, always valid. A span may be empty; times are Unix milliseconds, INT64_MAX is
 * "never". Read by snapshot_read.h. Once filled it is never changed.
 */
#ifndef TOLLGATE_TENANTS_STORE_SNAPSHOT_ROWS_H
#define TOLLGATE_TENANTS_STORE_SNAPSHOT_ROWS_H

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "tenants/model/key.h"
#include "tenants/model/price.h"
#include "tenants/model/tenant.h"
#include "tenants/store/snapshot_catalog_rows.h"

/* Price, plan and subscription ranges that ended longer ago than this are left out: billing takes
 * stamped versions of request start ± 24 h. */
#define SNAPSHOT_ROWS_PAST_HOURS 25

struct routing_row { /* a tenant's rules for all its requests */
    bool continue_on_failure, hedge, zdr, no_collection;
    struct span strategy;       /* empty: the gateway's own */
    const struct span *regions; /* none: anywhere */
    uint32_t region_count;
};
struct tenant_row { /* by id */
    struct uuid id;
    enum account_status status;
    enum billing_mode billing_mode;
    struct span home_cell;
    uint32_t first_subscription, subscription_count;
    struct routing_row routing;
    struct uuid preset; /* zero: none */
};
struct project_row { /* by id */
    struct uuid id;
    uint32_t tenant;
    bool archived;
    struct uuid preset; /* zero: none */
    enum budget_window budget_window;
    int64_t budget_pico; /* INT64_MAX where the budget is larger; 0 without one */
};
struct key_row { /* by id */
    struct uuid id;
    uint32_t tenant, project;
    enum key_kind kind;
    enum key_status status;
    struct span status_reason; /* may be empty */
    int64_t expires_ms;
    bool all_models;
    const struct span *allowed_models; /* ids or aliases, when not all_models; may be none */
    uint32_t allowed_count;
    enum budget_window budget_window;
    int64_t budget_pico;
    int64_t requests_per_minute, tokens_per_minute; /* 0: no limit of its own */
    struct uuid preset;                             /* zero: none of its own */
};
struct preset_row { /* living ones in their current version, by tenant, then name */
    struct uuid id;
    uint32_t tenant;
    int32_t version;
    struct span name, body; /* body: JSON (docs/presets.md), not looked at yet */
};
struct secret_row { /* by hash; those revoked or expired more than a day ago are left out */
    struct sha256 hash;
    uint32_t key;
    struct span public_part;
    int64_t expires_ms;
    bool revoked;
};
struct subscription_row { /* by tenant, then from_ms */
    uint32_t plan;        /* into plans */
    int64_t from_ms, until_ms;
};
struct plan_discount_row { /* replaces the plan's own discount at that provider */
    uint32_t plan, provider;
    int32_t discount_ppm;
};
struct setting_row {         /* by name */
    struct span name, value; /* value: JSON */
};

struct snapshot_rows {
    struct arena *arena;      /* owns all below */
    int64_t version, read_ms; /* read_ms: the database's clock at the start of the view */
    struct tenant_row *tenants;
    struct project_row *projects;
    struct key_row *keys;
    struct preset_row *presets;
    struct secret_row *secrets;
    struct subscription_row *subscriptions;
    struct plan_version *plans; /* by plan, then from_ms */
    struct plan_discount_row *plan_discounts;
    struct provider_row *providers;
    struct model_row *models;
    struct alias_row *aliases;
    struct deployment_row *deployments;
    struct price_version *prices; /* by deployment's place, then book, tenant, from_ms */
    struct credential_row *credentials;
    struct setting_row *settings;
    uint32_t tenant_count, project_count, key_count, secret_count, subscription_count;
    uint32_t plan_count, plan_discount_count, provider_count, model_count, alias_count;
    uint32_t deployment_count, price_count, credential_count, setting_count, preset_count;
};

#endif
