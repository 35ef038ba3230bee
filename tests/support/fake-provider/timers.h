/*
 * timers: a heap of moments on the monotonic clock, each embedded in what it wakes.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_TIMERS_H
#define TOLLGATE_FAKE_PROVIDER_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"

struct timer {
    int64_t due_us;
    size_t place; /* in the heap, counted from 1; 0 = not set */
};

struct timers {
    struct timer **heap; /* owned array of borrowed timers */
    size_t count, capacity;
};

must_use struct timers timers_make(void);
void timers_done(struct timers *timers);

/* Sets or moves. */
void timers_set(struct timers *timers, struct timer *timer, int64_t due_us);
/* Fine on one that is not set. */
void timers_clear(struct timers *timers, struct timer *timer);
/* The soonest, or NULL. It stays set. */
must_use struct timer *timers_first(const struct timers *timers);

#endif
