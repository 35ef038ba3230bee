/*
 * route: see the header.
 */
#include "gateway/route/route.h"

#define AGAIN_MAX 3 /* attempts at an only candidate */
#define BACKOFF_FIRST_MS INT64_C(250)
/* Longer than this a client's own retry is the better one. */
#define WAIT_MAX_MS INT64_C(5000)

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

static bool wished(const struct snapshot_deployment *deployment, const struct route_wish *wish)
{
    if (wish->pinned != NULL && memcmp(wish->pinned, &deployment->id, sizeof(deployment->id)) != 0)
        return false;
    if (wish->only_count > 0 && !named(wish->only, wish->only_count, deployment->provider))
        return false;
    return !named(wish->ignore, wish->ignore_count, deployment->provider);
}

/* Sorts behind whatever is smaller; equal ranks keep the catalog's order. */
struct rank {
    bool outage;
    uint32_t place; /* in the client's order */
    int32_t priority;
};

static struct rank rank_of(const struct snapshot_deployment *deployment,
                           const struct route_wish *wish, bool outage)
{
    struct rank rank = {
        .outage = outage, .place = wish->order_count, .priority = deployment->priority};

    for (uint32_t i = 0; i < wish->order_count && rank.place == wish->order_count; i++)
        if (span_equal(wish->order[i], deployment->provider))
            rank.place = i;
    return rank;
}

static bool ranks_before(const struct rank *a, const struct rank *b)
{
    if (a->outage != b->outage)
        return b->outage;
    if (a->place != b->place)
        return a->place < b->place;
    return a->priority < b->priority;
}

/* Among those from `from` on. */
static void insert(struct route *route, struct rank *ranks, uint32_t from,
                   const struct route_candidate *candidate, const struct rank *rank)
{
    uint32_t at = route->count;

    if (at == ROUTE_CANDIDATES_MAX)
        return;
    while (at > from && ranks_before(rank, &ranks[at - 1])) {
        route->candidates[at] = route->candidates[at - 1];
        ranks[at] = ranks[at - 1];
        at--;
    }
    route->candidates[at] = *candidate;
    ranks[at] = *rank;
    route->count++;
}

/* Translators, readers of scans and judges of texts are asked as chats are. */
static bool kind_fits(const struct snapshot_model *model, const struct route_wish *wish)
{
    if (wish->chat)
        return span_is(model->kind, "chat") || span_is(model->kind, "specialist") ||
               span_is(model->kind, "moderation");
    return span_is(model->kind, wish->kind == NULL ? "embedding" : wish->kind);
}

enum route_outcome route_collect(const struct route_view *view, const struct snapshot_model *model,
                                 const struct route_wish *wish, struct route *route)
{
    struct rank ranks[ROUTE_CANDIDATES_MAX];
    uint32_t from = route->count;
    bool sold = false, left = false;

    if (!kind_fits(model, wish))
        return ROUTE_WRONG_KIND;
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        struct route_candidate candidate = {.deployment = model->deployments[i]};
        if (wish->test_key)
            candidate.deployment = candidate.deployment->sandboxed;
        if (candidate.deployment == NULL || !candidate.deployment->callable ||
            !can_dispatch(candidate.deployment, wish) ||
            !snapshot_terms(view->snapshot, candidate.deployment, view->tenant, view->start_ms,
                            &candidate.terms))
            continue;
        sold = true;
        if (!wished(candidate.deployment, wish))
            continue;
        left = true;
        struct board_state state = board_state_of(view->board, candidate.deployment);
        if (state.out_until_ms > view->now_mono_ms)
            continue;
        struct rank rank =
            rank_of(candidate.deployment, wish, state.outage_until_ms > view->now_mono_ms);
        insert(route, ranks, from, &candidate, &rank);
    }
    if (wish->no_fallbacks && route->count > from + 1)
        route->count = from + 1;
    if (route->count > from)
        return ROUTE_OK;
    return !sold ? ROUTE_NOT_SOLD : !left ? ROUTE_FILTERED : ROUTE_ALL_OUT;
}

/* Tried itself, or behind the account of one that was. */
static bool used_up(const struct route *route, uint32_t index)
{
    const struct snapshot_deployment *deployment = route->candidates[index].deployment;

    for (uint32_t i = 0; i < route->tried_count; i++) {
        const struct snapshot_deployment *other = route->candidates[route->tried[i]].deployment;
        if (route->tried[i] == index ||
            (deployment->failure_domain.size > 0 &&
             span_equal(deployment->failure_domain, other->failure_domain)))
            return true;
    }
    return false;
}

const struct route_candidate *route_next(struct route *route)
{
    bool stays = route->stays;

    route->stays = false;
    if (route->tried_count == ROUTE_ATTEMPTS_MAX)
        return NULL;
    if (stays && route->tried_count > 0) {
        uint32_t same = route->tried[route->tried_count - 1];

        route->tried[route->tried_count++] = same;
        return &route->candidates[same];
    }
    for (uint32_t i = 0; i < route->count; i++)
        if (!used_up(route, i)) {
            route->tried[route->tried_count++] = i;
            return &route->candidates[i];
        }
    return NULL;
}

void route_stay(struct route *route)
{
    route->stays = true;
}

/* Whether all candidates stand behind one account: then there is nobody else to go to. */
static bool one_domain(const struct route *route)
{
    struct span first = route->candidates[0].deployment->failure_domain;

    for (uint32_t i = 1; i < route->count; i++)
        if (first.size == 0 || !span_equal(first, route->candidates[i].deployment->failure_domain))
            return false;
    return route->count > 0;
}

bool route_again(struct route *route, uint32_t random, int64_t retry_after_ms, int64_t *wait_ms_out)
{
    int64_t most = BACKOFF_FIRST_MS << route->tried_count;

    if (!one_domain(route) || route->tried_count == 0 || route->tried_count >= AGAIN_MAX ||
        retry_after_ms > WAIT_MAX_MS)
        return false;
    route->tried[route->tried_count++] = 0;
    *wait_ms_out = retry_after_ms > 0 ? retry_after_ms : (int64_t)(random % (uint64_t)most);
    return true;
}
