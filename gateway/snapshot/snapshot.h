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

#include "billing/rate/rate.h"
#include "common/base/digest.h"
#include "gateway/snapshot/entities.h"

struct snapshot;

struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);
must_use int64_t snapshot_version(const struct snapshot *snapshot);

/* When the database last said that this is the newest (wall clock): what the 24 h rule is about.
 * The loader confirms; any thread asks. */
must_use int64_t snapshot_confirmed_ms(const struct snapshot *snapshot);
void snapshot_confirm(struct snapshot *snapshot, int64_t wall_ms);

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
must_use const struct snapshot_deployment *snapshot_deployment_at(const struct snapshot *snapshot,
                                                                  uint32_t index);
/* By slug. */
/* Likewise slugs of providers. */
must_use size_t snapshot_near_providers(const struct snapshot *snapshot, struct span name,
                                        struct span *slugs_out, size_t max);
/* Likewise names of a tenant's presets. */
must_use size_t snapshot_near_presets(const struct snapshot *snapshot,
                                      const struct snapshot_tenant *tenant, struct span name,
                                      struct span *names_out, size_t max);
must_use bool snapshot_has_provider(const struct snapshot *snapshot, struct span slug);
must_use uint32_t snapshot_provider_count(const struct snapshot *snapshot);
must_use const struct snapshot_provider *snapshot_provider_at(const struct snapshot *snapshot,
                                                              uint32_t index);

/* A credential of the database that no call can be made with, and why: for a person. */
struct snapshot_unusable {
    struct uuid id;
    struct span provider;
    const char *why; /* a constant */
    bool waiting;    /* for a token that is being fetched: nobody has to do anything yet */
};
must_use uint32_t snapshot_unusable_count(const struct snapshot *snapshot);
must_use const struct snapshot_unusable *snapshot_unusable_at(const struct snapshot *snapshot,
                                                              uint32_t index);

/* A tenant's preset by its name; NULL when there is none. */
must_use const struct snapshot_preset *snapshot_find_preset(const struct snapshot *snapshot,
                                                            const struct snapshot_tenant *tenant,
                                                            struct span name);

/* A preset of the database that this build does not understand, and why: for a person. */
struct snapshot_unreadable {
    struct uuid preset, tenant;
    int32_t version;
    struct span path, why;
};
must_use uint32_t snapshot_unreadable_count(const struct snapshot *snapshot);
must_use const struct snapshot_unreadable *snapshot_unreadable_at(const struct snapshot *snapshot,
                                                                  uint32_t index);

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
/* What a call costs us there: the cost book's version, else the list's; NULL: nobody knows. */
must_use const struct price_version *snapshot_cost(const struct snapshot_deployment *deployment,
                                                   int64_t at_ms);

#endif
