#include "tests/support/testing.h"

#include "billing/rate/rate.h"
#include "gateway/meter/units.h"

enum { RATES_MAX = 4 };

static struct price_version price_of(const struct price_rate rates[RATES_MAX])
{
    uint32_t count = 0;

    while (count < RATES_MAX && rates[count].pico_per_unit > 0)
        count++;
    return (struct price_version){.rates = rates, .rate_count = count};
}

#define COUNT(meter, n) .count[meter] = (n), .present = UINT32_C(1) << (meter)

static void the_price_says_by_what_is_paid(void **state)
{
    static const struct meters none = {0}, image = {COUNT(METER_IMAGE, 2)},
                               tokens = {.count[METER_INPUT] = 5,
                                         .count[METER_OUTPUT_IMAGE] = 7,
                                         .present = 1u << METER_INPUT | 1u << METER_OUTPUT_IMAGE},
                               seconds = {COUNT(METER_SECOND, 9)},
                               counted = {.count[METER_INPUT] = 50,
                                          .count[METER_OUTPUT_IMAGE] = 70,
                                          .count[METER_IMAGE] = 3,
                                          .count[METER_SECOND] = 90,
                                          .count[METER_REQUEST] = 1,
                                          .present = 1u << METER_INPUT | 1u << METER_OUTPUT_IMAGE |
                                                     1u << METER_IMAGE | 1u << METER_SECOND |
                                                     1u << METER_REQUEST};
    static const struct {
        const char *what;
        struct price_rate rates[RATES_MAX];
        const struct meters *told, *seen;
        int64_t input, output_image, image, second, request; /* -1: no meter of the event */
        bool counted;
    } rows[] = {
        {"by tokens, told",
         {{METER_INPUT, 0, 0, 1}, {METER_OUTPUT, 0, 0, 1}},
         &tokens,
         &image,
         5,
         7,
         -1,
         -1,
         -1,
         false},
        {"by tokens, not told",
         {{METER_INPUT, 0, 0, 1}, {METER_OUTPUT_IMAGE, 0, 0, 1}},
         &none,
         &image,
         50,
         70,
         -1,
         -1,
         -1,
         true},
        {"by pictures, seen", {{METER_IMAGE, 0, 0, 1}}, &tokens, &image, -1, -1, 2, -1, -1, false},
        {"by pictures, not seen",
         {{METER_IMAGE, 0, 0, 1}},
         &tokens,
         &none,
         -1,
         -1,
         3,
         -1,
         -1,
         true},
        {"by both",
         {{METER_INPUT, 0, 0, 1}, {METER_IMAGE, 0, 0, 1}},
         &tokens,
         &image,
         5,
         -1,
         2,
         -1,
         -1,
         false},
        {"by the second, told",
         {{METER_SECOND, 0, 0, 1}},
         &seconds,
         &none,
         -1,
         -1,
         -1,
         9,
         -1,
         false},
        {"told wins over seen",
         {{METER_SECOND, 0, 0, 1}},
         &seconds,
         &seconds,
         -1,
         -1,
         -1,
         9,
         -1,
         false},
        {"by the call", {{METER_REQUEST, 0, 0, 1}}, &tokens, &none, -1, -1, -1, -1, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct price_version price = price_of(rows[i].rates);
        const struct units units = {rows[i].told, rows[i].seen, &counted};
        const struct {
            enum meter meter;
            int64_t wanted;
        } wanted[] = {{METER_INPUT, rows[i].input},
                      {METER_OUTPUT_IMAGE, rows[i].output_image},
                      {METER_IMAGE, rows[i].image},
                      {METER_SECOND, rows[i].second},
                      {METER_REQUEST, rows[i].request}};
        bool own;
        struct meters meters = units_of(&units, &price, &own);

        assert_int(rows[i].what, own, rows[i].counted);
        for (size_t m = 0; m < array_size(wanted); m++)
            assert_int(rows[i].what,
                       meters_has(&meters, wanted[m].meter) ? meters.count[wanted[m].meter] : -1,
                       wanted[m].wanted);
    }
}

static void what_is_reserved_bounds_each_dimension(void **state)
{
    static const struct {
        const char *what;
        struct price_rate rates[RATES_MAX];
        struct rate_bounds bounds;
        enum rate_outcome outcome;
        int64_t charge;
    } rows[] = {
        {"pictures",
         {{METER_IMAGE, 0, 0, 40}},
         {.input = 9, .output = 9, .units = {COUNT(METER_IMAGE, 3)}},
         RATE_OK,
         120},
        {"the dearer class of tokens",
         {{METER_INPUT, 0, 0, 2}, {METER_INPUT_IMAGE, 0, 0, 5}},
         {.input = 10, .output = 7},
         RATE_OK,
         50},
        {"both sides and the call",
         {{METER_INPUT, 0, 0, 2}, {METER_OUTPUT, 0, 0, 3}, {METER_REQUEST, 0, 0, 100}},
         {.input = 10, .output = 7, .units = {COUNT(METER_REQUEST, 2)}},
         RATE_OK,
         241},
        {"no price", {{0}}, {.input = 1}, RATE_NO_PRICE, 0},
        {"more than can be",
         {{METER_SECOND, 0, 0, 1}},
         {.units = {COUNT(METER_SECOND, 10000001)}},
         RATE_BAD_QUANTITY,
         0},
        {"below nothing", {{METER_INPUT, 0, 0, 1}}, {.input = -1}, RATE_BAD_QUANTITY, 0},
        {"out of range",
         {{METER_SECOND, 0, 0, INT64_MAX}},
         {.units = {COUNT(METER_SECOND, 3)}},
         RATE_OVERFLOW,
         0},
    };
    static const struct rate_terms terms = {0};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct price_version price = price_of(rows[i].rates);
        int64_t charge = 0;

        assert_int(rows[i].what,
                   rate_worst_case_units(&rows[i].bounds, MODE_STANDARD, &price, &terms, &charge),
                   rows[i].outcome);
        assert_int(rows[i].what, charge, rows[i].charge);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_price_says_by_what_is_paid),
        cmocka_unit_test(what_is_reserved_bounds_each_dimension),
    };

    return run_test_table(tests);
}
