/*
 * Tests of invoice lines: exact products, what brings them to the charges, cents that add up.
 */
#include "billing/invoice/lines.h"

#include <errno.h>

#include "billing/invoice/wide.h"
#include "tests/support/testing.h"

#define USD(n) ((int128)(n)*PICO_PER_UNIT)

static const struct price_rate gpt_rates[] = {
    {METER_INPUT, MODE_STANDARD, 0, 2000000},
    {METER_OUTPUT, MODE_STANDARD, 0, 8000000},
};
static const struct price_version gpt = {.rates = gpt_rates, .rate_count = array_size(gpt_rates)};

static const struct price_rate gemini_rates[] = {
    {METER_INPUT, MODE_STANDARD, 0, 1250000},        {METER_OUTPUT, MODE_STANDARD, 0, 10000000},
    {METER_CACHE_READ, MODE_STANDARD, 0, 125000},    {METER_INPUT, MODE_STANDARD, 200000, 2500000},
    {METER_OUTPUT, MODE_STANDARD, 200000, 15000000}, {METER_REASONING, MODE_STANDARD, 0, 20000000},
};
static const struct price_version gemini = {.rates = gemini_rates,
                                            .rate_count = array_size(gemini_rates)};

static struct uuid id(uint8_t last)
{
    return (struct uuid){.at[15] = last};
}

/* Sums the events as rollups do, each rated as billing rates it. */
static void add_event(struct usage_sum *sum, const struct meters *meters,
                      const struct rate_terms *terms)
{
    struct rated rated;
    assert_int_equal(rate_event(meters, sum->mode, sum->price, terms, &rated, NULL), RATE_OK);
    sum->context_tier = rated.context_tier;
    for (int m = 0; m < METERS; m++)
        sum->meters.count[m] += meters->count[m];
    sum->base_pico += rated.base_pico;
    sum->discount_pico += rated.discount_pico;
    sum->charge_pico += rated.charge_pico;
}

static struct invoice_lines make(const struct invoice_basis *basis, struct arena *arena)
{
    struct invoice_lines lines;
    int128 pico = 0;
    int64_t minor = 0, total;
    assert_int_equal(lines_make(basis, arena, &lines), 0);
    total = lines_round(&lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct invoice_line *line = &lines.at[i];
        pico += line->amount_pico;
        minor += line->amount_minor;
        if (line->meter != METERS)
            assert_true((int128)line->quantity * line->pico_per_unit == line->amount_pico);
    }
    assert_true(pico == lines.total_pico);
    assert_int("cents add up", minor, total);
    assert_true(lines.total_pico ==
                lines.charge_pico + lines.fees_pico - lines.volume_discount_pico);
    return lines;
}

static void lines_add_up_to_the_charges_of_the_events(void **state)
{
    static const struct {
        const char *what;
        const struct price_version *price;
        struct rate_terms terms;
        int64_t input, output, reasoning, cache_read, write_1h;
        int events;
        size_t lines;
    } rows[] = {
        {"one event of gpt-4.1 on Free", &gpt, {.markup_ppm = 100000}, 1234, 567, 0, 0, 0, 1, 3},
        {"many roundings of a markup", &gpt, {.markup_ppm = 33333}, 7, 3, 0, 0, 0, 997, 3},
        {"a discount before the markup",
         &gpt,
         {.discount_ppm = 123457, .markup_ppm = 50000, .fixed_pico = 17},
         11,
         13,
         0,
         0,
         0,
         31,
         4},
        {"no markup, no line of it", &gpt, {0}, 1, 1, 0, 0, 0, 3, 2},
        {"reasoning with a price of its own",
         &gemini,
         {.markup_ppm = 30000},
         5,
         100,
         60,
         0,
         0,
         7,
         4},
        {"reasoning without one", &gpt, {.markup_ppm = 30000}, 5, 100, 60, 0, 0, 7, 3},
        {"the higher context tier",
         &gemini,
         {.markup_ppm = 30000},
         200000,
         1000,
         0,
         50000,
         0,
         2,
         4},
        {"exactly the threshold", &gemini, {.markup_ppm = 30000}, 150000, 1000, 0, 50000, 0, 2, 4},
        {"a meter without a price falls back", &gpt, {.markup_ppm = 30000}, 5, 6, 0, 7, 8, 3, 5},
        {"all of output was reasoning", &gemini, {0}, 5, 60, 60, 0, 0, 1, 2},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 16, 1 << 20);
        struct usage_sum sum = {.price = rows[i].price, .model = span_of("m"), .key = id(1)};
        struct invoice_basis basis = {.sums = &sum, .sum_count = 1, .volume_threshold_pico = -1};
        struct meters meters = {{0}, 0};
        struct invoice_lines lines;
        meters_set(&meters, METER_INPUT, rows[i].input);
        meters_set(&meters, METER_OUTPUT, rows[i].output);
        meters_set(&meters, METER_REASONING, rows[i].reasoning);
        meters_set(&meters, METER_CACHE_READ, rows[i].cache_read);
        meters_set(&meters, METER_CACHE_WRITE_1H, rows[i].write_1h);
        for (int n = 0; n < rows[i].events; n++)
            add_event(&sum, &meters, &rows[i].terms);
        lines = make(&basis, arena);
        in_row(rows[i].what, lines.total_pico == sum.charge_pico);
        assert_int(rows[i].what, lines.count, rows[i].lines);
        assert_int(rows[i].what, lines.unsplit, 0);
        arena_free(arena);
    }
}

