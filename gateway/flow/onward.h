/*
 * onward: who is tried next when an attempt has failed, after which wait, and how long each may
 * take. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_ONWARD_H
#define TOLLGATE_GATEWAY_FLOW_ONWARD_H

#include "gateway/flow/state.h"

/* How long the current attempt may take; from when it was sent. */
struct onward_times {
    int64_t first_token_ms, total_ms;
    bool first_token_own, total_own; /* shorter than the deployment's: the tenant's or the client's,
                                        of which the deployment is not to blame */
};
must_use struct onward_times onward_times(const struct flow *flow);

/* When all of the request is over, monotonic: what the client said, else the longest that one of
 * the candidates may take. Nothing begins after it; what runs then is ended if the client said it.
 */
void onward_set_deadline(struct flow *flow);

/* Tells the route how the current attempt ended; what is retried at the same deployment is put on
 * its way. True when somebody else takes what by the verdict would be told to the client. */
must_use bool onward_take_end(struct flow *flow, const struct verdict_in *in,
                              const struct verdict_out *out, bool another_credential);

/* Whether an answer that was refused for its content, and has none, is tried elsewhere. */
must_use bool onward_takes_blocked(struct flow *flow);

/* Whether the first candidate is to be as if it had failed: because the client wants to see what
 * follows. Then it has been put down. */
must_use bool onward_is_mocked(struct flow *flow);

/* The deadline is over. */
void onward_refuse_late(struct flow *flow);

#endif
