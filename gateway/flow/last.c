/*
 * last: the end of an answer, made once its cost is known and sent once FINAL is written.
 */
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/flow/served.h"
#include "gateway/flow/trace.h"

static const char done[] = "data: [DONE]\n\n";
/* Of a whole answer of another dialect. */
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 2000000};
/* Of one that is no chat: pictures, vectors. */
static const struct json_limits limits_service = {
    .max_bytes = (size_t)96 << 20, .max_depth = 64, .max_nodes = 4000000};
enum { USAGE_TEXT_MAX = 2048 };

static struct span cost_members(struct flow *flow)
{
    const struct usage_event *event = &flow->metering.event;
    const struct openai_cost cost = {
        .charge_pico = event->charge_pico,
        .base_pico = event->base_pico,
        .discount_pico = flow->metering.discount_pico,
        .billed = flow->attempt->answer.usage.shown.present != 0 ? &event->meters : NULL};

    struct span members = openai_cost_members(flow->arena, &cost);

    return resume_is_on(flow)
               ? span_of(arena_printf(flow->arena, "%.*s,\"tollgate\":{\"continued\":%u}",
                                      SPAN_ARG(members), flow->resume->continued))
               : members;
}

static struct span own_usage(struct flow *flow)
{
    return openai_make_usage(flow->arena, &flow->metering.event.meters, flow->ask.kind,
                             cost_members(flow));
}

static void patch_usage(struct flow *flow, struct patch *patch, uint32_t usage)
{
    const struct usage_event *event = &flow->metering.event;

    if (event->usage_from == USAGE_PROVIDER)
        openai_patch_usage(patch, usage,
                           openai_detail_members(flow->arena, patch->doc, usage, &event->meters,
                                                 cost_members(flow)));
    else
        patch_replace(patch, usage, own_usage(flow));
}

static void keep_last(struct flow *flow, struct patch *patch, struct span before, struct span after)
{
    struct span *last = arena_array(flow->arena, PATCH_PIECES_MAX + 2, sizeof(*last));
    uint32_t count = 0;

    if (before.size > 0)
        last[count++] = before;
    count += patch_pieces(patch, last + count, &flow->last_bytes);
    if (after.size > 0)
        last[count++] = after;
    flow->last = last;
    flow->last_count = count;
}

static void prepare_whole(struct flow *flow)
{
    const struct openai_places *places = &flow->attempt->places;
    struct json_doc *doc = &flow->worker->pool->doc;
    struct patch patch;

    patch_begin(&patch, doc);
    if (places->odd_finish)
        openai_patch_finishes(&patch, places->choices);
    if (places->usage != JSON_NONE && !json_is_null(doc, places->usage)) {
        patch_usage(flow, &patch, places->usage);
    } else if (places->usage != JSON_NONE) {
        patch_replace(&patch, places->usage, own_usage(flow));
    } else {
        struct span usage = own_usage(flow);
        must(patch_object(&patch, 0, NULL, NULL,
                          span_of(arena_printf(flow->arena, "\"usage\":%.*s", SPAN_ARG(usage)))));
    }
    keep_last(flow, &patch, (struct span){0}, (struct span){0});
}

/* A chunk for an answer whose provider sent none: the client asked for one. */
static void make_usage_chunk(struct flow *flow)
{
    struct buf out = buf_make(8 << 10);
    struct span *last = arena_take(flow->arena, sizeof(*last));

    buf_add_string(&out, "data: {\"id\":");
    (void)json_quote(&out, span_of(flow->attempt->answer.id));
    buf_printf(&out, ",\"object\":\"%s\",\"created\":%lld,\"model\":",
               flow->ask.kind == ASK_COMPLETIONS ? "text_completion" : "chat.completion.chunk",
               (long long)(flow->call.start_ms / 1000));
    (void)json_quote(&out, span_of(flow->attempt->answer.model));
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

    if (flow->attempt->usage_frame.size == 0 ||
        json_parse(doc, buf_span(&flow->attempt->usage_frame), &json_limits_body) != JSON_OK) {
        make_usage_chunk(flow);
        return;
    }
    usage = json_find(doc, 0, "usage");
    choices = json_find(doc, 0, "choices");
    patch_begin(&patch, doc);
    patch_usage(flow, &patch, usage);
    if (choices != JSON_NONE)
        patch_replace(&patch, choices, span_of("[]"));
    keep_last(flow, &patch, span_of("data: "), span_of("\n\ndata: [DONE]\n\n"));
}

