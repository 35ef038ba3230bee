/*
 * onward: see the header; and the step that finds the next candidate.
 */
#include "gateway/flow/onward.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "gateway/dialect/error_kind.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/route/route_next.h"

/* ---- times ---- */

static int64_t or_else(int64_t own_ms, int64_t default_ms)
{
    return own_ms > 0 ? own_ms : default_ms;
}

static const struct preset_target *target_of(const struct flow *flow)
{
    return flow->plan.legs[flow->attempt->candidate->leg].target;
}

/* The shortest of those that are told; true: it is not the deployment's. */
static bool shorten(int64_t *ms, int64_t told_ms)
{
    if (told_ms <= 0 || told_ms >= *ms)
        return false;
    *ms = told_ms;
    return true;
}

struct onward_times onward_times(const struct flow *flow)
{
    const struct flow_config *config = &flow->worker->config;
    const struct snapshot_deployment *deployment = flow->attempt->candidate->deployment;
    const struct preset_target *target = target_of(flow);
    struct onward_times times = {
        .first_token_ms = or_else(deployment->first_token_timeout_ms, config->first_token_ms),
        .total_ms = or_else(deployment->total_timeout_ms, config->total_ms)};

    times.first_token_own = shorten(&times.first_token_ms, flow->ask.routing.first_token_ms);
    if (target == NULL)
        return times;
    times.first_token_own |= shorten(&times.first_token_ms, target->first_token_ms);
    times.total_own = shorten(&times.total_ms, target->total_ms);
    return times;
}

void onward_set_deadline(struct flow *flow)
{
    int64_t told_ms = flow->ask.routing.timeout_ms, most_ms = flow->worker->config.total_ms;

    for (uint32_t i = 0; i < flow->route.count && told_ms < 0; i++) {
        int64_t total_ms = flow->route.candidates[i].deployment->total_timeout_ms;

        most_ms = total_ms > most_ms ? total_ms : most_ms;
    }
    flow->deadline_told = told_ms > 0;
    flow->deadline_ms = flow_now_ms(flow) + (told_ms > 0 ? told_ms : most_ms);
}

/* ---- the end of an attempt ---- */

static enum preset_error error_of(const struct verdict_in *in)
{
    switch (in->fault) {
    case FAULT_CONNECT:
    case FAULT_STALE:
        return PRESET_ERROR_CONNECT;
    case FAULT_FIRST_TOKEN:
    case FAULT_IDLE:
    case FAULT_TOTAL:
    case FAULT_DEADLINE:
        return PRESET_ERROR_TIMEOUT;
    case FAULT_RESET:
    case FAULT_BLOCKED:
    case FAULT_MOCKED:
    case FAULT_STATUS:
    case FAULT_NONSENSE:
    case FAULT_TRUNCATED:
    case FAULT_STREAM:
    case FAULTS:
        break;
    }
    if (in->status == 408 || in->status == 504)
        return PRESET_ERROR_TIMEOUT;
    return in->status == 429 ? PRESET_ERROR_RATE_LIMIT : PRESET_ERROR_SERVER;
}

/* How often the deployment is tried once more; -1: the gateway's way. */
static int32_t retries_asked(const struct flow *flow, const struct preset_target *target)
{
    if (target != NULL && target->retries >= 0)
        return target->retries;
    return flow->ask.routing.retries;
}

static int32_t retries_for(const struct flow *flow, const struct verdict_in *in)
{
    const struct preset_target *target = target_of(flow);
    int32_t own = target == NULL ? -1 : target->retries_by[error_of(in)];

    if (target != NULL && target->retry_on.count > 0 && in->status >= 300 &&
        !preset_statuses_name(&target->retry_on, in->status))
        return 0;
    return own >= 0 ? own : retries_asked(flow, target);
}

static void wait_for_again(struct flow *flow, int64_t wait_ms)
{
    flow->again_waiting = true;
    flow->again_ms = flow_now_ms(flow) + wait_ms;
}

/* At the same deployment: not where its credential or its name for the model is at fault. */
static bool is_retried(struct flow *flow, const struct verdict_in *in)
{
    struct route_retry retry = {.before = flow->retries,
                                .retry_after_ms = flow->attempt->head.retry_after_ms,
                                .left_ms = flow->deadline_ms - flow_now_ms(flow)};
    int32_t retries = retries_for(flow, in);
    int64_t wait_ms;

    if (retries < 0 || flow->retries >= (uint32_t)retries || flow->other != NULL)
        return false;
    digest_random(&retry.random, sizeof(retry.random));
    if (!route_try_again(&flow->route, flow->attempt->candidate, &retry, &wait_ms))
        return false;
    flow->retries++;
    wait_for_again(flow, wait_ms);
    return true;
}

/* The begin of an answer is not what the client asked for: others may take it. */
static bool is_ours(const struct flow *flow, const struct verdict_out *out)
{
    return resume_is_on(flow) && out->fall == FALL_ERROR;
}

bool onward_take_end(struct flow *flow, const struct verdict_in *in, const struct verdict_out *out,
                     bool another_credential)
{
    const struct route_end end = {.fall = out->fall,
                                  .status = in->status >= 300 ? in->status : 0,
                                  .refused = out->verdict == VERDICT_PASS_ON && !is_ours(flow, out),
                                  .unreached = in->fault == FAULT_CONNECT};

    if (out->verdict == VERDICT_GIVE_UP)
        return false;
    if (!route_ended(&flow->route, flow->attempt->candidate, &end) && end.refused)
        return false;
    if (out->verdict == VERDICT_NEXT && out->cooldown_ms == 0 && !another_credential &&
        is_retried(flow, in))
        return true;
    if (!another_credential)
        flow->retries = 0;
    return true;
}

