/*
 * instance: a JSON value for a JSON schema; the other half of answer.h.
 *
 * The schema comes from outside, so the walk has a stack of its own with a depth, and what is
 * written is bounded.
 */
#include "answer.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/json_writer.h"

#define DEPTH_MAX 24
#define INSTANCE_BYTES_MAX 65536
#define REFS_MAX 16
#define ITEMS 2

/* An object or array that is open. */
struct open {
    uint32_t container; /* "properties" or the schema of the items */
    uint32_t at;        /* the next property's name */
    int left;           /* items still to write */
    bool object;
};

struct walk {
    uint64_t seed, values;
    const struct json_doc *doc;
    uint32_t root;
    struct json_writer w;
    struct open stack[DEPTH_MAX];
    size_t depth;
};

/* "#/$defs/name/…" from the root of the schema. */
static uint32_t follow_ref(const struct walk *walk, uint32_t ref)
{
    char path[256], *name = path;
    uint32_t node = walk->root;

    if (json_copy_string(walk->doc, ref, path, sizeof(path)) != 0 || path[0] != '#')
        return JSON_NONE;
    name = strchr(path, '/');
    while (name != NULL && node != JSON_NONE) {
        char *next = strchr(++name, '/');

        if (next != NULL)
            *next = '\0';
        node = json_find(walk->doc, node, name);
        name = next;
    }
    return node;
}

/* Follows $ref, anyOf, oneOf and allOf to a schema that says what its value is. */
static uint32_t resolve(const struct walk *walk, uint32_t schema)
{
    static const char *const choices[] = {"anyOf", "oneOf", "allOf"};

    for (int i = 0; i < REFS_MAX && schema != JSON_NONE; i++) {
        uint32_t ref = json_find(walk->doc, schema, "$ref"), next = JSON_NONE;

        if (ref != JSON_NONE)
            next = follow_ref(walk, ref);
        for (size_t c = 0; next == JSON_NONE && c < array_size(choices); c++) {
            uint32_t list = json_find(walk->doc, schema, choices[c]);

            if (json_is(walk->doc, list, JSON_ARRAY))
                next = json_first(walk->doc, list);
        }
        if (next == JSON_NONE)
            break;
        schema = next;
    }
    return schema;
}

/* The schema's type; the first one when it is a list; guessed when it is missing. */
static void type_of(const struct walk *walk, uint32_t schema, char type_out[16])
{
    uint32_t type = json_find(walk->doc, schema, "type");

    if (json_is(walk->doc, type, JSON_ARRAY))
        type = json_first(walk->doc, type);
    if (type == JSON_NONE || json_copy_string(walk->doc, type, type_out, 16) != 0)
        (void)snprintf(type_out, 16, "%s",
                       json_find(walk->doc, schema, "properties") != JSON_NONE ? "object"
                       : json_find(walk->doc, schema, "items") != JSON_NONE    ? "array"
                                                                               : "string");
    for (char *at = type_out; *at != '\0'; at++) /* Gemini's are in capitals. */
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
}

static void write_number(struct walk *walk, uint32_t schema, bool whole)
{
    int64_t low = 0, high, value;

    if (json_int64(walk->doc, json_find(walk->doc, schema, "minimum"), &low) != 0)
        low = 0;
    if (json_int64(walk->doc, json_find(walk->doc, schema, "maximum"), &high) != 0 || high < low)
        high = low > INT64_MAX - 100 ? INT64_MAX : low + 100;
    value = low + (int64_t)(answer_mix(walk->seed, walk->values) % 101);
    if (value < low || value > high)
        value = low;
    json_write_int64(&walk->w, value);
    if (!whole && value < high)
        buf_add_string(walk->w.out, ".5");
}

