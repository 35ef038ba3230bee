/*
 * chat_write: see the header.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/dialect/chat_write.h"

enum { NUMBER_MAX = 40 };

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

/* ---- what does not go over ---- */

void chat_lose(struct ask_losses *losses, enum chat_member member)
{
    losses->lost |= UINT64_C(1) << member;
}

void chat_refuse(struct ask_losses *losses, const char *why)
{
    if (losses->why == NULL)
        losses->why = why;
}

void chat_lose_unknown(struct ask_losses *losses, const struct chat_unknown *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].wished)
            chat_lose(losses, rows[i].member);
}

bool chat_says_something(struct span json)
{
    return json.size > 0 && !span_is(json, "null") && !span_is(json, "0") &&
           !span_is(json, "0.0") && !span_is(json, "{}");
}

enum ask_written chat_written(const struct pieces *out, const struct ask_losses *losses)
{
    if (losses->why != NULL)
        return ASK_UNSPEAKABLE;
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

/* ---- OpenAI's languages ---- */

bool chat_takes(struct chat_writing *w, enum chat_member member)
{
    if ((w->without >> member & 1) == 0)
        return true;
    chat_lose(w->losses, member);
    return false;
}

void chat_put_json(struct chat_writing *w, enum chat_member member, const char *name,
                   struct span json)
{
    if (json.size > 0 && chat_takes(w, member))
        pieces_put_json(w->out, name, json);
}

void chat_put_inside(struct chat_writing *w, enum chat_member member, const char *name,
                     struct span inside)
{
    if (inside.size > 0 && chat_takes(w, member))
        pieces_put_inside(w->out, name, inside);
}

void chat_put_function(struct pieces *out, const struct chat_tool *tool)
{
    pieces_put_inside(out, "name", tool->name);
    if (tool->description.size > 0)
        pieces_put_inside(out, "description", tool->description);
    pieces_put_json(out, "parameters",
                    tool->schema.size > 0 ? tool->schema
                                          : span_of("{\"type\":\"object\",\"properties\":{}}"));
}

void chat_put_strict(struct chat_writing *w, int strict)
{
    if (strict < 0 || !chat_takes(w, MEMBER_STRICT))
        return;
    pieces_name(w->out, "strict");
    pieces_bool(w->out, strict == 1);
}

/* ---- values ---- */

void chat_write_url(struct pieces *out, const struct chat_part *part, const char *type)
{
    pieces_quote(out);
    if (part->by == MEDIA_DATA) {
        pieces_raw(out, span_of("data:"));
        pieces_raw(out, part->type.size > 0 ? part->type : span_of(type));
        pieces_raw(out, span_of(";base64,"));
    }
    pieces_raw(out, part->data);
    pieces_quote(out);
}

void chat_put_file(struct pieces *out, const struct chat_part *part)
{
    pieces_put_inside(out, "filename", part->name.size > 0 ? part->name : span_of("document.pdf"));
    pieces_name(out, "file_data");
    chat_write_url(out, part, "application/pdf");
}

int64_t chat_output_cap(const struct language_target *target)
{
    bool over = target->output_limit > 0 && target->output_cap > target->output_limit;

    return over ? target->output_limit : target->output_cap;
}

double chat_number(struct span json)
{
    char text[NUMBER_MAX];

    (void)snprintf(text, sizeof(text), "%.*s", SPAN_ARG(span_part(json, 0, sizeof(text) - 1)));
    return strtod(text, NULL);
}
