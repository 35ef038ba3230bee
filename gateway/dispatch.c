/*
 * dispatch: where a request goes: to the flow, or an answer from here. Worker thread.
 */
#include <stdio.h>

#include "common/base/clock.h"
#include "gateway/edge/auth.h"
#include "gateway/flow/stored.h"
#include "gateway/models/models.h"
#include "gateway/worker.h"

enum { MODELS_BYTES_MAX = 16 << 20, MODEL_ID_MAX = 256, WHY_MAX = 256, FILTER_WHY_MAX = 2048 };

static struct reply_head head_of(const struct call *call)
{
    return (struct reply_head){
        .id = call->id,
        .client_request_id = call->client_request_id,
        .attempts = -1,
        .overhead_us = clock_mono_us() - call->arrived_us,
    };
}

/* Metrics and access log; before the answer, because the request is gone behind it. */
static void account(struct worker *worker, const struct call *call, int status, uint32_t error,
                    const struct snapshot_key *key)
{
    int64_t now_us = clock_mono_us();
    struct access_entry entry = {
        .time_ms = call->start_ms,
        .request = call->id,
        .endpoint = endpoint_name(call->endpoint),
        .error = error < REFUSALS ? refusal_word((enum refusal)error) : NULL,
        .peer = httpd_peer(call->request),
        .status = status,
        .first_token_ms = -1,
        .total_ms = (now_us - call->arrived_us) / 1000,
        .overhead_us = now_us - call->arrived_us,
    };

    if (key != NULL) {
        entry.tenant = key->tenant->id;
        entry.key = key->id;
        entry.test = key->kind == KEY_TEST;
    }
    metrics_request(worker->flow.metrics, call->endpoint, status, error);
    if (!access_put(worker->flow.access, &entry))
        metrics_add(worker->flow.metrics, COUNT_ACCESS_LOG_DROPPED, 1);
}

static void refuse(struct worker *worker, const struct call *call, enum refusal refusal,
                   const struct refusal_say *say)
{
    struct reply_head head = head_of(call);

    account(worker, call, refusal_status(refusal), refusal, NULL);
    reply_refuse(call->request, call->dialect, &head, refusal, say);
}

static void refuse_method(struct worker *worker, const struct call *call, unsigned allowed)
{
    char allow[ENDPOINT_ALLOW_SIZE], why[WHY_MAX];
    struct httpd_header header = {.name = span_of("allow")};
    struct reply_head head = head_of(call);
    struct refusal_say say = {0};
    int size;

    header.value = span_make(allow, endpoint_allow(allowed, allow));
    head.further = &header;
    head.further_count = 1;
    size =
        snprintf(why, sizeof(why), "This method is not served at this path; it takes %s.", allow);
    say.message = span_make(why, (size_t)size);
    account(worker, call, refusal_status(REFUSE_METHOD), REFUSE_METHOD, NULL);
    reply_refuse(call->request, call->dialect, &head, REFUSE_METHOD, &say);
}

/* Nothing is there, or not with this method. */
static void refuse_unserved(struct worker *worker, const struct call *call,
                            const struct endpoint_match *match)
{
    if (match->endpoint == ENDPOINT_NONE || !site_has(worker, match->endpoint))
        refuse(worker, call, REFUSE_NO_PATH, NULL);
    else
        refuse_method(worker, call, match->allowed);
}

/* NULL when it was refused. */
static const struct snapshot_key *authenticate(struct worker *worker, const struct call *call)
{
    const struct auth_headers headers = auth_headers_of(call->request);
    const struct snapshot_key *key = NULL;
    struct refusal_say say = {0};
    enum auth_outcome outcome;
    enum refusal refusal;
    const char *message;

    if (worker->flow.snapshot == NULL) {
        say.retry_after_ms = 1000;
        refuse(worker, call, REFUSE_STORE, &say);
        return NULL;
    }
    outcome = admit_authenticate(worker->flow.snapshot, &headers, call->start_ms, &key);
    if (outcome == AUTH_OK)
        return key;
    metrics_add(worker->flow.metrics, COUNT_AUTH_REFUSED, 1);
    refusal = auth_refusal(outcome, &message);
    say.message = span_of(message);
    refuse(worker, call, refusal, &say);
    return NULL;
}

static void answer_json(struct worker *worker, const struct call *call,
                        const struct snapshot_key *key, const struct buf *body)
{
    struct reply_head head = head_of(call);

    account(worker, call, 200, UINT32_MAX, key);
    reply_answer(call->request, 200, &head, span_of("application/json"), buf_span(body));
}

