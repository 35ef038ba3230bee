/*
 * Tests of what an import would change, and of how it is told.
 */
#include "common/base/buf.h"
#include "common/base/file.h"
#include "tenants/model/catalog_diff.h"
#include "tenants/model/catalog_facts.h"
#include "tenants/model/catalog_file.h"
#include "tests/support/testing.h"

#define PROVIDER                                                                                   \
    "{\"slug\":\"acme\",\"name\":\"Acme\",\"endpoints\":[{\"dialect\":\"openai-compatible\","      \
    "\"base_url\":\"https://acme.example/v1\",\"auth\":\"bearer\"}]}"
#define OTHER_PROVIDER                                                                             \
    "{\"slug\":\"bolt\",\"name\":\"Bolt\",\"endpoints\":[{\"dialect\":\"openai-compatible\","      \
    "\"base_url\":\"https://bolt.example/v1\",\"auth\":\"bearer\"}]}"
#define CATALOG_OF(providers, models)                                                              \
    "{\"format\":\"tollgate.catalog.v1\",\"providers\":[" providers "],\"models\":[" models "]}"
#define MODEL(deployments)                                                                         \
    "{\"id\":\"acme/one\",\"name\":\"One\",\"kind\":\"chat\",\"deployments\":[" deployments "]}"
#define DEPLOYMENT(provider, more, rates)                                                          \
    "{\"key\":\"" provider "/one#1\",\"provider\":\"" provider                                     \
    "\",\"upstream_id\":\"one\",\"failure_domain\":\"" provider                                    \
    "\",\"dialect\":\"openai-compatible\",\"source\":\"test\",\"prices_as_of\":\"2026-01-01\","    \
    "\"capabilities\":{\"input\":[\"text\"],\"output\":[\"text\"]}," more "\"rates\":[" rates "]}"
#define LIMITS "\"limits\":{\"context\":1000},"
#define RATES "{\"meter\":\"input\",\"usd\":\"1\"},{\"meter\":\"output\",\"usd\":\"2\"}"
#define ONE MODEL(DEPLOYMENT("acme", LIMITS, RATES))
#define BASE CATALOG_OF(PROVIDER, ONE)

static struct catalog *parsed(const char *text)
{
    struct catalog *catalog = NULL;
    struct catalog_error error;

    if (catalog_parse(span_of(text), &catalog, &error) < 0)
        fail_msg("%s", error.text);
    return catalog;
}

