/*
 * trace: see the header.
 */
#include "gateway/flow/trace.h"

#include <math.h>

#include "common/base/money.h"
#include "gateway/dialect/chat_member.h"
#include "gateway/flow/legs.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/flow/trace_place.h"
#include "gateway/route/route_next.h"

enum { TRACE_MAX = 64 << 10 };

/* ---- deployments ---- */

static void put_deployment(struct json_writer *w, const struct snapshot_deployment *deployment)
{
    json_put_string(w, "provider", deployment->provider);
    json_put_string(w, "model", deployment->model->id);
}

/* The target of a preset that leads there. */
static void put_target(struct json_writer *w, const struct flow *flow, uint8_t leg)
{
    if (flow->preset != NULL)
        json_put_string(w, "target", legs_name(flow, leg));
}

static void put_preset(struct json_writer *w, const struct flow *flow)
{
    if (flow->preset == NULL)
        return;
    json_name(w, "preset");
    json_begin(w, '{');
    json_put_string(w, "name", flow->preset->name);
    json_put_int64(w, "version", flow->preset->version);
    json_end(w, '}');
}

struct unreached {
    const struct snapshot_deployment *deployment;
    uint8_t leg;
    const char *because, *message;
};

static void put_excluded(struct json_writer *w, const struct flow *flow,
                         const struct unreached *unreached)
{
    json_begin(w, '{');
    put_target(w, flow, unreached->leg);
    put_deployment(w, unreached->deployment);
    json_put_cstring(w, "excluded_because", unreached->because);
    json_put_cstring(w, "message", unreached->message);
    json_end(w, '}');
}

static void write_excluded(struct json_writer *w, const struct flow *flow)
{
    const struct route *route = &flow->route;

    for (uint32_t i = 0; i < route->excluded_count; i++) {
        const struct route_excluded *excluded = &route->excluded[i];
        char name[RULE_NAME_MAX];

        filtered_name(&excluded->by, name);
        put_excluded(w, flow,
                     &(struct unreached){excluded->deployment, excluded->leg, name,
                                         filtered_text(&excluded->by)});
    }
}

void trace_write_excluded(struct json_writer *w, const struct flow *flow)
{
    json_begin(w, '[');
    write_excluded(w, flow);
    json_end(w, ']');
}

/* ---- the trace ---- */

static void write_attempts(struct json_writer *w, const struct flow *flow)
{
    const struct metering *m = &flow->metering;

    json_begin(w, '[');
    for (uint32_t i = 0; i < m->event.attempt_count; i++) {
        const struct event_attempt *attempt = &m->event.attempts[i];

        json_begin(w, '{');
        put_target(w, flow, flow->attempt_legs[i]);
        json_put_string(w, "provider", attempt->provider);
        json_put_string(w, "model", m->attempts[i].deployment->model->id);
        json_put_int64(w, "status", attempt->status);
        json_put_int64(w, "ms", attempt->ms);
        json_put_string(w, "reason", attempt->reason);
        json_end(w, '}');
    }
    json_end(w, ']');
}

/* Candidates first, in their order. */
static void write_considered(struct json_writer *w, const struct flow *flow)
{
    const struct route *route = &flow->route;

    json_begin(w, '[');
    for (uint32_t i = 0; i < route->count; i++) {
        json_begin(w, '{');
        put_target(w, flow, route->candidates[i].leg);
        put_deployment(w, route->candidates[i].deployment);
        json_name(w, "excluded_because");
        json_write_null(w);
        json_end(w, '}');
    }
    write_excluded(w, flow);
    json_end(w, ']');
}

static void write_dropped(struct json_writer *w, uint64_t lost)
{
    json_begin(w, '[');
    for (int i = 0; i < CHAT_MEMBERS; i++)
        if ((lost >> i & 1) != 0)
            json_write_string(w, span_of(chat_member_name((enum chat_member)i)));
    json_end(w, ']');
}

/* The object; in the arena. Empty when it is too long. */
static struct span trace_of(struct flow *flow)
{
    struct buf out cleanup(buf_done) = buf_make(TRACE_MAX);
    struct json_writer w = json_writer_make(&out);

