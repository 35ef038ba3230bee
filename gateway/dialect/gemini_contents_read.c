/*
 * gemini_contents_read: systemInstruction and contents as the messages of a chat.
 *
 * A call without an id gets one from its place, and a result without an id is that of the first
 * call of its name that has none yet. Base64 is made to be of the standard alphabet: Google's own
 * SDK for Python writes the other one, which nobody else takes.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/json_writer.h"
#include "gateway/dialect/gemini_reading.h"

/* A result's call is looked for among so many before it. */
enum { CALLS_BACK_MAX = 1024, CALL_ID_MAX = 32 };

static struct chat_part *add(struct gemini_reading *r, bool held)
{
    return &r->chat->parts[held ? r->part_limit + r->held++ : r->part++];
}

static struct span standard_base64(struct gemini_reading *r, struct span data)
{
    char *copy;

    if (data.size == 0 ||
        (memchr(data.at, '-', data.size) == NULL && memchr(data.at, '_', data.size) == NULL))
        return data;
    copy = gemini_take(r, data.size, 1);
    if (copy == NULL)
        return data;
    for (size_t i = 0; i < data.size; i++)
        copy[i] = data.at[i] == '-' ? '+' : data.at[i] == '_' ? '/' : data.at[i];
    return span_make(copy, data.size);
}

static bool read_media(struct gemini_reading *r, uint32_t media, bool data, bool held)
{
    struct span type = json_inside(r->doc, gemini_find(r->doc, media, "mimeType", "mime_type"));
    struct span at = json_inside(r->doc, data ? json_find(r->doc, media, "data")
                                              : gemini_find(r->doc, media, "fileUri", "file_uri"));
    struct chat_part *part;

    if (at.size == 0)
        return gemini_refuse(r, "contents", "Data of a part must not be empty.");
    part = add(r, held);
    part->kind = span_starts(type, "image/")   ? PART_IMAGE
                 : span_starts(type, "audio/") ? PART_AUDIO
                                               : PART_FILE;
    part->type = type;
    part->by = data ? MEDIA_DATA : MEDIA_URL;
    part->data = data ? standard_base64(r, at) : at;
    part->name = json_inside(r->doc, gemini_find(r->doc, media, "displayName", "display_name"));
    return r->why == NULL;
}

static bool read_call(struct gemini_reading *r, uint32_t call, struct span signature)
{
    struct chat_part *part = &r->chat->parts[r->part];
    uint32_t args = json_find(r->doc, call, "args");
    char *id;

    part->kind = PART_TOOL_CALL;
    part->signature = signature;
    part->name = json_inside(r->doc, json_find(r->doc, call, "name"));
    part->id = json_inside(r->doc, json_find(r->doc, call, "id"));
    if (part->name.size == 0)
        return gemini_refuse(r, "contents", "A functionCall must have a name.");
    if (!json_is_null(r->doc, args)) {
        if (json_kind(r->doc, args) != JSON_OBJECT)
            return gemini_refuse(r, "contents", "The args of a functionCall must be an object.");
        part->arguments.text = json_raw(r->doc, args);
    }
    if (part->id.size == 0) {
        id = gemini_take(r, CALL_ID_MAX, 1);
        if (id == NULL)
            return false;
        (void)snprintf(id, CALL_ID_MAX, "call_%" PRIu32, r->call_count);
        part->id = span_of(id);
    }
    r->calls[r->call_count++] = r->part++;
    return true;
}

/* The call that a result is of; JSON_NONE when there is none. Without an id the oldest of its name
 * that has no result. */
static uint32_t find_call(const struct gemini_reading *r, struct span id, struct span name)
{
    uint32_t stop = r->call_count > CALLS_BACK_MAX ? r->call_count - CALLS_BACK_MAX : 0;
    uint32_t found = JSON_NONE;

    for (uint32_t i = r->call_count; i > stop; i--) {
        const struct chat_part *call = &r->chat->parts[r->calls[i - 1]];
        if (id.size > 0 && span_equal(call->id, id))
            return i - 1;
        if (id.size == 0 && span_equal(call->name, name) && !r->answered[i - 1])
            found = i - 1;
    }
    return found;
}

/* {"output": "…"}, {"result": "…"} and {"error": "…"} are a text; anything else is what it is. */
static bool read_response(struct gemini_reading *r, uint32_t response, struct chat_part *result)
{
    struct chat_part *text;
    struct buf quoted;
    uint32_t name;

    if (!json_is(r->doc, response, JSON_OBJECT))
        return gemini_refuse(r, "contents",
                             "The response of a functionResponse must be an object.");
    text = add(r, true);
    text->kind = PART_TEXT;
    name = json_first(r->doc, response);
    if (json_count(r->doc, response) == 1 &&
        json_is(r->doc, json_value(r->doc, name), JSON_STRING)) {
        result->error = json_string_is(r->doc, name, "error");
        if (result->error || json_string_is(r->doc, name, "output") ||
            json_string_is(r->doc, name, "result")) {
            text->text = json_inside(r->doc, json_value(r->doc, name));
            return true;
        }
    }
    quoted = buf_make(arena_room(r->arena));
    (void)json_quote(&quoted, json_raw(r->doc, response));
    if (buf_failed(&quoted) || quoted.size > arena_room(r->arena))
        (void)gemini_refuse(r, "contents", "The response of a functionResponse is too large.");
    else
        text->text = arena_span(r->arena, span_part(buf_span(&quoted), 1, quoted.size - 2));
    buf_done(&quoted);
    return r->why == NULL;
}

