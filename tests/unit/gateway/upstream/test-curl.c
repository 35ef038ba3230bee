/* The network upstream against a server of this test's own on loopback. */
#include "tests/support/testing.h"

#include <stdio.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/upstream/curl.h"
#include "gateway/upstream/request_lines.h"
#include "tests/unit/gateway/upstream/server.h"

#define DEADLINE_MS 10000

/* ---- what is called ---- */
struct seen {
    struct upstream *upstream;
    struct upstream_call *call;
    int status;
    char type[64], encoding[32], request_id[64];
    int64_t retry_after_ms;
    struct buf body;
    bool ended;
    enum upstream_end end;
    bool pause_at_once, cancel_at_once, cancelled;
};

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
static struct httpd *httpd;
static struct upstream *upstream;
static struct server server;
static struct snapshot_deployment deployment;
static struct snapshot_credential credential;
static char base_url[64];

static void on_turn_end(void *context)
{
    (void)context;
    upstream->ops->turn(upstream);
}

static void open_upstream(bool allow_loopback)
{
    const struct httpd_handler handler = {0};
    const struct curl_config config = {
        .allow_loopback = allow_loopback, .max_idle = 16, .idle_handles = 4};

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

static int setup(void **state)
{
    (void)state;
    open_upstream(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    upstream->ops->free(upstream);
    server_stop(&server);
    httpd_free(httpd);
    return 0;
}

static void begin_as(struct seen *seen, struct upstream_request request)
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

static void begin(struct seen *seen, const struct span *pieces, uint32_t count)
{
    begin_as(seen, (struct upstream_request){.path = span_of("/chat/completions"),
                                             .pieces = pieces,
                                             .piece_count = count});
}

static void turn_until(const bool *done)
{
    int64_t until_ms = clock_mono_ms() + DEADLINE_MS;

    while (!*done && clock_mono_ms() < until_ms)
        httpd_turn(httpd, 10);
    assert_true(*done);
}

static const struct span small[] = {{"{\"a\":", 5}, {"1}", 2}};
#define OK_ANSWER                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\n"                 \
    "Content-Length: 2\r\n\r\n{}"

static void a_request_goes_out_and_its_answer_comes_back(void **state)
{
    struct seen seen = {0};

    (void)state;
    server_set_answer(&server, 0, OK_ANSWER);
    begin(&seen, small, array_size(small));
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.type, "application/json");
    assert_string_equal(seen.request_id, "req_1");
    assert_span("body", buf_span(&seen.body), "{}");
    assert_non_null(strstr(server.seen[0], "POST /v1/chat/completions HTTP/1.1\r\n"));
    assert_non_null(strstr(server.seen[0], "Authorization: Bearer secret\r\n"));
    assert_non_null(strstr(server.seen[0], "Content-Type: application/json\r\n"));
    assert_non_null(strstr(server.seen[0], "x-tollgate-request-id: gen_x\r\n"));
    assert_non_null(strstr(server.seen[0], "x-tollgate-attempt: 2\r\n"));
    assert_non_null(strstr(server.seen[0], "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(server.seen[0], "Expect"));
    buf_done(&seen.body);
}

#define CLOSING_ANSWER "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

/* Sends the request, which is answered, and returns it as the server saw it. */
static const char *seen_by_server(const struct upstream_request *request)
{
    struct seen seen = {0};

    uint32_t n = server_requests(&server) % 4;

    server_set_answer(&server, (int)n, CLOSING_ANSWER);
    begin_as(&seen, *request);
    assert_non_null(seen.call);
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    buf_done(&seen.body);
    return server.seen[n];
}

static void a_path_and_the_query_of_its_deployment_are_joined(void **state)
{
    static const struct {
        const char *what, *path, *query, *line;
    } rows[] = {
        {"neither has a query", "/chat/completions", "", "POST /v1/chat/completions HTTP/1.1\r\n"},
        {"the deployment has", "/chat/completions", "api-version=1",
         "POST /v1/chat/completions?api-version=1 HTTP/1.1\r\n"},
        {"the path has", "/models/m:streamGenerateContent?alt=sse", "",
         "POST /v1/models/m:streamGenerateContent?alt=sse HTTP/1.1\r\n"},
        {"both have", "/models/m:streamGenerateContent?alt=sse", "a=b&c=d",
         "POST /v1/models/m:streamGenerateContent?alt=sse&a=b&c=d HTTP/1.1\r\n"},
        {"escapes stay", "/model/a.b-v1%3A0/converse", "",
         "POST /v1/model/a.b-v1%3A0/converse HTTP/1.1\r\n"},
        {"dots in a name are none in the way", "/a..b/...", "", "POST /v1/a..b/... HTTP/1.1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        deployment.id.at[0] = (uint8_t)(i + 1);
        deployment.query = span_of(rows[i].query);
        const char *seen =
            seen_by_server(&(struct upstream_request){.path = span_of(rows[i].path)});
        in_row(rows[i].what, strncmp(seen, rows[i].line, strlen(rows[i].line)) == 0);
    }
}

static void a_path_that_leaves_its_base_is_unfit(void **state)
{
    static const char *const paths[] = {
        "",          "chat",      "/../admin",      "/a/./b", "/a/..",
        "/%2e%2e/a", "/.%2E/a",   "/responses/a b", "/a#b",   "/a\r\nx: y",
        "/a\\b",     "/\xc3\xa4", "/%2E",
    };
    static char long_path[8192];
    struct seen seen = {0};

    (void)state;
    for (size_t i = 0; i < array_size(paths); i++) {
        begin_as(&seen, (struct upstream_request){.path = span_of(paths[i])});
        in_row(paths[i], seen.call == NULL);
    }
    memset(long_path, '/', sizeof(long_path) - 1);
    begin_as(&seen, (struct upstream_request){.path = span_of(long_path)});
    assert_null(seen.call);
}

/* More of them than are kept, while all are under way; and the one in use stays the same. */
static void many_paths_at_once_are_called_all(void **state)
{
    enum { COUNT = ORIGIN_PATHS_MAX + 6 };
    struct seen seen[COUNT] = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        server_set_answer(&server, i, CLOSING_ANSWER);
    for (int i = 0; i < COUNT; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/responses/r%d", i);
        begin_as(&seen[i], (struct upstream_request){.path = span_of(path)});
        memset(path, 'x', sizeof(path)); /* what was told is copied */
        assert_non_null(seen[i].call);
    }
    for (int i = 0; i < COUNT; i++) {
        turn_until(&seen[i].ended);
        assert_int_equal(seen[i].end, UPSTREAM_WHOLE);
        buf_done(&seen[i].body);
    }
}

static void headers_of_the_language_and_the_client_go_along(void **state)
{
    static const char *const language[] = {"anthropic-version: 2023-06-01", "x-language: yes",
                                           NULL};
    static const struct upstream_header passed[] = {
        {{"Anthropic-Version", 17}, {"2024-01-01", 10}},
        {{"anthropic-beta", 14}, {"a,b", 3}},
        {{"openai-beta", 11}, {"a\r\nx-bad: y", 11}},
    };
    static const struct {
        const char *what, *line;
        bool there;
    } rows[] = {
        {"the client's version wins", "Anthropic-Version: 2024-01-01\r\n", true},
        {"over the language's", "2023-06-01", false},
        {"the language's others stay", "x-language: yes\r\n", true},
        {"the client's others go along", "anthropic-beta: a,b\r\n", true},
        {"one that is two lines is left out", "x-bad", false},
        {"its name too", "openai-beta", false},
        {"the type is as told", "Content-Type: multipart/form-data; boundary=b\r\n", true},
        {"and told once", "application/json", false},
        {"what is accepted as well", "Accept: text/event-stream\r\n", true},
        {"in place of anything", "*/*", false},
        {"the credential is there", "Authorization: Bearer secret\r\n", true},
    };
    const struct upstream_request request = {
        .path = span_of("/messages"),
        .content_type = span_of("multipart/form-data; boundary=b"),
        .accept = span_of("text/event-stream"),
        .headers = language,
        .passed = passed,
        .passed_count = array_size(passed),
    };

    (void)state;
    const char *seen = seen_by_server(&request);
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what, (strstr(seen, rows[i].line) != NULL) == rows[i].there);
}

static void too_many_or_too_long_headers_are_unfit(void **state)
{
    static struct upstream_header many[REQUEST_LINES_MAX];
    static char text[REQUEST_LINES_BYTES_MAX];
    struct upstream_header one = {{"anthropic-beta", 14}, {text, sizeof(text)}};
    struct seen seen = {0};

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < array_size(many); i++)
        many[i] = (struct upstream_header){{"anthropic-beta", 14}, {"a", 1}};
    begin_as(&seen, (struct upstream_request){
                        .path = span_of("/m"), .passed = many, .passed_count = array_size(many)});
    assert_null(seen.call);
    begin_as(&seen,
             (struct upstream_request){.path = span_of("/m"), .passed = &one, .passed_count = 1});
    assert_null(seen.call);
}

static void other_methods_have_no_body(void **state)
{
    static const struct {
        enum upstream_method method;
        const char *line;
    } rows[] = {{UPSTREAM_GET, "GET /v1/responses/r?after=2 HTTP/1.1\r\n"},
                {UPSTREAM_DELETE, "DELETE /v1/responses/r?after=2 HTTP/1.1\r\n"},
                {UPSTREAM_POST, "POST /v1/responses/r?after=2 HTTP/1.1\r\n"}};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *seen = seen_by_server(&(struct upstream_request){
            .method = rows[i].method, .path = span_of("/responses/r?after=2")});
        in_row(rows[i].line, strncmp(seen, rows[i].line, strlen(rows[i].line)) == 0);
        in_row(rows[i].line, strstr(seen, "Authorization: Bearer secret\r\n") != NULL);
        in_row(rows[i].line,
               (strstr(seen, "Content-Type") != NULL) == (rows[i].method == UPSTREAM_POST));
    }
}

/* What the server saw is signed anew with what it was told, and gives the same. */
static void requests_to_amazon_are_signed(void **state)
{
    static const struct span pieces[] = {{"{\"a\":", 5}, {"1}", 2}};
    const struct upstream_request request = {.path = span_of("/model/a.b-v1%3A0/converse"),
                                             .pieces = pieces,
                                             .piece_count = array_size(pieces)};
    char host[64], date[32] = "", signature[256] = "";
    struct tm tm = {0};
    struct buf again = buf_make(4096);

    (void)state;
    credential.auth = AUTH_SIGV4;
    credential.secret = span_of("AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG:session/token=");
    credential.region = span_of("us-east-1");
    const char *seen = seen_by_server(&request);
    assert_int_equal(sscanf(strstr(seen, "X-Amz-Date: "), "X-Amz-Date: %31s", date), 1);
    assert_int_equal(sscanf(strstr(seen, "Authorization: "), "Authorization: %255[^\r]", signature),
                     1);
    assert_non_null(strstr(seen, "X-Amz-Security-Token: session/token=\r\n"));
    assert_null(strstr(seen, "Bearer"));
    assert_non_null(strptime(date, "%Y%m%dT%H%M%SZ", &tm));
    snprintf(host, sizeof(host), "127.0.0.1:%u", server.port);
    assert_non_null(strstr(seen, host));
    const struct sigv4_header headers[] = {{span_of("host"), span_of(host)},
                                           {span_of("content-type"), span_of("application/json")}};
    const struct sigv4_ask ask = {.method = span_of("POST"),
                                  .path = span_of("/v1/model/a.b-v1%3A0/converse"),
                                  .query = span_of(""),
                                  .headers = headers,
                                  .header_count = 2,
                                  .payload = digest_sha256(span_of("{\"a\":1}")),
                                  .region = span_of("us-east-1"),
                                  .service = span_of("bedrock"),
                                  .time_s = (int64_t)timegm(&tm)};
    const struct sigv4_key key = {span_of("AKIDEXAMPLE"), span_of("wJalrXUtnFEMI/K7MDENG"),
                                  span_of("session/token=")};
    assert_int_equal(sigv4_authorization(&ask, &key, &again), 0);
    assert_span("the same signature", buf_span(&again), signature);
    buf_done(&again);
}

static void each_credential_has_an_origin_of_its_own(void **state)
{
    static struct snapshot_credential both[2];
    struct seen seen[2] = {0};

    (void)state;
    for (int i = 0; i < 2; i++) {
        server_set_answer(&server, i, CLOSING_ANSWER);
        both[i] = credential;
        both[i].fingerprint = (uint64_t)i + 1;
        both[i].secret = span_of(i == 0 ? "one" : "two");
    }
    for (int i = 0; i < 2; i++)
        begin_as(&seen[i],
                 (struct upstream_request){.credential = &both[1 - i], .path = span_of("/m")});
    for (int i = 0; i < 2; i++)
        turn_until(&seen[i].ended);
    bool first = strstr(server.seen[0], "Bearer two") != NULL;
    assert_non_null(strstr(server.seen[first ? 0 : 1], "Bearer two"));
    assert_non_null(strstr(server.seen[first ? 1 : 0], "Bearer one"));
    for (int i = 0; i < 2; i++)
        buf_done(&seen[i].body);
}

static void connections_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        server_set_answer(&server, i, OK_ANSWER);
    for (int i = 0; i < 4; i++) {
        struct seen seen = {0};
        begin(&seen, small, array_size(small));
        turn_until(&seen.ended);
        assert_int_equal(seen.end, UPSTREAM_WHOLE);
        buf_done(&seen.body);
    }
    assert_int_equal(server.connections, 1);
}

