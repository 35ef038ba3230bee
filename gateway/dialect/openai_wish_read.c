/*
 * openai_wish_read: tools of a chat completions body, and what shapes the answer.
 */
#include <errno.h>

#include "gateway/dialect/ask.h"
#include "gateway/dialect/openai_reading.h"

/* ---- tools ---- */

int openai_flag_in(const struct openai_reading *r, uint32_t object, const char *name)
{
    bool flag;

    return json_bool(r->doc, json_find(r->doc, object, name), &flag) == 0 ? flag : -1;
}

static bool read_function(struct openai_reading *r, uint32_t function, const char *member)
{
    struct chat_tool *tool = &r->chat->tools[r->chat->tool_count];
    uint32_t schema = json_find(r->doc, function, "parameters");

    tool->name = openai_inside_in(r, function, "name");
    if (tool->name.size == 0)
        return openai_refuse(r, member, "A function must have a 'name'.");
    if (!json_is_null(r->doc, schema) && !openai_is(r, schema, JSON_OBJECT))
        return openai_refuse(r, member, "The 'parameters' of a function must be an object.");
    tool->description = openai_inside_in(r, function, "description");
    tool->schema = json_is_null(r->doc, schema) ? (struct span){0} : json_raw(r->doc, schema);
    tool->strict = openai_flag_in(r, function, "strict");
    tool->cache = openai_cache_in(r, function);
    r->chat->tool_count++;
    return true;
}

static bool read_tool(struct openai_reading *r, uint32_t tool)
{
    enum chat_cache cache;

    if (!span_is(openai_inside_in(r, tool, "type"), "function"))
        return openai_refuse(r, "tools",
                             "Only tools of type 'function' can be translated for this model.");
    if (!read_function(r, json_find(r->doc, tool, "function"), "tools"))
        return false;
    cache = openai_cache_in(r, tool);
    if (cache != CACHE_UNSET)
        r->chat->tools[r->chat->tool_count - 1].cache = cache;
    return true;
}

bool openai_read_tools(struct openai_reading *r)
{
    uint32_t tools = openai_array_in(r, 0, "tools");
    uint32_t functions = openai_array_in(r, 0, "functions");
    size_t count = (tools == JSON_NONE ? 0 : json_count(r->doc, tools)) +
                   (functions == JSON_NONE ? 0 : (size_t)json_count(r->doc, functions));

    if (!openai_has_room(r, count * sizeof(struct chat_tool)))
        return openai_refuse(r, "tools", "There are too many tools.");
    if (count > 0)
        r->chat->tools = arena_array(r->arena, count, sizeof(struct chat_tool));
    for (uint32_t tool = tools == JSON_NONE ? JSON_NONE : json_first(r->doc, tools);
         tool != JSON_NONE; tool = json_after(r->doc, tools, tool))
        if (!read_tool(r, tool))
            return false;
    for (uint32_t function = functions == JSON_NONE ? JSON_NONE : json_first(r->doc, functions);
         function != JSON_NONE; function = json_after(r->doc, functions, function))
        if (!read_function(r, function, "functions"))
            return false;
    return true;
}

bool openai_choose_named(struct openai_reading *r, struct span name, const char *member)
{
    r->chat->wish.tool_choice = CHOICE_NAMED;
    r->chat->wish.tool_name = name;
    for (uint32_t i = 0; i < r->chat->tool_count; i++)
        if (span_equal(r->chat->tools[i].name, name))
            return true;
    return openai_refuse(r, member, "The tool that is to be called is not one of the tools.");
}

bool openai_choose_word(struct openai_reading *r, struct span word, const char *member)
{
    static const struct {
        const char *word;
        enum chat_choice choice;
    } rows[] = {{"auto", CHOICE_AUTO},
                {"none", CHOICE_NONE},
                {"required", CHOICE_REQUIRED},
                {"any", CHOICE_REQUIRED}};

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is(word, rows[i].word)) {
            r->chat->wish.tool_choice = rows[i].choice;
            if (rows[i].choice == CHOICE_REQUIRED && r->chat->tool_count == 0)
                return openai_refuse(r, member, "There are no tools to be called.");
            return true;
        }
    return openai_refuse(r, member, "It must be 'auto', 'none', 'required' or name a function.");
}

