/* Other gateways' configurations as presets: the files in import/, each with what comes of it
 * (NAME.expected: the report, then the presets). */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "tenants/ctl/import_litellm.h"
#include "tenants/ctl/import_portkey.h"
#include "tenants/ctl/import_yaml.h"

#define FOLDER "tests/unit/tenants/ctl/import/"

static const struct import_model models[] = {
    {{"anthropic/claude-3-haiku", 24}, {",anthropic,amazon-bedrock", 25}},
    {{"anthropic/claude-3-opus", 23}, {",anthropic", 10}},
    {{"anthropic/claude-3.5-sonnet", 27}, {",amazon-bedrock,anthropic,google-vertex", 39}},
    {{"google/gemini-2.5-flash", 23}, {",google,google-vertex", 21}},
    {{"google/gemini-2.5-pro", 21}, {",google,google-vertex", 21}},
    {{"meta-llama/llama-3.3-70b-instruct", 33}, {",groq,togetherai", 16}},
    {{"openai/gpt-4o", 13}, {",azure,openai", 13}},
    {{"openai/gpt-4o-2024-05-13", 24}, {",openai", 7}},
    {{"openai/gpt-4o-mini", 18}, {",azure,openai", 13}},
};

struct world {
    struct arena *arena;
    struct json_doc doc;
    struct buf lines, json, error, text;
    struct import_report report;
    struct import_result *result;
    struct import_names names;
};

static void open_world(struct world *world)
{
    *world = (struct world){
        .arena = arena_new(1 << 16, IMPORT_ARENA_MAX),
        .doc = json_doc_make(),
        .lines = buf_make(IMPORT_REPORT_MAX),
        .json = buf_make(IMPORT_YAML_OUT_MAX),
        .error = buf_make(4096),
        .text = buf_make(1 << 20),
        .names = {.models = models, .model_count = array_size(models)},
    };
    world->report.lines = &world->lines;
    world->result = arena_take(world->arena, sizeof(*world->result));
}

static void close_world(struct world *world)
{
    buf_done(&world->lines);
    buf_done(&world->json);
    buf_done(&world->error);
    buf_done(&world->text);
    json_doc_done(&world->doc);
    arena_free(world->arena);
}

static const struct json_limits limits = {IMPORT_YAML_OUT_MAX, 48, 400000};

static void import_text_of(struct world *world, const char *what, struct span text, bool litellm)
{
    struct import_preset *preset = arena_take(world->arena, sizeof(*preset));
    int failed =
        litellm ? import_yaml(text, &world->json, &world->error) : buf_add_span(&world->json, text);
    if (failed != 0)
        fail_msg("%s: %s", what, world->error.at);
    in_row(what, json_parse(&world->doc, buf_span(&world->json), &limits) == JSON_OK);
    if (litellm) {
        in_row(what, import_litellm(&world->doc, &world->names, world->arena, &world->report,
                                    world->result, &world->error) == 0);
        return;
    }
    in_row(what, import_portkey(&world->doc, &world->names, world->arena, &world->report, preset,
                                &world->error) == 0);
    (void)!import_finish(world->result, import_preset_name(span_of(what), world->arena), preset,
                         world->arena, &world->report);
}

/* ---- whole files ---- */

static void read_file(const char *name, const char *end, struct buf *out)
{
    char path[256];
    snprintf(path, sizeof(path), FOLDER "%s%s", name, end);
    if (file_read(path, out) != 0)
        fail_msg("%s can't be read", path);
}

static void a_file_becomes_what_is_expected(const char *name, bool litellm)
{
    struct world world;
    struct buf expected = buf_make(1 << 20);
    open_world(&world);
    read_file(name, litellm ? ".yaml" : ".json", &world.text);
    import_text_of(&world, name, buf_span(&world.text), litellm);
    for (uint32_t i = 0; i < world.result->count; i++)
        buf_printf(&world.lines, "%.*s %.*s\n", SPAN_ARG(world.result->at[i].name),
                   SPAN_ARG(world.result->at[i].json));
    in_row(name, strstr(world.lines.at, "secret") == NULL);
    read_file(name, ".expected", &expected);
    bool same = span_equal(buf_span(&world.lines), buf_span(&expected));
    if (!same) /* More than fail_msg() would print. */
        fprintf(stderr, "%s became\n%s", name, world.lines.at);
    in_row(name, same);
    buf_done(&expected);
    close_world(&world);
}

