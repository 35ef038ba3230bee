/*
 * reverse: see the header.
 */
#include "gateway/edge/reverse.h"

#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/edge/secure.h"
#include "gateway/upstream/fetch.h"

enum { PEER_SIZE = 46, ANSWER_HEADERS_MAX = 64 + SECURE_HEADERS_MAX + 2 };

struct reverse {
    struct reverse_config config;
    struct list open;
    uint32_t open_count;
    bool away; /* the last one found nobody: said in the log once */
};

struct passing {
    struct list link; /* reverse->open */
    struct reverse *reverse;
    struct httpd_request *request;
    struct fetch *fetch;
    struct httpd_timer head_timer;
    struct uuid id;
    int64_t start_ms, arrived_us;
    struct span client_request_id; /* borrows from the request */
    char peer[PEER_SIZE];          /* outlives the request */
    bool secure;                   /* the client's connection is TLS */
    int status;                    /* of the head that went out; 0: none yet */
};

/* What the control plane reads of a client's request. */
static const char *const passed_on[] = {
    "authorization", "cookie",          "content-type", "accept",     "if-match",
    "if-none-match", "idempotency-key", "x-csrf-token", "user-agent", "origin",
};

/* What a client may know of its answer. */
static const char *const passed_back[] = {
    "content-type",
    "etag",
    "location",
    "retry-after",
    "set-cookie",
    "content-disposition",
    "cache-control",
    "allow",
    "link",
    "x-csrf-token",
    "idempotent-replayed",
    "www-authenticate",
};

struct reverse *reverse_new(const struct reverse_config *config)
{
    struct reverse *reverse = mem_new(sizeof(*reverse));

    reverse->config = *config;
    list_init(&reverse->open);
    return reverse;
}

void reverse_free(struct reverse *reverse)
{
    if (reverse == NULL)
        return;
    must(list_empty(&reverse->open));
    mem_free(reverse);
}

/* ---- the end ---- */

static void account(const struct reverse *reverse, const struct passing *passing, int status,
                    const char *outcome, const char *error)
{
    int64_t took_us = clock_mono_us() - passing->arrived_us;
    const struct access_entry entry = {
        .time_ms = passing->start_ms,
        .request = passing->id,
        .endpoint = endpoint_name(ENDPOINT_CONTROL),
        .outcome = outcome,
        .error = error,
        .peer = span_of(passing->peer),
        .status = status,
        .first_token_ms = -1,
        .total_ms = took_us / 1000,
        .overhead_us = -1,
    };

    metrics_request(reverse->config.metrics, ENDPOINT_CONTROL, status, UINT32_MAX);
    if (!access_put(reverse->config.access, &entry))
        metrics_add(reverse->config.metrics, COUNT_ACCESS_LOG_DROPPED, 1);
}

static void passing_free(struct passing *passing)
{
    struct reverse *reverse = passing->reverse;

    httpd_timer_cancel(reverse->config.httpd, &passing->head_timer);
    list_remove(&passing->link);
    reverse->open_count--;
    mem_free(passing);
}

/* No head went out yet. Takes `passing`. */
static void refuse(struct passing *passing, const char *message)
{
    struct reverse *reverse = passing->reverse;
    const struct httpd_header further = {span_of("cache-control"), span_of("no-store")};
    const struct reply_head head = {
        .id = passing->id,
        .client_request_id = passing->client_request_id,
        .attempts = -1,
        .overhead_us = -1,
        .further = &further,
        .further_count = 1,
    };
    const struct refusal_say say = {.message = span_of(message), .retry_after_ms = 1000};

    account(reverse, passing, refusal_status(REFUSE_CONTROL), NULL, refusal_word(REFUSE_CONTROL));
    reply_refuse(passing->request, REPLY_PROBLEM, &head, REFUSE_CONTROL, &say);
    passing_free(passing);
}

static void note_away(struct reverse *reverse, bool away)
{
    if (reverse->away == away)
        return;
    reverse->away = away;
    if (away)
        log_event(LOG_WARN, "control.away", LOG_S("url", reverse->config.origin));
    else
        log_event(LOG_INFO, "control.back");
}

/* ---- the answer ---- */

static bool is_passed_back(struct span name)
{
    for (size_t i = 0; i < array_size(passed_back); i++) {
        if (span_is(name, passed_back[i]))
            return true;
    }
    return false;
}

static size_t answer_headers(const struct passing *passing, const struct fetch_head *head,
                             struct span id, struct httpd_header *headers)
{
    size_t count = secure_headers(SECURE_DATA, passing->secure, headers);
    bool cached = false;

    headers[count++] = (struct httpd_header){span_of("x-request-id"), id};
    for (size_t i = 0; i < head->header_count; i++) {
        const struct httpd_header *header = &head->headers[i];

        if (!is_passed_back(header->name) || !httpd_header_ok(header->name, header->value))
            continue;
        cached = cached || span_is(header->name, "cache-control");
        headers[count++] = *header;
    }
    if (!cached)
        headers[count++] = (struct httpd_header){span_of("cache-control"), span_of("no-store")};
    return count;
}

