/*
 * stored: see the header.
 */
#include "gateway/flow/stored.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/response_id.h"
#include "gateway/dialect/responses.h"
#include "gateway/edge/auth.h"
#include "gateway/flow/state.h"

enum { STORED_MAX = 1000, WAIT_MS = 60000, CHUNK_BYTES = 4096, QUERY_MAX_BYTES = 2048 };
#define MEMORY_MAX ((size_t)1 << 20)
/* A response with the input it went on from. */
static const struct json_limits limits = {
    .max_bytes = (size_t)16 << 20, .max_depth = 64, .max_nodes = 1000000};

struct stored {
    struct list link; /* of the pool */
    struct flow_worker *worker;
    struct arena *arena;
    struct httpd_request *request;
    struct upstream_call *upstream;
    struct snapshot *snapshot;
    const struct snapshot_key *key; /* NULL: nobody's yet */
    const struct snapshot_deployment *deployment;
    struct call call;
    struct response_place place;
    struct responses_pin pin;
    struct buf body;
    bool overflow;
    int status; /* the provider's */
    struct httpd_timer timer;
};

const struct snapshot_credential *stored_credential(const struct snapshot_deployment *deployment,
                                                    uint64_t account)
{
    for (uint32_t i = 0; i < deployment->credential_count; i++)
        if (deployment->credentials[i].fingerprint == account)
            return &deployment->credentials[i];
    return NULL;
}

static void stored_free(struct stored *stored)
{
    if (stored->upstream != NULL)
        stored->worker->upstream->ops->cancel(stored->upstream);
    httpd_timer_cancel(stored->worker->httpd, &stored->timer);
    list_remove(&stored->link);
    stored->worker->pool->stored_count--;
    snapshot_unref(stored->snapshot);
    buf_done(&stored->body);
    arena_free(stored->arena);
    mem_free(stored);
}

/* ---- the answer ---- */

/* Before the answer, because the request is gone behind it. */
static void account(const struct stored *stored, int status, uint32_t error)
{
    struct flow_worker *worker = stored->worker;
    int64_t took_us = clock_mono_us() - stored->call.arrived_us;
    struct access_entry entry = {
        .time_ms = stored->call.start_ms,
        .request = stored->call.id,
        .endpoint = endpoint_name(stored->call.endpoint),
        .error = error < REFUSALS ? refusal_word((enum refusal)error) : NULL,
        .peer = httpd_peer(stored->request),
        .status = status,
        .first_token_ms = -1,
        .total_ms = took_us / 1000,
        .overhead_us = took_us,
    };

    if (stored->key != NULL) {
        entry.tenant = stored->key->tenant->id;
        entry.key = stored->key->id;
        entry.test = stored->key->kind == KEY_TEST;
    }
    if (stored->deployment != NULL) {
        entry.model = stored->deployment->model->id;
        entry.provider = stored->deployment->provider;
    }
    if (worker->metrics != NULL)
        metrics_request(worker->metrics, stored->call.endpoint, status, error);
    if (worker->access != NULL && !access_put(worker->access, &entry) && worker->metrics != NULL)
        metrics_add(worker->metrics, COUNT_ACCESS_LOG_DROPPED, 1);
}

static struct reply_head head_of(const struct stored *stored)
{
    struct reply_head head = {.id = stored->call.id,
                              .client_request_id = stored->call.client_request_id,
                              .attempts = -1,
                              .overhead_us = -1};

    if (stored->deployment != NULL)
        head.provider =
            stored->deployment->sandbox ? span_of("sandbox") : stored->deployment->provider;
    return head;
}

static void refuse(struct stored *stored, enum refusal refusal, const struct refusal_say *say)
{
    const struct reply_head head = head_of(stored);

    account(stored, refusal_status(refusal), refusal);
    reply_refuse(stored->request, stored->call.dialect, &head, refusal, say);
    stored_free(stored);
}

static void refuse_unknown(struct stored *stored)
{
    refuse(stored, REFUSE_NO_RESPONSE,
           &(struct refusal_say){
               .message = span_of(arena_printf(stored->arena, "Response with id '%.*s' not found.",
                                               SPAN_ARG(stored->call.response)))});
}

/* The provider's own sentence about what was wrong. */
static void refuse_told(struct stored *stored, enum refusal refusal)
{
    struct answer *answer = arena_take(stored->arena, sizeof(*answer));
    struct json_doc *doc = &stored->worker->pool->doc;
    bool told;

    *answer = answer_make();
    told = openai_read_error(doc, buf_span(&stored->body), answer);
    refuse(stored, refusal,
           &(struct refusal_say){.message = span_of(told ? answer->error_message : ""),
                                 .retry_after_ms = refusal == REFUSE_INVALID_REQUEST ? 0 : 1000});
}

/* The one it went on from, which is of the same project and kept in the same place. */
static void pin_previous(struct stored *stored, const struct json_doc *doc)
{
    uint32_t node = json_find(doc, 0, "previous_response_id");
    struct response_place place = stored->place;

    if (!json_is(doc, node, JSON_STRING))
        return;
    place.id = json_inside(doc, node);
    stored->pin.ids[1] = (struct responses_pair){
        place.id, responses_quote_id(&stored->worker->response_key, &place, stored->arena)};
}

