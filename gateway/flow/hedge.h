/*
 * hedge: two attempts at once: a second one beside one whose answer is late to begin, for tenants
 * and requests that ask for it. Private to gateway/flow.
 *
 * The first of the two that has content (a whole answer: that is there) is the answer; the other is
 * given up unseen, and what it read is booked as its cost. Where one of them fails, the other goes
 * on alone. One hedge per request at most.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_HEDGE_H
#define TOLLGATE_GATEWAY_FLOW_HEDGE_H

#include "gateway/flow/state.h"

/* Makes `attempt`, one of the two, the one that all is about. */
void flow_look_at(struct flow *flow, struct attempt *attempt);
/* Whether the tenant or the request asks for a second one where the first is late. */
must_use bool flow_wants_hedge(const struct flow *flow);
/* Whether a second one is to be made now; else sets the timer. */
must_use bool flow_hedge_due(struct flow *flow);
/* GO_SEND: a second one waits to be sent. */
must_use enum go flow_hedge(struct flow *flow);
/* The one that all is about goes, and the other one is it. */
void flow_drop(struct flow *flow);
/* It answers: the other one, if there is one, is given up. */
void flow_decide(struct flow *flow);

#endif
