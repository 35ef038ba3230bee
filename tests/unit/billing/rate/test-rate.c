/*
 * Rating: the worked examples of docs/billing.md, the fallbacks, the tiers, the limits.
 */
#include "tests/support/testing.h"

#include "billing/rate/rate.h"

#define R(m, o, p)                                                                                 \
    {                                                                                              \
        .meter = (m), .mode = MODE_STANDARD, .context_over = (o), .pico_per_unit = (p)             \
    }
#define VERSION(r)                                                                                 \
    {                                                                                              \
        .rates = (r), .rate_count = array_size(r)                                                  \
    }

static const struct price_rate embedding_rates[] = {R(METER_INPUT, 0, 20000)};
static const struct price_rate gpt_rates[] = {R(METER_INPUT, 0, 2000000),
                                              R(METER_OUTPUT, 0, 8000000)};
static const struct price_rate sonnet_rates[] = {
    R(METER_INPUT, 0, 3000000), R(METER_OUTPUT, 0, 15000000), R(METER_CACHE_WRITE_5M, 0, 3750000)};
static const struct price_rate plain_sonnet_rates[] = {R(METER_INPUT, 0, 3000000),
                                                       R(METER_OUTPUT, 0, 15000000)};
static const struct price_rate gemini_rates[] = {
    R(METER_INPUT, 0, 1250000),        R(METER_OUTPUT, 0, 10000000),
    R(METER_CACHE_READ, 0, 125000),    R(METER_INPUT, 200000, 2500000),
    R(METER_OUTPUT, 200000, 15000000), R(METER_CACHE_READ, 200000, 250000)};
static const struct price_rate pico_rates[] = {R(METER_INPUT, 0, 1)};
static const struct price_rate thinking_rates[] = {R(METER_INPUT, 0, 10), R(METER_OUTPUT, 0, 20),
                                                   R(METER_REASONING, 0, 50)};
static const struct price_rate request_rates[] = {R(METER_INPUT, 0, 10), R(METER_OUTPUT, 0, 20),
                                                  R(METER_REQUEST, 0, 1000),
                                                  R(METER_WEB_SEARCH, 0, 7)};
static const struct price_rate batch_rates[] = {
    R(METER_INPUT, 0, 10),
    R(METER_OUTPUT, 0, 20),
    R(METER_CACHE_READ, 0, 1),
    {.meter = METER_INPUT, .mode = MODE_BATCH, .pico_per_unit = 5},
    {.meter = METER_OUTPUT, .mode = MODE_BATCH, .pico_per_unit = 10}};
static const struct price_rate dear_rates[] = {R(METER_INPUT, 0, INT64_MAX / 2)};

static const struct price_version embedding = VERSION(embedding_rates), gpt = VERSION(gpt_rates),
                                  sonnet = VERSION(sonnet_rates),
                                  plain_sonnet = VERSION(plain_sonnet_rates),
                                  gemini = VERSION(gemini_rates), pico = VERSION(pico_rates),
                                  thinking = VERSION(thinking_rates),
                                  requests = VERSION(request_rates), batch = VERSION(batch_rates),
                                  dear = VERSION(dear_rates);
static const struct price_version anthropic = {.rates = sonnet_rates,
                                               .rate_count = array_size(sonnet_rates),
                                               .one_hour_write_twice_input = true};

static const struct rate_terms none = {0}, free_plan = {.markup_ppm = 100000},
                               pro = {.markup_ppm = 50000}, business = {.markup_ppm = 30000},
                               markup_5_5 = {.markup_ppm = 55000}, markup_500 = {.markup_ppm = 500},
                               discounted = {.discount_ppm = 100000, .markup_ppm = 50000},
                               fixed = {.markup_ppm = 50000, .fixed_pico = 7},
                               all_off = {.discount_ppm = 1000000};

struct quantities {
    int64_t in, out, reasoning, read, write_5m, write_1h, audio_in, audio_out, request, search;
};

