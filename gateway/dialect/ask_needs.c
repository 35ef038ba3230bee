/*
 * ask_needs: see the header.
 */
#include "gateway/dialect/ask_needs.h"

#include <xxhash.h>

#include "gateway/snapshot/abilities.h"

/* Of each text: the rest seldom tells two conversations apart. */
#define HASHED_MAX ((size_t)4096)
enum { OPENING_MAX = 8 /* messages before a user's first */ };

struct needing {
    const struct json_doc *doc;
    struct ask_needs needs;
};

static void needs_media(struct needing *n, enum modality modality)
{
    n->needs.input |= (uint8_t)(1U << modality);
}

static void needs_ability(struct needing *n, enum ability ability)
{
    n->needs.can |= (uint8_t)(1U << ability);
}

static uint32_t text_in(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t value = json_find(doc, object, name);

    return json_is(doc, value, JSON_STRING) ? value : JSON_NONE;
}

/* The parts of all dialects that say their kind by `type`. */
static const struct {
    const char *type, *holds; /* `holds`: the member that makes it media; NULL: its type does */
    enum modality modality;
} parts[] = {
    {"image_url", NULL, MODALITY_IMAGE},   {"input_image", NULL, MODALITY_IMAGE},
    {"image", "source", MODALITY_IMAGE},   {"input_audio", NULL, MODALITY_AUDIO},
    {"document", "source", MODALITY_FILE}, {"input_file", NULL, MODALITY_FILE},
    {"file", "file", MODALITY_FILE},
};

static void look_at_part(struct needing *n, uint32_t object)
{
    uint32_t type = text_in(n->doc, object, "type");

    for (size_t i = 0; type != JSON_NONE && i < array_size(parts); i++) {
        if (json_string_is(n->doc, type, parts[i].type) &&
            (parts[i].holds == NULL || json_find(n->doc, object, parts[i].holds) != JSON_NONE))
            needs_media(n, parts[i].modality);
    }
}

/* Gemini's say it by a media type. */
static void look_at_blob(struct needing *n, uint32_t object)
{
    static const char *const holders[] = {"inlineData", "inline_data", "fileData", "file_data"};
    static const struct {
        const char *starts;
        enum modality modality;
    } types[] = {{"\"image/", MODALITY_IMAGE},
                 {"\"audio/", MODALITY_AUDIO},
                 {"\"application/pdf", MODALITY_FILE}};
    uint32_t blob = JSON_NONE, type;

    for (size_t i = 0; i < array_size(holders) && blob == JSON_NONE; i++)
        blob = json_find(n->doc, object, holders[i]);
    if (!json_is(n->doc, blob, JSON_OBJECT))
        return;
    type = text_in(n->doc, blob, "mimeType");
    if (type == JSON_NONE)
        type = text_in(n->doc, blob, "mime_type");
    for (size_t i = 0; type != JSON_NONE && i < array_size(types); i++)
        if (span_starts(json_raw(n->doc, type), types[i].starts))
            needs_media(n, types[i].modality);
}

/* Parts stand in messages whose content is an array: the others are passed over at once. */
static void look_at_messages(struct needing *n)
{
    uint32_t messages = json_find(n->doc, 0, "messages");

    if (!json_is(n->doc, messages, JSON_ARRAY))
        return;
    for (uint32_t message = json_first(n->doc, messages); message != JSON_NONE;
         message = json_after(n->doc, messages, message)) {
        uint32_t content = json_kind(n->doc, message) == JSON_OBJECT
                               ? json_find(n->doc, message, "content")
                               : JSON_NONE;
        if (!json_is(n->doc, content, JSON_ARRAY))
            continue;
        for (uint32_t part = json_first(n->doc, content); part != JSON_NONE;
             part = json_after(n->doc, content, part))
            if (json_kind(n->doc, part) == JSON_OBJECT)
                look_at_part(n, part);
    }
}

/* At any depth below the array: in a tool's result, in an item's content. */
static void look_below(struct needing *n, const char *member,
                       void (*look)(struct needing *n, uint32_t object))
{
    uint32_t array = json_find(n->doc, 0, member);

    if (!json_is(n->doc, array, JSON_ARRAY))
        return;
    for (uint32_t node = array; node < n->doc->nodes[array].next; node++)
        if (json_kind(n->doc, node) == JSON_OBJECT)
            look(n, node);
}

/* OpenAI's response_format, and Responses' text.format. */
static void look_at_format(struct needing *n, uint32_t format)
{
    uint32_t type;

    if (!json_is(n->doc, format, JSON_OBJECT))
        return;
    type = text_in(n->doc, format, "type");
    if (type != JSON_NONE && json_string_is(n->doc, type, "json_schema"))
        needs_ability(n, ABILITY_STRUCTURED_OUTPUT);
}

static void look_at_tools(struct needing *n)
{
    uint32_t tools = json_find(n->doc, 0, "tools");

    if (json_is(n->doc, tools, JSON_ARRAY) && json_first(n->doc, tools) != JSON_NONE)
        needs_ability(n, ABILITY_TOOLS);
}

struct ask_needs ask_needs_of(enum ask_kind kind, const struct json_doc *doc)
{
    struct needing n = {.doc = doc};
    uint32_t text;

    if (!ask_is_chat(kind) || kind == ASK_COMPLETIONS)
        return n.needs;
    look_at_tools(&n);
    look_at_format(&n, json_find(doc, 0, "response_format"));
    if (kind == ASK_CHAT)
        look_at_messages(&n);
    if (kind == ASK_MESSAGES)
        look_below(&n, "messages", look_at_part);
    if (kind == ASK_GENERATE)
        look_below(&n, "contents", look_at_blob);
    if (kind == ASK_RESPONSES) {
        look_below(&n, "input", look_at_part);
        text = json_find(doc, 0, "text");
        if (json_is(doc, text, JSON_OBJECT))
            look_at_format(&n, json_find(doc, text, "format"));
    }
    return n.needs;
}

/* ---- the conversation ---- */

uint64_t ask_hash(struct span text)
{
    return XXH3_64bits(text.at, text.size);
}

static uint64_t hash(uint64_t so_far, const struct json_doc *doc, uint32_t node)
{
    struct span raw = span_part(json_raw(doc, node), 0, HASHED_MAX);

    return XXH3_64bits_withSeed(raw.at, raw.size, so_far);
}

/* Up to the first message of a user. */
static uint64_t hash_opening(uint64_t so_far, const struct json_doc *doc, uint32_t messages)
{
    uint32_t message = json_first(doc, messages);

    for (int i = 0; message != JSON_NONE && i < OPENING_MAX; i++) {
        uint32_t role =
            json_kind(doc, message) == JSON_OBJECT ? text_in(doc, message, "role") : JSON_NONE;
        so_far = hash(so_far, doc, message);
        if (role == JSON_NONE || json_string_is(doc, role, "user"))
            break;
        message = json_after(doc, messages, message);
    }
    return so_far;
}

uint64_t ask_conversation(const struct json_doc *doc)
{
    static const char *const members[] = {
        "system", "systemInstruction", "instructions", "messages", "contents", "input", "prompt"};
    uint64_t so_far = 0;

    for (size_t i = 0; i < array_size(members); i++) {
        uint32_t value = json_find(doc, 0, members[i]);

        if (value == JSON_NONE)
            continue;
        so_far = json_kind(doc, value) == JSON_ARRAY ? hash_opening(so_far, doc, value)
                                                     : hash(so_far, doc, value);
    }
    return so_far;
}
