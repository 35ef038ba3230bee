/*
 * fuzz-import: another gateway's configuration as `tollgatectl route import` reads it. The first
 * byte says whose, and whether it is YAML. Whatever comes, it ends, presets are JSON of no more
 * than their size, and the report is text.
 */
#include <stdint.h>
#include <string.h>

#include "common/base/mem.h"
#include "tenants/ctl/import_litellm.h"
#include "tenants/ctl/import_portkey.h"
#include "tenants/ctl/import_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {IMPORT_YAML_OUT_MAX, 48, 400000};
static const struct import_model models[] = {
    {{"anthropic/claude-3.5-sonnet", 27}, {",amazon-bedrock,anthropic", 25}},
    {{"google/gemini-2.5-pro", 21}, {",google", 7}},
    {{"openai/gpt-4o", 13}, {",azure,openai", 13}},
    {{"openai/gpt-4o-mini", 18}, {",azure,openai", 13}},
};
static const struct import_names names = {.models = models, .model_count = array_size(models)};

static void must_be_presets(const struct import_result *result)
{
    struct json_doc doc = json_doc_make();
    must(result->count <= IMPORT_PRESETS_MAX);
    for (uint32_t i = 0; i < result->count; i++) {
        must(result->at[i].name.size > 0 && result->at[i].name.size <= IMPORT_NAME_MAX);
        must(result->at[i].json.size <= IMPORT_PRESET_MAX);
        must(json_parse(&doc, result->at[i].json, &limits) == JSON_OK);
        must(json_kind(&doc, 0) == JSON_OBJECT);
    }
    json_doc_done(&doc);
}

static void import(const struct json_doc *doc, bool litellm)
{
    struct arena *arena = arena_new(1 << 18, IMPORT_ARENA_MAX);
    struct import_result *result = arena_take(arena, sizeof(*result));
    struct import_preset *preset = arena_take(arena, sizeof(*preset));
    struct buf lines = buf_make(IMPORT_REPORT_MAX), error = buf_make(1024);
    struct import_report report = {.lines = &lines};
    int failed = litellm ? import_litellm(doc, &names, arena, &report, result, &error)
                         : import_portkey(doc, &names, arena, &report, preset, &error);
    must((failed == 0) == (error.size == 0));
    if (failed == 0 && !litellm)
        (void)!import_finish(result, span_of("preset"), preset, arena, &report);
    must_be_presets(result);
    must(lines.size == 0 || memchr(lines.at, '\0', lines.size) == NULL);
    buf_done(&error);
    buf_done(&lines);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > IMPORT_FILE_MAX)
        return 0;
    struct json_doc doc = json_doc_make();
    struct buf json = buf_make(IMPORT_YAML_OUT_MAX), error = buf_make(1024);
    struct span text = span_make((const char *)data + 1, size - 1);
    if ((data[0] & 1) != 0 && import_yaml(text, &json, &error) == 0)
        text = buf_span(&json);
    if (json_parse(&doc, text, &limits) == JSON_OK && json_kind(&doc, 0) == JSON_OBJECT)
        import(&doc, (data[0] & 2) != 0);
    buf_done(&error);
    buf_done(&json);
    json_doc_done(&doc);
    return 0;
}