bool onward_takes_blocked(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    const struct route_end end = {.fall = FALL_POLICY, .refused = true};

    return flow->request != NULL && !attempt->content && !attempt->raw &&
           error_kind_is_block(&attempt->answer) &&
           route_ended(&flow->route, attempt->candidate, &end);
}

static bool mocks(const struct flow *flow, enum preset_fall *fall_out)
{
    for (int fall = 0; fall < FALLS; fall++)
        if (flow->ask.routing.mock_fall[fall]) {
            *fall_out = (enum preset_fall)fall;
            return flow->route.tried_count == 1 && flow->metering.event.attempt_count == 0;
        }
    return false;
}

bool onward_is_mocked(struct flow *flow)
{
    enum preset_fall fall = FALL_ERROR;

    if (!mocks(flow, &fall))
        return false;
    flow->attempt->failed = true;
    flow->attempt->fault = FAULT_MOCKED;
    (void)route_ended(
        &flow->route, flow->attempt->candidate,
        &(struct route_end){.fall = fall, .status = 500, .refused = fall != FALL_ERROR});
    return true;
}

/* ---- the step ---- */

void flow_refuse_last(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    struct refusal_say say = {.retry_after_ms = flow->retry_after_ms};
    enum refusal refusal = REFUSE_UNAVAILABLE;

    if (flow->metering.event.attempt_count == 0 && flow->unspeakable != NULL) {
        say = (struct refusal_say){
            .message = span_of(arena_printf(flow->arena, "No provider of this model takes %s.",
                                            flow->unspeakable))};
        flow_refuse(flow, REFUSE_UNSUPPORTED, &say);
        return;
    }
    if (flow->rate_limited)
        refusal = REFUSE_PROVIDER_RATE;
    else if (attempt->fault == FAULT_NONSENSE || attempt->fault == FAULT_TRUNCATED)
        refusal = REFUSE_PROVIDER_NONSENSE;
    else if (attempt->fault == FAULT_FIRST_TOKEN || attempt->fault == FAULT_IDLE ||
             attempt->fault == FAULT_TOTAL)
        refusal = REFUSE_PROVIDER_TIMEOUT;
    else if (attempt->head.status == 529)
        refusal = REFUSE_PROVIDER_OVERLOAD;
    if (say.retry_after_ms == 0 && refusal != REFUSE_PROVIDER_NONSENSE)
        say.retry_after_ms = 1000;
    flow_refuse(flow, refusal, &say);
}

void onward_refuse_late(struct flow *flow)
{
    struct refusal_say say = {0};

    if (flow->deadline_told)
        say = (struct refusal_say){
            .message = span_of(arena_printf(
                flow->arena, "The request was not answered within its 'timeout' of %lld ms.",
                (long long)flow->ask.routing.timeout_ms)),
            .param = "timeout"};
    flow_refuse(flow, REFUSE_TIMEOUT, &say);
}

/* Whether to wait makes sense: not for who is out of service, a refused key above all, nor where
 * the number of retries was told. */
static bool may_come_back(const struct flow *flow)
{
    const struct route *route = &flow->route;
    const struct snapshot_deployment *only = route->candidates[0].deployment;

    return flow->metering.event.attempt_count > 0 && flow->ask.routing.retries < 0 &&
           board_state_of(flow->worker->board, only).out_until_ms <= flow_now_ms(flow);
}

/* The next one now; NULL: none, or not yet. */
static const struct route_candidate *next_candidate(struct flow *flow)
{
    struct route *route = &flow->route;
    const struct route_candidate *candidate;
    int64_t wait_ms;
    uint32_t random;

    if (flow->again_waiting) {
        if (flow_now_ms(flow) < flow->again_ms)
            return NULL;
        flow->again_waiting = false;
        return &route->candidates[route->tried[route->tried_count - 1]];
    }
    candidate = route_next(route);
    if (candidate != NULL || !may_come_back(flow))
        return candidate;
    digest_random(&random, sizeof(random));
    if (route_again(route, random, flow->retry_after_ms, &wait_ms))
        wait_for_again(flow, wait_ms);
    return NULL;
}

enum go flow_route(struct flow *flow)
{
    const struct route_candidate *candidate;

    if (flow->request == NULL) {
        flow->outcome = flow->intent_written ? OUTCOME_CLIENT_LEFT_EARLY : OUTCOME_NOT_DISPATCHED;
        return GO_END;
    }
    if (flow_now_ms(flow) >= flow->deadline_ms) {
        onward_refuse_late(flow);
        return GO_END;
    }
    candidate = next_candidate(flow);
    if (candidate == NULL && flow->again_waiting) {
        flow_arm(flow, flow->again_ms < flow->deadline_ms ? flow->again_ms : flow->deadline_ms);
        flow_ping(flow);
        return GO_WAIT;
    }
    if (candidate == NULL) {
        flow_refuse_last(flow);
        return GO_END;
    }
    if (flow->attempt->candidate != NULL)
        attempt_clear(flow->attempt);
    flow->attempt->candidate = candidate;
    return GO_NEXT;
}
