/*
 * legs: the models that a request is tried at: those that it names. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_LEGS_H
#define TOLLGATE_GATEWAY_FLOW_LEGS_H

#include "gateway/flow/state.h"

/* Fills flow->plan; else the request is refused, and GO_END. */
must_use enum go legs_plan(struct flow *flow);

/* The request's member that names the model of a leg. */
must_use const char *legs_member(const struct flow *flow, uint32_t leg);

#endif
