/*
 * hedge: see the header.
 */
#include "gateway/flow/hedge.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/flow/health.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/route/route_next.h"

/* Of a deployment of which little is known, an answer is late after this. */
#define LATE_UNKNOWN_MS 2000
/* Below this a second call would be made for nothing. */
#define LATE_MIN_MS 20
enum { SAMPLES_MIN = 20 };

void flow_look_at(struct flow *flow, struct attempt *attempt)
{
    if (flow->attempt == attempt)
        return;
    flow->other = flow->attempt;
    flow->attempt = attempt;
    if (attempt->index != ATTEMPT_NOT_BEGUN)
        metering_choose(&flow->metering, attempt->index);
}

bool flow_wants_hedge(const struct flow *flow)
{
    struct span word = httpd_header(flow->request, "x-tollgate-hedge");

    return word.size > 0 ? span_is(word, "1") : flow->key->tenant->routing.hedge;
}

/* When the answer is later than 19 of 20 of its deployment. */
static int64_t late_after_ms(const struct flow *flow)
{
    bool stream = flow->ask.stream;
    const struct board_spread spread =
        board_spread(flow->worker->board, flow->attempt->candidate->deployment,
                     stream ? BOARD_FIRST_TOKEN_MS : BOARD_TOTAL_MS, flow_now_ms(flow));

    if (spread.samples < SAMPLES_MIN)
        return LATE_UNKNOWN_MS;
    return spread.p95 < LATE_MIN_MS ? LATE_MIN_MS : spread.p95;
}

static bool may_hedge(const struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;

    return flow->hedges && !flow->hedged && flow->other == NULL && attempt->call != NULL &&
           !attempt->content && flow->request != NULL && !flow->pinned && !resume_is_on(flow) &&
           ask_is_chat(flow->ask.kind);
}

bool flow_hedge_due(struct flow *flow)
{
    if (!may_hedge(flow))
        return false;
    if (flow->attempt->late_ms == 0)
        flow->attempt->late_ms = flow->attempt->begun_ms + late_after_ms(flow);
    if (flow_now_ms(flow) >= flow->attempt->late_ms)
        return true;
    flow_arm(flow, flow->attempt->late_ms);
    return false;
}

enum go flow_hedge(struct flow *flow)
{
    const struct route_candidate *candidate = route_next(&flow->route);
    struct attempt *late = flow->attempt;

    flow->hedged = true;
    if (candidate == NULL)
        return GO_WAIT;
    flow->attempt = attempt_new(&flow->worker->config);
    flow->attempt->flow = flow;
    flow->attempt->candidate = candidate;
    flow->other = late;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_HEDGES, 1);
    return GO_SEND;
}

void flow_drop(struct flow *flow)
{
    struct attempt *gone = flow->attempt;

    flow_cancel(flow);
    flow_tell_gone(flow);
    flow_look_at(flow, flow->other);
    flow->other = NULL;
    attempt_free(gone);
}

/* What the current one cost, and that it was the slower one. */
static void book_lost(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;

    if (attempt->index == ATTEMPT_NOT_BEGUN)
        return;
    if (attempt->sent_us == 0) {
        metering_end(&flow->metering, 0, "hedged", NULL, clock_mono_us());
        return;
    }
    metering_lose(&flow->metering, attempt->head.status, clock_mono_us());
    flow_tell_outrun(flow);
}

void flow_decide(struct flow *flow)
{
    struct attempt *winner = flow->attempt;

    if (flow->other == NULL)
        return;
    flow_look_at(flow, flow->other);
    book_lost(flow);
    flow_drop(flow);
    must(flow->attempt == winner);
}
