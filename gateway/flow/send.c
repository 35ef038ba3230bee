/*
 * send: the step in which an attempt begins: its body in the provider's language, INTENT on the
 * journal, then the call.
 */
#include "common/base/clock.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/completions.h"
#include "gateway/dialect/languages.h"
#include "gateway/dialect/responses.h"
#include "gateway/flow/health.h"
#include "gateway/flow/hedge.h"
#include "gateway/flow/legs.h"
#include "gateway/flow/onward.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/flow/served.h"
#include "gateway/flow/stored.h"
#include "gateway/route/rotation.h"
#include "gateway/route/route_next.h"

enum {
    JOURNAL_WAIT_MS = 800, /* an INTENT that takes longer refuses its request */
    PATH_MAX_BYTES = 1024,
    PASSED_MAX = 2,
};
/* What a translated body has of its own; large texts are only pointed to. */
#define OWN_BODY_MAX ((size_t)16 << 20)

/* ---- the body ---- */
enum body {
    BODY_READY,
    BODY_ELSEWHERE, /* this provider cannot take it: `unspeakable` says what */
    BODY_UNFIT,     /* it is no chat: the client's fault */
};

static bool completes(const struct flow *flow, const struct snapshot_deployment *deployment)
{
    return flow->ask.kind == ASK_COMPLETIONS && deployment->wire == WIRE_OPENAI &&
           completions_native(deployment->provider, deployment->upstream_id);
}

static const struct upstream_language *language_at(const struct flow *flow,
                                                   const struct snapshot_deployment *deployment)
{
    const struct language_place place = {
        .wire = deployment->wire, .dialect = deployment->dialect, .model = deployment->upstream_id};

    return upstream_language_for(flow->client->family, &place);
}

static enum attempt_way way_of(const struct flow *flow, const struct upstream_language *language)
{
    if (completes(flow, flow->attempt->candidate->deployment))
        return WAY_PATCH;
    if (flow->client->family != language->family)
        return WAY_TRANSLATE;
    if (language->family == FAMILY_OPENAI)
        return WAY_PATCH;
    /* Providers are asked for events: an array is written from them. */
    return flow->client == &gemini_array_client && flow->ask.stream ? WAY_TRANSLATE : WAY_PASS;
}

static struct language_target target_of(const struct flow *flow)
{
    const struct snapshot_deployment *deployment = flow->attempt->candidate->deployment;
    const struct snapshot_credential *credential = flow->attempt->credential;
    const struct compatible_facts facts = {.model = credential == NULL ? deployment->upstream_id
                                                                       : credential->upstream_id,
                                           .reasoning = deployment->reasoning,
                                           .no_temperature = deployment->no_temperature};
    struct language_target target = {
        .output_cap = resume_cap(flow, flow_cap_at(flow, flow->attempt->candidate)),
        .output_limit = deployment->output_limit,
        .goes_on = resume_is_on(flow)};

    compatible_target(deployment->provider, deployment->dialect, &facts, &target);
    if (flow->ask.kind == ASK_COMPLETIONS && flow->attempt->way == WAY_PATCH)
        target.tokens_member = "max_tokens";
    return target;
}

static enum body patch_body(struct flow *flow, const struct language_target *target)
{
    struct attempt *attempt = flow->attempt;
    struct span *pieces = arena_array(flow->arena, PATCH_PIECES_MAX, sizeof(*pieces));
    struct patch patch;

    patch_begin(&patch, &flow->ask_doc);
    if (!attempt->language->patch_ask(&patch, &flow->ask, target, flow->arena)) {
        flow->unspeakable = "a body with so many members of this gateway's own";
        return BODY_ELSEWHERE;
    }
    attempt->piece_count = patch_pieces(&patch, pieces, &attempt->body_bytes);
    attempt->pieces = pieces;
    return BODY_READY;
}

/* "'seed', 'logit_bias'", for a client that requires its parameters to be honoured. */
static const char *name_lost(struct flow *flow, uint64_t lost)
{
    char *names = arena_strdup(flow->arena, "");

    for (int i = 0; i < CHAT_MEMBERS; i++)
        if ((lost >> i & 1) != 0)
            names = arena_printf(flow->arena, "%s%s'%s'", names, names[0] == '\0' ? "" : ", ",
                                 chat_member_name((enum chat_member)i));
    return names;
}

/* What is no chat can be asked of those that complete prompts themselves. */
static bool completed_elsewhere(const struct flow *flow)
{
    for (uint32_t i = 0; i < flow->route.count; i++)
        if (completes(flow, flow->route.candidates[i].deployment))
            return true;
    return false;
}

static bool requires_all(const struct flow *flow)
{
    const struct preset_target *target = flow->plan.legs[flow->attempt->candidate->leg].target;

    return flow->ask.wish.require_parameters ||
           (target != NULL && target->wish != NULL && target->wish->require_parameters);
}

