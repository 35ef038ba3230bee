/*
 * Tests of the catalog's own format: what is read, what is refused and where, what is written.
 */
#include <errno.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "tenants/model/catalog_diff.h"
#include "tenants/model/catalog_file.h"
#include "tests/support/testing.h"

#define REAL "deploy/catalog/catalog.json"

#define HEAD "{\"format\":\"tollgate.catalog.v1\",\"providers\":["
#define PROVIDER                                                                                   \
    "{\"slug\":\"acme\",\"name\":\"Acme\",\"endpoints\":[{\"dialect\":\"openai-compatible\","      \
    "\"base_url\":\"https://${ACCOUNT}.acme.example/v1\",\"auth\":\"bearer\"}],"                   \
    "\"variables\":[{\"name\":\"ACCOUNT\",\"what\":\"account id\"}]}"
#define MODEL_HEAD                                                                                 \
    "{\"id\":\"acme/one\",\"name\":\"One\",\"kind\":\"chat\",\"aliases\":[\"one\"],"               \
    "\"openrouter_id\":null,\"release_date\":\"2026-01-31\",\"deployments\":["
#define NAMES                                                                                      \
    "\"key\":\"acme/One-1#1\",\"provider\":\"acme\",\"upstream_id\":\"One-1\","                    \
    "\"failure_domain\":\"acme\",\"dialect\":\"openai-compatible\",\"source\":\"test\""
#define ABILITIES                                                                                  \
    "\"limits\":{\"context\":1000,\"output\":100},\"capabilities\":{\"input\":[\"text\"],"         \
    "\"output\":[\"text\"],\"tools\":true,\"reasoning_options\":{\"toggle\":true,"                 \
    "\"efforts\":[\"low\",\"high\"],\"budget_tokens\":{\"min\":16}}}"
#define RATES                                                                                      \
    "\"prices_as_of\":\"2026-02-01\",\"rates\":[{\"meter\":\"input\",\"usd\":\"0.27\"},"           \
    "{\"meter\":\"output\",\"usd\":\"1.1\"},"                                                      \
    "{\"meter\":\"output\",\"context_over\":200000,\"usd\":\"2.2\"},"                              \
    "{\"meter\":\"output\",\"mode\":\"batch\",\"usd\":\"0.55\"},"                                  \
    "{\"meter\":\"web_search\",\"usd\":\"0.01\"}]"
#define DEPLOYMENT "{" NAMES "," ABILITIES "," RATES "}"
#define CATALOG_OF(provider, deployments)                                                          \
    HEAD provider "],\"models\":[" MODEL_HEAD deployments "]}]}"
#define GOOD CATALOG_OF(PROVIDER, DEPLOYMENT)

static struct catalog *parsed(const char *text)
{
    struct catalog *catalog = NULL;
    struct catalog_error error;

    if (catalog_parse(span_of(text), &catalog, &error) < 0)
        fail_msg("%s", error.text);
    return catalog;
}

static void a_catalog_is_read_whole(void **state)
{
    struct catalog *catalog = parsed(GOOD);
    const struct catalog_model *m = catalog_model_find(catalog, "acme/one");
    const struct catalog_provider *p = catalog_provider_find(catalog, "acme");
    const struct catalog_deployment *d;

    (void)state;
    assert_non_null(m);
    assert_non_null(p);
    assert_string_equal(p->variables[0].name, "ACCOUNT");
    assert_string_equal(m->aliases[0], "one");
    assert_null(m->openrouter_id);
    assert_null(m->family);
    assert_int("the model's limit", m->limits.context, 1000);
    assert_int("one deployment", m->deployment_count, 1);
    d = &m->deployments[0];
    assert_string_equal(d->base_url, "https://${ACCOUNT}.acme.example/v1");
    assert_int("auth of the endpoint", d->auth, CATALOG_BEARER);
    assert_null(d->region);
    assert_int("policy is unknown", d->retains, CATALOG_UNKNOWN);
    assert_int("said", d->capabilities.tools, CATALOG_YES);
    assert_int("not said", d->capabilities.structured_output, CATALOG_UNKNOWN);
    assert_int("efforts", d->capabilities.efforts,
               1u << CATALOG_EFFORT_LOW | 1u << CATALOG_EFFORT_HIGH);
    assert_int("budget", d->capabilities.budget_min, 16);
    assert_true(catalog_sellable(d));
    catalog_free(catalog);
}