static void keep_one(struct flow *flow, struct span text)
{
    struct span *last = arena_take(flow->arena, sizeof(*last));

    *last = text;
    flow->last = last;
    flow->last_count = 1;
    flow->last_bytes = text.size;
}

static void prepare_patched(struct flow *flow)
{
    if (!flow->ask.stream)
        prepare_whole(flow);
    else if (flow->ask.include_usage)
        prepare_usage_chunk(flow);
    else
        keep_one(flow, span_make(done, sizeof(done) - 1));
}

static uint32_t find_usage(const struct flow *flow, const struct json_doc *doc)
{
    const struct client_language *client = flow->client;
    uint32_t usage = json_find(doc, 0, client->usage_member);

    if (usage == JSON_NONE && client->usage_holder != NULL)
        usage = json_find(doc, json_find(doc, 0, client->usage_holder), client->usage_member);
    return usage == JSON_NONE || json_kind(doc, usage) != JSON_OBJECT ? JSON_NONE : usage;
}

/* Puts the cost into the JSON `text`, and ids of ours; false, and nothing is kept, where there is
 * no place for any. */
static bool patch_passed(struct flow *flow, struct span text, struct patch *patch)
{
    struct json_doc *doc = &flow->worker->pool->doc;
    uint32_t usage;

    if (flow->client->usage_member == NULL || json_parse(doc, text, &limits_whole) != JSON_OK)
        return false;
    usage = find_usage(flow, doc);
    patch_begin(patch, doc);
    if (usage != JSON_NONE)
        openai_patch_usage(patch, usage, cost_members(flow));
    if (flow->client->family == FAMILY_RESPONSES && responses_find(doc) != JSON_NONE)
        responses_patch_ids(patch, responses_find(doc), &flow->attempt->pin);
    return patch->count > 0;
}

static void prepare_passed_whole(struct flow *flow)
{
    struct span body = buf_span(&flow->attempt->body);
    struct patch patch;

    if (patch_passed(flow, body, &patch))
        keep_last(flow, &patch, (struct span){0}, (struct span){0});
    else
        keep_one(flow, body);
}

static void prepare_passed_stream(struct flow *flow)
{
    struct span tail = buf_span(&flow->attempt->tail);
    struct patch patch;

    if (flow->attempt->usage_bytes > 0 &&
        patch_passed(flow, span_part(tail, flow->attempt->usage_at, flow->attempt->usage_bytes),
                     &patch))
        keep_last(flow, &patch, span_part(tail, 0, flow->attempt->usage_at),
                  span_part(tail, flow->attempt->usage_at + flow->attempt->usage_bytes, SIZE_MAX));
    else
        keep_one(flow, tail);
}

/* What is written is what was rated: counted by us where the provider told nothing of use. */
static void prepare_told(struct flow *flow)
{
    const struct usage_event *event = &flow->metering.event;
    struct answer_usage *usage = arena_take(flow->arena, sizeof(*usage));
    const struct answer_event told = {
        .kind = EVENT_USAGE, .usage = usage, .json = cost_members(flow)};
    const struct answer_event end = {.kind = EVENT_DONE};

    if (event->usage_from == USAGE_PROVIDER)
        *usage = flow->attempt->answer.usage;
    else
        *usage = (struct answer_usage){.state = ANSWER_USAGE_GOOD, .meters = event->meters};
    flow->client->write(&flow->attempt->writer, &told);
    flow->client->write(&flow->attempt->writer, &end);
    if (buf_failed(&flow->attempt->told))
        flow_refuse(flow, REFUSE_INTERNAL, NULL);
    else
        keep_one(flow, buf_span(&flow->attempt->told));
}

