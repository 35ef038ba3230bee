/*
 * steps: who asks.
 */
#include "gateway/edge/auth.h"
#include "gateway/flow/parts.h"

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

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