static void a_price_is_found_by_meter_mode_and_tier(void **state)
{
    static const struct {
        const char *what;
        enum meter meter;
        enum price_mode mode;
        int64_t prompt, pico;
    } rows[] = {
        {"per million tokens", METER_INPUT, MODE_STANDARD, 0, 270000},
        {"low tier", METER_OUTPUT, MODE_STANDARD, 1000, 1100000},
        {"exactly the threshold stays low", METER_OUTPUT, MODE_STANDARD, 200000, 1100000},
        {"above it", METER_OUTPUT, MODE_STANDARD, 200001, 2200000},
        {"a meter without the tier keeps its base", METER_INPUT, MODE_STANDARD, 200001, 270000},
        {"another mode", METER_OUTPUT, MODE_BATCH, 1000, 550000},
        {"a mode without a price", METER_INPUT, MODE_BATCH, 0, -1},
        {"per search", METER_WEB_SEARCH, MODE_STANDARD, 0, INT64_C(10000000000)},
        {"a meter without a price", METER_IMAGE, MODE_STANDARD, 0, -1},
    };
    struct catalog *catalog = parsed(GOOD);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct price_rate *rate = catalog_rate_at(
            &catalog->models[0].deployments[0], rows[i].meter, rows[i].mode, rows[i].prompt);

        assert_int(rows[i].what, rate == NULL ? -1 : rate->pico_per_unit, rows[i].pico);
    }
    catalog_free(catalog);
}

