/*
 * relay: what comes back from a provider: framer, reader, taps, and how an attempt ends.
 */
#include "common/base/clock.h"
#include "gateway/dialect/error_kind.h"
#include "gateway/flow/health.h"
#include "gateway/flow/hedge.h"
#include "gateway/flow/onward.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/flow/served.h"
#include "gateway/route/route_next.h"

/* Of an error's body; the rest is not read. */
#define ERROR_BODY_MAX ((size_t)64 << 10)
/* Some providers tell usage behind their end marker: waited for so long. */
#define AFTER_DONE_MS 500

void flow_fail(struct flow *flow, enum attempt_fault fault)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->failed)
        return;
    attempt->failed = true;
    attempt->fault = fault;
}

void flow_cancel(struct flow *flow)
{
    if (flow->attempt->call != NULL)
        flow->worker->upstream->ops->cancel(flow->attempt->call);
    flow->attempt->call = NULL;
}

/* ---- what the upstream tells ---- */
static const char *const stream_types[] = {
    [FRAMING_SSE] = "text/event-stream",
    [FRAMING_EVENT_STREAM] = "application/vnd.amazon.eventstream",
};

/* What is told is about that attempt; behind it all is about the one it was about before. */
static struct attempt *hear(struct attempt *attempt)
{
    struct attempt *before = attempt->flow->attempt;

    flow_look_at(attempt->flow, attempt);
    return before;
}

static void heard(struct flow *flow, struct attempt *before, bool run)
{
    if (flow->other != NULL)
        flow_look_at(flow, before);
    if (run)
        flow_run(flow);
}

static void on_head(void *context, const struct upstream_head *head)
{
    struct attempt *attempt = context, *before = hear(attempt);
    struct flow *flow = attempt->flow;
    size_t size = head->request_id.size;

    attempt->head = (struct upstream_head){
        .status = head->status, .retry_after_ms = head->retry_after_ms, .framed = head->framed};
    if (size > 0 && size < sizeof(attempt->request_id))
        memcpy(attempt->request_id, head->request_id.at, size);
    attempt->last_ms = flow_now_ms(flow);
    attempt->streamed = head->status >= 200 && head->status < 300 && flow->ask.stream &&
                        span_starts(head->content_type, stream_types[attempt->language->framing]);
    served_head(flow, head->content_type);
    if (head->content_encoding.size > 0 && !span_is_nocase(head->content_encoding, "identity"))
        flow_fail(flow, FAULT_NONSENSE);
    heard(flow, before, attempt->failed);
}

void flow_wait_begin(struct flow *flow)
{
    if (flow->waiting_us == 0)
        flow->waiting_us = clock_mono_us();
}

void flow_wait_end(struct flow *flow)
{
    if (flow->waiting_us != 0)
        flow->waited_us += clock_mono_us() - flow->waiting_us;
    flow->waiting_us = 0;
}

void flow_note_content(struct flow *flow)
{
    flow->attempt->content = true;
    flow_tell_word(flow);
    flow_decide(flow);
    flow_wait_end(flow);
    resume_content(flow);
    flow->progress_ms = flow_now_ms(flow);
    flow_arm(flow, flow->progress_ms + flow->worker->config.progress_ms);
    if (resume_is_on(flow))
        return;
    flow->first_us = clock_mono_us();
    flow->metering.event.first_token_ms = (flow->first_us - flow->call.arrived_us) / 1000;
}

static void gather(struct flow *flow, struct span bytes)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->head.status >= 200 && attempt->head.status < 300) {
        if (buf_add_span(&attempt->body, bytes) != 0)
            flow_fail(flow, FAULT_NONSENSE);
    } else if (attempt->body.size < ERROR_BODY_MAX) {
        buf_add_span(&attempt->body, span_part(bytes, 0, ERROR_BODY_MAX - attempt->body.size));
    }
}

static void on_bytes(void *context, struct span bytes)
{
    struct attempt *attempt = context, *before;
    struct flow *flow = attempt->flow;

    if (attempt->failed)
        return;
    before = hear(attempt);
    attempt->last_ms = flow_now_ms(flow);
    attempt->bytes += bytes.size;
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_UPSTREAM_BYTES, bytes.size);
    if (attempt->streamed)
        frames_feed(flow, bytes);
    else if (attempt->raw)
        served_raw(flow, bytes);
    else
        gather(flow, bytes);
    heard(flow, before, attempt->failed || attempt->done);
}

static void on_end(void *context, enum upstream_end end)
{
    struct attempt *attempt = context;

    attempt->call = NULL;
    attempt->ended = true;
    attempt->end = end;
    flow_run(attempt->flow);
}

