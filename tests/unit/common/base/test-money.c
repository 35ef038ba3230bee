#include "tests/support/testing.h"

#include <errno.h>

static void division_rounds_halves_away_from_zero(void **state)
{
    static const struct {
        const char *what, *numerator, *denominator, *quotient;
    } rows[] = {
        {"nothing", "0", "3", "0"},
        {"exact", "9", "3", "3"},
        {"below the half", "10", "3", "3"},
        {"above the half", "11", "3", "4"},
        {"the half", "5", "2", "3"},
        {"the half of a negative", "-5", "2", "-3"},
        {"below the half of a negative", "-10", "3", "-3"},
        {"above the half of a negative", "-11", "3", "-4"},
        {"just below the half", "1499", "1000", "1"},
        {"just the half", "1500", "1000", "2"},
        {"the smallest half", "1", "2", "1"},
        {"less than the smallest half", "1", "3", "0"},
        {"the smallest half of a negative", "-1", "2", "-1"},
        {"the largest", "170141183460469231731687303715884105727", "1",
         "170141183460469231731687303715884105727"},
        {"the smallest", "-170141183460469231731687303715884105728", "1",
         "-170141183460469231731687303715884105728"},
        {"the largest by itself", "170141183460469231731687303715884105727",
         "170141183460469231731687303715884105727", "1"},
        {"a half of the largest divisor", "85070591730234615865843651857942052864",
         "170141183460469231731687303715884105727", "1"},
        {"just below that half", "85070591730234615865843651857942052863",
         "170141183460469231731687303715884105727", "0"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_money(
            rows[i].what,
            money_divide_half_up(int128_of(rows[i].numerator), int128_of(rows[i].denominator)),
            rows[i].quotient);
}

/* charge = base * (1e6 + markup_ppm) / 1e6, the arithmetic of docs/billing.md's worked examples. */
static void a_markup_is_rounded_once(void **state)
{
    static const struct {
        const char *what;
        int64_t base, markup_ppm;
        const char *charge;
    } rows[] = {
        {"one token of text-embedding-3-small at 5.5 %", 20000, 55000, "21100"},
        {"gpt-4.1, 1,234 in and 567 out, Free", INT64_C(7004000000), 100000, "7704400000"},
        {"the same, Pro", INT64_C(7004000000), 50000, "7354200000"},
        {"the same, Business", INT64_C(7004000000), 30000, "7214120000"},
        {"1,000 in of gpt-4.1, Business", INT64_C(2000000000), 30000, "2060000000"},
        {"1,000 out of gpt-4.1, Business", INT64_C(8000000000), 30000, "8240000000"},
        {"claude-sonnet-4.5 with a cache write, Pro", INT64_C(54399000000), 50000, "57118950000"},
        {"gemini-2.5-pro above its tier, Business", INT64_C(527500000000), 30000, "543325000000"},
        {"1,000 pico at 500 ppm: the half goes up", 1000, 500, "1001"},
        {"1,000 pico at 499 ppm: it does not", 1000, 499, "1000"},
        {"a correction: the half goes away from zero", -1000, 500, "-1001"},
        {"the largest event at 100 %", INT64_MAX, 1000000, "18446744073709551614"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_money(
            rows[i].what,
            money_divide_half_up((int128)rows[i].base * (PPM_ONE + rows[i].markup_ppm), PPM_ONE),
            rows[i].charge);
}

/* A purchase costs amount + max($0.80, 5.5 %), half up to the cent. */
static void a_purchase_costs_its_fee(void **state)
{
    static const struct {
        const char *what;
        int64_t cents;
        const char *pay;
    } rows[] = {
        {"$5", 500, "5.80"},       {"$10", 1000, "10.80"},    {"$14.54", 1454, "15.34"},
        {"$14.55", 1455, "15.35"}, {"$100", 10000, "105.50"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char text[MONEY_TEXT_MAX];
        int64_t fee;
        assert_int(rows[i].what,
                   money_narrow(money_divide_half_up((int128)rows[i].cents * 55000, PPM_ONE), &fee),
                   0);
        money_format_minor(rows[i].cents + (fee < 80 ? 80 : fee), text);
        assert_span(rows[i].what, span_of(text), rows[i].pay);
    }
}

static void only_what_fits_is_narrowed(void **state)
{
    static const struct {
        const char *what, *value;
        int outcome;
    } rows[] = {
        {"the largest", "9223372036854775807", 0},
        {"one more", "9223372036854775808", -ERANGE},
        {"the smallest", "-9223372036854775808", 0},
        {"one less", "-9223372036854775809", -ERANGE},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t value;
        assert_int(rows[i].what, money_narrow(int128_of(rows[i].value), &value), rows[i].outcome);
    }
}

static void pico_are_written_as_units(void **state)
{
    static const struct {
        const char *what, *pico, *text;
    } rows[] = {
        {"nothing", "0", "0"},
        {"the smallest", "1", "0.000000000001"},
        {"minus the smallest", "-1", "-0.000000000001"},
        {"zeros at the end are dropped", "7004000000", "0.007004"},
        {"a unit", "1000000000000", "1"},
        {"ten units keep their zero", "10000000000000", "10"},
        {"a unit and a bit", "1000000000001", "1.000000000001"},
        {"half a unit", "-500000000000", "-0.5"},
        {"just below a unit", "999999999999", "0.999999999999"},
        {"the largest event", "9223372036854775807", "9223372.036854775807"},
        {"the largest", "170141183460469231731687303715884105727",
         "170141183460469231731687303.715884105727"},
        {"the smallest of all", "-170141183460469231731687303715884105728",
         "-170141183460469231731687303.715884105728"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char text[MONEY_TEXT_MAX];
        size_t size = money_format(int128_of(rows[i].pico), text);
        assert_int(rows[i].what, size, strlen(text));
        assert_span(rows[i].what, span_of(text), rows[i].text);
    }
}

static void whole_digits_are_written_exactly(void **state)
{
    static const char *const rows[] = {"0", "7", "-1", "170141183460469231731687303715884105727",
                                       "-170141183460469231731687303715884105728"};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_money(rows[i], int128_of(rows[i]), rows[i]);
}

static void cents_have_two_digits(void **state)
{
    static const struct {
        int64_t minor;
        const char *text;
    } rows[] = {
        {0, "0.00"},
        {5, "0.05"},
        {-5, "-0.05"},
        {99, "0.99"},
        {100, "1.00"},
        {208899, "2088.99"},
        {-1234, "-12.34"},
        {INT64_MAX, "92233720368547758.07"},
        {INT64_MIN, "-92233720368547758.08"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char text[MONEY_TEXT_MAX];
        money_format_minor(rows[i].minor, text);
        assert_span(rows[i].text, span_of(text), rows[i].text);
    }
}

static void amounts_are_read_exactly_or_not_at_all(void **state)
{
    static const struct {
        const char *what, *text;
        int outcome;
        int64_t pico;
    } rows[] = {
        {"a unit", "1", 0, PICO_PER_UNIT},
        {"a unit and a quarter", "1.25", 0, INT64_C(1250000000000)},
        {"negative", "-3", 0, -3 * PICO_PER_UNIT},
        {"minus nothing", "-0.0", 0, 0},
        {"the smallest", "0.000000000001", 0, 1},
        {"leading zeros", "007.5", 0, INT64_C(7500000000000)},
        {"zeros past the twelfth decimal", "0.00000000000100000", 0, 1},
        {"a thirteenth decimal", "0.0000000000001", -EINVAL, 0},
        {"a thirteenth decimal that would not round", "1.0000000000014", -EINVAL, 0},
        {"the largest", "9223372.036854775807", 0, INT64_MAX},
        {"one more", "9223372.036854775808", -ERANGE, 0},
        {"the smallest of all", "-9223372.036854775808", 0, INT64_MIN},
        {"far too large", "100000000000000000000000000000000000000000", -ERANGE, 0},
        {"an exponent", "2e-6", -EINVAL, 0},
        {"a capital exponent", "2E6", -EINVAL, 0},
        {"empty", "", -EINVAL, 0},
        {"a minus", "-", -EINVAL, 0},
        {"no digit before the point", ".5", -EINVAL, 0},
        {"no digit behind the point", "5.", -EINVAL, 0},
        {"two points", "1.2.3", -EINVAL, 0},
        {"a plus", "+1", -EINVAL, 0},
        {"a comma", "1,000", -EINVAL, 0},
        {"a blank", "1 ", -EINVAL, 0},
        {"a currency", "$1", -EINVAL, 0},
        {"not a number", "nan", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t pico = 0;
        assert_int(rows[i].what, money_parse(span_of(rows[i].text), &pico), rows[i].outcome);
        assert_int(rows[i].what, pico, rows[i].pico);
    }
}

static void prices_are_whole_pico_per_unit(void **state)
{
    static const struct {
        const char *what, *text;
        int outcome;
        int64_t pico;
    } rows[] = {
        {"text-embedding-3-small", "0.02", 0, 20000},
        {"gpt-4.1 in", "2", 0, 2000000},
        {"gpt-4.1 out", "8", 0, 8000000},
        {"claude-sonnet-4.5 cache write", "3.75", 0, 3750000},
        {"gemini-2.5-pro cache read", "0.125", 0, 125000},
        {"as Python writes it", "2.00", 0, 2000000},
        {"free", "0", 0, 0},
        {"free with an exponent", "0e99999999999999999999", 0, 0},
        {"an exponent", "2e-2", 0, 20000},
        {"a capital exponent with a sign", "2E+1", 0, 20000000},
        {"the sixth decimal", "0.000001", 0, 1},
        {"the seventh rounds up from the half", "0.0000005", 0, 1},
        {"and down below it", "0.00000049999999999", 0, 0},
        {"a noisy float, upwards", "0.19999999999999998", 0, 200000},
        {"a noisy float, downwards", "0.30000000000000004", 0, 300000},
        {"many nines carry", "0.9999999", 0, 1000000},
        {"many zeros and an exponent", "0.00000000000000000002e18", 0, 20000},
        {"vanishingly small", "1e-999999999999999999999", 0, 0},
        {"the largest", "9223372036854.775807", 0, INT64_MAX},
        {"one more", "9223372036854.775808", -ERANGE, 0},
        {"the half above the largest", "9223372036854.7758075", -ERANGE, 0},
        {"vastly large", "1e999999999999999999999", -ERANGE, 0},
        {"negative", "-1", -EINVAL, 0},
        {"minus nothing", "-0", -EINVAL, 0},
        {"empty", "", -EINVAL, 0},
        {"a word", "free", -EINVAL, 0},
        {"an exponent without digits", "1e", -EINVAL, 0},
        {"an exponent with a point", "1e1.5", -EINVAL, 0},
        {"a blank", " 1", -EINVAL, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t pico = 0;
        assert_int(rows[i].what, money_parse_price_per_million(span_of(rows[i].text), &pico),
                   rows[i].outcome);
        assert_int(rows[i].what, pico, rows[i].pico);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(division_rounds_halves_away_from_zero),
        cmocka_unit_test(a_markup_is_rounded_once),
        cmocka_unit_test(a_purchase_costs_its_fee),
        cmocka_unit_test(only_what_fits_is_narrowed),
        cmocka_unit_test(pico_are_written_as_units),
        cmocka_unit_test(whole_digits_are_written_exactly),
        cmocka_unit_test(cents_have_two_digits),
        cmocka_unit_test(amounts_are_read_exactly_or_not_at_all),
        cmocka_unit_test(prices_are_whole_pico_per_unit),
    };

    return run_test_table(tests);
}
