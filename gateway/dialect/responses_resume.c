/*
 * responses_resume: a stream for a client of the Responses API that passed so far, and is written
 * from here on: its items are gathered as they go by, because the last event has all of them in it.
 */
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/responses_items.h"

typedef void gather_fn(struct answer_writer *writer, struct responses_writer *r,
                       const struct json_doc *frame);

static bool is_string(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_STRING);
}

static void on_begin(struct answer_writer *writer, struct responses_writer *r,
                     const struct json_doc *frame)
{
    uint32_t response = json_find(frame, 0, "response");
    int64_t created_s;

    (void)r;
    answer_writer_keep(writer, frame, json_find(frame, response, "model"), &writer->model);
    if (json_int64(frame, json_find(frame, response, "created_at"), &created_s) == 0 &&
        created_s > 0)
        writer->created_s = created_s;
}

/* By its index; NULL: there is none that is open. */
static struct responses_item *item_at(struct responses_writer *r, const struct json_doc *frame)
{
    int64_t index;

    if (json_int64(frame, json_find(frame, 0, "output_index"), &index) != 0)
        return NULL;
    for (struct responses_item *item = r->first; item != NULL; item = item->next)
        if (item->index == index && item->open)
            return item;
    return NULL;
}

static void on_item(struct answer_writer *writer, struct responses_writer *r,
                    const struct json_doc *frame)
{
    uint32_t node = json_find(frame, 0, "item"), type = json_find(frame, node, "type");
    bool message = is_string(frame, type) && json_string_is(frame, type, "message");
    struct responses_item *item;
    int64_t index;

    if (json_int64(frame, json_find(frame, 0, "output_index"), &index) != 0 ||
        index != r->item_count)
        return;
    item = openai_take(writer, sizeof(*item));
    if (item == NULL)
        return;
    item->kind = message ? RESPONSES_MESSAGE : RESPONSES_REASONING;
    item->index = r->item_count++;
    item->open = true;
    answer_writer_keep(writer, frame, json_find(frame, node, "id"), &item->own_id);
    if (r->last == NULL)
        r->first = item;
    else
        r->last->next = item;
    r->last = item;
    r->current = item;
}

static void on_item_done(struct answer_writer *writer, struct responses_writer *r,
                         const struct json_doc *frame)
{
    struct responses_item *item = item_at(r, frame);
    uint32_t node = json_find(frame, 0, "item");
    char *copy;

    if (item == NULL || json_is_null(frame, node))
        return;
    copy = openai_take(writer, json_raw(frame, node).size);
    if (copy == NULL)
        return;
    memcpy(copy, json_raw(frame, node).at, json_raw(frame, node).size);
    item->raw = span_make(copy, json_raw(frame, node).size);
    item->open = false;
    if (r->current == item)
        r->current = NULL;
}

static void on_part(struct answer_writer *writer, struct responses_writer *r,
                    const struct json_doc *frame)
{
    struct responses_item *item = item_at(r, frame);
    uint32_t type = json_find(frame, json_find(frame, 0, "part"), "type");
    struct responses_part *part;

    if (item == NULL || item->kind != RESPONSES_MESSAGE)
        return;
    part = openai_take(writer, sizeof(*part));
    if (part == NULL)
        return;
    part->refusal = is_string(frame, type) && json_string_is(frame, type, "refusal");
    if (item->last_part == NULL)
        item->first_part = part;
    else
        item->last_part->next = part;
    item->last_part = part;
    item->part_count++;
}

/* No text can follow in it. */
static void on_part_done(struct answer_writer *writer, struct responses_writer *r,
                         const struct json_doc *frame)
{
    struct responses_item *item = item_at(r, frame);

    (void)writer;
    if (item != NULL)
        item->cut = true;
}

static struct responses_part *last_part_at(struct responses_writer *r, const struct json_doc *frame)
{
    struct responses_item *item = item_at(r, frame);

    return item == NULL ? NULL : item->last_part;
}

static void on_delta(struct answer_writer *writer, struct responses_writer *r,
                     const struct json_doc *frame)
{
    struct responses_part *part = last_part_at(r, frame);

    if (part != NULL)
        responses_append(writer, &part->text, json_inside(frame, json_find(frame, 0, "delta")));
}

static void on_annotation(struct answer_writer *writer, struct responses_writer *r,
                          const struct json_doc *frame)
{
    struct responses_part *part = last_part_at(r, frame);
    uint32_t node = json_find(frame, 0, "annotation");

    if (part == NULL || json_is_null(frame, node))
        return;
    responses_append(writer, &part->annotations, span_of(","));
    responses_append(writer, &part->annotations, json_raw(frame, node));
    part->annotation_count++;
}

static const struct {
    const char *type;
    gather_fn *gather;
} rows[] = {
    {"response.output_text.delta", on_delta},
    {"response.refusal.delta", on_delta},
    {"response.created", on_begin},
    {"response.output_item.added", on_item},
    {"response.output_item.done", on_item_done},
    {"response.content_part.added", on_part},
    {"response.content_part.done", on_part_done},
    {"response.output_text.annotation.added", on_annotation},
};

void responses_gather(struct answer_writer *writer, const struct json_doc *frame)
{
    uint32_t type = json_find(frame, 0, "type");
    struct responses_writer *r;

    if (writer->gathered == NULL)
        writer->gathered = openai_take(writer, sizeof(struct responses_writer));
    r = writer->gathered;
    if (r == NULL || !is_string(frame, type))
        return;
    r->passing = true;
    for (size_t i = 0; i < array_size(rows); i++)
        if (json_string_is(frame, type, rows[i].type)) {
            rows[i].gather(writer, r, frame);
            return;
        }
}

/* All items but a message that waits for more of its text are done. */
static bool takes_text(const struct responses_writer *r)
{
    for (const struct responses_item *item = r->first; item != NULL; item = item->next)
        if (item->open && (item != r->last || item->kind != RESPONSES_MESSAGE || item->cut ||
                           (item->last_part != NULL && item->last_part->refusal)))
            return false;
    return true;
}

bool responses_resume(struct answer_writer *writer)
{
    struct responses_writer *r = writer->gathered;

    if (r == NULL || !takes_text(r))
        return false;
    r->passing = false;
    writer->begun = true;
    return true;
}