static struct meters meters_of(struct quantities q)
{
    struct meters meters = {.present = 0};
    meters_set(&meters, METER_INPUT, q.in);
    meters_set(&meters, METER_OUTPUT, q.out);
    meters_set(&meters, METER_REASONING, q.reasoning);
    meters_set(&meters, METER_CACHE_READ, q.read);
    meters_set(&meters, METER_CACHE_WRITE_5M, q.write_5m);
    meters_set(&meters, METER_CACHE_WRITE_1H, q.write_1h);
    meters_set(&meters, METER_INPUT_AUDIO, q.audio_in);
    meters_set(&meters, METER_OUTPUT_AUDIO, q.audio_out);
    meters_set(&meters, METER_REQUEST, q.request);
    meters_set(&meters, METER_WEB_SEARCH, q.search);
    return meters;
}

static void events_come_to_the_pico(void **state)
{
    static const struct {
        const char *what;
        const struct price_version *price;
        const struct rate_terms *terms;
        enum price_mode mode;
        struct quantities q;
        int64_t base, charge, tier;
    } rows[] = {
        {"one token of text-embedding-3-small at 5.5 %",
         &embedding,
         &markup_5_5,
         MODE_STANDARD,
         {.in = 1},
         20000,
         21100,
         0},
        {"gpt-4.1 on Free",
         &gpt,
         &free_plan,
         MODE_STANDARD,
         {.in = 1234, .out = 567},
         7004000000,
         7704400000,
         0},
        {"gpt-4.1 on Pro",
         &gpt,
         &pro,
         MODE_STANDARD,
         {.in = 1234, .out = 567},
         7004000000,
         7354200000,
         0},
        {"gpt-4.1 on Business",
         &gpt,
         &business,
         MODE_STANDARD,
         {.in = 1234, .out = 567},
         7004000000,
         7214120000,
         0},
        {"gpt-4.1 on Business, input alone",
         &gpt,
         &business,
         MODE_STANDARD,
         {.in = 1000},
         2000000000,
         2060000000,
         0},
        {"gpt-4.1 on Business, output alone",
         &gpt,
         &business,
         MODE_STANDARD,
         {.out = 1000},
         8000000000,
         8240000000,
         0},
        {"gpt-4.1 on Business, both",
         &gpt,
         &business,
         MODE_STANDARD,
         {.in = 1000, .out = 1000},
         10000000000,
         10300000000,
         0},
        {"claude-sonnet-4.5 with a cache write",
         &sonnet,
         &pro,
         MODE_STANDARD,
         {.in = 3, .write_5m = 12304, .out = 550},
         54399000000,
         57118950000,
         0},
        {"gemini-2.5-pro above the threshold, cached included",
         &gemini,
         &business,
         MODE_STANDARD,
         {.in = 200000, .read = 50000, .out = 1000},
         527500000000,
         543325000000,
         200000},
        {"gemini-2.5-pro at exactly the threshold stays low",
         &gemini,
         &none,
         MODE_STANDARD,
         {.in = 150000, .read = 50000, .out = 1000},
         203750000000,
         203750000000,
         0},
        {"gemini-2.5-pro one above it moves as a whole",
         &gemini,
         &none,
         MODE_STANDARD,
         {.in = 150001, .read = 50000, .out = 1000},
         402502500000,
         402502500000,
         200000},
        {"1,000 pico at 500 ppm: half up",
         &pico,
         &markup_500,
         MODE_STANDARD,
         {.in = 1000},
         1000,
         1001,
         0},
        {"999 pico at 500 ppm: down", &pico, &markup_500, MODE_STANDARD, {.in = 999}, 999, 999, 0},
        {"sonnet on Pro, what the estimate reserves",
         &sonnet,
         &pro,
         MODE_STANDARD,
         {.in = 2000, .out = 4096},
         67440000000,
         70812000000,
         0},
        {"sonnet on Pro, what it settles at",
         &sonnet,
         &pro,
         MODE_STANDARD,
         {.in = 1950, .out = 800},
         17850000000,
         18742500000,
         0},
        {"reasoning without a rate is output, once",
         &gpt,
         &none,
         MODE_STANDARD,
         {.out = 100, .reasoning = 60},
         800000000,
         800000000,
         0},
        {"reasoning at its own rate, never twice",
         &thinking,
         &none,
         MODE_STANDARD,
         {.out = 100, .reasoning = 60},
         40 * 20 + 60 * 50,
         40 * 20 + 60 * 50,
         0},
        {"a cache read without a rate costs as input",
         &gpt,
         &none,
         MODE_STANDARD,
         {.read = 10},
         20000000,
         20000000,
         0},
        {"a cache write without a rate costs as input",
         &gpt,
         &none,
         MODE_STANDARD,
         {.write_5m = 10, .write_1h = 1},
         22000000,
         22000000,
         0},
        {"Anthropic's write for an hour costs twice the input",
         &anthropic,
         &none,
         MODE_STANDARD,
         {.write_1h = 10},
         60000000,
         60000000,
         0},
        {"audio without a rate costs as text",
         &gpt,
         &none,
         MODE_STANDARD,
         {.audio_in = 10, .audio_out = 10},
         100000000,
         100000000,
         0},
        {"a call without a rate for calls costs nothing more",
         &gpt,
         &none,
         MODE_STANDARD,
         {.in = 1, .request = 1},
         2000000,
         2000000,
         0},
        {"a call and a search with rates",
         &requests,
         &none,
         MODE_STANDARD,
         {.in = 1, .request = 1, .search = 3},
         1031,
         1031,
         0},
        {"batch rates, and the standard one where batch has none",
         &batch,
         &none,
         MODE_BATCH,
         {.in = 3, .out = 3, .read = 3},
         48,
         48,
         0},
        {"discount first, then markup, one rounding",
         &pico,
         &discounted,
         MODE_STANDARD,
         {.in = 1001},
         1001,
         946,
         0},
        {"a fixed part", &pico, &fixed, MODE_STANDARD, {.in = 1000}, 1000, 1057, 0},
        {"everything off", &pico, &all_off, MODE_STANDARD, {.in = 1000}, 1000, 0, 0},
        {"nothing used", &gpt, &pro, MODE_STANDARD, {.in = 0}, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct meters meters = meters_of(rows[i].q);
        struct rated rated;
        int64_t sum = 0, base;
        assert_int(rows[i].what,
                   rate_event(&meters, rows[i].mode, rows[i].price, rows[i].terms, &rated, NULL),
                   RATE_OK);
        assert_int(rows[i].what, rated.base_pico, rows[i].base);
        assert_int(rows[i].what, rated.charge_pico, rows[i].charge);
        assert_int(rows[i].what, rated.context_tier, rows[i].tier);
        for (uint32_t l = 0; l < rated.line_count; l++) {
            sum += rated.lines[l].amount_pico;
            in_row(rows[i].what, rated.lines[l].amount_pico ==
                                     rated.lines[l].quantity * rated.lines[l].pico_per_unit);
        }
        assert_int(rows[i].what, sum, rows[i].base);
        assert_int(rows[i].what, rate_base(&meters, rows[i].mode, rows[i].price, &base), RATE_OK);
        assert_int(rows[i].what, base, rows[i].base);
    }
}

static void what_cannot_be_priced_says_so(void **state)
{
    static const struct {
        const char *what;
        const struct price_version *price;
        enum price_mode mode;
        struct quantities q;
        enum rate_outcome outcome;
        enum meter meter;
    } rows[] = {
        {"a search without a rate",
         &gpt,
         MODE_STANDARD,
         {.search = 1},
         RATE_NO_PRICE,
         METER_WEB_SEARCH},
        {"output of a model without an output price",
         &embedding,
         MODE_STANDARD,
         {.out = 1},
         RATE_NO_PRICE,
         METER_OUTPUT},
        {"a mode that has no rates", &gpt, MODE_PRIORITY, {.in = 1}, RATE_NO_PRICE, METER_INPUT},
        {"a negative count",
         &gpt,
         MODE_STANDARD,
         {.in = 1, .out = -1},
         RATE_BAD_QUANTITY,
         METER_OUTPUT},
        {"more than ten million",
         &gpt,
         MODE_STANDARD,
         {.in = 10000001},
         RATE_BAD_QUANTITY,
         METER_INPUT},
        {"more reasoning than output",
         &gpt,
         MODE_STANDARD,
         {.out = 1, .reasoning = 2},
         RATE_BAD_QUANTITY,
         METER_REASONING},
        {"a product past 64 bits", &dear, MODE_STANDARD, {.in = 3}, RATE_OVERFLOW, METER_INPUT},
        {"ten million of the dearest",
         &dear,
         MODE_STANDARD,
         {.in = 10000000},
         RATE_OVERFLOW,
         METER_INPUT},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct meters meters = meters_of(rows[i].q);
        struct rated rated;
        enum meter meter = METERS;
        assert_int(rows[i].what,
                   rate_event(&meters, rows[i].mode, rows[i].price, &pro, &rated, &meter),
                   rows[i].outcome);
        assert_int(rows[i].what, meter, rows[i].meter);
    }
}

static void the_worst_case_bounds(void **state)
{
    static const struct {
        const char *what;
        const struct price_version *price;
        const struct rate_terms *terms;
        int64_t in, out, wanted;
    } rows[] = {
        {"sonnet on Pro", &plain_sonnet, &pro, 2000, 4096, 70812000000},
        {"the dearest input class", &sonnet, &none, 1000, 0, 3750000000},
        {"a write for an hour", &anthropic, &none, 1000, 0, 6000000000},
        {"below the threshold", &gemini, &none, 200000, 10, 250100000000},
        {"above it", &gemini, &none, 200001, 10, 500152500000},
        {"reasoning is the dearest output", &thinking, &none, 0, 10, 500},
        {"a call's own price", &requests, &none, 1, 1, 1030},
        {"no output, no output price needed", &embedding, &none, 10, 0, 200000},
    };
    int64_t charge;
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what,
                   rate_worst_case(rows[i].in, rows[i].out, MODE_STANDARD, rows[i].price,
                                   rows[i].terms, &charge),
                   RATE_OK);
        assert_int(rows[i].what, charge, rows[i].wanted);
    }
    assert_int("no output price", rate_worst_case(1, 1, MODE_STANDARD, &embedding, &none, &charge),
               RATE_NO_PRICE);
    assert_int("no mode", rate_worst_case(1, 1, MODE_FLEX, &gpt, &none, &charge), RATE_NO_PRICE);
    assert_int("negative", rate_worst_case(-1, 1, MODE_STANDARD, &gpt, &none, &charge),
               RATE_BAD_QUANTITY);
    assert_int("too dear", rate_worst_case(10, 0, MODE_STANDARD, &dear, &none, &charge),
               RATE_OVERFLOW);
}

static void only_what_has_a_price_above_0_is_sold(void **state)
{
    static const struct price_rate zero[] = {R(METER_INPUT, 0, 0), R(METER_OUTPUT, 0, 0)};
    static const struct price_rate tier_only[] = {R(METER_INPUT, 200000, 5)};
    static const struct price_version zeros = VERSION(zero), tiers = VERSION(tier_only),
                                      nothing = {.rates = NULL};
    (void)state;
    assert_true(rate_sellable(&gpt));
    assert_true(rate_sellable(&embedding));
    assert_false(rate_sellable(&zeros));
    assert_false(rate_sellable(&tiers));
    assert_false(rate_sellable(&nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_to_the_pico),
        cmocka_unit_test(what_cannot_be_priced_says_so),
        cmocka_unit_test(the_worst_case_bounds),
        cmocka_unit_test(only_what_has_a_price_above_0_is_sold),
    };
    return run_test_table(tests);
}