static bool read_result(struct gemini_reading *r, uint32_t response)
{
    struct span id = json_inside(r->doc, json_find(r->doc, response, "id"));
    struct span name = json_inside(r->doc, json_find(r->doc, response, "name"));
    uint32_t call = find_call(r, id, name), parts = json_find(r->doc, response, "parts");
    struct chat_part *part;

    if (call == JSON_NONE)
        return gemini_refuse(r, "contents", "A functionResponse must follow its functionCall.");
    r->answered[call] = true;
    part = add(r, false);
    part->kind = PART_TOOL_RESULT;
    part->id = r->chat->parts[r->calls[call]].id;
    part->name = name;
    part->first = r->part_limit + r->held;
    if (!read_response(r, json_find(r->doc, response, "response"), part))
        return false;
    for (uint32_t one = gemini_first(r->doc, parts); one != JSON_NONE;
         one = gemini_after(r->doc, parts, one)) {
        uint32_t media = gemini_find(r->doc, one, "inlineData", "inline_data");
        bool data = media != JSON_NONE;
        if (!data)
            media = gemini_find(r->doc, one, "fileData", "file_data");
        if (!json_is(r->doc, media, JSON_OBJECT) || !read_media(r, media, data, true))
            return gemini_refuse(r, "contents", "A part of a functionResponse must have data.");
    }
    part->count = r->part_limit + r->held - part->first;
    return true;
}

static bool read_text(struct gemini_reading *r, uint32_t part, uint32_t text, struct span signature)
{
    struct chat_part *to;
    bool thought = gemini_is_true(r->doc, part, "thought");
    enum signer signer;

    if (!json_is(r->doc, text, JSON_STRING))
        return gemini_refuse(r, "contents", "The text of a part must be a string.");
    signer = signer_take(&signature);
    if (signer == SIGNER_UNKNOWN)
        signer = SIGNER_GEMINI;
    if (!thought && signature.size > 0) {
        to = add(r, false);
        to->kind = PART_REASONING;
        to->signature = signature;
        to->signer = signer;
    }
    to = add(r, false);
    to->kind = thought ? PART_REASONING : PART_TEXT;
    to->text = json_inside(r->doc, text);
    if (thought) {
        to->signature = signature;
        to->signer = signer;
    }
    return true;
}

static bool read_part(struct gemini_reading *r, uint32_t part, enum chat_role role)
{
    const struct json_doc *doc = r->doc;
    uint32_t text = json_find(doc, part, "text");
    uint32_t data = gemini_find(doc, part, "inlineData", "inline_data");
    uint32_t file = gemini_find(doc, part, "fileData", "file_data");
    uint32_t call = gemini_find(doc, part, "functionCall", "function_call");
    uint32_t result = gemini_find(doc, part, "functionResponse", "function_response");
    struct span signature =
        json_inside(doc, gemini_find(doc, part, "thoughtSignature", "thought_signature"));

    if (!json_is(doc, part, JSON_OBJECT))
        return gemini_refuse(r, "contents", "A part must be an object.");
    if (!json_is_null(doc, text))
        return read_text(r, part, text, standard_base64(r, signature));
    if (json_is(doc, data, JSON_OBJECT))
        return read_media(r, data, true, false);
    if (json_is(doc, file, JSON_OBJECT))
        return read_media(r, file, false, false);
    if (json_is(doc, call, JSON_OBJECT)) {
        if (role != CHAT_ASSISTANT)
            return gemini_refuse(r, "contents", "A functionCall must be of the role \"model\".");
        return read_call(r, call, standard_base64(r, signature));
    }
    if (json_is(doc, result, JSON_OBJECT)) {
        if (role != CHAT_USER)
            return gemini_refuse(r, "contents", "A functionResponse must be of the role \"user\".");
        return read_result(r, result);
    }
    return gemini_refuse(r, "contents",
                         "A part must have a text, inlineData, fileData, a functionCall or a "
                         "functionResponse for a model of another provider.");
}

static bool read_role(struct gemini_reading *r, uint32_t content, enum chat_role *role_out)
{
    struct span role = json_inside(r->doc, json_find(r->doc, content, "role"));

    *role_out = span_is(role, "model") ? CHAT_ASSISTANT : CHAT_USER;
    if (role.size == 0 || span_is(role, "model") || span_is(role, "user") ||
        span_is(role, "function"))
        return true;
    return gemini_refuse(r, "contents", "Please use a valid role: user, model.");
}