static bool read_tool_choice(struct openai_reading *r)
{
    uint32_t choice = json_find(r->doc, 0, "tool_choice");
    uint32_t call = json_find(r->doc, 0, "function_call"), function;
    struct span type = openai_inside_in(r, choice, "type");

    if (openai_is(r, choice, JSON_STRING))
        return openai_choose_word(r, openai_inside(r, choice), "tool_choice");
    if (openai_is(r, call, JSON_STRING))
        return openai_choose_word(r, openai_inside(r, call), "function_call");
    if (openai_is(r, call, JSON_OBJECT))
        return openai_choose_named(r, openai_inside_in(r, call, "name"), "function_call");
    if (json_is_null(r->doc, choice))
        return true;
    function = json_find(r->doc, choice, "function");
    if (!span_is(type, "function") || !openai_is(r, function, JSON_OBJECT))
        return openai_refuse(r, "tool_choice",
                             "It must be 'auto', 'none', 'required' or name a function.");
    return openai_choose_named(r, openai_inside_in(r, function, "name"), "tool_choice");
}

/* ---- numbers and words ---- */

bool openai_read_values(struct openai_reading *r, const struct openai_value *rows, size_t count)
{
    static const char *const kinds[] = {[JSON_NUMBER] = "It must be a number.",
                                        [JSON_STRING] = "It must be a string.",
                                        [JSON_ARRAY] = "It must be a list.",
                                        [JSON_OBJECT] = "It must be an object."};

    for (size_t i = 0; i < count; i++) {
        uint32_t node = json_find(r->doc, 0, rows[i].name);
        if (json_is_null(r->doc, node))
            continue;
        if (!openai_is(r, node, rows[i].kind))
            return openai_refuse(r, rows[i].name, kinds[rows[i].kind]);
        *rows[i].into =
            rows[i].kind == JSON_STRING ? openai_inside(r, node) : json_raw(r->doc, node);
    }
    return true;
}

static bool read_values(struct openai_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    const struct openai_value rows[] = {
        {"temperature", JSON_NUMBER, &wish->temperature},
        {"top_p", JSON_NUMBER, &wish->top_p},
        {"top_k", JSON_NUMBER, &wish->top_k},
        {"min_p", JSON_NUMBER, &wish->min_p},
        {"seed", JSON_NUMBER, &wish->seed},
        {"frequency_penalty", JSON_NUMBER, &wish->frequency_penalty},
        {"presence_penalty", JSON_NUMBER, &wish->presence_penalty},
        {"repetition_penalty", JSON_NUMBER, &wish->repetition_penalty},
        {"top_logprobs", JSON_NUMBER, &wish->top_logprobs},
        {"verbosity", JSON_STRING, &wish->verbosity},
        {"service_tier", JSON_STRING, &wish->service_tier},
        {"safety_identifier", JSON_STRING, &wish->user},
        {"user", JSON_STRING, &wish->user},
        {"metadata", JSON_OBJECT, &wish->metadata},
        {"logit_bias", JSON_OBJECT, &wish->logit_bias},
        {"safety_settings", JSON_ARRAY, &wish->safety},
    };

    return openai_read_values(r, rows, array_size(rows));
}

bool openai_read_whole_number(struct openai_reading *r, const char *name, int64_t max,
                              int64_t *number_out)
{
    int64_t number;
    int error = json_int64(r->doc, json_find(r->doc, 0, name), &number);

    if (error == -ENOENT)
        return true;
    if (error != 0 || number < 1 || number > max)
        return openai_refuse(r, name, "It must be a whole number above 0, and not too large.");
    *number_out = number;
    return true;
}

static bool read_flags(struct openai_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;

    wish->logprobs = openai_flag_in(r, 0, "logprobs") == 1;
    wish->stream = openai_flag_in(r, 0, "stream") == 1;
    wish->parallel_tools = openai_flag_in(r, 0, "parallel_tool_calls");
    wish->cache = openai_cache_in(r, 0);
    wish->choices = 1;
    wish->max_tokens = -1;
    return openai_read_whole_number(r, "n", ASK_CHOICES_MAX, &wish->choices) &&
           openai_read_whole_number(r, "max_tokens", ASK_CAP_MAX, &wish->max_tokens) &&
           openai_read_whole_number(r, "max_completion_tokens", ASK_CAP_MAX, &wish->max_tokens);
}

static bool add_stop(struct openai_reading *r, uint32_t node)
{
    struct chat_wish *wish = &r->chat->wish;
    struct span text = openai_inside(r, node);

    if (!openai_is(r, node, JSON_STRING))
        return openai_refuse(r, "stop", "It must be a string or an array of strings.");
    if (text.size == 0)
        return true;
    if (wish->stop_count == CHAT_STOPS_MAX)
        return openai_refuse(r, "stop", "There must be at most 16 of them.");
    wish->stops[wish->stop_count++] = text;
    return true;
}

