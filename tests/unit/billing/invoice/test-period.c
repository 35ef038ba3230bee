/*
 * Tests of months by the anchor day, of fees in advance, and of what an invoice owes.
 */
#include "billing/invoice/period.h"

#include <errno.h>

#include "billing/invoice/totals.h"
#include "common/base/clock.h"
#include "tests/support/testing.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;
    if (text == NULL)
        return INT64_MAX;
    assert_int_equal(clock_parse(text, strlen(text), &ms), 0);
    return ms;
}

static void months_begin_on_the_anchor_day(void **state)
{
    static const struct {
        const char *what, *time;
        int32_t anchor;
        const char *start, *end;
    } rows[] = {
        {"mid-month", "2026-11-21T14:00:00Z", 1, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"the very start", "2026-11-01T00:00:00Z", 1, "2026-11-01T00:00:00Z",
         "2026-12-01T00:00:00Z"},
        {"a millisecond before", "2026-10-31T23:59:59.999Z", 1, "2026-10-01T00:00:00Z",
         "2026-11-01T00:00:00Z"},
        {"before the anchor day", "2026-11-21T14:00:00Z", 28, "2026-10-28T00:00:00Z",
         "2026-11-28T00:00:00Z"},
        {"over the year", "2026-12-31T00:00:00Z", 15, "2026-12-15T00:00:00Z",
         "2027-01-15T00:00:00Z"},
        {"a leap February", "2028-02-28T12:00:00Z", 28, "2028-02-28T00:00:00Z",
         "2028-03-28T00:00:00Z"},
        {"before 1970", "1969-12-31T23:59:59.500Z", 1, "1969-12-01T00:00:00Z",
         "1970-01-01T00:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, period_month_start(at(rows[i].time), rows[i].anchor),
                   at(rows[i].start));
        assert_int(rows[i].what, period_month_end(at(rows[i].time), rows[i].anchor),
                   at(rows[i].end));
    }
}

