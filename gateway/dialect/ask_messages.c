/*
 * ask_messages: the members of Anthropic's Messages.
 *
 * https://platform.claude.com/docs/en/api/messages. Tools that the client itself runs (bash, text
 * editor, computer, memory) have no price; those that run at the provider have one.
 */
#include "gateway/dialect/ask_reading.h"

enum { MESSAGES = 1 << ASK_MESSAGES };

static bool is_clients_own(const struct json_doc *doc, uint32_t type)
{
    static const char *const prefixes[] = {"bash_", "text_editor_", "computer_", "memory_"};
    struct span text = json_inside(doc, type);

    for (size_t i = 0; i < array_size(prefixes); i++)
        if (span_starts(text, prefixes[i]))
            return true;
    return span_is(text, "custom");
}

static bool read_tools(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array");
    for (uint32_t tool = json_first(r->doc, value); tool != JSON_NONE;
         tool = json_after(r->doc, value, tool)) {
        uint32_t type;
        if (json_kind(r->doc, tool) != JSON_OBJECT)
            return ask_wrong_type(r, name, "an array of objects");
        type = json_find(r->doc, tool, "type");
        if (json_is_null(r->doc, type))
            continue;
        if (json_kind(r->doc, type) != JSON_STRING)
            return ask_invalid(r, name, "The 'type' of a tool must be a string.");
        if (!is_clients_own(r->doc, type))
            return ask_unsupported(r, name,
                                   "Only tools that the client runs can be used here: tools that "
                                   "run at the provider have no price in the catalog.");
    }
    return true;
}

static bool read_service_tier(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return ask_wrong_type(r, name, "a string");
    if (json_string_is(r->doc, value, "auto") || json_string_is(r->doc, value, "standard_only"))
        return true;
    return ask_unsupported(r, name, "'service_tier' must be 'auto' or 'standard_only'.");
}

static bool read_metadata(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    return ask_read_text(r, "metadata.user_id", json_find(r->doc, value, "user_id"), ASK_TEXT_MAX,
                         &r->ask->user);
}

/* Sorted by name. */
static const struct ask_member members[] = {
    {"container", MESSAGES, ASK_PRICED, NULL},
    {"max_tokens", MESSAGES, ASK_PASSED, ask_read_max_tokens},
    {"mcp_servers", MESSAGES, ASK_PRICED, NULL},
    {"messages", MESSAGES, ASK_PASSED, ask_read_messages},
    {"metadata", MESSAGES, ASK_PASSED, read_metadata},
    {"model", MESSAGES, ASK_PASSED, ask_read_model},
    {"service_tier", MESSAGES, ASK_PASSED, read_service_tier},
    {"speed", MESSAGES, ASK_PRICED, NULL},
    {"stream", MESSAGES, ASK_PASSED, ask_read_stream},
    {"tools", MESSAGES, ASK_PASSED, read_tools},
};

static bool check(struct ask_reading *r)
{
    if (json_find(r->doc, 0, "messages") == JSON_NONE)
        return ask_invalid(r, "messages", "messages: Field required");
    return true;
}

const struct ask_table ask_messages_table = {
    .members = members, .count = array_size(members), .check = check};
