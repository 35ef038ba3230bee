/*
 * unchosen: see the header.
 */
#include "gateway/flow/unchosen.h"

#include "gateway/flow/parts.h"
#include "gateway/flow/trace.h"

/* When a drain will end nobody knows. */
#define DRAINED_RETRY_MS 60000
enum { NEAR_MODELS = 3, MESSAGE_MAX = 4096, EXCLUDED_MAX = 32 << 10, NAMED_MAX = 8 };

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

enum go flow_refuse_previous(struct flow *flow, const char *why)
{
    const struct refusal_say say = {
        .message = span_of(arena_printf(flow->arena, "Previous response with id %.*s %s.",
                                        SPAN_ARG(flow->previous.ours), why)),
        .param = "previous_response_id"};

    return refuse(flow, REFUSE_INVALID_VALUE, &say);
}

/* "…. Did you mean 'a' or 'b'?" */
static struct span say_near(struct flow *flow, const char *what, const struct span *near,
                            size_t count)
{
    struct buf message cleanup(buf_done) = buf_make(MESSAGE_MAX);

    buf_add_string(&message, what);
    for (size_t i = 0; i < count; i++)
        buf_printf(&message, "%s'%.*s'", i == 0 ? " Did you mean " : " or ", SPAN_ARG(near[i]));
    if (count > 0)
        buf_add_byte(&message, '?');
    return buf_failed(&message) ? span_of(what) : arena_span(flow->arena, buf_span(&message));
}

enum go unchosen_no_model(struct flow *flow, struct span name, const char *param)
{
    struct span near[NEAR_MODELS];
    size_t count = snapshot_near_models(flow->snapshot, name, near, NEAR_MODELS);
    const char *what =
        arena_printf(flow->arena, "The model '%.*s' does not exist.", SPAN_ARG(name));

    return refuse(
        flow, REFUSE_NO_MODEL,
        &(struct refusal_say){.message = say_near(flow, what, near, count), .param = param});
}

enum go unchosen_no_provider(struct flow *flow, struct span name, const char *param)
{
    struct span near[NEAR_MODELS];
    size_t count = snapshot_near_providers(flow->snapshot, name, near, NEAR_MODELS);
    const char *what =
        arena_printf(flow->arena, "'%s': there is no provider '%.*s'.", param, SPAN_ARG(name));

    return refuse(
        flow, REFUSE_INVALID_VALUE,
        &(struct refusal_say){.message = say_near(flow, what, near, count), .param = param});
}

enum go unchosen_no_preset(struct flow *flow, struct span name, const char *param)
{
    struct span near[NEAR_MODELS];
    size_t count =
        snapshot_near_presets(flow->snapshot, flow->key->tenant, name, near, NEAR_MODELS);
    const char *what =
        span_is(name, "auto")
            ? "'auto' is the routing preset of that name, and there is none: make one that says "
              "which model is for which request (docs/presets.md)."
            : arena_printf(flow->arena, "'%s': there is no routing preset '%.*s'.", param,
                           SPAN_ARG(name));

    return refuse(
        flow, REFUSE_INVALID_VALUE,
        &(struct refusal_say){.message = say_near(flow, what, near, count), .param = param});
}

/* What excluded all whom a wish excluded; RULE_NONE: there are several. */
static struct filtered only_rule(const struct route *route)
{
    struct filtered only = {.rule = RULE_NONE};

    for (uint32_t i = 0; i < route->excluded_count; i++) {
        const struct filtered *by = &route->excluded[i].by;

        if (!rule_is_wish(by->rule))
            continue;
        if (only.rule != RULE_NONE && (only.rule != by->rule || only.source != by->source))
            return (struct filtered){.rule = RULE_NONE};
        only = *by;
    }
    return only;
}

/* What is refused by it, and the member to blame. */
static enum refusal refusal_by(struct flow *flow, const struct filtered *by, const char **param_out)
{
    enum route_rule rule = by->rule;
    char name[RULE_NAME_MAX];

    filtered_name(by, name);
    *param_out = "provider";
    if (rule == RULE_CONTEXT || rule == RULE_IMAGES || rule == RULE_FILES || rule == RULE_AUDIO)
        *param_out = "messages";
    else if (rule != RULE_NONE)
        *param_out = arena_strdup(flow->arena, name);
    if (rule == RULE_CONTEXT)
        return REFUSE_CONTEXT_LENGTH;
    return rule >= RULE_IMAGES && rule <= RULE_STRUCTURED_OUTPUT ? REFUSE_UNSUPPORTED
                                                                 : REFUSE_INVALID_VALUE;
}

