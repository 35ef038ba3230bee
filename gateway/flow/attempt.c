/*
 * attempt: the memory of attempts; see the header.
 */
#include "gateway/flow/attempt.h"

#include "common/base/mem.h"

/* Responses say twice what was asked before they say anything else. */
#define HELD_MAX_BYTES (2 * SSE_FRAME_MAX)
#define TAIL_MAX_BYTES (2 * SSE_FRAME_MAX)
/* A whole answer may be longer in another dialect. */
#define TOLD_FACTOR 4

struct attempt *attempt_new(const struct flow_config *config)
{
    struct attempt *attempt = mem_new(sizeof(*attempt));

    attempt->index = ATTEMPT_NOT_BEGUN;
    attempt->sse = sse_make();
    attempt->messages = event_stream_make();
    attempt->body = buf_make(config->max_answer_bytes);
    attempt->told = buf_make(TOLD_FACTOR * config->max_answer_bytes);
    attempt->held = buf_make(HELD_MAX_BYTES);
    attempt->usage_frame = buf_make(SSE_FRAME_MAX);
    attempt->tail = buf_make(TAIL_MAX_BYTES);
    return attempt;
}

void attempt_free(struct attempt *attempt)
{
    pieces_done(&attempt->said);
    sse_done(&attempt->sse);
    event_stream_done(&attempt->messages);
    buf_done(&attempt->body);
    buf_done(&attempt->told);
    buf_done(&attempt->held);
    buf_done(&attempt->usage_frame);
    buf_done(&attempt->tail);
    mem_free(attempt);
}

void attempt_clear(struct attempt *attempt)
{
    struct flow *flow = attempt->flow;
    struct sse sse = attempt->sse;
    struct event_stream messages = attempt->messages;
    struct buf body = attempt->body, told = attempt->told, held = attempt->held;
    struct buf usage_frame = attempt->usage_frame, tail = attempt->tail;

    pieces_done(&attempt->said);
    memset(attempt, 0, sizeof(*attempt));
    attempt->flow = flow;
    attempt->index = ATTEMPT_NOT_BEGUN;
    attempt->sse = sse;
    attempt->messages = messages;
    attempt->body = body;
    attempt->told = told;
    attempt->held = held;
    attempt->usage_frame = usage_frame;
    attempt->tail = tail;
    sse_reset(&attempt->sse);
    event_stream_reset(&attempt->messages);
    buf_clear(&attempt->body);
    buf_clear(&attempt->told);
    buf_clear(&attempt->held);
    buf_clear(&attempt->usage_frame);
    buf_clear(&attempt->tail);
}

bool attempt_keeps_little(const struct attempt *attempt)
{
    const struct buf *bufs[] = {&attempt->body,         &attempt->told, &attempt->held,
                                &attempt->usage_frame,  &attempt->tail, &attempt->sse.held,
                                &attempt->messages.held};

    for (size_t i = 0; i < array_size(bufs); i++)
        if (bufs[i]->capacity > ATTEMPT_KEPT_BYTES)
            return false;
    return true;
}