static void a_large_body_is_read_from_its_pieces(void **state)
{
    size_t size = (size_t)3 << 20;
    char *large = mem_new(size);
    const struct span pieces[] = {{"[", 1}, {large, size}, {"]", 1}};
    struct seen seen = {0};

    (void)state;
    memset(large, ' ', size);
    server_set_answer(&server, 0, OK_ANSWER);
    begin(&seen, pieces, array_size(pieces));
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    assert_int_equal(server.body_bytes, size + 2);
    buf_done(&seen.body);
    mem_free(large);
}

static void every_end_is_told(void **state)
{
    static const struct {
        const char *what, *answer;
        enum upstream_end end;
        int status;
        const char *body;
        int64_t retry_after_ms;
    } rows[] = {
        {"reset", NULL, UPSTREAM_BROKEN, 0, "", 0},
        {"closed before its length",
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nab", UPSTREAM_BROKEN,
         200, "ab", 0},
        {"closed before its last chunk",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n",
         UPSTREAM_BROKEN, 200, "ab", 0},
        {"chunks",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
         UPSTREAM_WHOLE, 200, "abc", 0},
        {"429", "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", UPSTREAM_WHOLE,
         429, "", 7000},
        {"a long Retry-After", "HTTP/1.1 503 No\r\nRetry-After: 99999\r\nContent-Length: 0\r\n\r\n",
         UPSTREAM_WHOLE, 503, "", 600000},
        {"a redirect is not followed",
         "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         UPSTREAM_WHOLE, 302, "", 0},
        {"not HTTP", "hello\r\n\r\nConnection: close", UPSTREAM_BROKEN, 0, "", 0},
        {"100 before the answer",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
         UPSTREAM_WHOLE, 200, "x", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct seen seen = {0};
        for (int n = 0; n < 4; n++)
            server_set_answer(&server, n, rows[i].answer);
        begin(&seen, small, array_size(small));
        turn_until(&seen.ended);
        assert_int(rows[i].what, seen.end, rows[i].end);
        assert_int(rows[i].what, seen.status, rows[i].status);
        assert_span(rows[i].what, buf_span(&seen.body), rows[i].body);
        assert_int(rows[i].what, seen.retry_after_ms, rows[i].retry_after_ms);
        buf_done(&seen.body);
    }
}

static void a_dead_kept_connection_is_told_and_not_sent_again(void **state)
{
    static char large[200000];
    const struct span bodies[] = {small[0], {large, sizeof(large)}};

    (void)state;
    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < array_size(bodies); i++) {
        struct seen first = {0}, second = {0};
        uint32_t requests = server_requests(&server);

        for (int n = 0; n < 4; n++)
            server_set_answer(&server, n, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        begin(&first, small, 1);
        turn_until(&first.ended);
        assert_int("the first is answered", first.end, UPSTREAM_WHOLE);
        for (int n = 0; n < 4; n++)
            server_set_answer(&server, n, NULL);
        begin(&second, &bodies[i], 1);
        turn_until(&second.ended);
        assert_int("the second dies before its head", second.end, UPSTREAM_STALE);
        assert_int("the provider has seen it once", server_requests(&server) - requests, 2);
        buf_done(&first.body);
        buf_done(&second.body);
    }
}

static void nobody_listening_is_no_connection(void **state)
{
    struct seen seen = {0};

    (void)state;
    snprintf(base_url, sizeof(base_url), "http://127.0.0.1:1/v1");
    credential.base_url = span_of(base_url);
    begin(&seen, small, array_size(small));
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_NO_CONNECTION);
    buf_done(&seen.body);
}

static void forbidden_addresses_are_not_dialled(void **state)
{
    static const char *const urls[] = {"http://169.254.169.254/v1", "https://10.0.0.1/v1",
                                       "http://8.8.8.8/v1", "https://[::ffff:192.168.0.1]/v1"};

    (void)state;
    for (size_t i = 0; i < array_size(urls); i++) {
        struct seen seen = {0};
        credential.base_url = span_of(urls[i]);
        begin(&seen, small, array_size(small));
        turn_until(&seen.ended);
        assert_int(urls[i], seen.end, UPSTREAM_FORBIDDEN);
        buf_done(&seen.body);
    }
}

static void loopback_is_for_the_sandbox(void **state)
{
    struct seen seen = {0};

    (void)state;
    deployment.sandbox = false;
    begin(&seen, small, array_size(small));
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_FORBIDDEN);
    assert_int_equal(server.connections, 0);
    buf_done(&seen.body);
}

