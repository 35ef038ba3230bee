#include "common/httpd/head.h"

#include <stdio.h>

#include "tests/support/testing.h"

#define LINE "POST /v1/chat/completions HTTP/1.1\r\n"
#define HOST "Host: a.example\r\n"

static const struct {
    const char *what, *head, *wrong;
} rows[] = {
    {"a plain request", LINE HOST "Content-Length: 2\r\n\r\n", NULL},
    {"chunked", LINE HOST "Transfer-Encoding: Chunked\r\n\r\n", NULL},
    {"HTTP/1.0 needs no Host", "GET /healthz HTTP/1.0\r\n\r\n", NULL},
    {"an escaped slash in a model", "GET /v1/models/openai%2Fgpt-4.1 HTTP/1.1\r\n" HOST "\r\n",
     NULL},
    {"both framings", LINE HOST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
     "there are both Content-Length and Transfer-Encoding"},
    {"two lengths that differ", LINE HOST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
     "there are two Content-Length headers"},
    {"two lengths alike", LINE HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
     "there are two Content-Length headers"},
    {"a list of lengths", LINE HOST "Content-Length: 2, 2\r\n\r\n",
     "Content-Length is not a number"},
    {"a signed length", LINE HOST "Content-Length: +2\r\n\r\n", "Content-Length is not a number"},
    {"a hex length", LINE HOST "Content-Length: 0x2\r\n\r\n", "Content-Length is not a number"},
    {"an empty length", LINE HOST "Content-Length:\r\n\r\n", "Content-Length is not a number"},
    {"a huge length", LINE HOST "Content-Length: 99999999999999999999\r\n\r\n",
     "Content-Length is not a number"},
    {"another coding", LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
     "the only Transfer-Encoding taken is chunked"},
    {"identity", LINE HOST "Transfer-Encoding: identity\r\n\r\n",
     "the only Transfer-Encoding taken is chunked"},
    {"two codings", LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     "there are two Transfer-Encoding headers"},
    {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     "HTTP/1.0 has no Transfer-Encoding"},
    {"no Host", LINE "\r\n", "there is no Host header"},
    {"two Hosts", LINE HOST HOST "\r\n", "there are two Host headers"},
    {"an empty Host", LINE "Host:\r\n\r\n", "Host is empty"},
    {"a Host with a path", LINE "Host: a/b\r\n\r\n", "Host is not a host name"},
    {"two Authorizations", LINE HOST "Authorization: Bearer a\r\nauthorization: Bearer a\r\n\r\n",
     "there are two Authorization headers"},
    {"two x-api-keys", LINE HOST "x-api-key: a\r\nX-Api-Key: b\r\n\r\n",
     "there are two x-api-key headers"},
    {"a folded header", LINE HOST "A: b\r\n c\r\n\r\n", "a header is folded over two lines"},
    {"a header folded by a tab", LINE HOST "A: b\r\n\tc\r\n\r\n",
     "a header is folded over two lines"},
    {"a blank before the colon", LINE HOST "Content-Length : 2\r\n\r\n",
     "a header's name has a forbidden character"},
    {"no colon", LINE HOST "nonsense\r\n\r\n", "a header has no name or no colon"},
    {"no name", LINE HOST ": a\r\n\r\n", "a header has no name or no colon"},
    {"CR inside a value", LINE HOST "A: b\rc\r\n\r\n", "a header's value has a control character"},
    {"DEL in a value", LINE HOST "A: b\x7f\r\n\r\n", "a header's value has a control character"},
    {"an unknown Expect", LINE HOST "Expect: 200-ok\r\n\r\n",
     "the only Expect understood is 100-continue"},
    {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n",
     "the request target does not begin with a slash"},
    {"three words", "GET / HTTP/1.1 x\r\n" HOST "\r\n",
     "only HTTP/1.1 and HTTP/1.0 are spoken here"},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", "the request target does not begin with a slash"},
    {"HTTP/0.9", "GET /\r\n\r\n", "only HTTP/1.1 and HTTP/1.0 are spoken here"},
    {"an absolute target", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n",
     "the request target does not begin with a slash"},
    {"small letters", "get / HTTP/1.1\r\n" HOST "\r\n", "the method is not in capital letters"},
    {"dots", "GET /v1/../control HTTP/1.1\r\n" HOST "\r\n", "the path has a dot segment"},
    {"escaped dots", "GET /v1/%2e%2E/control HTTP/1.1\r\n" HOST "\r\n",
     "the path has a dot segment"},
    {"dots behind an escaped slash", "GET /v1/models/a%2f.. HTTP/1.1\r\n" HOST "\r\n",
     "the path has a dot segment"},
    {"dots behind a backslash", "GET /v1/models/a\\..\\b HTTP/1.1\r\n" HOST "\r\n",
     "the path has a dot segment"},
    {"three dots are a name", "GET /v1/... HTTP/1.1\r\n" HOST "\r\n", NULL},
    {"an escaped NUL", "GET /v1/%00 HTTP/1.1\r\n" HOST "\r\n", "the path has a control character"},
    {"an escaped line end", "GET /v1/%0d%0a HTTP/1.1\r\n" HOST "\r\n",
     "the path has a control character"},
    {"a broken escape", "GET /v1/%2 HTTP/1.1\r\n" HOST "\r\n",
     "the path has a broken percent escape"},
    {"a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n",
     "the request target has a character that must be escaped"},
    {"not ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n",
     "the request target has a character that must be escaped"},
    {"an empty line first", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "an empty line too early"},
};