static enum body translate_body(struct flow *flow, const struct language_target *target)
{
    struct attempt *attempt = flow->attempt;
    struct ask_losses losses = {0};
    enum ask_written written;

    if (!flow_read_chat(flow)) {
        flow->unspeakable = "what belongs to completing alone";
        return completed_elsewhere(flow) ? BODY_ELSEWHERE : BODY_UNFIT;
    }
    pieces_done(&flow->attempt->said);
    flow->attempt->said = pieces_make(flow->arena, OWN_BODY_MAX);
    written = attempt->language->write_ask(target->goes_on ? &flow->resume->chat : &flow->chat,
                                           target, &flow->attempt->said, &losses);
    attempt->lost = losses.lost;
    /* Behind the begin of an answer nobody thinks. */
    if (target->goes_on)
        losses.lost &= ~(UINT64_C(1) << MEMBER_REASONING);
    if (written == ASK_WRITTEN)
        attempt->pieces =
            pieces_spans(&flow->attempt->said, &attempt->piece_count, &attempt->body_bytes);
    if (attempt->pieces == NULL)
        flow->unspeakable = written == ASK_UNSPEAKABLE && losses.why != NULL
                                ? losses.why
                                : "a conversation of this size";
    else if (losses.lost != 0 && requires_all(flow))
        flow->unspeakable = name_lost(flow, losses.lost);
    else
        return BODY_READY;
    return BODY_ELSEWHERE;
}

/* A client's body may hold what one of the compatible providers refuses though it speaks the same
 * dialect: it is said anew then, and the answer passes all the same. */
static bool is_said_anew(const struct flow *flow, const struct language_target *target)
{
    if (flow->ask.kind == ASK_RESPONSES && flow->attempt->way == WAY_PASS)
        return !responses_passes(&flow->ask_doc);
    return flow->attempt->way == WAY_TRANSLATE ||
           (flow->ask.kind == ASK_CHAT && target->compatible != NULL &&
            !compatible_passes(target->compatible, &flow->ask_doc));
}

static enum body write_entered_body(struct flow *flow, const struct language_target *target)
{
    if (target->goes_on &&
        (target->output_cap < 1 || !prefill_is_taken(flow->attempt->language, target))) {
        flow->unspeakable = "the begin of an answer";
        return BODY_ELSEWHERE;
    }
    if (flow->attempt->service != NULL)
        return served_write(flow, OWN_BODY_MAX) ? BODY_READY : BODY_ELSEWHERE;
    if (flow->form != NULL) {
        served_patch_form(flow);
        return BODY_READY;
    }
    return is_said_anew(flow, target) ? translate_body(flow, target) : patch_body(flow, target);
}

/* With what the target of a preset changes in it; its cap is the one that was reserved for. */
static enum body write_body(struct flow *flow)
{
    const struct language_target target = target_of(flow);
    uint8_t leg = flow->attempt->candidate->leg;
    enum body body;

    if (!legs_enter_body(flow, leg)) {
        flow->unspeakable = "this request with what the preset changes in it";
        return BODY_ELSEWHERE;
    }
    body = write_entered_body(flow, &target);
    if (body == BODY_UNFIT && flow->plan.legs[leg].target != NULL)
        body = BODY_ELSEWHERE;
    legs_leave_body(flow, leg);
    return body;
}

/* ---- the attempt ---- */
/* The account that keeps the response to go on from, as long as it is there; else the next one. */
static const struct snapshot_credential *
credential_for(const struct flow *flow, const struct snapshot_deployment *deployment)
{
    const struct snapshot_credential *kept =
        flow->pinned ? stored_credential(deployment, flow->pinned_account) : NULL;

    return kept != NULL
               ? kept
               : rotation_next(board_rotation(flow->worker->board), deployment, flow_now_ms(flow));
}

static void begin_attempt(struct flow *flow)
{
    const struct route_candidate *candidate = flow->attempt->candidate;
    struct attempt *attempt = flow->attempt;

    attempt->credential = credential_for(flow, candidate->deployment);
    attempt->language = language_at(flow, candidate->deployment);
    attempt->answer = answer_make();
    attempt->pin.ids[1] = flow->previous;
    attempt->begun_ms = attempt->last_ms = flow_now_ms(flow);
    attempt->way = way_of(flow, attempt->language);
    served_begin(flow);
    resume_begin(flow);
    spoken_begin(flow);
}