static bool read_stop(struct openai_reading *r)
{
    uint32_t stop = json_find(r->doc, 0, "stop");

    if (json_is_null(r->doc, stop))
        return true;
    if (!openai_is(r, stop, JSON_ARRAY))
        return add_stop(r, stop);
    for (uint32_t item = json_first(r->doc, stop); item != JSON_NONE;
         item = json_after(r->doc, stop, item))
        if (!add_stop(r, item))
            return false;
    return true;
}

static bool read_schema(struct openai_reading *r, uint32_t format)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t object = json_find(r->doc, format, "json_schema");
    uint32_t schema = json_find(r->doc, object, "schema");

    wish->format = FORMAT_SCHEMA;
    wish->schema_name = openai_inside_in(r, object, "name");
    wish->schema_strict = openai_flag_in(r, object, "strict");
    if (!openai_is(r, schema, JSON_OBJECT))
        return openai_refuse(r, "response_format.json_schema",
                             "A format of type 'json_schema' needs a 'json_schema' with a "
                             "'schema'.");
    wish->schema = json_raw(r->doc, schema);
    return true;
}

static bool read_format(struct openai_reading *r)
{
    uint32_t format = json_find(r->doc, 0, "response_format");
    struct span type = openai_inside_in(r, format, "type");

    r->chat->wish.schema_strict = -1;
    if (json_is_null(r->doc, format) || span_is(type, "text"))
        return true;
    if (span_is(type, "json_schema"))
        return read_schema(r, format);
    if (!span_is(type, "json_object"))
        return openai_refuse(r, "response_format.type",
                             "It must be 'text', 'json_object' or 'json_schema'.");
    r->chat->wish.format = FORMAT_JSON;
    return true;
}

/* ---- reasoning ---- */

bool openai_read_effort(struct openai_reading *r, uint32_t node, const char *member)
{
    static const struct {
        const char *word;
        enum chat_effort effort;
    } rows[] = {{"none", EFFORT_NONE},     {"minimal", EFFORT_MINIMAL}, {"low", EFFORT_LOW},
                {"medium", EFFORT_MEDIUM}, {"high", EFFORT_HIGH},       {"xhigh", EFFORT_XHIGH},
                {"max", EFFORT_XHIGH}};

    if (json_is_null(r->doc, node))
        return true;
    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is(openai_inside(r, node), rows[i].word)) {
            r->chat->wish.effort = rows[i].effort;
            return true;
        }
    return openai_refuse(r, member,
                         "It must be 'none', 'minimal', 'low', 'medium', 'high' or 'xhigh'.");
}

static bool read_budget(struct openai_reading *r, uint32_t object, const char *name,
                        const char *member)
{
    int64_t budget;
    int error = json_int64(r->doc, json_find(r->doc, object, name), &budget);

    if (error == -ENOENT)
        return true;
    if (error != 0 || budget < 0 || budget > ASK_CAP_MAX)
        return openai_refuse(r, member, "It must be a whole number of tokens.");
    if (budget == 0)
        r->chat->wish.effort = EFFORT_NONE;
    else
        r->chat->wish.reasoning_budget = budget;
    return true;
}

/* OpenAI's word, OpenRouter's object, and the object that DeepSeek and others took from Anthropic.
 */
static bool read_reasoning(struct openai_reading *r)
{
    uint32_t reasoning = json_find(r->doc, 0, "reasoning");
    uint32_t thinking = json_find(r->doc, 0, "thinking");

    r->chat->wish.reasoning_budget = -1;
    if (span_is(openai_inside_in(r, thinking, "type"), "disabled") ||
        openai_flag_in(r, reasoning, "enabled") == 0)
        r->chat->wish.effort = EFFORT_NONE;
    else if (openai_flag_in(r, reasoning, "enabled") == 1)
        r->chat->wish.effort = EFFORT_MEDIUM;
    return read_budget(r, thinking, "budget_tokens", "thinking.budget_tokens") &&
           read_budget(r, reasoning, "max_tokens", "reasoning.max_tokens") &&
           openai_read_effort(r, json_find(r->doc, reasoning, "effort"), "reasoning.effort") &&
           openai_read_effort(r, json_find(r->doc, 0, "reasoning_effort"), "reasoning_effort");
}

bool openai_read_wish(struct openai_reading *r)
{
    return read_values(r) && read_flags(r) && read_stop(r) && read_format(r) && read_reasoning(r) &&
           read_tool_choice(r);
}
