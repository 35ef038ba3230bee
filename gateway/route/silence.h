/*
 * silence: when attempts that are waited for say of a deployment that it hangs.
 *
 * One that takes requests and says nothing is no failure until the time for the first token is
 * over, a minute or five, and until then it would get its share of all that comes. What it did
 * before says sooner that something is wrong; what is slow by nature is measured by its own times.
 * Pure.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_SILENCE_H
#define TOLLGATE_GATEWAY_ROUTE_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"

enum {
    SILENCE_SEVERAL = 5,    /* in a row are no accident */
    SILENCE_MANY = 20,      /* nor are these, sooner */
    SILENCE_SAMPLES = 20,   /* of its own times, before they are gone by */
    SILENCE_FLOOR_MS = 2000 /* sooner nobody is silent */
};

struct silence_known {
    uint64_t samples; /* of times to the first token of this deployment, */
    int64_t p75_ms, p90_ms, p99_ms;
    int64_t timeout_ms; /* the first token is given so long */
};

/* From when on an attempt counts as silent where many are, where several are, and where it is
 * alone: the p75, twice the p90 and three times the p99, at least 2 s, 2 s and 5 s. Where little is
 * known, a sixth of the timeout, a sixth and a third. */
struct silence_patience {
    int64_t many_ms, several_ms, alone_ms;
};
must_use struct silence_patience silence_patience_of(const struct silence_known *known);

/* `in_a_row` attempts are silent, and nothing that was sent after the first of them has spoken; the
 * one in hand for `silent_ms`. True: the deployment hangs. */
must_use bool silence_is_hanging(const struct silence_patience *patience, uint32_t in_a_row,
                                 int64_t silent_ms);

#endif
