/*
 * choose: see the header.
 */
#include "gateway/flow/choose.h"

#include "gateway/dialect/ask_needs.h"
#include "gateway/flow/hedge.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/served.h"
#include "gateway/flow/trace.h"

enum { NEAR_MODELS = 3, MESSAGE_MAX = 1024, EXCLUDED_MAX = 32 << 10, NAMED_MAX = 8 };
/* No provider keeps a shorter prompt in its cache. */
#define CACHED_BYTES_MIN 4096
/* What prices are compared by where the client says no cap, and what few answers go beyond. */
#define OUTPUT_TOKENS_USUAL 256
#define OUTPUT_TOKENS_MANY 1024
/* When a drain will end nobody knows. */
#define DRAINED_RETRY_MS 60000

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

/* ---- the policy ---- */

static enum go refuse_word(struct flow *flow, const char *param, const char *allowed)
{
    const struct refusal_say say = {
        .message = span_of(arena_printf(flow->arena, "'%s' must be %s.", param, allowed)),
        .param = param};

    return refuse(flow, REFUSE_INVALID_VALUE, &say);
}

/* provider.sort, else route_preference, else the header; a model's suffix is read with its name. */
static enum go read_policy(struct flow *flow, bool *told_out)
{
    struct span sort = flow->ask.wish.sort, preference = flow->ask.preference;
    struct span header = httpd_header(flow->request, "x-tollgate-route-preference");

    *told_out = sort.size > 0 || preference.size > 0;
    if (header.size > 0 && policy_parse_preference(header, &flow->policy) != 0)
        return refuse_word(flow, "x-tollgate-route-preference", POLICY_PREFERENCES);
    if (preference.size > 0 && policy_parse_preference(preference, &flow->policy) != 0)
        return refuse_word(flow, "route_preference", POLICY_PREFERENCES);
    if (sort.size > 0 && policy_parse(sort, &flow->policy) != 0)
        return refuse_word(flow, "provider.sort", POLICY_NAMES);
    return GO_NEXT;
}

/* A conversation stays where its prompt may be cached; all else goes by chance. */
static uint64_t random_of(const struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    uint64_t tenant, number;

    memcpy(&tenant, flow->key->tenant->id.at, sizeof(tenant));
    if (ask->session_id.size > 0)
        return tenant ^ ask_hash(ask->session_id);
    if (ask_is_chat(ask->kind) && ask->input_bound >= CACHED_BYTES_MIN)
        return tenant ^ ask_conversation(&flow->ask_doc);
    memcpy(&number, &flow->call.id.at[sizeof(flow->call.id) - sizeof(number)], sizeof(number));
    return number;
}

/* ---- candidates ---- */

static bool key_allows(const struct snapshot_key *key, struct span model)
{
    if (key->allowed_models == NULL)
        return true;
    for (uint32_t i = 0; i < key->allowed_count; i++)
        if (span_equal(key->allowed_models[i], model))
            return true;
    return false;
}

int64_t choose_usual_output(const struct flow *flow)
{
    if (!ask_is_chat(flow->ask.kind))
        return 0;
    if (flow->output_cap <= 0)
        return OUTPUT_TOKENS_USUAL;
    return flow->output_cap < OUTPUT_TOKENS_MANY ? flow->output_cap : OUTPUT_TOKENS_MANY;
}

static struct route_filter filter_for(const struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    const struct provider_wish *wish = &ask->wish;
    const struct ask_needs needs = ask_needs_of(ask->kind, &flow->ask_doc);
    bool counted = ask_is_chat(ask->kind) && flow->chat_state != CHAT_UNFIT;
    struct route_filter filter = {.capped = wish->capped,
                                  .input = needs.input,
                                  .needs = needs.can,
                                  .zdr = wish->zdr,
                                  .no_collection = wish->no_collection,
                                  .require = wish->require_parameters,
                                  .input_tokens = counted ? flow->metering.counted_input : 0};

    _Static_assert((int)CAPS == (int)WISH_CAPS && (int)CAP_IMAGE == (int)WISH_CAP_IMAGE,
                   "the caps of the filter in the order of the wish");
    memcpy(filter.caps, wish->caps, sizeof(filter.caps));
    if (wish->quantizations != NULL) {
        filter.quantizations = wish->quantizations->at;
        filter.quantization_count = wish->quantizations->count;
    }
    if (wish->regions != NULL) {
        filter.regions = wish->regions->at;
        filter.region_count = wish->regions->count;
    }
    return filter;
}

static struct route_wish wish_of(const struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    const struct provider_wish *wish = &ask->wish;

    return (struct route_wish){.order = wish->order.at,
                               .order_count = wish->order.count,
                               .only = wish->only.at,
                               .only_count = wish->only.count,
                               .ignore = wish->ignore.at,
                               .ignore_count = wish->ignore.count,
                               .no_fallbacks = wish->no_fallbacks,
                               .pinned = flow->pinned ? &flow->pinned_to : NULL,
                               .test_key = flow->key->kind == KEY_TEST,
                               .chat = ask_is_chat(ask->kind),
                               .kind = served_kind(ask->kind),
                               .serves = ask_is_chat(ask->kind) ? NULL : served_can,
                               .serves_context = flow,
                               .filter = filter_for(flow),
                               .preferred = wish,
                               .random = random_of(flow),
                               .input_tokens = flow->metering.counted_input + 1,
                               .output_tokens = choose_usual_output(flow)};
}

/* A model by its name, or by its name and how to sort. */
static const struct snapshot_model *find_model(const struct flow *flow, struct span name,
                                               enum policy *policy)
{
    const struct snapshot_model *model = snapshot_find_model(flow->snapshot, name);
    enum policy told;

