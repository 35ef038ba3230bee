/* What is asked of providers: what is read of it, and what is refused in which words. */
#include <errno.h>

#include "tenants/model/provider_wish.h"
#include "tests/support/testing.h"

struct reading {
    struct json_doc doc;
    struct arena *arena;
    struct provider_wish wish;
    struct wish_error error;
};

static struct reading reading_make(void)
{
    return (struct reading){.doc = json_doc_make(), .arena = arena_new(4096, 1 << 20)};
}

static void reading_done(struct reading *r)
{
    arena_free(r->arena);
    json_doc_done(&r->doc);
}

static int read(struct reading *r, const char *text)
{
    assert_int("JSON", json_parse(&r->doc, span_of(text), &json_limits_body), JSON_OK);
    r->error = (struct wish_error){"-", "-"};
    return provider_wish_read(&r->doc, 0, "provider", r->arena, &r->wish, &r->error);
}

static void all_members_are_read(void **state)
{
    struct reading r = reading_make();
    const struct provider_wish *wish = &r.wish;

    (void)state;
    assert_int_equal(
        read(&r, "{\"order\":[\"a\",\"b\"],\"only\":[\"a\"],\"ignore\":[\"c\\u0064\"],"
                 "\"allow_fallbacks\":false,\"require_parameters\":true,\"zdr\":true,"
                 "\"data_collection\":\"deny\",\"quantizations\":[\"fp8\"],\"regions\":[\"eu\"],"
                 "\"sort\":\"price\",\"max_price\":{\"prompt\":1,\"completion\":\"2.5\","
                 "\"image\":0.01},\"preferred_max_latency\":1.5,\"preferred_min_throughput\":50,"
                 "\"enforce_distillable_text\":true}"),
        0);
    assert_int_equal(wish->order.count, 2);
    assert_span("order", wish->order.at[1], "b");
    assert_span("only", wish->only.at[0], "a");
    assert_span("ignore", wish->ignore.at[0], "cd");
    assert_true(wish->no_fallbacks && wish->require_parameters && wish->zdr && wish->no_collection);
    assert_span("quantization", wish->quantizations->at[0], "fp8");
    assert_span("region", wish->regions->at[0], "eu");
    assert_span("sort", wish->sort, "price");
    assert_int_equal(wish->capped,
                     1U << WISH_CAP_PROMPT | 1U << WISH_CAP_COMPLETION | 1U << WISH_CAP_IMAGE);
    assert_int("a token of the prompt", wish->caps[WISH_CAP_PROMPT], 1000000);
    assert_int("a token of the answer", wish->caps[WISH_CAP_COMPLETION], 2500000);
    assert_int("an image", wish->caps[WISH_CAP_IMAGE], PICO_PER_CENT);
    assert_int("latency", wish->max_latency_ms[WISH_P50], 1500);
    assert_int("no other", wish->max_latency_ms[WISH_P99], 0);
    assert_int("throughput", wish->min_decitokens[WISH_P50], 500);
    reading_done(&r);
}

static void percentiles_and_partitions_are_read(void **state)
{
    struct reading r = reading_make();
    const struct provider_wish *wish = &r.wish;

    (void)state;
    assert_int_equal(read(&r, "{\"sort\":{\"by\":\"latency\",\"partition\":\"model\"},"
                              "\"preferred_max_latency\":{\"p50\":1,\"p75\":null,\"p90\":3.25,"
                              "\"p99\":0.0001},\"preferred_min_throughput\":{\"p90\":12.34}}"),
                     0);
    assert_span("sort", wish->sort, "latency");
    assert_int("p50", wish->max_latency_ms[WISH_P50], 1000);
    assert_int("p75", wish->max_latency_ms[WISH_P75], 0);
    assert_int("p90", wish->max_latency_ms[WISH_P90], 3250);
    assert_int("never nothing", wish->max_latency_ms[WISH_P99], 1);
    assert_int("p50 of throughput", wish->min_decitokens[WISH_P50], 0);
    assert_int("p90 of throughput", wish->min_decitokens[WISH_P90], 123);
    assert_int_equal(read(&r, "{\"sort\":{\"partition\":\"model\"}}"), 0);
    assert_true(wish->sort.size == 0);
    reading_done(&r);
}

static void nothing_asks_for_nothing(void **state)
{
    static const struct provider_wish none;
    static const char *const rows[] = {
        "null", "{}",
        "{\"order\":null,\"only\":[],\"sort\":null,\"zdr\":null,\"max_price\":null,"
        "\"quantizations\":[],\"data_collection\":\"allow\",\"allow_fallbacks\":true,"
        "\"preferred_max_latency\":null,\"preferred_min_throughput\":{}}"};
    struct reading r = reading_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i], read(&r, rows[i]), 0);
        assert_memory_equal(&r.wish, &none, sizeof(none));
    }
    reading_done(&r);
}

