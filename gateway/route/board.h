/*
 * board: the state of one deployment on the board of route.h. Private to gateway/route.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BOARD_H
#define TOLLGATE_GATEWAY_ROUTE_BOARD_H

#include "gateway/route/route.h"

struct board_state {
    int64_t outage_until_ms; /* behind the others until then; monotonic */
    int64_t out_until_ms;    /* out of service until then */
};

must_use struct board_state board_state_of(const struct board *board, struct uuid deployment);

#endif
