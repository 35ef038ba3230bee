/*
 * responses_wish_read: tools of a Responses body, and what shapes the answer.
 */
#include <errno.h>

#include "gateway/dialect/ask.h"
#include "gateway/dialect/responses_reading.h"

/* ---- tools ---- */

static bool read_tool(struct openai_reading *r, uint32_t node)
{
    struct chat_tool *tool = &r->chat->tools[r->chat->tool_count];
    uint32_t schema = json_find(r->doc, node, "parameters");

    if (!span_is(openai_inside_in(r, node, "type"), "function"))
        return openai_refuse(r, "tools",
                             "Only tools of type 'function' can be translated for this model.");
    tool->name = openai_inside_in(r, node, "name");
    if (tool->name.size == 0)
        return openai_refuse(r, "tools", "A function must have a 'name'.");
    if (!json_is_null(r->doc, schema) && !openai_is(r, schema, JSON_OBJECT))
        return openai_refuse(r, "tools", "The 'parameters' of a function must be an object.");
    tool->description = openai_inside_in(r, node, "description");
    tool->schema = json_is_null(r->doc, schema) ? (struct span){0} : json_raw(r->doc, schema);
    tool->strict = openai_flag_in(r, node, "strict");
    r->chat->tool_count++;
    return true;
}

bool responses_read_tools(struct openai_reading *r)
{
    uint32_t tools = openai_array_in(r, 0, "tools");
    size_t count = tools == JSON_NONE ? 0 : json_count(r->doc, tools);

    if (count == 0)
        return true;
    if (!openai_has_room(r, count * sizeof(struct chat_tool)))
        return openai_refuse(r, "tools", "There are too many tools.");
    r->chat->tools = arena_array(r->arena, count, sizeof(struct chat_tool));
    for (uint32_t tool = json_first(r->doc, tools); tool != JSON_NONE;
         tool = json_after(r->doc, tools, tool))
        if (!read_tool(r, tool))
            return false;
    return true;
}

static bool read_tool_choice(struct openai_reading *r)
{
    uint32_t choice = json_find(r->doc, 0, "tool_choice");

    if (json_is_null(r->doc, choice))
        return true;
    if (openai_is(r, choice, JSON_STRING))
        return openai_choose_word(r, openai_inside(r, choice), "tool_choice");
    if (!span_is(openai_inside_in(r, choice, "type"), "function"))
        return openai_refuse(r, "tool_choice",
                             "It must be 'auto', 'none', 'required' or name a function.");
    return openai_choose_named(r, openai_inside_in(r, choice, "name"), "tool_choice");
}

/* ---- numbers and words ---- */

static bool read_values(struct openai_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    const struct openai_value rows[] = {
        {"temperature", JSON_NUMBER, &wish->temperature},
        {"top_p", JSON_NUMBER, &wish->top_p},
        {"top_logprobs", JSON_NUMBER, &wish->top_logprobs},
        {"service_tier", JSON_STRING, &wish->service_tier},
        {"safety_identifier", JSON_STRING, &wish->user},
        {"user", JSON_STRING, &wish->user},
        {"metadata", JSON_OBJECT, &wish->metadata},
    };

    return openai_read_values(r, rows, array_size(rows));
}

static bool includes(const struct openai_reading *r, const char *what)
{
    uint32_t include = openai_array_in(r, 0, "include");

    if (include == JSON_NONE)
        return false;
    for (uint32_t item = json_first(r->doc, include); item != JSON_NONE;
         item = json_after(r->doc, include, item))
        if (span_is(openai_inside(r, item), what))
            return true;
    return false;
}

static bool read_flags(struct openai_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;

    wish->logprobs = includes(r, "message.output_text.logprobs");
    wish->stream = openai_flag_in(r, 0, "stream") == 1;
    wish->parallel_tools = openai_flag_in(r, 0, "parallel_tool_calls");
    wish->choices = 1;
    wish->max_tokens = -1;
    wish->reasoning_budget = -1;
    return openai_read_whole_number(r, "max_output_tokens", ASK_CAP_MAX, &wish->max_tokens);
}

/* ---- objects ---- */

static bool read_format(struct openai_reading *r, uint32_t format)
{
    struct chat_wish *wish = &r->chat->wish;
    struct span type = openai_inside_in(r, format, "type");
    uint32_t schema = json_find(r->doc, format, "schema");

    if (json_is_null(r->doc, format) || span_is(type, "text"))
        return true;
    if (span_is(type, "json_object")) {
        wish->format = FORMAT_JSON;
        return true;
    }
    if (!span_is(type, "json_schema"))
        return openai_refuse(r, "text.format.type",
                             "It must be 'text', 'json_object' or 'json_schema'.");
    if (!openai_is(r, schema, JSON_OBJECT))
        return openai_refuse(r, "text.format.schema",
                             "A format of type 'json_schema' needs a 'schema'.");
    wish->format = FORMAT_SCHEMA;
    wish->schema_name = openai_inside_in(r, format, "name");
    wish->schema_strict = openai_flag_in(r, format, "strict");
    wish->schema = json_raw(r->doc, schema);
    return true;
}

static bool read_text(struct openai_reading *r)
{
    uint32_t text = json_find(r->doc, 0, "text");

    r->chat->wish.schema_strict = -1;
    if (json_is_null(r->doc, text))
        return true;
    if (!openai_is(r, text, JSON_OBJECT))
        return openai_refuse(r, "text", "It must be an object.");
    r->chat->wish.verbosity = openai_inside_in(r, text, "verbosity");
    return read_format(r, json_find(r->doc, text, "format"));
}

static bool read_reasoning(struct openai_reading *r)
{
    uint32_t reasoning = json_find(r->doc, 0, "reasoning");

    if (json_is_null(r->doc, reasoning))
        return true;
    if (!openai_is(r, reasoning, JSON_OBJECT))
        return openai_refuse(r, "reasoning", "It must be an object.");
    return openai_read_effort(r, json_find(r->doc, reasoning, "effort"), "reasoning.effort");
}

bool responses_read_wish(struct openai_reading *r)
{
    return read_values(r) && read_flags(r) && read_text(r) && read_reasoning(r) &&
           read_tool_choice(r);
}
