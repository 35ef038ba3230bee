/*
 * out: what the client of a flow gets: head, frames, the end with its cost, or why not.
 */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/dialect/openai.h"
#include "gateway/flow/parts.h"

static const char ping[] = ": ping\n\n";
static const char done[] = "data: [DONE]\n\n";

int64_t out_overhead_us(const struct flow *flow)
{
    int64_t us = clock_mono_us() - flow->call.arrived_us - flow->waited_us;

    return us < 0 ? 0 : us;
}

/* There is no cache yet, and nobody else may keep an answer. */
static const struct httpd_header further[] = {
    {{"x-tollgate-cache", sizeof("x-tollgate-cache") - 1}, {"bypass", sizeof("bypass") - 1}},
    {{"cache-control", sizeof("cache-control") - 1}, {"no-cache", sizeof("no-cache") - 1}}};

static void head_of(const struct flow *flow, struct reply_head *head_out)
{
    const struct route_candidate *candidate = flow->attempt.candidate;

    *head_out = (struct reply_head){.id = flow->call.id,
                                    .client_request_id = flow->call.client_request_id,
                                    .attempts = (int32_t)flow->metering.event.attempt_count,
                                    .overhead_us = out_overhead_us(flow),
                                    .limits = flow->key == NULL ? NULL : &flow->limits,
                                    .further = further,
                                    .further_count = array_size(further)};
    if (candidate == NULL)
        return;
    head_out->model = candidate->deployment->model->id;
    head_out->provider =
        candidate->deployment->sandbox ? span_of("sandbox") : candidate->deployment->provider;
}

static void start(struct flow *flow, const char *content_type, size_t body_bytes)
{
    struct reply_head head;

    head_of(flow, &head);
    flow->metering.event.overhead_us = head.overhead_us;
    reply_start(flow->request, 200, &head, span_of(content_type), body_bytes);
    flow->head_sent = true;
    flow->status = 200;
}

static void send_bytes(struct flow *flow, struct span bytes)
{
    struct attempt *attempt = &flow->attempt;

    flow->sent_ms = flow_now_ms(flow);
    if (!httpd_send(flow->request, bytes) || attempt->call == NULL || attempt->paused)
        return;
    attempt->paused = true;
    flow->worker->upstream->ops->pause(attempt->call);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_UPSTREAM_PAUSES, 1);
}

static void start_stream(struct flow *flow)
{
    if (flow->head_sent)
        return;
    start(flow, "text/event-stream; charset=utf-8", SIZE_MAX);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAMS, 1);
}

void out_ping(struct flow *flow)
{
    start_stream(flow);
    send_bytes(flow, span_make(ping, sizeof(ping) - 1));
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
        buf_clear(&flow->usage_frame);
        buf_add_span(&flow->usage_frame, frame->data);
    }
    /* A chunk for usage alone; with null in it too, where the provider told none. */
    if (places->usage != JSON_NONE && places->no_choices)
        return (struct span){0};
    buf_clear(scratch);
    if (!told && (places->usage == JSON_NONE || flow->ask.include_usage)) {
        if (frame->plain)
            return span_make(frame->text.at, frame->text.size + 2);
        buf_add_span(scratch, frame->text);
    } else {
        patch_begin(&patch, &flow->worker->pool->doc);
        openai_patch_no_usage(&patch, &flow->cut_from, &flow->cut_to);
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
    if (!flow->attempt.content) {
        /* What a provider says before its first content is little; more of it is nonsense. A finish
         * without content is held too: it goes out with the end. */
        if (buf_add_span(&flow->held, bytes) != 0) {
            flow->attempt.failed = true;
            flow->attempt.fault = FAULT_NONSENSE;
        }
        return;
    }
    start_stream(flow);
    if (flow->held.size > 0) {
        send_bytes(flow, buf_span(&flow->held));
        buf_clear(&flow->held);
    }
    send_bytes(flow, bytes);
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

void out_frame(struct flow *flow, const struct sse_frame *frame, const struct openai_places *places)
{
    put_frame(flow, frame_bytes(flow, frame, places));
}

void out_finishes(struct flow *flow)
{
    struct answer *answer = &flow->attempt.answer;
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
    const struct shape *shape = &flow->shape;
    size_t size = frame->text.size, cut = size - shape->cut_from_end;

    if (flow->request == NULL)
        return;
    if (shape->cut > 0) {
        send_bytes(flow, span_make(frame->text.at, cut));
        send_bytes(flow, span_make(frame->text.at + cut + shape->cut, size - cut - shape->cut + 2));
    } else {
        send_bytes(flow, span_make(frame->text.at, size + 2));
    }
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_STREAM_CHUNKS, 1);
}

/* ---- the end of the answer ---- */
static struct span cost_members(struct flow *flow)
{
    const struct usage_event *event = &flow->metering.event;
    const struct openai_cost cost = {
        .charge_pico = event->charge_pico,
        .base_pico = event->base_pico,
        .discount_pico = flow->metering.discount_pico,
        .billed = flow->attempt.answer.usage.shown.present != 0 ? &event->meters : NULL};

    return openai_cost_members(flow->arena, &cost);
}

