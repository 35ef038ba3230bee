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
    struct span inside = json_inside(frame, node);

    if (kept->size == 0 && inside.size > 0 && arena_room(writer->arena) > 2 * inside.size + 4)
        *kept = arena_span(writer->arena, inside);
}
