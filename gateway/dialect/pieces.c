/*
 * pieces: see the header. Places in `own` are kept as offsets, because it moves as it grows.
 */
#include "gateway/dialect/pieces.h"

#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"

struct piece {
    struct span borrowed; /* at == NULL: a part of own */
    size_t own_at, own_size;
};

static const struct json_limits limits_arguments = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

struct pieces pieces_make(struct arena *arena, size_t max_bytes)
{
    return (struct pieces){.own = buf_make(max_bytes), .arena = arena};
}

void pieces_done(struct pieces *pieces)
{
    buf_done(&pieces->own);
}

static struct piece *add(struct pieces *pieces)
{
    if (pieces->count == pieces->capacity) {
        uint32_t capacity = pieces->capacity == 0 ? 64 : pieces->capacity * 2;
        if (capacity > PIECES_MAX ||
            arena_room(pieces->arena) < 2 * capacity * sizeof(struct piece)) {
            pieces->failed = true;
            return NULL;
        }
        struct piece *items = arena_array(pieces->arena, capacity, sizeof(*items));
        if (pieces->count > 0)
            memcpy(items, pieces->items, pieces->count * sizeof(*items));
        pieces->items = items;
        pieces->capacity = capacity;
    }
    return &pieces->items[pieces->count++];
}

/* What was written into own since `from` goes to the end. */
static void grew(struct pieces *pieces, size_t from)
{
    struct piece *last = pieces->count == 0 ? NULL : &pieces->items[pieces->count - 1];

    if (buf_failed(&pieces->own))
        pieces->failed = true;
    if (pieces->failed || pieces->own.size == from)
        return;
    if (last == NULL || last->borrowed.at != NULL) {
        last = add(pieces);
        if (last == NULL)
            return;
        last->own_at = from;
    }
    last->own_size = pieces->own.size - last->own_at;
}

/* Past the most of pieces all is copied: the last one is for what is written here. */
static bool is_borrowed(const struct pieces *pieces, struct span bytes)
{
    return bytes.size >= PIECES_BORROW_MIN && pieces->count + 2 <= PIECES_MAX;
}

void pieces_raw(struct pieces *pieces, struct span bytes)
{
    size_t from = pieces->own.size;
    struct piece *piece;

    if (!is_borrowed(pieces, bytes)) {
        buf_add_span(&pieces->own, bytes);
        grew(pieces, from);
    } else if (!pieces->failed) {
        piece = add(pieces);
        if (piece != NULL)
            piece->borrowed = bytes;
    }
}

static void raw_string(struct pieces *pieces, const char *text)
{
    pieces_raw(pieces, span_of(text));
}

static void separate(struct pieces *pieces)
{
    if (pieces->comma)
        raw_string(pieces, ",");
    pieces->comma = true;
}

void pieces_begin(struct pieces *pieces, char bracket)
{
    separate(pieces);
    pieces_raw(pieces, span_make(&bracket, 1));
    pieces->comma = false;
}

void pieces_end(struct pieces *pieces, char bracket)
{
    pieces_raw(pieces, span_make(&bracket, 1));
    pieces->comma = true;
}

void pieces_name(struct pieces *pieces, const char *name)
{
    separate(pieces);
    raw_string(pieces, "\"");
    raw_string(pieces, name);
    raw_string(pieces, "\":");
    pieces->comma = false;
}

void pieces_quote(struct pieces *pieces)
{
    if (!pieces->quoted)
        separate(pieces);
    raw_string(pieces, "\"");
    pieces->quoted = !pieces->quoted;
}

void pieces_inside(struct pieces *pieces, struct span inside)
{
    pieces_quote(pieces);
    pieces_raw(pieces, inside);
    pieces_quote(pieces);
}

void pieces_json(struct pieces *pieces, struct span json)
{
    separate(pieces);
    pieces_raw(pieces, json);
}

void pieces_int64(struct pieces *pieces, int64_t value)
{
    size_t from;

    separate(pieces);
    from = pieces->own.size;
    buf_add_int64(&pieces->own, value);
    grew(pieces, from);
}

