/*
 * steps: what comes before the first byte upstream: who asks, for what, may it, who serves it.
 */
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/openai.h"
#include "gateway/flow/parts.h"

enum {
    NEAR_MODELS = 3,
    MESSAGE_MAX = 1024,
    JOURNAL_WAIT_MS = 800, /* an INTENT that takes longer refuses its request */
};

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

/* ---- ask ---- */
static enum ask_kind kind_of(const struct flow *flow)
{
    return flow->call.endpoint == ENDPOINT_EMBEDDINGS ? ASK_EMBEDDINGS : ASK_CHAT;
}

static enum go refuse_unknown_model(struct flow *flow)
{
    struct span near[NEAR_MODELS];
    size_t count = snapshot_near_models(flow->snapshot, flow->ask.model, near, NEAR_MODELS);
    struct buf message = buf_make(2 * MESSAGE_MAX);

    buf_printf(&message, "The model '%.*s' does not exist.", SPAN_ARG(flow->ask.model));
    for (size_t i = 0; i < count; i++)
        buf_printf(&message, "%s'%.*s'", i == 0 ? " Did you mean " : " or ", SPAN_ARG(near[i]));
    if (count > 0)
        buf_add_byte(&message, '?');
    struct span text = arena_span(flow->arena, buf_span(&message));
    buf_done(&message);
    return refuse(flow, REFUSE_NO_MODEL, &(struct refusal_say){.message = text, .param = "model"});
}

static bool key_allows(const struct snapshot_key *key, struct span model)
{
    if (key->allowed_models == NULL)
        return true;
    for (uint32_t i = 0; i < key->allowed_count; i++)
        if (span_equal(key->allowed_models[i], model))
            return true;
    return false;
}

static enum route_outcome collect(struct flow *flow, const struct snapshot_model *model)
{
    const struct ask *ask = &flow->ask;
    const struct route_wish wish = {.order = ask->order.at,
                                    .order_count = ask->order.count,
                                    .only = ask->only.at,
                                    .only_count = ask->only.count,
                                    .ignore = ask->ignore.at,
                                    .ignore_count = ask->ignore.count,
                                    .no_fallbacks = ask->no_fallbacks,
                                    .test_key = flow->key->kind == KEY_TEST,
                                    .chat = ask->kind == ASK_CHAT};

    const struct route_view view = {.snapshot = flow->snapshot,
                                    .tenant = flow->key->tenant,
                                    .board = flow->worker->board,
                                    .start_ms = flow->call.start_ms,
                                    .now_mono_ms = flow_now_ms(flow)};

    return route_collect(&view, model, &wish, &flow->route);
}

static enum go refuse_route(struct flow *flow, enum route_outcome outcome,
                            const struct snapshot_model *model)
{
    struct refusal_say say = {.param = "model"};
    int64_t now_ms = flow_now_ms(flow), back_ms;

    switch (outcome) {
    case ROUTE_OK:
        break;
    case ROUTE_NOT_SOLD:
        say.message = span_of(
            arena_printf(flow->arena, "The model '%.*s' is known, but cannot be called here now.",
                         SPAN_ARG(model->id)));
        return refuse(flow, REFUSE_MODEL_UNAVAILABLE, &say);
    case ROUTE_WRONG_KIND:
        say.message = span_of(arena_printf(flow->arena,
                                           "The model '%.*s' is of kind '%.*s' and cannot be used "
                                           "with this endpoint.",
                                           SPAN_ARG(model->id), SPAN_ARG(model->kind)));
        return refuse(flow, REFUSE_INVALID_VALUE, &say);
    case ROUTE_FILTERED:
        say.param = "provider";
        say.message = span_of(arena_printf(
            flow->arena, "No provider of '%.*s' is left by 'provider'.", SPAN_ARG(model->id)));
        return refuse(flow, REFUSE_MODEL_UNAVAILABLE, &say);
    case ROUTE_ALL_OUT:
        back_ms = board_back_ms(flow->worker->board, model, now_ms);
        say = (struct refusal_say){.message = span_of("No provider can serve this model now."),
                                   .retry_after_ms = back_ms > now_ms ? back_ms - now_ms : 1000};
        return refuse(flow, REFUSE_UNAVAILABLE, &say);
    }
    return GO_NEXT;
}

