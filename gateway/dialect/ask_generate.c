/*
 * ask_generate: the members of Gemini's generateContent, which names the model in its path.
 *
 * https://ai.google.dev/api/generate-content. Members are spelled in camelCase, and in snake_case
 * by some of its clients.
 */
#include "gateway/dialect/ask_reading.h"

enum { GENERATE = 1 << ASK_GENERATE };

/* False: it stands there in both spellings, of which a provider could take the other one. */
static bool find_either(struct ask_reading *r, uint32_t config, const char *camel,
                        const char *snake, uint32_t *node_out)
{
    uint32_t other = json_find(r->doc, config, snake);

    *node_out = json_find(r->doc, config, camel);
    if (*node_out != JSON_NONE && other != JSON_NONE)
        return ask_invalid(r, snake, "A member must not stand there in two spellings.");
    if (*node_out == JSON_NONE)
        *node_out = other;
    return true;
}

static bool read_contents(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value) ||
        (json_kind(r->doc, value) != JSON_ARRAY && json_kind(r->doc, value) != JSON_OBJECT))
        return ask_wrong_type(r, name, "an array of contents");
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return true;
    if (json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name, "'contents' must have at least one content.");
    for (uint32_t content = json_first(r->doc, value); content != JSON_NONE;
         content = json_after(r->doc, value, content))
        if (json_kind(r->doc, content) != JSON_OBJECT)
            return ask_wrong_type(r, name, "an array of objects");
    return true;
}

/* Beside functions everything a tool can be runs at the provider: search, code, maps, URLs. */
static bool read_tool(struct ask_reading *r, const char *name, uint32_t tool)
{
    if (json_kind(r->doc, tool) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an array of objects");
    for (uint32_t member = json_first(r->doc, tool); member != JSON_NONE;
         member = json_after(r->doc, tool, member)) {
        if (json_is_null(r->doc, json_value(r->doc, member)) ||
            json_string_is(r->doc, member, "functionDeclarations") ||
            json_string_is(r->doc, member, "function_declarations"))
            continue;
        return ask_unsupported(r, name,
                               "Only tools with 'functionDeclarations' can be used here: tools "
                               "that run at the provider have no price in the catalog.");
    }
    return true;
}

static bool read_tools(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return read_tool(r, name, value);
    for (uint32_t tool = json_first(r->doc, value); tool != JSON_NONE;
         tool = json_after(r->doc, value, tool))
        if (!read_tool(r, name, tool))
            return false;
    return true;
}

static bool read_modalities(struct ask_reading *r, uint32_t value)
{
    static const char param[] = "generationConfig.responseModalities";

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, param, "an array");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (json_kind(r->doc, item) != JSON_STRING ||
            (!json_string_is(r->doc, item, "TEXT") && !json_string_is(r->doc, item, "text")))
            return ask_unsupported(r, param,
                                   "'responseModalities' must be [\"TEXT\"]: the catalog has no "
                                   "price for other output here.");
    return true;
}

static bool read_config(struct ask_reading *r, const char *name, uint32_t value)
{
    struct ask *ask = r->ask;
    uint32_t choices, modalities;

    if (ask->config_node != JSON_NONE)
        return ask_invalid(r, name, "A member must not stand there in two spellings.");
    ask->config_node = value;
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    return find_either(r, value, "maxOutputTokens", "max_output_tokens", &ask->max_tokens_node) &&
           find_either(r, value, "candidateCount", "candidate_count", &choices) &&
           find_either(r, value, "responseModalities", "response_modalities", &modalities) &&
           ask_read_number(r, "generationConfig.maxOutputTokens", ask->max_tokens_node, ASK_CAP_MAX,
                           &ask->max_tokens) &&
           ask_read_number(r, "generationConfig.candidateCount", choices, ASK_CHOICES_MAX,
                           &ask->choices) &&
           read_modalities(r, modalities);
}

/* Sorted by name. `model` may stand in the body too, as clients of the SDKs send it: the path has
 * it. */
static const struct ask_member members[] = {
    {"cachedContent", GENERATE, ASK_PRICED, NULL},
    {"cached_content", GENERATE, ASK_PRICED, NULL},
    {"contents", GENERATE, ASK_PASSED, read_contents},
    {"generationConfig", GENERATE, ASK_PASSED, read_config},
    {"generation_config", GENERATE, ASK_PASSED, read_config},
    {"model", GENERATE, ASK_CONSUMED, NULL},
    {"serviceTier", GENERATE, ASK_PRICED, NULL},
    {"service_tier", GENERATE, ASK_PRICED, NULL},
    {"tools", GENERATE, ASK_PASSED, read_tools},
};

static bool check(struct ask_reading *r)
{
    if (json_find(r->doc, 0, "contents") == JSON_NONE)
        return ask_invalid(r, "contents", "Missing required parameter: 'contents'.");
    return true;
}

const struct ask_table ask_generate_table = {
    .members = members, .count = array_size(members), .check = check};
