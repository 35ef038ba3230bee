/*
 * snapshot: everything a worker must know of tenants, keys, catalog and prices, as one immutable
 * object.
 *
 * Built off the request path from Postgres (or its signed copy on disk), swapped atomically, shared
 * by reference count. Spans and pointers live as long as the snapshot. Knows no SQL (loader does)
 * and no HTTP.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_SNAPSHOT_H
#define TOLLGATE_GATEWAY_SNAPSHOT_SNAPSHOT_H

#include <stdint.h>

#include "billing/rate/rate.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "tenants/model/key.h"
#include "tenants/model/price.h"
#include "tenants/model/tenant.h"

enum wire_dialect { WIRE_OPENAI, WIRE_ANTHROPIC, WIRE_GEMINI, WIRE_BEDROCK, WIRE_COHERE };
enum auth_scheme {
    AUTH_NONE,
    AUTH_BEARER,
    AUTH_API_KEY,
    AUTH_X_API_KEY,
    AUTH_X_GOOG_API_KEY,
    AUTH_SIGV4,
    AUTH_OAUTH
};

struct snapshot_model;

struct snapshot_deployment {
    struct uuid id;
    uint32_t index; /* dense, 0..deployment_count-1: the row of health boards and handle caches */
    const struct snapshot_model *model;
    struct span provider, upstream_id, failure_domain;
    enum wire_dialect wire;
    struct span dialect;  /* as the catalog names it, e.g. "azure-openai" */
    struct span base_url; /* whole, variables filled in; for the sandbox the fake provider's */
    enum auth_scheme auth;
    struct span credential; /* the secret, opened; empty for none. Never logged. */
    bool sandbox;           /* served by the fake provider (trial, or test keys) */
    bool callable; /* published, priced, and it has a credential, an override or the sandbox */
    int64_t context_limit, output_limit; /* 0: unknown */
    int32_t connect_timeout_ms, first_token_timeout_ms, idle_timeout_ms, total_timeout_ms;
    int32_t priority, weight;
    enum abort_policy abort_policy;
    struct span max_tokens_member; /* "max_tokens" or "max_completion_tokens" */
    bool reasoning;
    const struct price_version *prices; /* of all books, tenants and times; see snapshot_terms() */
    uint32_t price_count;
};

struct snapshot_model {
    struct span id;         /* author/slug */
    struct span name, kind; /* kind: "chat", "embedding", … */
    struct span facts;      /* JSON of capabilities and limits, for the models list */
    bool listed, deprecated;
    int64_t created_s; /* release date as Unix seconds; 0 unknown */
    const struct snapshot_deployment *const *deployments; /* in the catalog's order */
    uint32_t deployment_count;
    bool callable; /* at least one deployment is */
};

struct snapshot_tenant {
    struct uuid id;
    enum account_status status;
    bool postpaid; /* may use its credit limit; prepaid otherwise */
    struct span cell;
    const struct plan_version *const
        *plans; /* by subscription; with the range it holds for this tenant */
    const int64_t *plan_from_ms, *plan_until_ms;
    uint32_t plan_count;
};

struct snapshot_key {
    struct uuid id, project;
    const struct snapshot_tenant *tenant;
    enum key_kind kind; /* live, test, mgmt */
    enum key_status status;
    int64_t expires_ms;                /* INT64_MAX: never */
    const struct span *allowed_models; /* NULL: all */
    uint32_t allowed_count;
    enum budget_window budget_window;
    int64_t budget_pico;
    enum budget_window project_budget_window;
    int64_t project_budget_pico;
    int64_t requests_per_minute, tokens_per_minute; /* 0: no limit */
};

struct snapshot;

struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);
must_use int64_t snapshot_version(const struct snapshot *snapshot);
must_use int64_t
snapshot_loaded_ms(const struct snapshot *snapshot); /* wall clock, of the data, not of the copy */

/* The key whose secret hashes to this, with `secret_expires_ms_out` of that secret; NULL when none.
 */
must_use const struct snapshot_key *snapshot_find_key(const struct snapshot *snapshot,
                                                      const struct sha256 *hash,
                                                      int64_t *secret_expires_ms_out);
/* By id or alias; NULL when unknown. */
must_use const struct snapshot_model *snapshot_find_model(const struct snapshot *snapshot,
                                                          struct span name);
must_use const struct snapshot_deployment *snapshot_find_deployment(const struct snapshot *snapshot,
                                                                    struct uuid id);
/* Up to `max` ids that look like `name`, best first; returns how many. */
must_use size_t snapshot_near_models(const struct snapshot *snapshot, struct span name,
                                     struct span *ids_out, size_t max);
must_use uint32_t snapshot_model_count(const struct snapshot *snapshot);
must_use const struct snapshot_model *snapshot_model_at(const struct snapshot *snapshot,
                                                        uint32_t index);
must_use uint32_t snapshot_deployment_count(const struct snapshot *snapshot);

/* The versions that bind a request of this tenant at this deployment starting then. */
struct snapshot_terms {
    const struct price_version *list,
        *cost; /* cost may be NULL: unknown, booked as 0 and flagged */
    const struct plan_version *plan;
    struct rate_terms terms; /* of the plan, with the provider's own discount if it has one */
};
/* False when there is no list price or no plan at that time. */
must_use bool snapshot_terms(const struct snapshot *snapshot,
                             const struct snapshot_deployment *deployment,
                             const struct snapshot_tenant *tenant, int64_t at_ms,
                             struct snapshot_terms *terms_out);

#endif