static void write_text(struct walk *walk, uint32_t schema)
{
    char text[64];
    struct buf prose = buf_make(sizeof(text) * 4);
    int64_t at_least = 0;

    answer_prose(walk->seed, 80, &prose);
    if (json_int64(walk->doc, json_find(walk->doc, schema, "maxLength"), &at_least) == 0 &&
        at_least >= 0 && at_least < 22)
        json_write_string(&walk->w, span_part(buf_span(&prose), 0, (size_t)at_least));
    else
        json_write_string(&walk->w, span_part(buf_span(&prose), 0, 22));
    buf_done(&prose);
}

static void push(struct walk *walk, struct open open)
{
    json_begin(&walk->w, open.object ? '{' : '[');
    walk->stack[walk->depth++] = open;
}

static void write_container(struct walk *walk, uint32_t schema, bool object)
{
    uint32_t inside = json_find(walk->doc, schema, object ? "properties" : "items");
    struct open open = {inside, JSON_NONE, 0, object};

    if (inside != JSON_NONE && json_kind(walk->doc, inside) != JSON_OBJECT)
        inside = JSON_NONE;
    if (inside != JSON_NONE && walk->depth < DEPTH_MAX && walk->w.out->size < INSTANCE_BYTES_MAX) {
        open.at = object ? json_first(walk->doc, inside) : JSON_NONE;
        open.left = object ? 0 : ITEMS;
        push(walk, open);
        return;
    }
    json_begin(&walk->w, object ? '{' : '[');
    json_end(&walk->w, object ? '}' : ']');
}

static void write_value(struct walk *walk, uint32_t schema)
{
    char type[16];
    uint32_t fixed;

    walk->values++;
    schema = resolve(walk, schema);
    fixed = json_find(walk->doc, schema, "const");
    if (fixed == JSON_NONE) {
        uint32_t list = json_find(walk->doc, schema, "enum");

        if (json_is(walk->doc, list, JSON_ARRAY))
            fixed = json_first(walk->doc, list);
    }
    if (fixed != JSON_NONE) {
        json_write_raw(&walk->w, json_raw(walk->doc, fixed));
        return;
    }
    type_of(walk, schema, type);
    if (strcmp(type, "object") == 0 || strcmp(type, "array") == 0)
        write_container(walk, schema, type[0] == 'o');
    else if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0)
        write_number(walk, schema, type[0] == 'i');
    else if (strcmp(type, "boolean") == 0)
        json_write_bool(&walk->w, answer_mix(walk->seed, walk->values) & 1);
    else if (strcmp(type, "null") == 0)
        json_write_null(&walk->w);
    else
        write_text(walk, schema);
}

/* Writes the next value of the innermost container, or closes it. */
static void step(struct walk *walk)
{
    struct open *open = &walk->stack[walk->depth - 1];

    if (open->object && open->at != JSON_NONE) {
        uint32_t name = open->at;
        struct span raw = json_raw(walk->doc, name);
        char text[256];

        open->at = json_after(walk->doc, open->container, name);
        if (json_copy_string(walk->doc, name, text, sizeof(text)) != 0 || raw.size < 2)
            return;
        json_name_span(&walk->w, span_of(text));
        write_value(walk, json_value(walk->doc, name));
    } else if (!open->object && open->left > 0) {
        open->left--;
        write_value(walk, open->container);
    } else {
        json_end(&walk->w, open->object ? '}' : ']');
        walk->depth--;
    }
}

void answer_instance(uint64_t seed, const struct json_doc *doc, uint32_t schema, struct buf *out)
{
    struct walk walk = {.seed = seed, .doc = doc, .root = schema, .w = json_writer_make(out)};

    if (!json_is(doc, schema, JSON_OBJECT)) {
        json_begin(&walk.w, '{');
        json_name(&walk.w, "answer");
        write_text(&walk, JSON_NONE);
        json_put_int64(&walk.w, "number", (int64_t)(answer_mix(seed, 7) % 1000));
        json_end(&walk.w, '}');
        return;
    }
    write_value(&walk, schema);
    while (walk.depth > 0)
        step(&walk);
}