static void what_changes_is_told_in_lines(void **state)
{
    static const struct {
        const char *what, *old, *new, *lines;
    } rows[] = {
        {"nothing", BASE, BASE, "no changes\n"},
        {"all of it", CATALOG_OF("", ""), BASE,
         "+ provider acme (Acme)\n"
         "+ model acme/one (chat)\n"
         "+ deployment acme/one#1 of acme/one: input 1, output 2\n"
         "1 providers added, 1 models added, 1 deployments added\n"},
        {"none of it any more", BASE, CATALOG_OF("", ""),
         "- provider acme (Acme)\n"
         "- model acme/one (chat)\n"
         "- deployment acme/one#1 of acme/one\n"
         "1 providers removed, 1 models removed, 1 deployments removed\n"},
        {"prices", BASE,
         CATALOG_OF(PROVIDER,
                    MODEL(DEPLOYMENT("acme", LIMITS,
                                     "{\"meter\":\"input\",\"usd\":\"1.105\"},"
                                     "{\"meter\":\"cache_read\",\"usd\":\"0.1\"},"
                                     "{\"meter\":\"output\",\"usd\":\"1.5\"},"
                                     "{\"meter\":\"output\",\"mode\":\"batch\",\"context_over\":"
                                     "200000,\"usd\":\"3\"}"))),
         "$ price acme/one#1: input 1 -> 1.105 (+10.5 %), output 2 -> 1.5 (-25.0 %), batch output "
         "over 200000 none -> 3, cache_read none -> 0.1\n"
         "1 prices changed\n"},
        {"a price taken away puts it in quarantine", BASE,
         CATALOG_OF(PROVIDER,
                    MODEL(DEPLOYMENT("acme", LIMITS, "{\"meter\":\"input\",\"usd\":\"1\"}"))),
         "$ price acme/one#1: output 2 -> none\n"
         "! quarantine acme/one#1: missing_output_price (no price for output)\n"
         "1 prices changed, 1 quarantined\n"},
        {"and given back takes it out",
         CATALOG_OF(PROVIDER,
                    MODEL(DEPLOYMENT("acme", LIMITS, "{\"meter\":\"input\",\"usd\":\"1\"}"))),
         BASE,
         "$ price acme/one#1: output none -> 2\n"
         "! quarantine of acme/one#1 no longer for: missing_output_price\n"
         "1 prices changed, 1 quarantines lifted\n"},
        {"limits and capabilities", BASE,
         CATALOG_OF(PROVIDER, "{\"id\":\"acme/one\",\"name\":\"One\",\"kind\":\"chat\","
                              "\"deployments\":[{\"key\":\"acme/one#1\",\"provider\":\"acme\","
                              "\"upstream_id\":\"one\",\"failure_domain\":\"acme\",\"dialect\":"
                              "\"openai-compatible\",\"source\":\"test\",\"prices_as_of\":"
                              "\"2026-01-01\",\"capabilities\":{\"input\":[\"text\",\"image\"],"
                              "\"output\":[\"text\"]},\"limits\":{\"context\":2000,\"output\":9},"
                              "\"rates\":[" RATES "]}]}"),
         "~ deployment acme/one#1: limits, capabilities; context 1000 -> 2000; output 0 -> 9\n"
         "1 deployments changed\n"},
        {"a model's own members", BASE,
         CATALOG_OF(PROVIDER,
                    "{\"id\":\"acme/one\",\"name\":\"The One\",\"kind\":\"chat\","
                    "\"aliases\":[\"one\"],\"deprecated\":true,\"deployments\":[" DEPLOYMENT(
                        "acme", LIMITS, RATES) "]}"),
         "~ model acme/one: name, aliases, deprecated\n1 models changed\n"},
        {"a deployment under another model", BASE,
         CATALOG_OF(PROVIDER, "{\"id\":\"acme/two\",\"name\":\"Two\",\"kind\":\"chat\","
                              "\"deployments\":[" DEPLOYMENT("acme", LIMITS, RATES) "]}"),
         "- model acme/one (chat)\n"
         "+ model acme/two (chat)\n"
         "~ deployment acme/one#1: model\n"
         "1 models added, 1 models removed, 1 deployments changed\n"},
        {"another address of a provider", BASE,
         CATALOG_OF("{\"slug\":\"acme\",\"name\":\"Acme\",\"endpoints\":[{\"dialect\":"
                    "\"openai-compatible\",\"base_url\":\"https://api.acme.example\",\"auth\":"
                    "\"bearer\"}]}",
                    ONE),
         "~ provider acme: endpoints\n~ deployment acme/one#1: base_url\n"
         "1 providers changed, 1 deployments changed\n"},
        {"what operators set is kept where the file is silent",
         CATALOG_OF(PROVIDER,
                    MODEL(DEPLOYMENT("acme",
                                     LIMITS "\"region\":\"eu\",\"quantization\":\"fp8\","
                                            "\"data_policy\":{\"trains\":false,\"retains\":false},",
                                     RATES))),
         BASE, "no changes\n"},
        {"and taken where it is not", BASE,
         CATALOG_OF(PROVIDER, MODEL(DEPLOYMENT("acme",
                                               LIMITS "\"region\":\"eu\",\"data_policy\":"
                                                      "{\"trains\":false},",
                                               RATES))),
         "~ deployment acme/one#1: region, data_policy\n1 deployments changed\n"},
        {"a second host far from the first", BASE,
         CATALOG_OF(PROVIDER "," OTHER_PROVIDER,
                    MODEL(DEPLOYMENT("acme", LIMITS, RATES) "," DEPLOYMENT(
                        "bolt", LIMITS,
                        "{\"meter\":\"input\",\"usd\":\"3.000001\"},"
                        "{\"meter\":\"output\",\"usd\":\"2\"}"))),
         "+ provider bolt (Bolt)\n"
         "! quarantine acme/one#1: price_spread (input from 1 (acme/one#1) to 3.000001 "
         "(bolt/one#1))\n"
         "+ deployment bolt/one#1 of acme/one: input 3.000001, output 2; in quarantine: "
         "price_spread (input from 1 (acme/one#1) to 3.000001 (bolt/one#1))\n"
         "1 providers added, 1 deployments added, 1 quarantined\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf lines = buf_make(1 << 16);
        struct arena *arena = arena_new(1 << 16, 1 << 20);
        struct catalog *old = parsed(rows[i].old), *new = parsed(rows[i].new);
        struct catalog_changes changes = catalog_diff(old, new, arena);

        catalog_render(&changes, &lines);
        assert_span(rows[i].what, buf_span(&lines), rows[i].lines);
        arena_free(arena);
        catalog_free(old);
        catalog_free(new);
    }
}

static void without_an_old_catalog_all_is_new(void **state)
{
    cleanup(buf_done) struct buf file = buf_make(1 << 20);
    struct arena *arena = arena_new(1 << 20, 64 << 20);
    struct catalog_changes changes;
    struct catalog *new;

    (void)state;
    assert_int("our catalog", file_read("deploy/catalog/catalog.json", &file), 0);
    new = parsed(file.at);
    changes = catalog_diff(NULL, new, arena);
    assert_int("providers", changes.by_kind[CATALOG_PROVIDER_ADDED], new->provider_count);
    assert_int("models", changes.by_kind[CATALOG_MODEL_ADDED], new->model_count);
    assert_int("and nothing but new things", changes.count,
               changes.by_kind[CATALOG_PROVIDER_ADDED] + changes.by_kind[CATALOG_MODEL_ADDED] +
                   changes.by_kind[CATALOG_DEPLOYMENT_ADDED]);
    arena_free(arena);
    catalog_free(new);
}

static void what_the_tables_keep_as_json_reads_back(void **state)
{
    cleanup(buf_done) struct buf endpoints = buf_make(4096), variables = buf_make(4096),
                                 facts = buf_make(4096);
    struct json_writer to_endpoints = json_writer_make(&endpoints);
    struct json_writer to_variables = json_writer_make(&variables);
    struct json_writer to_facts = json_writer_make(&facts);
    struct catalog *catalog = parsed(BASE);
    struct catalog_provider back = {.slug = "acme", .name = "Acme"};
    struct catalog_error error;

    (void)state;
    catalog_write_endpoints(&catalog->providers[0], &to_endpoints);
    catalog_write_variables(&catalog->providers[0], &to_variables);
    catalog_write_model_facts(&catalog->models[0], &to_facts);
    assert_int("read",
               catalog_read_wire(buf_span(&endpoints), buf_span(&variables), catalog->arena, &back,
                                 &error),
               0);
    assert_int("one", back.endpoint_count, 1);
    assert_string_equal(back.endpoints[0].base_url, "https://acme.example/v1");
    assert_span("facts", buf_span(&facts),
                "{\"limits\":{\"context\":1000},\"capabilities\":{\"input\":[\"text\"],"
                "\"output\":[\"text\"]}}");
    catalog_free(catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_changes_is_told_in_lines),
        cmocka_unit_test(without_an_old_catalog_all_is_new),
        cmocka_unit_test(what_the_tables_keep_as_json_reads_back),
    };

    return run_test_table(tests);
}
