/*
 * gemini_tools_read: tools and toolConfig of a client's body.
 *
 * Only functions of the caller's own can be handed to another provider; a tool that Google runs
 * itself is refused.
 */
#include <ctype.h>

#include "gateway/dialect/gemini_reading.h"

enum { SCHEMA_DEPTH_MAX = 64, CHANGED_MAX = 64 };

/* Whether a string is the name of a member: what stands behind it says so. */
static bool is_name(const struct json_doc *doc, uint32_t node)
{
    size_t at = doc->nodes[node].at + (size_t)doc->nodes[node].size;

    if (doc->nodes[node].kind != JSON_STRING)
        return false;
    while (at < doc->text.size && strchr(" \t\r\n", doc->text.at[at]) != NULL)
        at++;
    return at < doc->text.size && doc->text.at[at] == ':';
}

static bool is_own_type(struct span type)
{
    static const char *const types[] = {"OBJECT", "ARRAY",   "STRING", "INTEGER",
                                        "NUMBER", "BOOLEAN", "NULL",   "TYPE_UNSPECIFIED"};

    for (size_t i = 0; i < array_size(types); i++)
        if (span_is(type, types[i]))
            return true;
    return false;
}

static void add_type(struct buf *out, struct span type, bool nullable)
{
    buf_add_string(out, nullable ? "[\"" : "\"");
    for (size_t i = 0; i < type.size; i++)
        buf_add_byte(out, (char)tolower((unsigned char)type.at[i]));
    buf_add_string(out, nullable ? "\",\"null\"]" : "\"");
}

/* What Google's SDK for Python writes, and numbers that, since they may be 64 bits long, may be
 * strings. */
static const struct keyword {
    const char *snake, *camel;
    bool number; /* else a list */
} keywords[] = {
    {"min_items", "minItems", true},
    {"max_items", "maxItems", true},
    {"min_length", "minLength", true},
    {"max_length", "maxLength", true},
    {"min_properties", "minProperties", true},
    {"max_properties", "maxProperties", true},
    {"any_of", "anyOf", false},
    {"one_of", "oneOf", false},
    {"prefix_items", "prefixItems", false},
    {"property_ordering", "propertyOrdering", false},
};

/* NULL when it is none: a property that is called so is described by an object. */
static const struct keyword *keyword_of(const struct json_doc *doc, uint32_t name)
{
    uint32_t value = json_value(doc, name);
    bool list = json_is(doc, value, JSON_ARRAY);
    bool number = json_is(doc, value, JSON_NUMBER) || json_is(doc, value, JSON_STRING);

    for (size_t i = 0; i < array_size(keywords); i++)
        if ((keywords[i].number ? number : list) && (json_string_is(doc, name, keywords[i].snake) ||
                                                     json_string_is(doc, name, keywords[i].camel)))
            return &keywords[i];
    return NULL;
}

/* Writes what a value becomes: false when it stays as it is. `object` holds the name. */
static bool add_changed(const struct json_doc *doc, uint32_t object, uint32_t name,
                        const struct keyword *keyword, struct buf *out)
{
    struct span inside = json_inside(doc, json_value(doc, name));
    int64_t number;

    if (json_string_is(doc, name, "type") && is_own_type(inside)) {
        add_type(out, inside, gemini_is_true(doc, object, "nullable"));
        return true;
    }
    if (keyword == NULL || !keyword->number || span_int64(inside, &number) != 0)
        return false;
    buf_add_int64(out, number);
    return true;
}

/* The text up to a node, which becomes something else; goes on behind it. */
static void replace(const struct json_doc *doc, uint32_t node, size_t *from, struct span with,
                    struct buf *out)
{
    buf_add(out, doc->text.at + *from, doc->nodes[node].at - *from);
    buf_add_span(out, with);
    *from = doc->nodes[node].at + (size_t)doc->nodes[node].size;
}

static void change_member(const struct json_doc *doc, uint32_t object, uint32_t name, size_t *from,
                          struct buf *out)
{
    const struct keyword *keyword = keyword_of(doc, name);
    struct buf changed = buf_make(CHANGED_MAX);

    if (keyword != NULL) {
        buf_printf(&changed, "\"%s\"", keyword->camel);
        replace(doc, name, from, buf_span(&changed), out);
        buf_clear(&changed);
    }
    if (add_changed(doc, object, name, keyword, &changed))
        replace(doc, json_value(doc, name), from, buf_span(&changed), out);
    buf_done(&changed);
}

struct span gemini_json_schema(struct gemini_reading *r, uint32_t schema)
{
    const struct json_doc *doc = r->doc;
    uint32_t open[SCHEMA_DEPTH_MAX + 1] = {0}; /* the last object of each depth */
    struct buf out = buf_make(arena_room(r->arena));
    size_t from = doc->nodes[schema].at;
    size_t end = from + doc->nodes[schema].size;
    struct span text = {0};