/* As the provider told it, but for the ids. */
static void answer(struct stored *stored)
{
    struct json_doc *doc = &stored->worker->pool->doc;
    struct span *pieces = arena_array(stored->arena, PATCH_PIECES_MAX, sizeof(*pieces));
    const struct reply_head head = head_of(stored);
    struct patch patch;
    uint32_t count;
    size_t bytes;

    if (json_parse(doc, buf_span(&stored->body), &limits) != JSON_OK ||
        json_kind(doc, 0) != JSON_OBJECT) {
        refuse(stored, REFUSE_PROVIDER_NONSENSE, NULL);
        return;
    }
    pin_previous(stored, doc);
    patch_begin(&patch, doc);
    responses_patch_ids(&patch, 0, &stored->pin);
    count = patch_pieces(&patch, pieces, &bytes);
    account(stored, 200, UINT32_MAX);
    reply_start(stored->request, 200, &head, span_of("application/json"), bytes);
    for (uint32_t i = 0; i < count; i++)
        (void)!httpd_send(stored->request, pieces[i]);
    httpd_end(stored->request, true);
    stored_free(stored);
}

/* ---- the provider ---- */

static void on_head(void *context, const struct upstream_head *head)
{
    struct stored *stored = context;

    stored->status = head->status;
}

static void on_bytes(void *context, struct span bytes)
{
    struct stored *stored = context;

    if (buf_add_span(&stored->body, bytes) != 0)
        stored->overflow = true;
}

static void on_end(void *context, enum upstream_end end)
{
    struct stored *stored = context;
    int status = stored->status;

    stored->upstream = NULL;
    if (end != UPSTREAM_WHOLE)
        refuse(stored, REFUSE_UNAVAILABLE, &(struct refusal_say){.retry_after_ms = 1000});
    else if (stored->overflow)
        refuse(stored, REFUSE_PROVIDER_NONSENSE, NULL);
    else if (status >= 200 && status <= 299)
        answer(stored);
    else if (status == 404)
        refuse_unknown(stored);
    else if (status == 400 || status == 409 || status == 422)
        refuse_told(stored, REFUSE_INVALID_REQUEST);
    else
        refuse_told(stored, status == 429 ? REFUSE_PROVIDER_RATE : REFUSE_UNAVAILABLE);
}

static const struct upstream_events events = {
    .on_head = on_head, .on_bytes = on_bytes, .on_end = on_end};

static void on_gone(void *owner)
{
    stored_free(owner);
}

static void on_late(void *context)
{
    refuse(context, REFUSE_PROVIDER_TIMEOUT, &(struct refusal_say){.retry_after_ms = 1000});
}

static struct span path_of(struct stored *stored)
{
    const char *behind = stored->call.endpoint == ENDPOINT_RESPONSE_CANCEL  ? "/cancel"
                         : stored->call.endpoint == ENDPOINT_RESPONSE_ITEMS ? "/input_items"
                                                                            : "";
    struct span query = httpd_query(stored->request);

    return span_of(arena_printf(stored->arena, "/responses/%.*s%s%s%.*s",
                                SPAN_ARG(stored->place.id), behind, query.size > 0 ? "?" : "",
                                SPAN_ARG(query)));
}

static void ask_provider(struct stored *stored)
{
    struct flow_worker *worker = stored->worker;
    struct span method = httpd_method(stored->request);
    const struct upstream_request request = {
        .deployment = stored->deployment,
        .credential = stored_credential(stored->deployment, stored->place.account),
        .method = span_is(method, "GET")      ? UPSTREAM_GET
                  : span_is(method, "DELETE") ? UPSTREAM_DELETE
                                              : UPSTREAM_POST,
        .path = path_of(stored),
        .attempt = 1};

    stored->upstream = worker->upstream->ops->start(worker->upstream, &request, &events, stored);
    if (stored->upstream == NULL) {
        refuse(stored, REFUSE_UNAVAILABLE, &(struct refusal_say){.retry_after_ms = 1000});
        return;
    }
    stored->timer = (struct httpd_timer){.expired = on_late, .context = stored};
    httpd_timer_set(worker->httpd, &stored->timer, httpd_now_ms(worker->httpd) + WAIT_MS);
    httpd_attach(stored->request, stored, on_gone, NULL); /* it is sent at once */
}

/* ---- the request ---- */

static bool asks_for_stream(struct span query)
{
    while (query.at != NULL)
        if (span_starts(span_cut(&query, '&'), "stream=true"))
            return true;
    return false;
}

/* It goes into the provider's URL as it is. */
static bool is_encoded(struct span query)
{
    for (size_t i = 0; i < query.size; i++)
        if (query.at[i] <= ' ' || query.at[i] > '~' || strchr("#\\\"<>^`{|}", query.at[i]) != NULL)
            return false;
    return query.size <= QUERY_MAX_BYTES;
}

