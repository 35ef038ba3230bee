/*
 * fuzz-json: what the scanner accepts is emitted again from its nodes; the second text must be
 * accepted, have the same nodes and emit to itself. Every accessor runs over every node on the way.
 */
#include <errno.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {.max_bytes = 1 << 20, .max_depth = 32, .max_nodes = 5000};

static void emit_scalar(const struct json_doc *doc, uint32_t node, struct json_writer *w,
                        struct arena *arena, bool name)
{
    struct span text;
    int64_t whole;
    double real;
    bool flag;

    enum json_kind kind = json_kind(doc, node);
    must(json_int64(doc, node, &whole) <= 0);
    must((json_double(doc, node, &real) == -EINVAL) == (kind != JSON_NUMBER && kind != JSON_NULL));
    must((json_bool(doc, node, &flag) == 0) == (kind == JSON_TRUE || kind == JSON_FALSE));
    if (json_string(doc, node, arena, &text) < 0) {
        json_write_raw(w, json_raw(doc, node));
        return;
    }
    if (name)
        json_name_span(w, text);
    else
        json_write_string(w, text);
}

/* In document order; `open` holds the containers that are still to be closed. */
static void emit(const struct json_doc *doc, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    struct arena *arena = arena_new(4096, 4 << 20);
    uint32_t open[32], depth = 0;

    for (uint32_t node = 0; node < doc->count; node++) {
        while (depth > 0 && doc->nodes[open[depth - 1]].next == node)
            json_end(&w, json_kind(doc, open[--depth]) == JSON_OBJECT ? '}' : ']');
        must(doc->nodes[node].depth == depth);
        enum json_kind kind = json_kind(doc, node);
        if (kind == JSON_OBJECT || kind == JSON_ARRAY) {
            json_begin(&w, kind == JSON_OBJECT ? '{' : '[');
            open[depth++] = node;
            continue;
        }
        bool in_object = depth > 0 && json_kind(doc, open[depth - 1]) == JSON_OBJECT;
        /* A name is what stands right before its value, and no comma behind a name. */
        bool name = in_object && (out->at[out->size - 1] != ':');
        emit_scalar(doc, node, &w, arena, name);
    }
    while (depth > 0)
        json_end(&w, json_kind(doc, open[--depth]) == JSON_OBJECT ? '}' : ']');
    arena_free(arena);
}

static void must_be_same(const struct json_doc *a, const struct json_doc *b)
{
    must(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        must(a->nodes[i].kind == b->nodes[i].kind);
        must(a->nodes[i].next == b->nodes[i].next);
        must(json_count(a, i) == json_count(b, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc first = json_doc_make(), second = json_doc_make();
    struct buf once = buf_make(8 << 20), twice = buf_make(8 << 20);
    struct span text = span_make((const char *)data, size);

    enum json_error error = json_parse(&first, text, &limits);
    must(first.error_at <= size);
    if (error == JSON_OK) {
        emit(&first, &once);
        must(json_parse(&second, buf_span(&once), &limits) == JSON_OK);
        must_be_same(&first, &second);
        emit(&second, &twice);
        must(span_equal(buf_span(&once), buf_span(&twice)));
    }
    buf_done(&once);
    buf_done(&twice);
    json_doc_done(&first);
    json_doc_done(&second);
    return 0;
}
