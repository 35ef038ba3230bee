/*
 * Tests of the importer for models.dev's api.json, on a sample in that shape.
 */
#include <errno.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "tenants/model/catalog_diff.h"
#include "tenants/model/catalog_join.h"
#include "tenants/model/catalog_models_dev.h"
#include "tests/support/testing.h"

#define SAMPLE "tests/unit/tenants/model/models-dev-sample.json"

struct imported {
    struct catalog *catalog;
    struct buf lines;
    struct catalog_notes notes;
};

static void import(const char *text, const struct catalog *known, struct imported *out)
{
    struct catalog_error error;

    *out = (struct imported){.lines = buf_make(1 << 16)};
    out->notes.lines = &out->lines;
    if (catalog_from_models_dev(span_of(text), known, &out->notes, &out->catalog, &error) < 0)
        fail_msg("%s", error.text);
}

static void import_sample(const struct catalog *known, struct imported *out)
{
    cleanup(buf_done) struct buf file = buf_make(1 << 20);

    assert_int("the sample", file_read(SAMPLE, &file), 0);
    import(file.at, known, out);
}

static void done(struct imported *it)
{
    catalog_free(it->catalog);
    buf_done(&it->lines);
}

static const struct catalog_deployment *deployment_of(const struct catalog *catalog,
                                                      const char *model, const char *key)
{
    const struct catalog_model *m = catalog_model_find(catalog, model);

    in_row(model, m != NULL);
    for (uint32_t i = 0; i < m->deployment_count; i++)
        if (strcmp(m->deployments[i].key, key) == 0)
            return &m->deployments[i];
    fail_msg("%s has no deployment %s", model, key);
    return NULL;
}

static void deployments_of_one_model_are_joined(void **state)
{
    static const struct {
        const char *model, *key;
    } rows[] = {
        {"anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5#1"},
        {"anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5-20250929#1"},
        {"anthropic/claude-sonnet-4-5",
         "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0#1"},
        {"anthropic/claude-sonnet-4-5", "reseller/anthropic/claude-sonnet-4.5#1"},
        {"deepseek/deepseek-r1", "fireworks-ai/accounts/fireworks/models/deepseek-r1#1"},
        {"deepseek/deepseek-r1", "reseller/deepseek-ai/DeepSeek-R1:free#1"},
        {"reseller/house-blend", "reseller/house-blend#1"},
        {"reseller/blend", "reseller/stranger/blend#1"},
    };
    struct imported it;

    (void)state;
    import_sample(NULL, &it);
    for (size_t i = 0; i < array_size(rows); i++)
        assert_non_null(deployment_of(it.catalog, rows[i].model, rows[i].key));
    done(&it);
}

static void prices_and_tiers_come_over(void **state)
{
    static const struct {
        const char *what, *model, *key;
        enum meter meter;
        int64_t prompt, pico;
    } rows[] = {
        {"input", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5#1", METER_INPUT, 0,
         3000000},
        {"the older spelling of a tier", "anthropic/claude-sonnet-4-5",
         "anthropic/claude-sonnet-4-5#1", METER_INPUT, 200001, 6000000},
        {"cache writes are for 5 minutes", "anthropic/claude-sonnet-4-5",
         "anthropic/claude-sonnet-4-5#1", METER_CACHE_WRITE_5M, 0, 3750000},
        {"and for an hour at twice the input", "anthropic/claude-sonnet-4-5",
         "anthropic/claude-sonnet-4-5#1", METER_CACHE_WRITE_1H, 0, 6000000},
        {"a tier with its own threshold", "google/gemini-9-pro", "google/gemini-9-pro#1",
         METER_OUTPUT, 128001, 15000000},
        {"below it", "google/gemini-9-pro", "google/gemini-9-pro#1", METER_OUTPUT, 128000,
         10000000},
        {"an exponent", "google/gemini-9-pro", "google/gemini-9-pro#1", METER_CACHE_READ, 0,
         310000},
        {"0 is no price", "deepseek/deepseek-r1", "reseller/deepseek-ai/DeepSeek-R1:free#1",
         METER_INPUT, 0, -1},
    };
    struct imported it;

    (void)state;
    import_sample(NULL, &it);
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct price_rate *rate =
            catalog_rate_at(deployment_of(it.catalog, rows[i].model, rows[i].key), rows[i].meter,
                            MODE_STANDARD, rows[i].prompt);

        assert_int(rows[i].what, rate == NULL ? -1 : rate->pico_per_unit, rows[i].pico);
    }
    done(&it);
}

