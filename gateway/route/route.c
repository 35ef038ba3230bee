/*
 * route: see the header.
 */
#include "gateway/route/route.h"

#include "gateway/route/board_live.h"

static bool named(const struct span *names, uint32_t count, struct span provider)
{
    for (uint32_t i = 0; i < count; i++)
        if (span_equal(names[i], provider))
            return true;
    return false;
}

/* Chats are translated; the sandbox serves every deployment in OpenAI's dialect. */
static bool can_dispatch(const struct snapshot_deployment *deployment,
                         const struct route_wish *wish)
{
    if (wish->serves != NULL)
        return wish->serves(wish->serves_context, deployment);
    return wish->chat || deployment->sandbox || deployment->wire == WIRE_OPENAI;
}

static enum route_rule unwished(const struct snapshot_deployment *deployment,
                                const struct route_wish *wish)
{
    if (wish->pinned != NULL && memcmp(wish->pinned, &deployment->id, sizeof(deployment->id)) != 0)
        return RULE_PINNED;
    if (wish->only_count > 0 && !named(wish->only, wish->only_count, deployment->provider))
        return RULE_ONLY;
    return named(wish->ignore, wish->ignore_count, deployment->provider) ? RULE_IGNORE : RULE_NONE;
}

static struct filtered limited(const struct route_limit *limit,
                               const struct snapshot_deployment *deployment,
                               const struct snapshot_terms *terms)
{
    struct filtered by = {.rule = RULE_NONE};

    if (limit->only_count > 0 && !named(limit->only, limit->only_count, deployment->provider))
        by.rule = RULE_ONLY;
    else if (named(limit->ignore, limit->ignore_count, deployment->provider))
        by.rule = RULE_IGNORE;
    else
        by = filter_of(&limit->filter, deployment, terms);
    by.source = limit->source;
    return by;
}

/* Its place in the client's order. */
static uint32_t place_of(const struct snapshot_deployment *deployment,
                         const struct route_wish *wish)
{
    for (uint32_t i = 0; i < wish->order_count; i++)
        if (span_equal(wish->order[i], deployment->provider))
            return i;
    return wish->order_count;
}

static double cost_of(const struct snapshot_terms *terms, enum meter meter, int64_t count)
{
    double price = filter_price(terms, meter);

    return price > 0 ? price * (double)count : 0;
}

/* What is paid by other units is compared by one of each. */
static double price_of(const struct snapshot_terms *terms, const struct route_wish *wish)
{
    static const enum meter units[] = {METER_IMAGE,       METER_REQUEST,      METER_SECOND,
                                       METER_CHARACTER,   METER_OUTPUT_IMAGE, METER_INPUT_AUDIO,
                                       METER_OUTPUT_AUDIO};
    double input = filter_price(terms, METER_INPUT), output = filter_price(terms, METER_OUTPUT);
    double price = 0;

    if (input >= 0 || output >= 0)
        return cost_of(terms, METER_REQUEST, 1) +
               (input > 0 ? input * (double)wish->input_tokens : 0) +
               (output > 0 ? output * (double)wish->output_tokens : 0);
    for (size_t i = 0; i < array_size(units); i++)
        price += cost_of(terms, units[i], 1);
    return price;
}

/* A half-open one is as good as well: its probe is the way back. */
static enum policy_health health_of(const struct board_look *look, int64_t now_ms)
{
    if (look->breaker == BREAKER_OPEN)
        return POLICY_OPEN;
    if (look->breaker == BREAKER_CLOSED && look->state.outage_until_ms > now_ms)
        return POLICY_OUTAGE;
    return POLICY_WELL;
}

static uint64_t key_of(const struct snapshot_deployment *deployment)
{
    uint64_t key;

    memcpy(&key, &deployment->id.at[sizeof(deployment->id) - sizeof(key)], sizeof(key));
    return key;
}

/* Translators, readers of scans and judges of texts are asked as chats are. */
static bool kind_fits(const struct snapshot_model *model, const struct route_wish *wish)
{
    if (wish->chat)
        return span_is(model->kind, "chat") || span_is(model->kind, "specialist") ||
               span_is(model->kind, "moderation");
    return span_is(model->kind, wish->kind == NULL ? "embedding" : wish->kind);
}