static void grains_of_the_same_thing_become_one_line(void **state)
{
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct usage_sum sums[] = {
        {.model = span_of("b"), .key = id(1), .price = &gpt, .price_version = id(9)},
        {.model = span_of("a"), .key = id(2), .price = &gpt, .price_version = id(9)},
        {.model = span_of("a"), .key = id(1), .price = &gpt, .price_version = id(9)},
        {.model = span_of("a"), .key = id(1), .price = &gpt, .price_version = id(8)},
        {.model = span_of("a"), .key = id(1), .price = &gpt, .price_version = id(9)},
        {.model = span_of("a"), .key = id(1), .price = &gpt, .price_version = id(9), .late = true},
    };
    struct invoice_basis basis = {
        .sums = sums, .sum_count = array_size(sums), .volume_threshold_pico = -1};
    struct meters meters = {{0}, 0};
    struct invoice_lines lines;
    (void)state;
    meters_set(&meters, METER_INPUT, 10);
    for (size_t i = 0; i < array_size(sums); i++)
        add_event(&sums[i], &meters, &(struct rate_terms){0});
    lines = make(&basis, arena);
    assert_int("lines", lines.count, 5);
    assert_span("first", lines.at[0].description, "a: input");
    assert_int("version 8", lines.at[0].quantity, 10);
    assert_int("version 9, twice", lines.at[1].quantity, 20);
    assert_true(uuid_equal(lines.at[2].key, id(2)));
    assert_span("other model", lines.at[3].model, "b");
    assert_int("late", lines.at[4].kind, LINE_LATE_USAGE);
    assert_span("late", lines.at[4].description, "a: input (late)");
    arena_free(arena);
}

static void what_was_not_charged_is_a_line_of_its_own(void **state)
{
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct usage_sum sum = {
        .price = &gpt, .model = span_of("m"), .plan = span_of("Pro"), .markup_ppm = 50000};
    struct invoice_basis basis = {.sums = &sum, .sum_count = 1, .volume_threshold_pico = -1};
    struct meters meters = {{0}, 0};
    struct invoice_lines lines;
    (void)state;
    meters_set(&meters, METER_INPUT, 1000);
    add_event(&sum, &meters, &(struct rate_terms){.markup_ppm = 50000});
    sum.overrun_pico = 123;
    sum.charge_pico -= 123;
    lines = make(&basis, arena);
    assert_int("lines", lines.count, 3);
    assert_money("usage", lines.at[0].amount_pico, "2000000000");
    assert_span("markup", lines.at[1].description, "Pro: markup of 5 %");
    assert_money("markup", lines.at[1].amount_pico, "100000000");
    assert_int("overrun", lines.at[2].kind, LINE_OVERRUN);
    assert_money("overrun", lines.at[2].amount_pico, "-123");
    arena_free(arena);
}

static void what_prices_do_not_explain_stays_whole(void **state)
{
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct usage_sum sums[] = {
        {.price = &gpt, .model = span_of("m"), .base_pico = 7, .charge_pico = 8},
        {.price = NULL, .model = span_of("n"), .base_pico = 9, .charge_pico = 9},
    };
    struct invoice_basis basis = {.sums = sums, .sum_count = 2, .volume_threshold_pico = -1};
    struct invoice_lines lines;
    (void)state;
    meters_set(&sums[0].meters, METER_INPUT, 1);
    lines = make(&basis, arena);
    assert_int("unsplit", lines.unsplit, 2);
    assert_span("said", lines.at[0].description, "m: all meters");
    assert_money("all", lines.total_pico, "17");
    arena_free(arena);
}