static void a_price_is_rounded_as_billing_says(void **state)
{
    static const struct {
        const char *what, *text;
        enum meter meter;
        int err;
        int64_t pico;
    } rows[] = {
        {"two cents a million", "0.02", METER_INPUT, 0, 20000},
        {"half of the last place goes up", "0.0000005", METER_INPUT, 0, 1},
        {"less than half of it is nothing", "0.0000004", METER_INPUT, 0, 0},
        {"a picture's price is exact", "0.000000000001", METER_IMAGE, 0, 1},
        {"finer than a pico", "0.0000000000001", METER_IMAGE, -EINVAL, 0},
        {"below nothing", "-1", METER_SECOND, -EINVAL, 0},
        {"below nothing, per million", "-1", METER_OUTPUT, -EINVAL, 0},
        {"no number", "free", METER_OUTPUT, -EINVAL, 0},
        {"more than there is", "99999999999999999999", METER_OUTPUT, -ERANGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t pico = 0;

        assert_int(rows[i].what, catalog_price_parse(rows[i].meter, span_of(rows[i].text), &pico),
                   rows[i].err);
        assert_int(rows[i].what, pico, rows[i].pico);
    }
}

static void what_is_wrong_is_said_with_its_path(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "the text is empty at byte 0"},
        {"[]", "the text is not an object"},
        {"{}", "format: is missing"},
        {"{\"format\":\"other\",\"providers\":[],\"models\":[]}",
         "format: \"other\" is not tollgate.catalog.v1"},
        {"{\"format\":\"tollgate.catalog.v1\",\"modles\":[]}", "unknown member \"modles\""},
        {HEAD "7],\"models\":[]}", "providers[0]: is not an object"},
        {HEAD "{\"slug\":\"A b\",\"name\":\"x\",\"endpoints\":[]}],\"models\":[]}",
         "providers[0].slug: \"A b\" is no slug"},
        {HEAD PROVIDER "," PROVIDER "],\"models\":[]}",
         "providers[1].slug: \"acme\" stands there twice"},
        {HEAD "{\"slug\":\"a\",\"name\":\"x\",\"endpoints\":[{\"dialect\":\"openai\",\"base_url\":"
              "\"https://${NOPE}/v1\",\"auth\":\"bearer\"}]}],\"models\":[]}",
         "providers[0].endpoints[0].base_url: \"https://${NOPE}/v1\" names a variable that its "
         "provider does not declare, or a model in its host"},
        {HEAD "{\"slug\":\"a\",\"name\":\"x\",\"endpoints\":[{\"dialect\":\"openai\",\"base_url\":"
              "\"http://a.example\",\"auth\":\"bearer\"}]}],\"models\":[]}",
         "providers[0].endpoints[0].base_url: \"http://a.example\" is not https (plain http only "
         "on "
         "loopback)"},
        {HEAD "{\"slug\":\"a\",\"name\":\"x\",\"endpoints\":[{\"dialect\":\"smoke\",\"base_url\":"
              "\"https://a.example\",\"auth\":\"bearer\"}]}],\"models\":[]}",
         "providers[0].endpoints[0].dialect: dialect \"smoke\" is unknown"},
        {HEAD PROVIDER "],\"models\":[{\"id\":\"one\",\"name\":\"One\",\"kind\":\"chat\","
                       "\"deployments\":[]}]}",
         "models[0].id: \"one\" is not author/slug"},
        {HEAD PROVIDER "],\"models\":[{\"id\":\"a/one\",\"name\":\"One\",\"kind\":\"chat\","
                       "\"release_date\":\"2026-13-01\",\"deployments\":[]}]}",
         "models[0].release_date: \"2026-13-01\" is no date (YYYY-MM-DD)"},
        {HEAD PROVIDER "],\"models\":[" MODEL_HEAD "]}," MODEL_HEAD "]}]}",
         "models[1].id: \"acme/one\" is a name of another model"},
        {HEAD PROVIDER "],\"models\":[" MODEL_HEAD
                       "]},{\"id\":\"a/b\",\"name\":\"B\",\"kind\":\"chat\",\"aliases\":[\"one\"],"
                       "\"deployments\":[]}]}",
         "models[1].aliases[0]: \"one\" is also a name of acme/one"},
        {CATALOG_OF(PROVIDER, DEPLOYMENT "," DEPLOYMENT),
         "models[0].deployments[1].key: \"acme/One-1#1\" stands there twice"},
        {CATALOG_OF(PROVIDER, "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"input\",\"usd\":"
                              "\"1\"}]}"),
         "models[0].deployments[0].prices_as_of: is missing, though there are rates"},
        {CATALOG_OF(PROVIDER, "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"input\",\"usd\":"
                              "\"1\"},{\"meter\":\"output\",\"usd\":\"1e\"}]}"),
         "models[0].deployments[0].rates[1].usd: \"1e\" is no price (a decimal from 0)"},
        {CATALOG_OF(PROVIDER,
                    "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"input\",\"usd\":1}]}"),
         "models[0].deployments[0].rates[0].usd: is not a string"},
        {CATALOG_OF(PROVIDER, "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"words\",\"usd\":"
                              "\"1\"}]}"),
         "models[0].deployments[0].rates[0].meter: meter \"words\" is unknown"},
        {CATALOG_OF(PROVIDER, "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"input\",\"mode\":"
                              "\"slow\",\"usd\":\"1\"}]}"),
         "models[0].deployments[0].rates[0].mode: mode \"slow\" is unknown"},
        {CATALOG_OF(PROVIDER, "{" NAMES "," ABILITIES ",\"rates\":[{\"meter\":\"input\",\"usd\":"
                              "\"1\"},{\"meter\":\"input\",\"usd\":\"2\"}]}"),
         "models[0].deployments[0].rates[1]: the same meter, mode and context_over stand there "
         "twice"},
        {CATALOG_OF(PROVIDER, "{" NAMES ",\"limits\":{\"context\":-1},\"rates\":[]}"),
         "models[0].deployments[0].limits.context: is not a whole number from 0 to 1e12"},
        {CATALOG_OF(PROVIDER, "{" NAMES ",\"rates\":[]}"),
         "models[0].deployments[0].capabilities: is missing"},
        {CATALOG_OF(PROVIDER, "{" NAMES ",\"capabilities\":{\"input\":[\"text\",\"smell\"]},"
                              "\"rates\":[]}"),
         "models[0].deployments[0].capabilities.input[1]: modality \"smell\" is unknown"},
        {CATALOG_OF(PROVIDER, "{" NAMES ",\"capabilities\":{\"tools\":1},\"rates\":[]}"),
         "models[0].deployments[0].capabilities.tools: is neither true nor false"},
        {CATALOG_OF(PROVIDER, "{" NAMES ",\"capabilities\":{},\"rates\":[],\"quarantine_detail\":"
                              "\"x\"}"),
         "models[0].deployments[0].quarantine_detail: stands there without a quarantine"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct catalog *catalog = NULL;
        struct catalog_error error;

        assert_int(rows[i].error, catalog_parse(span_of(rows[i].text), &catalog, &error), -EINVAL);
        assert_string_equal(error.text, rows[i].error);
        assert_null(catalog);
    }
}