/* What is found out about the deployments of one model. */
struct collecting {
    const struct route_view *view;
    const struct route_wish *wish;
    struct route *route;
    uint32_t from; /* the model's first candidate */
    struct policy_place places[ROUTE_CANDIDATES_MAX];
    bool half_open[ROUTE_CANDIDATES_MAX];
    bool sold, left;
};
_Static_assert((int)ROUTE_CANDIDATES_MAX == (int)POLICY_PLACES_MAX, "all can be put in order");

static void exclude(struct route *route, const struct snapshot_deployment *deployment,
                    struct filtered by, uint8_t leg)
{
    if (route->excluded_count < ROUTE_CANDIDATES_MAX)
        route->excluded[route->excluded_count++] = (struct route_excluded){deployment, by, leg};
}

/* Whether what was measured is not as it is preferred, at any percentile that is asked for. Most
 * are faster than a percentile of a speed says, so it is taken from the other end. */
static bool is_slower(const struct collecting *c, const struct snapshot_deployment *deployment,
                      enum board_measure measure, const int64_t *wanted)
{
    static const uint32_t percents[WISH_PERCENTILES] = {
        [WISH_P50] = 50, [WISH_P75] = 75, [WISH_P90] = 90, [WISH_P99] = 99};
    bool speed = measure == BOARD_DECITOKENS;

    for (int i = 0; i < WISH_PERCENTILES; i++) {
        int64_t measured;

        if (wanted[i] <= 0)
            continue;
        measured = board_quantile(c->view->board, deployment, measure,
                                  speed ? 100 - percents[i] : percents[i], c->view->now_mono_ms);
        /* What was never measured keeps every promise, until it is. */
        if (measured > 0 && (speed ? measured < wanted[i] : measured > wanted[i]))
            return true;
    }
    return false;
}

static bool is_unpreferred(const struct collecting *c, const struct snapshot_deployment *deployment)
{
    const struct provider_wish *wish = c->wish->preferred;

    return wish != NULL && (is_slower(c, deployment, BOARD_FIRST_TOKEN_MS, wish->max_latency_ms) ||
                            is_slower(c, deployment, BOARD_DECITOKENS, wish->min_decitokens));
}

/* What only some policies look at, and what takes longer to find out. */
static void look_closer(const struct collecting *c, const struct snapshot_deployment *deployment,
                        struct policy_place *place)
{
    const struct board *board = c->view->board;
    int64_t now_ms = c->view->now_mono_ms;

    if (c->wish->policy == POLICY_BALANCED) {
        const struct board_counts counts = board_counts(board, deployment, BOARD_5_MINUTES, now_ms);
        place->served = counts.served;
        place->failed = counts.failed;
    } else if (c->wish->policy == POLICY_LEAST_BUSY || c->wish->policy == POLICY_USAGE) {
        const struct board_load load = board_load_of(board, deployment, now_ms);
        place->in_flight = load.in_flight;
        place->tokens = load.tokens;
    }
}

static void add(struct collecting *c, const struct route_candidate *candidate,
                const struct board_look *look)
{
    const struct snapshot_deployment *deployment = candidate->deployment;
    uint32_t at = c->route->count - c->from;
    struct policy_place place = {.key = key_of(deployment),
                                 .price = price_of(&candidate->terms, c->wish),
                                 .first_token_ms = look->first_token_ms,
                                 .decitokens = look->decitokens,
                                 .priority = deployment->priority,
                                 .weight = deployment->weight,
                                 .wished = place_of(deployment, c->wish),
                                 .unpreferred = is_unpreferred(c, deployment),
                                 .health = health_of(look, c->view->now_mono_ms)};

    if (c->route->count == ROUTE_CANDIDATES_MAX)
        return;
    look_closer(c, deployment, &place);
    c->places[at] = place;
    c->half_open[at] = look->breaker == BREAKER_HALF_OPEN;
    c->route->candidates[c->route->count++] = *candidate;
}

/* Why it cannot be called at all, whoever asks. */
static enum route_rule unsold(const struct collecting *c, struct route_candidate *candidate)
{
    const struct route_view *view = c->view;