    json_begin(&w, '{');
    json_put_string(&w, "requested", flow->metering.event.model_asked);
    put_preset(&w, flow);
    json_put_cstring(&w, "strategy", policy_name(flow->policy));
    json_name(&w, "attempts");
    write_attempts(&w, flow);
    if (resume_is_on(flow))
        json_put_int64(&w, "continued", flow->resume->continued);
    json_name(&w, "considered");
    write_considered(&w, flow);
    json_name(&w, "dropped");
    write_dropped(&w, flow->attempt->lost);
    json_end(&w, '}');
    return buf_failed(&out) ? (struct span){0} : arena_span(flow->arena, buf_span(&out));
}

/* ---- into an answer ---- */

/* Pieces as they are, with one more in front. */
static void put_before(struct flow *flow, struct span text)
{
    struct span *last = arena_array(flow->arena, flow->last_count + 1, sizeof(*last));

    last[0] = text;
    for (uint32_t i = 0; i < flow->last_count; i++)
        last[i + 1] = flow->last[i];
    flow->last = last;
    flow->last_count++;
    flow->last_bytes += text.size;
}

/* How much of the text stands in front of its last '}'; SIZE_MAX: something else is behind it. */
static size_t inside_of(struct span text)
{
    size_t size = text.size;

    while (size > 0 && strchr(" \t\r\n", text.at[size - 1]) != NULL)
        size--;
    return size > 0 && text.at[size - 1] == '}' ? size - 1 : SIZE_MAX;
}

/* In front of the end of the object that the pieces make. It is never empty. */
static void put_inside(struct flow *flow, struct span text)
{
    struct span *last = arena_array(flow->arena, flow->last_count + 2, sizeof(*last));
    uint32_t at = flow->last_count;
    size_t inside;

    while (at > 0 && flow->last[at - 1].size == 0)
        at--;
    if (at == 0 || (inside = inside_of(flow->last[at - 1])) == SIZE_MAX)
        return;
    for (uint32_t i = 0; i < at; i++)
        last[i] = flow->last[i];
    last[at] = text;
    last[at + 1] = span_part(last[at - 1], inside, SIZE_MAX);
    last[at - 1] = span_part(last[at - 1], 0, inside);
    flow->last = last;
    flow->last_count = at + 2;
    flow->last_bytes += text.size;
}

/* A chunk without choices, as the one that tells usage is. */
static void add_chunk(struct flow *flow, struct span trace)
{
    struct buf out cleanup(buf_done) = buf_make(2 * TRACE_MAX);
    struct json_writer w = json_writer_make(&out);
    bool completes = flow->ask.kind == ASK_COMPLETIONS;
    char id[ID_TEXT_SIZE];

    id_format(ID_GENERATION, flow->call.id, id);
    buf_add_string(&out, "data: ");
    json_begin(&w, '{');
    json_put_cstring(&w, "id", flow->attempt->way == WAY_PATCH ? flow->attempt->answer.id : id);
    json_put_cstring(&w, "object", completes ? "text_completion" : "chat.completion.chunk");
    json_put_int64(&w, "created", flow->call.start_ms / 1000);
    json_put_string(&w, "model", flow->attempt->candidate->deployment->model->id);
    json_name(&w, "choices");
    json_write_raw(&w, span_of("[]"));
    json_name(&w, "tollgate");
    json_write_raw(&w, trace);
    json_end(&w, '}');
    buf_add_string(&out, "\n\n");
    if (!buf_failed(&out))
        put_before(flow, arena_span(flow->arena, buf_span(&out)));
}

/* The last frames as one text; empty when there is no room for it. */
static struct span join_last(struct flow *flow)
{
    size_t size = 0, at = 0;
    char *text;

