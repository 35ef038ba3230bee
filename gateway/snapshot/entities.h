/*
 * entities: what a snapshot is made of: deployments, models, tenants, keys.
 *
 * Immutable; spans and pointers live as long as the snapshot they were found in.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_ENTITIES_H
#define TOLLGATE_GATEWAY_SNAPSHOT_ENTITIES_H

#include <stdint.h>

#include "common/base/id.h"
#include "gateway/snapshot/abilities.h"
#include "gateway/snapshot/credential.h"
#include "gateway/snapshot/routing.h"
#include "tenants/model/key.h"
#include "tenants/model/price.h"
#include "tenants/model/tenant.h"

enum wire_dialect {
    WIRE_OPENAI,
    WIRE_ANTHROPIC,
    WIRE_GEMINI,
    WIRE_BEDROCK,
    WIRE_COHERE,
    WIRE_ANTHROPIC_VERTEX,
    WIRE_GEMINI_VERTEX,
    WIRE_RESPONSES, /* OpenAI's Responses, and nothing else */
    WIRES
};

struct snapshot_model;

struct snapshot_provider {
    struct span slug, name;
    bool disabled;
};

struct snapshot_deployment {
    struct uuid id;
    uint32_t index; /* dense, 0..deployment_count-1: the row of handle caches */
    const struct snapshot_model *model;
    const struct snapshot_provider *host; /* of this slug: */
    struct span provider, upstream_id, failure_domain;
    enum wire_dialect wire;
    struct span dialect; /* as the catalog names it, e.g. "azure-openai" */
    struct span query;   /* goes behind every path, without "?"; may be empty */
    /* Any of them will do; at least one where `callable`, the newest first. */
    const struct snapshot_credential *credentials;
    uint32_t credential_count; /* at most SNAPSHOT_CREDENTIALS_MAX */
    bool sandbox;              /* served by the fake provider (trial, or test keys) */
    bool callable; /* published, priced, and it has a credential, an override or the sandbox */
    int64_t context_limit, input_limit, output_limit; /* 0: unknown */
    struct abilities abilities;
    struct span region, quantization; /* empty: unknown */
    int8_t trains, retains;           /* 1 yes, 0 no, -1 unknown, so not compliant */
    bool deprecated;
    int32_t connect_timeout_ms, first_token_timeout_ms, idle_timeout_ms, total_timeout_ms;
    int32_t priority, weight;
    bool draining;            /* an operator's: it takes no new requests, those under way end */
    int32_t probe_interval_s; /* 0: it is not probed */
    int64_t probe_daily_cap_pico;
    enum abort_policy abort_policy;
    bool reasoning;
    bool no_temperature;                /* it takes no sampling parameters */
    const struct price_version *prices; /* of all books, tenants and times; see snapshot_terms() */
    uint32_t price_count;
    /* The same deployment as a test key calls it: served by the fake provider. NULL without one. */
    const struct snapshot_deployment *sandboxed;
};

struct snapshot_model {
    struct span id;         /* author/slug */
    struct span name, kind; /* kind: "chat", "embedding", … */
    struct span facts;      /* JSON of capabilities and limits, for the models list; and read: */
    struct model_facts can;
    bool listed, deprecated;
    int64_t created_s; /* release date as Unix seconds; 0 unknown */
    const struct snapshot_deployment *const *deployments; /* in the catalog's order */
    uint32_t deployment_count;
    bool callable;         /* at least one deployment is */
    bool sandbox_callable; /* by a test key */
};

struct snapshot_tenant {
    struct uuid id;
    enum account_status status;
    enum billing_mode billing_mode;
    struct span cell;
    const struct plan_version *const
        *plans; /* by subscription; with the range it holds for this tenant */
    const int64_t *plan_from_ms, *plan_until_ms;
    uint32_t plan_count;
    struct routing_rules routing;
};

struct snapshot_key {
    struct uuid id, project;
    const struct snapshot_tenant *tenant;
    enum key_kind kind; /* live, test, mgmt */
    enum key_status status;
    struct span status_reason;         /* may be empty */
    struct span public_part;           /* of its newest secret, for logs */
    int64_t expires_ms;                /* INT64_MAX: never */
    const struct span *allowed_models; /* NULL: all */
    uint32_t allowed_count;
    enum budget_window budget_window;
    int64_t budget_pico;
    enum budget_window project_budget_window;
    int64_t project_budget_pico;
    int64_t requests_per_minute, tokens_per_minute; /* 0: no limit */
    /* Of requests that name none: its own, else its project's, else its tenant's; NULL: none. */
    const struct snapshot_preset *preset;
};

#endif
