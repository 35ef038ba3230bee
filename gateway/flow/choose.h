/*
 * choose: which deployments may serve a request, and in which order. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_CHOOSE_H
#define TOLLGATE_GATEWAY_FLOW_CHOOSE_H

#include "gateway/flow/state.h"

/* The candidates of the model asked for, and behind them those of the models to fall back to; else
 * the request is refused, and GO_END. */
must_use enum go choose_candidates(struct flow *flow);

/* Tokens that its answer takes about, for comparing: what the client caps it to, or few. */
must_use int64_t choose_usual_output(const struct flow *flow);

#endif