static void configs_of_portkey_become_presets(void **state)
{
    (void)state;
    a_file_becomes_what_is_expected("portkey-fallback", false);
    a_file_becomes_what_is_expected("portkey-nested", false);
    a_file_becomes_what_is_expected("portkey-lost", false);
    a_file_becomes_what_is_expected("portkey-single", false);
    a_file_becomes_what_is_expected("portkey-shapes", false);
}

static void files_of_litellm_become_presets(void **state)
{
    (void)state;
    a_file_becomes_what_is_expected("litellm-groups", true);
    a_file_becomes_what_is_expected("litellm-latency", true);
    a_file_becomes_what_is_expected("litellm-lost", true);
    a_file_becomes_what_is_expected("litellm-weights", true);
    a_file_becomes_what_is_expected("litellm-shapes", true);
}

/* ---- names ---- */

static void names_of_providers_are_found(void **state)
{
    static const struct {
        const char *theirs;
        enum import_provider how;
        const char *ours;
    } rows[] = {
        {"openai", PROVIDER_KNOWN, "openai"},
        {"azure-openai", PROVIDER_KNOWN, "azure"},
        {"azure_ai", PROVIDER_KNOWN, "azure"},
        {"vertex_ai", PROVIDER_KNOWN, "google-vertex"},
        {"Vertex-AI", PROVIDER_KNOWN, "google-vertex"},
        {"together_ai", PROVIDER_KNOWN, "togetherai"},
        {"@bedrock", PROVIDER_KNOWN, "amazon-bedrock"},
        {"openai-prod-258f4d", PROVIDER_GUESSED, "openai"},
        {"@azure-openai-eu", PROVIDER_GUESSED, "azure"},
        {"openainot", PROVIDER_UNKNOWN, ""},
        {"main-258f4d", PROVIDER_UNKNOWN, ""},
        {"", PROVIDER_UNKNOWN, ""},
        {"openrouter", PROVIDER_ANY, ""},
        {"mine", PROVIDER_KNOWN, "groq"},
        {"@mine", PROVIDER_KNOWN, "groq"},
    };
    static const struct import_map maps[] = {{{"mine", 4}, {"groq", 4}}};
    const struct import_names names = {models, array_size(models), maps, array_size(maps)};
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span slug = {0};
        assert_int(rows[i].theirs, import_provider(&names, span_of(rows[i].theirs), &slug),
                   rows[i].how);
        assert_span(rows[i].theirs, slug, rows[i].ours);
    }
}

static void names_of_models_are_found(void **state)
{
    static const struct {
        const char *what, *theirs, *provider, *ours;
        bool exact;
    } rows[] = {
        {"the id itself", "openai/gpt-4o", "", "openai/gpt-4o", true},
        {"without an author", "gpt-4o", "openai", "openai/gpt-4o", true},
        {"a version that is there", "gpt-4o-2024-05-13", "openai", "openai/gpt-4o-2024-05-13",
         true},
        {"one that is not", "gpt-4o-2024-08-06", "openai", "openai/gpt-4o", false},
        {"a date in one word", "claude-3-5-sonnet-20240620", "", "anthropic/claude-3.5-sonnet",
         false},
        {"Vertex's way", "claude-3-5-sonnet@20240620", "google-vertex",
         "anthropic/claude-3.5-sonnet", false},
        {"Bedrock's way", "eu.anthropic.claude-3-haiku-20240307-v1:0", "amazon-bedrock",
         "anthropic/claude-3-haiku", false},
        {"Bedrock's way in LiteLLM", "converse/us.anthropic.claude-3-haiku-20240307-v1:0", "",
         "anthropic/claude-3-haiku", false},
        {"with the maker's name", "meta-llama/Llama-3.3-70B-Instruct", "groq",
         "meta-llama/llama-3.3-70b-instruct", true},
        {"the newest", "gemini-2.5-pro-latest", "google", "google/gemini-2.5-pro", false},
        {"another model", "gpt-4", "openai", "", false},
        {"nothing", "", "", "", false},
    };
    const struct import_names names = {.models = models, .model_count = array_size(models)};
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        bool exact = false;
        const struct import_model *model =
            import_find_model(&names, span_of(rows[i].theirs), span_of(rows[i].provider), &exact);
        assert_span(rows[i].what, model == NULL ? (struct span){0} : model->id, rows[i].ours);
        in_row(rows[i].what, model == NULL || exact == rows[i].exact);
    }
}

