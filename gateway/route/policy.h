/*
 * policy: in which order deployments are tried: the strategies that docs/routing.md compares.
 *
 * Pure: what is known of each deployment and one random number come in, an order goes out; the
 * simulator and the tests run the same functions as a gateway. Knows no request and no board.
 * Allocates nothing.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_POLICY_H
#define TOLLGATE_GATEWAY_ROUTE_POLICY_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum policy {
    POLICY_DEFAULT,    /* by chance, a deployment's share as weight / price² */
    POLICY_PRICE,      /* the cheapest first */
    POLICY_THROUGHPUT, /* the most tokens per second first */
    POLICY_LATENCY,    /* the shortest time to the first token first */
    POLICY_BALANCED,   /* by chance, as weight × served share² / (price × first token)² */
    POLICY_WEIGHTED,   /* by chance, as the operators' weight alone */
    POLICY_PRIORITY,   /* the operators' priority, among equals as POLICY_WEIGHTED */
    POLICY_LEAST_BUSY, /* the fewest attempts under way, by weight */
    POLICY_USAGE,      /* the fewest tokens in the last minute, by weight */
    POLICIES
};
must_use const char *policy_name(enum policy policy); /* "price" */
/* By its name, "cheapest" (price) or "fastest" (throughput, as "speed" and ":nitro" are); 0 or
 * -ENOENT. */
must_use int policy_parse(struct span name, enum policy *policy_out);
/* The short forms: "speed", "cost", "balanced"; 0 or -ENOENT. */
must_use int policy_parse_preference(struct span word, enum policy *policy_out);
/* "x:floor" and "x:nitro": takes the suffix off; -ENOENT, and nothing is changed, without one. */
must_use int policy_parse_suffix(struct span *model, enum policy *policy_out);
#define POLICY_NAMES                                                                               \
    "'default', 'price' (or 'cheapest'), 'throughput' (or 'fastest'), 'latency', 'balanced', "     \
    "'weighted', 'priority', 'least-busy' or 'usage'"
#define POLICY_PREFERENCES "'speed', 'cost' or 'balanced'"

/* The worse always come behind the better, whatever the strategy. */
enum policy_health {
    POLICY_WELL,
    POLICY_OUTAGE, /* it had one in the last 30 s, or is at its rate limit */
    POLICY_OPEN,   /* its breaker is open */
};

enum { POLICY_PLACES_MAX = 64 };

/* One deployment. */
struct policy_place {
    uint64_t key;           /* any number that stays its own: equal draws, equal shares */
    double price;           /* of this request, in one unit for all; 0: free */
    int64_t first_token_ms; /* moving averages; 0: not measured yet */
    int64_t decitokens;
    uint32_t served, failed; /* attempts of the last five minutes */
    uint32_t in_flight;      /* attempts under way */
    int64_t tokens;          /* sent and expected of the attempts of the last minute */
    int32_t priority;        /* the lower, the sooner */
    int32_t weight;          /* <= 0 counts as 1 */
    uint32_t wished;  /* the client's own order, the lower the sooner: before all but health */
    bool unpreferred; /* slower than the client prefers: behind those that are not */
    enum policy_health health;
};

/* Fills order_out with the indices of the `count` (at most POLICY_PLACES_MAX) places, best first.
 * The same `random` gives the same order, and as good as the same when a place comes or goes:
 * requests that share one stay together. */
void policy_order(enum policy policy, const struct policy_place *places, uint32_t count,
                  uint64_t random, uint32_t *order_out);

#endif