const struct upstream_events flow_upstream_events = {
    .on_head = on_head, .on_bytes = on_bytes, .on_end = on_end};

/* ---- how it ended ---- */
/* The upstream's end was told before anything else was decided. */
static void judge_end(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->end == UPSTREAM_NO_CONNECTION || attempt->end == UPSTREAM_CONNECT_TIMEOUT ||
        attempt->end == UPSTREAM_FORBIDDEN) {
        flow_fail(flow, FAULT_CONNECT);
    } else if (attempt->end == UPSTREAM_STALE) {
        flow_fail(flow, FAULT_STALE);
    } else if (attempt->head.status != 0 &&
               (attempt->head.status < 200 || attempt->head.status > 299)) {
        frames_error(flow);
        flow_fail(flow, FAULT_STATUS);
    } else if (attempt->streamed) {
        frames_end(flow);
    } else if (attempt->end != UPSTREAM_WHOLE) {
        flow_fail(flow, FAULT_RESET);
    } else {
        frames_whole(flow);
    }
}

static int64_t or_else(int32_t own_ms, int32_t default_ms)
{
    return own_ms > 0 ? own_ms : default_ms;
}

/* The timeouts that are ours; sets the timer for the soonest. */
static void check_time(struct flow *flow)
{
    const struct flow_config *config = &flow->worker->config;
    const struct onward_times times = onward_times(flow);
    struct attempt *attempt = flow->attempt;
    const struct snapshot_deployment *deployment = attempt->candidate->deployment;
    int64_t now_ms = flow_now_ms(flow), due_ms = attempt->begun_ms + times.total_ms;
    enum attempt_fault due = FAULT_TOTAL;
    int64_t quiet_ms = due_ms;
    bool streams = flow->ask.stream || attempt->raw;

    if (flow->deadline_told && flow->deadline_ms < due_ms) {
        due_ms = flow->deadline_ms;
        due = FAULT_DEADLINE;
    }
    if (streams && !attempt->content) {
        quiet_ms = attempt->begun_ms + times.first_token_ms;
        flow_tell_silent(flow, or_else(deployment->first_token_timeout_ms, config->first_token_ms));
    } else if (streams && !attempt->paused) {
        quiet_ms = attempt->last_ms + or_else(deployment->idle_timeout_ms, config->idle_ms);
    }
    if (now_ms >= due_ms)
        flow_fail(flow, due);
    else if (now_ms >= quiet_ms)
        flow_fail(flow, attempt->content ? FAULT_IDLE : FAULT_FIRST_TOKEN);
    flow_arm(flow, quiet_ms < due_ms ? quiet_ms : due_ms);
}

static int64_t first_ping_ms(const struct flow *flow)
{
    int64_t told_ms = flow->ask.routing.first_ping_ms;

    return told_ms >= 0 ? told_ms : flow->worker->config.first_ping_ms;
}

void flow_ping(struct flow *flow)
{
    const struct flow_config *config = &flow->worker->config;
    int64_t now_ms = flow_now_ms(flow), ping_ms;

    /* One that was put down unsent has no writer. */
    if (flow->request == NULL || !served_streams(flow) || flow->attempt->writer.language == NULL)
        return;
    ping_ms = flow->sent_ms + (flow->head_sent ? config->ping_ms : first_ping_ms(flow));
    if (now_ms >= ping_ms) {
        out_ping(flow);
        ping_ms = now_ms + config->ping_ms;
    }
    flow_arm(flow, ping_ms);
}

/* PROGRESS of a stream under way. */
static void put_progress(struct flow *flow)
{
    const struct flow_config *config = &flow->worker->config;
    int64_t now_ms = flow_now_ms(flow);

    if (!flow->attempt->content || ask_is_service(flow->ask.kind))
        return;
    if (now_ms >= flow->progress_ms + config->progress_ms) {
        flow_put_progress(flow);
        flow->progress_ms = now_ms;
    }
    flow_arm(flow, flow->progress_ms + config->progress_ms);
}

static enum attempt_result result_of(const struct attempt *attempt)
{
    int status = attempt->head.status;

