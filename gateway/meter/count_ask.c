/*
 * count_ask: see the header.
 */
#include "gateway/meter/count_ask.h"

void count_ask(struct count *count, const struct chat *chat)
{
    for (uint32_t i = 0; i < chat->part_count; i++) {
        const struct chat_part *part = &chat->parts[i];

        count_feed_json(count, part->text);
        if (part->kind != PART_TOOL_CALL)
            continue;
        count_feed_json(count, part->name);
        if (part->arguments.in_string)
            count_feed_json(count, part->arguments.text);
        else
            count_feed(count, part->arguments.text);
    }
    for (uint32_t i = 0; i < chat->tool_count; i++) {
        count_feed_json(count, chat->tools[i].name);
        count_feed_json(count, chat->tools[i].description);
        count_feed(count, chat->tools[i].schema);
    }
}