static void a_key_names_its_provider_and_upstream_id(void **state)
{
    static const char *const keys[] = {"acme/One-1",    "acme/One-1#",   "acme/One-1#0",
                                       "acme/One-1#01", "acme/One-1#x",  "acme/One-1#12345",
                                       "acme/One#1",    "other/One-1#1", "acme/One-1##1"};

    (void)state;
    for (size_t i = 0; i < array_size(keys); i++) {
        struct catalog *catalog = NULL;
        struct catalog_error error;
        char text[1200];

        (void)snprintf(text, sizeof(text),
                       CATALOG_OF(PROVIDER,
                                  "{\"key\":\"%s\",\"provider\":\"acme\",\"upstream_id\":\"One-1\","
                                  "\"failure_domain\":\"acme\",\"dialect\":\"openai-compatible\","
                                  "\"source\":\"test\"}"),
                       keys[i]);
        assert_int(keys[i], catalog_parse(span_of(text), &catalog, &error), -EINVAL);
        in_row(keys[i], strstr(error.text, "is not acme/One-1#n") != NULL);
    }
}

static void a_catalog_cut_anywhere_is_refused(void **state)
{
    struct span whole = span_of(GOOD);

    (void)state;
    for (size_t size = 0; size < whole.size; size++) {
        struct catalog *catalog = NULL;
        struct catalog_error error;

        assert_int("cut", catalog_parse(span_part(whole, 0, size), &catalog, &error), -EINVAL);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    cleanup(buf_done) struct buf first = buf_make(4 << 20), second = buf_make(4 << 20);
    cleanup(buf_done) struct buf file = buf_make(4 << 20);
    struct arena *arena = arena_new(1 << 20, 64 << 20);
    struct catalog_changes changes;
    struct catalog *one, *other;

    (void)state;
    assert_int("the catalog's file", file_read(REAL, &file), 0);
    one = parsed(file.at);
    catalog_write(one, &first);
    assert_false(buf_failed(&first));
    other = parsed(first.at);
    catalog_write(other, &second);
    assert_string_equal(first.at, second.at);
    changes = catalog_diff(one, other, arena);
    assert_int("no difference", changes.count, 0);
    arena_free(arena);
    catalog_free(one);
    catalog_free(other);
}

static void the_file_we_ship_has_what_was_promised(void **state)
{
    cleanup(buf_done) struct buf file = buf_make(1 << 20);
    unsigned sellable = 0, providers = 0, aliases = 0;
    struct catalog *catalog;

    (void)state;
    assert_int("less than 1 MB", file_read(REAL, &file), 0);
    catalog = parsed(file.at);
    for (uint32_t i = 0; i < catalog->model_count; i++) {
        sellable += catalog_model_sellable(&catalog->models[i]);
        aliases += catalog->models[i].alias_count;
    }
    for (uint32_t p = 0; p < catalog->provider_count; p++) {
        bool sells = false;

        for (uint32_t i = 0; i < catalog->model_count; i++)
            for (uint32_t j = 0; j < catalog->models[i].deployment_count; j++) {
                const struct catalog_deployment *d = &catalog->models[i].deployments[j];

                sells |=
                    catalog_sellable(d) && strcmp(d->provider, catalog->providers[p].slug) == 0;
            }
        providers += sells;
    }
    assert_in_range(sellable, 300, 10000);
    assert_in_range(providers, 25, 1000);
    assert_in_range(aliases, 50, 10000);
    catalog_free(catalog);
}

static void check_quarantine(const char *file, const struct catalog_deployment *d)
{
    cleanup(buf_done) struct buf wanted = buf_make(1000), key = buf_make(1000);
    const char *line, *says;
    struct span text;

    buf_printf(&key, "{\"key\":\"%s\",", d->key);
    line = strstr(file, key.at);
    in_row(d->key, line != NULL);
    text = span_make(line, (size_t)(strchr(line, '\n') - line));
    says = memmem(text.at, text.size, "\"quarantine\":[", strlen("\"quarantine\":["));
    buf_add_string(&wanted, "\"quarantine\":[");
    for (unsigned reason = 0, n = 0; reason < CATALOG_REASON_COUNT; reason++)
        if ((d->quarantine & 1u << reason) != 0)
            buf_printf(&wanted, "%s\"%s\"", n++ == 0 ? "" : ",",
                       catalog_word(&catalog_reasons, reason));
    buf_add_string(&wanted, "]");
    in_row(d->key, (says != NULL) == (d->quarantine != 0));
    in_row(d->key, says == NULL || strncmp(says, wanted.at, wanted.size) == 0);
}

/* The maker and catalog_judge() state the rules twice: whatever the reader added to what the file
 * says, they would disagree on. */
static void the_maker_and_we_judge_alike(void **state)
{
    cleanup(buf_done) struct buf file = buf_make(1 << 20);
    struct catalog *catalog;

    (void)state;
    assert_int("the catalog's file", file_read(REAL, &file), 0);
    catalog = parsed(file.at);
    for (uint32_t i = 0; i < catalog->model_count; i++)
        for (uint32_t j = 0; j < catalog->models[i].deployment_count; j++)
            check_quarantine(file.at, &catalog->models[i].deployments[j]);
    catalog_free(catalog);
}

static void capabilities_alone_go_out_and_in(void **state)
{
    cleanup(buf_done) struct buf text = buf_make(4096);
    struct json_writer w = json_writer_make(&text);
    struct arena *arena = arena_new(4096, 1 << 20);
    struct catalog *catalog = parsed(GOOD);
    struct catalog_capabilities back;
    struct catalog_error error;

    (void)state;
    catalog_write_capabilities(&catalog->models[0].deployments[0].capabilities, &w);
    assert_int("read back", catalog_read_capabilities(buf_span(&text), arena, &back, &error), 0);
    assert_true(catalog_capabilities_equal(&back, &catalog->models[0].deployments[0].capabilities));
    assert_int("refused",
               catalog_read_capabilities(span_of("{\"wings\":true}"), arena, &back, &error),
               -EINVAL);
    assert_string_equal(error.text, "unknown member \"wings\"");
    arena_free(arena);
    catalog_free(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catalog_is_read_whole),
        cmocka_unit_test(a_price_is_found_by_meter_mode_and_tier),
        cmocka_unit_test(a_price_is_rounded_as_billing_says),
        cmocka_unit_test(what_is_wrong_is_said_with_its_path),
        cmocka_unit_test(a_key_names_its_provider_and_upstream_id),
        cmocka_unit_test(a_catalog_cut_anywhere_is_refused),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(the_file_we_ship_has_what_was_promised),
        cmocka_unit_test(the_maker_and_we_judge_alike),
        cmocka_unit_test(capabilities_alone_go_out_and_in),
    };

    return run_test_table(tests);
}