#define X16                                                                                        \
    "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","   \
    "\"a\""
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *param, *says;
    } rows[] = {
        {"\"openai\"", "provider", "must be an object"},
        {"{\"order\":\"openai\"}", "provider.order", "must be an array of strings"},
        {"{\"only\":[1]}", "provider.only", "must be an array of strings"},
        {"{\"ignore\":[" X16 ",\"b\"]}", "provider.ignore", "must have at most 16 items"},
        {"{\"order\":[\"" X64 X64 X64 X64 "x\"]}", "provider.order", "must have at most 256 bytes"},
        {"{\"only\":[\"a\",\"b\"],\"ignore\":[\"b\",\"a\"]}", "provider.ignore",
         "has all of 'provider.only' in it: nobody is left"},
        {"{\"allow_fallbacks\":\"no\"}", "provider.allow_fallbacks", "must be true or false"},
        {"{\"require_parameters\":1}", "provider.require_parameters", "must be true or false"},
        {"{\"zdr\":\"yes\"}", "provider.zdr", "must be true or false"},
        {"{\"data_collection\":\"never\"}", "provider.data_collection",
         "must be 'allow' or 'deny'"},
        {"{\"regions\":\"eu\"}", "provider.regions", "must be an array of strings"},
        {"{\"quantizations\":[null]}", "provider.quantizations", "must be an array of strings"},
        {"{\"sort\":\"luck\"}", "provider.sort", "must be " WISH_SORTS},
        {"{\"sort\":7}", "provider.sort", "must be a string, or an object"},
        {"{\"sort\":{\"by\":\"luck\"}}", "provider.sort.by", "must be 'default', 'price'"},
        {"{\"sort\":{\"by\":[]}}", "provider.sort.by", "must be a string"},
        {"{\"sort\":{\"by\":\"price\",\"partition\":\"all\"}}", "provider.sort.partition",
         "must be 'model': the models"},
        {"{\"sort\":{\"by\":\"price\",\"partition\":\"none\"}}", "provider.sort.partition",
         "are not sorted as if"},
        {"{\"max_price\":3}", "provider.max_price", "must be an object"},
        {"{\"max_price\":{\"completion\":-1}}", "provider.max_price.completion", "at least 0"},
        {"{\"max_price\":{\"request\":\"cheap\"}}", "provider.max_price.request",
         "must be a price in USD"},
        {"{\"preferred_max_latency\":0}", "provider.preferred_max_latency", "above 0"},
        {"{\"preferred_max_latency\":86401}", "provider.preferred_max_latency", "at most 86400"},
        {"{\"preferred_max_latency\":\"1\"}", "provider.preferred_max_latency", "seconds"},
        {"{\"preferred_max_latency\":{\"p90\":-1}}", "provider.preferred_max_latency.p90",
         "above 0"},
        {"{\"preferred_max_latency\":{\"p95\":1}}", "provider.preferred_max_latency",
         "'p50', 'p75', 'p90' and 'p99' only"},
        {"{\"preferred_min_throughput\":1e7}", "provider.preferred_min_throughput",
         "at most 1000000"},
        {"{\"preferred_min_throughput\":[]}", "provider.preferred_min_throughput",
         "tokens per second"},
    };
    struct reading r = reading_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].text, read(&r, rows[i].text), -EINVAL);
        assert_span(rows[i].text, span_of(r.error.param), rows[i].param);
        if (strstr(r.error.text, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, r.error.text, rows[i].says);
    }
    reading_done(&r);
}

static void its_members_are_known(void **state)
{
    struct reading r = reading_make();
    uint32_t name;

    (void)state;
    assert_int_equal(json_parse(&r.doc,
                                span_of("{\"sort\":1,\"preferred_max_latency\":1,\"order\":1,"
                                        "\"orders\":1}"),
                                &json_limits_body),
                     JSON_OK);
    name = json_first(&r.doc, 0);
    for (int i = 0; i < 3; i++, name = json_after(&r.doc, 0, name))
        assert_true(provider_wish_knows(&r.doc, name));
    assert_false(provider_wish_knows(&r.doc, name));
    reading_done(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_are_read),
        cmocka_unit_test(percentiles_and_partitions_are_read),
        cmocka_unit_test(nothing_asks_for_nothing),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(its_members_are_known),
    };

    return run_test_table(tests);
}
