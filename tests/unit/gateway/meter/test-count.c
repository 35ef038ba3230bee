/*
 * The token counter: known counts, every split, and what of a request is counted.
 */
#include "gateway/meter/count.h"

#include <errno.h>

#include "tests/support/testing.h"

static int64_t count_of(uint32_t millibytes, struct span text)
{
    struct count count = count_make(COUNT_BYTES, millibytes);

    count_feed(&count, text);
    return count_tokens(&count);
}

static void bytes_are_divided_and_rounded_up(void **state)
{
    static const struct {
        const char *what, *text;
        uint32_t millibytes;
        int64_t tokens;
    } rows[] = {
        {"nothing is nothing", "", 4000, 0},
        {"one byte is a token", "a", 4000, 1},
        {"four bytes are one", "abcd", 4000, 1},
        {"the fifth begins the next", "abcde", 4000, 2},
        {"bytes count, not characters", "\xf0\x9f\x99\x82", 4000, 1},
        {"a fraction of a byte per token", "abcdefg", 3500, 2},
        {"one byte more than two such tokens", "abcdefgh", 3500, 3},
        {"a rate below the range is brought into it", "abcd", 1, 4},
        {"a rate above it too", "abcd", UINT32_MAX, 1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what, count_of(rows[i].millibytes, span_of(rows[i].text)) == rows[i].tokens);
}

static void every_split_gives_the_same_count(void **state)
{
    struct span text = span_of("Gr\xc3\xb6\xc3\x9f\x65 \xf0\x9f\x99\x82 and some more");
    int64_t whole = count_of(3700, text);

    (void)state;
    for (size_t i = 0; i <= text.size; i++) {
        for (size_t j = i; j <= text.size; j++) {
            struct count count = count_make(COUNT_BYTES, 3700);

            count_feed(&count, span_part(text, 0, i));
            count_feed(&count, span_part(text, i, j - i));
            count_feed(&count, span_part(text, j, text.size));
            assert_int_equal(count_tokens(&count), whole);
        }
    }
}

static void json_text_counts_as_what_it_decodes_to(void **state)
{
    static const struct {
        const char *what, *inside;
        uint64_t bytes;
    } rows[] = {
        {"plain", "abc", 3},
        {"short escapes", "a\\n\\\"\\\\\\/", 5},
        {"one, two and three bytes", "\\u0041\\u00e9\\u20ac", 6},
        {"a pair is one character", "x\\ud83d\\ude42y", 6},
        {"upper case digits", "\\uD83D\\uDE42", 4},
        {"a lone high surrogate is replaced", "\\ud83dz", 4},
        {"a high one before a pair", "\\ud83d\\ud83d\\ude42", 7},
        {"a high one before another escape", "\\ud83d\\u0041", 4},
        {"a lone low one", "\\ude42", 3},
        {"text behind escapes", "\\u0041bcd\\tef", 7},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct count count = count_make(COUNT_BYTES, 1000);
        struct buf decoded = buf_make(1024);

        count_feed_json(&count, span_of(rows[i].inside));
        in_row(rows[i].what, json_unescape(span_of(rows[i].inside), &decoded) == 0);
        in_row(rows[i].what, count.bytes == rows[i].bytes);
        in_row(rows[i].what, decoded.size == rows[i].bytes);
        buf_done(&decoded);
    }
}

static void a_method_has_a_text_and_back(void **state)
{
    static const char *const bad[] = {"",           "bytes",        "bytes:",       "bytes:4",
                                      "bytes:4.0",  "bytes:4.0000", "bytes:-4.000", "bytes:4.-00",
                                      "bytes:.000", "bytes:0.999",  "bytes:64.001", "o200k:4.000"};
    struct count count = count_make(COUNT_BYTES, COUNT_MILLIBYTES_DEFAULT), read;
    char text[COUNT_METHOD_TEXT_SIZE];

    (void)state;
    assert_int_equal(count_method_format(&count, text), 11);
    assert_string_equal(text, "bytes:4.000");
    count = count_make(COUNT_BYTES, 3071);
    count_method_format(&count, text);
    assert_string_equal(text, "bytes:3.071");
    assert_int_equal(count_method_parse(span_of(text), &read), 0);
    assert_int_equal(read.millibytes_per_token, 3071);
    for (size_t i = 0; i < array_size(bad); i++)
        in_row(bad[i], count_method_parse(span_of(bad[i]), &read) == -EINVAL);
}

typedef void feed_fn(struct count *count, const struct json_doc *doc, uint32_t request);

static int64_t counted(const char *json, feed_fn *feed)
{
    struct json_doc doc = json_doc_make();
    struct count count = count_make(COUNT_BYTES, 1000);
    int64_t tokens;

    assert_int_equal(json_parse(&doc, span_of(json), &json_limits_body), JSON_OK);
    feed(&count, &doc, 0);
    tokens = count_tokens(&count);
    json_doc_done(&doc);
    return tokens;
}

static void the_texts_of_a_chat_are_its_input(void **state)
{
    static const struct {
        const char *what, *json;
        int64_t bytes;
    } rows[] = {
        {"no messages", "{}", 0},
        {"messages of another kind", "{\"messages\":7}", 0},
        {"contents of all roles",
         "{\"messages\":[{\"role\":\"system\",\"content\":\"ab\"},"
         "{\"role\":\"user\",\"content\":\"cde\"}]}",
         5},
        {"no content", "{\"messages\":[{\"role\":\"assistant\",\"content\":null}, 3]}", 0},
        {"text parts, but no picture",
         "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"ab\"},{\"image_url\":"
         "{\"url\":\"data:xxxxxxxxxxx\"}},{\"type\":\"refusal\",\"refusal\":\"no\"}]}]}",
         4},
        {"earlier calls",
         "{\"messages\":[{\"tool_calls\":[{\"id\":\"1234567\",\"function\":"
         "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}]}",
         8},
        {"tools as they stand", "{\"messages\":[],\"tools\":[ {} ]}", 6},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what, counted(rows[i].json, count_chat_input) == rows[i].bytes);
}

static void embeddings_take_texts_and_tokens(void **state)
{
    static const struct {
        const char *what, *json;
        int64_t tokens;
    } rows[] = {
        {"none", "{}", 0},
        {"a text", "{\"input\":\"abc\"}", 3},
        {"texts", "{\"input\":[\"abc\",\"de\"]}", 5},
        {"tokens", "{\"input\":[1,2,3]}", 3},
        {"lists of tokens", "{\"input\":[[1,2,3],[4]]}", 4},
        {"nonsense", "{\"input\":[null,{\"a\":1},true]}", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what, counted(rows[i].json, count_embeddings_input) == rows[i].tokens);
}

static void sums_never_wrap(void **state)
{
    struct count count = count_make(COUNT_BYTES, 4000);

    (void)state;
    count_add_tokens(&count, UINT64_MAX);
    count_add_tokens(&count, UINT64_MAX);
    assert_true(count_tokens(&count) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_divided_and_rounded_up),
        cmocka_unit_test(every_split_gives_the_same_count),
        cmocka_unit_test(json_text_counts_as_what_it_decodes_to),
        cmocka_unit_test(a_method_has_a_text_and_back),
        cmocka_unit_test(the_texts_of_a_chat_are_its_input),
        cmocka_unit_test(embeddings_take_texts_and_tokens),
        cmocka_unit_test(sums_never_wrap),
    };

    return run_test_table(tests);
}
