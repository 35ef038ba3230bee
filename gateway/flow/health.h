/*
 * health: what the board is told when an attempt ends, and who is put aside for it. Private to
 * gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_HEALTH_H
#define TOLLGATE_GATEWAY_FLOW_HEALTH_H

#include "gateway/flow/state.h"

void flow_tell_served(const struct flow *flow);
/* Also puts aside who is to blame: the deployment, or the credential alone. True when the
 * deployment has another credential, with which it is tried again at once. */
must_use bool flow_tell_failed(const struct flow *flow, const struct verdict_out *out);

/* The attempt was given up: it says nothing. */
void flow_tell_nothing(const struct flow *flow);

/* A request ended that was not sent, or whose client left: if it had a breaker's probe, another may
 * have it. */
void flow_tell_over(const struct flow *flow);

#endif
