/*
 * ask_responses: the members of OpenAI's Responses.
 *
 * https://platform.openai.com/docs/api-reference/responses/create. What a provider keeps for its
 * account (conversations, prompts, items by reference) belongs to all tenants alike, and so to none
 * of them: only responses are told apart, by their ids.
 */
#include "gateway/dialect/ask_reading.h"

enum { RESPONSES = 1 << ASK_RESPONSES };

static bool refuse_kept(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    return ask_unsupported(r, name,
                           arena_printf(r->arena,
                                        "'%s' is not offered by this gateway: send what it stands "
                                        "for as 'input' and 'instructions'.",
                                        name));
}

static bool read_background(struct ask_reading *r, const char *name, uint32_t value)
{
    bool background = false;

    if (!ask_read_flag(r, name, value, &background))
        return false;
    return !background || ask_unsupported(r, name,
                                          "'background' must be false: a response is answered by "
                                          "its own request here.");
}

static bool read_item(struct ask_reading *r, const char *name, uint32_t item)
{
    uint32_t type = json_find(r->doc, item, "type");

    if (json_kind(r->doc, item) != JSON_OBJECT)
        return ask_wrong_type(r, name, "a string, or an array of objects");
    if (!json_is_null(r->doc, type) && json_kind(r->doc, type) != JSON_STRING)
        return ask_invalid(r, name, "The 'type' of an item must be a string.");
    /* The API takes a reference for granted where neither type nor role is told. */
    if ((json_is_null(r->doc, type) && json_find(r->doc, item, "role") == JSON_NONE) ||
        (!json_is_null(r->doc, type) && json_string_is(r->doc, type, "item_reference")))
        return ask_unsupported(r, name,
                               "Items by reference are not offered by this gateway: send the item "
                               "whole, or the response as 'previous_response_id'.");
    return true;
}

static bool read_input(struct ask_reading *r, const char *name, uint32_t value)
{
    enum json_kind kind = json_kind(r->doc, value);

    if (kind == JSON_STRING)
        return true;
    if (kind != JSON_ARRAY)
        return ask_wrong_type(r, name, "a string, or an array of objects");
    if (json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name, "'input' must not be an empty array.");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (!read_item(r, name, item))
            return false;
    return true;
}

static bool read_previous(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->previous_node = value;
    return ask_read_text(r, name, value, ASK_TEXT_MAX, &r->ask->previous);
}

/* Sorted by name. */
static const struct ask_member members[] = {
    {"background", RESPONSES, ASK_PASSED, read_background},
    {"conversation", RESPONSES, ASK_PASSED, refuse_kept},
    {"input", RESPONSES, ASK_PASSED, read_input},
    {"max_output_tokens", RESPONSES, ASK_PASSED, ask_read_max_tokens},
    {"model", RESPONSES, ASK_PASSED, ask_read_model},
    {"previous_response_id", RESPONSES, ASK_PASSED, read_previous},
    {"prompt", RESPONSES, ASK_PASSED, refuse_kept},
    {"prompt_cache_options", RESPONSES, ASK_PRICED, NULL},
    {"service_tier", RESPONSES, ASK_PASSED, ask_read_service_tier},
    {"speed", RESPONSES, ASK_PRICED, NULL},
    {"stream", RESPONSES, ASK_PASSED, ask_read_stream},
    {"tools", RESPONSES, ASK_PASSED, ask_read_tools},
    {"user", RESPONSES, ASK_PASSED, ask_read_user},
};

static bool check(struct ask_reading *r)
{
    return ask_require(r, "input");
}

const struct ask_table ask_responses_table = {
    .members = members, .count = array_size(members), .check = check};
