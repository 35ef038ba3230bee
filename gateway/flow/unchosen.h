/*
 * unchosen: why nobody can serve a request, told to the client. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_UNCHOSEN_H
#define TOLLGATE_GATEWAY_FLOW_UNCHOSEN_H

#include "gateway/flow/state.h"

/* All refuse the request, and are GO_END; `param` is the member that has the name. */
enum go unchosen_no_model(struct flow *flow, struct span name, const char *param);
enum go unchosen_no_provider(struct flow *flow, struct span name, const char *param);
enum go unchosen_no_preset(struct flow *flow, struct span name, const char *param);
/* Of one model that is there: what route_collect() said of it. */
enum go unchosen_refuse(struct flow *flow, enum route_outcome outcome,
                        const struct snapshot_model *model);

#endif
