/* Requests to our own programs, against a server of this test's own on loopback. */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/upstream/curl.h"
#include "gateway/upstream/fetch.h"
#include "tests/unit/gateway/upstream/server.h"

#define DEADLINE_MS 10000

struct seen {
    struct fetch *fetch;
    int status;
    int64_t body_bytes;
    char headers[4096]; /* "name=value;" each */
    struct buf body;
    bool ended, pause_at_once, cancel_at_once, cancelled;
    uint32_t calls;
    enum upstream_end end;
};

static struct httpd *httpd;
static struct upstream *upstream;
static struct server server;
static char origin[64];

static void on_head(void *context, const struct fetch_head *head)
{
    struct seen *seen = context;
    size_t at = 0;

    seen->status = head->status;
    seen->body_bytes = head->body_bytes;
    for (size_t i = 0; i < head->header_count; i++)
        at += (size_t)snprintf(seen->headers + at, sizeof(seen->headers) - at, "%.*s=%.*s;",
                               SPAN_ARG(head->headers[i].name), SPAN_ARG(head->headers[i].value));
}

static void on_bytes(void *context, struct span bytes)
{
    struct seen *seen = context;

    assert_false(seen->cancelled);
    seen->calls++;
    buf_add_span(&seen->body, bytes);
    if (seen->pause_at_once)
        fetch_pause(seen->fetch);
    if (seen->cancel_at_once) {
        seen->cancelled = true;
        fetch_cancel(seen->fetch);
    }
}

static void on_end(void *context, enum upstream_end end)
{
    struct seen *seen = context;

    assert_false(seen->cancelled);
    seen->ended = true;
    seen->end = end;
}

static const struct fetch_events events = {on_head, on_bytes, on_end};

static void on_turn_end(void *context)
{
    (void)context;
    upstream->ops->turn(upstream);
}