    switch (attempt->fault) {
    case FAULT_CONNECT:
        return ATTEMPT_CONNECT;
    case FAULT_FIRST_TOKEN:
    case FAULT_IDLE:
    case FAULT_TOTAL:
        return ATTEMPT_TIMEOUT;
    case FAULT_STALE:
    case FAULT_RESET:
    case FAULT_TRUNCATED:
        return ATTEMPT_RESET;
    case FAULT_STATUS:
        return status == 429                                     ? ATTEMPT_RATE_LIMITED
               : status >= 500 || status < 400                   ? ATTEMPT_SERVER_ERROR
               : status == 401 || status == 402 || status == 403 ? ATTEMPT_OUR_ERROR
                                                                 : ATTEMPT_CLIENT_ERROR;
    case FAULT_STREAM:
        return ATTEMPT_SERVER_ERROR;
    case FAULT_BLOCKED:
        return ATTEMPT_CLIENT_ERROR;
    case FAULT_DEADLINE:
    case FAULT_MOCKED:
        return ATTEMPT_CANCELLED;
    case FAULT_NONSENSE:
    case FAULTS:
        break;
    }
    return ATTEMPT_NONSENSE;
}

static void end_attempt(struct flow *flow, const char *reason, enum attempt_result result)
{
    struct attempt *attempt = flow->attempt;
    struct usage_event *event = &flow->metering.event;

    if (flow->other == NULL)
        flow_wait_end(flow);
    flow_tell_gone(flow);
    metering_end(&flow->metering, attempt->head.status, reason,
                 attempt->head.status == 0 ? NULL : &attempt->answer, clock_mono_us());
    /* An answer that goes on stays the first one's. */
    if (!resume_is_on(flow))
        event->provider_request_id = attempt->request_id[0] == '\0'
                                         ? (struct span){0}
                                         : arena_span(flow->arena, span_of(attempt->request_id));
    if (flow->worker->metrics != NULL)
        metrics_attempt(flow->worker->metrics, attempt->candidate->deployment->provider, result);
}

/* The client's own fault, in the provider's words. */
static void pass_on(struct flow *flow, enum preset_fall about)
{
    const struct attempt *attempt = flow->attempt;
    int status =
        attempt->fault == FAULT_STREAM ? attempt->answer.error_status : attempt->head.status;
    struct refusal_say say = {0};
    enum refusal refusal = status == 422   ? REFUSE_UNPROCESSABLE
                           : status == 413 ? REFUSE_TOO_LARGE
                                           : REFUSE_INVALID_REQUEST;

    if (about == FALL_CONTEXT)
        refusal = REFUSE_CONTEXT_LENGTH;
    else if (about == FALL_POLICY)
        refusal = REFUSE_CONTENT_POLICY;
    say.message = arena_span(flow->arena, span_of(attempt->answer.error_message));
    if (attempt->answer.error_param[0] != '\0')
        say.param = arena_strdup(flow->arena, attempt->answer.error_param);
    flow_refuse(flow, refusal, &say);
}

static struct verdict_in fault_of(const struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    const struct onward_times times = onward_times(flow);

    return (struct verdict_in){
        .fault = attempt->fault,
        .status =
            attempt->fault == FAULT_STREAM ? attempt->answer.error_status : attempt->head.status,
        .code = attempt->answer.error_code,
        .about = error_kind_of(&attempt->answer),
        .path_unsure = ask_is_service(flow->ask.kind) || flow->ask.kind == ASK_COMPLETIONS ||
                       resume_is_on(flow),
        .stream = flow->ask.stream || attempt->raw,
        .content = attempt->content,
        .hurried = (attempt->fault == FAULT_FIRST_TOKEN && times.first_token_own) ||
                   (attempt->fault == FAULT_TOTAL && times.total_own),
        .retry_after_ms = attempt->head.retry_after_ms};
}

/* Puts the failure down, and what is to be said of it should nobody answer. True: the deployment
 * has another credential. */
static bool note_failed(struct flow *flow, const struct verdict_in *in,
                        const struct verdict_out *out)
{
    const struct attempt *attempt = flow->attempt;

    flow_cancel(flow);
    end_attempt(flow, attempt_fault_name(attempt->fault), result_of(attempt));
    flow->outcome = attempt->content ? OUTCOME_PROVIDER_DIED : OUTCOME_PROVIDER_FAILED;
    /* A quota that is used up is no limit that ends by itself, and not the client's. */
    flow->rate_limited |= in->status == 429 && out->cooldown_ms == 0;
    if (attempt->head.retry_after_ms > 0)
        flow->retry_after_ms = attempt->head.retry_after_ms;
    if (out->verdict == VERDICT_NEXT && flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_FAILOVERS, 1);
    return flow_tell_failed(flow, out);
}

static enum go end_failed(struct flow *flow)
{
    struct verdict_in in = fault_of(flow);
    struct verdict_out out = verdict_of(&in);
    bool another = note_failed(flow, &in, &out);
    bool goes_on = resume_goes_on(flow, &in), onward;

