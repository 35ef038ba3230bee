/* The network upstream: what goes out: path, headers, method, credential. */
#include "tests/unit/gateway/upstream/caller.h"

#include <stdio.h>
#include <time.h>

#include "gateway/upstream/request_lines.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        caller_row(a_path_and_the_query_of_its_deployment_are_joined),
        caller_row(a_path_that_leaves_its_base_is_unfit),
        caller_row(many_paths_at_once_are_called_all),
        caller_row(headers_of_the_language_and_the_client_go_along),
        caller_row(too_many_or_too_long_headers_are_unfit),
        caller_row(other_methods_have_no_body),
        caller_row(requests_to_amazon_are_signed),
        caller_row(each_credential_has_an_origin_of_its_own),
    };

    curl_process_init();
    return run_test_table(tests);
}