static void on_head(void *context, const struct fetch_head *head)
{
    struct passing *passing = context;
    struct httpd_header headers[ANSWER_HEADERS_MAX];
    char id[ID_TEXT_SIZE];
    size_t count;

    httpd_timer_cancel(passing->reverse->config.httpd, &passing->head_timer);
    note_away(passing->reverse, false);
    count = answer_headers(passing, head, span_make(id, id_format(ID_GENERATION, passing->id, id)),
                           headers);
    passing->status = head->status;
    httpd_start(passing->request, head->status, headers, count,
                head->body_bytes < 0 ? SIZE_MAX : (size_t)head->body_bytes);
}

static void on_bytes(void *context, struct span bytes)
{
    struct passing *passing = context;

    if (httpd_send(passing->request, bytes))
        fetch_pause(passing->fetch);
}

static void on_end(void *context, enum upstream_end end)
{
    struct passing *passing = context;

    if (passing->status == 0) {
        note_away(passing->reverse, true);
        refuse(passing, NULL);
        return;
    }
    account(passing->reverse, passing, passing->status,
            end == UPSTREAM_WHOLE ? "finished" : "upstream_broke", NULL);
    httpd_end(passing->request, end == UPSTREAM_WHOLE);
    passing_free(passing);
}

static const struct fetch_events fetch_events = {on_head, on_bytes, on_end};

static void on_head_late(void *context)
{
    struct passing *passing = context;

    fetch_cancel(passing->fetch);
    note_away(passing->reverse, true);
    refuse(passing, "The control plane took too long to answer; try again.");
}

/* ---- the client ---- */

static void on_gone(void *owner)
{
    struct passing *passing = owner;

    fetch_cancel(passing->fetch);
    account(passing->reverse, passing, passing->status == 0 ? 499 : passing->status, "client_left",
            NULL);
    passing_free(passing);
}

static void on_room(void *owner)
{
    struct passing *passing = owner;

    fetch_resume(passing->fetch);
}

static struct passing *passing_new(struct reverse *reverse, const struct call *call)
{
    struct passing *passing = mem_new(sizeof(*passing));
    const struct forwarded_trust *trust = reverse->config.trust;
    struct span hop = httpd_peer(call->request);
    struct span peer =
        forwarded_client(trust, hop, httpd_header_last(call->request, "x-forwarded-for"));

    passing->reverse = reverse;
    passing->request = call->request;
    passing->head_timer = (struct httpd_timer){.expired = on_head_late, .context = passing};
    passing->id = call->id;
    passing->start_ms = call->start_ms;
    passing->arrived_us = call->arrived_us;
    passing->client_request_id = call->client_request_id;
    passing->secure = forwarded_secure(trust, hop, httpd_is_tls(call->request),
                                       httpd_header_last(call->request, "x-forwarded-proto"));
    must(peer.size < PEER_SIZE);
    memcpy(passing->peer, peer.at, peer.size);
    list_push_back(&reverse->open, &passing->link);
    reverse->open_count++;
    return passing;
}

static void start_fetch(struct passing *passing)
{
    const struct reverse_config *config = &passing->reverse->config;
    struct httpd_request *request = passing->request;
    struct httpd_header headers[array_size(passed_on) + 3];
    char id[ID_TEXT_SIZE];
    struct span path = httpd_path(request), query = httpd_query(request),
                body = httpd_body(request);
    struct fetch_request fetch = {
        .origin = config->origin,
        .method = httpd_method(request),
        .target = path,
        .headers = headers,
        .body = body.size == 0 ? span_make(NULL, 0) : body,
        .total_ms = REVERSE_TOTAL_MS,
    };
    size_t count = 0;

    /* The path and the query stand behind each other in the request line, a "?" between them. */
    if (query.at != NULL)
        fetch.target.size = (size_t)(query.at + query.size - path.at);
    headers[count++] = (struct httpd_header){span_of("x-forwarded-for"), span_of(passing->peer)};
    headers[count++] = (struct httpd_header){span_of("x-forwarded-proto"),
                                             span_of(passing->secure ? "https" : "http")};
    headers[count++] = (struct httpd_header){
        span_of("x-request-id"), span_make(id, id_format(ID_GENERATION, passing->id, id))};
    for (size_t i = 0; i < array_size(passed_on); i++) {
        struct span value = httpd_header(request, passed_on[i]);

        if (value.size > 0)
            headers[count++] = (struct httpd_header){span_of(passed_on[i]), value};
    }
    fetch.header_count = count;
    passing->fetch = fetch_start(config->upstream, &fetch, &fetch_events, passing);
}

void reverse_start(struct reverse *reverse, const struct call *call)
{
    struct httpd *httpd = reverse->config.httpd;
    struct passing *passing = passing_new(reverse, call);

    if (reverse->open_count > REVERSE_OPEN_MAX) {
        refuse(passing, "Too many requests are on their way to the control plane; try again.");
        return;
    }
    start_fetch(passing);
    httpd_attach(call->request, passing, on_gone, on_room);
    httpd_timer_set(httpd, &passing->head_timer, httpd_now_ms(httpd) + REVERSE_HEAD_MS);
}