static void shares_are_by_seconds_and_half_up(void **state)
{
    static const struct {
        const char *what, *from, *until;
        int64_t monthly, share;
    } rows[] = {
        {"a whole month", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", 999, 999},
        {"half of November", "2026-11-16T00:00:00Z", "2026-12-01T00:00:00Z", 999, 500},
        {"a third, down", "2026-11-21T00:00:00Z", "2026-12-01T00:00:00Z", 1000, 333},
        {"a second of it", "2026-11-01T00:00:00Z", "2026-11-01T00:00:01Z", 999, 0},
        {"two months", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z", 999, 1998},
        {"parts of two months", "2026-11-16T00:00:00Z", "2026-12-02T00:00:00Z", 3100, 1650},
        {"nothing", "2026-11-16T00:00:00Z", "2026-11-16T00:00:00Z", 999, 0},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what,
                   period_share(rows[i].monthly, at(rows[i].from), at(rows[i].until), 1),
                   rows[i].share);
}

static void fees_are_due_when_a_month_begins(void **state)
{
    static const struct {
        const char *what, *first, *start, *until;
        struct {
            const char *from, *until;
            int64_t fee;
        } plans[2];
        size_t plan_count;
        struct {
            enum line_kind kind;
            int64_t minor;
        } fees[3];
        size_t fee_count;
        const char *words; /* of the first */
    } rows[] = {
        {"a month's close charges the next",
         "2026-10-01T00:00:00Z",
         "2026-10-01T00:00:00Z",
         "2026-11-01T00:00:00Z",
         {{"2026-10-01T00:00:00Z", NULL, 999}},
         1,
         {{LINE_SUBSCRIPTION, 999}},
         1,
         "P: monthly fee from 2026-11-01 to 2026-12-01"},
        {"a close within a month charges nothing",
         "2026-11-01T00:00:00Z",
         "2026-11-05T00:00:00Z",
         "2026-11-21T00:00:00Z",
         {{"2026-10-01T00:00:00Z", NULL, 999}},
         1,
         {{0}},
         0,
         NULL},
        {"three months in one",
         "2026-08-15T00:00:00Z",
         "2026-08-15T00:00:00Z",
         "2026-11-01T00:00:00Z",
         {{"2026-08-15T00:00:00Z", NULL, 999}},
         1,
         {{LINE_SUBSCRIPTION, 999}, {LINE_SUBSCRIPTION, 999}, {LINE_SUBSCRIPTION, 999}},
         3,
         "P: monthly fee from 2026-09-01 to 2026-10-01"},
        {"a plan that ends at the month's end is not charged again",
         "2026-10-01T00:00:00Z",
         "2026-10-01T00:00:00Z",
         "2026-11-01T00:00:00Z",
         {{"2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 999}, {"2026-11-01T00:00:00Z", NULL, 0}},
         2,
         {{0}},
         0,
         NULL},
        {"a downgrade at the end charges the new plan",
         "2026-10-01T00:00:00Z",
         "2026-10-01T00:00:00Z",
         "2026-11-01T00:00:00Z",
         {{"2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", 9900},
          {"2026-11-01T00:00:00Z", NULL, 999}},
         2,
         {{LINE_SUBSCRIPTION, 999}},
         1,
         "Q: monthly fee from 2026-11-01 to 2026-12-01"},
        {"an upgrade gives back and charges the rest",
         "2026-10-01T00:00:00Z",
         "2026-11-01T00:00:00Z",
         "2026-11-30T00:00:00Z",
         {{"2026-10-01T00:00:00Z", "2026-11-16T00:00:00Z", 999},
          {"2026-11-16T00:00:00Z", NULL, 9900}},
         2,
         {{LINE_PRORATION, -500}, {LINE_PRORATION, 4950}},
         2,
         "P: unused part of the month from 2026-11-16 to 2026-12-01"},
        {"what no close charged is not given back",
         "2026-11-05T00:00:00Z",
         "2026-11-05T00:00:00Z",
         "2026-11-30T00:00:00Z",
         {{"2026-11-05T00:00:00Z", "2026-11-16T00:00:00Z", 999},
          {"2026-11-16T00:00:00Z", NULL, 9900}},
         2,
         {{LINE_PRORATION, 4950}},
         1,
         "Q: rest of the month from 2026-11-16 to 2026-12-01"},
        {"the first subscription is not a close's",
         "2026-11-05T00:00:00Z",
         "2026-11-05T00:00:00Z",
         "2026-11-21T00:00:00Z",
         {{"2026-11-05T00:00:00Z", NULL, 999}},
         1,
         {{0}},
         0,
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 16, 1 << 20);
        struct period_plan plans[2];
        struct period_span period = {at(rows[i].start), at(rows[i].until), at(rows[i].first), 1};
        struct invoice_fee *fees;
        size_t count;
        for (size_t p = 0; p < rows[i].plan_count; p++)
            plans[p] = (struct period_plan){at(rows[i].plans[p].from), at(rows[i].plans[p].until),
                                            span_of(p == 0 ? "P" : "Q"), rows[i].plans[p].fee};
        period_fees(&period, plans, rows[i].plan_count, arena, &fees, &count);
        assert_int(rows[i].what, count, rows[i].fee_count);
        for (size_t f = 0; f < count; f++) {
            assert_int(rows[i].what, fees[f].kind, rows[i].fees[f].kind);
            assert_int(rows[i].what, fees[f].amount_minor, rows[i].fees[f].minor);
        }
        if (count > 0)
            assert_span(rows[i].what, fees[0].description, rows[i].words);
        arena_free(arena);
    }
}

static void totals_round_once_and_credit_exactly(void **state)
{
#define CENT PICO_PER_CENT
    static const struct {
        const char *what;
        struct totals_basis basis;
        int64_t total, credits, tax;
        const char *credits_pico, *rounding, *promo, *prepaid;
    } rows[] = {
        {"postpaid, rounded up",
         {.total_pico = 7 * CENT / 10,
          .charge_pico = 7 * CENT / 10,
          .accrued_pico = 7 * CENT / 10,
          .subtotal_minor = 1},
         1,
         0,
         0,
         "0",
         "3000000000",
         "0",
         "0"},
        {"postpaid, rounded down",
         {.total_pico = 4 * CENT / 10, .charge_pico = 4 * CENT / 10, .accrued_pico = 4 * CENT / 10},
         0,
         0,
         0,
         "0",
         "-4000000000",
         "0",
         "0"},
        {"half a cent is the most",
         {.total_pico = CENT / 2,
          .charge_pico = CENT / 2,
          .accrued_pico = CENT / 2,
          .subtotal_minor = 1},
         1,
         0,
         0,
         "0",
         "5000000000",
         "0",
         "0"},
        {"a prepaid statement",
         {.total_pico = 123456789012,
          .charge_pico = 123456789012,
          .paid_pico = 123456789012,
          .subtotal_minor = 12,
          .prepaid = true},
         0,
         12,
         0,
         "123456789012",
         "0",
         "0",
         "0"},
        {"a prepaid fee is burnt, promo first",
         {.total_pico = 3 * CENT + 7,
          .charge_pico = 7,
          .paid_pico = 7,
          .promo_pico = CENT,
          .free_pico = 3 * CENT,
          .subtotal_minor = 3,
          .prepaid = true},
         0,
         3,
         0,
         "30000000007",
         "0",
         "10000000000",
         "20000000000"},
        {"a prepaid fee that credit does not suffice for is owed",
         {.total_pico = 3 * CENT + 7,
          .charge_pico = 7,
          .paid_pico = 7,
          .promo_pico = CENT,
          .free_pico = 3 * CENT - 1,
          .subtotal_minor = 3,
          .prepaid = true},
         3,
         0,
         0,
         "7",
         "0",
         "0",
         "0"},
        {"a prepaid discount is given back",
         {.total_pico = 5, .charge_pico = 7, .paid_pico = 7, .prepaid = true},
         0,
         0,
         0,
         "5",
         "0",
         "0",
         "-2"},
        {"promo paid a part",
         {.total_pico = 10 * CENT,
          .charge_pico = 10 * CENT,
          .paid_pico = 4 * CENT + 1,
          .accrued_pico = 6 * CENT - 1,
          .subtotal_minor = 10},
         6,
         4,
         0,
         "40000000001",
         "1",
         "0",
         "0"},
        {"a postpaid fee is owed, whatever promo is left",
         {.total_pico = 5 * CENT, .promo_pico = CENT, .subtotal_minor = 5},
         5,
         0,
         0,
         "0",
         "0",
         "0",
         "0"},
        {"below zero becomes credit",
         {.total_pico = -3 * CENT, .subtotal_minor = -3},
         0,
         -3,
         0,
         "-30000000000",
         "0",
         "0",
         "-30000000000"},
        {"tax on the rounded amount",
         {.total_pico = 10 * CENT - 1,
          .charge_pico = 10 * CENT - 1,
          .accrued_pico = 10 * CENT - 1,
          .subtotal_minor = 10,
          .tax_ppm = 190000},
         12,
         0,
         2,
         "0",
         "1",
         "0",
         "0"},
        {"nothing", {.prepaid = true}, 0, 0, 0, "0", "0", "0", "0"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct totals t;
        assert_int(rows[i].what, totals_make(&rows[i].basis, &t), 0);
        assert_int(rows[i].what, t.total_minor, rows[i].total);
        assert_int(rows[i].what, t.credits_minor, rows[i].credits);
        assert_int(rows[i].what, t.tax_minor, rows[i].tax);
        assert_int(rows[i].what, t.subtotal_minor + t.tax_minor - t.credits_minor, t.total_minor);
        assert_money(rows[i].what, t.credits_pico, rows[i].credits_pico);
        assert_money(rows[i].what, t.rounding_pico, rows[i].rounding);
        assert_money(rows[i].what, t.burn_promo_pico, rows[i].promo);
        assert_money(rows[i].what, t.burn_prepaid_pico, rows[i].prepaid);
    }
#undef CENT
}

static void charges_that_nothing_paid_are_refused(void **state)
{
    struct totals_basis basis = {.total_pico = 5, .charge_pico = 5, .accrued_pico = 4};
    struct totals totals;
    (void)state;
    assert_int("a pico is missing", totals_make(&basis, &totals), -EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_begin_on_the_anchor_day),
        cmocka_unit_test(shares_are_by_seconds_and_half_up),
        cmocka_unit_test(fees_are_due_when_a_month_begins),
        cmocka_unit_test(totals_round_once_and_credit_exactly),
        cmocka_unit_test(charges_that_nothing_paid_are_refused),
    };
    return run_test_table(tests);
}
