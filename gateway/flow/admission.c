/*
 * admission: the step that reserves: what a request can cost at most, and whether that is there.
 */
#include "common/base/json_writer.h"
#include "gateway/flow/legs.h"
#include "gateway/flow/parts.h"

enum { METADATA_MAX = 1024 };
/* Where the catalog does not know how much a model reads. */
#define CONTEXT_UNKNOWN_TOKENS INT64_C(1000000)
/* Below this an answer is not worth a clamped cap: better a clear 402. */
#define CLAMPED_CAP_MIN 256

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

static enum go refuse_saying(struct flow *flow, enum refusal refusal, const char *message,
                             int64_t retry_after_ms)
{
    return refuse(
        flow, refusal,
        &(struct refusal_say){.message = span_of(message), .retry_after_ms = retry_after_ms});
}

int64_t flow_input_bound_at(const struct flow *flow, const struct route_candidate *candidate)
{
    const struct snapshot_deployment *deployment = candidate->deployment;
    int64_t limit = deployment->context_limit, bound = (int64_t)flow->ask.input_bound;

    bound += legs_added_input(flow, candidate->leg) +
             flow->service.bounds.count[METER_INPUT_IMAGE] +
             flow->service.bounds.count[METER_INPUT_AUDIO];

    if (flow->ask.open_input)
        return limit > 0 ? limit : CONTEXT_UNKNOWN_TOKENS;
    if (limit > 0 && bound > limit)
        bound = limit;
    return bound < RATE_QUANTITY_MAX ? bound : RATE_QUANTITY_MAX;
}

int64_t flow_cap_at(const struct flow *flow, const struct route_candidate *candidate)
{
    const struct snapshot_deployment *deployment = candidate->deployment;
    int64_t told = legs_cap(flow, candidate->leg);
    int64_t limit = deployment->output_limit, context = deployment->context_limit, room;

    if (!ask_is_chat(flow->ask.kind))
        return 0;
    if (told < 0)
        told = flow->output_cap;
    if (told > 0)
        return limit > 0 && told > limit ? limit : told;
    if (limit <= 0)
        limit = flow->worker->config.default_output_cap;
    /* Some servers refuse a cap that does not fit behind the prompt. */
    if (context > 0) {
        room = context - (int64_t)flow->ask.input_bound - legs_added_input(flow, candidate->leg);
        if (room < context / 8)
            room = context / 8;
        limit = limit < room ? limit : room;
    }
    return limit < 1 ? 1 : limit;
}

int64_t flow_output_bound_at(const struct flow *flow, const struct route_candidate *candidate)
{
    const struct service_facts *service = &flow->service;
    int64_t bound = flow_cap_at(flow, candidate) * flow->ask.choices;

    if (ask_is_service(flow->ask.kind))
        bound = service->output_bound + service->bounds.count[METER_OUTPUT_IMAGE] +
                service->bounds.count[METER_OUTPUT_AUDIO];

    return bound < RATE_QUANTITY_MAX ? bound : RATE_QUANTITY_MAX;
}

/* Of one candidate. */
static enum rate_outcome worst_case_at(const struct flow *flow,
                                       const struct route_candidate *candidate, int64_t *charge_out)
{
    const struct rate_bounds bounds = {.input = flow_input_bound_at(flow, candidate),
                                       .output = flow_output_bound_at(flow, candidate),
                                       .units = flow->service.bounds};

    if (ask_is_service(flow->ask.kind))
        return rate_worst_case_units(&bounds, MODE_STANDARD, candidate->terms.list,
                                     &candidate->terms.terms, charge_out);
    return rate_worst_case(bounds.input, bounds.output, MODE_STANDARD, candidate->terms.list,
                           &candidate->terms.terms, charge_out);
}

/* Of the dearest candidate; -1 when none of them can be priced. */
static int64_t worst_case(const struct flow *flow)
{
    int64_t dearest = -1, charge;

    for (uint32_t i = 0; i < flow->route.count; i++) {
        if (worst_case_at(flow, &flow->route.candidates[i], &charge) != RATE_OK)
            return -1;
        dearest = charge > dearest ? charge : dearest;
    }
    return dearest;
}

static void on_lease(void *context)
{
    struct flow *flow = context;

    flow->lease_waiting = false;
    flow_run(flow);
}

static enum go refuse_money(struct flow *flow, enum admit_outcome outcome,
                            const struct admit_refusal *why)
{
    struct buf metadata = buf_make(METADATA_MAX);
    struct json_writer w = json_writer_make(&metadata);
    struct refusal_say say = {.retry_after_ms = why->retry_after_ms};
    char text[MONEY_TEXT_MAX];
    enum refusal refusal = outcome == ADMIT_NO_CREDIT      ? REFUSE_NO_CREDIT
                           : outcome == ADMIT_NO_BUDGET    ? REFUSE_NO_BUDGET
                           : outcome == ADMIT_RATE_LIMITED ? REFUSE_RATE_LIMITED
                                                           : REFUSE_STORE;

    json_begin(&w, '{');
    json_put_cstring(&w, "limit_source", why->limit_source);
    if (outcome == ADMIT_NO_CREDIT || outcome == ADMIT_NO_BUDGET) {
        money_format(flow->worst_case_pico, text);
        json_put_cstring(&w, "worst_case_usd", text);
        money_format(why->affordable_pico, text);
        json_put_cstring(&w, "affordable_usd", why->affordable_pico < 0 ? NULL : text);
        say.message =
            span_of(arena_printf(flow->arena,
                                 "This request may cost more than is left (limited by %s). Lower "
                                 "max_tokens, or add credit.",
                                 why->limit_source == NULL ? "the balance" : why->limit_source));
    }
    json_end(&w, '}');
    say.metadata = arena_span(flow->arena, buf_span(&metadata));
    buf_done(&metadata);
    if (refusal == REFUSE_STORE && say.retry_after_ms == 0)
        say.retry_after_ms = 1000;
    return refuse(flow, refusal, &say);
}

