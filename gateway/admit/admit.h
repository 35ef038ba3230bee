/*
 * admit: may this request go ahead, and who pays for it. One per worker; no lock, no SQL.
 *
 * Money is reserved on leases that this worker holds; when they do not suffice, the broker's thread
 * is asked and the request waits as a step, at most `lease_wait_ms`.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_ADMIT_H
#define TOLLGATE_GATEWAY_ADMIT_ADMIT_H

#include "billing/event/event.h"
#include "common/base/list.h"
#include "gateway/snapshot/snapshot.h"

struct admit; /* made by admit_new(), see worker.h */

enum auth_outcome {
    AUTH_OK,
    AUTH_MISSING,  /* no credential at all */
    AUTH_CONFLICT, /* two that differ */
    AUTH_GARBAGE,  /* not of our form, or its checksum is wrong: no look-up made */
    AUTH_UNKNOWN,
    AUTH_REVOKED,
    AUTH_DISABLED,
    AUTH_EXPIRED,
    AUTH_SUSPENDED,  /* the tenant */
    AUTH_WRONG_KIND, /* a management key on the data plane */
    AUTH_STALE,      /* the snapshot is older than 24 h: 503, never 401 */
};

/* What stood in Authorization (whole value), x-api-key and x-goog-api-key; at == NULL where absent.
 */
struct auth_headers {
    struct span authorization, x_api_key, x_goog_api_key;
};

must_use enum auth_outcome admit_authenticate(const struct snapshot *snapshot,
                                              const struct auth_headers *headers,
                                              int64_t now_wall_ms,
                                              const struct snapshot_key **key_out);

/* What a request holds until it is settled. Embedded in the flow; zero before. */
struct reservation {
    struct {
        struct lease *lease; /* the worker's */
        int64_t pico;
    } parts[EVENT_LEASES_MAX];
    uint32_t count;
};

enum admit_outcome {
    ADMIT_OK,
    ADMIT_WAIT,         /* on_ready will be called once; ask again then */
    ADMIT_NO_CREDIT,    /* 402: the balance */
    ADMIT_NO_BUDGET,    /* 402: a budget; see limit_source */
    ADMIT_RATE_LIMITED, /* 429; also when what is left is reserved by requests in flight */
    ADMIT_UNAVAILABLE,  /* 503: leases cannot be had now */
};

struct admit_refusal {
    const char
        *limit_source; /* "balance", "key budget", "project budget", "requests_per_minute", … */
    int64_t affordable_pico; /* what would be granted now; -1 unknown */
    int64_t retry_after_ms;  /* 0: unknown */
};

/* One waiting request; embedded in the flow. Zero but for the first two before the first call. */
struct admit_waiter {
    void (*on_ready)(void *context);
    void *context;
    /* admit's own */
    struct list link;
    bool waiting;
    int verdict; /* what the next call answers; 0: ask again */
    int64_t need_pico, deadline_ms;
};

struct admit_demand {
    const struct snapshot_key *key; /* borrowed for the call */
    int64_t worst_case_pico;
};

/* Takes the worst case of the tenant's balance and of every budget that applies, all or nothing.
 * Test keys reserve nothing. ADMIT_WAIT keeps the waiter until on_ready or admit_forget(). */
must_use enum admit_outcome admit_reserve(struct admit *admit, const struct admit_demand *demand,
                                          int64_t now_mono_ms, struct admit_waiter *waiter,
                                          struct reservation *reservation,
                                          struct admit_refusal *refusal_out);
void admit_forget(struct admit *admit, struct admit_waiter *waiter);

/* The leases as they stand in the event. Returns how many. */
must_use uint32_t admit_leases(const struct reservation *reservation,
                               struct event_lease out[EVENT_LEASES_MAX]);

/* Ends a reservation once its FINAL is on the journal: `charge_pico` (at most what was reserved) is
 * spent, the rest is free again. `events` is 1 when an event names these leases, 0 when none was
 * made. */
void admit_settle(struct admit *admit, struct reservation *reservation, int64_t charge_pico,
                  uint32_t events);

/* Requests and tokens per minute: 0 when passed, else the milliseconds to wait. */
struct admit_rate {
    int64_t limit_requests, remaining_requests, reset_requests_ms;
    int64_t limit_tokens, remaining_tokens, reset_tokens_ms;
};
must_use enum admit_outcome admit_rate(struct admit *admit, const struct snapshot_key *key,
                                       int64_t tokens, int64_t now_mono_ms,
                                       struct admit_rate *rate_out,
                                       struct admit_refusal *refusal_out);

#endif
