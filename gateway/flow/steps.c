/*
 * steps: who asks, and who is tried next.
 */
#include "common/base/digest.h"
#include "gateway/edge/auth.h"
#include "gateway/flow/parts.h"
#include "gateway/route/route_next.h"

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

/* ---- auth ---- */
enum go flow_auth(struct flow *flow)
{
    const struct auth_headers headers = auth_headers_of(flow->request);
    enum auth_outcome outcome =
        admit_authenticate(flow->snapshot, &headers, flow->call.start_ms, &flow->key);
    const char *message;
    enum refusal refusal;

    if (outcome == AUTH_OK)
        return GO_NEXT;
    flow->key = NULL;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_AUTH_REFUSED, 1);
    refusal = auth_refusal(outcome, &message);
    return refuse(flow, refusal, &(struct refusal_say){.message = span_of(message)});
}

/* ---- route ---- */
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

/* Whether to wait makes sense: not for who is out of service, a refused key above all. */
static bool may_come_back(const struct flow *flow)
{
    const struct snapshot_deployment *only = flow->route.candidates[0].deployment;

    return flow->metering.event.attempt_count > 0 &&
           board_state_of(flow->worker->board, only).out_until_ms <= flow_now_ms(flow);
}

enum go flow_route(struct flow *flow)
{
    const struct route_candidate *candidate;

    if (flow->request == NULL) {
        flow->outcome = flow->intent_written ? OUTCOME_CLIENT_LEFT_EARLY : OUTCOME_NOT_DISPATCHED;
        return GO_END;
    }
    if (flow->again_waiting) {
        if (flow_now_ms(flow) < flow->again_ms) {
            flow_arm(flow, flow->again_ms);
            return GO_WAIT;
        }
        flow->again_waiting = false;
        candidate = &flow->route.candidates[flow->route.tried[0]];
    } else {
        int64_t wait_ms;
        uint32_t random;
        candidate = route_next(&flow->route);
        if (candidate == NULL && may_come_back(flow)) {
            digest_random(&random, sizeof(random));
            if (route_again(&flow->route, random, flow->retry_after_ms, &wait_ms)) {
                flow->again_waiting = true;
                flow->again_ms = flow_now_ms(flow) + wait_ms;
                return flow_route(flow);
            }
        }
        if (candidate == NULL) {
            flow_refuse_last(flow);
            return GO_END;
        }
    }
    attempt_clear(flow->attempt);
    flow->attempt->candidate = candidate;
    return GO_NEXT;
}
