/*
 * anthropic_wish_read: what a client of Anthropic's Messages API says about tools and about the
 * shape of the answer.
 */
#include <errno.h>

#include "gateway/dialect/anthropic_reading.h"

/* ---- tools ---- */

static bool read_tool(struct anthropic_reading *r, uint32_t node, struct chat_tool *tool_out)
{
    uint32_t type = json_find(r->doc, node, "type");
    uint32_t schema = json_find(r->doc, node, "input_schema");
    bool strict;

    if (!anthropic_is_a(r, node, JSON_OBJECT))
        return anthropic_fail(r, "tools", "A tool must be an object.");
    if (!json_is_null(r->doc, type) && !anthropic_is(r, type, "custom"))
        return anthropic_fail(r, "tools",
                              "Tools of Anthropic's own go to Anthropic's models only.");
    *tool_out = (struct chat_tool){.name = anthropic_text(r, node, "name"),
                                   .description = anthropic_text(r, node, "description"),
                                   .strict = -1,
                                   .cache = anthropic_cache(r, node)};
    if (tool_out->name.size == 0)
        return anthropic_fail(r, "tools", "A tool must have a 'name'.");
    if (!anthropic_is_a(r, schema, JSON_OBJECT))
        return anthropic_fail(r, "tools", "A tool must have an 'input_schema'.");
    tool_out->schema = json_raw(r->doc, schema);
    if (json_bool(r->doc, json_find(r->doc, node, "strict"), &strict) == 0)
        tool_out->strict = strict ? 1 : 0;
    return true;
}

bool anthropic_read_tools(struct anthropic_reading *r, struct arena *arena)
{
    uint32_t tools = json_find(r->doc, 0, "tools"), count;

    if (json_is_null(r->doc, tools))
        return true;
    if (!anthropic_is_a(r, tools, JSON_ARRAY))
        return anthropic_fail(r, "tools", "'tools' must be an array.");
    count = json_count(r->doc, tools);
    if (arena_room(arena) / 2 < count * sizeof(*r->chat->tools))
        return anthropic_fail(r, "tools", "'tools' has too many of them.");
    r->chat->tools = arena_array(arena, count + 1, sizeof(*r->chat->tools));
    for (uint32_t at = json_first(r->doc, tools); at != JSON_NONE;
         at = json_after(r->doc, tools, at)) {
        if (!read_tool(r, at, &r->chat->tools[r->chat->tool_count]))
            return false;
        r->chat->tool_count++;
    }
    return true;
}

static bool read_choice(struct anthropic_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t choice = json_find(r->doc, 0, "tool_choice");
    uint32_t type = json_find(r->doc, choice, "type");
    bool alone;

    if (json_is_null(r->doc, choice))
        return true;
    if (anthropic_is(r, type, "auto"))
        wish->tool_choice = CHOICE_AUTO;
    else if (anthropic_is(r, type, "any"))
        wish->tool_choice = CHOICE_REQUIRED;
    else if (anthropic_is(r, type, "none"))
        wish->tool_choice = CHOICE_NONE;
    else if (anthropic_is(r, type, "tool"))
        wish->tool_choice = CHOICE_NAMED;
    else
        return anthropic_fail(r, "tool_choice",
                              "The 'type' of tool_choice must be auto, any, tool or none.");
    wish->tool_name = anthropic_text(r, choice, "name");
    if (wish->tool_choice == CHOICE_NAMED && wish->tool_name.size == 0)
        return anthropic_fail(r, "tool_choice", "A tool_choice of type tool must have a 'name'.");
    if (json_bool(r->doc, json_find(r->doc, choice, "disable_parallel_tool_use"), &alone) == 0)
        wish->parallel_tools = alone ? 0 : 1;
    return true;
}

/* ---- the wish ---- */

static bool read_format(struct anthropic_reading *r, uint32_t format)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t schema = json_find(r->doc, format, "schema");

    if (json_is_null(r->doc, format))
        return true;
    if (!anthropic_is(r, json_find(r->doc, format, "type"), "json_schema") ||
        !anthropic_is_a(r, schema, JSON_OBJECT))
        return anthropic_fail(r, "output_config",
                              "A format must be a json_schema with a 'schema'.");
    wish->format = FORMAT_SCHEMA;
    wish->schema_name = span_of("output");
    wish->schema = json_raw(r->doc, schema);
    wish->schema_strict = 1;
    return true;
}

static bool read_effort(struct anthropic_reading *r, uint32_t effort)
{
    static const struct {
        const char *word;
        enum chat_effort effort;
    } efforts[] = {{"low", EFFORT_LOW},
                   {"medium", EFFORT_MEDIUM},
                   {"high", EFFORT_HIGH},
                   {"xhigh", EFFORT_XHIGH},
                   {"max", EFFORT_XHIGH}};

    if (json_is_null(r->doc, effort))
        return true;
    for (size_t i = 0; i < array_size(efforts); i++) {
        if (anthropic_is(r, effort, efforts[i].word)) {
            r->chat->wish.effort = efforts[i].effort;
            return true;
        }
    }
    return anthropic_fail(r, "output_config", "'effort' must be low, medium, high, xhigh or max.");
}

