#include "tests/support/testing.h"

#include "common/base/json.h"

static void every_refusal_names_its_kind_and_its_byte(void **state)
{
    static const struct {
        const char *what, *text;
        enum json_error error;
        size_t at;
    } rows[] = {
        {"nothing", "", JSON_EMPTY, 0},
        {"only blanks", " \t\r\n", JSON_EMPTY, 4},
        {"a bare word", "nope", JSON_SYNTAX, 1},
        {"a cut word", "tru", JSON_SYNTAX, 3},
        {"a word with a tail", "truex", JSON_SYNTAX, 4},
        {"two roots", "1 2", JSON_SYNTAX, 2},
        {"two roots, closed", "{}{}", JSON_SYNTAX, 2},
        {"an open object", "{", JSON_SYNTAX, 1},
        {"an open array", "[1,", JSON_SYNTAX, 3},
        {"a closed nothing", "]", JSON_SYNTAX, 0},
        {"the wrong bracket", "[}", JSON_SYNTAX, 1},
        {"the wrong bracket behind a value", "{\"a\":1]", JSON_SYNTAX, 6},
        {"a comma before the end of an array", "[1,]", JSON_SYNTAX, 3},
        {"a comma before the end of an object", "{\"a\":1,}", JSON_SYNTAX, 7},
        {"a comma first", "[,1]", JSON_SYNTAX, 1},
        {"no comma", "[1 2]", JSON_SYNTAX, 3},
        {"no colon", "{\"a\" 1}", JSON_SYNTAX, 5},
        {"no value", "{\"a\":}", JSON_SYNTAX, 5},
        {"a name without quotes", "{a:1}", JSON_SYNTAX, 1},
        {"a number as a name", "{1:1}", JSON_SYNTAX, 1},
        {"a name only", "{\"a\"}", JSON_SYNTAX, 4},
        {"single quotes", "'a'", JSON_SYNTAX, 0},
        {"a comment", "/**/1", JSON_SYNTAX, 0},
        {"an open string", "\"abc", JSON_SYNTAX, 4},
        {"a string cut in an escape", "\"abc\\", JSON_SYNTAX, 5},
        {"an unknown escape", "\"\\x\"", JSON_SYNTAX, 2},
        {"too few hex digits", "\"\\u12\"", JSON_SYNTAX, 5},
        {"no hex digit", "\"\\u12g4\"", JSON_SYNTAX, 5},
        {"a line break in a string", "\"a\nb\"", JSON_SYNTAX, 2},
        {"a line break behind a vector", "\"0123456789abcdefghij\n\"", JSON_SYNTAX, 21},
        {"a leading zero", "01", JSON_SYNTAX, 1},
        {"a plus", "+1", JSON_SYNTAX, 0},
        {"a minus alone", "-", JSON_SYNTAX, 1},
        {"a point without digits", "1.", JSON_SYNTAX, 2},
        {"a point first", ".5", JSON_SYNTAX, 0},
        {"an exponent without digits", "1e+", JSON_SYNTAX, 3},
        {"a hexadecimal number", "0x10", JSON_SYNTAX, 1},
        {"not a number", "NaN", JSON_SYNTAX, 0},
        {"a byte order mark", "\xef\xbb\xbf{}", JSON_SYNTAX, 0},
        {"a stray continuation", "\"\x80\"", JSON_NOT_UTF8, 1},
        {"an overlong slash", "\"\xc0\xaf\"", JSON_NOT_UTF8, 1},
        {"an overlong of three", "\"\xe0\x80\xaf\"", JSON_NOT_UTF8, 1},
        {"an overlong of four", "\"\xf0\x80\x80\xaf\"", JSON_NOT_UTF8, 1},
        {"a surrogate", "\"\xed\xa0\x80\"", JSON_NOT_UTF8, 1},
        {"past the last character", "\"\xf4\x90\x80\x80\"", JSON_NOT_UTF8, 1},
        {"a lead byte that never was", "\"\xff\"", JSON_NOT_UTF8, 1},
        {"a character cut by the quote", "\"\xe2\x82\"", JSON_NOT_UTF8, 1},
        {"a character cut by the end", "\"ab\xe2\x82", JSON_NOT_UTF8, 3},
        {"a good one, then a bad one", "\"\xc3\xa4\xc3\"", JSON_NOT_UTF8, 3},
        {"the same name twice", "{\"a\":1,\"a\":2}", JSON_DUPLICATE, 7},
        {"the same name escaped", "{\"model\":1,\"mod\\u0065l\":2}", JSON_DUPLICATE, 11},
        {"both escaped, differently", "{\"\\u002f\":1,\"\\/\":2}", JSON_DUPLICATE, 12},
        {"a character as a pair", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", JSON_DUPLICATE,
         10},
        {"the empty name twice", "{\"\":1,\"\":2}", JSON_DUPLICATE, 6},
        {"deep inside", "[{\"x\":{\"b\":1,\"b\":1}}]", JSON_DUPLICATE, 13},
        {"the ninth of many",
         "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"\\u0061\":1}",
         JSON_DUPLICATE, 55},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        /* A copy without the NUL, so that a sanitizer sees a read past the end. */
        size_t size = strlen(rows[i].text);
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        char *tight = memcpy(copy + 1, rows[i].text, size);
        assert_int(rows[i].what, json_parse(&doc, span_make(tight, size), &json_limits_body),
                   rows[i].error);
        assert_int(rows[i].what, doc.error_at, rows[i].at);
        free(copy);
    }
    json_doc_done(&doc);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_names_its_kind_and_its_byte),
    };

    return run_test_table(tests);
}