/* The candidates of the model asked for, and behind them those of the models to fall back to. */
static enum go find_candidates(struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    const struct snapshot_model *model = snapshot_find_model(flow->snapshot, ask->model);
    enum route_outcome outcome = ROUTE_NOT_SOLD;

    if (model != NULL && key_allows(flow->key, model->id))
        outcome = collect(flow, model);
    for (uint32_t i = 0; i < ask->model_count; i++) {
        const struct snapshot_model *other = snapshot_find_model(flow->snapshot, ask->models[i]);
        if (other != NULL && other != model && key_allows(flow->key, other->id))
            (void)!collect(flow, other);
    }
    if (flow->route.count > 0)
        return GO_NEXT;
    if (model == NULL)
        return refuse_unknown_model(flow);
    if (!key_allows(flow->key, model->id))
        return refuse(
            flow, REFUSE_NOT_ALLOWED,
            &(struct refusal_say){.message = span_of("This API key may not use that model."),
                                  .param = "model"});
    return refuse_route(flow, outcome, model);
}

/* A pseudonym that is the same for all requests of one end user of one tenant. */
static struct span end_user(struct flow *flow)
{
    struct sha256 hash;
    char *text;

    if (flow->ask.user.size == 0)
        return (struct span){0};
    hash = digest_hmac_sha256(uuid_span(&flow->key->tenant->id), flow->ask.user);
    text = arena_take(flow->arena, 2 * sizeof(hash) + 1);
    digest_hex(hash.at, sizeof(hash), text);
    return span_of(text);
}

static bool is_hex(struct span text, size_t size)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr("0123456789abcdef", text.at[i]) == NULL)
            return false;
    return text.size == size;
}

/* W3C Trace Context: version-trace_id-parent_id-flags. */
static void read_trace(struct flow *flow)
{
    struct usage_event *event = &flow->metering.event;
    struct span rest = httpd_header(flow->request, "traceparent");
    struct span version = span_cut(&rest, '-'), trace = span_cut(&rest, '-');
    struct span parent = span_cut(&rest, '-');

    if (!is_hex(version, 2) || !is_hex(trace, 32) || !is_hex(parent, 16))
        return;
    event->trace_id = arena_span(flow->arena, trace);
    event->parent_id = arena_span(flow->arena, parent);
}

static void begin_event(struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    struct usage_event *event = &flow->metering.event;

    *event = (struct usage_event){.id = flow->call.id,
                                  .tenant = flow->key->tenant->id,
                                  .project = flow->key->project,
                                  .key = flow->key->id,
                                  .gateway = flow->worker->config.gateway,
                                  .journal = journal_id(flow->worker->journal),
                                  .cell = flow->key->tenant->cell,
                                  .start_ms = flow->call.start_ms,
                                  .test = flow->key->kind == KEY_TEST,
                                  .outcome = OUTCOME_NOT_DISPATCHED,
                                  .endpoint = span_of(endpoint_name(flow->call.endpoint)),
                                  .stream = ask->stream,
                                  .model_asked = ask->model,
                                  .client_request_id = flow->call.client_request_id,
                                  .session_id = ask->session_id,
                                  .end_user = end_user(flow),
                                  .first_token_ms = -1,
                                  .total_ms = -1,
                                  .overhead_us = -1};
    for (uint32_t i = 0; i < ask->tag_count && i < EVENT_TAGS_MAX; i++)
        event->tags[event->tag_count++] =
            (struct event_text){ask->tags[i].name, ask->tags[i].value};
    /* As OpenRouter's clients name themselves. */
    event->app = arena_span(flow->arena,
                            span_part(httpd_header(flow->request, "x-title"), 0, EVENT_TEXT_MAX));
    read_trace(flow);
    flow->metering.arrived_us = flow->call.arrived_us;
    flow->metering.output = count_make(COUNT_BYTES, COUNT_MILLIBYTES_DEFAULT);
}

/* Now, because the body goes with its client. */
static void count_input(struct flow *flow)
{
    struct count count = flow->metering.output;

    if (flow->ask.kind == ASK_CHAT)
        count_chat_input(&count, &flow->ask_doc, 0);
    else
        count_embeddings_input(&count, &flow->ask_doc, 0);
    flow->metering.counted_input = count_tokens(&count);
}

enum go flow_ask(struct flow *flow)
{
    struct ask_refusal why = {0};
    const struct ask_source source = {.kind = kind_of(flow), .body = httpd_body(flow->request)};
    enum ask_outcome outcome = ask_read(&source, &flow->ask_doc, flow->arena, &flow->ask, &why);
    const struct refusal_say say = {.message = span_of(why.message), .param = why.param};

    switch (outcome) {
    case ASK_OK:
        break;
    case ASK_MALFORMED:
        return refuse(flow, REFUSE_INVALID_REQUEST, &say);
    case ASK_INVALID:
        return refuse(flow, REFUSE_INVALID_VALUE, &say);
    case ASK_UNSUPPORTED:
        return refuse(flow, REFUSE_UNSUPPORTED, &say);
    }
    if (flow->ask.max_tokens > 0 || flow->ask.max_completion_tokens > 0)
        flow->output_cap = flow->ask.max_tokens > flow->ask.max_completion_tokens
                               ? flow->ask.max_tokens
                               : flow->ask.max_completion_tokens;
    begin_event(flow);
    count_input(flow);
    return find_candidates(flow);
}