static bool read_content(struct gemini_reading *r, uint32_t content, bool system)
{
    struct chat_message *message = &r->chat->messages[r->chat->message_count];
    uint32_t parts = json_find(r->doc, content, "parts");

    message->first = r->part;
    message->role = CHAT_SYSTEM;
    if (!json_is(r->doc, content, JSON_OBJECT))
        return gemini_refuse(r, system ? "systemInstruction" : "contents",
                             "A content must be an object with parts.");
    if (!system && !read_role(r, content, &message->role))
        return false;
    for (uint32_t one = gemini_first(r->doc, parts); one != JSON_NONE;
         one = gemini_after(r->doc, parts, one))
        if (!read_part(r, one, message->role))
            return false;
    message->count = r->part - message->first;
    if (message->count > 0)
        r->chat->message_count++;
    return true;
}

/* How many parts at most, and how many inside of results. */
static void count_parts(const struct json_doc *doc, uint32_t content, uint32_t *own, uint32_t *held)
{
    uint32_t parts = json_find(doc, content, "parts");

    for (uint32_t one = gemini_first(doc, parts); one != JSON_NONE;
         one = gemini_after(doc, parts, one)) {
        uint32_t inner =
            json_find(doc, gemini_find(doc, one, "functionResponse", "function_response"), "parts");
        *own += 2;
        *held += 2 + (json_is(doc, inner, JSON_ARRAY) ? json_count(doc, inner) : 0);
    }
}

static bool make_room(struct gemini_reading *r, uint32_t system, uint32_t contents)
{
    uint32_t own = 1, held = 0, messages = 1;

    count_parts(r->doc, system, &own, &held);
    for (uint32_t one = gemini_first(r->doc, contents); one != JSON_NONE;
         one = gemini_after(r->doc, contents, one), messages++)
        count_parts(r->doc, one, &own, &held);
    r->part_limit = own;
    r->chat->part_count = own + held;
    r->chat->parts = gemini_take(r, own + held, sizeof(*r->chat->parts));
    r->chat->messages = gemini_take(r, messages + 1, sizeof(*r->chat->messages));
    r->calls = gemini_take(r, own, sizeof(*r->calls));
    r->answered = gemini_take(r, own, sizeof(*r->answered));
    return r->why == NULL;
}

/* The last piece of the thought that begins there: streams tell it in many, perhaps as contents of
 * their own, and its signature with the last. */
static uint32_t thought_last(const struct gemini_reading *r, uint32_t at)
{
    const struct chat_part *parts = r->chat->parts;

    while (at + 1 < r->part && parts[at].kind == PART_REASONING && parts[at].signature.size == 0 &&
           parts[at + 1].kind == PART_REASONING)
        at++;
    return at;
}

static struct span thought_text(struct gemini_reading *r, uint32_t from, uint32_t last)
{
    size_t size = 0;
    char *text, *to;

    for (uint32_t i = from; i <= last; i++)
        size += r->chat->parts[i].text.size;
    text = to = gemini_take(r, size + 1, 1);
    for (uint32_t i = from; text != NULL && i <= last; i++)
        to = mempcpy(to, r->chat->parts[i].text.at, r->chat->parts[i].text.size);
    return text == NULL ? (struct span){0} : span_make(text, size);
}

/* Makes one part of each thought, so that its signature is that of the whole of it. */
static bool join_thoughts(struct gemini_reading *r)
{
    struct chat *chat = r->chat;
    uint32_t from = 0, to = 0, kept = 0;

    for (uint32_t i = 0; i < chat->message_count; i++) {
        struct chat_message message = chat->messages[i];
        uint32_t end = message.first + message.count, last;
        message.first = to;
        for (; from < end; from = last + 1) {
            struct span text = chat->parts[from].text;
            last = thought_last(r, from);
            if (last > from)
                text = thought_text(r, from, last);
            chat->parts[to] = chat->parts[last];
            chat->parts[to++].text = text;
        }
        message.count = to - message.first;
        if (message.count > 0)
            chat->messages[kept++] = message;
    }
    chat->message_count = kept;
    return r->why == NULL;
}

bool gemini_read_contents(struct gemini_reading *r)
{
    const struct json_doc *doc = r->doc;
    uint32_t system = gemini_find(doc, 0, "systemInstruction", "system_instruction");
    uint32_t contents = json_find(doc, 0, "contents");
    uint32_t before;

    if (gemini_first(doc, contents) == JSON_NONE)
        return gemini_refuse(r, "contents", "contents is not specified.");
    if (!make_room(r, system, contents))
        return false;
    if (!json_is_null(doc, system) && !read_content(r, system, true))
        return false;
    before = r->chat->message_count;
    for (uint32_t one = gemini_first(doc, contents); one != JSON_NONE;
         one = gemini_after(doc, contents, one))
        if (!read_content(r, one, false))
            return false;
    if (r->chat->message_count == before)
        return gemini_refuse(r, "contents", "contents must have at least one part.");
    return join_thoughts(r);
}
