/*
 * json_value: the accessors of json.h, over a document that the scanner accepted.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/base/decimal.h"
#include "common/base/json.h"
#include "common/base/json_text.h"
#include "common/base/mem.h"

#define NUMBER_ROOM 128

static const struct json_node *node_at(const struct json_doc *doc, uint32_t node)
{
    must(node < doc->count);
    return &doc->nodes[node];
}

enum json_kind json_kind(const struct json_doc *doc, uint32_t node)
{
    return (enum json_kind)node_at(doc, node)->kind;
}

struct span json_raw(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *it = node_at(doc, node);

    return span_make(doc->text.at + it->at, it->size);
}

static struct span inside(const struct json_doc *doc, uint32_t node)
{
    const struct json_node *it = node_at(doc, node);

    return span_make(doc->text.at + it->at + 1, it->size - 2);
}

bool json_is(const struct json_doc *doc, uint32_t node, enum json_kind kind)
{
    return node != JSON_NONE && json_kind(doc, node) == kind;
}

struct span json_inside(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_STRING) ? inside(doc, node) : (struct span){0};
}

struct span json_inside_in(const struct json_doc *doc, uint32_t object, const char *name)
{
    return json_inside(doc, json_find(doc, object, name));
}

static bool string_is(const struct json_doc *doc, uint32_t node, struct span plain)
{
    if (node_at(doc, node)->escaped == 0)
        return span_equal(inside(doc, node), plain);
    return json_text_is(inside(doc, node), plain);
}

uint32_t json_find(const struct json_doc *doc, uint32_t object, const char *name)
{
    struct span plain = span_of(name);

    if (!json_is(doc, object, JSON_OBJECT))
        return JSON_NONE;
    for (uint32_t at = json_first(doc, object); at != JSON_NONE; at = json_after(doc, object, at)) {
        if (string_is(doc, at, plain))
            return json_value(doc, at);
    }
    return JSON_NONE;
}

static bool is_container(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_ARRAY) || json_is(doc, node, JSON_OBJECT);
}

uint32_t json_first(const struct json_doc *doc, uint32_t container)
{
    if (!is_container(doc, container) || node_at(doc, container)->next == container + 1)
        return JSON_NONE;
    return container + 1;
}

uint32_t json_after(const struct json_doc *doc, uint32_t container, uint32_t node)
{
    uint32_t last = json_kind(doc, container) == JSON_OBJECT ? json_value(doc, node) : node;
    uint32_t next = node_at(doc, last)->next;

    return next == node_at(doc, container)->next ? JSON_NONE : next;
}

uint32_t json_value(const struct json_doc *doc, uint32_t name)
{
    must(name + 1 < doc->count);
    return name + 1;
}

uint32_t json_count(const struct json_doc *doc, uint32_t container)
{
    uint32_t count = 0;

    for (uint32_t at = json_first(doc, container); at != JSON_NONE;
         at = json_after(doc, container, at))
        count++;
    return count;
}

bool json_is_null(const struct json_doc *doc, uint32_t node)
{
    return node == JSON_NONE || json_kind(doc, node) == JSON_NULL;
}

/* What every reader says of a node of another kind: 0 when it is the right one. */
static int check_kind(const struct json_doc *doc, uint32_t node, enum json_kind kind)
{
    if (json_is_null(doc, node))
        return -ENOENT;
    return json_kind(doc, node) == kind ? 0 : -EINVAL;
}

int json_int64(const struct json_doc *doc, uint32_t node, int64_t *value_out)
{
    struct decimal decimal;
    int128 value;

    int r = check_kind(doc, node, JSON_NUMBER);
    if (r < 0)
        return r;
    if (span_int64(json_raw(doc, node), value_out) == 0)
        return 0;
    r = decimal_parse(json_raw(doc, node), &decimal);
    if (r == 0)
        r = decimal_scaled(&decimal, 0, DECIMAL_EXACT, &value);
    return r < 0 ? r : money_narrow(value, value_out);
}

int json_double(const struct json_doc *doc, uint32_t node, double *value_out)
{
    char room[NUMBER_ROOM];

    int r = check_kind(doc, node, JSON_NUMBER);
    if (r < 0)
        return r;
    struct span raw = json_raw(doc, node);
    char *text = room;
    cleanup(mem_free_at) char *large = NULL;
    if (raw.size < sizeof(room)) {
        memcpy(room, raw.at, raw.size);
        room[raw.size] = '\0';
    } else {
        text = large = span_dup(raw);
    }
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return -ERANGE;
    *value_out = value;
    return 0;
}

int json_bool(const struct json_doc *doc, uint32_t node, bool *value_out)
{
    if (json_is_null(doc, node))
        return -ENOENT;
    if (json_kind(doc, node) != JSON_TRUE && json_kind(doc, node) != JSON_FALSE)
        return -EINVAL;
    *value_out = json_kind(doc, node) == JSON_TRUE;
    return 0;
}

/* Decodes into `at`, which has room: no text grows by decoding. Returns the size. */
static size_t decode(struct span rest, char *at)
{
    char room[4];
    size_t size = 0;

    while (rest.size > 0) {
        struct span piece = json_piece(&rest, room);
        memcpy(at + size, piece.at, piece.size);
        size += piece.size;
    }
    return size;
}

int json_string(const struct json_doc *doc, uint32_t node, struct arena *arena,
                struct span *value_out)
{
    int r = check_kind(doc, node, JSON_STRING);
    if (r < 0)
        return r;
    struct span raw = inside(doc, node);
    if (node_at(doc, node)->escaped != 0) {
        if (raw.size + 1 > arena_room(arena))
            return -ERANGE;
        char *at = arena_take(arena, raw.size + 1);
        raw = span_make(at, decode(raw, at));
    }
    *value_out = raw;
    return 0;
}

int json_copy_string(const struct json_doc *doc, uint32_t node, char *at, size_t capacity)
{
    char room[4];
    size_t size = 0;

    int r = check_kind(doc, node, JSON_STRING);
    if (r < 0)
        return r;
    struct span rest = inside(doc, node);
    while (rest.size > 0) {
        struct span piece = json_piece(&rest, room);
        if (piece.size >= capacity - size)
            return -ENAMETOOLONG;
        memcpy(at + size, piece.at, piece.size);
        size += piece.size;
    }
    if (capacity == 0)
        return -ENAMETOOLONG;
    at[size] = '\0';
    return 0;
}

bool json_string_is(const struct json_doc *doc, uint32_t node, const char *value)
{
    return json_is(doc, node, JSON_STRING) && string_is(doc, node, span_of(value));
}

int json_unescape(struct span rest, struct buf *out)
{
    char room[4];

    while (rest.size > 0) {
        struct span piece = json_piece(&rest, room);
        int r = buf_add_span(out, piece);
        if (r < 0)
            return r;
    }
    return 0;
}