    for (uint32_t node = schema; node < doc->nodes[schema].next; node++) {
        uint32_t depth =
            doc->nodes[node].depth < SCHEMA_DEPTH_MAX ? doc->nodes[node].depth : SCHEMA_DEPTH_MAX;
        if (doc->nodes[node].kind == JSON_OBJECT)
            open[depth] = node;
        if (node == schema || depth == 0 || !is_name(doc, node))
            continue;
        change_member(doc, open[depth - 1], node, &from, &out);
    }
    buf_add(&out, doc->text.at + from, end - from);
    if (buf_failed(&out) || out.size > arena_room(r->arena))
        (void)gemini_refuse(r, "tools", "The schemas are too large.");
    else
        text = arena_span(r->arena, buf_span(&out));
    buf_done(&out);
    return text;
}

static bool read_function(struct gemini_reading *r, uint32_t function)
{
    const struct json_doc *doc = r->doc;
    struct chat_tool *tool = &r->chat->tools[r->chat->tool_count];
    uint32_t schema = gemini_find(doc, function, "parametersJsonSchema", "parameters_json_schema");
    uint32_t own = json_find(doc, function, "parameters");

    *tool = (struct chat_tool){.strict = -1};
    tool->name = json_inside(doc, json_find(doc, function, "name"));
    tool->description = json_inside(doc, json_find(doc, function, "description"));
    if (tool->name.size == 0)
        return gemini_refuse(r, "tools", "A function declaration must have a name.");
    if (json_is(doc, schema, JSON_OBJECT))
        tool->schema = json_raw(doc, schema);
    else if (json_is(doc, own, JSON_OBJECT))
        tool->schema = gemini_json_schema(r, own);
    r->chat->tool_count++;
    return r->why == NULL;
}

static bool read_tool(struct gemini_reading *r, uint32_t tool)
{
    const struct json_doc *doc = r->doc;
    uint32_t functions = gemini_find(doc, tool, "functionDeclarations", "function_declarations");

    if (!json_is(doc, tool, JSON_OBJECT))
        return gemini_refuse(r, "tools", "A tool must be an object.");
    for (uint32_t name = json_first(doc, tool); name != JSON_NONE;
         name = json_after(doc, tool, name))
        if (json_value(doc, name) != functions && !json_is_null(doc, json_value(doc, name)))
            return gemini_refuse(r, "tools",
                                 "Only functionDeclarations can be used with a model of another "
                                 "provider.");
    for (uint32_t one = gemini_first(doc, functions); one != JSON_NONE;
         one = gemini_after(doc, functions, one))
        if (!read_function(r, one))
            return false;
    return true;
}

static bool is_allowed(const struct json_doc *doc, uint32_t names, struct span name)
{
    for (uint32_t one = json_first(doc, names); one != JSON_NONE; one = json_after(doc, names, one))
        if (span_equal(json_inside(doc, one), name))
            return true;
    return false;
}

/* Several that are allowed: the others are not told of. */
static void keep_allowed(struct chat *chat, const struct json_doc *doc, uint32_t names)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < chat->tool_count; i++)
        if (is_allowed(doc, names, chat->tools[i].name))
            chat->tools[kept++] = chat->tools[i];
    chat->tool_count = kept;
}

static bool read_choice(struct gemini_reading *r, uint32_t config)
{
    const struct json_doc *doc = r->doc;
    struct span mode = json_inside(doc, json_find(doc, config, "mode"));
    uint32_t names = gemini_find(doc, config, "allowedFunctionNames", "allowed_function_names");
    bool some = json_is(doc, names, JSON_ARRAY) && json_count(doc, names) > 0;

    if (mode.size == 0 || span_is_nocase(mode, "MODE_UNSPECIFIED"))
        return true;
    if (span_is_nocase(mode, "AUTO") || span_is_nocase(mode, "VALIDATED"))
        r->chat->wish.tool_choice = CHOICE_AUTO;
    else if (span_is_nocase(mode, "NONE"))
        r->chat->wish.tool_choice = CHOICE_NONE;
    else if (span_is_nocase(mode, "ANY"))
        r->chat->wish.tool_choice = CHOICE_REQUIRED;
    else
        return gemini_refuse(r, "toolConfig", "mode must be AUTO, ANY, NONE or VALIDATED.");
    if (some && span_is_nocase(mode, "ANY") && json_count(doc, names) == 1) {
        r->chat->wish.tool_choice = CHOICE_NAMED;
        r->chat->wish.tool_name = json_inside(doc, json_first(doc, names));
    } else if (some && !span_is_nocase(mode, "NONE")) {
        keep_allowed(r->chat, doc, names);
    }
    return true;
}

bool gemini_read_tools(struct gemini_reading *r)
{
    const struct json_doc *doc = r->doc;
    uint32_t tools = json_find(doc, 0, "tools"), count = 0;
    uint32_t config = gemini_find(doc, 0, "toolConfig", "tool_config");

    for (uint32_t one = gemini_first(doc, tools); one != JSON_NONE;
         one = gemini_after(doc, tools, one)) {
        uint32_t list = gemini_find(doc, one, "functionDeclarations", "function_declarations");
        count += json_is(doc, list, JSON_ARRAY) ? json_count(doc, list) : 1;
    }
    r->chat->tools = gemini_take(r, count + 1, sizeof(*r->chat->tools));
    if (r->chat->tools == NULL)
        return false;
    for (uint32_t one = gemini_first(doc, tools); one != JSON_NONE;
         one = gemini_after(doc, tools, one))
        if (!read_tool(r, one))
            return false;
    return read_choice(
        r, gemini_find(doc, config, "functionCallingConfig", "function_calling_config"));
}
