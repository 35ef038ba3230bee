#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/mem.h"

static void prefixes_suffixes_and_cases(void **state)
{
    (void)state;
    assert_true(span_starts(span_of("sk-tg1"), "sk-"));
    assert_false(span_starts(span_of("sk"), "sk-"));
    assert_true(span_starts(span_make(NULL, 0), ""));
    assert_true(span_ends(span_of("a.json"), ".json"));
    assert_false(span_ends(span_of("json"), ".json"));
    assert_true(span_is_nocase(span_of("Content-TYPE"), "content-type"));
    assert_false(span_is_nocase(span_of("content-typ"), "content-type"));
    assert_true(span_is_nocase(span_make(NULL, 0), ""));
    assert_true(span_equal(span_make(NULL, 0), span_of("")));
    assert_true(span_is(span_of(NULL), ""));
    assert_int("first", span_index(span_of("a.b.c"), '.'), 1);
    assert_int("none", span_index(span_of("abc"), '.'), -1);
    assert_int("of nothing", span_index(span_make(NULL, 0), '.'), -1);
}

static void parts_are_clipped_to_what_is_there(void **state)
{
    static const struct {
        size_t from, size;
        const char *wanted;
    } rows[] = {
        {0, 3, "abc"}, {1, 1, "b"}, {1, SIZE_MAX, "bc"}, {3, 1, ""}, {SIZE_MAX, 1, ""}, {0, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_span("part", span_part(span_of("abc"), rows[i].from, rows[i].size), rows[i].wanted);
    assert_null(span_part(span_make(NULL, 0), 1, 1).at);
    assert_span("blanks", span_trim(span_of(" \t a b\t ")), "a b");
    assert_span("only blanks", span_trim(span_of(" \t ")), "");
}

static void cutting_gives_every_field(void **state)
{
    static const struct {
        const char *text, *fields[4];
    } rows[] = {
        {"a,b,c", {"a", "b", "c"}}, {"a", {"a"}}, {"", {""}}, {"a,", {"a", ""}}, {",", {"", ""}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span rest = span_of(rows[i].text);
        size_t count = 0;
        while (rest.at != NULL) {
            assert_non_null(rows[i].fields[count]);
            assert_span(rows[i].text, span_cut(&rest, ','), rows[i].fields[count]);
            count++;
        }
        assert_null(rows[i].fields[count]);
    }
}

static void whole_numbers_are_digits_only(void **state)
{
    static const struct {
        const char *text;
        int outcome;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"007", 0, 7},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", -ERANGE, 1},
        {"-9223372036854775808", 0, INT64_MIN},
        {"-9223372036854775809", -ERANGE, 1},
        {"99999999999999999999999", -ERANGE, 1},
        {"99999999999999999999999x", -EINVAL, 1},
        {"", -EINVAL, 1},
        {"-", -EINVAL, 1},
        {"+1", -EINVAL, 1},
        {" 1", -EINVAL, 1},
        {"1 ", -EINVAL, 1},
        {"1.0", -EINVAL, 1},
        {"--1", -EINVAL, 1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t value = 1;
        assert_int(rows[i].text, span_int64(span_of(rows[i].text), &value), rows[i].outcome);
        assert_int(rows[i].text, value, rows[i].value);
    }
}

static void copies_end_with_a_nul(void **state)
{
    char *copy = span_dup(span_make("abcd", 2));
    char *none = span_dup(span_make(NULL, 0));

    (void)state;
    assert_string_equal(copy, "ab");
    assert_string_equal(none, "");
    assert_null(mem_strdup(NULL));
    char *taken = TAKE(copy);
    assert_null(copy);
    mem_free(taken);
    mem_free(none);
    char *text = mem_printf("%s-%d", "a", 7);
    assert_string_equal(text, "a-7");
    mem_free_secret(text, 3);
    mem_free_secret(NULL, 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_suffixes_and_cases),
        cmocka_unit_test(parts_are_clipped_to_what_is_there),
        cmocka_unit_test(cutting_gives_every_field),
        cmocka_unit_test(whole_numbers_are_digits_only),
        cmocka_unit_test(copies_end_with_a_nul),
    };

    return run_test_table(tests);
}
