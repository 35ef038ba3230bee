/*
 * out: what the client of a flow gets: head, frames, the end with its cost, or why not.
 */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/dialect/openai.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/trace.h"

int64_t out_overhead_us(const struct flow *flow)
{
    int64_t us = clock_mono_us() - flow->call.arrived_us - flow->waited_us;

    return us < 0 ? 0 : us;
}

enum { ENVELOPE_MAX = 64 << 10, DROPPED_MAX = 1024 };
/* What a provider says before its first content is little; more of it is nonsense. */
#define BEFORE_CONTENT_MAX ((size_t)1 << 20)

/* There is no cache yet, and nobody else may keep an answer. */
static const struct httpd_header further[] = {
    {{"x-tollgate-cache", sizeof("x-tollgate-cache") - 1}, {"bypass", sizeof("bypass") - 1}},
    {{"cache-control", sizeof("cache-control") - 1}, {"no-cache", sizeof("no-cache") - 1}}};

/* "temperature, seed": what the provider's language could not carry. */
static struct span dropped(const struct flow *flow)
{
    struct buf names = buf_make(DROPPED_MAX);

    for (int i = 0; i < CHAT_MEMBERS; i++)
        if ((flow->attempt->lost >> i & 1) != 0)
            buf_printf(&names, "%s%s", names.size == 0 ? "" : ", ",
                       chat_member_name((enum chat_member)i));
    struct span text = arena_span(flow->arena, buf_span(&names));
    buf_done(&names);
    return text;
}

static void put_further(const struct flow *flow, struct reply_head *head)
{
    struct httpd_header *headers;

    head->further = further;
    head->further_count = array_size(further);
    if (flow->attempt->lost == 0)
        return;
    headers = arena_array(flow->arena, array_size(further) + 1, sizeof(*headers));
    memcpy(headers, further, sizeof(further));
    headers[head->further_count++] =
        (struct httpd_header){span_of("x-tollgate-dropped"), dropped(flow)};
    head->further = headers;
}

static void head_of(const struct flow *flow, struct reply_head *head_out)
{
    const struct route_candidate *candidate = flow->attempt->candidate;

    *head_out = (struct reply_head){.id = flow->call.id,
                                    .client_request_id = flow->call.client_request_id,
                                    .attempts = (int32_t)flow->metering.event.attempt_count,
                                    .overhead_us = out_overhead_us(flow),
                                    .limits = flow->key == NULL ? NULL : &flow->limits};
    put_further(flow, head_out);
    if (candidate == NULL)
        return;
    head_out->model = candidate->deployment->model->id;
    head_out->provider =
        candidate->deployment->sandbox ? span_of("sandbox") : candidate->deployment->provider;
}

void out_start(struct flow *flow, struct span content_type, size_t body_bytes)
{
    struct reply_head head;

    head_of(flow, &head);
    flow->metering.event.overhead_us = head.overhead_us;
    reply_start(flow->request, 200, &head, content_type, body_bytes);
    flow->head_sent = true;
    flow->status = 200;
}

void out_bytes(struct flow *flow, struct span bytes)
{
    struct attempt *attempt = flow->attempt;

    flow->sent_ms = flow_now_ms(flow);
    if (!httpd_send(flow->request, bytes) || attempt->call == NULL || attempt->paused)
        return;
    attempt->paused = true;
    flow->worker->upstream->ops->pause(attempt->call);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_UPSTREAM_PAUSES, 1);
}

void out_start_stream(struct flow *flow)
{
    if (flow->head_sent)
        return;
    out_start(flow, span_of(flow->client->stream_type), SIZE_MAX);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAMS, 1);
}

void out_ping(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;

    out_start_stream(flow);
    buf_clear(scratch);
    /* Beside what is told, which may wait for the first content. */
    flow->attempt->writer.out = scratch;
    flow->client->write_ping(&flow->attempt->writer);
    flow->attempt->writer.out = &flow->attempt->told;
    out_bytes(flow, buf_span(scratch));
}

/* The frame as it goes to the client: the provider's bytes, or a copy without usage. Empty: the
 * client does not see it. */
