/*
 * patched: frames of OpenAI's dialect on their way to clients that speak it: read for what they
 * say, relayed as they are but for usage.
 */
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"

static void on_text(void *context, struct span inside)
{
    struct flow *flow = context;

    count_feed_json(&metering_running(&flow->metering)->output, inside);
    flow->attempt->shown = inside;
    flow->attempt->shown_count++;
}

/* A frame like the last one, but for its text: most of a stream is. */
static bool relay_shaped(struct flow *flow, const struct sse_frame *frame)
{
    struct span inside;

    if (!frame->plain || !flow->attempt->content || flow->attempt->done || frame->event.size > 0 ||
        frame->data.at != frame->text.at + sizeof("data: ") - 1 ||
        !shape_fits(&flow->attempt->shape, frame->data, &inside))
        return false;
    count_feed(&metering_running(&flow->metering)->output, inside);
    out_shaped(flow, frame);
    resume_shaped(flow, inside);
    return true;
}

/* What a frame says, other than something to be relayed. True when there is. */
static bool note_signs(struct flow *flow, const struct sse_frame *frame, uint32_t signs)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->done)
        return true;
    if ((signs & ANSWER_ERROR) != 0 || span_is(frame->event, "error")) {
        flow_fail(flow, FAULT_STREAM);
        return true;
    }
    if ((signs & ANSWER_MALFORMED) != 0) {
        flow_fail(flow, FAULT_NONSENSE);
        return true;
    }
    if ((signs & ANSWER_DONE) == 0)
        return false;
    attempt->done = true;
    attempt->done_ms = flow_now_ms(flow);
    /* Written as a chat's chunks. */
    if (flow->ask.kind == ASK_CHAT)
        out_finishes(flow);
    if ((attempt->answer.signs & ANSWER_FINISH) == 0)
        flow_fail(flow, FAULT_TRUNCATED);
    return true;
}

void patched_frame(struct flow *flow, const struct sse_frame *frame)
{
    const struct answer_tap tap = {.on_text = on_text, .context = flow};
    struct attempt *attempt = flow->attempt;
    struct openai_places places;
    bool shows;

    if (relay_shaped(flow, frame))
        return;
    flow->attempt->shown_count = 0;
    openai_read_frame(&flow->worker->pool->doc, frame->data, &tap, &attempt->answer, &places);
    if (note_signs(flow, frame, places.signs))
        return;
    if ((places.signs & ANSWER_CONTENT) != 0 && !attempt->content)
        flow_note_content(flow);
    flow->attempt->cut_from = flow->attempt->cut_to = 0;
    out_frame(flow, frame, &places);
    shows = places.signs == ANSWER_CONTENT && flow->attempt->shown_count == 1;
    if (shows)
        shape_learn(&flow->attempt->shape, frame->data, flow->attempt->shown,
                    flow->attempt->cut_from, flow->attempt->cut_to);
    resume_chunk(flow, frame->data, shows);
}

void patched_whole(struct flow *flow)
{
    const struct answer_tap tap = {.on_text = on_text, .context = flow};
    struct attempt *attempt = flow->attempt;

    openai_read_whole(&flow->worker->pool->doc, flow->ask.kind, buf_span(&attempt->body), &tap,
                      &attempt->answer, &attempt->places);
    if ((attempt->places.signs & ANSWER_MALFORMED) != 0)
        flow_fail(flow, FAULT_NONSENSE);
    else if ((attempt->places.signs & ANSWER_ERROR) != 0)
        flow_fail(flow, FAULT_STREAM);
    else
        attempt->done = true;
}
