/* Patterns: what matches, what is refused, and that no text takes longer than its length. */
#include "tenants/model/pattern.h"

#include <errno.h>

#include "tests/support/testing.h"

enum { TEXT_MAX = 4 * PATTERN_SUBJECT_MAX };

static const struct pattern *read(struct arena *arena, const char *text)
{
    const struct pattern *pattern = NULL;
    const char *why = "";

    if (pattern_read(span_of(text), arena, &pattern, &why) != 0)
        fail_msg("%s: %s", text, why);
    return pattern;
}

static void texts_match_or_not(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "x", true},
        {"b", "abc", true},
        {"b", "ac", false},
        {"^b", "abc", false},
        {"^a", "abc", true},
        {"c$", "abc", true},
        {"b$", "abc", false},
        {"^$", "", true},
        {"^$", "a", false},
        {"^a.c$", "abc", true},
        {"^a.c$", "a\nc", false},
        {"^.$", "\xc3\xa4", true},
        {"^..$", "\xe2\x82\xac\xf0\x9f\x98\x80", true},
        {"^[\xc3\xa4-\xc3\xbc]$", "\xc3\xb6", true},
        {"^[\xc3\xa4-\xc3\xbc]$", "o", false},
        {"ab*c", "ac", true},
        {"ab*c", "abbbc", true},
        {"ab+c", "ac", false},
        {"ab+c", "abbc", true},
        {"^ab?c$", "abc", true},
        {"^ab?c$", "abbc", false},
        {"^(ab|cd)+$", "abcdab", true},
        {"^(ab|cd)+$", "abc", false},
        {"^(?:a|b|)c$", "c", true},
        {"a|b|c", "xxc", true},
        {"^a|b$", "ax", true},
        {"^a|b$", "xa", false},
        {"^(a|(b|c)d)e$", "cde", true},
        {"^a{3}$", "aaa", true},
        {"^a{3}$", "aa", false},
        {"^a{2,}$", "a", false},
        {"^a{2,}$", "aaaaa", true},
        {"^a{0,}$", "", true},
        {"^a{1,3}$", "aaa", true},
        {"^a{1,3}$", "aaaa", false},
        {"^a{0}$", "", true},
        {"^a{0}b$", "ab", false},
        {"^(ab){2}c$", "ababc", true},
        {"^x(a|b){2,3}$", "xaba", true},
        {"^x(a|b){2,3}$", "xabab", false},
        {"^(a{2}b){2}$", "aabaab", true},
        {"^a*?b$", "aab", true},
        {"^(a*)*$", "aaaa", true},
        {"^(a*)+b$", "aaac", false},
        {"^[a-c]+$", "abcabc", true},
        {"^[^a-c]+$", "xyz", true},
        {"^[^a-c]+$", "xbz", false},
        {"^[]a]+$", "]a]", true},
        {"^[a-]+$", "a-a", true},
        {"^[\\d_]+$", "12_3", true},
        {"^[\\]\\\\]+$", "]\\", true},
        {"^\\d{4}-\\d{2}$", "2026-11", true},
        {"^\\D+$", "a1", false},
        {"^\\w+\\s\\w+$", "ab_1 c", true},
        {"\\S", " \t\n", false},
        {"\\W", "abc", false},
        {"\\bcat\\b", "a cat!", true},
        {"\\bcat\\b", "concat", false},
        {"\\bcat\\b", "cat", true},
        {"a\\.b", "a.b", true},
        {"a\\.b", "axb", false},
        {"\\$\\^\\{", "$^{", true},
        {"a\\tb\\n", "a\tb\n", true},
        {"(?i)^HeLLo$", "hEllO", true},
        {"(?i)[a-f]+x", "FACEX", true},
        {"(?i)^[^a]$", "A", false},
        {"HELLO", "hello", false},
        {"a}]", "a}]", true},
        {"^(gpt|claude)-.*-(mini|haiku)$", "gpt-5-mini", true},
        {"^(gpt|claude)-.*-(mini|haiku)$", "gpt-mini", false},
        {"^.$", "\xff", true}, /* no UTF-8: byte by byte */
    };
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        if (pattern_matches(read(arena, rows[i].pattern), span_of(rows[i].text)) != rows[i].matches)
            fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].text);
    arena_free(arena);
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void what_is_no_pattern_is_refused(void **state)
{
    static const struct {
        const char *pattern, *says;
    } rows[] = {
        {"(", "not closed"},
        {"(a", "not closed"},
        {")", "not open"},
        {"a)", "not open"},
        {"*", "repeats nothing"},
        {"(*a)", "repeats nothing"},
        {"a|+", "repeats nothing"},
        {"{2}", "repeats nothing"},
        {"a{", "{m,n}"},
        {"a{x}", "{m,n}"},
        {"a{3,2}", "{m,n}"},
        {"a{256}", "255"},
        {"a{1,2", "{m,n}"},
        {"[a", "not closed"},
        {"[", "not closed"},
        {"[]", "not closed"},
        {"[z-a]", "backwards"},
        {"[a-\\d]", "backwards"},
        {"a\\", "backslash"},
        {"[\\", "backslash"},
        {"\\1", "escape"},
        {"\\p", "escape"},
        {"(?=a)", "not known"},
        {"(?P<n>a)", "not known"},
        {"a(?i)b", "not known"},
        {"(((((((((((((((((a)))))))))))))))))", "too many groups"},
        {"(a{100}){100}", "too large"},
        {"((((a{9}){9}){9}){9}){9}", "too large"},
        {"a{255}b{2}", "too large"},
        {"[acegikmoqsuwyACEGIKMOQSUWY13579]{40}", "too large"},
        {X64 X64 X64 X64 "x", "256 bytes"},
    };
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct pattern *pattern;
        const char *why = "";

        assert_int(rows[i].pattern, pattern_read(span_of(rows[i].pattern), arena, &pattern, &why),
                   -EINVAL);
        if (strstr(why, rows[i].says) == NULL)
            fail_msg("'%s': \"%s\" does not say \"%s\"", rows[i].pattern, why, rows[i].says);
    }
    arena_free(arena);
}