static struct span frame_bytes(struct flow *flow, const struct sse_frame *frame,
                               const struct openai_places *places)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    struct span pieces[PATCH_PIECES_MAX];
    bool told = (places->signs & ANSWER_USAGE) != 0;
    struct patch patch;
    size_t bytes;

    if (told) {
        buf_clear(&flow->attempt->usage_frame);
        buf_add_span(&flow->attempt->usage_frame, frame->data);
    }
    /* A chunk for usage alone; with null in it too, where the provider told none. */
    if (places->usage != JSON_NONE && places->no_choices)
        return (struct span){0};
    buf_clear(scratch);
    if (!told && !places->odd_finish && (places->usage == JSON_NONE || flow->ask.include_usage)) {
        if (frame->plain)
            return span_make(frame->text.at, frame->text.size + 2);
        buf_add_span(scratch, frame->text);
    } else {
        patch_begin(&patch, &flow->worker->pool->doc);
        if (told || (places->usage != JSON_NONE && !flow->ask.include_usage))
            openai_patch_no_usage(&patch, &flow->attempt->cut_from, &flow->attempt->cut_to);
        if (places->odd_finish)
            openai_patch_finishes(&patch, places->choices);
        uint32_t count = patch_pieces(&patch, pieces, &bytes);
        buf_add_string(scratch, "data: ");
        for (uint32_t i = 0; i < count; i++)
            buf_add_span(scratch, pieces[i]);
    }
    buf_add_string(scratch, "\n\n");
    must(!buf_failed(scratch));
    return buf_span(scratch);
}

