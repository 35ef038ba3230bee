/*
 * chat_write: see the header.
 */
#include "gateway/dialect/chat_write.h"

bool chat_part_is(const struct chat_part *part, uint32_t kinds)
{
    return (kinds >> part->kind & 1) != 0;
}

uint32_t chat_count_parts(const struct chat *chat, uint32_t first, uint32_t count, uint32_t kinds)
{
    uint32_t found = 0;

    for (uint32_t i = first; i < first + count; i++)
        found += chat_part_is(&chat->parts[i], kinds);
    return found;
}

void chat_write_data_url(struct pieces *out, const struct chat_part *part, const char *type)
{
    pieces_quote(out);
    pieces_raw(out, span_of("data:"));
    pieces_raw(out, part->type.size > 0 ? part->type : span_of(type));
    pieces_raw(out, span_of(";base64,"));
    pieces_raw(out, part->data);
    pieces_quote(out);
}
