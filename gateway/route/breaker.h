/*
 * breaker: when a deployment that fails is left alone, and how it comes back.
 *
 * One word of atomics per deployment, shared by all workers. It opens when more than half of at
 * least BREAKER_ATTEMPTS attempts of the last minute failed; for 5 s, and twice as long (up to
 * 60 s) each time it opens again within a minute of having closed, or its probe failed. Then it is
 * half open: one request at a time is let through as a probe. Served it closes. Times are monotonic
 * milliseconds and come from the caller.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BREAKER_H
#define TOLLGATE_GATEWAY_ROUTE_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"

enum { BREAKER_ATTEMPTS = 10 };

enum breaker_state {
    BREAKER_CLOSED,
    BREAKER_OPEN,      /* goes last; also while a probe is under way */
    BREAKER_HALF_OPEN, /* the next request may be its probe */
};

must_use const char *breaker_state_name(enum breaker_state state); /* "half_open" */

/* Zero is closed and was never open. */
struct breaker {
    _Atomic uint64_t word;
};

must_use enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms);

/* Takes the only probe of a half-open breaker; false when another request has it. A probe that says
 * nothing for a minute is given up. */
must_use bool breaker_probe(struct breaker *breaker, int64_t now_ms);

/* Attempts' ends. `failed` and `all` are those of the last minute, the one that ends among them.
 * True when it opened. */
must_use bool breaker_failed(struct breaker *breaker, uint32_t failed, uint32_t all,
                             int64_t now_ms);
/* Many attempts are silent, the one in hand since it was sent at `begun_ms`: as if it had failed
 * with many others, if it was sent after the breaker last changed. True when it opened. */
must_use bool breaker_silent(struct breaker *breaker, int64_t begun_ms, int64_t now_ms);
/* `begun_ms`: when it was sent. One that was under way when the breaker opened, or when the probe
 * was sent, closes nothing: it tells of the time before. */
void breaker_served(struct breaker *breaker, int64_t begun_ms, int64_t now_ms);
/* One that says nothing of the deployment: if it was the probe, another may be. */
void breaker_neither(struct breaker *breaker, int64_t now_ms);

#endif