static void each_head_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct head head;
        char *bytes = strdup(rows[i].head);
        const char *wrong = head_parse(bytes, strlen(bytes), &head);

        assert_span(rows[i].what, span_of(wrong), rows[i].wrong == NULL ? "" : rows[i].wrong);
        free(bytes);
    }
}

static void the_end_is_found_under_every_split(void **state)
{
    static const char text[] = LINE HOST "Content-Length: 2\r\n\r\n{}";
    size_t end = sizeof(text) - 1 - 2;

    (void)state;
    for (size_t split = 0; split < end; split++) {
        size_t scanned = 0;

        in_row("not yet", head_end(text, split, &scanned) == 0);
        in_row("now", head_end(text, sizeof(text) - 1, &scanned) == (ptrdiff_t)end);
    }
}

static void a_bare_line_feed_is_seen_at_once(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.1\n", "\n", LINE "Host: a\n\r\n"};

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++) {
        size_t scanned = 0;

        in_row(texts[i], head_end(texts[i], strlen(texts[i]), &scanned) == -1);
    }
}

static void names_are_in_lower_case_and_values_trimmed(void **state)
{
    char text[] = "GET /a%2Fb?x=1?2 HTTP/1.1\r\n" HOST "X-Thing: \t value \r\n"
                  "Connection: foo, Close\r\nExpect: 100-Continue\r\n\r\n";
    struct head head;

    (void)state;
    assert_null(head_parse(text, strlen(text), &head));
    assert_span("path", head.path, "/a%2Fb");
    assert_span("query", head.query, "x=1?2");
    assert_span("name", head.headers[1].name, "x-thing");
    assert_span("value", head.headers[1].value, "value");
    assert_true(head.expect_continue && !head.keep_alive);
    assert_int("length", head.content_length, -1);
}

static void too_many_headers_are_refused(void **state)
{
    char text[4096] = LINE HOST;
    struct head head;

    (void)state;
    for (int i = 0; i < HEAD_HEADERS_MAX; i++)
        strcat(text, "a: b\r\n");
    strcat(text, "\r\n");
    assert_string_equal(head_parse(text, strlen(text), &head), "there are too many headers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_is_read_or_refused),
        cmocka_unit_test(the_end_is_found_under_every_split),
        cmocka_unit_test(a_bare_line_feed_is_seen_at_once),
        cmocka_unit_test(names_are_in_lower_case_and_values_trimmed),
        cmocka_unit_test(too_many_headers_are_refused),
    };

    return run_test_table(tests);
}