static void begin_metering(struct flow *flow)
{
    const struct route_candidate *candidate = flow->attempt->candidate;
    const struct metering_attempt attempt = {
        .deployment = candidate->deployment,
        .terms = candidate->terms,
        .started_us = clock_mono_us(),
        .input_bound = flow_input_bound_at(flow, candidate) + resume_tokens(flow),
        .output_bound = resume_cap(flow, flow_output_bound_at(flow, candidate))};

    flow->attempt->index = flow->metering.event.attempt_count;
    flow->attempt_legs[flow->attempt->index] = candidate->leg;
    metering_begin(&flow->metering, &attempt);
}

/* Headers that a client says its provider's dialect with. */
static uint32_t passed_headers(const struct flow *flow, struct upstream_header *passed_out)
{
    static const struct {
        enum language_family family;
        const char *name;
    } rows[] = {{FAMILY_ANTHROPIC, "anthropic-version"},
                {FAMILY_ANTHROPIC, "anthropic-beta"},
                {FAMILY_OPENAI, "openai-beta"},
                {FAMILY_RESPONSES, "openai-beta"}};
    uint32_t count = 0;

    if (flow->attempt->way == WAY_TRANSLATE)
        return 0;
    for (size_t i = 0; i < array_size(rows) && count < PASSED_MAX; i++) {
        struct span value = rows[i].family == flow->client->family
                                ? httpd_header(flow->request, rows[i].name)
                                : (struct span){0};
        if (value.size > 0)
            passed_out[count++] = (struct upstream_header){span_of(rows[i].name), value};
    }
    return count;
}

static void write_path(const struct flow *flow, struct buf *out)
{
    const struct language_target target = target_of(flow);

    if (flow->attempt->way == WAY_SERVICE || flow->ask.kind == ASK_EMBEDDINGS)
        served_path(flow, out);
    else if (flow->ask.kind == ASK_COMPLETIONS && flow->attempt->way == WAY_PATCH)
        buf_add_string(out, "/completions");
    else
        flow->attempt->language->path(&target, flow->ask.stream, out);
}

static enum go dispatch(struct flow *flow)
{
    struct flow_worker *worker = flow->worker;
    struct attempt *attempt = flow->attempt;
    struct upstream_header passed[PASSED_MAX];
    struct upstream_request request = {.deployment = attempt->candidate->deployment,
                                       .credential = attempt->credential,
                                       .headers = attempt->language->headers,
                                       .passed = passed,
                                       .passed_count = passed_headers(flow, passed),
                                       .pieces = attempt->pieces,
                                       .piece_count = attempt->piece_count,
                                       .body_bytes = attempt->body_bytes,
                                       .attempt = flow->metering.event.attempt_count};
    char id[ID_TEXT_SIZE];

    buf_clear(&worker->pool->scratch);
    write_path(flow, &worker->pool->scratch);
    request.path = buf_span(&worker->pool->scratch);
    if (flow->form != NULL)
        request.content_type = flow->form->content_type;
    if (flow->ask.stream && attempt->language->accept != NULL)
        request.accept = span_of(attempt->language->accept);
    request.request_id = span_make(id, id_format(ID_GENERATION, flow->call.id, id));
    attempt->sent_us = clock_mono_us();
    flow_wait_begin(flow);
    attempt->begun_ms = attempt->last_ms = flow_now_ms(flow);
    flow_tell_sent(flow);
    attempt->call =
        worker->upstream->ops->start(worker->upstream, &request, &flow_upstream_events, attempt);
    if (attempt->call == NULL)
        flow_fail(flow, FAULT_CONNECT);
    return GO_NEXT;
}

/* The journal took no INTENT. */
static enum go refuse_unrecorded(struct flow *flow)
{
    metering_end(&flow->metering, 0, "journal", NULL, clock_mono_us());
    if (!flow->intent_written)
        flow->outcome = OUTCOME_NOT_DISPATCHED;
    flow_refuse(flow, REFUSE_STORE,
                &(struct refusal_say){.message = span_of("The gateway cannot record requests now."),
                                      .retry_after_ms = 1000});
    return GO_END;
}

/* A second attempt that cannot be sent goes; the first one runs. */
static enum go give_up_second(struct flow *flow)
{
    if (flow->attempt->index != ATTEMPT_NOT_BEGUN)
        metering_end(&flow->metering, 0, "journal", NULL, clock_mono_us());
    flow_keep_memory(flow, false);
    flow_drop(flow);
    return GO_NEXT;
}

/* The disk stalls, or refuses: nothing goes upstream, and the client is told in time. The INTENT
 * is in the writer's hands all the same, so the event's FINAL follows it. */
static enum go await_intent(struct flow *flow)
{
    int64_t until_ms = flow->journal_since_us / 1000 + JOURNAL_WAIT_MS;