/* ---- route ---- */
void flow_refuse_last(struct flow *flow)
{
    const struct attempt *attempt = &flow->attempt;
    struct refusal_say say = {.retry_after_ms = flow->retry_after_ms};
    enum refusal refusal = REFUSE_UNAVAILABLE;

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
        if (candidate == NULL && flow->route.tried_count > 0) {
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
    flow->attempt.candidate = candidate;
    return GO_NEXT;
}

/* ---- send ---- */
static bool patch_body(struct flow *flow, uint32_t *count_out, size_t *bytes_out)
{
    const struct snapshot_deployment *deployment = flow->attempt.candidate->deployment;
    const struct compatible *compatible =
        compatible_find(deployment->provider, deployment->dialect, deployment->upstream_id);
    const struct openai_ask_patch what = {.upstream_model = deployment->upstream_id,
                                          .output_cap = flow_cap_at(flow, deployment),
                                          .cap_member = span_of(compatible->tokens_member),
                                          .compatible = compatible};
    struct span *pieces = arena_array(flow->arena, PATCH_PIECES_MAX, sizeof(*pieces));
    struct patch patch;

    patch_begin(&patch, &flow->ask_doc);
    if (!openai_patch_ask(&patch, &flow->ask, &what, flow->arena))
        return false;
    *count_out = patch_pieces(&patch, pieces, bytes_out);
    flow->attempt.pieces = pieces;
    return true;
}

static void begin_attempt(struct flow *flow)
{
    const struct route_candidate *candidate = flow->attempt.candidate;
    struct buf body = flow->attempt.body;

    buf_clear(&body);
    flow->attempt = (struct attempt){.candidate = candidate,
                                     .body = body,
                                     .answer = answer_make(),
                                     .begun_ms = flow_now_ms(flow),
                                     .last_ms = flow_now_ms(flow)};
    sse_reset(&flow->sse);
    flow->shape.before = flow->shape.behind = 0;
    buf_clear(&flow->held);
    buf_clear(&flow->usage_frame);
    flow->metering.input_bound = flow_input_bound_at(flow, candidate->deployment);
    flow->metering.output_bound = flow_output_bound_at(flow, candidate->deployment);
    metering_begin(&flow->metering, candidate->deployment, &candidate->terms, clock_mono_us());
}

static enum go dispatch(struct flow *flow)
{
    struct flow_worker *worker = flow->worker;
    struct upstream_request request = {
        .deployment = flow->attempt.candidate->deployment,
        .path = span_of(flow->ask.kind == ASK_CHAT ? "/chat/completions" : "/embeddings"),
        .attempt = flow->metering.event.attempt_count};
    char id[ID_TEXT_SIZE];

    if (!patch_body(flow, &request.piece_count, &request.body_bytes)) {
        flow->attempt.failed = true;
        flow->attempt.fault = FAULT_CONNECT;
        return GO_NEXT;
    }
    request.pieces = flow->attempt.pieces;
    request.request_id = span_make(id, id_format(ID_GENERATION, flow->call.id, id));
    flow->attempt.sent_us = clock_mono_us();
    flow->attempt.begun_ms = flow->attempt.last_ms = flow_now_ms(flow);
    flow->attempt.call =
        worker->upstream->ops->start(worker->upstream, &request, &flow_upstream_events, flow);
    if (flow->attempt.call == NULL) {
        flow->attempt.failed = true;
        flow->attempt.fault = FAULT_CONNECT;
    }
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

enum go flow_send(struct flow *flow)
{
    switch (flow->journalling) {
    case JOURNAL_IDLE:
        begin_attempt(flow);
        if (flow_put_intent(flow) != 0)
            return GO_END;
        return await_intent(flow);
    case JOURNAL_WRITING:
        return await_intent(flow);
    case JOURNAL_WRITTEN:
    case JOURNAL_FAILED:
        break;
    }
    if (flow->journalling == JOURNAL_FAILED) {
        flow->journalling = JOURNAL_IDLE;
        flow->outcome = flow->metering.event.attempt_count > 1 ? OUTCOME_PROVIDER_FAILED
                                                               : OUTCOME_NOT_DISPATCHED;
        flow_refuse(flow, REFUSE_STORE, &(struct refusal_say){.retry_after_ms = 1000});
        return GO_END;
    }
    flow->journalling = JOURNAL_IDLE;
    if (flow->request == NULL) {
        metering_end(&flow->metering, 0, "cancelled", NULL, clock_mono_us());
        flow->outcome = OUTCOME_CLIENT_LEFT_EARLY;
        return GO_END;
    }
    return dispatch(flow);
}