    if (model != NULL || policy_parse_suffix(&name, &told) != 0)
        return model;
    *policy = told;
    return snapshot_find_model(flow->snapshot, name);
}

static enum route_outcome collect(struct flow *flow, const struct snapshot_model *model,
                                  struct route_wish *wish, enum policy policy)
{
    const struct route_view view = {.snapshot = flow->snapshot,
                                    .tenant = flow->key->tenant,
                                    .board = flow->worker->board,
                                    .looks_only = flow->call.endpoint == ENDPOINT_COUNT_TOKENS ||
                                                  flow->call.endpoint == ENDPOINT_DRY_RUN,
                                    .start_ms = flow->call.start_ms,
                                    .now_mono_ms = flow_now_ms(flow)};

    wish->policy = policy;
    return route_collect(&view, model, wish, &flow->route);
}

/* ---- refusals ---- */

static enum go refuse_unknown_model(struct flow *flow)
{
    struct span near[NEAR_MODELS];
    size_t count = snapshot_near_models(flow->snapshot, flow->ask.model, near, NEAR_MODELS);
    struct buf message = buf_make(2 * MESSAGE_MAX);

    buf_printf(&message, "The model '%.*s' does not exist.", SPAN_ARG(flow->ask.model));
    for (size_t i = 0; i < count; i++)
        buf_printf(&message, "%s'%.*s'", i == 0 ? " Did you mean " : " or ", SPAN_ARG(near[i]));
    if (count > 0)
        buf_add_byte(&message, '?');
    struct span text = arena_span(flow->arena, buf_span(&message));
    buf_done(&message);
    return refuse(flow, REFUSE_NO_MODEL, &(struct refusal_say){.message = text, .param = "model"});
}

/* The one rule that excluded all whom a wish excluded; RULE_NONE: there are several. */
static enum route_rule only_rule(const struct route *route)
{
    enum route_rule rule = RULE_NONE;

    for (uint32_t i = 0; i < route->excluded_count; i++) {
        enum route_rule by = route->excluded[i].by.rule;

        if (!rule_is_wish(by))
            continue;
        if (rule != RULE_NONE && rule != by)
            return RULE_NONE;
        rule = by;
    }
    return rule;
}

/* What is refused by the rule, and the member to blame. */
static enum refusal refusal_by(enum route_rule rule, const char **param_out)
{
    *param_out = "provider";
    if (rule == RULE_CONTEXT || rule == RULE_IMAGES || rule == RULE_FILES || rule == RULE_AUDIO)
        *param_out = "messages";
    else if (rule != RULE_NONE)
        *param_out = rule_name(rule);
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
    enum refusal refusal = refusal_by(only_rule(route), &say.param);

    buf_printf(&message, "No provider of '%.*s' can serve this request:", SPAN_ARG(model->id));
    for (uint32_t i = 0, told = 0; i < route->excluded_count && told < NAMED_MAX; i++) {
        const struct route_excluded *excluded = &route->excluded[i];

        if (!rule_is_wish(excluded->by.rule))
            continue;
        buf_printf(&message, "%s %.*s %s (%s)", told++ > 0 ? ";" : "",
                   SPAN_ARG(excluded->deployment->provider),
                   excluded->by.unknown ? "is not known to comply" : rule_text(excluded->by.rule),
                   rule_name(excluded->by.rule));
    }
    buf_add_byte(&message, '.');
    json_begin(&w, '{');
    json_name(&w, "excluded");
    trace_write_excluded(&w, route);
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
    trace_write_excluded(&w, &flow->route);
    json_end(&w, '}');
    if (!buf_failed(&metadata))
        say.metadata = arena_span(flow->arena, buf_span(&metadata));
    return refuse(flow, REFUSE_UNAVAILABLE, &say);
}

static enum go refuse_route(struct flow *flow, enum route_outcome outcome,
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

/* Those of models[]. */
static void add_fallbacks(struct flow *flow, const struct snapshot_model *model,
                          struct route_wish *wish)
{
    const struct ask *ask = &flow->ask;

    for (uint32_t i = 0; i < ask->model_count && !flow->pinned; i++) {
        enum policy policy = flow->policy;
        const struct snapshot_model *other = find_model(flow, ask->models[i], &policy);

        if (other != NULL && other != model && key_allows(flow->key, other->id))
            (void)!collect(flow, other, wish, policy);
    }
}

enum go choose_candidates(struct flow *flow)
{
    struct route_wish wish = wish_of(flow);
    enum route_outcome outcome = ROUTE_NOT_SOLD;
    const struct snapshot_model *model;
    enum policy suffixed;
    bool told;

    flow->trace = span_is(httpd_header(flow->request, "x-tollgate-trace"), "1");
    flow->hedges = flow_wants_hedge(flow);
    if (read_policy(flow, &told) != GO_NEXT)
        return GO_END;
    suffixed = flow->policy;
    model = find_model(flow, flow->ask.model, &suffixed);
    flow->policy = told ? flow->policy : suffixed;
    if (model != NULL && key_allows(flow->key, model->id))
        outcome = collect(flow, model, &wish, flow->policy);
    add_fallbacks(flow, model, &wish);
    if (flow->route.count > 0)
        return GO_NEXT;
    if (model == NULL)
        return refuse_unknown_model(flow);
    if (!key_allows(flow->key, model->id))
        return refuse(
            flow, REFUSE_NOT_ALLOWED,
            &(struct refusal_say){.message = span_of("This API key may not use that model."),
                                  .param = "model"});
    return refuse_route(flow, outcome, model);
}
