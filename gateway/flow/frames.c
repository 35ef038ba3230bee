/*
 * frames: a provider's bytes cut into frames, and whole bodies: what comes in them is for patched.c
 * or spoken.c.
 */
#include "gateway/flow/parts.h"
#include "gateway/flow/served.h"

/* How far the count of a stream may be above its output cap. */
#define OVERRUN_FACTOR 8
#define OVERRUN_TOKENS 4096

/* A provider that goes on and on past the cap it was given. The counter is no vocabulary, hence the
 * slack. */
static bool is_endless(struct flow *flow)
{
    return flow->attempt->bytes > flow->worker->config.max_stream_bytes ||
           count_tokens(&metering_running(&flow->metering)->output) >
               OVERRUN_FACTOR * metering_running(&flow->metering)->output_bound + OVERRUN_TOKENS;
}

static void take_frame(struct flow *flow, const struct sse_frame *frame)
{
    if (frame->data.at == NULL)
        return;
    if (flow->attempt->way == WAY_PATCH)
        patched_frame(flow, frame);
    else if (flow->attempt->way == WAY_SERVICE)
        served_frame(flow, frame);
    else
        spoken_frame(flow, frame->event, frame->data, frame->text);
}

/* False: the framing is broken. */
static bool feed_sse(struct flow *flow, struct span bytes)
{
    enum sse_outcome outcome;
    struct sse_frame frame;

    sse_feed(&flow->attempt->sse, bytes);
    while ((outcome = sse_next(&flow->attempt->sse, &frame)) == SSE_FRAME) {
        take_frame(flow, &frame);
        if (flow->attempt->failed)
            return true;
    }
    return outcome != SSE_TOO_LONG;
}

static bool feed_messages(struct flow *flow, struct span bytes)
{
    enum event_stream_outcome outcome;
    struct event_stream_frame frame;

    event_stream_feed(&flow->attempt->messages, bytes);
    while ((outcome = event_stream_next(&flow->attempt->messages, &frame)) == EVENT_STREAM_FRAME) {
        spoken_frame(flow, frame.event, frame.data, (struct span){0});
        if (flow->attempt->failed)
            return true;
    }
    return outcome != EVENT_STREAM_BROKEN;
}

void frames_feed(struct flow *flow, struct span bytes)
{
    bool good = flow->attempt->language->framing == FRAMING_SSE ? feed_sse(flow, bytes)
                                                                : feed_messages(flow, bytes);

    if (!good || is_endless(flow))
        flow_fail(flow, FAULT_NONSENSE);
}

void frames_end(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    bool whole = attempt->end == UPSTREAM_WHOLE;
    struct sse_frame frame;

    if (whole && attempt->language->framing == FRAMING_SSE && sse_rest(&flow->attempt->sse, &frame))
        take_frame(flow, &frame);
    if (attempt->language->framing == FRAMING_EVENT_STREAM &&
        event_stream_is_cut(&flow->attempt->messages))
        whole = false;
    if (attempt->way == WAY_SERVICE)
        served_end(flow, whole);
    else if (attempt->way != WAY_PATCH)
        spoken_end(flow, whole && attempt->head.framed);
    if (!attempt->done)
        flow_fail(flow, whole ? FAULT_TRUNCATED : FAULT_RESET);
}

void frames_error(struct flow *flow)
{
    (void)!flow->attempt->language->read_error(&flow->attempt->reader,
                                               buf_span(&flow->attempt->body));
    arena_reset(flow->worker->pool->frame);
}

void frames_whole(struct flow *flow)
{
    if (served_streams(flow)) {
        /* Asked for a stream, got something else: at best it says why. */
        bool told = flow->attempt->language->read_error(&flow->attempt->reader,
                                                        buf_span(&flow->attempt->body));
        flow_fail(flow, told ? FAULT_STREAM : FAULT_NONSENSE);
    } else if (flow->attempt->way == WAY_PATCH) {
        patched_whole(flow);
    } else if (flow->attempt->way == WAY_SERVICE) {
        served_whole(flow);
    } else {
        spoken_whole(flow);
    }
    arena_reset(flow->worker->pool->frame);
}
