#include "tests/support/testing.h"

#include "common/base/json.h"
#include "common/base/json_writer.h"

static void commas_stand_between_values_only(void **state)
{
    struct buf out = buf_make(1000);
    struct json_writer w = json_writer_make(&out);

    (void)state;
    json_begin(&w, '{');
    json_put_string(&w, "s", span_of("a\"b"));
    json_put_cstring(&w, "left out", NULL);
    json_put_cstring(&w, "c", "");
    json_put_int64(&w, "n", INT64_MIN);
    json_put_bool(&w, "t", true);
    json_name(&w, "a");
    json_begin(&w, '[');
    json_write_null(&w);
    json_write_bool(&w, false);
    json_begin(&w, '{');
    json_end(&w, '}');
    json_begin(&w, '[');
    json_end(&w, ']');
    json_write_int64(&w, 7);
    json_write_raw(&w, span_of("{\"x\":1}"));
    json_end(&w, ']');
    json_name_span(&w, span_of("\xc3\xa4\n"));
    json_write_string(&w, span_of(""));
    json_end(&w, '}');
    assert_span("the whole", buf_span(&out),
                "{\"s\":\"a\\\"b\",\"c\":\"\",\"n\":-9223372036854775808,\"t\":true,"
                "\"a\":[null,false,{},[],7,{\"x\":1}],\"\xc3\xa4\\n\":\"\"}");
    struct json_doc doc = json_doc_make();
    assert_int("it reads back", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
    json_doc_done(&doc);
    buf_done(&out);
}

static void strings_are_escaped_where_they_must_be(void **state)
{
    static const struct {
        const char *what;
        struct span text;
        const char *quoted;
    } rows[] = {
        {"nothing", {NULL, 0}, "\"\""},
        {"plain", {"a b/c", 5}, "\"a b/c\""},
        {"quote and backslash", {"\"\\", 2}, "\"\\\"\\\\\""},
        {"short escapes", {"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
        {"control characters", {"\0\1\x1f", 3}, "\"\\u0000\\u0001\\u001f\""},
        {"delete stays", {"\x7f", 1}, "\"\x7f\""},
        {"letters stay",
         {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9},
         "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a wild byte", {"a\xff z", 4}, "\"a\xef\xbf\xbd z\""},
        {"half a letter", {"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"half a letter before a quote", {"\xc3\"", 2}, "\"\xef\xbf\xbd\\\"\""},
        {"a surrogate", {"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(1000);
        assert_int(rows[i].what, json_quote(&out, rows[i].text), 0);
        assert_span(rows[i].what, buf_span(&out), rows[i].quoted);
        buf_done(&out);
    }
}

/* Eight bytes are looked at together: each value at each place must still be seen. */
static void no_byte_hides_among_its_neighbours(void **state)
{
    struct json_doc doc = json_doc_make();

    (void)state;
    for (int byte = 1; byte < 0x80; byte++) {
        for (size_t place = 0; place < 19; place++) {
            char text[20] = "abcdefghijklmnopqrs", back[64];
            struct buf out = buf_make(256);

            text[place] = (char)byte;
            assert_int_equal(json_quote(&out, span_of(text)), 0);
            assert_int("it is JSON", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
            assert_int_equal(json_copy_string(&doc, 0, back, sizeof(back)), 0);
            assert_span("and says the same", span_of(back), text);
            assert_int("escaped only where it must be", out.size > 21,
                       byte < 0x20 || byte == '"' || byte == '\\');
            buf_done(&out);
        }
    }
    json_doc_done(&doc);
}

static void a_full_buffer_is_marked(void **state)
{
    struct buf out = buf_make(8);
    struct json_writer w = json_writer_make(&out);

    (void)state;
    json_begin(&w, '[');
    json_write_string(&w, span_of("abcde"));
    assert_false(buf_failed(&out));
    json_end(&w, ']');
    assert_true(buf_failed(&out));
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_between_values_only),
        cmocka_unit_test(strings_are_escaped_where_they_must_be),
        cmocka_unit_test(no_byte_hides_among_its_neighbours),
        cmocka_unit_test(a_full_buffer_is_marked),
    };

    return run_test_table(tests);
}
