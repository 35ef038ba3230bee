/*
 * testing: cmocka behind one header, and the few asserts that our types need.
 *
 * A test program is a table: static functions named in sentences, one array of
 * cmocka_unit_test(...) and a main that runs it. Rows of a table inside a test carry a `what`;
 * the asserts here take it and print it beside a failure.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_H

/* cmocka.h wants these before it, in this order. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "common/base/money.h"
#include "common/base/span.h"

#define run_test_table(tests) cmocka_run_group_tests((tests), NULL, NULL)

/* Says which row a failure belongs to: printed only when the process fails in it. */
#define in_row(what, cond)                                                                         \
    do {                                                                                           \
        if (!(cond))                                                                               \
            fail_msg("%s: %s does not hold", (what), #cond);                                       \
    } while (0)

static inline void assert_span_at(struct span got, const char *wanted, const char *what,
                                  const char *file, int line)
{
    if (span_is(got, wanted))
        return;
    print_error("%s:%d: %s: got \"%.*s\", wanted \"%s\"\n", file, line, what, SPAN_ARG(got),
                wanted);
    _fail(file, line);
}
#define assert_span(what, got, wanted) assert_span_at((got), (wanted), (what), __FILE__, __LINE__)

static inline void assert_int_at(int64_t got, int64_t wanted, const char *what, const char *file,
                                 int line)
{
    if (got == wanted)
        return;
    print_error("%s:%d: %s: got %lld, wanted %lld\n", file, line, what, (long long)got,
                (long long)wanted);
    _fail(file, line);
}
#define assert_int(what, got, wanted)                                                              \
    assert_int_at((int64_t)(got), (int64_t)(wanted), (what), __FILE__, __LINE__)

static inline void assert_money_at(int128 got, const char *wanted, const char *what,
                                   const char *file, int line)
{
    char text[MONEY_TEXT_MAX];

    money_format_integer(got, text);
    assert_span_at(span_of(text), wanted, what, file, line);
}
/* Whole pico, written in digits. */
#define assert_money(what, got, wanted) assert_money_at((got), (wanted), (what), __FILE__, __LINE__)

/* The number that such digits, with or without a minus, are. */
static inline int128 int128_of(const char *digits)
{
    bool negative = *digits == '-';
    uint128 value = 0;

    for (digits += negative ? 1 : 0; *digits != '\0'; digits++)
        value = value * 10 + (unsigned)(*digits - '0');
    if (negative)
        value = 0 - value;
    return (int128)value;
}

#endif
