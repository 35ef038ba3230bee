/*
 * world: what a simulation is made of. Private to the simulator.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_WORLD_H
#define TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_WORLD_H

#include "gateway/route/board_live.h"
#include "gateway/route/route.h"
#include "gateway/route/verdict.h"
#include "tests/support/route-simulator/clock.h"
#include "tests/support/route-simulator/simulate.h"

enum { FIRST_TOKEN_MS = 60000 };
#define WORLD_START_MS INT64_C(3600000)
#define SECOND_US INT64_C(1000000)

/* A request. */
struct call {
    uint64_t number;
    int64_t arrived_us;
    int64_t input, output; /* tokens */
    /* The route, packed: candidates by place. */
    uint8_t order[PLACES_MAX], count;
    uint8_t tried[ROUTE_ATTEMPTS_MAX], tried_count;
    uint8_t attempts;       /* so far */
    uint32_t running[2];    /* attempts under way, at most … */
    uint8_t running_count;  /* … two, where there is hedging */
    bool hedged, spoken;    /* a second one was sent; one of them spoke */
    int64_t retry_after_ms; /* the last one that was told */
};

/* How it will end is known when it begins. */
struct attempt {
    uint32_t call, serial; /* serial: of those that had this place in the memory */
    uint8_t place;
    int64_t sent_us;
    bool serves;
    double first_ms, total_ms;
    struct verdict_in end; /* of one that does not serve */
    struct board_wait wait;
};

struct at_place {
    struct snapshot_deployment deployment;
    struct snapshot_credential credential;
    struct price_rate rates[2];
    struct price_version list;
    int64_t under_way;
    int64_t window, taken; /* which minute, and how many attempts it took in it */
    int64_t ended_us;      /* of the last incident; 0: none */
    int64_t back_us;       /* when it first served one sent after that; 0: not yet */
};

struct simulation {
    const struct scenario *scenario;
    const struct load *load;
    struct manner manner;
    struct result *result;
    struct at_place places[PLACES_MAX];
    const struct snapshot_deployment *pointers[PLACES_MAX];
    struct snapshot_model model;
    struct board *board;
    struct clock clock;
    struct call *calls;
    uint32_t *unused, unused_count;
    struct attempt *attempts;
    uint32_t *unused_attempts, unused_attempt_count;
    int64_t now_us, length_us;
    struct route route; /* of the call in hand */
};

must_use int64_t world_now_ms(const struct simulation *s);
/* Of a share of the run. */
must_use int64_t world_time_us(const struct simulation *s, double share);
/* Whether it strikes this place. */
must_use bool world_befalls(const struct incident *incident, const struct place *place);

/* fate.c: fills in how an attempt will end that is sent now. */
void fate_decide(struct simulation *s, struct attempt *attempt);

#endif