/* False: refused, and gone. */
static bool pass_query(struct stored *stored)
{
    struct span query = httpd_query(stored->request);
    struct refusal_say say = {
        .message = span_of("A response that is kept is read as a whole here."), .param = "stream"};

    if (!is_encoded(query)) {
        say = (struct refusal_say){
            .message = span_of("The query must be percent-encoded, and of at most 2048 bytes.")};
        refuse(stored, REFUSE_INVALID_REQUEST, &say);
        return false;
    }
    if (asks_for_stream(query)) {
        refuse(stored, REFUSE_UNSUPPORTED, &say);
        return false;
    }
    return true;
}

/* False: refused, and gone. */
static bool authenticate(struct stored *stored)
{
    const struct auth_headers headers = auth_headers_of(stored->request);
    enum auth_outcome outcome =
        admit_authenticate(stored->snapshot, &headers, stored->call.start_ms, &stored->key);
    const char *message;
    enum refusal refusal;

    if (outcome == AUTH_OK)
        return true;
    stored->key = NULL;
    if (stored->worker->metrics != NULL)
        metrics_add(stored->worker->metrics, COUNT_AUTH_REFUSED, 1);
    refusal = auth_refusal(outcome, &message);
    refuse(stored, refusal, &(struct refusal_say){.message = span_of(message)});
    return false;
}

/* False: refused, and gone. */
static bool find(struct stored *stored)
{
    const struct sha256 *key = &stored->worker->response_key;
    const struct snapshot_deployment *deployment = NULL;
    enum response_id_outcome outcome;

    stored->place.project = stored->key->project;
    outcome = response_id_read(key, stored->call.response, &stored->place);
    if (outcome == RESPONSE_ID_OURS) {
        refuse(
            stored, REFUSE_UNSUPPORTED,
            &(struct refusal_say){.message = span_of(RESPONSES_NOT_KEPT), .param = "response_id"});
        return false;
    }
    if (outcome == RESPONSE_ID_GOOD)
        deployment = snapshot_find_deployment(stored->snapshot, stored->place.deployment);
    if (deployment != NULL && stored->key->kind == KEY_TEST)
        deployment = deployment->sandboxed;
    if (deployment == NULL || !deployment->callable) {
        refuse_unknown(stored);
        return false;
    }
    stored->deployment = deployment;
    stored->pin.ids[0] = (struct responses_pair){
        stored->place.id,
        span_of(arena_printf(stored->arena, "\"%.*s\"", SPAN_ARG(stored->call.response)))};
    return true;
}

/* Free, but counted with the key's other requests. False: refused, and gone. */
static bool pass_rate(struct stored *stored)
{
    struct flow_worker *worker = stored->worker;
    struct admit_refusal why = {0};
    struct admit_rate rate = {0};
    enum admit_outcome outcome =
        admit_rate(worker->admit, stored->key, 0, httpd_now_ms(worker->httpd), &rate, &why);
    char *message;

    if (outcome == ADMIT_OK)
        return true;
    message = arena_printf(stored->arena, "The limit of %s is reached.",
                           why.limit_source == NULL ? "requests" : why.limit_source);
    refuse(stored, REFUSE_RATE_LIMITED,
           &(struct refusal_say){.message = span_of(message),
                                 .retry_after_ms =
                                     why.retry_after_ms > 0 ? why.retry_after_ms : 1000});
    return false;
}

static struct stored *stored_new(struct flow_worker *worker, const struct call *call)
{
    struct stored *stored = mem_new(sizeof(*stored));

    stored->worker = worker;
    stored->arena = arena_new(CHUNK_BYTES, MEMORY_MAX);
    stored->request = call->request;
    stored->snapshot = snapshot_ref(worker->snapshot);
    stored->call = *call;
    stored->call.response = arena_span(stored->arena, call->response);
    stored->call.client_request_id =
        arena_span(stored->arena, span_part(call->client_request_id, 0, EVENT_TEXT_MAX));
    stored->body = buf_make(worker->config.max_answer_bytes);
    list_push_back(&worker->pool->stored, &stored->link);
    worker->pool->stored_count++;
    return stored;
}

void stored_start(struct flow_worker *worker, const struct call *call)
{
    struct stored *stored;

    if (worker->pool->stored_count >= STORED_MAX) {
        const struct reply_head head = {.id = call->id, .attempts = -1, .overhead_us = -1};
        reply_refuse(call->request, call->dialect, &head, REFUSE_OVERLOADED,
                     &(struct refusal_say){.retry_after_ms = 1000});
        return;
    }
    stored = stored_new(worker, call);
    if (authenticate(stored) && pass_rate(stored) && find(stored) && pass_query(stored))
        ask_provider(stored);
}

void stored_abort_all(struct flow_worker *worker)
{
    list_each_safe(&worker->pool->stored, link, after)
    {
        struct stored *stored = list_item(link, struct stored, link);
        httpd_end(stored->request, false);
        stored_free(stored);
    }
}