/* A request that named no cap gets the one that can be afforded. */
static bool clamp_cap(struct flow *flow, int64_t affordable_pico)
{
    int64_t low = CLAMPED_CAP_MIN, high = 0;

    if (flow->output_cap > 0 || !ask_is_chat(flow->ask.kind) || affordable_pico <= 0)
        return false;
    for (uint32_t i = 0; i < flow->route.count; i++) {
        int64_t cap = flow_cap_at(flow, &flow->route.candidates[i]);
        high = cap > high ? cap : high;
    }
    flow->output_cap = low;
    if (high <= low || worst_case(flow) > affordable_pico) {
        flow->output_cap = -1;
        return false;
    }
    while (low + 1 < high) {
        flow->output_cap = low + (high - low) / 2;
        if (worst_case(flow) <= affordable_pico)
            low = flow->output_cap;
        else
            high = flow->output_cap;
    }
    flow->output_cap = low;
    return true;
}

static enum go reserve(struct flow *flow)
{
    struct flow_worker *worker = flow->worker;
    struct admit_refusal why = {.affordable_pico = -1};
    enum admit_outcome outcome;

    do {
        flow->worst_case_pico = worst_case(flow);
        if (flow->worst_case_pico < 0)
            return refuse_saying(flow, REFUSE_UNSUPPORTED,
                                 "This request cannot be priced at the model's rates.", 0);
        why = (struct admit_refusal){.affordable_pico = -1};
        outcome =
            admit_reserve(worker->admit, &(struct admit_demand){flow->key, flow->worst_case_pico},
                          flow_now_ms(flow), &flow->waiter, &flow->reservation, &why);
    } while ((outcome == ADMIT_NO_CREDIT || outcome == ADMIT_NO_BUDGET) &&
             clamp_cap(flow, why.affordable_pico));
    switch (outcome) {
    case ADMIT_OK:
        flow->metering.event.reserved_pico = flow->worst_case_pico;
        flow->metering.event.lease_count =
            admit_leases(&flow->reservation, flow->metering.event.leases);
        return GO_NEXT;
    case ADMIT_WAIT:
        flow->lease_waiting = true;
        if (worker->metrics != NULL)
            metrics_add(worker->metrics, COUNT_LEASE_WAITS, 1);
        return GO_WAIT;
    case ADMIT_NO_CREDIT:
    case ADMIT_NO_BUDGET:
    case ADMIT_RATE_LIMITED:
    case ADMIT_UNAVAILABLE:
        break;
    }
    return refuse_money(flow, outcome, &why);
}

enum go flow_pass_rate(struct flow *flow, int64_t tokens)
{
    struct admit_refusal why = {.affordable_pico = -1};
    struct admit_rate rate = {0};
    enum admit_outcome outcome =
        admit_rate(flow->worker->admit, flow->key, tokens, flow_now_ms(flow), &rate, &why);

    flow->limits =
        (struct reply_limits){rate.limit_requests, rate.remaining_requests, rate.reset_requests_ms,
                              rate.limit_tokens,   rate.remaining_tokens,   rate.reset_tokens_ms};
    return outcome == ADMIT_OK ? GO_NEXT : refuse_money(flow, outcome, &why);
}

/* Once per request, however often the step runs. */
static enum go admit_first(struct flow *flow)
{
    struct flow_worker *worker = flow->worker;

    if (!journal_healthy(worker->journal)) {
        if (worker->metrics != NULL)
            metrics_add(worker->metrics, COUNT_JOURNAL_REFUSED, 1);
        return refuse_saying(flow, REFUSE_STORE, "The gateway cannot record requests now.", 1000);
    }
    flow->waiter.on_ready = on_lease;
    flow->waiter.context = flow;
    list_init(&flow->waiter.link);
    return flow_pass_rate(flow, (int64_t)flow->ask.input_bound / 4 +
                                    (flow->output_cap > 0 ? flow->output_cap : 0));
}

enum go flow_admit(struct flow *flow)
{
    if (flow->request == NULL) {
        if (flow->lease_waiting)
            admit_forget(flow->worker->admit, &flow->waiter);
        flow->lease_waiting = false;
        return GO_END;
    }
    if (flow->lease_waiting)
        return GO_WAIT;
    if (flow->waiter.on_ready == NULL && admit_first(flow) != GO_NEXT)
        return GO_END;
    return reserve(flow);
}
