/*
 * Tests of the rules that keep a deployment from sale: docs/catalog.md, "Quarantine".
 */
#include "tenants/model/catalog_file.h"
#include "tests/support/testing.h"

#define MOST 4

struct offer {
    const char *provider, *scope, *variant;
    enum catalog_status status;
    struct price_rate rates[3];
    unsigned quarantine; /* expected: 1u << enum catalog_reason */
};

#define USD(meter_, micro)                                                                         \
    {                                                                                              \
        .meter = (meter_), .pico_per_unit = (micro)                                                \
    }
#define PRICES(in, out)                                                                            \
    {                                                                                              \
        USD(METER_INPUT, in), USD(METER_OUTPUT, out)                                               \
    }
#define SPREAD (1u << CATALOG_PRICE_SPREAD)
#define NO_OUTPUT (1u << CATALOG_MISSING_OUTPUT_PRICE)
#define NO_METER (1u << CATALOG_MISSING_METER)

static const struct {
    const char *what;
    enum catalog_kind kind;
    struct offer offers[MOST];
} rows[] = {
    {"one host", CATALOG_CHAT, {{.provider = "a", .rates = PRICES(10, 20)}}},
    {"exactly three times is fine",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20)}, {.provider = "b", .rates = PRICES(30, 20)}}},
    {"more is not, and nobody knows which is wrong",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20), .quarantine = SPREAD},
      {.provider = "b", .rates = PRICES(31, 20), .quarantine = SPREAD},
      {.provider = "c", .rates = PRICES(10, 20), .quarantine = SPREAD}}},
    {"output counts too",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20), .quarantine = SPREAD},
      {.provider = "b", .rates = PRICES(10, 61), .quarantine = SPREAD}}},
    {"a host without a price is no host",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20)}, {.provider = "b"}}},
    {"nor is a deprecated one",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20)},
      {.provider = "b", .rates = PRICES(90, 90), .status = CATALOG_DEPRECATED}}},
    {"a region far from its host is kept back alone",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20)},
      {.provider = "a", .scope = "au", .rates = PRICES(33, 66), .quarantine = SPREAD},
      {.provider = "a", .scope = "eu", .rates = PRICES(11, 22)},
      {.provider = "b", .rates = PRICES(10, 20)}}},
    {"a variant far from another host likewise",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(20, 20)},
      {.provider = "a", .variant = "fast", .rates = PRICES(40, 40), .quarantine = SPREAD},
      {.provider = "b", .rates = PRICES(10, 20)}}},
    {"a host with nothing but a variant is compared by it",
     CATALOG_CHAT,
     {{.provider = "a", .rates = PRICES(10, 20), .quarantine = SPREAD},
      {.provider = "b", .variant = "fp8", .rates = PRICES(31, 20), .quarantine = SPREAD}}},
    {"text without its price",
     CATALOG_CHAT,
     {{.provider = "a", .rates = {USD(METER_INPUT, 10)}, .quarantine = NO_OUTPUT}}},
    {"embeddings write none",
     CATALOG_EMBEDDING,
     {{.provider = "a", .rates = {USD(METER_INPUT, 9)}}}},
    {"images by tokens only",
     CATALOG_IMAGE,
     {{.provider = "a", .rates = PRICES(10, 20), .quarantine = NO_METER}}},
    {"images by the image", CATALOG_IMAGE, {{.provider = "a", .rates = {USD(METER_IMAGE, 9)}}}},
    {"speech by the character",
     CATALOG_SPEECH,
     {{.provider = "a", .rates = {USD(METER_CHARACTER, 9)}}}},
    {"transcription by tokens",
     CATALOG_TRANSCRIPTION,
     {{.provider = "a", .rates = PRICES(1, 1), .quarantine = NO_METER}}},
    {"a kind that no meter is known for",
     CATALOG_OTHER,
     {{.provider = "a", .rates = PRICES(1, 1), .quarantine = NO_METER}}},
    {"without any price it is unsellable anyway", CATALOG_OTHER, {{.provider = "a"}}},
};

static uint32_t fill(const struct offer *offers, struct catalog *catalog,
                     struct catalog_deployment *out)
{
    uint32_t count = 0;

    for (; count < MOST && offers[count].provider != NULL; count++) {
        const struct offer *o = &offers[count];
        struct catalog_deployment *d = &out[count];

        *d = (struct catalog_deployment){
            .key = arena_printf(catalog->arena, "%s/x#%u", o->provider, count + 1),
            .provider = o->provider,
            .scope = o->scope,
            .variant = o->variant,
            .status = o->status,
            .rates = arena_array(catalog->arena, array_size(o->rates), sizeof(o->rates[0])),
        };
        for (size_t i = 0; i < array_size(o->rates); i++)
            if (o->rates[i].pico_per_unit > 0)
                d->rates[d->rate_count++] = o->rates[i];
    }
    return count;
}

static void odd_prices_are_kept_from_sale(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct catalog *catalog = catalog_new();
        struct catalog_deployment deployments[MOST];
        struct catalog_model model = {
            .id = "x/x", .kind = rows[i].kind, .deployments = deployments};

        model.deployment_count = fill(rows[i].offers, catalog, deployments);
        catalog->models = &model;
        catalog->model_count = 1;
        catalog_finish(catalog);
        /* Sorted by key, which begins with the provider and ends with the place in the row. */
        for (uint32_t j = 0; j < model.deployment_count; j++) {
            size_t at = (size_t)(strchr(deployments[j].key, '#')[1] - '1');
            const struct offer *o = &rows[i].offers[at];

            assert_int(rows[i].what, deployments[j].quarantine, o->quarantine);
            in_row(rows[i].what,
                   (deployments[j].quarantine_detail != NULL) == (o->quarantine != 0));
            in_row(rows[i].what, catalog_sellable(&deployments[j]) ==
                                     (o->quarantine == 0 && o->rates[0].pico_per_unit > 0 &&
                                      o->status != CATALOG_DEPRECATED));
        }
        catalog_free(catalog);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_prices_are_kept_from_sale),
    };

    return run_test_table(tests);
}