static enum go refuse_excluded(struct flow *flow, const struct snapshot_model *model)
{
    const struct route *route = &flow->route;
    struct buf message cleanup(buf_done) = buf_make(EXCLUDED_MAX);
    struct buf metadata cleanup(buf_done) = buf_make(EXCLUDED_MAX);
    struct json_writer w = json_writer_make(&metadata);
    struct refusal_say say = {0};
    char name[RULE_NAME_MAX];
    const struct filtered only = only_rule(route);
    enum refusal refusal = refusal_by(flow, &only, &say.param);

    buf_printf(&message, "No provider of '%.*s' can serve this request:", SPAN_ARG(model->id));
    for (uint32_t i = 0, told = 0; i < route->excluded_count && told < NAMED_MAX; i++) {
        const struct route_excluded *excluded = &route->excluded[i];

        if (!rule_is_wish(excluded->by.rule))
            continue;
        filtered_name(&excluded->by, name);
        buf_printf(&message, "%s %.*s %s (%s)", told++ > 0 ? ";" : "",
                   SPAN_ARG(excluded->deployment->provider), filtered_text(&excluded->by), name);
    }
    buf_add_byte(&message, '.');
    json_begin(&w, '{');
    json_name(&w, "excluded");
    trace_write_excluded(&w, flow);
    json_end(&w, '}');
    say.message = arena_span(flow->arena, buf_span(&message));
    if (!buf_failed(&metadata))
        say.metadata = arena_span(flow->arena, buf_span(&metadata));
    return refuse(flow, refusal, &say);
}

/* All that could serve are drained, and none is out of itself. */
static bool all_drained(const struct route *route)
{
    bool drained = false;

    for (uint32_t i = 0; i < route->excluded_count; i++) {
        if (route->excluded[i].by.rule == RULE_OUT)
            return false;
        drained |= route->excluded[i].by.rule == RULE_DRAINED;
    }
    return drained;
}

static enum go refuse_out(struct flow *flow, const struct snapshot_model *model)
{
    int64_t now_ms = flow_now_ms(flow);
    int64_t back_ms = board_back_ms(flow->worker->board, model, now_ms);
    struct buf metadata cleanup(buf_done) = buf_make(EXCLUDED_MAX);
    struct json_writer w = json_writer_make(&metadata);
    struct refusal_say say = {.message = span_of("No provider can serve this model now."),
                              .retry_after_ms = back_ms > now_ms ? back_ms - now_ms : 1000};

    if (all_drained(&flow->route)) {
        say.message = span_of("No provider can serve this model now: an operator has drained those "
                              "that could, and no new requests are taken until that is ended.");
        say.retry_after_ms = DRAINED_RETRY_MS;
    }
    json_begin(&w, '{');
    json_name(&w, "excluded");
    trace_write_excluded(&w, flow);
    json_end(&w, '}');
    if (!buf_failed(&metadata))
        say.metadata = arena_span(flow->arena, buf_span(&metadata));
    return refuse(flow, REFUSE_UNAVAILABLE, &say);
}

enum go unchosen_refuse(struct flow *flow, enum route_outcome outcome,
                        const struct snapshot_model *model)
{
    struct refusal_say say = {.param = "model"};

    switch (outcome) {
    case ROUTE_OK:
        break;
    case ROUTE_NOT_SOLD:
        say.message = span_of(
            arena_printf(flow->arena, "The model '%.*s' is known, but cannot be called here now.",
                         SPAN_ARG(model->id)));
        return refuse(flow, REFUSE_MODEL_UNAVAILABLE, &say);
    case ROUTE_WRONG_KIND:
        say.message = span_of(arena_printf(flow->arena,
                                           "The model '%.*s' is of kind '%.*s' and cannot be used "
                                           "with this endpoint.",
                                           SPAN_ARG(model->id), SPAN_ARG(model->kind)));
        return refuse(flow, REFUSE_INVALID_VALUE, &say);
    case ROUTE_FILTERED:
        if (flow->pinned)
            return flow_refuse_previous(flow,
                                        "was not answered by this model, and cannot go on with it");
        return refuse_excluded(flow, model);
    case ROUTE_ALL_OUT:
        return refuse_out(flow, model);
    }
    return GO_NEXT;
}
