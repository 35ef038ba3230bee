/*
 * catalog: see catalog.h.
 */
#include "tests/unit/gateway/models/catalog.h"

#include "gateway/snapshot/build.h"

#define S(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static struct provider_row providers[] = {{S("acme"), S("Acme AI"), false},
                                          {S("host"), S("Host & Sons"), false},
                                          {S("nobody"), S("Nobody"), false}};

static struct model_row models[] = {
    {.id = S("acme/big"),
     .name = S("Big"),
     .kind = S("chat"),
     .facts = S("{\"limits\":{\"context\":200000,\"output\":64000},\"capabilities\":{\"input\":"
                "[\"text\",\"image\",\"pdf\"],\"output\":[\"text\"],\"tools\":true,"
                "\"structured_output\":true,\"temperature\":true,\"reasoning\":true}}"),
     .released_ms = INT64_C(1700000000000),
     .first_deployment = 0,
     .deployment_count = 2},
    {.id = S("acme/small"),
     .name = S("Small & quick"),
     .kind = S("chat"),
     .facts = S("{\"limits\":{\"context\":8000},\"capabilities\":{\"input\":[\"text\"],"
                "\"output\":[\"text\"],\"tools\":false}}"),
     .released_ms = INT64_C(1790000000000),
     .deprecated = true,
     .first_deployment = 2,
     .deployment_count = 1},
    {.id = S("acme/vectors"),
     .name = S("Vectors"),
     .kind = S("embedding"),
     .facts = S("{\"limits\":{\"context\":8191},\"capabilities\":{\"input\":[\"text\"],"
                "\"output\":[\"text\"]}}"),
     .first_deployment = 3,
     .deployment_count = 1},
    {.id = S("other/gone"),
     .name = S("Gone"),
     .kind = S("chat"),
     .facts = S("{}"),
     .first_deployment = 4,
     .deployment_count = 1},
    {.id = S("other/old"),
     .name = S("Old"),
     .kind = S("chat"),
     .facts = S("{}"),
     .status = ROW_RETIRED,
     .first_deployment = 5,
     .deployment_count = 1},
    {.id = S("other/screen"),
     .name = S("Screen"),
     .kind = S("video"),
     .facts = S("{}"),
     .first_deployment = 6,
     .deployment_count = 1},
};

static struct alias_row aliases[] = {{S("large"), 0}};

#define DEPLOYMENT(number, of, at, upstream, words, can)                                           \
    {                                                                                              \
        .id = {{(number)}}, .model = (of), .provider = (at), .first_price = (number)-1,            \
        .price_count = 1, .upstream_id = S(upstream), .failure_domain = S(upstream),               \
        .dialect = S(words), .auth = S("bearer"), .base_url = S("https://example.com/v1"),         \
        .query = S(""), .capabilities = S(can), .region = S(""), .quantization = S("")             \
    }

#define BIG                                                                                        \
    "{\"input\":[\"text\",\"image\",\"pdf\"],\"output\":[\"text\"],\"tools\":true,"                \
    "\"structured_output\":true,\"temperature\":true,\"reasoning\":true}"

static struct deployment_row deployments[] = {
    DEPLOYMENT(1, 0, 0, "big-1", "anthropic", BIG),
    DEPLOYMENT(2, 0, 1, "acme-big", "openai-compatible", "{\"tools\":true,\"temperature\":false}"),
    DEPLOYMENT(3, 1, 1, "acme-small", "openai-compatible", "{\"tools\":false}"),
    DEPLOYMENT(4, 2, 0, "vec", "openai-compatible", "{}"),
    DEPLOYMENT(5, 3, 0, "gone", "openai-compatible", "{}"),
    DEPLOYMENT(6, 4, 0, "old", "openai-compatible", "{}"),
    DEPLOYMENT(7, 5, 0, "screen", "openai-compatible", "{}"),
};

static const struct price_rate big[] = {
    {METER_INPUT, MODE_STANDARD, 0, 3000000},     {METER_OUTPUT, MODE_STANDARD, 0, 15000000},
    {METER_CACHE_READ, MODE_STANDARD, 0, 300000}, {METER_CACHE_WRITE_5M, MODE_STANDARD, 0, 3750000},
    {METER_INPUT, MODE_BATCH, 0, 1500000},        {METER_INPUT, MODE_STANDARD, 100000, 6000000}};