static void put_frame(struct flow *flow, struct span bytes)
{
    if (flow->request == NULL || bytes.size == 0)
        return;
    if (!flow->attempt->content) {
        /* What a provider says before its first content is little; more of it is nonsense. A finish
         * without content is held too: it goes out with the end. */
        if (buf_add_span(&flow->attempt->held, bytes) != 0) {
            flow->attempt->failed = true;
            flow->attempt->fault = FAULT_NONSENSE;
        }
        return;
    }
    out_start_stream(flow);
    if (flow->attempt->held.size > 0) {
        out_bytes(flow, buf_span(&flow->attempt->held));
        buf_clear(&flow->attempt->held);
    }
    out_bytes(flow, bytes);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

void out_frame(struct flow *flow, const struct sse_frame *frame, const struct openai_places *places)
{
    put_frame(flow, frame_bytes(flow, frame, places));
}

void out_finishes(struct flow *flow)
{
    struct answer *answer = &flow->attempt->answer;
    struct span frames = openai_make_finishes(flow->arena, answer, flow->call.start_ms / 1000);

    if (frames.size == 0)
        return;
    if ((answer->signs & ANSWER_FINISH) == 0)
        (void)snprintf(answer->finish_reason, sizeof(answer->finish_reason), "stop");
    answer->signs |= ANSWER_FINISH;
    put_frame(flow, frames);
}

void out_shaped(struct flow *flow, const struct sse_frame *frame)
{
    const struct shape *shape = &flow->attempt->shape;
    size_t size = frame->text.size, cut = size - shape->cut_from_end;

    if (flow->request == NULL)
        return;
    if (shape->cut > 0) {
        out_bytes(flow, span_make(frame->text.at, cut));
        out_bytes(flow, span_make(frame->text.at + cut + shape->cut, size - cut - shape->cut + 2));
    } else {
        out_bytes(flow, span_make(frame->text.at, size + 2));
    }
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

static void add_frame(struct flow *flow, struct buf *out, struct span text)
{
    buf_add_span(out, text);
    buf_add_string(out, "\n\n");
    if (buf_failed(out))
        flow_fail(flow, FAULT_NONSENSE);
}

static bool has_word(struct span data, const char *word)
{
    return word != NULL && memmem(data.at, data.size, word, strlen(word)) != NULL;
}

/* Held until the cost is known, and then sent with it in their usage. */
static void hold_end(struct flow *flow, struct span text, struct span data)
{
    if (has_word(data, flow->client->usage_member) && data.at >= text.at &&
        data.at + data.size <= text.at + text.size) {
        flow->attempt->usage_at = flow->attempt->tail.size + (size_t)(data.at - text.at);
        flow->attempt->usage_bytes = data.size;
    }
    add_frame(flow, &flow->attempt->tail, text);
}

static void send_held(struct flow *flow, struct buf *held)
{
    if (held->size > 0)
        out_bytes(flow, buf_span(held));
    buf_clear(held);
}

/* The ids in it become ours; in scratch. */
static void pin(struct flow *flow, struct span *text, struct span *data)
{
    const struct json_doc *doc = &flow->worker->pool->doc;
    struct buf *scratch = &flow->worker->pool->scratch;
    struct span pieces[PATCH_PIECES_MAX], before, behind;
    struct patch patch;
    uint32_t count;
    size_t bytes;

    if (flow->client->family != FAMILY_RESPONSES || doc->count == 0 || doc->text.at != data->at ||
        doc->text.size != data->size || responses_find(doc) == JSON_NONE || data->at < text->at ||
        data->at + data->size > text->at + text->size)
        return;
    patch_begin(&patch, doc);
    responses_patch_ids(&patch, responses_find(doc), &flow->attempt->pin);
    count = patch_pieces(&patch, pieces, &bytes);
    before = span_part(*text, 0, (size_t)(data->at - text->at));
    behind = span_part(*text, before.size + data->size, SIZE_MAX);
    buf_clear(scratch);
    buf_add_span(scratch, before);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(scratch, pieces[i]);
    buf_add_span(scratch, behind);
    if (buf_failed(scratch)) {
        flow_fail(flow, FAULT_NONSENSE);
        return;
    }
    *text = buf_span(scratch);
    *data = span_part(*text, before.size, bytes);
}

void out_passed(struct flow *flow, struct span text, struct span data)
{
    bool content = (flow->attempt->reader.signs & ANSWER_CONTENT) != 0;

    if (flow->request == NULL)
        return;
    pin(flow, &text, &data);
    if (flow->attempt->reader.done || has_word(data, flow->client->end_mark) ||
        (flow->attempt->tail.size > 0 && !content)) {
        hold_end(flow, text, data);
        return;
    }
    if (!flow->attempt->content) {
        add_frame(flow, &flow->attempt->held, text);
        return;
    }
    out_start_stream(flow);
    send_held(flow, &flow->attempt->held);
    /* It was not the end. */
    send_held(flow, &flow->attempt->tail);
    flow->attempt->usage_bytes = 0;
    out_bytes(flow, text);
    out_bytes(flow, span_of("\n\n"));
    flow->attempt->writer.begun = true;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

void out_told(struct flow *flow)
{
    struct buf *told = &flow->attempt->told;

    if (flow->request == NULL) {
        buf_clear(told);
        return;
    }
    if (buf_failed(told) || (!flow->attempt->content && told->size > BEFORE_CONTENT_MAX)) {
        flow_fail(flow, FAULT_NONSENSE);
        return;
    }
    if (!flow->attempt->content || told->size == 0)
        return;
    out_start_stream(flow);
    out_bytes(flow, buf_span(told));
    buf_clear(told);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

void out_refusal(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    struct reply_head head;

    trace_refusal(flow);
    if (!flow->head_sent) {
        head_of(flow, &head);
        flow->metering.event.overhead_us = head.overhead_us;
        flow->status = refusal_status(flow->refusal);
        reply_refuse(flow->request, flow->call.dialect, &head, flow->refusal, &flow->say);
    } else if (flow->attempt->raw) {
        /* Nothing can be said inside of a sound: it is seen to be cut. */
        httpd_end(flow->request, false);
    } else {
        struct buf envelope cleanup(buf_done) = buf_make(ENVELOPE_MAX);
        reply_error_body(&envelope, flow->call.dialect, flow->refusal, &flow->say, flow->call.id);
        buf_clear(scratch);
        flow->attempt->writer.out = scratch;
        flow->client->write_error(&flow->attempt->writer, buf_span(&envelope));
        (void)!httpd_send(flow->request, buf_span(scratch));
        httpd_end(flow->request, true);
    }
    flow->request = NULL;
}