static struct span own_service_usage(struct flow *flow)
{
    struct buf out cleanup(buf_done) = buf_make(USAGE_TEXT_MAX);
    struct json_writer w = json_writer_make(&out);

    if (flow->ask.kind == ASK_EMBEDDINGS)
        return own_usage(flow);
    service_write_usage(&w, flow->ask.kind, &flow->metering.event.meters, cost_members(flow));
    must(!buf_failed(&out));
    return arena_span(flow->arena, buf_span(&out));
}

/* Puts the cost into the answer's JSON, where there is any. A usage object that tells what was
 * rated stays but for it; another one is ours. */
static bool patch_service(struct flow *flow, struct span text, struct patch *patch)
{
    struct json_doc *doc = &flow->worker->pool->doc;
    bool told = flow->metering.event.usage_from == USAGE_PROVIDER;
    uint32_t usage;

    if (json_parse(doc, text, &limits_service) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT)
        return false;
    usage = json_find(doc, 0, "usage");
    patch_begin(patch, doc);
    if (usage != JSON_NONE && json_kind(doc, usage) == JSON_OBJECT && told)
        openai_patch_usage(patch, usage, cost_members(flow));
    else if (usage != JSON_NONE)
        patch_replace(patch, usage, own_service_usage(flow));
    else
        must(patch_object(patch, 0, NULL, NULL,
                          span_of(arena_printf(flow->arena, "\"usage\":%.*s",
                                               SPAN_ARG(own_service_usage(flow))))));
    return true;
}

static void prepare_service(struct flow *flow)
{
    struct span tail = buf_span(&flow->attempt->tail), body = buf_span(&flow->attempt->body);
    struct patch patch;

    if (flow->attempt->raw)
        return;
    if (!served_streams(flow)) {
        if (patch_service(flow, body, &patch))
            keep_last(flow, &patch, (struct span){0}, (struct span){0});
        else
            keep_one(flow, body);
    } else if (flow->attempt->usage_bytes > 0 &&
               patch_service(flow,
                             span_part(tail, flow->attempt->usage_at, flow->attempt->usage_bytes),
                             &patch)) {
        keep_last(flow, &patch, span_part(tail, 0, flow->attempt->usage_at),
                  span_part(tail, flow->attempt->usage_at + flow->attempt->usage_bytes, SIZE_MAX));
    } else {
        keep_one(flow, tail);
    }
}

void out_prepare_last(struct flow *flow)
{
    if (flow->request == NULL)
        return;
    switch (flow->attempt->way) {
    case WAY_PATCH:
        prepare_patched(flow);
        break;
    case WAY_PASS:
        if (flow->ask.stream)
            prepare_passed_stream(flow);
        else
            prepare_passed_whole(flow);
        break;
    case WAY_TRANSLATE:
        prepare_told(flow);
        break;
    case WAY_SERVICE:
        prepare_service(flow);
        break;
    }
    trace_add(flow);
}

static struct span type_of(const struct flow *flow)
{
    return flow->attempt->way == WAY_SERVICE && flow->attempt->content_type.size > 0
               ? flow->attempt->content_type
               : span_of("application/json");
}

void out_last(struct flow *flow)
{
    if (flow->attempt->raw)
        must(flow->head_sent);
    else if (served_streams(flow))
        out_start_stream(flow);
    else
        out_start(flow, type_of(flow), flow->last_bytes);
    if (flow->attempt->held.size > 0)
        out_bytes(flow, buf_span(&flow->attempt->held));
    for (uint32_t i = 0; i < flow->last_count; i++)
        (void)!httpd_send(flow->request, flow->last[i]);
    httpd_end(flow->request, true);
    flow->request = NULL;
}