static void volume_discounts_are_marginal_and_leave_the_floor(void **state)
{
    static const struct {
        const char *what;
        int128 base, charge, cost, threshold;
        int32_t discount_ppm, floor_ppm;
        const char *discount;
    } rows[] = {
        {"Pro, base 2,000", USD(2000), USD(2100), 0, USD(1000), 20000, 0, "21000000000000"},
        {"exactly the threshold", USD(1000), USD(1050), 0, USD(1000), 20000, 0, "0"},
        {"a pico above it, rounded", USD(1000) + 1, USD(1050) + 1, 0, USD(1000), 20000, 0, "0"},
        {"26 pico above it", USD(1000) + 26, USD(1050) + 27, 0, USD(1000), 20000, 0, "1"},
        {"no discount in the plan", USD(2000), USD(2100), 0, -1, 0, 0, "0"},
        {"the cost leaves less", USD(2000), USD(2100), USD(2090), USD(1000), 20000, 0,
         "10000000000000"},
        {"the cost leaves nothing", USD(2000), USD(2100), USD(2200), USD(1000), 20000, 0, "0"},
        {"cost and 5 % leave nothing", USD(2000), USD(2100), USD(2000), USD(1000), 20000, 50000,
         "0"},
        {"cost and 4.5 %", USD(2000), USD(2100), USD(2000), USD(1000), 20000, 45000,
         "10000000000000"},
        {"what is left is rounded up", USD(2), 10, 3, 0, 1000000, 100000, "6"},
        {"a billion dollars", USD(1000000000), USD(1050000000), 0, USD(1000), 20000, 0,
         "20999979000000000000"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct invoice_basis basis = {.cost_pico = rows[i].cost,
                                      .volume_threshold_pico = rows[i].threshold,
                                      .volume_discount_ppm = rows[i].discount_ppm,
                                      .margin_floor_ppm = rows[i].floor_ppm};
        assert_money(rows[i].what, lines_volume_discount(&basis, rows[i].base, rows[i].charge),
                     rows[i].discount);
    }
}

static void pro_with_a_base_of_2000_owes_2088_99(void **state)
{
    static const struct invoice_fee fee = {LINE_SUBSCRIPTION, {"fee", 3}, 999};
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct usage_sum sum = {.price = &gpt, .model = span_of("m")};
    struct invoice_basis basis = {.sums = &sum,
                                  .sum_count = 1,
                                  .fees = &fee,
                                  .fee_count = 1,
                                  .cost_pico = USD(1800),
                                  .volume_threshold_pico = USD(1000),
                                  .volume_discount_ppm = 20000};
    struct meters meters = {{0}, 0};
    struct invoice_lines lines;
    (void)state;
    meters_set(&meters, METER_INPUT, 1000000);
    for (int i = 0; i < 1000; i++)
        add_event(&sum, &meters, &(struct rate_terms){.markup_ppm = 50000});
    lines = make(&basis, arena);
    assert_int("lines", lines.count, 4);
    assert_int("usage", lines.at[0].amount_minor, 200000);
    assert_int("markup", lines.at[1].amount_minor, 10000);
    assert_int("volume", lines.at[2].amount_minor, -2100);
    assert_int("fee", lines.at[3].amount_minor, 999);
    assert_money("total", lines.total_pico, "2088990000000000");
    arena_free(arena);
}

static void a_minimum_is_one_line_up_to_it(void **state)
{
    static const struct {
        const char *what;
        int128 charge;
        int64_t minimum_minor;
        const char *total;
        size_t lines;
    } rows[] = {
        {"above it", USD(11), 1000, "11000000000000", 1},
        {"exactly it", USD(10), 1000, "10000000000000", 1},
        {"a pico below", USD(10) - 1, 1000, "10000000000000", 2},
        {"nothing used", 0, 1000, "10000000000000", 2},
        {"no minimum", 0, 0, "0", 1},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 16, 1 << 20);
        struct usage_sum sum = {.base_pico = rows[i].charge, .charge_pico = rows[i].charge};
        struct invoice_basis basis = {.sums = &sum,
                                      .sum_count = 1,
                                      .volume_threshold_pico = -1,
                                      .minimum_minor = rows[i].minimum_minor};
        struct invoice_lines lines = make(&basis, arena);
        assert_money(rows[i].what, lines.total_pico, rows[i].total);
        assert_int(rows[i].what, lines.count, rows[i].lines);
        arena_free(arena);
    }
}

