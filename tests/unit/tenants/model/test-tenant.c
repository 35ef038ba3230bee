/* Vocabularies of tenants and the windows of budgets. */
#include "tenants/model/tenant.h"

#include <errno.h>

#include "common/base/clock.h"
#include "tests/support/testing.h"

static void names_are_found_and_others_are_not(void **state)
{
    (void)state;
    unsigned word = 77;
    assert_int_equal(words_find(&budget_window_words, span_of("week"), &word), 0);
    assert_int_equal(word, WINDOW_WEEK);
    assert_int_equal(words_find(&budget_window_words, span_of("year"), &word), -ENOENT);
    assert_int_equal(word, WINDOW_WEEK);
    assert_string_equal(words_name(&account_status_words, ACCOUNT_PAST_DUE), "past_due");
    assert_string_equal(words_name(&key_status_words, KEY_REVOKED), "revoked");
    assert_string_equal(words_name(&billing_mode_words, BILLING_POSTPAID), "postpaid");
    assert_string_equal(words_name(&abort_policy_words, ABORT_NO_BILL), "no_bill");
    assert_string_equal(words_name(&abort_policy_words, 9), "?");
}

static void windows_begin_at_utc_midnights(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum budget_window window;
        const char *at, *start;
    } rows[] = {
        {"a day", WINDOW_DAY, "2026-11-21T13:41:00.123Z", "2026-11-21T00:00:00Z"},
        {"the first instant of a day", WINDOW_DAY, "2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"},
        {"a Saturday's week", WINDOW_WEEK, "2026-11-21T13:41:00Z", "2026-11-16T00:00:00Z"},
        {"a Monday's week", WINDOW_WEEK, "2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z"},
        {"a Sunday's last instant", WINDOW_WEEK, "2026-11-15T23:59:59.999Z",
         "2026-11-09T00:00:00Z"},
        {"a month", WINDOW_MONTH, "2026-11-21T13:41:00Z", "2026-11-01T00:00:00Z"},
        {"a leap day", WINDOW_MONTH, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z"},
        {"the day behind a leap day", WINDOW_MONTH, "2028-03-01T00:00:00Z", "2028-03-01T00:00:00Z"},
        {"the end of a year", WINDOW_MONTH, "2027-12-31T23:59:59Z", "2027-12-01T00:00:00Z"},
        {"before 1970", WINDOW_WEEK, "1969-12-31T01:00:00Z", "1969-12-29T00:00:00Z"},
        {"a century without a leap day", WINDOW_MONTH, "2100-03-01T05:00:00Z",
         "2100-03-01T00:00:00Z"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t at_ms = 0, start_ms = 0;
        assert_int_equal(clock_parse(rows[i].at, strlen(rows[i].at), &at_ms), 0);
        assert_int_equal(clock_parse(rows[i].start, strlen(rows[i].start), &start_ms), 0);
        assert_int(rows[i].what, budget_window_start(rows[i].window, at_ms), start_ms);
    }
    assert_int("a total has no start", budget_window_start(WINDOW_TOTAL, 5), INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_others_are_not),
        cmocka_unit_test(windows_begin_at_utc_midnights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
