#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/mem.h"

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

static const char chat[] =
    " {\"model\" : \"gpt-4.1\", "
    "\"mess\\u0061ges\":[{\"role\":\"user\",\"content\":\"a\\n\\u00e4\"},{}],"
    "\"stream\":true,\"n\":1,\"t\":-0.5e1,\"user\":null,\"stop\":[],\"x\":false}\n";

static void the_index_has_every_value_as_a_span(void **state)
{
    static const struct {
        enum json_kind kind;
        unsigned depth;
        const char *raw; /* NULL: not looked at */
    } wanted[] = {
        {JSON_OBJECT, 0, NULL},
        {JSON_STRING, 1, "\"model\""},
        {JSON_STRING, 1, "\"gpt-4.1\""},
        {JSON_STRING, 1, "\"mess\\u0061ges\""},
        {JSON_ARRAY, 1, "[{\"role\":\"user\",\"content\":\"a\\n\\u00e4\"},{}]"},
        {JSON_OBJECT, 2, "{\"role\":\"user\",\"content\":\"a\\n\\u00e4\"}"},
        {JSON_STRING, 3, "\"role\""},
        {JSON_STRING, 3, "\"user\""},
        {JSON_STRING, 3, "\"content\""},
        {JSON_STRING, 3, "\"a\\n\\u00e4\""},
        {JSON_OBJECT, 2, "{}"},
        {JSON_STRING, 1, "\"stream\""},
        {JSON_TRUE, 1, "true"},
        {JSON_STRING, 1, "\"n\""},
        {JSON_NUMBER, 1, "1"},
        {JSON_STRING, 1, "\"t\""},
        {JSON_NUMBER, 1, "-0.5e1"},
        {JSON_STRING, 1, "\"user\""},
        {JSON_NULL, 1, "null"},
        {JSON_STRING, 1, "\"stop\""},
        {JSON_ARRAY, 1, "[]"},
        {JSON_STRING, 1, "\"x\""},
        {JSON_FALSE, 1, "false"},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    assert_int("parsed", json_parse(&doc, span_of(chat), &json_limits_body), JSON_OK);
    assert_int("nodes", doc.count, array_size(wanted));
    for (uint32_t i = 0; i < array_size(wanted); i++) {
        const char *what = wanted[i].raw == NULL ? "the root" : wanted[i].raw;
        assert_int(what, json_kind(&doc, i), wanted[i].kind);
        assert_int(what, doc.nodes[i].depth, wanted[i].depth);
        if (wanted[i].raw != NULL)
            assert_span(what, json_raw(&doc, i), wanted[i].raw);
    }
    json_doc_done(&doc);
}

static void members_are_found_and_containers_walked(void **state)
{
    struct json_doc doc = json_doc_make();
    uint32_t seen = 0;

    (void)state;
    assert_int("parsed", json_parse(&doc, span_of(chat), &json_limits_body), JSON_OK);
    uint32_t messages = json_find(&doc, 0, "messages");
    assert_int("by its decoded name", json_kind(&doc, messages), JSON_ARRAY);
    assert_int("not there", json_find(&doc, 0, "missing"), JSON_NONE);
    assert_int("a prefix of a name", json_find(&doc, 0, "mode"), JSON_NONE);
    assert_int("in no object", json_find(&doc, messages, "role"), JSON_NONE);
    assert_int("in nothing", json_find(&doc, JSON_NONE, "role"), JSON_NONE);
    assert_int("members", json_count(&doc, 0), 8);
    assert_int("items", json_count(&doc, messages), 2);
    assert_int("of nothing", json_count(&doc, JSON_NONE), 0);
    assert_int("of an empty array", json_first(&doc, json_find(&doc, 0, "stop")), JSON_NONE);
    for (uint32_t n = json_first(&doc, messages); n != JSON_NONE; n = json_after(&doc, messages, n))
        seen += json_kind(&doc, n) == JSON_OBJECT;
    assert_int("walked", seen, 2);
    uint32_t first = json_first(&doc, messages);
    assert_true(json_string_is(&doc, json_find(&doc, first, "role"), "user"));
    assert_true(json_string_is(&doc, json_find(&doc, first, "content"), "a\n\xc3\xa4"));
    assert_false(json_string_is(&doc, json_find(&doc, first, "content"), "a\n\xc3"));
    assert_false(json_string_is(&doc, json_find(&doc, first, "content"), "a\n\xc3\xa4 "));
    assert_true(json_is_null(&doc, json_find(&doc, 0, "user")));
    assert_true(json_is_null(&doc, JSON_NONE));
    assert_false(json_is_null(&doc, 0));
    json_doc_done(&doc);
}

static void every_root_is_legal(void **state)
{
    static const char *const texts[] = {"null",   "true", "false",       "0",        "-0",
                                        "1.5E-7", "\"\"", "[]",          "{}",       " \t\n\r[ ] ",
                                        "123",    "-1",   "\"\\u0000\"", "\"\x7f\"", "[1,[2,[3]]]"};
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++)
        assert_int(texts[i], json_parse(&doc, span_of(texts[i]), &json_limits_body), JSON_OK);
    json_doc_done(&doc);
}

