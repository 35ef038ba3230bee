/*
 * responses_item_write: the events of a stream for clients of the Responses API: how each item is
 * opened, told and closed. Of a whole answer the items are only gathered.
 */
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/responses_items.h"

/* ---- events ---- */

static struct json_writer begin_event(struct answer_writer *writer, const char *type)
{
    struct json_writer w = json_writer_make(writer->out);

    buf_printf(writer->out, "event: %s\ndata: ", type);
    json_begin(&w, '{');
    json_put_cstring(&w, "type", type);
    return w;
}

void responses_end_event(struct answer_writer *writer, struct responses_writer *r,
                         struct json_writer *w)
{
    json_put_int64(w, "sequence_number", r->sequence++);
    json_end(w, '}');
    buf_add_string(writer->out, "\n\n");
}

/* Of an item: where it stands. */
static struct json_writer begin_of_item(struct answer_writer *writer,
                                        const struct responses_item *item, const char *type)
{
    struct json_writer w = begin_event(writer, type);

    responses_put_item_id(&w, "item_id", writer, item);
    json_put_int64(&w, "output_index", item->index);
    return w;
}

struct json_writer responses_begin_of_part(struct answer_writer *writer,
                                           const struct responses_item *item, const char *type)
{
    struct json_writer w = begin_of_item(writer, item, type);

    json_put_int64(&w, "content_index", item->part_count - 1);
    return w;
}

struct json_writer responses_begin_of_summary(struct answer_writer *writer,
                                              const struct responses_item *item, const char *type)
{
    struct json_writer w = begin_of_item(writer, item, type);

    json_put_int64(&w, "summary_index", 0);
    return w;
}

void responses_tell(struct answer_writer *writer, struct responses_writer *r, const char *type,
                    const struct responses_state *state)
{
    struct json_writer w = begin_event(writer, type);

    json_name(&w, "response");
    responses_put_response(&w, writer, r, state);
    responses_end_event(writer, r, &w);
}

void responses_begin(struct answer_writer *writer, struct responses_writer *r)
{
    const struct responses_state state = {.status = "in_progress"};

    if (writer->begun)
        return;
    writer->begun = true;
    if (!writer->stream)
        return;
    responses_tell(writer, r, "response.created", &state);
    responses_tell(writer, r, "response.in_progress", &state);
}

void responses_tell_item(struct answer_writer *writer, struct responses_writer *r,
                         const struct responses_item *item, const char *type, bool empty)
{
    struct json_writer w;

    if (!writer->stream)
        return;
    w = begin_event(writer, type);
    json_put_int64(&w, "output_index", item->index);
    json_name(&w, "item");
    responses_put_item(&w, writer, item, empty);
    responses_end_event(writer, r, &w);
}

void responses_tell_delta(struct answer_writer *writer, struct responses_writer *r,
                          struct json_writer *w, struct span text)
{
    json_put_inside(w, "delta", text);
    responses_end_event(writer, r, w);
}

/* ---- items ---- */

/* NULL: there is no room for it. */
struct responses_item *responses_open_item(struct answer_writer *writer, struct responses_writer *r,
                                           enum responses_kind kind)
{
    struct responses_item *item = openai_take(writer, sizeof(*item));

    if (item == NULL)
        return NULL;
    item->kind = kind;
    item->index = r->item_count++;
    item->open = true;
    if (r->last == NULL)
        r->first = item;
    else
        r->last->next = item;
    r->last = item;
    return item;
}

static void close_part(struct answer_writer *writer, struct responses_writer *r,
                       const struct responses_item *item)
{
    const struct responses_part *part = item->last_part;
    struct json_writer w;

    if (part == NULL || !writer->stream)
        return;
    w = responses_begin_of_part(
        writer, item, part->refusal ? "response.refusal.done" : "response.output_text.done");
    responses_put_text(&w, part->refusal ? "refusal" : "text", &part->text);
    if (!part->refusal)
        responses_put_logprobs(&w, part);
    responses_end_event(writer, r, &w);
    w = responses_begin_of_part(writer, item, "response.content_part.done");
    json_name(&w, "part");
    responses_put_part(&w, part, false);
    responses_end_event(writer, r, &w);
}

