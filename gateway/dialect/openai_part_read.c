/*
 * openai_part_read: parts of a message's content, and what an assistant thought.
 */
#include "gateway/dialect/openai_reading.h"

/* A string that is cut up and so may have no escapes in it: PHP writes "image\/png". */
static bool plain_of(struct openai_reading *r, uint32_t node, struct span *text_out)
{
    *text_out = openai_inside(r, node);
    if (!r->doc->nodes[node].escaped)
        return true;
    if (!openai_has_room(r, text_out->size) || json_string(r->doc, node, r->arena, text_out) != 0)
        return false;
    for (size_t i = 0; i < text_out->size; i++) {
        unsigned char byte = (unsigned char)text_out->at[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            return false;
    }
    return true;
}

/* "data:image/png;charset=x;base64,…" into its type and its data. */
static bool split_data_url(struct span url, struct chat_part *part)
{
    struct span head, rest = span_part(url, 5, url.size);

    head = span_cut(&rest, ',');
    if (rest.at == NULL || rest.size == 0 || !span_ends(head, ";base64"))
        return false;
    part->by = MEDIA_DATA;
    part->data = rest;
    part->type = span_cut(&head, ';');
    return true;
}

bool openai_read_url(struct openai_reading *r, uint32_t node, const char *member,
                     struct chat_part *part)
{
    struct span url;

    if (!openai_is(r, node, JSON_STRING))
        return openai_refuse_in_message(r, member, "A URL must be a string.");
    if (!plain_of(r, node, &url) || url.size == 0)
        return openai_refuse_in_message(r, member, "This is no URL.");
    part->by = MEDIA_URL;
    part->data = url;
    if (span_starts(url, "data:") && !split_data_url(url, part))
        return openai_refuse_in_message(
            r, member, "A data URL must be of the form 'data:<type>;base64,<data>'.");
    return true;
}

static bool read_text(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t text = json_find(r->doc, node, "text");

    if (!openai_is(r, text, JSON_STRING))
        return openai_refuse_in_message(r, "content", "A part of type 'text' needs a 'text'.");
    part->text = openai_inside(r, text);
    return true;
}

bool openai_read_refusal(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t text = json_find(r->doc, node, "refusal");

    if (!openai_is(r, text, JSON_STRING))
        return openai_refuse_in_message(r, "content",
                                        "A part of type 'refusal' needs a 'refusal'.");
    part->text = openai_inside(r, text);
    return true;
}

static bool read_image(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t image = json_find(r->doc, node, "image_url");

    if (openai_is(r, image, JSON_OBJECT)) {
        part->detail = openai_inside_in(r, image, "detail");
        image = json_find(r->doc, image, "url");
    }
    return openai_read_url(r, image, "content.image_url", part);
}

bool openai_read_audio(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t audio = json_find(r->doc, node, "input_audio");
    uint32_t data = json_find(r->doc, audio, "data");
    struct span format = openai_inside_in(r, audio, "format");

    if (!openai_is(r, data, JSON_STRING) || !plain_of(r, data, &part->data) ||
        part->data.size == 0 || format.size == 0 || format.size > 32)
        return openai_refuse_in_message(r, "content.input_audio",
                                        "A part of type 'input_audio' needs 'data' and 'format'.");
    part->by = MEDIA_DATA;
    part->type = span_of(arena_printf(r->arena, "audio/%.*s", SPAN_ARG(format)));
    return true;
}

static struct span type_of_name(struct span name)
{
    static const struct {
        const char *end, *type;
    } rows[] = {{".pdf", "application/pdf"}, {".txt", "text/plain"}, {".md", "text/markdown"},
                {".csv", "text/csv"},        {".html", "text/html"}, {".json", "application/json"}};

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_ends(name, rows[i].end))
            return span_of(rows[i].type);
    return (struct span){0};
}

bool openai_read_file_data(struct openai_reading *r, uint32_t node, const char *member,
                           struct chat_part *part)
{
    struct span text;

    if (!plain_of(r, node, &text) || text.size == 0)
        return openai_refuse_in_message(r, member, "This is no data of a file.");
    if (span_starts(text, "data:") || span_starts(text, "https://") || span_starts(text, "http://"))
        return openai_read_url(r, node, member, part);
    part->by = MEDIA_DATA;
    part->data = text;
    part->type = type_of_name(part->name);
    return true;
}

static bool read_file(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t file = json_find(r->doc, node, "file"), data = json_find(r->doc, file, "file_data");
    struct span id = openai_inside_in(r, file, "file_id");

    part->name = openai_inside_in(r, file, "filename");
    if (id.size > 0) {
        part->by = MEDIA_FILE_ID;
        part->data = id;
        return true;
    }
    if (!openai_is(r, data, JSON_STRING))
        return openai_refuse_in_message(
            r, "content.file", "A part of type 'file' needs a 'file_data' or a 'file_id'.");
    return openai_read_file_data(r, data, "content.file.file_data", part);
}

