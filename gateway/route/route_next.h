/*
 * route_next: which candidate of a route is tried next, and what an attempt's end leads to.
 *
 * An end leads to the other candidates of its leg, and to the legs that take that kind of failure.
 * Pure.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_ROUTE_NEXT_H
#define TOLLGATE_GATEWAY_ROUTE_ROUTE_NEXT_H

#include "gateway/route/route.h"

/* The next candidate to be tried: the first that was not, whose failure domain was not, of a leg
 * that what ended last leads to; NULL when none is left or the attempts are used up. */
must_use const struct route_candidate *route_next(struct route *route);

/* How an attempt ended, as far as others are concerned. */
struct route_end {
    enum preset_fall fall;
    int status;     /* 0: there was none */
    bool refused;   /* for what was asked: the others of its leg would refuse it too */
    bool unreached; /* no connection: nor would another model of its account have one */
};

/* Tells how the attempt at that candidate of the route ended; true when there is somebody to go to
 * with it. A prompt that was too long goes to nobody of the same leg that does not read more, a
 * refused content to nobody of the same leg; both to legs that take them. */
bool route_ended(struct route *route, const struct route_candidate *candidate,
                 const struct route_end *end);

/* The same of a leg that has no candidate because of `fall`; true when another leg takes it. */
must_use bool route_fall_from(struct route *route, uint8_t leg, enum preset_fall fall);

/* The next candidate is that one once more: it has another credential. */
void route_stay(struct route *route, const struct route_candidate *candidate);

/* Whether the one that was tried last may be tried once more, because there is no other account to
 * go to, after *wait_ms_out (then it is the last of tried[]): exponential backoff with full jitter
 * (`random` is any number), or what the provider asked for. */
must_use bool route_again(struct route *route, uint32_t random, int64_t retry_after_ms,
                          int64_t *wait_ms_out);

/* That candidate is tried once more, after *wait_ms_out, likewise (then it is the last of tried[]),
 * because it was asked for: `before` retries of it went before. False when the attempts are used
 * up, or the wait would be longer than `left_ms`, what the request still has. */
struct route_retry {
    uint32_t random, before;
    int64_t retry_after_ms, left_ms;
};
must_use bool route_try_again(struct route *route, const struct route_candidate *candidate,
                              const struct route_retry *retry, int64_t *wait_ms_out);

#endif
