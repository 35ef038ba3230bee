/*
 * caller: see the header.
 */
#include "tests/unit/gateway/upstream/caller.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/httpd/httpd.h"

static void on_head(void *context, const struct upstream_head *head)
{
    struct seen *seen = context;

    seen->status = head->status;
    snprintf(seen->type, sizeof(seen->type), "%.*s", SPAN_ARG(head->content_type));
    snprintf(seen->encoding, sizeof(seen->encoding), "%.*s", SPAN_ARG(head->content_encoding));
    snprintf(seen->request_id, sizeof(seen->request_id), "%.*s", SPAN_ARG(head->request_id));
    seen->retry_after_ms = head->retry_after_ms;
}

static void on_bytes(void *context, struct span bytes)
{
    struct seen *seen = context;

    assert_false(seen->cancelled);
    buf_add_span(&seen->body, bytes);
    if (seen->pause_at_once)
        seen->upstream->ops->pause(seen->call);
    if (seen->cancel_at_once) {
        seen->cancelled = true;
        seen->upstream->ops->cancel(seen->call);
    }
}

static void on_end(void *context, enum upstream_end end)
{
    struct seen *seen = context;

    assert_false(seen->cancelled);
    seen->ended = true;
    seen->end = end;
}

static const struct upstream_events events = {on_head, on_bytes, on_end};

/* ---- the loop ---- */
struct upstream *upstream;
struct server server;
struct snapshot_deployment deployment;
struct snapshot_credential credential;
char base_url[64];
static struct httpd *httpd;

static void on_turn_end(void *context)
{
    (void)context;
    upstream->ops->turn(upstream);
}

static void open_upstream(void)
{
    const struct httpd_handler handler = {0};
    const struct curl_config config = {.max_idle = 16, .idle_handles = 4};

    httpd = httpd_new(&httpd_config_initial, &handler);
    upstream = curl_upstream_new(httpd, &config);
    httpd_at_turn_end(httpd, on_turn_end, NULL);
    server = (struct server){0};
    server_start(&server);
    snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%u/v1/", server.port);
    credential = (struct snapshot_credential){.base_url = span_of(base_url),
                                              .auth = AUTH_BEARER,
                                              .secret = span_of("secret"),
                                              .fingerprint = 1};
    deployment = (struct snapshot_deployment){.id = {.at = {[15] = 1}},
                                              .credentials = &credential,
                                              .credential_count = 1,
                                              .sandbox = true,
                                              .connect_timeout_ms = 1000};
}

int caller_setup(void **state)
{
    (void)state;
    open_upstream();
    return 0;
}

int caller_teardown(void **state)
{
    (void)state;
    upstream->ops->free(upstream);
    server_stop(&server);
    httpd_free(httpd);
    return 0;
}

void begin_as(struct seen *seen, struct upstream_request request)
{
    request.deployment = &deployment;
    request.request_id = span_of("gen_x");
    request.attempt = 2;
    for (uint32_t i = 0; i < request.piece_count; i++)
        request.body_bytes += request.pieces[i].size;
    seen->upstream = upstream;
    if (seen->body.max == 0)
        seen->body = buf_make((size_t)256 << 20);
    seen->call = upstream->ops->start(upstream, &request, &events, seen);
}

void begin(struct seen *seen, const struct span *pieces, uint32_t count)
{
    begin_as(seen, (struct upstream_request){.path = span_of("/chat/completions"),
                                             .pieces = pieces,
                                             .piece_count = count});
}

void turn(void)
{
    httpd_turn(httpd, 10);
}

void turn_until(const bool *done)
{
    int64_t until_ms = clock_mono_ms() + DEADLINE_MS;

    while (!*done && clock_mono_ms() < until_ms)
        turn();
    assert_true(*done);
}