static const struct openai_part_kind kinds[] = {
    {"text", PART_TEXT, read_text},        {"refusal", PART_REFUSAL, openai_read_refusal},
    {"image_url", PART_IMAGE, read_image}, {"input_audio", PART_AUDIO, openai_read_audio},
    {"file", PART_FILE, read_file},
};

bool openai_read_part_of(struct openai_reading *r, uint32_t node,
                         const struct openai_part_kind *among, size_t count, const char *why)
{
    struct span type = openai_inside_in(r, node, "type");
    struct chat_part *part;
    size_t i = 0;

    while (i < count && !span_is(type, among[i].type))
        i++;
    if (i == count)
        return openai_refuse_in_message(r, "content", why);
    part = openai_add_part(r, among[i].kind);
    if (part == NULL || !among[i].read(r, node, part))
        return false;
    /* Most providers refuse an empty text. */
    if (part->kind == PART_TEXT && part->text.size == 0)
        r->chat->part_count--;
    return true;
}

bool openai_read_part(struct openai_reading *r, uint32_t node)
{
    uint32_t at = r->chat->part_count;

    if (!openai_read_part_of(
            r, node, kinds, array_size(kinds),
            "The type of a part must be 'text', 'refusal', 'image_url', 'input_audio' or 'file'."))
        return false;
    if (r->chat->part_count > at)
        r->chat->parts[at].cache = openai_cache_in(r, node);
    return true;
}

/* ---- reasoning ---- */

/* The parts of one thought, as they came in a stream, put together. */
bool openai_join(struct openai_reading *r, struct span *text, struct span more)
{
    char *both;

    if (more.size == 0)
        return true;
    if (text->size == 0) {
        *text = more;
        return true;
    }
    if (!openai_has_room(r, text->size + more.size))
        return openai_refuse_in_message(r, "", "There is too much of it.");
    both = arena_take(r->arena, text->size + more.size + 1);
    memcpy(both, text->at, text->size);
    memcpy(both + text->size, more.at, more.size);
    *text = span_make(both, text->size + more.size);
    return true;
}

/* Whether this goes on with the one before: the same index, as clients collect them from deltas. */
static bool goes_on(const struct openai_reading *r, uint32_t detail, uint32_t before)
{
    int64_t index, index_before;

    return before != JSON_NONE &&
           json_int64(r->doc, json_find(r->doc, detail, "index"), &index) == 0 &&
           json_int64(r->doc, json_find(r->doc, before, "index"), &index_before) == 0 &&
           index == index_before &&
           span_equal(openai_inside_in(r, detail, "type"), openai_inside_in(r, before, "type"));
}

static bool read_detail(struct openai_reading *r, uint32_t detail, uint32_t before)
{
    struct span type = openai_inside_in(r, detail, "type");
    struct chat_part *part = NULL;

    if (!span_is(type, "reasoning.text") && !span_is(type, "reasoning.summary") &&
        !span_is(type, "reasoning.encrypted"))
        return true;
    if (goes_on(r, detail, before) && r->chat->part_count > 0)
        part = &r->chat->parts[r->chat->part_count - 1];
    else
        part = openai_add_part(r, span_is(type, "reasoning.encrypted") ? PART_REDACTED
                                                                       : PART_REASONING);
    if (part == NULL)
        return false;
    if (part->signer == SIGNER_UNKNOWN)
        part->signer = signer_of_format(openai_inside_in(r, detail, "format"));
    return openai_join(r, &part->text, openai_inside_in(r, detail, "text")) &&
           openai_join(r, &part->text, openai_inside_in(r, detail, "summary")) &&
           openai_join(r, &part->signature, openai_inside_in(r, detail, "signature")) &&
           openai_join(r, &part->data, openai_inside_in(r, detail, "data"));
}

bool openai_read_reasoning(struct openai_reading *r, uint32_t message)
{
    uint32_t details = openai_array_in(r, message, "reasoning_details"), before = JSON_NONE;
    uint32_t first = r->chat->part_count;
    struct span text = openai_inside_in(r, message, "reasoning_content");
    struct chat_part *part = NULL;

    if (text.size == 0)
        text = openai_inside_in(r, message, "reasoning");
    if (details != JSON_NONE)
        for (uint32_t detail = json_first(r->doc, details); detail != JSON_NONE;
             detail = json_after(r->doc, details, detail)) {
            if (!read_detail(r, detail, before))
                return false;
            before = detail;
        }
    for (uint32_t i = first; i < r->chat->part_count; i++)
        if (r->chat->parts[i].kind == PART_REASONING && part == NULL)
            part = &r->chat->parts[i];
    if (text.size == 0 || (part != NULL && part->text.size > 0))
        return true;
    /* The text stands beside the details: it is the first thought's. */
    if (part == NULL)
        part = openai_add_part(r, PART_REASONING);
    if (part == NULL)
        return false;
    part->text = text;
    return true;
}
