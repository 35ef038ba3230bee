/*
 * chat_text: see the header.
 */
#include "gateway/dialect/chat_text.h"

/* Bytes of the blank that an inside ends in: a space, or the escape of a line end or a tab. */
static size_t last_blank(struct span inside)
{
    size_t backslashes = 0;

    if (inside.size == 0)
        return 0;
    if (inside.at[inside.size - 1] == ' ')
        return 1;
    if (strchr("nrt", inside.at[inside.size - 1]) == NULL)
        return 0;
    while (backslashes + 1 < inside.size && inside.at[inside.size - 2 - backslashes] == '\\')
        backslashes++;
    return backslashes % 2 == 1 ? 2 : 0;
}

struct span chat_text_without_end(struct span inside)
{
    size_t blank;

    while ((blank = last_blank(inside)) > 0)
        inside.size -= blank;
    return inside;
}

bool chat_text_is_blank(struct span inside)
{
    return chat_text_without_end(inside).size == 0;
}
