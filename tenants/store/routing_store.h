/*
 * routing_store: the rules of a tenant that hold for all its requests.
 *
 * A tenant that never said anything has the defaults, with revision 0. Needs an open transaction of
 * an operator or of the tenant.
 */
#ifndef TOLLGATE_TENANTS_STORE_ROUTING_STORE_H
#define TOLLGATE_TENANTS_STORE_ROUTING_STORE_H

#include "tenants/store/view.h"

extern const struct view routing_view; /* $1 tenant */

/* Its revision; locks the tenant until the transaction ends. */
must_use enum store_outcome routing_store_lock(struct pg *pg, struct uuid tenant,
                                               int64_t *revision_out,
                                               struct store_error *error_out);

/* A null stays as it is, but for what has a flag of its own. */
struct routing_change {
    struct uuid tenant;
    struct pg_param continue_on_failure, hedge, zdr, data_collection;
    bool has_strategy, has_regions, has_preset;
    struct pg_param strategy, regions; /* null: the gateway's own, anywhere */
    struct uuid preset;                /* zero: none */
};
must_use enum store_outcome routing_store_change(struct pg *pg, const struct store_actor *actor,
                                                 const struct routing_change *change,
                                                 struct store_error *error_out);

#endif
