/*
 * probe: whether a deployment is probed now: asked for one token, by nobody's request. Pure.
 *
 * Probes are off unless an operator gives a deployment an interval. What clients send tells as much
 * and is paid for, so one is made only where nothing was sent for an interval, or where clients are
 * kept away: out of service, or a breaker that waits for its own probe.
 */
#ifndef TOLLGATE_GATEWAY_PROBE_PROBE_H
#define TOLLGATE_GATEWAY_PROBE_PROBE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/route/breaker.h"

struct probe_facts {
    bool callable; /* published, priced, with a credential; and a chat */
    bool draining;
    bool out; /* of service */
    enum breaker_state breaker;
    int64_t interval_ms;          /* 0: off */
    int64_t due_ms;               /* of the next one */
    int64_t sent_ms;              /* when a client's attempt was sent last; 0: never */
    int64_t spent_pico, cap_pico; /* today */
    int64_t now_ms;
};

enum probe_say {
    PROBE_OFF,     /* no interval, or it cannot be called, or is drained */
    PROBE_EARLY,   /* not due, or its breaker is open */
    PROBE_TRAFFIC, /* clients tell of it */
    PROBE_CAPPED,  /* today's money is spent */
    PROBE_NOW
};
must_use enum probe_say probe_decide(const struct probe_facts *facts);

/* Until the next one: the interval, a tenth more or less; `random` is any number. */
must_use int64_t probe_wait_ms(int64_t interval_ms, uint64_t random);
/* Until the first one: anywhere within the interval, so that not all begin at once. */
must_use int64_t probe_first_ms(int64_t interval_ms, uint64_t random);

#endif
