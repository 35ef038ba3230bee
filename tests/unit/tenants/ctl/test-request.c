/* What a command line asks of the API, when a call is repeated, and which addresses are taken. */
#include "tests/support/testing.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/http.h"
#include "tenants/ctl/request.h"

#define NOW_MS INT64_C(1795280400000) /* 2026-11-21T17:00:00Z */
enum { WORDS_MAX = 24, TEXT_MAX = 2048 };

struct typed {
    char text[TEXT_MAX];
    char *argv[WORDS_MAX];
    struct invocation line;
};

/* Cut at '|', so that words may have blanks in them. */
static void type(struct typed *typed, const char *what, const char *line)
{
    size_t count = 0;
    struct buf error = buf_make(TEXT_MAX);
    snprintf(typed->text, sizeof(typed->text), "tollgatectl|%s", line);
    for (char *rest = typed->text, *word; (word = strsep(&rest, "|")) != NULL;)
        typed->argv[count++] = word;
    typed->argv[count] = NULL;
    if (parse_line(typed->argv, NOW_MS, &typed->line, &error) != PARSE_RUN)
        fail_msg("%s: %s", what, error.at == NULL ? "" : error.at);
    buf_done(&error);
}

static void paths_and_queries_are_filled(void **state)
{
    static const struct {
        const char *what, *line, *path;
    } rows[] = {
        {"a tenant", "keys|list", "/tenants/ten_1/keys"},
        {"an argument", "keys|show|key_1", "/tenants/ten_1/keys/key_1"},
        {"what has to be escaped", "catalog|model|a/b c?d#e&f%",
         "/models/a%2Fb%20c%3Fd%23e%26f%25"},
        {"dots stay inside their part", "keys|show|../x", "/tenants/ten_1/keys/..%2Fx"},
        {"flags of the query", "keys|list|--kind|live|--q|a b&c",
         "/tenants/ten_1/keys?kind=live&q=a%20b%26c"},
        {"the last of several", "keys|list|--kind|live|--kind|test",
         "/tenants/ten_1/keys?kind=test"},
        {"a switch", "requests|list|--failed", "/tenants/ten_1/requests?failed=true"},
        {"a time", "requests|list|--from|1h",
         "/tenants/ten_1/requests?from=2026-11-21T16%3A00%3A00.000Z"},
        {"pages", "keys|list|--limit|5|--cursor|x=", "/tenants/ten_1/keys?limit=5&cursor=x%3D"},
        {"a flag of another name", "prices|list|--contract|ten_2", "/prices?tenant=ten_2"},
        {"what the command reads itself", "keys|list|--all|--json|--tenant|x",
         "/tenants/ten_1/keys"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct typed typed;
        cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
        type(&typed, rows[i].what, rows[i].line);
        request_path(&typed.line, typed.line.command->path, "ten_1", &path);
        request_query(&typed.line, NOW_MS, &path);
        assert_span(rows[i].what, buf_span(&path), rows[i].path);
    }
}

static void bodies_are_built(void **state)
{
    static const struct {
        const char *what, *line, *body;
    } rows[] = {
        {"an argument", "keys|create|a \"b\"", "{\"name\":\"a \\\"b\\\"\"}"},
        {"an amount stays text", "keys|create|x|--budget|5.10",
         "{\"name\":\"x\",\"budget\":\"5.10\"}"},
        {"a number", "keys|create|x|--tokens-per-minute|1000",
         "{\"name\":\"x\",\"tokens_per_minute\":1000}"},
        {"a list", "keys|create|x|--models|a/b, c/d|--models|e/f",
         "{\"name\":\"x\",\"models\":[\"a/b\",\"c/d\",\"e/f\"]}"},
        {"a time", "keys|create|x|--expires|2027-01-01",
         "{\"name\":\"x\",\"expires_at\":\"2027-01-01T00:00:00.000Z\"}"},
        {"none is null", "keys|update|k|--budget|none|--models|none",
         "{\"budget\":null,\"models\":null}"},
        {"the last of several", "keys|update|k|--budget|1|--budget|2", "{\"budget\":\"2\"}"},
        {"members that are always sent", "keys|disable|k", "{\"status\":\"disabled\"}"},
        {"a switch", "plans|create|p|--name|P|--markup-percent|5|--listed",
         "{\"plan\":\"p\",\"name\":\"P\",\"markup_percent\":\"5\",\"listed\":true}"},
        {"nothing", "keys|rotate|k", "{}"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct typed typed;
        cleanup(buf_done) struct buf body = buf_make(REQUEST_MAX_BYTES);
        type(&typed, rows[i].what, rows[i].line);
        in_row(rows[i].what, request_has_body(typed.line.command, typed.line.command->path));
        request_body(&typed.line, typed.line.command->path, NOW_MS, &body);
        assert_span(rows[i].what, buf_span(&body), rows[i].body);
    }
    assert_false(request_has_body(command_find(span_of("members reset-password")),
                                  command_find(span_of("members reset-password"))->path));
}

static void calls_are_repeated_when_that_is_harmless(void **state)
{
    static const struct {
        const char *what, *method;
        bool once;
        enum http_outcome outcome;
        int status;
        int64_t retry_after_s;
        int attempt;
        int64_t wait_ms;
    } rows[] = {
        {"an answer", "GET", false, HTTP_ANSWERED, 200, -1, 1, -1},
        {"a refusal", "POST", true, HTTP_ANSWERED, 429, 1, 1, -1},
        {"too busy", "POST", true, HTTP_ANSWERED, 503, -1, 1, 200},
        {"too busy again", "POST", true, HTTP_ANSWERED, 503, -1, 2, 400},
        {"Retry-After is believed", "PATCH", false, HTTP_ANSWERED, 503, 2, 1, 2000},
        {"at once", "GET", false, HTTP_ANSWERED, 503, 0, 3, 0},
        {"too long", "GET", false, HTTP_ANSWERED, 503, 61, 1, -1},
        {"the last attempt", "GET", false, HTTP_ANSWERED, 503, 1, 4, -1},
        {"no connection", "PATCH", false, HTTP_NOT_SENT, 0, -1, 3, 800},
        {"no connection at last", "GET", false, HTTP_NOT_SENT, 0, -1, 4, -1},
        {"a broken GET", "GET", false, HTTP_BROKEN, 0, -1, 1, 200},
        {"a broken POST with its key", "POST", true, HTTP_BROKEN, 0, -1, 1, 200},
        {"a broken POST without", "POST", false, HTTP_BROKEN, 0, -1, 1, -1},
        {"a broken PATCH", "PATCH", false, HTTP_BROKEN, 0, -1, 1, -1},
        {"no trust", "GET", false, HTTP_NOT_TRUSTED, 0, -1, 1, -1},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct call call = {.method = rows[i].method, .once = rows[i].once};
        const struct http_answer answer = {.status = rows[i].status,
                                           .retry_after_s = rows[i].retry_after_s};
        assert_int(rows[i].what, client_wait_ms(&call, rows[i].outcome, &answer, rows[i].attempt),
                   rows[i].wait_ms);
    }
}

static void addresses_are_read(void **state)
{
    static const struct {
        const char *what, *text, *base;
        bool loopback, secure;
    } rows[] = {
        {"a host", "tollgate.example.com", "https://tollgate.example.com", false, true},
        {"with a scheme and a slash", "https://h.example/", "https://h.example", false, true},
        {"with a path", "https://h.example/t/", "https://h.example/t", false, true},
        {"a port", "h.example:8443", "https://h.example:8443", false, true},
        {"plain", "http://h.example", "http://h.example", false, false},
        {"this machine", "127.0.0.1:8080", "http://127.0.0.1:8080", true, false},
        {"by name", "localhost:80", "http://localhost:80", true, false},
        {"in IPv6", "http://[::1]:80/", "http://[::1]:80", true, false},
        {"no name of this machine", "http://127.example.com", "http://127.example.com", false,
         false},
        {"nor this", "http://localhost.example.com", "http://localhost.example.com", false, false},
        {"one that begins so, without a scheme", "127.example.com", "https://127.example.com",
         false, true},
        {"a number in another form", "http://127.1", "http://127.0.0.1", true, false},
        {"another scheme", "ftp://h.example", NULL, false, false},
        {"a user", "https://a@h.example", NULL, false, false},
        {"a password", "https://a:b@h.example", NULL, false, false},
        {"a query", "https://h.example/?x", NULL, false, false},
        {"a fragment", "https://h.example/#x", NULL, false, false},
        {"a blank", "https://h example", NULL, false, false},
        {"nothing", "", NULL, false, false},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct http_address address;
        cleanup(buf_done) struct buf error = buf_make(TEXT_MAX);
        int result = http_address(rows[i].text, &address, &error);
        assert_int(rows[i].what, result, rows[i].base == NULL ? -EINVAL : 0);
        if (result != 0) {
            in_row(rows[i].what, error.size > 0);
            continue;
        }
        assert_span(rows[i].what, span_of(address.base), rows[i].base);
        assert_int(rows[i].what, address.loopback, rows[i].loopback);
        assert_int(rows[i].what, address.secure, rows[i].secure);
        http_address_done(&address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_queries_are_filled),
        cmocka_unit_test(bodies_are_built),
        cmocka_unit_test(calls_are_repeated_when_that_is_harmless),
        cmocka_unit_test(addresses_are_read),
    };
    return run_test_table(tests);
}