static void refuse_model(struct worker *worker, const struct call *call, struct span id)
{
    char why[WHY_MAX + MODEL_ID_MAX];
    int size = snprintf(why, sizeof(why), "The model '%.*s' does not exist.", SPAN_ARG(id));
    struct refusal_say say = {.message = span_make(why, (size_t)size), .param = "model"};

    refuse(worker, call, REFUSE_NO_MODEL, &say);
}

/* ---- models ---- */

static enum models_shape shape_of(const struct call *call)
{
    return call->dialect == REPLY_GEMINI      ? MODELS_GEMINI
           : call->dialect == REPLY_ANTHROPIC ? MODELS_ANTHROPIC
                                              : MODELS_OPENAI;
}

/* The list, or how many are on it. False when it was refused. */
static bool write_models(struct worker *worker, const struct call *call,
                         const struct models_view *view, struct buf *body)
{
    struct buf why cleanup(buf_done) = buf_make(FILTER_WHY_MAX);
    struct refusal_say say = {0};
    struct models_ask ask;

    if (!models_ask_read(view, httpd_query(call->request), &ask, &say.param, &why)) {
        say.message = buf_span(&why);
        refuse(worker, call, REFUSE_INVALID_VALUE, &say);
        return false;
    }
    if (call->endpoint == ENDPOINT_MODEL_COUNT) {
        models_write_count(view, &ask, body);
    } else if (!models_write_list(view, &ask, body)) {
        say.message = span_of("The model to go on from is not in this list.");
        say.param = ask.before.size > 0 ? "before_id" : "after";
        refuse(worker, call, REFUSE_INVALID_VALUE, &say);
        return false;
    }
    return true;
}

static bool write_model(struct worker *worker, const struct call *call,
                        const struct models_view *view, struct span raw_id, struct buf *body)
{
    char id[MODEL_ID_MAX];
    struct span name = {id, endpoint_model_id(raw_id, id, sizeof(id))};
    bool there = call->endpoint == ENDPOINT_MODEL ? models_write_one(view, name, body)
                                                  : models_write_endpoints(view, name, body);

    if (!there)
        refuse_model(worker, call, name);
    return there;
}

static bool write_providers(struct worker *worker, const struct call *call,
                            const struct models_view *view, struct buf *body)
{
    struct span query = httpd_query(call->request);
    struct refusal_say say = {.message = span_of("The only filter here is all=true.")};
    bool all = span_is(query, "all=true");

    if (query.size > 0 && !all && !span_is(query, "all=false")) {
        refuse(worker, call, REFUSE_INVALID_VALUE, &say);
        return false;
    }
    models_write_providers(view, all, body);
    return true;
}

static void answer_models(struct worker *worker, const struct call *call,
                          const struct endpoint_match *match)
{
    struct buf body cleanup(buf_done) = buf_make(MODELS_BYTES_MAX);
    const struct snapshot_key *key = authenticate(worker, call);
    const struct models_view view = {
        .snapshot = worker->flow.snapshot,
        .key = key,
        .board = worker->flow.board,
        .shape = shape_of(call),
        .now_ms = call->start_ms,
        .now_mono_ms = httpd_now_ms(worker->httpd),
    };
    bool good;

    if (key == NULL)
        return;
    if (call->endpoint == ENDPOINT_PROVIDERS)
        good = write_providers(worker, call, &view, &body);
    else if (call->endpoint == ENDPOINT_MODEL || call->endpoint == ENDPOINT_MODEL_ENDPOINTS)
        good = write_model(worker, call, &view, match->model, &body);
    else
        good = write_models(worker, call, &view, &body);
    if (good)
        answer_json(worker, call, key, &body);
}

void dispatch_health(struct gateway *gateway, struct httpd_request *request,
                     const struct reply_head *head, bool ready)
{
    const char *why = ready ? gateway_not_ready(gateway) : NULL;
    char body[WHY_MAX];
    int size =
        why == NULL
            ? snprintf(body, sizeof(body), "{\"status\":\"%s\"}", ready ? "ready" : "ok")
            : snprintf(body, sizeof(body), "{\"status\":\"not ready\",\"reason\":\"%s\"}", why);

    reply_answer(request, why == NULL ? 200 : 503, head, span_of("application/json"),
                 span_make(body, (size_t)size));
}

/* Models have one path for all clients; Anthropic's always send their version, and Google's who
 * they are. */
static enum reply_dialect dialect_of(const struct httpd_request *request,
                                     const struct endpoint_match *match)
{
    if ((match->endpoint != ENDPOINT_MODELS && match->endpoint != ENDPOINT_MODEL) ||
        match->dialect != REPLY_OPENAI)
        return match->dialect;
    if (httpd_header(request, "anthropic-version").size > 0)
        return REPLY_ANTHROPIC;
    return httpd_header(request, "x-goog-api-client").size > 0 ? REPLY_GEMINI : REPLY_OPENAI;
}

