/*
 * lease: an allowance that a worker holds, and the scope that it is an allowance of. Arithmetic and
 * lists only.
 *
 * Knows neither journal nor broker nor clock. Rules: docs/leases.md. Worker thread only.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_LEASE_H
#define TOLLGATE_GATEWAY_ADMIT_LEASE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/list.h"

enum lease_scope { LEASE_BALANCE, LEASE_KEY, LEASE_PROJECT };
enum lease_state {
    LEASE_ASKED, /* the broker was asked; nothing may be reserved yet */
    LEASE_OPEN,
    LEASE_ENDING, /* nothing new is reserved; closes when its reservations are settled */
    LEASE_LOOSE,  /* no lease at all: a postpaid tenant's allowance while the database is away */
};

struct scope_id { /* no padding: it is the key of a map */
    struct uuid id;
    int64_t window_start_ms;
    int64_t kind; /* enum lease_scope */
};

struct scope {
    struct scope_id id;
    struct uuid tenant;
    int64_t limit_pico; /* of a budget */
    bool postpaid;
    struct list leases, waiters;
    struct list link, waiting_link;
    struct lease *asked; /* the one that is asked for now, or NULL */
    struct lease *loose;
    int64_t retry_ms;             /* when to ask again; 0: not */
    int64_t free_pico, held_pico; /* as the broker said last; -1 unknown */
    int64_t spent_before_pico, spent_now_pico, minute_start_ms; /* recent spend, by minutes */
    int64_t used_ms;
};

struct lease {
    struct uuid id;
    struct scope *scope;
    struct list link;
    enum lease_state state;
    int64_t granted_pico, returned_pico, reserved_pico, spent_pico;
    uint32_t reservations;
    uint64_t events; /* that name it */
    int64_t opened_ms, expires_ms, idle_since_ms;
};

/* What may still be reserved on it; 0 when it is not open or has expired. */
must_use int64_t lease_available(const struct lease *lease, int64_t now_ms);
void lease_reserve(struct lease *lease, int64_t pico);
/* Ends one reservation: `charge_pico` of the reserved is spent. A charge above it is our bug and is
 * cut. */
void lease_settle(struct lease *lease, int64_t reserved_pico, int64_t charge_pico, uint32_t events,
                  int64_t now_ms);
/* Everything that nobody reserves leaves the lease; answers the sum that was ever given back, or 0
 * for nothing new. */
must_use int64_t lease_give_back(struct lease *lease, int64_t now_ms);

/* The open lease of the scope that can take `pico`, or NULL. */
must_use struct lease *scope_lease_for(const struct scope *scope, int64_t pico, int64_t now_ms);
void scope_note_spent(struct scope *scope, int64_t pico, int64_t now_ms);
/* What was spent in the last one to two minutes. */
must_use int64_t scope_recent_pico(const struct scope *scope, int64_t now_ms);

#endif
