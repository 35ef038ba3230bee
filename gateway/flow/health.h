/*
 * health: what the board is told of an attempt and of its end, and who is put aside for it. Private
 * to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_HEALTH_H
#define TOLLGATE_GATEWAY_FLOW_HEALTH_H

#include "gateway/flow/state.h"

void flow_tell_served(const struct flow *flow);
/* Also puts aside who is to blame: the deployment, or the credential alone. True when the
 * deployment has another credential, with which it is tried again at once. */
must_use bool flow_tell_failed(const struct flow *flow, const struct verdict_out *out);

/* ---- while it is under way: board_live.h ---- */
void flow_tell_sent(struct flow *flow);
void flow_tell_word(const struct flow *flow); /* its first content */
/* A stream without content so far, which is given `timeout_ms` in all for it; sets the timer. */
void flow_tell_silent(struct flow *flow, int64_t timeout_ms);
/* It is given up because another one of the request was faster, or the client left. */
void flow_tell_outrun(struct flow *flow);
/* It is under way no more, however it ended; told again, nothing happens. */
void flow_tell_gone(struct flow *flow);

/* A request ended, maybe unsent, or its client left: if it had a breaker's probe, another may have
 * it. */
void flow_tell_over(struct flow *flow);

#endif