static void the_rest_comes_over(void **state)
{
    const struct catalog_deployment *d;
    const struct catalog_model *m;
    struct imported it;

    (void)state;
    import_sample(NULL, &it);
    m = catalog_model_find(it.catalog, "anthropic/claude-sonnet-4-5");
    assert_string_equal(m->name, "Claude Sonnet 4.5");
    assert_string_equal(m->release_date, "2025-09-29");
    d = deployment_of(it.catalog, m->id,
                      "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0#1");
    assert_string_equal(d->scope, "us");
    assert_string_equal(d->snapshot, "20250929");
    assert_string_equal(d->base_url, "https://bedrock-runtime.${AWS_REGION}.amazonaws.com");
    assert_int("signed", d->auth, CATALOG_SIGV4);
    assert_false(d->first_party);
    d = deployment_of(it.catalog, m->id, "anthropic/claude-sonnet-4-5#1");
    assert_true(d->first_party);
    assert_int("context", d->limits.context, 200000);
    assert_int("tools", d->capabilities.tools, CATALOG_YES);
    assert_int("structured output is not told", d->capabilities.structured_output, CATALOG_UNKNOWN);
    assert_string_equal(d->prices_as_of, "2025-10-01");
    assert_int("dialect", d->dialect, CATALOG_ANTHROPIC);
    d = deployment_of(it.catalog, "deepseek/deepseek-r1",
                      "reseller/deepseek-ai/DeepSeek-R1:free#1");
    assert_string_equal(d->variant, "free");
    assert_false(catalog_sellable(d));
    assert_int("embeddings", catalog_model_find(it.catalog, "openai/text-embedding-3-small")->kind,
               CATALOG_EMBEDDING);
    done(&it);
}

static void what_is_left_out_is_noted(void **state)
{
    static const char *const lines[] = {
        "odd.future-model: cost of \"per_dream\" is unknown and left out\n",
        "odd.future-model: output has an unknown modality, left out\n",
        "odd.negative: cost of input is no price\n",
        "homeless.model: left out: no base URL is known for openai-compatible\n",
        "insecure.model: base URL \"http://insecure.example/v1\" is not https",
        "odd.bad id: left out: no model, or no usable id\n",
        "odd.future-model: release_date \"soon\" is no date, taken as unknown\n",
    };
    struct imported it;

    (void)state;
    import_sample(NULL, &it);
    for (size_t i = 0; i < array_size(lines); i++)
        in_row(lines[i], strstr(it.lines.at, lines[i]) != NULL);
    in_row("a provider without models is none",
           catalog_provider_find(it.catalog, "homeless") == NULL);
    done(&it);
}

static void a_known_catalog_lends_its_names(void **state)
{
    cleanup(buf_done) struct buf file = buf_make(1 << 20);
    struct catalog *known = NULL;
    struct catalog_error error;
    const struct catalog_model *m;
    struct imported it;

    (void)state;
    assert_int("our catalog", file_read("deploy/catalog/catalog.json", &file), 0);
    assert_int("read", catalog_parse(buf_span(&file), &known, &error), 0);
    import_sample(known, &it);
    m = catalog_model_find(it.catalog, "anthropic/claude-sonnet-4.5");
    in_row("joined to the known spelling", m != NULL);
    assert_int("all four of them", m->deployment_count, 4);
    in_row("nothing under the other one",
           catalog_model_find(it.catalog, "anthropic/claude-sonnet-4-5") == NULL);
    assert_string_equal(m->name, catalog_model_find(known, m->id)->name);
    done(&it);
    catalog_free(known);
}

