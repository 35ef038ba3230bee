/*
 * language: see the header.
 */
#include "gateway/dialect/language.h"

struct answer_writer answer_writer_make(const struct client_language *language, struct buf *out,
                                        struct arena *arena)
{
    return (struct answer_writer){.language = language, .out = out, .arena = arena};
}

void answer_writer_keep(struct answer_writer *writer, const struct json_doc *frame, uint32_t node,
                        struct span *kept)
{
    struct span raw;

    if (kept->size > 0 || json_is_null(frame, node) || json_kind(frame, node) != JSON_STRING)
        return;
    raw = json_raw(frame, node);
    if (raw.size > 2 && arena_room(writer->arena) > 2 * raw.size)
        *kept = arena_span(writer->arena, span_part(raw, 1, raw.size - 2));
}
