#include "tests/support/testing.h"

#include "gateway/route/silence.h"

static void patience_is_measured_by_what_was(void **state)
{
    static const struct {
        const char *what;
        struct silence_known known;
        struct silence_patience patience;
    } rows[] = {
        {"nothing is known: a sixth and a third of the timeout",
         {0, 0, 0, 0, 60000},
         {10000, 10000, 20000}},
        {"a model that thinks is given more", {0, 0, 0, 0, 300000}, {50000, 50000, 100000}},
        {"19 samples are too few", {19, 200, 300, 500, 60000}, {10000, 10000, 20000}},
        {"20 are not", {20, 1000, 1500, 4000, 60000}, {2000, 3000, 12000}},
        {"the fastest is given 2 s and 5 s", {1000, 50, 100, 200, 60000}, {2000, 2000, 5000}},
        {"the slow is measured by itself", {1000, 7000, 9000, 15000, 60000}, {7000, 18000, 45000}},
        {"nobody longer than the timeout",
         {1000, 61000, 70000, 80000, 60000},
         {60000, 60000, 60000}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct silence_patience patience = silence_patience_of(&rows[i].known);

        assert_int(rows[i].what, patience.many_ms, rows[i].patience.many_ms);
        assert_int(rows[i].what, patience.several_ms, rows[i].patience.several_ms);
        assert_int(rows[i].what, patience.alone_ms, rows[i].patience.alone_ms);
    }
}

static void several_are_enough_and_one_after_longer(void **state)
{
    static const struct {
        const char *what;
        uint32_t in_a_row;
        int64_t silent_ms;
        bool hangs;
    } rows[] = {
        {"one", 1, 2000, false},         {"four", 4, 4999, false},
        {"five", 5, 2000, true},         {"five, but not yet", 5, 1999, false},
        {"one for long", 1, 5000, true}, {"one, not for so long", 1, 4999, false},
    };
    const struct silence_patience patience = {1000, 2000, 5000};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, silence_is_hanging(&patience, rows[i].in_a_row, rows[i].silent_ms),
                   rows[i].hangs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patience_is_measured_by_what_was),
        cmocka_unit_test(several_are_enough_and_one_after_longer),
    };

    return run_test_table(tests);
}
