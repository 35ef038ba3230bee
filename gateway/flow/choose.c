/*
 * choose: see the header.
 */
#include "gateway/flow/choose.h"

#include "gateway/dialect/ask_needs.h"
#include "gateway/flow/hedge.h"
#include "gateway/flow/legs.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/served.h"
#include "gateway/flow/unchosen.h"
#include "gateway/route/route_next.h"

/* No provider keeps a shorter prompt in its cache. */
#define CACHED_BYTES_MIN 4096
/* What prices are compared by where the client says no cap, and what few answers go beyond. */
#define OUTPUT_TOKENS_USUAL 256
#define OUTPUT_TOKENS_MANY 1024

/* ---- the policy ---- */

static enum go refuse_word(struct flow *flow, const char *param, const char *allowed)
{
    const struct refusal_say say = {
        .message = span_of(arena_printf(flow->arena, "'%s' must be %s.", param, allowed)),
        .param = param};

    flow_refuse(flow, REFUSE_INVALID_VALUE, &say);
    return GO_END;
}

/* What was said of the order of candidates: by the request, or for all that say nothing. */
struct sorting {
    bool told;
    enum policy policy, otherwise;
};

/* provider.sort, else route_preference; what holds else, and what a model's suffix goes before, is
 * the header's, else the tenant's, else the operator's. */
static enum go read_sorting(struct flow *flow, struct sorting *sorting)
{
    struct span sort = flow->ask.wish.sort, preference = flow->ask.preference;
    struct span header = httpd_header(flow->request, "x-tollgate-route-preference");
    struct span tenant = flow->key->tenant->routing.strategy;

    sorting->told = sort.size > 0 || preference.size > 0;
    sorting->otherwise = flow->worker->config.strategy;
    if (tenant.size > 0)
        (void)!policy_parse(tenant, &sorting->otherwise);
    if (header.size > 0 && policy_parse_preference(header, &sorting->otherwise) != 0)
        return refuse_word(flow, "x-tollgate-route-preference", POLICY_PREFERENCES);
    if (preference.size > 0 && policy_parse_preference(preference, &sorting->policy) != 0)
        return refuse_word(flow, "route_preference", POLICY_PREFERENCES);
    if (sort.size > 0 && policy_parse(sort, &sorting->policy) != 0)
        return refuse_word(flow, "provider.sort", POLICY_NAMES);
    return GO_NEXT;
}

/* Of one leg: a preset's target may have one of its own. */
static enum policy policy_of(const struct sorting *sorting, const struct plan_leg *leg,
                             enum policy suffixed)
{
    enum policy policy = suffixed;

