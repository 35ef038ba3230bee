/*
 * legs: the models that a request is tried at: those that it names, or those that a routing preset
 * leads to, with what the preset changes in the body. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_LEGS_H
#define TOLLGATE_GATEWAY_FLOW_LEGS_H

#include "gateway/flow/state.h"

/* Fills flow->plan, and flow->preset where one is used; else the request is refused, and GO_END.
 * What stands in the model's place for a preset is taken off flow->ask.model. */
must_use enum go legs_plan(struct flow *flow);

/* The request's member that names the model of a leg. */
must_use const char *legs_member(const struct flow *flow, uint32_t leg);

/* The target's name; empty: the leg is of no preset. */
must_use struct span legs_name(const struct flow *flow, uint8_t leg);

/* ---- overrides ---- */
/* The answer's cap that the leg's target says; -1: it says none. */
must_use int64_t legs_cap(const struct flow *flow, uint8_t leg);
/* Tokens that it may add to the prompt. */
must_use int64_t legs_added_input(const struct flow *flow, uint8_t leg);

/* Puts the leg's own body in the place of the client's, for what is written of it;
 * legs_leave_body() puts the client's back. False: with the overrides it is no body that can be
 * sent. */
must_use bool legs_enter_body(struct flow *flow, uint8_t leg);
void legs_leave_body(struct flow *flow, uint8_t leg);

void legs_done(struct flow *flow);

#endif