static const struct price_rate hosted[] = {{METER_INPUT, MODE_STANDARD, 0, 4000000},
                                           {METER_OUTPUT, MODE_STANDARD, 0, 16000000},
                                           {METER_CACHE_READ, MODE_STANDARD, 0, 400000}};
static const struct price_rate small[] = {{METER_INPUT, MODE_STANDARD, 0, 100000},
                                          {METER_OUTPUT, MODE_STANDARD, 0, 200000},
                                          {METER_REQUEST, MODE_STANDARD, 0, 5000000}};
static const struct price_rate nothing[] = {{METER_INPUT, MODE_STANDARD, 0, 0}};

static struct price_version price(uint8_t number, const struct price_rate *rates, uint32_t count)
{
    return (struct price_version){.id = {{(uint8_t)(100 + number)}},
                                  .deployment = {{number}},
                                  .book = BOOK_LIST,
                                  .until_ms = INT64_MAX,
                                  .rates = rates,
                                  .rate_count = count};
}

static const struct plan_version plan = {.id = {{21}},
                                         .plan = S("pro"),
                                         .until_ms = INT64_MAX,
                                         .markup_ppm = 50000,
                                         .fixed_pico = 1000000};

struct snapshot *catalog_build(void)
{
    static struct price_version prices[7];
    const struct snapshot_rows rows = {.version = 1,
                                       .providers = providers,
                                       .models = models,
                                       .aliases = aliases,
                                       .deployments = deployments,
                                       .prices = prices,
                                       .provider_count = array_size(providers),
                                       .model_count = array_size(models),
                                       .alias_count = array_size(aliases),
                                       .deployment_count = array_size(deployments),
                                       .price_count = array_size(prices)};
    const struct build_config config = {
        .upstream_url = {[WIRE_OPENAI] = S("http://127.0.0.1:1/v1"),
                         [WIRE_ANTHROPIC] = S("http://127.0.0.1:2/v1")},
        .sandbox_url = S("http://127.0.0.1:3/v1")};

    for (size_t i = 0; i < array_size(deployments); i++)
        deployments[i].trains = deployments[i].retains = -1;
    deployments[0].trains = 0;
    deployments[0].retains = 1;
    deployments[0].context_limit = 200000;
    deployments[0].output_limit = 64000;
    deployments[1].context_limit = 128000;
    prices[0] = price(1, big, array_size(big));
    prices[1] = price(2, hosted, array_size(hosted));
    prices[2] = price(3, small, array_size(small));
    prices[3] = price(4, hosted, 1);
    prices[4] = price(5, nothing, 1);
    prices[5] = price(6, small, array_size(small));
    prices[6] = price(7, small, array_size(small));
    return snapshot_build(&rows, &config);
}

struct models_view catalog_view(const struct snapshot *snapshot, enum catalog_key key,
                                const struct board *board)
{
    static const struct plan_version *const plans[] = {&plan};
    static const int64_t from[] = {0}, until[] = {INT64_MAX};
    static const struct snapshot_tenant tenant = {.id = {{31}},
                                                  .plans = plans,
                                                  .plan_from_ms = from,
                                                  .plan_until_ms = until,
                                                  .plan_count = 1};
    static const struct span allowed[] = {S("acme/big")};
    static const struct snapshot_key keys[] = {
        [CATALOG_LIVE] = {.tenant = &tenant, .kind = KEY_LIVE},
        [CATALOG_TEST] = {.tenant = &tenant, .kind = KEY_TEST},
        [CATALOG_ONE_MODEL] = {
            .tenant = &tenant, .kind = KEY_LIVE, .allowed_models = allowed, .allowed_count = 1}};

    return (struct models_view){.snapshot = snapshot,
                                .key = &keys[key],
                                .board = board,
                                .now_ms = CATALOG_NOW_MS,
                                .now_mono_ms = CATALOG_MONO_MS};
}
