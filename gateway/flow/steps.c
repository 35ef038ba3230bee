/*
 * steps: who asks, and who is tried next.
 */
#include "common/base/digest.h"
#include "gateway/flow/parts.h"
#include "gateway/route/route_next.h"

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

/* ---- auth ---- */
static const struct {
    enum refusal refusal;
    const char *message;
} auth_refusals[] = {
    [AUTH_MISSING] = {REFUSE_MISSING_KEY,
                      "You didn't provide an API key. Send it as 'Authorization: Bearer KEY'."},
    [AUTH_CONFLICT] = {REFUSE_INVALID_REQUEST,
                       "Two API keys that differ were sent: send one of Authorization, x-api-key "
                       "and x-goog-api-key."},
    [AUTH_GARBAGE] = {REFUSE_INVALID_KEY, "Incorrect API key provided: it is not of the form "
                                          "sk-tg1_… or was not copied whole."},
    [AUTH_UNKNOWN] = {REFUSE_INVALID_KEY, "Incorrect API key provided: there is no such key."},
    [AUTH_REVOKED] = {REFUSE_KEY_INACTIVE, "This API key was revoked."},
    [AUTH_DISABLED] = {REFUSE_KEY_INACTIVE, "This API key is disabled."},
    [AUTH_EXPIRED] = {REFUSE_KEY_INACTIVE, "This API key has expired."},
    [AUTH_SUSPENDED] = {REFUSE_SUSPENDED, "This account is suspended."},
    [AUTH_WRONG_KIND] = {REFUSE_NOT_ALLOWED,
                         "A management key cannot call models: use a live or a test key."},
    [AUTH_STALE] = {REFUSE_STORE, "Keys cannot be checked now: the store was away for too long."},
};

enum go flow_auth(struct flow *flow)
{
    const struct auth_headers headers = {
        .authorization = httpd_header(flow->request, "authorization"),
        .x_api_key = httpd_header(flow->request, "x-api-key"),
        .x_goog_api_key = httpd_header(flow->request, "x-goog-api-key")};
    enum auth_outcome outcome =
        admit_authenticate(flow->snapshot, &headers, flow->call.start_ms, &flow->key);

    if (outcome == AUTH_OK)
        return GO_NEXT;
    flow->key = NULL;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_AUTH_REFUSED, 1);
    return refuse(flow, auth_refusals[outcome].refusal,
                  &(struct refusal_say){.message = span_of(auth_refusals[outcome].message)});
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
