/*
 * anthropic_tools: the tools of a chat in Anthropic's words.
 */
#include "gateway/dialect/anthropic.h"

enum { NAMES_MAX = 64 };

static size_t skip_blanks(struct span text, size_t at)
{
    while (at < text.size && strchr(" \t\r\n", text.at[at]) != NULL)
        at++;
    return at;
}

/* Where the quote is that ends the string begun at `from`. */
static size_t string_end(struct span text, size_t from)
{
    size_t at = from + 1;

    while (at < text.size && text.at[at] != '"')
        at += text.at[at] == '\\' ? 2 : 1;
    return at;
}

/* Whether a JSON object has a member "type" of its own. */
static bool has_type(struct span schema)
{
    int depth = 0;

    for (size_t i = 0; i < schema.size; i++) {
        if (strchr("{[", schema.at[i]) != NULL) {
            depth++;
        } else if (strchr("}]", schema.at[i]) != NULL) {
            depth--;
        } else if (schema.at[i] == '"') {
            size_t end = string_end(schema, i), behind = skip_blanks(schema, end + 1);
            struct span name = span_part(schema, i + 1, end - i - 1);
            if (depth == 1 && behind < schema.size && schema.at[behind] == ':' &&
                span_is(name, "type"))
                return true;
            i = end;
        }
    }
    return false;
}

/* The provider wants an object's schema that says so. */
static void write_schema(struct anthropic_writing *w, struct span schema)
{
    struct span rest;

    pieces_name(w->out, "input_schema");
    if (schema.size == 0 || schema.at[0] != '{') {
        pieces_json(w->out, span_of("{\"type\":\"object\",\"properties\":{}}"));
        return;
    }
    if (has_type(schema)) {
        pieces_json(w->out, schema);
        return;
    }
    rest = span_part(schema, 1, schema.size);
    while (rest.size > 0 && strchr(" \t\r\n", rest.at[0]) != NULL)
        rest = span_part(rest, 1, rest.size);
    pieces_json(w->out, span_of("{\"type\":\"object\""));
    pieces_raw(w->out, span_of(span_starts(rest, "}") ? "" : ","));
    pieces_raw(w->out, rest);
}

/* Strict, when the model can and the schema allows it. */
static void write_tool(struct anthropic_writing *w, const struct chat_tool *tool)
{
    struct anthropic_schema schema = {.text = tool->schema, .open = true};
    bool strict = tool->strict == 1;

    if (strict && w->strict_tools && tool->schema.size > 0)
        schema = anthropic_schema_of(tool->schema, w->out->arena);
    if (strict && (schema.open || schema.loosened))
        chat_lose(w->losses, MEMBER_STRICT);
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", tool->name);
    if (tool->description.size > 0)
        pieces_put_inside(w->out, "description", tool->description);
    write_schema(w, schema.open ? tool->schema : schema.text);
    if (strict && !schema.open)
        pieces_put_json(w->out, "strict", span_of("true"));
    anthropic_write_cache(w, tool->cache);
    pieces_end(w->out, '}');
}

bool anthropic_has_calls(const struct chat *chat)
{
    for (uint32_t i = 0; i < chat->part_count; i++) {
        if (chat->parts[i].kind == PART_TOOL_CALL)
            return true;
    }
    return false;
}

/* Calls in the conversation want tools, though the client names none any more. */
static void write_called_tools(struct anthropic_writing *w)
{
    struct span names[NAMES_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < w->chat->part_count && count < NAMES_MAX; i++) {
        const struct chat_part *part = &w->chat->parts[i];
        uint32_t known = 0;
        while (known < count && !span_equal(names[known], part->name))
            known++;
        if (part->kind == PART_TOOL_CALL && known == count) {
            names[count++] = part->name;
            write_tool(w, &(struct chat_tool){.name = part->name, .strict = -1});
        }
    }
}

void anthropic_write_tools(struct anthropic_writing *w, bool schema_tool)
{
    const struct chat *chat = w->chat;

    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < chat->tool_count; i++)
        write_tool(w, &chat->tools[i]);
    if (chat->tool_count == 0)
        write_called_tools(w);
    if (schema_tool)
        write_tool(w, &(struct chat_tool){.name = span_of(ANTHROPIC_SCHEMA_TOOL),
                                          .description = span_of("Gives the answer."),
                                          .schema = chat->wish.schema,
                                          .strict = -1});
    pieces_end(w->out, ']');
}
