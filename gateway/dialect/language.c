/*
 * language: see the header.
 */
#include "gateway/dialect/language.h"

struct answer_writer answer_writer_make(const struct client_language *language, struct buf *out,
                                        struct arena *arena)
{
    return (struct answer_writer){.language = language, .out = out, .arena = arena};
}