static void a_cut_text_is_refused_wherever_it_is_cut(void **state)
{
    struct json_doc doc = json_doc_make();
    size_t whole = strlen(chat) - 1; /* without the blank at its end */

    (void)state;
    for (size_t size = 0; size < whole; size++) {
        char *copy = mem_dup(chat, size);
        char *tight = mem_resize(copy, size);
        enum json_error error = json_parse(&doc, span_make(tight, size), &json_limits_body);
        assert_true(error == JSON_SYNTAX || (error == JSON_EMPTY && size <= 1));
        assert_int("where", doc.error_at, size);
        mem_free(tight);
    }
    json_doc_done(&doc);
}

/* The scanner takes 16 bytes at a time: what it stops at must be found at each place of them. */
static void a_string_ends_at_any_place_of_a_vector(void **state)
{
    static const struct {
        const char *what, *text;
        enum json_error error;
    } rows[] = {
        {"a quote", "\"", JSON_OK},
        {"an escape", "\\n\"", JSON_OK},
        {"an escaped quote", "\\\"\"", JSON_OK},
        {"a letter of two bytes", "\xc3\xa4\"", JSON_OK},
        {"a letter of four", "\xf0\x9f\x98\x80\"", JSON_OK},
        {"a delete, which is allowed", "\x7f\"", JSON_OK},
        {"a blank and a tilde", " ~\"", JSON_OK},
        {"a control character", "\x1f\"", JSON_SYNTAX},
        {"half a letter", "\xc3\"", JSON_NOT_UTF8},
        {"a wild byte", "\xff\"", JSON_NOT_UTF8},
        {"nothing", "", JSON_SYNTAX},
    };
    struct json_doc doc = json_doc_make();
    char text[80];

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        for (size_t before = 0; before < 50; before++) {
            size_t tail = strlen(rows[i].text);
            memset(text, 'x', sizeof(text));
            text[0] = '"';
            memcpy(text + 1 + before, rows[i].text, tail);
            char *copy = mem_resize(mem_dup(text, 1 + before + tail), 1 + before + tail);
            struct span whole = span_make(copy, 1 + before + tail);
            assert_int(rows[i].what, json_parse(&doc, whole, &json_limits_body), rows[i].error);
            if (rows[i].error == JSON_OK)
                assert_int(rows[i].what, json_raw(&doc, 0).size, whole.size);
            mem_free(copy);
        }
    }
    json_doc_done(&doc);
}

static void limits_hold_exactly(void **state)
{
    static const struct {
        const char *what, *text;
        struct json_limits limits;
        enum json_error error;
        size_t at;
    } rows[] = {
        {"as long as it may be", "[1,2]", {5, 9, 9}, JSON_OK, 0},
        {"a byte too long", "[1,2]", {4, 9, 9}, JSON_TOO_LARGE, 0},
        {"as deep as it may be", "[[1]]", {99, 2, 9}, JSON_OK, 0},
        {"an array too deep", "[[[]]]", {99, 2, 9}, JSON_TOO_DEEP, 2},
        {"an object too deep", "[[{}]]", {99, 2, 9}, JSON_TOO_DEEP, 2},
        {"no depth at all", "[]", {99, 0, 9}, JSON_TOO_DEEP, 0},
        {"depth counts what is open", "[[],[],[[]]]", {99, 3, 9}, JSON_OK, 0},
        {"as many as there may be", "[1,2]", {99, 9, 3}, JSON_OK, 0},
        {"a number too many", "[1,2]", {99, 9, 2}, JSON_TOO_MANY, 3},
        {"a name too many", "[1,{\"a\":1}]", {99, 9, 3}, JSON_TOO_MANY, 4},
        {"a word too many", "[1,null]", {99, 9, 2}, JSON_TOO_MANY, 3},
        {"a container too many", "[1,[]]", {99, 9, 2}, JSON_TOO_MANY, 3},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].text), &rows[i].limits),
                   rows[i].error);
        assert_int(rows[i].what, doc.error_at, rows[i].at);
        assert_int(rows[i].what, doc.count > 0, rows[i].error == JSON_OK);
        assert_non_null(json_error_text(rows[i].error));
    }
    json_doc_done(&doc);
}

