/*
 * parts: what the files of gateway/flow call of each other. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_PARTS_H
#define TOLLGATE_GATEWAY_FLOW_PARTS_H

#include "gateway/flow/state.h"

/* flow.c */
void flow_run(struct flow *flow);
void flow_refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say);
/* Sets the timer for whatever is due first. */
void flow_arm(struct flow *flow, int64_t due_mono_ms);
must_use int64_t flow_now_ms(const struct flow *flow);
/* What arena_room() of the flow's memory leaves for what is ours and, while the request is read and
 * written, for the answer that may have to be gathered. */
void flow_keep_memory(struct flow *flow, bool for_answer);

/* steps.c: what comes before the first byte upstream */
must_use enum go flow_auth(struct flow *flow);
must_use enum go flow_ask(struct flow *flow);
/* onward.c: the next candidate */
must_use enum go flow_route(struct flow *flow);
/* Why the request failed, when nobody is left to try. */
void flow_refuse_last(struct flow *flow);

/* ask.c: the client's body */
/* Reads it as a chat, once; false when it is none. */
must_use bool flow_read_chat(struct flow *flow);

/* choose.c */
/* The response to go on from: `why` it cannot be. */
must_use enum go flow_refuse_previous(struct flow *flow, const char *why);

/* send.c: one attempt begins */
must_use enum go flow_send(struct flow *flow);

/* admission.c */
must_use enum go flow_admit(struct flow *flow);
/* The key's rate: of one request, and of so many tokens. */
must_use enum go flow_pass_rate(struct flow *flow, int64_t tokens);
/* The output cap for one candidate, in tokens per choice. */
must_use int64_t flow_cap_at(const struct flow *flow, const struct route_candidate *candidate);
must_use int64_t flow_input_bound_at(const struct flow *flow,
                                     const struct route_candidate *candidate);
must_use int64_t flow_output_bound_at(const struct flow *flow,
                                      const struct route_candidate *candidate);

/* relay.c: what comes back */
must_use enum go flow_relay(struct flow *flow);
extern const struct upstream_events flow_upstream_events;
/* The time for which only a provider is waited for. */
void flow_wait_begin(struct flow *flow);
void flow_wait_end(struct flow *flow);
/* A stream's client hears a ping when it is due; sets the timer. */
void flow_ping(struct flow *flow);
/* Gives the running call up. */
void flow_cancel(struct flow *flow);
/* The attempt failed; the first fault stays. */
void flow_fail(struct flow *flow, enum attempt_fault fault);
/* The first content came. */
void flow_note_content(struct flow *flow);

/* frames.c: what a provider's bytes say, whichever way the attempt goes */
void frames_feed(struct flow *flow, struct span bytes);
/* The stream is at its end: it was whole, or it failed. */
void frames_end(struct flow *flow);
/* The body is there: an answer, or what came instead of a stream. */
void frames_whole(struct flow *flow);
/* The body of a status that is no success. */
void frames_error(struct flow *flow);

/* patched.c: frames of OpenAI's dialect to its clients */
void patched_frame(struct flow *flow, const struct sse_frame *frame);

void patched_whole(struct flow *flow);

/* spoken.c: all others, read as events */
/* Reader and writer for the attempt that begins. */
void spoken_begin(struct flow *flow);
/* What the writer calls the answer, where nothing of it passed. */
void spoken_name(struct flow *flow);
/* `text`: the frame's lines, where it is one of SSE. */
void spoken_frame(struct flow *flow, struct span event, struct span data, struct span text);
/* Behind the last frame. `whole`: nothing is missing as far as its framing tells. */
void spoken_end(struct flow *flow, bool whole);
void spoken_whole(struct flow *flow);

/* out.c: towards the client */
void out_start(struct flow *flow, struct span content_type, size_t body_bytes);
void out_start_stream(struct flow *flow); /* unless it is */
void out_bytes(struct flow *flow, struct span bytes);
void out_frame(struct flow *flow, const struct sse_frame *frame,
               const struct openai_places *places);
/* A frame with content and of the known shape, behind the first content. */
void out_shaped(struct flow *flow, const struct sse_frame *frame);
/* Ends the choices that the provider, at its end, has not ended itself. */
void out_finishes(struct flow *flow);
/* A frame of a client's own dialect, as it came: `text` its lines, `data` its data. */
void out_passed(struct flow *flow, struct span text, struct span data);
/* What the writer wrote, once there is content. */
void out_told(struct flow *flow);
void out_ping(struct flow *flow);
/* Makes the end of the answer, with its cost in it; sent by out_last. (last.c) */
void out_prepare_last(struct flow *flow);
void out_last(struct flow *flow);
/* The refusal: as a status, or inside the stream. */
void out_refusal(struct flow *flow);
must_use int64_t out_overhead_us(const struct flow *flow);

/* settle.c */
must_use enum go flow_settle(struct flow *flow);
must_use int flow_put_intent(struct flow *flow);
void flow_put_progress(struct flow *flow);

#endif
