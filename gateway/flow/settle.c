/*
 * settle: a request's records on the journal, and its end: FINAL first, then the last byte, then
 * the reservation.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "gateway/flow/health.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/journal/intent.h"

static void on_written(void *context, int error)
{
    struct flow *flow = context;

    if (flow->worker->metrics != NULL)
        metrics_observe(flow->worker->metrics, HISTOGRAM_JOURNAL_WAIT_US,
                        clock_mono_us() - flow->journal_since_us);
    flow->journalling = error == 0 ? JOURNAL_WRITTEN : JOURNAL_FAILED;
    if (error == 0)
        flow->intent_written = true;
    flow_run(flow);
}

static int put(struct flow *flow, enum record_type type, struct span payload)
{
    int error;

    flow->ticket = (struct journal_ticket){.on_written = on_written, .context = flow};
    list_init(&flow->ticket.link);
    flow->journal_since_us = clock_mono_us();
    error = journal_put(flow->worker->journal, type, flow->call.id, payload, &flow->ticket);
    if (error == 0)
        flow->journalling = JOURNAL_WRITING;
    return error;
}

int flow_put_intent(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    int error;

    buf_clear(scratch);
    error = metering_encode_intent(&flow->metering, scratch);
    if (error == 0)
        error = put(flow, RECORD_INTENT, buf_span(scratch));
    if (error != 0 && flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_JOURNAL_REFUSED, 1);
    return error;
}

void flow_put_progress(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    struct progress progress = {0};

    progress.output_tokens =
        metering_output(&flow->metering, &flow->attempt->answer, &progress.reported);
    buf_clear(scratch);
    /* Lost progress costs an estimate in a crash, nothing else. */
    if (progress_encode(&progress, scratch) == 0)
        (void)!journal_put(flow->worker->journal, RECORD_PROGRESS, flow->call.id, buf_span(scratch),
                           NULL);
}

static const struct answer *last_answer(const struct flow *flow)
{
    return flow->attempt->sent_us == 0 ? NULL : &flow->attempt->answer;
}

static void alarm_quarantine(const struct flow *flow)
{
    const struct answer_usage *usage = &flow->attempt->answer.usage;
    char id[ID_TEXT_SIZE];

    id_format(ID_GENERATION, flow->call.id, id);
    log_event(
        LOG_ALARM, "usage.quarantined", LOG_S("request", id),
        LOG_SP("provider", flow->metering.event.provider),
        LOG_S("why", usage->why == NULL ? "nothing told beside what was generated" : usage->why));
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_USAGE_QUARANTINED, 1);
}

static int put_final(struct flow *flow)
{
    struct buf *scratch = &flow->worker->pool->scratch;
    struct metering *m = &flow->metering;
    int error;

    flow->outcome = resume_outcome(flow);
    metering_finish(m, flow->outcome, last_answer(flow));
    m->event.total_ms = (clock_mono_us() - flow->call.arrived_us) / 1000;
    m->event.overhead_us = out_overhead_us(flow);
    if (flow->refused)
        m->event.error = span_of(refusal_word(flow->refusal));
    if (m->quarantined)
        alarm_quarantine(flow);
    if (!flow->refused)
        out_prepare_last(flow);
    buf_clear(scratch);
    error = metering_encode_final(m, scratch);
    if (error == 0)
        error = put(flow, RECORD_FINAL, buf_span(scratch));
    return error;
}

static void report_metrics(const struct flow *flow, int status, uint32_t error)
{
    struct metrics *metrics = flow->worker->metrics;
    const struct usage_event *event = &flow->metering.event;

    if (metrics == NULL)
        return;
    metrics_request(metrics, flow->call.endpoint, status, error);
    metrics_observe(metrics, HISTOGRAM_TOTAL_US, clock_mono_us() - flow->call.arrived_us);
    metrics_observe(metrics, HISTOGRAM_OVERHEAD_US, out_overhead_us(flow));
    if (flow->first_us > 0)
        metrics_observe(metrics, HISTOGRAM_FIRST_TOKEN_US, flow->first_us - flow->call.arrived_us);
    if (flow->left)
        metrics_add(metrics, COUNT_CLIENT_LEFT, 1);
    metrics_add(metrics, COUNT_CHARGE_NANO, (uint64_t)(event->charge_pico / 1000));
}

static void report(const struct flow *flow)
{
    const struct usage_event *event = &flow->metering.event;
    int status = flow->status == 0 ? 499 : flow->status;
    const struct access_entry entry = {
        .time_ms = flow->call.start_ms,
        .request = flow->call.id,
        .tenant = event->tenant,
        .key = event->key,
        .endpoint = endpoint_name(flow->call.endpoint),
        .outcome = flow->intent_written ? event_outcome_name(flow->outcome) : NULL,
        .error = flow->refused ? refusal_word(flow->refusal) : NULL,
        .model = event->model,
        .provider = event->provider,
        .status = status,
        .attempts = (int32_t)event->attempt_count,
        .stream = event->stream,
        .test = event->test,
        .first_token_ms = flow->key == NULL ? -1 : event->first_token_ms,
        .total_ms = (clock_mono_us() - flow->call.arrived_us) / 1000,
        .overhead_us = out_overhead_us(flow),
        .tokens_in = meters_prompt(&event->meters),
        .tokens_out = event->meters.count[METER_OUTPUT],
        .charge_pico = event->charge_pico};

    report_metrics(flow, status, flow->refused ? (uint32_t)flow->refusal : UINT32_MAX);
    if (flow->refused && flow->key != NULL && !flow->intent_written &&
        flow->worker->refused != NULL)
        refused_count(flow->worker->refused, flow->key->tenant->id, flow->key->id,
                      refusal_word(flow->refusal));
    if (!access_put(flow->worker->access, &entry) && flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_ACCESS_LOG_DROPPED, 1);
}

static void give_back(struct flow *flow, int64_t charge_pico, uint32_t events)
{
    if (flow->reservation.count > 0)
        admit_settle(flow->worker->admit, &flow->reservation, charge_pico, events);
}

static enum go end(struct flow *flow, int64_t charge_pico, uint32_t events)
{
    if (flow->request != NULL && !flow->refused && flow->outcome != OUTCOME_FINISHED &&
        flow->outcome != OUTCOME_BLANK)
        flow_refuse(flow, REFUSE_INTERNAL, NULL);
    if (flow->request != NULL && flow->refused)
        out_refusal(flow);
    else if (flow->request != NULL)
        out_last(flow);
    flow_tell_over(flow);
    give_back(flow, charge_pico, events);
    report(flow);
    return GO_NEXT;
}

enum go flow_settle(struct flow *flow)
{
    char id[ID_TEXT_SIZE];
    int error = 0;

    if (!flow->intent_written)
        return end(flow, 0, 0);
    if (flow->journal_late && flow->request != NULL)
        out_refusal(flow);
    if (!flow->final_put) {
        flow->final_put = true;
        error = put_final(flow);
        if (error == 0)
            return GO_WAIT;
        flow->journalling = JOURNAL_FAILED;
    }
    if (flow->journalling == JOURNAL_WRITING)
        return GO_WAIT;
    if (flow->journalling == JOURNAL_WRITTEN)
        return end(flow, flow->metering.event.charge_pico, 1);
    /* Recovery will find an INTENT without a FINAL: nothing is charged, so nothing is promised. */
    id_format(ID_GENERATION, flow->call.id, id);
    log_event(LOG_ALARM, "journal.final_lost", LOG_S("request", id), LOG_N("error", -error));
    flow_refuse(flow, REFUSE_STORE, NULL);
    return end(flow, 0, 0);
}