static void what_is_imported_is_a_catalog(void **state)
{
    cleanup(buf_done) struct buf text = buf_make(1 << 20);
    struct arena *arena = arena_new(1 << 16, 16 << 20);
    struct catalog *again = NULL;
    struct catalog_changes changes;
    struct catalog_error error = {""};
    struct imported it;

    (void)state;
    import_sample(NULL, &it);
    catalog_write(it.catalog, &text);
    if (catalog_parse(buf_span(&text), &again, &error) < 0)
        fail_msg("%s", error.text);
    changes = catalog_diff(it.catalog, again, arena);
    assert_int("and the same one", changes.count, 0);
    catalog_free(again);
    arena_free(arena);
    done(&it);
}

static void names_are_taken_apart(void **state)
{
    static const struct {
        const char *provider, *name, *author, *slug, *scope, *variant, *snapshot;
    } rows[] = {
        {"anthropic", "claude-opus-4-1-20250805", "anthropic", "claude-opus-4-1", NULL, NULL,
         "20250805"},
        {"google-vertex", "claude-opus-4-1@20250805", "anthropic", "claude-opus-4-1", NULL, NULL,
         "20250805"},
        {"amazon-bedrock", "eu.anthropic.claude-opus-4-1-20250805-v1:0", "anthropic",
         "claude-opus-4-1", "eu", NULL, "20250805"},
        {"amazon-bedrock", "meta.llama3-70b-instruct-v1:0", "meta-llama", "llama3-70b-instruct",
         NULL, NULL, NULL},
        {"fireworks-ai", "accounts/fireworks/models/kimi-k2p6", "moonshotai", "kimi-k2.6", NULL,
         NULL, NULL},
        {"cloudflare-workers-ai", "@cf/qwen/qwen3-30b", "qwen", "qwen3-30b", NULL, NULL, NULL},
        {"openai", "gpt-4o-2024-08-06", "openai", "gpt-4o-2024-08-06", NULL, NULL, NULL},
        {"anywhere", "mystery model!", NULL, "mystery-model-", NULL, NULL, NULL},
        {"anywhere", "Qwen/Qwen3-32B:free", "qwen", "qwen3-32b", NULL, "free", NULL},
    };
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct catalog_identity got;

        in_row(rows[i].name, catalog_identify(rows[i].provider, rows[i].name, NULL, arena, &got));
        assert_span(rows[i].name, span_of(got.author),
                    rows[i].author == NULL ? "" : rows[i].author);
        assert_span(rows[i].name, span_of(got.slug), rows[i].slug);
        assert_span(rows[i].name, span_of(got.scope), rows[i].scope == NULL ? "" : rows[i].scope);
        assert_span(rows[i].name, span_of(got.variant),
                    rows[i].variant == NULL ? "" : rows[i].variant);
        assert_span(rows[i].name, span_of(got.snapshot),
                    rows[i].snapshot == NULL ? "" : rows[i].snapshot);
    }
    arena_free(arena);
}

static void another_shape_is_refused(void **state)
{
    static const char *const texts[] = {"", "[]", "{", "{\"a\":1} x"};

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++) {
        struct catalog *catalog = NULL;
        struct catalog_error error;

        assert_int(texts[i],
                   catalog_from_models_dev(span_of(texts[i]), NULL, NULL, &catalog, &error),
                   -EINVAL);
        in_row(texts[i], catalog == NULL && error.text[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deployments_of_one_model_are_joined),
        cmocka_unit_test(prices_and_tiers_come_over),
        cmocka_unit_test(the_rest_comes_over),
        cmocka_unit_test(what_is_left_out_is_noted),
        cmocka_unit_test(a_known_catalog_lends_its_names),
        cmocka_unit_test(what_is_imported_is_a_catalog),
        cmocka_unit_test(names_are_taken_apart),
        cmocka_unit_test(another_shape_is_refused),
    };

    return run_test_table(tests);
}