/* One object of many members, some names escaped; `twice` is repeated at the end unless negative.
 */
static void make_members(struct buf *out, int members, int twice)
{
    buf_add_byte(out, '{');
    for (int i = 0; i < members; i++)
        buf_printf(out, i % 3 == 0 ? "\"\\u006d%d\":0," : "\"m%d\":0,", i);
    buf_printf(out, twice < 0 ? "\"last\":%d}" : "\"m%d\":0}", twice);
}

static void a_duplicate_is_found_in_objects_of_every_size(void **state)
{
    static const int sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 100, 1000, 50000};
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(sizes); i++) {
        int twice[] = {-1, 0, sizes[i] / 2, sizes[i] - 1};
        for (size_t t = 0; t < array_size(twice); t++) {
            struct buf text = buf_make(2 << 20);
            make_members(&text, sizes[i], twice[t]);
            assert_int("found", json_parse(&doc, buf_span(&text), &json_limits_body),
                       twice[t] < 0 ? JSON_OK : JSON_DUPLICATE);
            if (twice[t] >= 0)
                assert_int("where", doc.error_at, strrchr(text.at, ',') + 1 - text.at);
            buf_done(&text);
        }
    }
    json_doc_done(&doc);
}

static void numbers_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        int outcome;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -ERANGE, 0},
        {"-9223372036854775809", -ERANGE, 0},
        {"1e3", 0, 1000},
        {"5.0", 0, 5},
        {"1.5e1", 0, 15},
        {"120e-1", 0, 12},
        {"1.5", -EINVAL, 0},
        {"1e-1", -EINVAL, 0},
        {"0.0000e-99999999999999999999", 0, 0},
        {"1e19", -ERANGE, 0},
        {"1e99999999999999999999", -ERANGE, 0},
        {"9223372036854775807.0", 0, INT64_MAX},
        {"9007199254740993", 0, INT64_C(9007199254740993)},
        {"null", -ENOENT, 0},
        {"\"1\"", -EINVAL, 0},
        {"true", -EINVAL, 0},
        {"[]", -EINVAL, 0},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t value = 0;
        assert_int(rows[i].text, json_parse(&doc, span_of(rows[i].text), &json_limits_body), 0);
        assert_int(rows[i].text, json_int64(&doc, 0, &value), rows[i].outcome);
        assert_int(rows[i].text, value, rows[i].value);
        assert_int(rows[i].text, json_int64(&doc, JSON_NONE, &value), -ENOENT);
    }
    json_doc_done(&doc);
}

