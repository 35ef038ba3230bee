/*
 * clock: what happens when in a simulation: a heap of events; and its chance, which is a function
 * of a seed and of what is asked.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_CLOCK_H
#define TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"

enum happening {
    HAPPENS_AGAIN, /* to a call: its wait is over */
    /* To an attempt: */
    HAPPENS_WORD,    /* its first token */
    HAPPENS_SILENCE, /* none so far */
    HAPPENS_HEDGE,   /* none so far, and it is time for a second one */
    HAPPENS_END,
};

struct event {
    int64_t at_us;
    uint64_t order; /* of two at the same time, the one that was put in first */
    enum happening what;
    uint32_t of, serial;
};

struct clock {
    struct event *heap;
    uint32_t count, max;
    uint64_t put;
};
must_use struct clock clock_make(uint32_t max);
void clock_done(struct clock *clock);
void clock_put(struct clock *clock, const struct event *event); /* `order` is filled in */
/* The soonest, which leaves; false when there is none. */
must_use bool clock_take(struct clock *clock, struct event *event_out);
/* INT64_MAX when there is none. */
must_use int64_t clock_soonest_us(const struct clock *clock);

struct chance {
    uint64_t state;
};
must_use struct chance chance_make(uint64_t seed, uint64_t of);
must_use uint64_t chance_bits(struct chance *chance);
must_use double chance_share(struct chance *chance); /* above 0, below 1 */
must_use double chance_log_normal(struct chance *chance, double median, double sigma);

#endif
