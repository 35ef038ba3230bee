#include "tests/support/testing.h"

#include <errno.h>

#include "gateway/sign/sigv4.h"

/* 2015-08-30T12:36:00Z, the time of AWS's test suite. */
enum { SUITE_S = 1440938160 };

static const struct sigv4_key suite_key = {
    .id = {"AKIDEXAMPLE", 11},
    .secret = {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 40},
};

/* "name:value\n" lines; host first. */
static uint32_t headers_of(const char *lines, struct sigv4_header *headers)
{
    struct span rest = span_of(lines);
    uint32_t count = 0;

    while (rest.size > 0) {
        struct span line = span_cut(&rest, '\n');
        headers[count].name = span_cut(&line, ':');
        headers[count++].value = line;
    }
    return count;
}

static void the_published_suite_is_signed_as_it_says(void **state)
{
    static const char suite_host[] = "host:example.amazonaws.com";
    static const struct {
        const char *what, *method, *path, *query, *headers, *payload, *token, *signature;
    } rows[] = {
        {"get-vanilla", "GET", "/", "", suite_host, "", "",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", suite_host, "", "",
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", suite_host,
         "", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-utf8", "GET", "/\xe1\x88\xb4", "", suite_host, "", "",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-header-key-duplicate", "GET", "/", "",
         "host:example.amazonaws.com\nmy-header1:value2\nmy-header1:value2\nmy-header1:value1", "",
         "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        {"get-header-value-trim", "GET", "/", "",
         "host:example.amazonaws.com\nmy-header1: value1\nmy-header2: \"a   b   c\"", "", "",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        {"post-vanilla", "POST", "/", "", suite_host, "", "",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"post-x-www-form-urlencoded", "POST", "/", "",
         "host:example.amazonaws.com\ncontent-type:application/x-www-form-urlencoded",
         "Param1=value1", "", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        {"post-sts-header-before", "POST", "/", "", suite_host, "",
         "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxf"
         "pSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPk"
         "yQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBA"
         "z+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==",
         "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct sigv4_header headers[SIGV4_HEADERS_MAX];
        struct sigv4_key key = suite_key;
        struct buf out = buf_make(4096);
        struct sigv4_ask ask = {
            .method = span_of(rows[i].method),
            .path = span_of(rows[i].path),
            .query = span_of(rows[i].query),
            .headers = headers,
            .header_count = headers_of(rows[i].headers, headers),
            .payload = digest_sha256(span_of(rows[i].payload)),
            .region = span_of("us-east-1"),
            .service = span_of("service"),
            .time_s = SUITE_S,
        };
        key.token = span_of(rows[i].token);
        in_row(rows[i].what, sigv4_authorization(&ask, &key, &out) == 0);
        assert_span(rows[i].what, span_part(buf_span(&out), out.size - 64, 64), rows[i].signature);
        buf_done(&out);
    }
}

/* The example of the IAM user guide. */
static void the_header_says_who_signed_what(void **state)
{
    const struct sigv4_header headers[] = {
        {span_of("host"), span_of("iam.amazonaws.com")},
        {span_of("content-type"), span_of("application/x-www-form-urlencoded; charset=utf-8")},
    };
    const struct sigv4_ask ask = {
        .method = span_of("GET"),
        .path = span_of("/"),
        .query = span_of("Action=ListUsers&Version=2010-05-08"),
        .headers = headers,
        .header_count = array_size(headers),
        .payload = digest_sha256(span_of("")),
        .region = span_of("us-east-1"),
        .service = span_of("iam"),
        .time_s = SUITE_S,
    };
    struct buf out = buf_make(4096);

    (void)state;
    assert_int_equal(sigv4_authorization(&ask, &suite_key, &out), 0);
    assert_span("the header", buf_span(&out),
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-date, "
                "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    buf_done(&out);
}

static void paths_and_queries_have_one_form(void **state)
{
    static const struct {
        const char *what, *path, *query, *line_1, *line_2;
    } rows[] = {
        {"Bedrock's colon, encoded on the wire and once more here",
         "/model/us.amazon.nova-micro-v1%3A0/converse", "",
         "/model/us.amazon.nova-micro-v1%253A0/converse", ""},
        {"an ARN", "/model/arn%3Aaws%3Abedrock%2Fp/converse-stream", "",
         "/model/arn%253Aaws%253Abedrock%252Fp/converse-stream", ""},
        {"a name without a value", "/", "b&a=", "/", "a=&b="},
        {"by name, then by value", "/", "a=2&b=1&a=1&A=3", "/", "A=3&a=1&a=2&b=1"},
        {"a name that begins another", "/", "ab=1&a=2", "/", "a=2&ab=1"},
        {"encodings of one character", "/", "a=%7e%2f/&b=%4", "/", "a=~%2F%2F&b=%254"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct sigv4_header host = {span_of("host"), span_of("h")};
        const struct sigv4_ask ask = {.method = span_of("POST"),
                                      .path = span_of(rows[i].path),
                                      .query = span_of(rows[i].query),
                                      .headers = &host,
                                      .header_count = 1};
        struct buf out = buf_make(4096);
        struct span rest;
        in_row(rows[i].what, sigv4_canonical(&ask, &suite_key, &out) == 0);
        rest = buf_span(&out);
        assert_span(rows[i].what, span_cut(&rest, '\n'), "POST");
        assert_span(rows[i].what, span_cut(&rest, '\n'), rows[i].line_1);
        assert_span(rows[i].what, span_cut(&rest, '\n'), rows[i].line_2);
        assert_span(rows[i].what, span_cut(&rest, '\n'), "host:h");
        assert_span(rows[i].what, span_cut(&rest, '\n'), "x-amz-date:19700101T000000Z");
        assert_span(rows[i].what, span_cut(&rest, '\n'), "");
        assert_span(rows[i].what, span_cut(&rest, '\n'), "host;x-amz-date");
        buf_done(&out);
    }
}

static void what_cannot_be_signed_is_refused(void **state)
{
    struct sigv4_header headers[SIGV4_HEADERS_MAX + 1];
    struct buf query = buf_make(4096), out = buf_make(1 << 16), small = buf_make(64);
    const struct sigv4_key no_secret = {.id = span_of("AKID")};
    struct sigv4_ask good = {.method = span_of("GET"),
                             .path = span_of("/"),
                             .headers = headers,
                             .header_count = 1,
                             .region = span_of("r"),
                             .service = span_of("s")};
    struct sigv4_ask bad;

    (void)state;
    for (size_t i = 0; i < array_size(headers); i++)
        headers[i] = (struct sigv4_header){span_of("host"), span_of("h")};
    assert_int_equal(sigv4_authorization(&good, &suite_key, &out), 0);
    assert_int_equal(sigv4_authorization(&good, &no_secret, &out), -EINVAL);
    assert_int_equal(sigv4_authorization(&good, &suite_key, &small), -EMSGSIZE);
    bad = good;
    bad.path = span_of("");
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), -EINVAL);
    bad.path = span_of("model");
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), -EINVAL);
    bad = good;
    bad.header_count = 0;
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), -EINVAL);
    bad.header_count = SIGV4_HEADERS_MAX;
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), 0);
    bad.header_count++;
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), -EINVAL);
    bad = good;
    for (int i = 0; i < SIGV4_QUERY_MAX; i++)
        buf_add_string(&query, i == 0 ? "a" : "&a");
    bad.query = buf_span(&query);
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), 0);
    buf_add_string(&query, "&a");
    bad.query = buf_span(&query);
    assert_int_equal(sigv4_authorization(&bad, &suite_key, &out), -EINVAL);
    buf_done(&query);
    buf_done(&out);
    buf_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_suite_is_signed_as_it_says),
        cmocka_unit_test(the_header_says_who_signed_what),
        cmocka_unit_test(paths_and_queries_have_one_form),
        cmocka_unit_test(what_cannot_be_signed_is_refused),
    };

    return run_test_table(tests);
}