static void start_flow(struct worker *worker, const struct call *call)
{
    struct refusal_say say = {.retry_after_ms = 1000};

    if (worker->flow.snapshot == NULL)
        refuse(worker, call, REFUSE_STORE, &say);
    else
        flow_start(&worker->flow, call);
}

static void start_stored(struct worker *worker, const struct call *call)
{
    struct refusal_say say = {.retry_after_ms = 1000};

    if (worker->flow.snapshot == NULL)
        refuse(worker, call, REFUSE_STORE, &say);
    else
        stored_start(&worker->flow, call);
}

void dispatch_request(void *context, struct httpd_request *request)
{
    struct worker *worker = context;
    struct endpoint_match match;
    struct call call = {.request = request};
    struct reply_head head;

    endpoint_match(httpd_method(request), httpd_path(request), &match);
    call.endpoint = match.endpoint;
    call.dialect = dialect_of(request, &match);
    call.model = match.model;
    call.response = match.response;
    call.stream = match.stream;
    call.id = uuid_new();
    call.start_ms = uuid_unix_ms(call.id);
    call.arrived_us = httpd_arrived_us(request);
    call.client_request_id = httpd_header(request, "x-request-id");
    if (httpd_body(request).size > 0)
        metrics_add(worker->flow.metrics, COUNT_BODY_BYTES, httpd_body(request).size);
    if (!match.method_served) {
        refuse_unserved(worker, &call, &match);
        return;
    }
    switch (match.endpoint) {
    case ENDPOINT_CHAT_COMPLETIONS:
    case ENDPOINT_EMBEDDINGS:
    case ENDPOINT_MESSAGES:
    case ENDPOINT_COUNT_TOKENS:
    case ENDPOINT_DRY_RUN:
    case ENDPOINT_GENERATE:
    case ENDPOINT_COMPLETIONS:
    case ENDPOINT_MODERATIONS:
    case ENDPOINT_RERANK:
    case ENDPOINT_IMAGES:
    case ENDPOINT_IMAGE_EDITS:
    case ENDPOINT_SPEECH:
    case ENDPOINT_TRANSCRIPTIONS:
    case ENDPOINT_TRANSLATIONS:
    case ENDPOINT_RESPONSES:
        start_flow(worker, &call);
        break;
    case ENDPOINT_RESPONSE:
    case ENDPOINT_RESPONSE_CANCEL:
    case ENDPOINT_RESPONSE_ITEMS:
        start_stored(worker, &call);
        break;
    case ENDPOINT_MODELS:
    case ENDPOINT_MODEL:
    case ENDPOINT_MODEL_ENDPOINTS:
    case ENDPOINT_MODEL_COUNT:
    case ENDPOINT_PROVIDERS:
        answer_models(worker, &call, &match);
        break;
    case ENDPOINT_HEALTHZ:
    case ENDPOINT_READYZ:
        head = head_of(&call);
        dispatch_health(worker->gateway, request, &head, match.endpoint == ENDPOINT_READYZ);
        break;
    case ENDPOINT_CONTROL:
    case ENDPOINT_CONSOLE:
    case ENDPOINT_ROOT:
        if (!site_serve(worker, &call))
            refuse(worker, &call, REFUSE_NO_PATH, NULL);
        break;
    case ENDPOINT_NONE:
    case ENDPOINTS:
        refuse(worker, &call, REFUSE_NO_PATH, NULL);
        break;
    }
}

void dispatch_refusal(void *context, struct httpd_request *request, int status, const char *why)
{
    struct worker *worker = context;
    struct endpoint_match match;
    struct call call = {.request = request, .id = uuid_new(), .arrived_us = clock_mono_us()};
    struct refusal_say say = {.message = span_of(why)};
    enum refusal refusal = status == 408   ? REFUSE_TIMEOUT
                           : status == 413 ? REFUSE_TOO_LARGE
                           : status == 431 ? REFUSE_HEAD_TOO_LARGE
                           : status == 503 ? REFUSE_OVERLOADED
                                           : REFUSE_AMBIGUOUS;
    char text[WHY_MAX];

    endpoint_match(httpd_method(request), httpd_path(request), &match);
    call.endpoint = match.endpoint;
    call.dialect = match.dialect;
    call.start_ms = uuid_unix_ms(call.id);
    if (refusal == REFUSE_AMBIGUOUS) {
        int size = snprintf(text, sizeof(text),
                            "The HTTP request is refused and the connection "
                            "closed: %s.",
                            why);

        say.message = span_make(text, (size_t)size);
    }
    if (status == 503)
        say.retry_after_ms = 1000;
    metrics_add(worker->flow.metrics, COUNT_HTTP_REFUSED, 1);
    refuse(worker, &call, refusal, &say);
}