/* A matcher that goes back would not come to an end here. */
static void no_text_takes_longer_than_its_length(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    static char text[TEXT_MAX + 1];

    (void)state;
    memset(text, 'a', TEXT_MAX);
    assert_false(pattern_matches(read(arena, "(a*)*(a*)*(a|aa)+(a?){20}b"), span_of(text)));
    assert_true(pattern_matches(read(arena, "^(a|a)*a{10}"), span_of(text)));
    text[PATTERN_SUBJECT_MAX] = 'b';
    assert_false(pattern_matches(read(arena, "b"), span_of(text)));
    assert_false(pattern_matches(read(arena, "a$"), span_of(text)));
    text[PATTERN_SUBJECT_MAX - 1] = 'b';
    assert_true(pattern_matches(read(arena, "b"), span_of(text)));
    text[PATTERN_SUBJECT_MAX] = '\0';
    assert_true(pattern_matches(read(arena, "ab$"), span_of(text)));
    arena_free(arena);
}

static void one_takes_no_more_memory_than_is_said(void **state)
{
    static const char *const rows[] = {
        "\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w"
        "\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w"
        "\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w"
        "\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\w\\"
        "w",
        "a{254}"};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1024, PATTERN_ARENA_MAX);

        assert_in_range(pattern_cost(read(arena, rows[i])), 100, PATTERN_COST_MAX);
        arena_free(arena);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_match_or_not),
        cmocka_unit_test(what_is_no_pattern_is_refused),
        cmocka_unit_test(no_text_takes_longer_than_its_length),
        cmocka_unit_test(one_takes_no_more_memory_than_is_said),
    };

    return run_test_table(tests);
}
