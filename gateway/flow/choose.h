/*
 * choose: which deployments may serve a request, in which order, and what is told of that: in a
 * refusal, in a trace, in a dry run. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_CHOOSE_H
#define TOLLGATE_GATEWAY_FLOW_CHOOSE_H

#include "common/base/json_writer.h"
#include "gateway/flow/state.h"

/* The candidates of the model asked for, and behind them those of the models to fall back to; else
 * the request is refused, and GO_END. */
must_use enum go choose_candidates(struct flow *flow);

/* [{"provider", "model", "excluded_because", "message"}]: those that are no candidates. */
void choose_write_excluded(struct json_writer *w, const struct route *route);

#endif
