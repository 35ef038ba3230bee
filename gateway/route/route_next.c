/*
 * route_next: see the header.
 */
#include "gateway/route/route_next.h"

#define AGAIN_MAX 3 /* attempts at an only candidate */
#define BACKOFF_FIRST_MS INT64_C(250)
/* Longer than this a client's own retry is the better one. */
#define WAIT_MAX_MS INT64_C(5000)
/* Where retries of the same were asked for. */
#define RETRY_WAIT_MAX_MS INT64_C(60000)

/* Tried itself, or behind the account of one that was: of the same leg, or if that end was the
 * account's. */
static bool used_up(const struct route *route, uint32_t index)
{
    const struct route_candidate *candidate = &route->candidates[index];
    struct span domain = candidate->deployment->failure_domain;

    for (uint32_t i = 0; i < route->tried_count; i++) {
        const struct route_candidate *other = &route->candidates[route->tried[i]];
        bool spared = (route->about_model >> i & 1) != 0 && other->leg != candidate->leg;

        if (route->tried[i] == index)
            return true;
        if (domain.size > 0 && !spared && span_equal(domain, other->deployment->failure_domain))
            return true;
    }
    return false;
}

/* ---- what an end leads to ---- */

static uint8_t falls_to(const struct route *route, uint8_t leg)
{
    uint8_t on = route->legs[leg].on;

    return leg == 0 || on == 0 ? FALL_ANY : on;
}

static bool is_of_preset(const struct route *route, uint8_t leg)
{
    return route->plan != NULL && leg < route->plan->count &&
           route->plan->legs[leg].level_count > 0;
}

static bool leads(const struct route *route, uint8_t from, uint8_t to, const struct route_end *end)
{
    const struct preset_statuses *leave_on = route->legs[from].leave_on;
    uint8_t on = falls_to(route, to);

    if (end->fall != FALL_ERROR && to < from)
        return false;
    if (is_of_preset(route, from) && is_of_preset(route, to)) {
        if (to < from)
            return false;
        on = plan_leads(route->plan, from, to, &leave_on);
    }
    if ((on >> end->fall & 1) == 0)
        return false;
    if (leave_on == NULL || leave_on->count == 0)
        return end->fall != FALL_ERROR || !end->refused;
    if (end->fall != FALL_ERROR && on != FALL_ANY)
        return true;
    return preset_statuses_name(leave_on, end->status) ||
           (end->fall == FALL_ERROR && end->status == 0);
}

static void look_ahead(struct route *route, uint8_t from, const struct route_end *end)
{
    route->towards = (uint16_t)(1U << from);
    for (uint32_t to = 0; to < ROUTE_LEGS_MAX; to++)
        if (to != from && leads(route, from, (uint8_t)to, end))
            route->towards |= (uint16_t)(1U << to);
}

/* Who is not known to read more does not. */
static bool reads_more(const struct snapshot_deployment *deployment,
                       const struct snapshot_deployment *than)
{
    return than->context_limit > 0 &&
           (deployment->context_limit <= 0 || deployment->context_limit > than->context_limit);
}

static void bar(struct route *route, const struct route_candidate *ended,
                const struct route_end *end)
{
    for (uint32_t i = 0; i < route->count; i++) {
        const struct route_candidate *candidate = &route->candidates[i];

        if (candidate->leg == ended->leg &&
            (end->fall != FALL_CONTEXT || !reads_more(candidate->deployment, ended->deployment)))
            route->barred |= UINT64_C(1) << i;
    }
}

/* Where nothing was told, errors are what leads on. */
static bool is_ahead(const struct route *route, uint32_t index)
{
    uint8_t leg = route->candidates[index].leg;

    if ((route->barred >> index & 1) != 0 || used_up(route, index))
        return false;
    return route->towards != 0 ? (route->towards >> leg & 1) != 0
                               : (falls_to(route, leg) >> FALL_ERROR & 1) != 0;
}

static bool anybody_ahead(const struct route *route)
{
    for (uint32_t i = 0; i < route->count; i++)
        if (is_ahead(route, i))
            return route->tried_count < ROUTE_ATTEMPTS_MAX;
    return false;
}

bool route_ended(struct route *route, const struct route_candidate *candidate,
                 const struct route_end *end)
{
    uint32_t index = (uint32_t)(candidate - route->candidates);
    bool account = end->unreached || end->status == 401 || end->status == 402 ||
                   (end->status == 403 && end->fall == FALL_ERROR);

    for (uint32_t i = 0; i < route->tried_count; i++)
        if (route->tried[i] == index && !account)
            route->about_model |= (uint8_t)(1U << i);
    if (end->fall != FALL_ERROR || end->refused)
        bar(route, candidate, end);
    look_ahead(route, candidate->leg, end);
    return anybody_ahead(route);
}

bool route_fall_from(struct route *route, uint8_t leg, enum preset_fall fall)
{
    look_ahead(route, leg, &(struct route_end){.fall = fall});
    return anybody_ahead(route);
}

const struct route_candidate *route_next(struct route *route)
{
    bool stays = route->stays;

    route->stays = false;
    if (route->tried_count == ROUTE_ATTEMPTS_MAX)
        return NULL;
    if (stays) {
        route->tried[route->tried_count++] = route->same;
        return &route->candidates[route->same];
    }
    for (uint32_t i = 0; i < route->count; i++)
        if (is_ahead(route, i)) {
            route->tried[route->tried_count++] = i;
            return &route->candidates[i];
        }
    return NULL;
}

void route_stay(struct route *route, const struct route_candidate *candidate)
{
    route->stays = true;
    route->same = (uint32_t)(candidate - route->candidates);
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
    route->tried[route->tried_count] = route->tried[route->tried_count - 1];
    route->tried_count++;
    *wait_ms_out = retry_after_ms > 0 ? retry_after_ms : (int64_t)(random % (uint64_t)most);
    return true;
}

bool route_try_again(struct route *route, const struct route_candidate *candidate,
                     const struct route_retry *retry, int64_t *wait_ms_out)
{
    uint32_t doublings = retry->before < ROUTE_ATTEMPTS_MAX ? retry->before : ROUTE_ATTEMPTS_MAX;
    int64_t most = BACKOFF_FIRST_MS << (doublings + 1), wait_ms;

    if (route->tried_count == 0 || route->tried_count == ROUTE_ATTEMPTS_MAX)
        return false;
    wait_ms = retry->retry_after_ms > 0 ? retry->retry_after_ms
                                        : (int64_t)(retry->random % (uint64_t)most);
    if (wait_ms > RETRY_WAIT_MAX_MS || wait_ms >= retry->left_ms)
        return false;
    route->tried[route->tried_count++] = (uint32_t)(candidate - route->candidates);
    *wait_ms_out = wait_ms;
    return true;
}