    for (uint32_t i = 0; i < flow->last_count; i++)
        size += flow->last[i].size;
    if (arena_room(flow->arena) < size + TRACE_MAX)
        return (struct span){0};
    text = arena_take(flow->arena, size + 1);
    for (uint32_t i = 0; i < flow->last_count; i++) {
        if (flow->last[i].size > 0)
            memcpy(text + at, flow->last[i].at, flow->last[i].size);
        at += flow->last[i].size;
    }
    return span_make(text, size);
}

/* Into one of the last frames, where they have a place for it. */
static void put_into_frame(struct flow *flow, struct span member)
{
    struct span text = join_last(flow);
    size_t at = trace_place(flow->client->family, text, &flow->worker->pool->doc);
    struct span *last;

    if (at == SIZE_MAX)
        return;
    last = arena_array(flow->arena, 3, sizeof(*last));
    last[0] = span_part(text, 0, at);
    last[1] = member;
    last[2] = span_part(text, at, text.size);
    flow->last = last;
    flow->last_count = 3;
    flow->last_bytes = text.size + member.size;
}

void trace_add(struct flow *flow)
{
    struct span trace, member;

    if (!flow->trace || flow->request == NULL || flow->last_count == 0 ||
        ask_is_service(flow->ask.kind))
        return;
    trace = trace_of(flow);
    if (trace.size == 0)
        return;
    member = span_of(arena_printf(flow->arena, ",\"tollgate\":%.*s", SPAN_ARG(trace)));
    if (!flow->ask.stream)
        put_inside(flow, member);
    else if (flow->ask.kind == ASK_CHAT || flow->ask.kind == ASK_COMPLETIONS)
        add_chunk(flow, trace);
    else
        put_into_frame(flow, member);
}

void trace_refusal(struct flow *flow)
{
    struct span old = flow->say.metadata, trace;

    if (!flow->trace || flow->key == NULL)
        return;
    trace = trace_of(flow);
    if (trace.size == 0)
        return;
    /* What is there already is an object of ours with something in it. */
    flow->say.metadata =
        span_of(old.size > 2 ? arena_printf(flow->arena, "%.*s,\"tollgate\":%.*s}",
                                            (int)old.size - 1, old.at, SPAN_ARG(trace))
                             : arena_printf(flow->arena, "{\"tollgate\":%.*s}", SPAN_ARG(trace)));
}

/* ---- instead of one ---- */

/* USD per million tokens, by the plan; null where there is no rate. */
static void put_price(struct json_writer *w, const char *name, const struct snapshot_terms *terms,
                      enum meter meter)
{
    double pico = filter_price(terms, meter);
    char text[MONEY_TEXT_MAX];

    json_name(w, name);
    if (pico < 0 || pico > 1e12) {
        json_write_null(w);
        return;
    }
    money_format((int128)llround(pico * 1e6), text);
    json_write_string(w, span_of(text));
}

static const char *health_word(const struct board_look *look, int64_t now_ms)
{
    switch (look->breaker) {
    case BREAKER_OPEN:
        return "breaker_open";
    case BREAKER_HALF_OPEN:
        return "breaker_half_open";
    case BREAKER_CLOSED:
        break;
    }
    return look->state.outage_until_ms > now_ms ? "outage" : "ok";
}

static void write_candidate(struct json_writer *w, const struct flow *flow,
                            const struct route_candidate *candidate)
{
    const struct snapshot_deployment *deployment = candidate->deployment;
    const struct board_look look =
        board_look_at(flow->worker->board, deployment, flow_now_ms(flow));

    json_begin(w, '{');
    put_target(w, flow, candidate->leg);
    put_deployment(w, deployment);
    json_put_cstring(w, "health", health_word(&look, flow_now_ms(flow)));
    json_put_int64(w, "priority", deployment->priority);
    json_put_int64(w, "weight", deployment->weight);
    json_name(w, "price");
    json_begin(w, '{');
    put_price(w, "prompt", &candidate->terms, METER_INPUT);
    put_price(w, "completion", &candidate->terms, METER_OUTPUT);
    json_end(w, '}');
    json_name(w, "first_token_ms");
    if (look.first_token_ms > 0)
        json_write_int64(w, look.first_token_ms);
    else
        json_write_null(w);
    json_name(w, "tokens_per_second");
    if (look.decitokens > 0)
        json_write_int64(w, look.decitokens / 10);
    else
        json_write_null(w);
    json_end(w, '}');
}