    if (sorting->told)
        return sorting->policy;
    if (leg->target != NULL && leg->target->wish != NULL && leg->target->wish->sort.size > 0)
        (void)!policy_parse(leg->target->wish->sort, &policy);
    return policy;
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

static void filter_by(const struct provider_wish *wish, struct route_filter *filter)
{
    _Static_assert((int)CAPS == (int)WISH_CAPS && (int)CAP_IMAGE == (int)WISH_CAP_IMAGE,
                   "the caps of the filter in the order of the wish");
    filter->capped = wish->capped;
    memcpy(filter->caps, wish->caps, sizeof(filter->caps));
    filter->zdr = wish->zdr;
    filter->no_collection = wish->no_collection;
    filter->require = wish->require_parameters;
    if (wish->quantizations != NULL) {
        filter->quantizations = wish->quantizations->at;
        filter->quantization_count = wish->quantizations->count;
    }
    if (wish->regions != NULL) {
        filter->regions = wish->regions->at;
        filter->region_count = wish->regions->count;
    }
}

static struct route_filter filter_for(const struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    const struct ask_needs needs = ask_needs_of(ask->kind, &flow->ask_doc);
    bool counted = ask_is_chat(ask->kind) && flow->chat_state != CHAT_UNFIT;
    struct route_filter filter = {.input = needs.input,
                                  .needs = needs.can,
                                  .input_tokens = counted ? flow->metering.counted_input : 0};

    filter_by(&ask->wish, &filter);
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

/* What the tenant asks of all its requests; false: nothing. */
static bool limit_by_tenant(const struct flow *flow, struct route_limit *limit)
{
    const struct routing_rules *rules = &flow->key->tenant->routing;

    *limit = (struct route_limit){.source = FILTER_TENANT,
                                  .filter = {.zdr = rules->zdr,
                                             .no_collection = rules->no_collection,
                                             .regions = rules->regions,
                                             .region_count = rules->region_count}};
    return rules->zdr || rules->no_collection || rules->region_count > 0;
}

/* What a preset's target asks; the client's own order goes before its. */
static void limit_by_target(const struct provider_wish *asked, struct route_limit *limit,
                            struct route_wish *wish)
{
    *limit = (struct route_limit){.source = FILTER_PRESET,
                                  .only = asked->only.at,
                                  .only_count = asked->only.count,
                                  .ignore = asked->ignore.at,
                                  .ignore_count = asked->ignore.count};
    filter_by(asked, &limit->filter);
    limit->filter.input = wish->filter.input;
    limit->filter.needs = wish->filter.needs;
    wish->limits[1] = limit;
    wish->no_fallbacks |= asked->no_fallbacks;
    if (wish->order_count == 0) {
        wish->order = asked->order.at;
        wish->order_count = asked->order.count;
    }
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

static struct route_view view_of(const struct flow *flow)
{
    return (struct route_view){.snapshot = flow->snapshot,
                               .tenant = flow->key->tenant,
                               .board = flow->worker->board,
                               .looks_only = flow->call.endpoint == ENDPOINT_COUNT_TOKENS ||
                                             flow->call.endpoint == ENDPOINT_DRY_RUN,
                               .start_ms = flow->call.start_ms,
                               .now_mono_ms = flow_now_ms(flow)};
}

/* ---- legs ---- */

/* What is known of the legs while their candidates are collected. */
struct choosing {
    struct flow *flow;
    struct route_view view;
    struct route_wish wish; /* of all of them */
    struct sorting sorting;
    const struct snapshot_model *models[PLAN_LEGS_MAX]; /* NULL: none, or not for this key */
    enum route_outcome outcome;                         /* of the first */
};

/* The same model once more, with nothing that is different: the first leg is for both. */
static bool is_repeated(struct choosing *c, uint32_t at)
{
    struct route_leg *legs = c->flow->route.legs;
    const struct plan *plan = &c->flow->plan;

    for (uint32_t i = 0; i < at && plan->legs[at].target == NULL; i++)
        if (plan->legs[i].target == NULL && c->models[i] == c->models[at]) {
            legs[i].on = legs[i].on == 0 || legs[at].on == 0 ? 0 : legs[i].on | legs[at].on;
            return true;
        }
    return false;
}

static enum route_outcome collect(struct choosing *c, uint32_t at, enum policy policy)
{
    const struct plan_leg *leg = &c->flow->plan.legs[at];
    struct route_wish wish = c->wish;
    struct route_limit limit;

    wish.leg = (uint8_t)at;
    wish.policy = policy;
    if (leg->target != NULL && leg->target->wish != NULL)
        limit_by_target(leg->target->wish, &limit, &wish);
    return route_collect(&c->view, c->models[at], &wish, &c->flow->route);
}

/* Names that the request says are there; what is not in the catalog any more of what a preset says
 * is left out. */
static enum go choose_leg(struct choosing *c, uint32_t at)
{
    struct flow *flow = c->flow;
    const struct plan_leg *leg = &flow->plan.legs[at];
    struct span name = leg->model.size > 0 ? leg->model : flow->ask.model;
    enum policy policy = c->sorting.otherwise;
    const struct snapshot_model *model = find_model(flow, name, &policy);
    enum route_outcome outcome;

    policy = policy_of(&c->sorting, leg, policy);
    flow->route.legs[at] = (struct route_leg){.on = leg->on, .leave_on = leg->leave_on};
    if (at == 0)
        flow->policy = policy;
    if (model == NULL && leg->target == NULL)
        return unchosen_no_model(flow, name, legs_member(flow, at));
    if (model == NULL || !key_allows(flow->key, model->id))
        return GO_NEXT;
    c->models[at] = model;
    if (is_repeated(c, at))
        return GO_NEXT;
    outcome = collect(c, at, policy);
    if (at == 0)
        c->outcome = outcome;
    return GO_NEXT;
}

/* Whether the first leg was left empty because the prompt is longer than all of its models read. */
static bool first_is_too_short(const struct route *route)
{
    bool any = false;

    for (uint32_t i = 0; i < route->excluded_count; i++) {
        const struct route_excluded *excluded = &route->excluded[i];

        if (excluded->leg == 0 && rule_is_wish(excluded->by.rule)) {
            any = true;
            if (excluded->by.rule != RULE_CONTEXT)
                return false;
        }
    }
    return any;
}

/* Somebody is there for the first attempt. */
static bool may_begin(struct route *route)
{
    for (uint32_t i = 0; i < route->count; i++)
        if (route->candidates[i].leg == 0)
            return true;
    return route->count > 0 &&
           route_fall_from(route, 0, first_is_too_short(route) ? FALL_CONTEXT : FALL_ERROR);
}

static enum go refuse_nobody(struct choosing *c)
{
    struct flow *flow = c->flow;

    if (c->models[0] != NULL)
        return unchosen_refuse(flow, c->outcome, c->models[0]);
    for (uint32_t i = 1; i < flow->plan.count; i++)
        if (c->models[i] != NULL)
            return unchosen_refuse(flow, ROUTE_FILTERED, c->models[i]);
    flow_refuse(flow, REFUSE_NOT_ALLOWED,
                &(struct refusal_say){.message = span_of("This API key may not use that model."),
                                      .param = "model"});
    return GO_END;
}

/* ---- names of providers ---- */

static enum go check_providers(struct flow *flow)
{
    const struct provider_wish *wish = &flow->ask.wish;
    const struct {
        const char *param;
        const struct wish_names *names;
    } lists[] = {{"provider.order", &wish->order},
                 {"provider.only", &wish->only},
                 {"provider.ignore", &wish->ignore}};

    for (size_t i = 0; i < array_size(lists); i++)
        for (uint32_t j = 0; j < lists[i].names->count; j++)
            if (!snapshot_has_provider(flow->snapshot, lists[i].names->at[j]))
                return unchosen_no_provider(flow, lists[i].names->at[j], lists[i].param);
    return GO_NEXT;
}

enum go choose_candidates(struct flow *flow)
{
    struct choosing c = {.flow = flow, .outcome = ROUTE_NOT_SOLD};
    struct route_limit tenants;
    enum go go;

    flow->trace = span_is(httpd_header(flow->request, "x-tollgate-trace"), "1");
    flow->hedges = flow_wants_hedge(flow);
    go = read_sorting(flow, &c.sorting);
    if (go == GO_NEXT)
        go = check_providers(flow);
    if (go == GO_NEXT)
        go = legs_plan(flow);
    if (go != GO_NEXT)
        return go;
    c.view = view_of(flow);
    c.wish = wish_of(flow);
    if (limit_by_tenant(flow, &tenants))
        c.wish.limits[0] = &tenants;
    for (uint32_t i = 0; i < flow->plan.count && go == GO_NEXT; i++)
        go = choose_leg(&c, i);
    if (go != GO_NEXT || may_begin(&flow->route))
        return go;
    return refuse_nobody(&c);
}
