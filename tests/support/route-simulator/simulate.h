/*
 * simulate: one scenario under one policy, event by event, with a clock of its own.
 *
 * What chooses and judges is the gateway's: route_collect(), route_next(), route_again(),
 * verdict_of(), the board with its breakers and the rotation. What is invented are the providers
 * and the requests. Not simulated: streams that break after content, conversations that stay
 * together.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_SIMULATE_H
#define TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_SIMULATE_H

#include "gateway/route/policy.h"
#include "tests/support/route-simulator/scenario.h"

/* How many come, and how fast: by chance, at an even rate. */
struct load {
    uint64_t seed;
    int64_t requests;
    double per_second;
};

/* How it is gone about. */
struct manner {
    enum policy policy;
    bool hedges; /* a second attempt when the first token is later than the deployment's p95 */
};

enum { FIRST_BUCKETS = 1600 }; /* each 1 % wide, from 1 ms on */

struct result {
    int64_t requests, served, attempts;
    int64_t errors;                    /* requests that the client saw fail */
    int64_t errors_10_s, errors_later; /* of those that came within 10 s of an incident's begin;
                                          and from then to its end */
    int64_t limited;                   /* attempts that ended with 429 */
    int64_t hedged;                    /* requests with a second attempt beside the first */
    int64_t left_under_way;            /* attempts that nobody ended */
    int64_t without_attempt;           /* errors before anything was sent: an empty pool */
    double cost_usd;
    int64_t first_tokens[FIRST_BUCKETS]; /* by the time that the client waited */
    int64_t served_by[PLACES_MAX];
    double top_share; /* of what was served, by the place that served most */
    double back_s;    /* from an incident's end until the last of its places had served again; -1:
                         one never did */
};

void simulate(const struct scenario *scenario, const struct manner *manner, const struct load *load,
              struct result *result_out);

/* Of the time to the first token; `share` of 0.99 is p99. */
must_use double result_first_ms(const struct result *result, double share);

#endif