    if (!candidate->deployment->callable)
        return RULE_NOT_CALLABLE;
    if (!can_dispatch(candidate->deployment, c->wish))
        return RULE_NOT_SERVED;
    return snapshot_terms(view->snapshot, candidate->deployment, view->tenant, view->start_ms,
                          &candidate->terms)
               ? RULE_NONE
               : RULE_NO_PRICE;
}

static void consider(struct collecting *c, const struct snapshot_deployment *deployment)
{
    struct route_candidate candidate = {.deployment = deployment, .leg = c->wish->leg};
    struct filtered by = {.rule = unsold(c, &candidate)};
    struct board_look look;

    if (by.rule == RULE_NONE) {
        c->sold = true;
        by.rule = unwished(deployment, c->wish);
    }
    if (by.rule == RULE_NONE)
        by = filter_of(&c->wish->filter, deployment, &candidate.terms);
    for (size_t i = 0; i < array_size(c->wish->limits) && by.rule == RULE_NONE; i++)
        if (c->wish->limits[i] != NULL)
            by = limited(c->wish->limits[i], deployment, &candidate.terms);
    if (by.rule == RULE_NONE) {
        c->left = true;
        look = board_look_at(c->view->board, deployment, c->view->now_mono_ms);
        if (deployment->draining)
            by.rule = RULE_DRAINED;
        else if (look.state.out_until_ms > c->view->now_mono_ms)
            by.rule = RULE_OUT;
    }
    if (by.rule == RULE_NONE)
        add(c, &candidate, &look);
    else
        exclude(c->route, deployment, by, c->wish->leg);
}

/* Moves the one at `at` behind all others. */
static void move_last(uint32_t *order, uint32_t at, uint32_t count)
{
    uint32_t moved = order[at];

    memmove(&order[at], &order[at + 1], (count - at - 1) * sizeof(order[0]));
    order[count - 1] = moved;
}

/* A half-open one stays where it is only as the first, and only as the one probe: of the first leg,
 * for who is gone to when another failed may never be gone to, and the probe would be for nothing.
 */
static void settle_probes(struct collecting *c, uint32_t *order, uint32_t count)
{
    for (uint32_t i = count; i-- > 1;) {
        if (c->half_open[order[i]])
            move_last(order, i, count);
    }
    while (count > 1 && c->half_open[order[0]]) {
        if (c->view->looks_only)
            return;
        c->route->probes =
            c->wish->leg == 0 &&
            board_probe(c->view->board, c->route->candidates[c->from + order[0]].deployment,
                        c->view->now_mono_ms);
        if (c->route->probes)
            return;
        c->half_open[order[0]] = false;
        move_last(order, 0, count);
    }
}

static void put_in_order(struct collecting *c)
{
    struct route_candidate sorted[ROUTE_CANDIDATES_MAX];
    uint32_t order[ROUTE_CANDIDATES_MAX], count = c->route->count - c->from;

    if (count < 2)
        return;
    policy_order(c->wish->policy, c->places, count, c->wish->random, order);
    settle_probes(c, order, count);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = c->route->candidates[c->from + order[i]];
    memcpy(&c->route->candidates[c->from], sorted, count * sizeof(sorted[0]));
}

static void leave_one(struct route *route, uint32_t from)
{
    while (route->count > from + 1) {
        const struct route_candidate *last = &route->candidates[--route->count];

        exclude(route, last->deployment, (struct filtered){.rule = RULE_FALLBACKS}, last->leg);
    }
}

enum route_outcome route_collect(const struct route_view *view, const struct snapshot_model *model,
                                 const struct route_wish *wish, struct route *route)
{
    struct collecting c;

    /* Its large arrays are written before they are read. */
    c.view = view;
    c.wish = wish;
    c.route = route;
    c.from = route->count;
    c.sold = c.left = false;
    if (!kind_fits(model, wish))
        return ROUTE_WRONG_KIND;
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *deployment = model->deployments[i];

        if (wish->test_key)
            deployment = deployment->sandboxed;
        if (deployment != NULL)
            consider(&c, deployment);
    }
    put_in_order(&c);
    if (wish->no_fallbacks)
        leave_one(route, c.from);
    if (route->count > c.from)
        return ROUTE_OK;
    return !c.sold ? ROUTE_NOT_SOLD : !c.left ? ROUTE_FILTERED : ROUTE_ALL_OUT;
}
