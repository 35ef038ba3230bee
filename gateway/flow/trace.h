/*
 * trace: why a request went where it did: told with an answer whose client asked for it, or instead
 * of one. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_TRACE_H
#define TOLLGATE_GATEWAY_FLOW_TRACE_H

#include "common/base/json_writer.h"
#include "gateway/flow/state.h"

/* [{"provider", "model", "excluded_because", "message"}]: those that are no candidates. */
void trace_write_excluded(struct json_writer *w, const struct flow *flow);

/* Puts `tollgate` into the end of the answer that is prepared: a member of a whole one, a chunk of
 * its own in front of the last one in a stream of chats, a member of one of the last frames in
 * others (trace_place.h). Nothing unless the client asked. */
void trace_add(struct flow *flow);
/* Likewise into the metadata of a refusal. */
void trace_refusal(struct flow *flow);

/* POST /v1/route/dry-run: where the request would go. Sends the answer. */
must_use enum go trace_answer(struct flow *flow);

#endif
