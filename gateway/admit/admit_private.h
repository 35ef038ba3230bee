/*
 * admit_private: the inside of a worker's admit, shared by admit.c (reservations) and holdings.c
 * (leases and who waits for them). Nothing outside this folder includes it.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_ADMIT_PRIVATE_H
#define TOLLGATE_GATEWAY_ADMIT_ADMIT_PRIVATE_H

#include "common/base/buf.h"
#include "common/base/map.h"
#include "gateway/admit/worker.h"

struct admit {
    struct admit_config config;
    struct map *scopes;       /* by struct scope_id */
    struct map *leases;       /* by lease id */
    struct list all, waiting; /* scopes */
    struct list openings;     /* leases written down, not yet asked for */
    struct buf scratch;
    int64_t renew_ms;
    struct admit_state state;
};

static inline struct span scope_span(const struct scope_id *id)
{
    return span_make((const char *)id, sizeof(*id));
}

/* Asks the broker for a lease of this scope, once at a time. */
void holdings_ask(struct admit *admit, struct scope *scope, int64_t need_pico, int64_t now_ms);
/* Returns what no reservation touches of all leases of this scope. */
void holdings_give_back(struct admit *admit, struct scope *scope, int64_t now_ms);
/* Takes a waiter off its queue; `scope` NULL when the caller does not know it. */
void holdings_leave_queue(struct admit *admit, struct scope *scope, struct admit_waiter *waiter);
/* Wakes as many as what is free now can serve, first come first served. */
void holdings_wake_those_who_fit(struct admit *admit, struct scope *scope, int64_t now_ms);
/* Forgets what is written down and not yet asked for: its end stands behind it on the journal. */
void holdings_forget_openings(struct admit *admit);
void holdings_free_scope(struct admit *admit, struct scope *scope);

#endif