void responses_put_summary_part(struct json_writer *w, const struct responses_text *text)
{
    json_name(w, "part");
    json_begin(w, '{');
    json_put_cstring(w, "type", "summary_text");
    responses_put_text(w, "text", text);
    json_end(w, '}');
}

static void close_summary(struct answer_writer *writer, struct responses_writer *r,
                          const struct responses_item *item)
{
    struct json_writer w;

    if (item->text.first == NULL || !writer->stream)
        return;
    w = responses_begin_of_summary(writer, item, "response.reasoning_summary_text.done");
    responses_put_text(&w, "text", &item->text);
    responses_end_event(writer, r, &w);
    w = responses_begin_of_summary(writer, item, "response.reasoning_summary_part.done");
    responses_put_summary_part(&w, &item->text);
    responses_end_event(writer, r, &w);
}

void responses_add_arguments(struct answer_writer *writer, struct responses_writer *r,
                             struct responses_item *item, struct span text)
{
    struct json_writer w;

    if (!item->open || text.size == 0)
        return;
    responses_append(writer, &item->text, text);
    if (!writer->stream)
        return;
    w = begin_of_item(writer, item, "response.function_call_arguments.delta");
    responses_tell_delta(writer, r, &w, text);
}

/* A call whose provider told no arguments has none: an SDK wants to read that as JSON. */
static void close_arguments(struct answer_writer *writer, struct responses_writer *r,
                            struct responses_item *item)
{
    struct json_writer w;

    if (item->text.first == NULL)
        responses_add_arguments(writer, r, item, span_of("{}"));
    if (!writer->stream)
        return;
    w = begin_of_item(writer, item, "response.function_call_arguments.done");
    json_put_inside(&w, "name", item->name);
    responses_put_text(&w, "arguments", &item->text);
    responses_end_event(writer, r, &w);
}

void responses_close_item(struct answer_writer *writer, struct responses_writer *r,
                          struct responses_item *item)
{
    switch (item->kind) {
    case RESPONSES_MESSAGE:
        close_part(writer, r, item);
        break;
    case RESPONSES_REASONING:
        close_summary(writer, r, item);
        break;
    case RESPONSES_CALL:
        close_arguments(writer, r, item);
        break;
    case RESPONSES_IMAGE:
        break;
    }
    item->open = false;
    responses_tell_item(writer, r, item, "response.output_item.done", false);
}

void responses_close_current(struct answer_writer *writer, struct responses_writer *r)
{
    if (r->current != NULL)
        responses_close_item(writer, r, r->current);
    r->current = NULL;
}

/* `cut`: the answer ended before its end, and so did what is open. */
void responses_close_all(struct answer_writer *writer, struct responses_writer *r, bool cut)
{
    for (struct responses_item *item = r->first; item != NULL; item = item->next)
        if (item->open) {
            item->cut = cut;
            responses_close_item(writer, r, item);
        }
    r->current = NULL;
}

/* The message or reasoning that is open, if it is of that kind; else another one. */
struct responses_item *responses_current_of(struct answer_writer *writer,
                                            struct responses_writer *r, enum responses_kind kind)
{
    if (r->current != NULL && r->current->kind == kind)
        return r->current;
    responses_close_current(writer, r);
    r->current = responses_open_item(writer, r, kind);
    if (r->current != NULL)
        responses_tell_item(writer, r, r->current, "response.output_item.added", true);
    return r->current;
}

/* The part that is open, if it is of that kind; else another one. */
struct responses_part *responses_part_of(struct answer_writer *writer, struct responses_writer *r,
                                         struct responses_item *item, bool refusal)
{
    struct responses_part *part = item->last_part;
    struct json_writer w;

    if (part != NULL && part->refusal == refusal)
        return part;
    close_part(writer, r, item);
    part = openai_take(writer, sizeof(*part));
    if (part == NULL)
        return NULL;
    part->refusal = refusal;
    if (item->last_part == NULL)
        item->first_part = part;
    else
        item->last_part->next = part;
    item->last_part = part;
    item->part_count++;
    if (!writer->stream)
        return part;
    w = responses_begin_of_part(writer, item, "response.content_part.added");
    json_name(&w, "part");
    responses_put_part(&w, part, true);
    responses_end_event(writer, r, &w);
    return part;
}
