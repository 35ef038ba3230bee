/*
 * ask_openai: the members of chat completions and embeddings.
 */
#include "gateway/dialect/ask_reading.h"

enum { CHAT = 1 << ASK_CHAT, EMBEDDINGS = 1 << ASK_EMBEDDINGS, BOTH = CHAT | EMBEDDINGS };

static bool read_stream_options(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->stream_options_node = value;
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    return ask_read_flag(r, "stream_options.include_usage",
                         json_find(r->doc, value, "include_usage"), &r->ask->include_usage);
}

static bool read_max_completion_tokens(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->max_completion_tokens_node = value;
    return ask_read_number(r, name, value, ASK_CAP_MAX, &r->ask->max_completion_tokens);
}

static bool read_choices(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_number(r, name, value, ASK_CHOICES_MAX, &r->ask->choices);
}

static bool read_input(struct ask_reading *r, const char *name, uint32_t value)
{
    enum json_kind kind = json_kind(r->doc, value);

    if (kind != JSON_STRING && kind != JSON_ARRAY)
        return ask_wrong_type(r, name, "a string, an array of strings, or an array of tokens");
    if (kind == JSON_ARRAY && json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name, "'input' must not be an empty array.");
    return true;
}

/* Tools that run at the provider have a price of their own. */
static bool read_tools(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array");
    for (uint32_t tool = json_first(r->doc, value); tool != JSON_NONE;
         tool = json_after(r->doc, value, tool)) {
        uint32_t type = json_find(r->doc, tool, "type");
        if (type == JSON_NONE || json_kind(r->doc, type) != JSON_STRING)
            return ask_invalid(r, name, "Each of 'tools' must be an object with a 'type'.");
        if (!json_string_is(r->doc, type, "function") && !json_string_is(r->doc, type, "custom"))
            return ask_unsupported(r, name,
                                   "Only tools of type 'function' and 'custom' can be used here: "
                                   "tools that run at the provider have no price in the catalog.");
    }
    return true;
}

static bool read_service_tier(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return ask_wrong_type(r, name, "a string");
    if (json_string_is(r->doc, value, "auto") || json_string_is(r->doc, value, "default"))
        return true;
    return ask_unsupported(r, name,
                           "'service_tier' must be 'auto' or 'default': the catalog has no "
                           "price for other tiers.");
}

static bool read_modalities(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (json_kind(r->doc, item) != JSON_STRING || !json_string_is(r->doc, item, "text"))
            return ask_unsupported(r, name,
                                   "'modalities' must be [\"text\"]: the catalog has no price "
                                   "for other output here.");
    return true;
}

/* Sorted by name. */
static const struct ask_member members[] = {
    {"audio", CHAT, ASK_PRICED, NULL},
    {"best_of", CHAT, ASK_PRICED, NULL},
    {"enable_search", CHAT, ASK_PRICED, NULL},
    {"input", EMBEDDINGS, ASK_PASSED, read_input},
    {"max_completion_tokens", CHAT, ASK_PASSED, read_max_completion_tokens},
    {"max_tokens", CHAT, ASK_PASSED, ask_read_max_tokens},
    {"messages", CHAT, ASK_PASSED, ask_read_messages},
    {"modalities", CHAT, ASK_PASSED, read_modalities},
    {"model", BOTH, ASK_PASSED, ask_read_model},
    {"n", CHAT, ASK_PASSED, read_choices},
    {"plugins", CHAT, ASK_PRICED, NULL},
    {"prediction", CHAT, ASK_PRICED, NULL},
    {"search_parameters", CHAT, ASK_PRICED, NULL},
    {"service_tier", BOTH, ASK_PASSED, read_service_tier},
    {"speed", CHAT, ASK_PRICED, NULL},
    {"stream", CHAT, ASK_PASSED, ask_read_stream},
    {"stream_options", CHAT, ASK_PASSED, read_stream_options},
    {"tools", CHAT, ASK_PASSED, read_tools},
    {"user", BOTH, ASK_PASSED, ask_read_user},
    {"web_search_options", CHAT, ASK_PRICED, NULL},
};

static bool check(struct ask_reading *r)
{
    const struct ask *ask = r->ask;

    if (ask->kind == ASK_CHAT && json_find(r->doc, 0, "messages") == JSON_NONE)
        return ask_invalid(r, "messages", "Missing required parameter: 'messages'.");
    if (ask->kind == ASK_EMBEDDINGS && json_find(r->doc, 0, "input") == JSON_NONE)
        return ask_invalid(r, "input", "Missing required parameter: 'input'.");
    if (!json_is_null(r->doc, ask->stream_options_node) && !ask->stream)
        return ask_invalid(r, "stream_options",
                           "'stream_options' is only allowed when 'stream' is enabled.");
    return true;
}

const struct ask_table ask_openai_table = {
    .members = members, .count = array_size(members), .check = check};
