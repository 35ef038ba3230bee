/*
 * input_bound: see the header.
 */
#include "gateway/dialect/input_bound.h"

struct bounding {
    const struct json_doc *doc;
    uint64_t tokens;
    bool open;
};

/* The bytes of an inline medium count by `instead`, not as text. */
static void replace(struct bounding *b, uint32_t node, uint64_t instead)
{
    b->tokens = b->tokens - json_raw(b->doc, node).size + instead;
}

static bool is_inline(const struct json_doc *doc, uint32_t node)
{
    struct span raw = json_raw(doc, node);

    return span_starts(span_part(raw, 1, raw.size), "data:");
}

static uint32_t string_in(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t node = json_find(doc, object, name);

    return json_is(doc, node, JSON_STRING) ? node : JSON_NONE;
}

static void bound_image(struct bounding *b, uint32_t image)
{
    uint32_t url = image == JSON_NONE || json_kind(b->doc, image) == JSON_STRING
                       ? image
                       : string_in(b->doc, image, "url");

    if (url != JSON_NONE && is_inline(b->doc, url))
        replace(b, url, INPUT_BOUND_IMAGE_TOKENS);
    else
        b->open = true;
}

static void bound_audio(struct bounding *b, uint32_t audio)
{
    uint32_t data = string_in(b->doc, audio, "data");

    if (data != JSON_NONE)
        replace(b, data, json_raw(b->doc, data).size / INPUT_BOUND_AUDIO_BYTES + 1);
    else
        b->open = true;
}

/* Text hides in a file at most one token per byte; a file that is only named may hold anything. */
static void bound_file(struct bounding *b, uint32_t file)
{
    if (string_in(b->doc, file, "file_data") == JSON_NONE)
        b->open = true;
}

static void bound_part(struct bounding *b, uint32_t part)
{
    uint32_t type = string_in(b->doc, part, "type");

    if (type == JSON_NONE)
        return;
    if (json_string_is(b->doc, type, "image_url"))
        bound_image(b, json_find(b->doc, part, "image_url"));
    else if (json_string_is(b->doc, type, "input_audio"))
        bound_audio(b, json_find(b->doc, part, "input_audio"));
    else if (json_string_is(b->doc, type, "file"))
        bound_file(b, json_find(b->doc, part, "file"));
    else if (!json_string_is(b->doc, type, "text") && !json_string_is(b->doc, type, "refusal"))
        b->open = true;
}

static void bound_messages(struct bounding *b)
{
    uint32_t messages = json_find(b->doc, 0, "messages");

    for (uint32_t message = messages == JSON_NONE ? JSON_NONE : json_first(b->doc, messages);
         message != JSON_NONE; message = json_after(b->doc, messages, message)) {
        uint32_t content = json_find(b->doc, message, "content");
        if (!json_is(b->doc, content, JSON_ARRAY))
            continue;
        for (uint32_t part = json_first(b->doc, content); part != JSON_NONE;
             part = json_after(b->doc, content, part))
            bound_part(b, part);
    }
}

/* Anthropic's image or document, with its source: data, text, content, a URL or a file's id. */
static void bound_source(struct bounding *b, uint32_t block)
{
    uint32_t source = json_find(b->doc, block, "source"), type = string_in(b->doc, block, "type");
    uint32_t data = string_in(b->doc, source, "data");

    if (source == JSON_NONE || type == JSON_NONE)
        return;
    if (json_string_is(b->doc, type, "image") && data != JSON_NONE)
        replace(b, data, INPUT_BOUND_IMAGE_TOKENS);
    else if (data == JSON_NONE && json_find(b->doc, source, "content") == JSON_NONE)
        b->open = true;
}

/* Gemini's part: inline data has its bound by its kind. */
static void bound_inline(struct bounding *b, uint32_t part)
{
    uint32_t blob = json_find(b->doc, part, "inlineData"), data, type;

    if (blob == JSON_NONE)
        blob = json_find(b->doc, part, "inline_data");
    if (json_find(b->doc, part, "fileData") != JSON_NONE ||
        json_find(b->doc, part, "file_data") != JSON_NONE)
        b->open = true;
    if (blob == JSON_NONE)
        return;
    data = string_in(b->doc, blob, "data");
    type = string_in(b->doc, blob, "mimeType");
    if (type == JSON_NONE)
        type = string_in(b->doc, blob, "mime_type");
    if (data == JSON_NONE || type == JSON_NONE)
        return;
    if (span_starts(json_raw(b->doc, type), "\"image/"))
        replace(b, data, INPUT_BOUND_IMAGE_TOKENS);
    else if (span_starts(json_raw(b->doc, type), "\"audio/"))
        replace(b, data, json_raw(b->doc, data).size / INPUT_BOUND_AUDIO_BYTES + 1);
}

/* A part of Responses: what stands in the request itself has its bound by its kind. */
static void bound_response_part(struct bounding *b, uint32_t part)
{
    uint32_t type = string_in(b->doc, part, "type");

    if (type == JSON_NONE)
        return;
    if (json_string_is(b->doc, type, "input_image") ||
        json_string_is(b->doc, type, "computer_screenshot"))
        bound_image(b, string_in(b->doc, part, "image_url"));
    else if (json_string_is(b->doc, type, "input_audio"))
        bound_audio(b, json_find(b->doc, part, "input_audio"));
    else if (json_string_is(b->doc, type, "input_file"))
        bound_file(b, part);
}

/* Blocks and parts stand at any depth (in a tool's result), so every object is looked at. */
static void bound_objects(struct bounding *b, void (*bound)(struct bounding *b, uint32_t object))
{
    for (uint32_t node = 0; node < b->doc->count; node++)
        if (json_kind(b->doc, node) == JSON_OBJECT)
            bound(b, node);
}

uint64_t input_bound_tokens(enum ask_kind kind, const struct json_doc *doc, bool *open_out)
{
    struct bounding b = {.doc = doc, .tokens = doc->text.size};

    switch (kind) {
    case ASK_CHAT:
    case ASK_EMBEDDINGS:
        bound_messages(&b);
        break;
    case ASK_MESSAGES:
        bound_objects(&b, bound_source);
        break;
    case ASK_GENERATE:
        bound_objects(&b, bound_inline);
        break;
    case ASK_RESPONSES:
        bound_objects(&b, bound_response_part);
        /* What went before it is input too. */
        b.open = b.open || !json_is_null(doc, json_find(doc, 0, "previous_response_id"));
        break;
    case ASK_COMPLETIONS:
    case ASK_MODERATIONS:
    case ASK_RERANK:
    case ASK_IMAGES:
    case ASK_IMAGE_EDITS:
    case ASK_SPEECH:
    case ASK_TRANSCRIPTIONS:
    case ASK_TRANSLATIONS:
    case ASK_KINDS:
        break;
    }
    *open_out = b.open;
    return b.tokens;
}