static int setup(void **state)
{
    const struct httpd_handler handler = {0};
    const struct curl_config config = {.max_idle = 16, .idle_handles = 4};

    (void)state;
    httpd = httpd_new(&httpd_config_initial, &handler);
    upstream = curl_upstream_new(httpd, &config);
    httpd_at_turn_end(httpd, on_turn_end, NULL);
    server = (struct server){0};
    server_start(&server);
    snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", server.port);
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

static void begin(struct seen *seen, struct fetch_request request)
{
    request.origin = origin;
    if (request.method.at == NULL)
        request.method = span_of("GET");
    if (request.total_ms == 0)
        request.total_ms = DEADLINE_MS;
    seen->body = buf_make((size_t)256 << 20);
    seen->fetch = fetch_start(upstream, &request, &events, seen);
}

static void turn_until(const bool *done)
{
    int64_t until_ms = clock_mono_ms() + DEADLINE_MS;

    while (!*done && clock_mono_ms() < until_ms)
        httpd_turn(httpd, 10);
    assert_true(*done);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static void the_target_goes_out_byte_for_byte(void **state)
{
    static const char *const targets[] = {"/control/v1/a%2Fb/?q=%7e+~&&x=%00%zz", "/control/v1//?",
                                          "/control/v1/*;a=b,c?d?e"};
    char line[128];

    (void)state;
    for (uint32_t i = 0; i < array_size(targets); i++) {
        struct seen seen = {0};

        server_set_answer(&server, (int)i, OK_ANSWER);
        begin(&seen, (struct fetch_request){.target = span_of(targets[i])});
        turn_until(&seen.ended);
        snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", targets[i]);
        in_row(targets[i], strncmp(server.seen[i], line, strlen(line)) == 0);
        buf_done(&seen.body);
    }
    assert_int_equal(server.connections, 1);
}

static void only_the_callers_headers_go_out(void **state)
{
    const struct httpd_header headers[] = {
        {span_of("cookie"), span_of("a=b; c=d")},
        {span_of("x-forwarded-for"), span_of("::1")},
        {span_of("accept"), span_of("text/csv")},
        {span_of("if-match"), span_of("")},
        {span_of("origin"), span_of("a\r\nevil: yes")},
    };
    struct seen seen = {0};

    (void)state;
    server_set_answer(&server, 0, OK_ANSWER);
    begin(&seen, (struct fetch_request){.target = span_of("/"),
                                        .headers = headers,
                                        .header_count = array_size(headers)});
    turn_until(&seen.ended);
    assert_non_null(strstr(server.seen[0], "\r\ncookie: a=b; c=d\r\n"));
    assert_non_null(strstr(server.seen[0], "\r\nx-forwarded-for: ::1\r\n"));
    assert_non_null(strstr(server.seen[0], "\r\naccept: text/csv\r\n"));
    assert_null(strstr(server.seen[0], "*/*"));
    assert_null(strstr(server.seen[0], "if-match"));
    assert_null(strstr(server.seen[0], "evil"));
    assert_null(strstr(server.seen[0], "User-Agent"));
    buf_done(&seen.body);
}

static void each_method_goes_out_with_its_body(void **state)
{
    static const struct {
        const char *method, *body, *wanted;
    } rows[] = {
        {"POST", "{\"a\":1}", "Content-Length: 7\r\n"},
        {"PUT", "", "Content-Length: 0\r\n"},
        {"PATCH", NULL, "Content-Length: 0\r\n"},
        {"DELETE", NULL, "Content-Length: 0\r\n"},
    };

    (void)state;
    for (uint32_t i = 0; i < array_size(rows); i++) {
        struct seen seen = {0};

        server_set_answer(&server, (int)i, OK_ANSWER);
        begin(&seen, (struct fetch_request){.method = span_of(rows[i].method),
                                            .target = span_of("/x"),
                                            .body = span_of(rows[i].body)});
        turn_until(&seen.ended);
        assert_int(rows[i].method, seen.end, UPSTREAM_WHOLE);
        in_row(rows[i].method,
               strncmp(server.seen[i], rows[i].method, strlen(rows[i].method)) == 0);
        in_row(rows[i].method, strstr(server.seen[i], rows[i].wanted) != NULL);
        in_row(rows[i].method, strstr(server.seen[i], "ontent-Type") == NULL);
        buf_done(&seen.body);
    }
    assert_int_equal(server.connections, array_size(rows));
}

static void a_large_body_goes_out_whole(void **state)
{
    size_t size = (size_t)3 << 20;
    char *large = mem_new(size);
    struct seen seen = {0};

    (void)state;
    memset(large, ' ', size);
    server_set_answer(&server, 0, OK_ANSWER);
    begin(&seen, (struct fetch_request){.method = span_of("POST"),
                                        .target = span_of("/x"),
                                        .body = span_make(large, size)});
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    assert_int_equal(server.body_bytes, size);
    buf_done(&seen.body);
    mem_free(large);
}

static void a_get_on_a_dead_kept_connection_goes_out_again(void **state)
{
    (void)state;
    server_set_answer(&server, 0, OK_ANSWER);
    server_set_answer(&server, 1, NULL);
    server_set_answer(&server, 2, OK_ANSWER);
    for (int i = 0; i < 2; i++) {
        struct seen seen = {0};

        begin(&seen, (struct fetch_request){.target = span_of("/")});
        turn_until(&seen.ended);
        assert_int_equal(seen.end, UPSTREAM_WHOLE);
        buf_done(&seen.body);
    }
    assert_int_equal(server.requests, 3);
}

static void all_headers_of_the_answer_are_told(void **state)
{
    struct seen seen = {0};

    (void)state;
    server_set_answer(&server, 0,
                      "HTTP/1.1 100 Continue\r\nX-Early: no\r\n\r\n"
                      "HTTP/1.1 201 Created\r\nSet-Cookie: a=1; Path=/\r\nSET-COOKIE: b=2\r\n"
                      "ETag: \"x:y\"\r\nContent-Length: 5\r\n\r\nhello");
    begin(&seen, (struct fetch_request){.target = span_of("/")});
    turn_until(&seen.ended);
    assert_int_equal(seen.status, 201);
    assert_int_equal(seen.body_bytes, 5);
    assert_string_equal(seen.headers, "set-cookie=a=1; Path=/;set-cookie=b=2;etag=\"x:y\";"
                                      "content-length=5;");
    assert_span("body", buf_span(&seen.body), "hello");
    buf_done(&seen.body);
}

static void every_end_is_told(void **state)
{
    static char many[8192], long_line[80000];
    const struct {
        const char *what, *answer;
        enum upstream_end end;
        int status;
    } rows[] = {
        {"a reset before the head", NULL, UPSTREAM_BROKEN, 0},
        {"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}",
         UPSTREAM_BROKEN, 200},
        {"not HTTP", "SSH-2.0-x\r\n\r\nConnection: close", UPSTREAM_BROKEN, 0},
        {"too many headers", many, UPSTREAM_BROKEN, 0},
        {"too long a head", long_line, UPSTREAM_BROKEN, 0},
        {"without a body", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", UPSTREAM_WHOLE, 304},
    };

    (void)state;
    strcpy(many, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 65; i++)
        strcat(many, "X-Many: 1\r\n");
    strcat(many, "Connection: close\r\n\r\n");
    strcpy(long_line, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10; i++) {
        size_t at = strlen(long_line);
        memset(long_line + at, 'x', 7000);
        strcpy(long_line + at + 3, ": ");
        memset(long_line + at + 5, 'y', 6995);
        strcpy(long_line + at + 7000, "\r\n");
    }
    strcat(long_line, "Connection: close\r\n\r\n");
    for (uint32_t i = 0; i < array_size(rows); i++) {
        struct seen seen = {0};

        for (int n = 0; n < 4; n++)
            server_set_answer(&server, n, rows[i].answer);
        begin(&seen, (struct fetch_request){.target = span_of("/")});
        turn_until(&seen.ended);
        assert_int(rows[i].what, seen.end, rows[i].end);
        assert_int(rows[i].what, seen.status, rows[i].status);
        buf_done(&seen.body);
    }
}

static void a_paused_answer_waits_and_goes_on(void **state)
{
    struct seen seen = {.pause_at_once = true};
    int64_t until_ms = clock_mono_ms() + DEADLINE_MS;
    uint32_t pauses = 0;

    (void)state;
    server.flood = "0123456789abcdef";
    server.flood_count = 65536;
    server_set_answer(&server, 0, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    begin(&seen, (struct fetch_request){.target = span_of("/")});
    while (!seen.ended && clock_mono_ms() < until_ms) {
        uint32_t calls = seen.calls;

        httpd_turn(httpd, 10);
        if (seen.calls > calls && !seen.ended) {
            pauses++;
            fetch_resume(seen.fetch);
        }
    }
    assert_int_equal(seen.end, UPSTREAM_WHOLE);
    assert_int_equal(seen.body.size, (size_t)16 * 65536);
    assert_true(pauses >= 16);
    buf_done(&seen.body);
}

static void after_a_cancel_nobody_is_called(void **state)
{
    struct seen seen = {.cancel_at_once = true}, other = {0};

    (void)state;
    server.flood = "0123456789abcdef";
    server.flood_count = 65536;
    server_set_answer(&server, 0, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    server_set_answer(&server, 1, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    begin(&seen, (struct fetch_request){.target = span_of("/")});
    turn_until(&seen.cancelled);
    begin(&other, (struct fetch_request){.target = span_of("/")});
    turn_until(&other.ended);
    assert_false(seen.ended);
    buf_done(&seen.body);
    buf_done(&other.body);
}

static void what_takes_too_long_ends(void **state)
{
    struct seen seen = {0};

    (void)state;
    server_set_answer(&server, 0, "HTTP/1.1 200 OK\r\n");
    begin(&seen, (struct fetch_request){.target = span_of("/"), .total_ms = 50});
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_CONNECT_TIMEOUT);
    buf_done(&seen.body);
}

static void nobody_listening_is_told(void **state)
{
    struct seen seen = {0};

    (void)state;
    snprintf(origin, sizeof(origin), "http://127.0.0.1:1");
    begin(&seen, (struct fetch_request){.target = span_of("/")});
    turn_until(&seen.ended);
    assert_int_equal(seen.end, UPSTREAM_NO_CONNECTION);
    buf_done(&seen.body);
}

static void an_open_fetch_goes_with_its_upstream(void **state)
{
    struct seen seen = {0};

    (void)state;
    server_set_answer(&server, 0, "HTTP/1.1 200 OK\r\n");
    begin(&seen, (struct fetch_request){.target = span_of("/")});
    httpd_turn(httpd, 10);
    assert_false(seen.ended);
    buf_done(&seen.body);
}

static void an_origin_is_this_machine_and_a_port(void **state)
{
    static const struct {
        const char *origin;
        bool ok;
    } rows[] = {
        {"http://127.0.0.1:8081", true},  {"http://[::1]:1", true},
        {"http://localhost:65535", true}, {"", false},
        {"http://127.0.0.1", false},      {"http://127.0.0.1:", false},
        {"http://127.0.0.1:0", false},    {"http://127.0.0.1:65536", false},
        {"http://127.0.0.1:80/", false},  {"https://127.0.0.1:80", false},
        {"http://10.0.0.1:80", false},    {"http://127.0.0.1:80@evil", false},
        {"http://127.0.0.1:-1", false},   {"http://localhost.evil:80", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].origin, fetch_origin_ok(rows[i].origin), rows[i].ok);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_target_goes_out_byte_for_byte),
        TEST(only_the_callers_headers_go_out),
        TEST(each_method_goes_out_with_its_body),
        TEST(a_large_body_goes_out_whole),
        TEST(a_get_on_a_dead_kept_connection_goes_out_again),
        TEST(all_headers_of_the_answer_are_told),
        TEST(every_end_is_told),
        TEST(a_paused_answer_waits_and_goes_on),
        TEST(after_a_cancel_nobody_is_called),
        TEST(what_takes_too_long_ends),
        TEST(nobody_listening_is_told),
        TEST(an_open_fetch_goes_with_its_upstream),
        cmocka_unit_test(an_origin_is_this_machine_and_a_port),
    };

    curl_process_init();
    return run_test_table(tests);
}
