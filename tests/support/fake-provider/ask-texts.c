/*
 * ask-texts: the texts of a request in any dialect, by the names of the members they stand in.
 */
#include "ask-texts.h"

#include <stdio.h>

/* Members whose texts a model reads; whose JSON it reads as it stands. Images, files, signatures
 * and ids are neither. */
static const char *const text_names[] = {
    "text",   "content",      "refusal", "arguments", "name",     "output", "tool_plan", "input",
    "system", "instructions", "prompt",  "title",     "thinking", "result", "error"};
static const char *const raw_names[] = {"input", "args", "json"};

#define DEPTH_MAX 65

/* Where the walk stands at one depth. */
struct level {
    bool object, has_name;
    uint32_t name;   /* of the member, or of the member that the list is */
    uint32_t within; /* the name of the member that the object is */
};

static bool is_one_of(const struct json_doc *doc, uint32_t name, const char *const *names,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_string_is(doc, name, names[i]))
            return true;
    return false;
}

/* `within`: the name of the member that the object is, which has it. */
static void tell(const struct json_doc *doc, uint32_t node, uint32_t name, uint32_t within,
                 const struct texts_sink *sink)
{
    struct span text;

    if (name != JSON_NONE && !is_one_of(doc, name, text_names, array_size(text_names)))
        return;
    if (within != JSON_NONE && json_string_is(doc, within, "functionResponse"))
        return; /* Whose result it is, is no text. */
    if (json_string(doc, node, sink->arena, &text) == 0)
        sink->take(sink->to, text);
}

/* A linear pass over the index of nodes, which stand in document order. */
void texts_walk(const struct json_doc *doc, uint32_t root, const struct texts_sink *sink)
{
    struct level levels[DEPTH_MAX];
    uint32_t end, base;

    if (json_is_null(doc, root))
        return;
    if (json_kind(doc, root) == JSON_STRING) {
        tell(doc, root, JSON_NONE, JSON_NONE, sink);
        return;
    }
    end = doc->nodes[root].next;
    base = doc->nodes[root].depth;
    levels[base] = (struct level){json_kind(doc, root) == JSON_OBJECT, false, JSON_NONE, JSON_NONE};
    for (uint32_t node = root + 1; node < end;) {
        struct level *level = &levels[doc->nodes[node].depth - 1];
        enum json_kind kind = json_kind(doc, node);

        if (level->object && !level->has_name) {
            level->name = node;
            level->has_name = true;
            node++;
            continue;
        }
        level->has_name = false;
        if (kind == JSON_OBJECT && level->name != JSON_NONE &&
            is_one_of(doc, level->name, raw_names, array_size(raw_names))) {
            sink->take(sink->to, json_raw(doc, node));
            node = doc->nodes[node].next;
            continue;
        }
        if (kind == JSON_OBJECT || kind == JSON_ARRAY)
            levels[doc->nodes[node].depth] =
                (struct level){kind == JSON_OBJECT, false, level->name, level->name};
        else if (kind == JSON_STRING)
            tell(doc, node, level->name, level->within, sink);
        node++;
    }
}
