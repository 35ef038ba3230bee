/*
 * served: attempts of what is no chat, as the rest of the flow sees them. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_SERVED_H
#define TOLLGATE_GATEWAY_FLOW_SERVED_H

#include "gateway/flow/state.h"

/* Whether that deployment can be asked for it; `context` is the flow. The kind of its model. */
must_use bool served_can(const void *context, const struct snapshot_deployment *deployment);
must_use const char *served_kind(enum ask_kind kind);
/* Now, because the body goes with its client. */
void served_measure(struct flow *flow);
/* The way of the attempt that begins, where it is WAY_SERVICE, and how large its answer may be. */
void served_begin(struct flow *flow);
/* Its body: in another language (false: it cannot be), or the form. */
must_use bool served_write(struct flow *flow, size_t own_max);
void served_patch_form(struct flow *flow);
void served_path(const struct flow *flow, struct buf *out);
/* What comes back: whether the client gets a stream of events, as it wished. */
must_use bool served_streams(const struct flow *flow);
void served_head(struct flow *flow, struct span content_type);
void served_raw(struct flow *flow, struct span bytes);
void served_whole(struct flow *flow);
void served_frame(struct flow *flow, const struct sse_frame *frame);
void served_end(struct flow *flow, bool whole);

#endif