    /* Who goes on is chosen as if nothing had come. */
    if (goes_on && in.content) {
        in.content = false;
        out = verdict_of(&in);
    }
    onward = onward_take_end(flow, &in, &out, another);
    if (another)
        route_stay(&flow->route, flow->attempt->candidate);
    if (goes_on)
        return GO_ROUTE;
    switch (out.verdict) {
    case VERDICT_NEXT:
        return GO_ROUTE;
    case VERDICT_PASS_ON:
        if (onward)
            return GO_ROUTE;
        pass_on(flow, out.fall);
        return GO_END;
    case VERDICT_GIVE_UP:
        break;
    }
    if (in.fault == FAULT_DEADLINE)
        onward_refuse_late(flow);
    else
        flow_refuse_last(flow);
    return GO_END;
}

static enum go end_well(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    bool blank = (attempt->answer.signs & ANSWER_CONTENT) == 0 &&
                 strcmp(attempt->answer.finish_reason, "error") == 0;

    end_attempt(flow, "ok", ATTEMPT_OK);
    flow_tell_served(flow);
    flow->outcome = blank              ? OUTCOME_BLANK
                    : !flow->left      ? OUTCOME_FINISHED
                    : attempt->content ? OUTCOME_CLIENT_LEFT
                                       : OUTCOME_CLIENT_LEFT_EARLY;
    return GO_NEXT;
}

/* The client left: the provider is told by closing, unless its abort policy is to drain. */
static bool drains(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    int64_t now_ms = flow_now_ms(flow);

    if (attempt->candidate->deployment->abort_policy != ABORT_DRAIN || !attempt->content)
        return false;
    if (flow->left_ms == 0) {
        flow->left_ms = now_ms;
        if (attempt->paused)
            flow->worker->upstream->ops->resume(attempt->call);
        flow->attempt->paused = false;
    }
    flow_arm(flow, flow->left_ms + flow->worker->config.drain_ms);
    return now_ms < flow->left_ms + flow->worker->config.drain_ms;
}

static enum go end_left(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    bool billed = attempt->content && attempt->candidate->deployment->abort_policy != ABORT_NO_BILL;

    flow_cancel(flow);
    end_attempt(flow, "cancelled", ATTEMPT_CANCELLED);
    flow->outcome = billed ? OUTCOME_CLIENT_LEFT : OUTCOME_CLIENT_LEFT_EARLY;
    return GO_END;
}

/* The end marker was seen, or the whole answer is there. */
static enum go finish(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    int64_t until_ms = attempt->done_ms + AFTER_DONE_MS;

    if (!attempt->streamed || attempt->ended || (attempt->answer.signs & ANSWER_USAGE) != 0 ||
        flow_now_ms(flow) >= until_ms) {
        if (!onward_takes_blocked(flow))
            return end_well(flow);
        flow_fail(flow, FAULT_BLOCKED);
        return end_failed(flow);
    }
    flow_arm(flow, until_ms);
    return GO_WAIT;
}

/* Whether the running attempt is at its end, or its time is over. */
static void judge(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->ended && !attempt->failed && !attempt->done)
        judge_end(flow);
    if (!attempt->failed && !attempt->done)
        check_time(flow);
}

/* Of two, the one that has the answer, or that the client's fault was told to, stays; one that
 * failed goes. */
static void judge_two(struct flow *flow)
{
    for (int i = 0; i < 2 && flow->other != NULL; i++) {
        flow_look_at(flow, flow->other);
        judge(flow);
        if (flow->attempt->failed) {
            const struct verdict_in in = fault_of(flow);
            const struct verdict_out out = verdict_of(&in);

            if (out.verdict != VERDICT_PASS_ON) {
                (void)note_failed(flow, &in, &out);
                flow_drop(flow);
                continue;
            }
        }
        if (flow->attempt->failed || flow->attempt->done)
            flow_decide(flow);
    }
}

enum go flow_relay(struct flow *flow)
{
    struct attempt *attempt;

    if (flow->other != NULL)
        judge_two(flow);
    /* Whoever is left alone may not have been looked at. */
    if (flow->other == NULL)
        judge(flow);
    attempt = flow->attempt;
    if (attempt->failed)
        return end_failed(flow);
    if (attempt->done)
        return finish(flow);
    if (flow->left && !drains(flow)) {
        flow_decide(flow);
        return end_left(flow);
    }
    if (served_streams(flow))
        put_progress(flow);
    flow_ping(flow);
    return flow_hedge_due(flow) ? flow_hedge(flow) : GO_WAIT;
}