static void what_was_said_goes_first(void **state)
{
    static const char config[] = "model_list: [{model_name: a, litellm_params: {model: local/x}}]";
    static const struct import_map maps[] = {{{"local/x", 7}, {"google/gemini-2.5-pro", 21}}};
    struct world world;
    (void)state;
    open_world(&world);
    world.names.maps = maps;
    world.names.map_count = array_size(maps);
    import_text_of(&world, "a map", span_of(config), true);
    assert_int("nothing is lost", world.report.lost, 0);
    assert_span("the model", world.result->at[0].json, "{\"model\":\"google/gemini-2.5-pro\"}");
    close_world(&world);
}

static void strategies_are_named(void **state)
{
    static const struct {
        const char *theirs, *leaf;
    } rows[] = {
        {"latency-based-routing",
         "\"provider\":{\"only\":[\"azure\",\"openai\"],\"sort\":\"latency\"}"},
        {"cost-based-routing", "\"sort\":\"price\"}"},
        {"least-busy", "\"sort\":\"least-busy\"}"},
        {"usage-based-routing", "\"sort\":\"usage\"}"},
        {"usage-based-routing-v2", "\"sort\":\"usage\"}"},
        {"simple-shuffle", "\"strategy\":{\"mode\":\"loadbalance\"}"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world world;
        struct buf text = buf_make(4096);
        open_world(&world);
        buf_printf(&text,
                   "model_list: [{model_name: a, litellm_params: {model: azure/gpt-4o}}, "
                   "{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n"
                   "router_settings: {routing_strategy: %s}",
                   rows[i].theirs);
        import_text_of(&world, rows[i].theirs, buf_span(&text), true);
        in_row(rows[i].theirs, world.report.lost == 0 && world.result->count == 1);
        in_row(rows[i].theirs, memmem(world.result->at[0].json.at, world.result->at[0].json.size,
                                      rows[i].leaf, strlen(rows[i].leaf)) != NULL);
        buf_done(&text);
        close_world(&world);
    }
}

static void names_of_presets_are_made(void **state)
{
    static const struct {
        const char *theirs, *ours;
    } rows[] = {
        {"gpt-4o", "gpt-4o"},
        {"GPT 4o (EU)", "gpt-4o--eu-"},
        {"anthropic/claude", "anthropic-claude"},
        {"--x_y.z", "x_y.z"},
        {"\xc3\xa4\xc3\xb6", ""},
        {"", ""},
    };
    struct arena *arena = arena_new(4096, 1 << 16);
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_span(rows[i].theirs, import_preset_name(span_of(rows[i].theirs), arena),
                    rows[i].ours);
    arena_free(arena);
}

/* ---- limits ---- */

static void what_is_too_much_is_lost(void **state)
{
    struct world world;
    struct buf text = buf_make(IMPORT_FILE_MAX);
    (void)state;
    open_world(&world);
    buf_add_string(&text, "{\"strategy\":{\"mode\":\"loadbalance\"},\"targets\":[");
    for (int i = 0; i < IMPORT_TARGETS_MAX; i++)
        buf_printf(&text, "%s{\"provider\":\"openai\"}", i == 0 ? "" : ",");
    buf_add_string(&text, "]}");
    import_text_of(&world, "targets", buf_span(&text), false);
    assert_int("one target too many", world.report.lost, 1);
    close_world(&world);

    open_world(&world);
    buf_clear(&text);
    for (int i = 0; i < IMPORT_DEPTH_MAX; i++)
        buf_add_string(&text, "{\"strategy\":{\"mode\":\"loadbalance\"},\"targets\":[");
    buf_add_string(&text, "{\"provider\":\"openai\"}");
    for (int i = 0; i < IMPORT_DEPTH_MAX; i++)
        buf_add_string(&text, "]}");
    import_text_of(&world, "depth", buf_span(&text), false);
    in_row("too deep", world.report.lost > 0 && world.result->count == 0);
    close_world(&world);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_of_portkey_become_presets),
        cmocka_unit_test(files_of_litellm_become_presets),
        cmocka_unit_test(names_of_providers_are_found),
        cmocka_unit_test(names_of_models_are_found),
        cmocka_unit_test(what_was_said_goes_first),
        cmocka_unit_test(strategies_are_named),
        cmocka_unit_test(names_of_presets_are_made),
        cmocka_unit_test(what_is_too_much_is_lost),
    };
    return run_test_table(tests);
}