/* An adaptive thinker works at "high" unless told otherwise. */
static bool read_thinking_wish(struct anthropic_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t thinking = json_find(r->doc, 0, "thinking");
    uint32_t type = json_find(r->doc, thinking, "type");
    int64_t budget;

    if (json_is_null(r->doc, thinking))
        return true;
    if (anthropic_is(r, type, "disabled")) {
        wish->effort = EFFORT_NONE;
        return true;
    }
    if (anthropic_is(r, type, "adaptive")) {
        if (wish->effort == EFFORT_UNSET)
            wish->effort = EFFORT_HIGH;
        return true;
    }
    if (anthropic_is(r, type, "between_tools")) /* nobody else thinks there alone */
        return true;
    if (!anthropic_is(r, type, "enabled"))
        return anthropic_fail(r, "thinking",
                              "The 'type' of thinking must be enabled, adaptive or disabled.");
    if (json_int64(r->doc, json_find(r->doc, thinking, "budget_tokens"), &budget) != 0 ||
        budget < 1024)
        return anthropic_fail(r, "thinking",
                              "'budget_tokens' must be a whole number of at least 1024.");
    if (wish->max_tokens >= 0 && budget >= wish->max_tokens)
        return anthropic_fail(r, "thinking", "'max_tokens' must be greater than 'budget_tokens'.");
    wish->reasoning_budget = budget;
    return true;
}

static bool read_stops(struct anthropic_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t stops = json_find(r->doc, 0, "stop_sequences");

    if (json_is_null(r->doc, stops))
        return true;
    if (!anthropic_is_a(r, stops, JSON_ARRAY))
        return anthropic_fail(r, "stop_sequences", "'stop_sequences' must be an array of strings.");
    for (uint32_t at = json_first(r->doc, stops); at != JSON_NONE;
         at = json_after(r->doc, stops, at)) {
        if (!anthropic_is_a(r, at, JSON_STRING) || wish->stop_count == CHAT_STOPS_MAX)
            return anthropic_fail(r, "stop_sequences",
                                  "'stop_sequences' must be at most 16 strings.");
        wish->stops[wish->stop_count++] = anthropic_inside(r, at);
    }
    return true;
}

static bool read_numbers(struct anthropic_reading *r)
{
    struct chat_wish *wish = &r->chat->wish;
    const struct {
        const char *name, *wrong;
        struct span *at;
    } numbers[] = {
        {"temperature", "'temperature' must be a number.", &wish->temperature},
        {"top_p", "'top_p' must be a number.", &wish->top_p},
        {"top_k", "'top_k' must be a number.", &wish->top_k},
    };

    for (size_t i = 0; i < array_size(numbers); i++) {
        uint32_t node = json_find(r->doc, 0, numbers[i].name);
        if (json_is_null(r->doc, node))
            continue;
        if (json_kind(r->doc, node) != JSON_NUMBER)
            return anthropic_fail(r, numbers[i].name, numbers[i].wrong);
        *numbers[i].at = json_raw(r->doc, node);
    }
    return true;
}

static bool read_max_tokens(struct anthropic_reading *r)
{
    int64_t *max_tokens = &r->chat->wish.max_tokens;

    if (json_int64(r->doc, json_find(r->doc, 0, "max_tokens"), max_tokens) != 0 || *max_tokens < 1)
        return anthropic_fail(r, "max_tokens",
                              "'max_tokens' must be a whole number of at least 1.");
    return true;
}

static bool read_hosted(struct anthropic_reading *r)
{
    uint32_t servers = json_find(r->doc, 0, "mcp_servers");

    if (anthropic_is_a(r, servers, JSON_ARRAY) && json_first(r->doc, servers) != JSON_NONE)
        return anthropic_fail(r, "mcp_servers", "'mcp_servers' goes to Anthropic's models only.");
    if (!json_is_null(r->doc, json_find(r->doc, 0, "container")))
        return anthropic_fail(r, "container", "'container' goes to Anthropic's models only.");
    return true;
}

bool anthropic_read_wish(struct anthropic_reading *r, bool counting)
{
    struct chat_wish *wish = &r->chat->wish;
    uint32_t config = json_find(r->doc, 0, "output_config");
    uint32_t tier = json_find(r->doc, 0, "service_tier");

    if ((!counting && !read_max_tokens(r)) || !read_numbers(r) || !read_stops(r) ||
        !read_choice(r) || !read_hosted(r) ||
        !read_format(r, json_find(r->doc, 0, "output_format")) ||
        !read_format(r, json_find(r->doc, config, "format")) ||
        !read_effort(r, json_find(r->doc, config, "effort")) || !read_thinking_wish(r))
        return false;
    if (json_bool(r->doc, json_find(r->doc, 0, "stream"), &wish->stream) == -EINVAL)
        return anthropic_fail(r, "stream", "'stream' must be true or false.");
    wish->user = anthropic_text(r, json_find(r->doc, 0, "metadata"), "user_id");
    if (anthropic_is(r, tier, "standard_only"))
        wish->service_tier = span_of("default");
    else if (anthropic_is(r, tier, "auto"))
        wish->service_tier = span_of("auto");
    wish->cache = anthropic_cache(r, 0);
    return true;
}