void pieces_bool(struct pieces *pieces, bool value)
{
    pieces_json(pieces, span_of(value ? "true" : "false"));
}

void pieces_put_inside(struct pieces *pieces, const char *name, struct span inside)
{
    pieces_name(pieces, name);
    pieces_inside(pieces, inside);
}

void pieces_put_word(struct pieces *pieces, const char *name, const char *word)
{
    pieces_put_inside(pieces, name, span_of(word));
}

static void write_text(struct pieces *pieces, struct span text)
{
    size_t from;

    separate(pieces);
    from = pieces->own.size;
    if (json_quote(&pieces->own, text) != 0)
        pieces->failed = true;
    grew(pieces, from);
}

void pieces_put_text(struct pieces *pieces, const char *name, struct span text)
{
    pieces_name(pieces, name);
    write_text(pieces, text);
}

void pieces_put_json(struct pieces *pieces, const char *name, struct span json)
{
    pieces_name(pieces, name);
    pieces_json(pieces, json);
}

void pieces_put_int64(struct pieces *pieces, const char *name, int64_t value)
{
    pieces_name(pieces, name);
    pieces_int64(pieces, value);
}

static struct span trimmed(struct span text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.at[0]) != NULL)
        text = span_part(text, 1, text.size);
    while (text.size > 0 && strchr(" \t\r\n", text.at[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static bool is_nothing(struct span json)
{
    return json.size == 0 || span_is(json, "null");
}

static bool is_object(struct span json)
{
    struct json_doc doc = json_doc_make();
    bool object =
        json_parse(&doc, json, &limits_arguments) == JSON_OK && json_kind(&doc, 0) == JSON_OBJECT;

    json_doc_done(&doc);
    return object;
}

/* A copy in own, never borrowed: `text` does not last. */
static void copy(struct pieces *pieces, struct span text)
{
    size_t from = pieces->own.size;

    buf_add_span(&pieces->own, text);
    grew(pieces, from);
}

/* From the inside of a string. */
static void write_object(struct pieces *pieces, struct span inside)
{
    struct buf decoded = buf_make(inside.size + 8);
    struct span text;

    json_unescape(inside, &decoded);
    text = trimmed(buf_span(&decoded));
    if (is_nothing(text)) {
        pieces_json(pieces, span_of("{}"));
    } else if (!buf_failed(&decoded) && is_object(text)) {
        separate(pieces);
        copy(pieces, text);
    } else {
        pieces_begin(pieces, '{');
        pieces_put_inside(pieces, "_arguments", inside);
        pieces_end(pieces, '}');
    }
    buf_done(&decoded);
}

void pieces_json_value(struct pieces *pieces, const struct chat_json *json)
{
    if (json->in_string) {
        write_object(pieces, json->text);
    } else if (is_nothing(json->text)) {
        pieces_json(pieces, span_of("{}"));
    } else if (json->text.at[0] == '{') {
        pieces_json(pieces, json->text);
    } else {
        pieces_begin(pieces, '{');
        pieces_put_json(pieces, "_arguments", json->text);
        pieces_end(pieces, '}');
    }
}

void pieces_json_string(struct pieces *pieces, const struct chat_json *json)
{
    if (is_nothing(json->text))
        pieces_inside(pieces, span_of("{}"));
    else if (json->in_string)
        pieces_inside(pieces, json->text);
    else
        write_text(pieces, json->text);
}

const struct span *pieces_spans(struct pieces *pieces, uint32_t *count_out, size_t *size_out)
{
    struct span *spans = NULL;

    *count_out = 0;
    *size_out = 0;
    if (pieces->failed || arena_room(pieces->arena) < (pieces->count + 16) * sizeof(*spans))
        return NULL;
    spans = arena_array(pieces->arena, pieces->count + 1, sizeof(*spans));
    for (uint32_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->items[i];
        spans[i] = piece->borrowed.at != NULL
                       ? piece->borrowed
                       : span_part(buf_span(&pieces->own), piece->own_at, piece->own_size);
        *size_out += spans[i].size;
    }
    *count_out = pieces->count;
    return spans;
}
