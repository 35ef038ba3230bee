/*
 * plan_store: versions of plans, and which one a tenant is subscribed to. Needs an open transaction
 * of an operator.
 */
#ifndef TOLLGATE_TENANTS_STORE_PLAN_STORE_H
#define TOLLGATE_TENANTS_STORE_PLAN_STORE_H

#include "tenants/store/store.h"

/* Makes the first version of each plan of the standard set that has none: free, pro, business
 * (docs/billing.md, "What the tenant pays"). Operators change plans by new versions. */
must_use enum store_outcome plan_store_seed(struct pg *pg, const struct store_actor *actor,
                                            int64_t *made_out, struct store_error *error_out);

/* The version of a plan that holds now; STORE_NOT_FOUND names the plans there are. */
must_use enum store_outcome plan_store_find(struct pg *pg, struct span plan,
                                            struct uuid *version_out,
                                            struct store_error *error_out);

struct plan_version_new {
    struct span plan, name; /* the plan's word and what it is called */
    bool listed;            /* false: seen only by who is subscribed to it */
    int64_t markup_ppm, discount_ppm, volume_discount_ppm, margin_floor_ppm;
    int64_t fixed_pico;           /* for each request */
    int128 volume_threshold_pico; /* with a volume discount only */
    int64_t monthly_fee_minor, minimum_charge_minor;
    int64_t from_ms; /* INT64_MIN: now */
};
/* Makes a plan's first version, or a further one: the one before it ends where this begins. Who is
 * subscribed stays with the version he has. STORE_CONFLICT: a version begins then or later already;
 * STORE_REFUSED: it would begin in the past. */
must_use enum store_outcome plan_store_add(struct pg *pg, const struct store_actor *actor,
                                           const struct plan_version_new *version,
                                           struct uuid *version_out, struct store_error *error_out);

/* Subscribes a tenant to that version from now on; what it had ends. STORE_CONFLICT: it has that
 * version already. */
must_use enum store_outcome plan_store_subscribe(struct pg *pg, const struct store_actor *actor,
                                                 struct uuid tenant, struct uuid version,
                                                 struct store_error *error_out);

#endif
