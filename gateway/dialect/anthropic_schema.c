/*
 * anthropic_schema: a JSON schema as Anthropic's constrained answers and strict tools take it:
 * every object closed, no bounds of numbers and lengths. See the provider's page on structured
 * outputs; its own SDKs change schemas the same way.
 */
#include "common/base/buf.h"
#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/patch.h"

/* What a node is: a schema, or something that holds schemas. */
enum { IS_SCHEMA = 1, IS_MAP = 2, IS_LIST = 3 };

static const struct json_limits limits_schema = {
    .max_bytes = (size_t)1 << 20, .max_depth = 64, .max_nodes = 50000};

static const struct {
    const char *name;
    uint8_t is;
} holders[] = {
    {"properties", IS_MAP}, {"$defs", IS_MAP},  {"definitions", IS_MAP}, {"items", IS_SCHEMA},
    {"anyOf", IS_LIST},     {"allOf", IS_LIST}, {"oneOf", IS_LIST},
};

static const char *const bounds[] = {
    "minimum",   "maximum",  "exclusiveMinimum", "exclusiveMaximum", "multipleOf",    "minLength",
    "maxLength", "maxItems", "uniqueItems",      "minProperties",    "maxProperties",
};

struct walk {
    const struct json_doc *doc;
    uint8_t *is; /* of each node */
    struct patch patch;
    struct anthropic_schema result;
};

static bool is_bound(const struct json_doc *doc, uint32_t name)
{
    int64_t least;

    for (size_t i = 0; i < array_size(bounds); i++) {
        if (json_string_is(doc, name, bounds[i]))
            return true;
    }
    /* Of these, 0 and 1 are taken. */
    return json_string_is(doc, name, "minItems") &&
           (json_int64(doc, json_value(doc, name), &least) != 0 || least > 1);
}

static bool is_cut(const void *context, uint32_t name)
{
    const struct walk *walk = context;

    return is_bound(walk->doc, name);
}

static bool is_object(const struct json_doc *doc, uint32_t node)
{
    uint32_t type = json_find(doc, node, "type");

    if (json_is_null(doc, type))
        return json_find(doc, node, "properties") != JSON_NONE;
    if (json_kind(doc, type) == JSON_STRING)
        return json_string_is(doc, type, "object");
    if (json_kind(doc, type) != JSON_ARRAY)
        return false;
    for (uint32_t at = json_first(doc, type); at != JSON_NONE; at = json_after(doc, type, at)) {
        if (json_kind(doc, at) == JSON_STRING && json_string_is(doc, at, "object"))
            return true;
    }
    return false;
}

/* Marks what stands in a node of this kind; children come behind their parents. */
static void mark(struct walk *walk, uint32_t node)
{
    const struct json_doc *doc = walk->doc;

    if (walk->is[node] == IS_LIST && json_kind(doc, node) == JSON_ARRAY) {
        for (uint32_t at = json_first(doc, node); at != JSON_NONE; at = json_after(doc, node, at))
            walk->is[at] = IS_SCHEMA;
        return;
    }
    if (json_kind(doc, node) != JSON_OBJECT)
        return;
    for (uint32_t at = json_first(doc, node); at != JSON_NONE; at = json_after(doc, node, at)) {
        if (walk->is[node] == IS_MAP)
            walk->is[json_value(doc, at)] = IS_SCHEMA;
        for (size_t i = 0; walk->is[node] == IS_SCHEMA && i < array_size(holders); i++) {
            if (json_string_is(doc, at, holders[i].name))
                walk->is[json_value(doc, at)] = holders[i].is;
        }
    }
}

/* False: there is too much to change. */
static bool visit(struct walk *walk, uint32_t node)
{
    const struct json_doc *doc = walk->doc;
    uint32_t additional = json_find(doc, node, "additionalProperties");
    bool closes = additional == JSON_NONE && is_object(doc, node), bounded = false;

    if (additional != JSON_NONE && json_kind(doc, additional) != JSON_FALSE)
        walk->result.open = true;
    for (uint32_t at = json_first(doc, node); at != JSON_NONE; at = json_after(doc, node, at))
        bounded = bounded || is_bound(doc, at);
    walk->result.loosened = walk->result.loosened || bounded;
    if (!closes && !bounded)
        return true;
    return patch_object(&walk->patch, node, is_cut, walk,
                        closes ? span_of("\"additionalProperties\":false") : (struct span){0});
}

static void join(struct walk *walk, struct arena *arena)
{
    struct span pieces[PATCH_PIECES_MAX];
    size_t size, at = 0;
    uint32_t count = patch_pieces(&walk->patch, pieces, &size);
    char *text;

    if (arena_room(arena) / 2 < size + 64) {
        walk->result.open = true;
        return;
    }
    text = arena_take(arena, size + 1);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(text + at, pieces[i].at, pieces[i].size);
        at += pieces[i].size;
    }
    walk->result.text = span_make(text, size);
}

struct anthropic_schema anthropic_schema_of(struct span schema, struct arena *arena)
{
    struct json_doc doc = json_doc_make();
    struct walk walk = {.doc = &doc, .result = {.text = schema}};

    if (json_parse(&doc, schema, &limits_schema) != JSON_OK || json_kind(&doc, 0) != JSON_OBJECT ||
        arena_room(arena) / 2 < doc.count) {
        walk.result.open = true;
        json_doc_done(&doc);
        return walk.result;
    }
    patch_begin(&walk.patch, &doc);
    walk.is = arena_take(arena, doc.count);
    walk.is[0] = IS_SCHEMA;
    for (uint32_t node = 0; node < doc.count && !walk.result.open; node++) {
        if (walk.is[node] == 0)
            continue;
        mark(&walk, node);
        if (walk.is[node] == IS_SCHEMA && json_kind(&doc, node) == JSON_OBJECT)
            walk.result.open = !visit(&walk, node) || walk.result.open;
    }
    if (!walk.result.open && walk.patch.count > 0)
        join(&walk, arena);
    json_doc_done(&doc);
    return walk.result;
}
