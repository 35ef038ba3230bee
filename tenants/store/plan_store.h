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

/* Subscribes a tenant to that version from now on; what it had ends. */
must_use enum store_outcome plan_store_subscribe(struct pg *pg, const struct store_actor *actor,
                                                 struct uuid tenant, struct uuid version,
                                                 struct store_error *error_out);

#endif