static void other_kinds_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        int as_double, as_bool, as_string;
        double real;
    } rows[] = {
        {"1.5", 0, -EINVAL, -EINVAL, 1.5},
        {"-2e3", 0, -EINVAL, -EINVAL, -2000},
        {"1e400", -ERANGE, -EINVAL, -EINVAL, 0},
        {"-1e400", -ERANGE, -EINVAL, -EINVAL, 0},
        {"1e-400", 0, -EINVAL, -EINVAL, 0},
        {"0."
         "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "00000000000000000000000000000000000000000000000000000000000001e150",
         0, -EINVAL, -EINVAL, 1},
        {"true", -EINVAL, 0, -EINVAL, 0},
        {"false", -EINVAL, 0, -EINVAL, 0},
        {"null", -ENOENT, -ENOENT, -ENOENT, 0},
        {"\"x\"", -EINVAL, -EINVAL, 0, 0},
        {"{}", -EINVAL, -EINVAL, -EINVAL, 0},
    };
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(64, 64);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        double real = 0;
        bool flag = false;
        struct span text;
        assert_int(rows[i].text, json_parse(&doc, span_of(rows[i].text), &json_limits_body), 0);
        assert_int(rows[i].text, json_double(&doc, 0, &real), rows[i].as_double);
        in_row(rows[i].text, real == rows[i].real);
        assert_int(rows[i].text, json_bool(&doc, 0, &flag), rows[i].as_bool);
        assert_int(rows[i].text, flag, strcmp(rows[i].text, "true") == 0);
        assert_int(rows[i].text, json_string(&doc, 0, arena, &text), rows[i].as_string);
    }
    arena_free(arena);
    json_doc_done(&doc);
}

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *what, *text;
        struct span decoded;
    } rows[] = {
        {"plain", "\"abc\"", {"abc", 3}},
        {"empty", "\"\"", {"", 0}},
        {"every short escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", {"\"\\/\b\f\n\r\t", 8}},
        {"a NUL", "\"a\\u0000b\"", {"a\0b", 3}},
        {"one byte", "\"\\u007F\"", {"\x7f", 1}},
        {"two bytes", "\"\\u00e4\\u07FF\"", {"\xc3\xa4\xdf\xbf", 4}},
        {"three bytes", "\"\\u20ac\"", {"\xe2\x82\xac", 3}},
        {"a pair", "\"x\\ud83d\\ude00y\"", {"x\xf0\x9f\x98\x80y", 6}},
        {"the last character", "\"\\uDBFF\\uDFFF\"", {"\xf4\x8f\xbf\xbf", 4}},
        {"half a pair at the end", "\"\\ud83d\"", {"\xef\xbf\xbd", 3}},
        {"half a pair and text", "\"\\ud83dx\"", {"\xef\xbf\xbdx", 4}},
        {"half a pair and another escape", "\"\\ud83d\\n\"", {"\xef\xbf\xbd\n", 4}},
        {"the first half twice", "\"\\ud83d\\ud83d\\ude00\"", {"\xef\xbf\xbd\xf0\x9f\x98\x80", 7}},
        {"the second half alone", "\"\\ude00\"", {"\xef\xbf\xbd", 3}},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(256, 256);
        struct buf buf = buf_make(64);
        struct span raw = span_of(rows[i].text), decoded;
        size_t size = rows[i].decoded.size;
        char copy[32];
        assert_int(rows[i].what, json_parse(&doc, raw, &json_limits_body), JSON_OK);
        assert_int(rows[i].what, json_string(&doc, 0, arena, &decoded), 0);
        assert_true(span_equal(decoded, rows[i].decoded));
        assert_int(rows[i].what, json_unescape(span_part(raw, 1, raw.size - 2), &buf), 0);
        assert_true(span_equal(buf_span(&buf), rows[i].decoded));
        assert_int(rows[i].what, json_copy_string(&doc, 0, copy, size + 1), 0);
        assert_memory_equal(copy, rows[i].decoded.at, size);
        assert_int(rows[i].what, copy[size], 0);
        assert_int(rows[i].what, json_copy_string(&doc, 0, copy, size), -ENAMETOOLONG);
        buf_done(&buf);
        arena_free(arena);
    }
    json_doc_done(&doc);
}

static void an_inside_is_a_string_as_it_stands(void **state)
{
    static const struct {
        const char *text, *inside;
    } rows[] = {
        {"{\"a\":\"x\"}", "x"}, {"{\"a\":\"\\n\\\"\"}", "\\n\\\""},
        {"{\"a\":\"\"}", ""},   {"{\"a\":12}", ""},
        {"{\"a\":null}", ""},   {"{\"a\":[\"x\"]}", ""},
        {"{\"b\":\"x\"}", ""},  {"[\"x\"]", ""},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].text, json_parse(&doc, span_of(rows[i].text), &json_limits_body), 0);
        assert_span(rows[i].text, json_inside_in(&doc, 0, "a"), rows[i].inside);
    }
    assert_span("of nothing", json_inside(&doc, JSON_NONE), "");
    assert_true(json_is(&doc, 0, JSON_ARRAY));
    assert_false(json_is(&doc, 0, JSON_OBJECT));
    assert_false(json_is(&doc, JSON_NONE, JSON_NULL));
    json_doc_done(&doc);
}

static void a_string_that_does_not_fit_is_refused(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(16, 16);
    struct buf small = buf_make(3);
    struct span text;

    (void)state;
    assert_int("parsed", json_parse(&doc, span_of("\"\\n23456789012345678\""), &json_limits_body),
               JSON_OK);
    assert_int("the arena", json_string(&doc, 0, arena, &text), -ERANGE);
    assert_int("the buffer", json_unescape(span_of("abcd"), &small), -EMSGSIZE);
    buf_done(&small);
    arena_free(arena);
    json_doc_done(&doc);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_names_its_kind_and_its_byte),
        cmocka_unit_test(the_index_has_every_value_as_a_span),
        cmocka_unit_test(members_are_found_and_containers_walked),
        cmocka_unit_test(every_root_is_legal),
        cmocka_unit_test(a_cut_text_is_refused_wherever_it_is_cut),
        cmocka_unit_test(a_string_ends_at_any_place_of_a_vector),
        cmocka_unit_test(limits_hold_exactly),
        cmocka_unit_test(a_duplicate_is_found_in_objects_of_every_size),
        cmocka_unit_test(numbers_are_read_exactly),
        cmocka_unit_test(other_kinds_are_told_apart),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(an_inside_is_a_string_as_it_stands),
        cmocka_unit_test(a_string_that_does_not_fit_is_refused),
    };

    return run_test_table(tests);
}
