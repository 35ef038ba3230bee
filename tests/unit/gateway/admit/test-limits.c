/* limits: a minute's worth passes at once, then the pace holds. */
#include "gateway/admit/limits.h"

#include <pthread.h>

#include "tests/support/testing.h"

static void a_minutes_worth_passes_and_then_the_pace_holds(void **state)
{
    static const struct {
        const char *what;
        int64_t now_ms, units, wait_ms, remaining;
    } steps[] = {
        {"the whole minute's worth at once", 1000000, 60, 0, 0},
        {"one more waits a second", 1000000, 1, 1000, 0},
        {"half a second later, half of it", 1000500, 1, 500, 0},
        {"then it passes", 1001000, 1, 0, 0},
        {"more than a minute's worth never passes", 2000000, 61, INT64_MAX, 60},
        {"after a pause all is back", 2000000, 60, 0, 0},
        {"a clock that goes back gives nothing away", 1999000, 1, 2000, 0},
    };
    struct limits *limits = limits_new();
    static const struct limit requests = {{{1}}, LIMIT_REQUESTS, 60};
    static const struct limit tokens = {{{1}}, LIMIT_TOKENS, 60};
    static const struct limit others = {{{2}}, LIMIT_REQUESTS, 60};

    (void)state;
    for (size_t i = 0; i < array_size(steps); i++) {
        struct limit_left left = {0};

        assert_int(steps[i].what,
                   limits_take(limits, &requests, steps[i].units, steps[i].now_ms, &left),
                   steps[i].wait_ms);
        assert_int(steps[i].what, left.remaining, steps[i].remaining);
    }
    assert_int("another key has its own", limits_take(limits, &others, 60, 2000000, NULL), 0);
    assert_int("and tokens are apart", limits_take(limits, &tokens, 60, 2000000, NULL), 0);
    limits_free(limits);
}

enum { THREADS = 4, TRIES = 5000 };

static void *try_many(void *argument)
{
    static const struct limit limit = {{{7}}, LIMIT_REQUESTS, 1000};
    struct limits *limits = argument;
    uintptr_t passed = 0;

    for (int i = 0; i < TRIES; i++) {
        passed += limits_take(limits, &limit, 1, 5000, NULL) == 0;
    }
    return (void *)passed;
}

static void threads_together_take_no_more_than_the_limit(void **state)
{
    struct limits *limits = limits_new();
    pthread_t threads[THREADS];
    uintptr_t passed = 0;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, try_many, limits), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *one;

        pthread_join(threads[i], &one);
        passed += (uintptr_t)one;
    }
    assert_int("exactly the limit", passed, 1000);
    limits_free(limits);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minutes_worth_passes_and_then_the_pace_holds),
        cmocka_unit_test(threads_together_take_no_more_than_the_limit),
    };

    return run_test_table(tests);
}