static void an_unfit_address_does_not_start(void **state)
{
    static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "",
                                       "http://a\r\nb"};
    struct seen seen = {0};

    (void)state;
    for (size_t i = 0; i < array_size(urls); i++) {
        credential.base_url = span_of(urls[i]);
        begin(&seen, small, array_size(small));
        assert_null(seen.call);
    }
    credential.base_url = span_of(base_url);
    credential.secret = span_of("a\r\nx: y");
    begin(&seen, small, array_size(small));
    assert_null(seen.call);
}

static void a_paused_upstream_stops_and_goes_on(void **state)
{
    static char flood[65537];
    struct seen seen = {.pause_at_once = true};
    int64_t until_ms;

    (void)state;
    memset(flood, 'x', sizeof(flood) - 1);
    server_set_answer(&server, 0, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n");
    server.flood = flood;
    server.flood_count = 1024;
    begin(&seen, small, array_size(small));
    until_ms = clock_mono_ms() + 200;
    while (clock_mono_ms() < until_ms)
        httpd_turn(httpd, 10);
    assert_true(seen.body.size > 0 && seen.body.size <= 65536);
    assert_false(seen.ended);
    seen.pause_at_once = false;
    upstream->ops->resume(seen.call);
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    assert_int_equal(seen.body.size, 67108864);
    buf_done(&seen.body);
}

static void a_cancelled_call_says_nothing_more(void **state)
{
    struct seen seen = {.cancel_at_once = true}, other = {0};

    (void)state;
    server_set_answer(&server, 0,
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    server_set_answer(&server, 1, OK_ANSWER);
    begin(&seen, small, array_size(small));
    turn_until(&seen.cancelled);
    begin(&other, small, array_size(small)); /* on a connection of its own */
    turn_until(&other.ended);
    assert_int_equal(other.end, UPSTREAM_WHOLE);
    assert_int_equal(server.connections, 2);
    buf_done(&seen.body);
    buf_done(&other.body);
}

static void a_changed_credential_is_used_at_once(void **state)
{
    struct seen one = {0}, two = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        server_set_answer(&server, i,
                          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    begin(&one, small, array_size(small));
    credential.secret = span_of("other");
    begin(&two, small, array_size(small));
    turn_until(&one.ended);
    turn_until(&two.ended);
    assert_int_equal(server.requests, 2);
    bool first = strstr(server.seen[0], "Bearer secret") != NULL;
    assert_non_null(strstr(server.seen[first ? 1 : 0], "Bearer other"));
    buf_done(&one.body);
    buf_done(&two.body);
}

#define row(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        row(a_request_goes_out_and_its_answer_comes_back),
        row(a_path_and_the_query_of_its_deployment_are_joined),
        row(a_path_that_leaves_its_base_is_unfit),
        row(many_paths_at_once_are_called_all),
        row(headers_of_the_language_and_the_client_go_along),
        row(too_many_or_too_long_headers_are_unfit),
        row(other_methods_have_no_body),
        row(requests_to_amazon_are_signed),
        row(each_credential_has_an_origin_of_its_own),
        row(connections_are_kept),
        row(a_large_body_is_read_from_its_pieces),
        row(every_end_is_told),
        row(a_dead_kept_connection_is_told_and_not_sent_again),
        row(nobody_listening_is_no_connection),
        row(forbidden_addresses_are_not_dialled),
        row(loopback_is_for_the_sandbox),
        row(an_unfit_address_does_not_start),
        row(a_paused_upstream_stops_and_goes_on),
        row(a_cancelled_call_says_nothing_more),
        row(a_changed_credential_is_used_at_once),
    };

    curl_process_init();
    return run_test_table(tests);
}
