/* The network upstream against a server of this test's own on loopback: what becomes of a call. */
#include "tests/unit/gateway/upstream/caller.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/mem.h"

static const struct span small[] = {{"{\"a\":", 5}, {"1}", 2}};
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
        turn();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        caller_row(a_request_goes_out_and_its_answer_comes_back),
        caller_row(connections_are_kept),
        caller_row(a_large_body_is_read_from_its_pieces),
        caller_row(every_end_is_told),
        caller_row(a_dead_kept_connection_is_told_and_not_sent_again),
        caller_row(nobody_listening_is_no_connection),
        caller_row(forbidden_addresses_are_not_dialled),
        caller_row(loopback_is_for_the_sandbox),
        caller_row(an_unfit_address_does_not_start),
        caller_row(a_paused_upstream_stops_and_goes_on),
        caller_row(a_cancelled_call_says_nothing_more),
        caller_row(a_changed_credential_is_used_at_once),
    };

    curl_process_init();
    return run_test_table(tests);
}
