/* What several languages ask of a chat alike: how much to think, and whether a text is blank. */
#include "tests/support/testing.h"

#include "gateway/dialect/chat_effort.h"
#include "gateway/dialect/chat_text.h"

static void an_effort_is_a_share_of_the_cap_and_a_budget_is_itself(void **state)
{
    static const struct {
        const char *what;
        enum chat_effort effort, is;
        int64_t asked, cap, budget;
    } rows[] = {
        {"low", EFFORT_LOW, EFFORT_LOW, -1, 20000, 4000},
        {"the highest leaves a twentieth", EFFORT_XHIGH, EFFORT_XHIGH, -1, 20000, 19000},
        {"never less than providers take", EFFORT_MINIMAL, EFFORT_MINIMAL, -1, 2000, 1024},
        {"never more", EFFORT_HIGH, EFFORT_HIGH, -1, 1000000, 128000},
        {"a budget", EFFORT_UNSET, EFFORT_LOW, 2048, 20000, 2048},
        {"a larger one", EFFORT_UNSET, EFFORT_MEDIUM, 2049, 20000, 2049},
        {"the largest leaves a twentieth too", EFFORT_UNSET, EFFORT_HIGH, 50000, 20000, 19000},
        {"an effort wins over the name of a budget", EFFORT_LOW, EFFORT_LOW, 9000, 20000, 9000},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct chat_wish wish = {.effort = rows[i].effort, .reasoning_budget = rows[i].asked};
        assert_int(rows[i].what, chat_effort_of(&wish), rows[i].is);
        assert_int(rows[i].what, chat_effort_budget(&wish, rows[i].cap), rows[i].budget);
    }
}

static void blanks_at_the_end_are_told_from_what_only_looks_like_them(void **state)
{
    static const struct {
        const char *what, *inside, *without;
    } rows[] = {
        {"nothing", "", ""},
        {"no blank", "a", "a"},
        {"spaces and escapes", "a b \\n\\t \\r", "a b"},
        {"blanks alone", " \\n ", ""},
        {"a backslash and an n", "a\\\\n", "a\\\\n"},
        {"a backslash, then a line end", "a\\\\\\n", "a\\\\"},
        {"another escape", "a\\\"", "a\\\""},
        {"a plain n", "then", "then"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_span(rows[i].what, chat_text_without_end(span_of(rows[i].inside)), rows[i].without);
        assert_int(rows[i].what, chat_text_is_blank(span_of(rows[i].inside)),
                   rows[i].without[0] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_effort_is_a_share_of_the_cap_and_a_budget_is_itself),
        cmocka_unit_test(blanks_at_the_end_are_told_from_what_only_looks_like_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
