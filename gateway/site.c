/*
 * site: what is served around the API: the control plane through the reverse path, and the
 * console's files. Worker thread. Where the settings give neither, nothing is there.
 */
#include "common/base/clock.h"
#include "gateway/edge/console.h"
#include "gateway/edge/reverse.h"
#include "gateway/worker.h"

bool site_has(const struct worker *worker, enum endpoint endpoint)
{
    if (endpoint == ENDPOINT_CONTROL)
        return worker->reverse != NULL;
    if (endpoint == ENDPOINT_CONSOLE || endpoint == ENDPOINT_ROOT)
        return worker->gateway->console != NULL;
    return true;
}

static void account(struct worker *worker, const struct call *call, int status)
{
    int64_t now_us = clock_mono_us();
    const struct access_entry entry = {
        .time_ms = call->start_ms,
        .request = call->id,
        .endpoint = endpoint_name(call->endpoint),
        .peer = httpd_peer(call->request),
        .status = status,
        .first_token_ms = -1,
        .total_ms = (now_us - call->arrived_us) / 1000,
        .overhead_us = now_us - call->arrived_us,
    };

    metrics_request(worker->flow.metrics, call->endpoint, status, UINT32_MAX);
    if (!access_put(worker->flow.access, &entry))
        metrics_add(worker->flow.metrics, COUNT_ACCESS_LOG_DROPPED, 1);
}

bool site_serve(struct worker *worker, const struct call *call)
{
    struct console_answer answer;

    if (!site_has(worker, call->endpoint))
        return false;
    if (call->endpoint == ENDPOINT_CONTROL) {
        reverse_start(worker->reverse, call);
        return true;
    }
    answer = console_decide(worker->gateway->console, httpd_path(call->request),
                            httpd_header(call->request, "accept-encoding"),
                            httpd_header(call->request, "if-none-match"));
    account(worker, call, answer.status);
    console_send(&answer, call);
    return true;
}