    if (flow_now_ms(flow) < until_ms) {
        flow_arm(flow, until_ms);
        return GO_WAIT;
    }
    journal_forget(flow->worker->journal, &flow->ticket);
    if (flow->other != NULL || flow->attempt->sent_us != 0) {
        flow->journalling = JOURNAL_IDLE;
        return flow->other != NULL ? give_up_second(flow) : GO_NEXT;
    }
    if (flow->worker->metrics != NULL)
        metrics_add(flow->worker->metrics, COUNT_JOURNAL_REFUSED, 1);
    metering_end(&flow->metering, 0, "journal", NULL, clock_mono_us());
    flow->journalling = JOURNAL_IDLE;
    flow->intent_written = true;
    flow->journal_late = true;
    flow->outcome =
        flow->metering.event.attempt_count > 1 ? OUTCOME_PROVIDER_FAILED : OUTCOME_NOT_DISPATCHED;
    flow_refuse(flow, REFUSE_STORE,
                &(struct refusal_say){.message = span_of("The gateway cannot record requests now."),
                                      .retry_after_ms = 1000});
    return GO_END;
}

/* Whether another of the candidates speaks the client's own language: there it need not be read. */
static bool is_spoken_elsewhere(const struct flow *flow)
{
    const struct route *route = &flow->route;

    for (uint32_t i = 0; i < route->count; i++) {
        const struct snapshot_deployment *deployment = route->candidates[i].deployment;
        bool tried = false;

        for (uint32_t t = 0; t < route->tried_count; t++)
            tried = tried || route->tried[t] == i;
        if (!tried && language_at(flow, deployment)->family == flow->client->family)
            return true;
    }
    return false;
}

/* Put down, and not sent: nothing is on the journal for it, and nothing was cost. */
static enum go skip_mocked(struct flow *flow)
{
    begin_metering(flow);
    metering_end(&flow->metering, 0, attempt_fault_name(FAULT_MOCKED), NULL, clock_mono_us());
    flow->outcome = OUTCOME_NOT_DISPATCHED;
    return GO_ROUTE;
}

/* What cannot be said to it says nothing of its account: another model of that may take it. What it
 * would have been written with stays: should there be nobody else, the client is told so with it.
 */
static void pass_by(struct flow *flow)
{
    const struct answer_writer writer = flow->attempt->writer;

    (void)route_ended(&flow->route, flow->attempt->candidate,
                      &(struct route_end){.fall = FALL_ERROR});
    attempt_clear(flow->attempt);
    flow->attempt->writer = writer;
}

/* The body first: what cannot be said to this provider is no attempt. */
static enum go begin(struct flow *flow)
{
    if (onward_is_mocked(flow))
        return skip_mocked(flow);
    flow_keep_memory(flow, true);
    begin_attempt(flow);
    switch (write_body(flow)) {
    case BODY_READY:
        flow_keep_memory(flow, false);
        break;
    case BODY_ELSEWHERE:
        if (flow->other != NULL)
            return give_up_second(flow);
        pass_by(flow);
        return GO_ROUTE;
    case BODY_UNFIT:
        if (flow->other != NULL)
            return give_up_second(flow);
        pass_by(flow);
        if (is_spoken_elsewhere(flow))
            return GO_ROUTE;
        flow_refuse(
            flow, REFUSE_INVALID_VALUE,
            &(struct refusal_say){.message = span_of(flow->chat_why), .param = flow->chat_member});
        return GO_END;
    }
    begin_metering(flow);
    if (flow_put_intent(flow) == 0)
        return await_intent(flow);
    return flow->other != NULL ? give_up_second(flow) : refuse_unrecorded(flow);
}

/* The INTENT could not be written. */
static enum go refuse_unwritten(struct flow *flow)
{
    flow->outcome =
        flow->metering.event.attempt_count > 1 ? OUTCOME_PROVIDER_FAILED : OUTCOME_NOT_DISPATCHED;
    flow_refuse(flow, REFUSE_STORE, &(struct refusal_say){.retry_after_ms = 1000});
    return GO_END;
}

enum go flow_send(struct flow *flow)
{
    bool written = flow->journalling == JOURNAL_WRITTEN;

    if (flow->journalling == JOURNAL_IDLE && flow->attempt->sent_us == 0)
        return begin(flow);
    if (flow->journalling == JOURNAL_WRITING)
        return await_intent(flow);
    flow->journalling = JOURNAL_IDLE;
    /* The first one answered while the INTENT of the second was written. */
    if (flow->attempt->sent_us != 0)
        return GO_NEXT;
    if (flow->other != NULL && (!written || flow->request == NULL))
        return give_up_second(flow);
    if (!written)
        return refuse_unwritten(flow);
    if (flow->request == NULL) {
        metering_end(&flow->metering, 0, "cancelled", NULL, clock_mono_us());
        flow->outcome = OUTCOME_CLIENT_LEFT_EARLY;
        return GO_END;
    }
    return dispatch(flow);
}