static void cents_go_to_the_largest_remainders(void **state)
{
#define CENT PICO_PER_CENT
    static const struct {
        const char *what;
        size_t count;
        int64_t pico[4], minor[4], total;
    } rows[] = {
        {"thirds of a cent", 3, {CENT / 3, CENT / 3, CENT / 3}, {1, 0, 0}, 1},
        {"half a cent goes up", 1, {CENT / 2}, {1}, 1},
        {"a pico less does not", 1, {CENT / 2 - 1}, {0}, 0},
        {"minus half a cent goes down", 1, {-CENT / 2}, {-1}, -1},
        {"the larger remainder first", 2, {CENT / 4, CENT / 4 * 3}, {0, 1}, 1},
        {"a tie goes to the earlier", 4, {CENT / 2, CENT / 2, CENT / 2, CENT / 2}, {1, 1, 0, 0}, 2},
        {"a negative line", 2, {CENT + CENT / 10 * 9, -CENT / 10}, {2, 0}, 2},
        {"negative in all", 2, {CENT / 10, -CENT * 2 - CENT / 10 * 8}, {0, -3}, -3},
        {"whole cents stay", 2, {CENT * 5, CENT / 10 * 6}, {5, 1}, 6},
        {"nothing", 0, {0}, {0}, 0},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct invoice_line at_[4] = {{.amount_pico = 0}};
        struct invoice_lines lines = {.at = at_, .count = rows[i].count};
        for (size_t n = 0; n < rows[i].count; n++) {
            at_[n].amount_pico = rows[i].pico[n];
            lines.total_pico += rows[i].pico[n];
        }
        assert_int(rows[i].what, lines_round(&lines), rows[i].total);
        for (size_t n = 0; n < rows[i].count; n++)
            assert_int(rows[i].what, at_[n].amount_minor, rows[i].minor[n]);
    }
#undef CENT
}

static void more_than_an_invoice_holds_is_refused(void **state)
{
    struct arena *arena = arena_new(1 << 16, 1 << 20);
    struct usage_sum sum = {.base_pico = 0, .charge_pico = USD(INT64_MAX / 100)};
    struct invoice_basis basis = {.sums = &sum, .sum_count = 1, .volume_threshold_pico = -1};
    struct invoice_lines lines;
    (void)state;
    assert_int("money", lines_make(&basis, arena, &lines), -ERANGE);
    basis.sum_count = INVOICE_LINES_MAX + 1;
    assert_int("lines", lines_make(&basis, arena, &lines), -EFBIG);
    arena_free(arena);
}

static void wide_products_are_exact(void **state)
{
    static const struct {
        const char *what;
        int128 a, b, c;
        const char *result;
    } rows[] = {
        {"small", 7, 3, 2, "11"},
        {"rounds down", 5, 1, 4, "1"},
        {"nothing", 0, 5, 3, "0"},
        {"past 128 bits", (int128)1 << 120, (int128)1 << 120, (int128)1 << 124,
         "83076749736557242056487941267521536"},
        {"its own inverse", ((int128)1 << 124) - 1, ((int128)1 << 124) - 3, ((int128)1 << 124) - 1,
         "21267647932558653966460912964485513213"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_money(rows[i].what, wide_multiply_divide(rows[i].a, rows[i].b, rows[i].c),
                     rows[i].result);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_add_up_to_the_charges_of_the_events),
        cmocka_unit_test(grains_of_the_same_thing_become_one_line),
        cmocka_unit_test(what_was_not_charged_is_a_line_of_its_own),
        cmocka_unit_test(what_prices_do_not_explain_stays_whole),
        cmocka_unit_test(volume_discounts_are_marginal_and_leave_the_floor),
        cmocka_unit_test(pro_with_a_base_of_2000_owes_2088_99),
        cmocka_unit_test(a_minimum_is_one_line_up_to_it),
        cmocka_unit_test(cents_go_to_the_largest_remainders),
        cmocka_unit_test(more_than_an_invoice_holds_is_refused),
        cmocka_unit_test(wide_products_are_exact),
    };
    return run_test_table(tests);
}
