/* The lines of a request add up to its base, whatever was counted; where they cannot, there are
 * none. */
#include "tenants/api/cost_lines.h"

#include "tests/support/testing.h"

static const struct price_rate plain_rates[] = {
    {.meter = METER_INPUT, .pico_per_unit = 1000},
    {.meter = METER_OUTPUT, .pico_per_unit = 4000},
};
static const struct price_rate rich_rates[] = {
    {.meter = METER_INPUT, .pico_per_unit = 1000},
    {.meter = METER_OUTPUT, .pico_per_unit = 4000},
    {.meter = METER_REASONING, .pico_per_unit = 9000},
    {.meter = METER_CACHE_READ, .pico_per_unit = 100},
    {.meter = METER_CACHE_WRITE_5M, .pico_per_unit = 1250},
    {.meter = METER_WEB_SEARCH, .pico_per_unit = 10000000},
    {.meter = METER_INPUT, .context_over = 200, .pico_per_unit = 2000},
    {.meter = METER_OUTPUT, .context_over = 200, .pico_per_unit = 6000},
    {.meter = METER_INPUT, .mode = MODE_BATCH, .pico_per_unit = 500},
};
static const struct price_version plain = {.rates = plain_rates,
                                           .rate_count = array_size(plain_rates)};
static const struct price_version doubled = {.rates = plain_rates,
                                             .rate_count = array_size(plain_rates),
                                             .one_hour_write_twice_input = true};
static const struct price_version rich = {.rates = rich_rates,
                                          .rate_count = array_size(rich_rates)};

enum { COUNTS_MAX = 5 };
struct row {
    const char *what;
    const struct price_version *price;
    enum price_mode mode;
    struct {
        enum meter meter;
        int64_t count;
    } counts[COUNTS_MAX]; /* ends with a count of 0 */
    int64_t base_pico;
    bool explained;
    const char *lines; /* as JSON */
};

static void lines_add_up_to_the_base(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"prompt and answer",
         &plain,
         MODE_STANDARD,
         {{METER_INPUT, 100}, {METER_OUTPUT, 10}},
         140000,
         true,
         "[{\"meter\":\"input\",\"priced_as\":\"input\",\"quantity\":100,\"per_million\":\"0.001\","
         "\"amount\":\"0.0000001\"},{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":10,"
         "\"per_million\":\"0.004\",\"amount\":\"0.00000004\"}]"},
        {"reasoning without a price stays in the output",
         &plain,
         MODE_STANDARD,
         {{METER_OUTPUT, 10}, {METER_REASONING, 7}},
         40000,
         true,
         "[{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":10,\"per_million\":"
         "\"0.004\",\"amount\":\"0.00000004\"}]"},
        {"reasoning with a price is taken off the output",
         &rich,
         MODE_STANDARD,
         {{METER_OUTPUT, 10}, {METER_REASONING, 7}},
         75000,
         true,
         "[{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":3,\"per_million\":\"0.004\","
         "\"amount\":\"0.000000012\"},{\"meter\":\"reasoning\",\"priced_as\":\"reasoning\","
         "\"quantity\":7,\"per_million\":\"0.009\",\"amount\":\"0.000000063\"}]"},
        {"a cache without prices takes the input's, an hour of Anthropic's twice",
         &doubled,
         MODE_STANDARD,
         {{METER_CACHE_READ, 5}, {METER_CACHE_WRITE_1H, 3}},
         11000,
         true,
         "[{\"meter\":\"cache_read\",\"priced_as\":\"input\",\"quantity\":5,\"per_million\":"
         "\"0.001\",\"amount\":\"0.000000005\"},{\"meter\":\"cache_write_1h\",\"priced_as\":"
         "\"input\",\"quantity\":3,\"per_million\":\"0.002\",\"amount\":\"0.000000006\"}]"},
        {"a long prompt moves the whole request, its cached part counted in",
         &rich,
         MODE_STANDARD,
         {{METER_INPUT, 101}, {METER_CACHE_READ, 100}, {METER_OUTPUT, 1}},
         218000,
         true,
         "[{\"meter\":\"input\",\"priced_as\":\"input\",\"quantity\":101,\"per_million\":\"0.002\","
         "\"amount\":\"0.000000202\"},{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":"
         "1,\"per_million\":\"0.006\",\"amount\":\"0.000000006\"},{\"meter\":\"cache_read\","
         "\"priced_as\":\"cache_read\",\"quantity\":100,\"per_million\":\"0.0001\",\"amount\":"
         "\"0.00000001\"}]"},
        {"exactly the threshold stays low",
         &rich,
         MODE_STANDARD,
         {{METER_INPUT, 200}},
         200000,
         true,
         "[{\"meter\":\"input\",\"priced_as\":\"input\",\"quantity\":200,\"per_million\":\"0.001\","
         "\"amount\":\"0.0000002\"}]"},
        {"another mode",
         &rich,
         MODE_BATCH,
         {{METER_INPUT, 2}, {METER_OUTPUT, 1}},
         5000,
         true,
         "[{\"meter\":\"input\",\"priced_as\":\"input\",\"quantity\":2,\"per_million\":\"0.0005\","
         "\"amount\":\"0.000000001\"},{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":"
         "1,\"per_million\":\"0.004\",\"amount\":\"0.000000004\"}]"},
        {"a search",
         &rich,
         MODE_STANDARD,
         {{METER_WEB_SEARCH, 2}},
         20000000,
         true,
         "[{\"meter\":\"web_search\",\"priced_as\":\"web_search\",\"quantity\":2,\"per_million\":"
         "\"10\",\"amount\":\"0.00002\"}]"},
        {"nothing charged", &plain, MODE_STANDARD, {{METER_INPUT, 100}}, 0, true, "[]"},
        {"nothing charged, and no price", NULL, MODE_STANDARD, {{METER_INPUT, 9}}, 0, true, "[]"},
        {"a price that may not be seen",
         NULL,
         MODE_STANDARD,
         {{METER_INPUT, 9}},
         9000,
         false,
         "[]"},
        {"another base", &plain, MODE_STANDARD, {{METER_INPUT, 9}}, 9001, false, "[]"},
        {"a meter without a price", &plain, MODE_STANDARD, {{METER_IMAGE, 1}}, 5, false, "[]"},
        {"a mode without a price", &plain, MODE_FLEX, {{METER_INPUT, 9}}, 9000, false, "[]"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf text = buf_make(4096);
        struct json_writer w = json_writer_make(&text);
        struct request_priced priced = {.mode = rows[i].mode, .base_pico = rows[i].base_pico};
        struct rated lines;
        int128 sum = 0;
        for (int m = 0; m < COUNTS_MAX && rows[i].counts[m].count > 0; m++)
            meters_set(&priced.meters, rows[i].counts[m].meter, rows[i].counts[m].count);
        assert_int(rows[i].what, cost_lines_make(&priced, rows[i].price, &lines),
                   rows[i].explained);
        for (uint32_t n = 0; n < lines.line_count; n++)
            sum += lines.lines[n].amount_pico;
        in_row(rows[i].what, sum == (rows[i].explained ? rows[i].base_pico : 0));
        cost_lines_write(&lines, &w);
        assert_span(rows[i].what, buf_span(&text), rows[i].lines);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(lines_add_up_to_the_base)};
    return run_test_table(tests);
}
