/*
 * responses_part_read: parts of an item's content, and what an assistant thought.
 */
#include "gateway/dialect/responses.h"
#include "gateway/dialect/responses_reading.h"

static bool read_text(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t text = json_find(r->doc, node, "text");

    if (!openai_is(r, text, JSON_STRING))
        return openai_refuse_in_message(r, "content", "A part of text needs a 'text'.");
    part->text = openai_inside(r, text);
    return true;
}

/* By the id of a file that its provider keeps. */
static bool read_id(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    part->data = openai_inside_in(r, node, "file_id");
    part->by = MEDIA_FILE_ID;
    return part->data.size > 0;
}

static bool read_image(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t url = json_find(r->doc, node, "image_url");

    part->detail = openai_inside_in(r, node, "detail");
    if (json_is_null(r->doc, url))
        return read_id(r, node, part) ||
               openai_refuse_in_message(
                   r, "content",
                   "A part of type 'input_image' needs an 'image_url' or a 'file_id'.");
    return openai_read_url(r, url, "content.image_url", part);
}

static bool read_file(struct openai_reading *r, uint32_t node, struct chat_part *part)
{
    uint32_t data = json_find(r->doc, node, "file_data");
    uint32_t url = json_find(r->doc, node, "file_url");

    part->name = openai_inside_in(r, node, "filename");
    if (openai_is(r, data, JSON_STRING))
        return openai_read_file_data(r, data, "content.file_data", part);
    if (openai_is(r, url, JSON_STRING))
        return openai_read_url(r, url, "content.file_url", part);
    return read_id(r, node, part) ||
           openai_refuse_in_message(r, "content",
                                    "A part of type 'input_file' needs a 'file_data', a 'file_url' "
                                    "or a 'file_id'.");
}

static const struct openai_part_kind kinds[] = {
    {"input_text", PART_TEXT, read_text},           {"output_text", PART_TEXT, read_text},
    {"refusal", PART_REFUSAL, openai_read_refusal}, {"input_image", PART_IMAGE, read_image},
    {"input_file", PART_FILE, read_file},           {"input_audio", PART_AUDIO, openai_read_audio},
};

bool responses_read_part(struct openai_reading *r, uint32_t node)
{
    return openai_read_part_of(r, node, kinds, array_size(kinds),
                               "The type of a part must be 'input_text', 'input_image', "
                               "'input_file', 'input_audio', 'output_text' or 'refusal'.");
}

/* ---- reasoning ---- */

static bool read_thoughts(struct openai_reading *r, uint32_t item, const char *name,
                          struct span *text)
{
    uint32_t list = openai_array_in(r, item, name);

    if (list == JSON_NONE)
        return true;
    for (uint32_t part = json_first(r->doc, list); part != JSON_NONE;
         part = json_after(r->doc, list, part)) {
        struct span more = openai_inside_in(r, part, "text");
        if (text->size > 0 && more.size > 0 && !openai_join(r, text, span_of("\\n\\n")))
            return false;
        if (!openai_join(r, text, more))
            return false;
    }
    return true;
}

/* The signature of the call that stands before. */
static void sign_call(struct openai_reading *r, struct span signature)
{
    struct chat_part *before =
        r->chat->part_count == 0 ? NULL : &r->chat->parts[r->chat->part_count - 1];

    if (before != NULL && before->kind == PART_TOOL_CALL)
        before->signature = signature;
}

bool responses_read_reasoning(struct openai_reading *r, uint32_t item)
{
    struct span encrypted = openai_inside_in(r, item, "encrypted_content"), text = {0};
    bool redacted = span_starts(encrypted, RESPONSES_REDACTED);
    struct chat_part *part;
    enum signer signer;

    if (span_starts(encrypted, RESPONSES_CALL_SIGNATURE)) {
        sign_call(r, span_part(encrypted, strlen(RESPONSES_CALL_SIGNATURE), encrypted.size));
        return true;
    }
    if (redacted)
        encrypted = span_part(encrypted, strlen(RESPONSES_REDACTED), encrypted.size);
    signer = signer_take(&encrypted);
    /* A chat is for another provider than the one that could read it. */
    if (responses_is_encrypted(encrypted))
        encrypted = (struct span){0};
    if (!redacted && (!read_thoughts(r, item, "summary", &text) ||
                      (text.size == 0 && !read_thoughts(r, item, "content", &text))))
        return false;
    if (text.size == 0 && encrypted.size == 0)
        return true;
    part = openai_add_part(r, redacted ? PART_REDACTED : PART_REASONING);
    if (part == NULL)
        return false;
    part->text = text;
    part->signer = signer;
    if (redacted)
        part->data = encrypted;
    else
        part->signature = encrypted;
    return true;
}