static bool was_tried(const struct route *route, uint32_t index)
{
    for (uint32_t i = 0; i < route->tried_count; i++)
        if (route->tried[i] == index)
            return true;
    return false;
}

/* As each was silent: what a status leads to is the preset's, or the provider's, matter. */
static void write_order(struct json_writer *w, struct flow *flow)
{
    static const struct route_end silent = {.fall = FALL_ERROR};
    const struct route_candidate *candidate;

    json_begin(w, '[');
    while ((candidate = route_next(&flow->route)) != NULL) {
        write_candidate(w, flow, candidate);
        (void)route_ended(&flow->route, candidate, &silent);
    }
    json_end(w, ']');
}

/* The targets, best first, with what leads to each. */
static void write_legs(struct json_writer *w, const struct flow *flow)
{
    static const char *const falls[FALLS] = {[FALL_ERROR] = "error",
                                             [FALL_CONTEXT] = "context_window",
                                             [FALL_POLICY] = "content_policy"};
    const struct plan *plan = &flow->plan;

    json_begin(w, '[');
    for (uint32_t i = 0; i < plan->count; i++) {
        uint8_t on = i == 0 || plan->legs[i].on == 0 ? FALL_ANY : plan->legs[i].on;

        json_begin(w, '{');
        put_target(w, flow, (uint8_t)i);
        json_put_string(w, "model",
                        plan->legs[i].model.size > 0 ? plan->legs[i].model : flow->ask.model);
        json_name(w, "on");
        json_begin(w, '[');
        for (int fall = 0; fall < FALLS; fall++)
            if ((on >> fall & 1) != 0)
                json_write_string(w, span_of(falls[fall]));
        json_end(w, ']');
        json_end(w, '}');
    }
    json_end(w, ']');
}

static struct unreached unreached_at(const struct flow *flow, uint32_t index)
{
    const struct route_candidate *candidate = &flow->route.candidates[index];
    const struct plan_leg *leg = &flow->plan.legs[candidate->leg];
    bool other = candidate->leg > 0 && leg->on != 0 && (leg->on >> FALL_ERROR & 1) == 0;

    if (other)
        return (struct unreached){candidate->deployment, candidate->leg, "on",
                                  "is gone to by another kind of failure"};
    return (struct unreached){candidate->deployment, candidate->leg, "not_reached",
                              "comes behind the attempts of a request, or behind the same account"};
}

enum go trace_answer(struct flow *flow)
{
    const struct reply_head head = {.id = flow->call.id,
                                    .client_request_id = flow->call.client_request_id,
                                    .attempts = -1,
                                    .overhead_us = out_overhead_us(flow)};
    struct buf out cleanup(buf_done) = buf_make(TRACE_MAX);
    struct json_writer w = json_writer_make(&out);

    json_begin(&w, '{');
    json_put_cstring(&w, "object", "route.dry_run");
    json_put_string(&w, "requested", flow->metering.event.model_asked);
    put_preset(&w, flow);
    json_put_cstring(&w, "strategy", policy_name(flow->policy));
    json_name(&w, "legs");
    write_legs(&w, flow);
    json_name(&w, "order");
    write_order(&w, flow);
    json_name(&w, "excluded");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < flow->route.count; i++) {
        const struct unreached unreached = unreached_at(flow, i);

        if (!was_tried(&flow->route, i))
            put_excluded(&w, flow, &unreached);
    }
    write_excluded(&w, flow);
    json_end(&w, ']');
    json_end(&w, '}');
    if (buf_failed(&out)) {
        flow_refuse(flow, REFUSE_INTERNAL, NULL);
        return GO_END;
    }
    reply_answer(flow->request, 200, &head, span_of("application/json"), buf_span(&out));
    flow->status = 200;
    flow->request = NULL;
    return GO_END;
}