static struct span own_usage(struct flow *flow)
{
    return openai_make_usage(flow->arena, &flow->metering.event.meters, flow->ask.kind,
                             cost_members(flow));
}

static void patch_usage(struct flow *flow, struct patch *patch, uint32_t usage)
{
    if (flow->metering.event.usage_from == USAGE_PROVIDER)
        openai_patch_usage(patch, usage, cost_members(flow));
    else
        patch_replace(patch, usage, own_usage(flow));
}

static void keep_last(struct flow *flow, struct patch *patch, const char *before, const char *after)
{
    struct span *last = arena_array(flow->arena, PATCH_PIECES_MAX + 2, sizeof(*last));
    uint32_t count = 0;

    if (before != NULL)
        last[count++] = span_of(before);
    count += patch_pieces(patch, last + count, &flow->last_bytes);
    if (after != NULL)
        last[count++] = span_of(after);
    flow->last = last;
    flow->last_count = count;
}

static void prepare_whole(struct flow *flow)
{
    const struct openai_places *places = &flow->attempt.places;
    struct json_doc *doc = &flow->worker->pool->doc;
    struct patch patch;

    patch_begin(&patch, doc);
    if (places->usage != JSON_NONE && !json_is_null(doc, places->usage)) {
        patch_usage(flow, &patch, places->usage);
    } else if (places->usage != JSON_NONE) {
        patch_replace(&patch, places->usage, own_usage(flow));
    } else {
        struct span usage = own_usage(flow);
        must(patch_object(&patch, 0, NULL, NULL,
                          span_of(arena_printf(flow->arena, "\"usage\":%.*s", SPAN_ARG(usage)))));
    }
    keep_last(flow, &patch, NULL, NULL);
}

/* A chunk for an answer whose provider sent none: the client asked for one. */
static void make_usage_chunk(struct flow *flow)
{
    struct buf out = buf_make(8 << 10);
    struct span *last = arena_take(flow->arena, sizeof(*last));

    buf_add_string(&out, "data: {\"id\":");
    (void)json_quote(&out, span_of(flow->attempt.answer.id));
    buf_printf(&out, ",\"object\":\"chat.completion.chunk\",\"created\":%lld,\"model\":",
               (long long)(flow->call.start_ms / 1000));
    (void)json_quote(&out, span_of(flow->attempt.answer.model));
    buf_add_string(&out, ",\"choices\":[],\"usage\":");
    buf_add_span(&out, own_usage(flow));
    buf_add_string(&out, "}\n\ndata: [DONE]\n\n");
    must(!buf_failed(&out));
    *last = arena_span(flow->arena, buf_span(&out));
    buf_done(&out);
    flow->last = last;
    flow->last_count = 1;
}

/* The chunk that told usage, as the last one: no choices in it, the cost in its usage. */
static void prepare_usage_chunk(struct flow *flow)
{
    struct json_doc *doc = &flow->worker->pool->doc;
    struct patch patch;
    uint32_t usage, choices;

    if (flow->usage_frame.size == 0 ||
        json_parse(doc, buf_span(&flow->usage_frame), &json_limits_body) != JSON_OK) {
        make_usage_chunk(flow);
        return;
    }
    usage = json_find(doc, 0, "usage");
    choices = json_find(doc, 0, "choices");
    patch_begin(&patch, doc);
    patch_usage(flow, &patch, usage);
    if (choices != JSON_NONE)
        patch_replace(&patch, choices, span_of("[]"));
    keep_last(flow, &patch, "data: ", "\n\ndata: [DONE]\n\n");
}

void out_prepare_last(struct flow *flow)
{
    if (flow->request == NULL)
        return;
    if (!flow->ask.stream) {
        prepare_whole(flow);
    } else if (flow->ask.include_usage) {
        prepare_usage_chunk(flow);
    } else {
        struct span *last = arena_take(flow->arena, sizeof(*last));
        *last = span_make(done, sizeof(done) - 1);
        flow->last = last;
        flow->last_count = 1;
    }
}

void out_last(struct flow *flow)
{
    if (flow->ask.stream)
        start_stream(flow);
    else
        start(flow, "application/json", flow->last_bytes);
    if (flow->held.size > 0)
        send_bytes(flow, buf_span(&flow->held));
    for (uint32_t i = 0; i < flow->last_count; i++)
        (void)!httpd_send(flow->request, flow->last[i]);
    httpd_end(flow->request, true);
    flow->request = NULL;
}

void out_refusal(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    struct reply_head head;

    if (!flow->head_sent) {
        head_of(flow, &head);
        flow->metering.event.overhead_us = head.overhead_us;
        flow->status = refusal_status(flow->refusal);
        reply_refuse(flow->request, flow->call.dialect, &head, flow->refusal, &flow->say);
    } else {
        buf_clear(scratch);
        buf_add_string(scratch, "data: ");
        reply_error_body(scratch, flow->call.dialect, flow->refusal, &flow->say, flow->call.id);
        buf_add_string(scratch, "\n\n");
        (void)!httpd_send(flow->request, buf_span(scratch));
        httpd_end(flow->request, true);
    }
    flow->request = NULL;
}
