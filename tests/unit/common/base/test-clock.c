#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/clock.h"

static void times_are_written_in_utc(void **state)
{
    static const struct {
        int64_t unix_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1795269660123), "2026-11-21T14:01:00.123Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char text[CLOCK_TEXT_SIZE];
        assert_int(rows[i].text, clock_format(rows[i].unix_ms, text), strlen(rows[i].text));
        assert_span(rows[i].text, span_of(text), rows[i].text);
    }
}

static void every_day_reads_back_as_written(void **state)
{
    (void)state;
    for (int64_t day = -719528; day < 2932896; day += 13) {
        int64_t unix_ms = day * 86400000 + day % 86400000, back = -1;
        char text[CLOCK_TEXT_SIZE];
        size_t size = clock_format(unix_ms < -62167219200000 ? 0 : unix_ms, text);
        assert_int(text, clock_parse(text, size, &back), 0);
        assert_int(text, back, unix_ms < -62167219200000 ? 0 : unix_ms);
    }
}

static void times_are_read_with_offsets_and_fractions(void **state)
{
    static const struct {
        const char *what, *text;
        int outcome;
        int64_t unix_ms;
    } rows[] = {
        {"seconds", "1970-01-01T00:00:01Z", 0, 1000},
        {"small letters", "1970-01-01t00:00:01z", 0, 1000},
        {"a tenth", "1970-01-01T00:00:00.5Z", 0, 500},
        {"microseconds are cut", "1970-01-01T00:00:00.0019999Z", 0, 1},
        {"an offset", "1970-01-01T01:30:00+01:30", 0, 0},
        {"a negative offset", "1969-12-31T19:00:00-05:00", 0, 0},
        {"an unknown offset", "1970-01-01T00:00:00-00:00", 0, 0},
        {"a leap second", "2016-12-31T23:59:60Z", 0, INT64_C(1483228800000)},
        {"a leap day", "2024-02-29T00:00:00Z", 0, INT64_C(1709164800000)},
        {"no leap year", "2023-02-29T00:00:00Z", -EINVAL, 0},
        {"no leap century", "2100-02-29T00:00:00Z", -EINVAL, 0},
        {"the last of December", "2026-12-31T00:00:00Z", 0, INT64_C(1798675200000)},
        {"a day too many", "2026-11-31T00:00:00Z", -EINVAL, 0},
        {"day zero", "2026-11-00T00:00:00Z", -EINVAL, 0},
        {"month zero", "2026-00-01T00:00:00Z", -EINVAL, 0},
        {"month thirteen", "2026-13-01T00:00:00Z", -EINVAL, 0},
        {"hour 24", "2026-11-21T24:00:00Z", -EINVAL, 0},
        {"minute 60", "2026-11-21T00:60:00Z", -EINVAL, 0},
        {"second 61", "2026-11-21T00:00:61Z", -EINVAL, 0},
        {"an offset of 24 hours", "2026-11-21T00:00:00+24:00", -EINVAL, 0},
        {"an offset without a colon", "2026-11-21T00:00:00+0100", -EINVAL, 0},
        {"no offset", "2026-11-21T00:00:00", -EINVAL, 0},
        {"a blank for the T", "2026-11-21 00:00:00Z", -EINVAL, 0},
        {"an empty fraction", "2026-11-21T00:00:00.Z", -EINVAL, 0},
        {"a comma", "2026-11-21T00:00:00,5Z", -EINVAL, 0},
        {"a tail", "2026-11-21T00:00:00Z ", -EINVAL, 0},
        {"one digit", "2026-1-21T00:00:00Z", -EINVAL, 0},
        {"a sign", "-026-01-21T00:00:00Z", -EINVAL, 0},
        {"only a date", "2026-11-21", -EINVAL, 0},
        {"empty", "", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t unix_ms = 0;
        assert_int(rows[i].what, clock_parse(rows[i].text, strlen(rows[i].text), &unix_ms),
                   rows[i].outcome);
        assert_int(rows[i].what, unix_ms, rows[i].unix_ms);
    }
}

static void a_cut_time_is_refused_wherever_it_is_cut(void **state)
{
    static const char text[] = "2026-11-21T14:01:00.123+01:00";
    int64_t unix_ms;

    (void)state;
    for (size_t size = 0; size < sizeof(text) - 1; size++)
        assert_int(text, clock_parse(text, size, &unix_ms), -EINVAL);
    assert_int(text, clock_parse(text, sizeof(text) - 1, &unix_ms), 0);
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    int64_t before = clock_mono_us();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_ms() > INT64_C(1700000000000));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(every_day_reads_back_as_written),
        cmocka_unit_test(times_are_read_with_offsets_and_fractions),
        cmocka_unit_test(a_cut_time_is_refused_wherever_it_is_cut),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };

    return run_test_table(tests);
}
