/*
 * anthropic_ask_read: the body of a client of Anthropic's Messages API as a chat.
 *
 * Walks the body twice: to count the parts, then to fill them. What names a tool that Anthropic
 * runs itself, or a file that it keeps, cannot be said to anybody else and is refused.
 */
#include <errno.h>

#include "gateway/dialect/anthropic_reading.h"

enum { SYSTEM_MEMBERS = 1 }; /* the system prompt is one message of the chat */

/* Where the next part goes: `held`: into a tool result. */
static void add(struct anthropic_reading *r, bool held, struct chat_part part)
{
    uint32_t at = held ? r->top + r->held++ : r->part++;

    if (r->parts != NULL)
        r->parts[at] = part;
}

/* ---- blocks ---- */

typedef bool read_block_fn(struct anthropic_reading *r, uint32_t block, bool held);

/* A string is one text. Three levels at most: messages hold results, those hold documents, and
 * those hold texts and images. */
static bool each_block(struct anthropic_reading *r, uint32_t content, bool held,
                       read_block_fn *read_block)
{
    if (anthropic_is_a(r, content, JSON_STRING)) {
        add(r, held, (struct chat_part){.kind = PART_TEXT, .text = anthropic_inside(r, content)});
        return true;
    }
    if (!anthropic_is_a(r, content, JSON_ARRAY))
        return anthropic_fail(r, "messages",
                              "'content' must be a string or an array of content blocks.");
    for (uint32_t at = json_first(r->doc, content); at != JSON_NONE;
         at = json_after(r->doc, content, at)) {
        if (!anthropic_is_a(r, at, JSON_OBJECT) ||
            !anthropic_is_a(r, json_find(r->doc, at, "type"), JSON_STRING))
            return anthropic_fail(r, "messages",
                                  "A content block must be an object with a 'type'.");
        if (!read_block(r, at, held))
            return false;
    }
    return true;
}

static bool read_plain(struct anthropic_reading *r, uint32_t block, bool held);

static bool read_text(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t text = json_find(r->doc, block, "text");

    if (!anthropic_is_a(r, text, JSON_STRING))
        return anthropic_fail(r, "messages", "A text block must have a 'text'.");
    add(r, held,
        (struct chat_part){.kind = PART_TEXT,
                           .text = anthropic_inside(r, text),
                           .cache = anthropic_cache(r, block)});
    return true;
}

/* Sources of images and documents; the texts of documents become texts. */
static bool read_media(struct anthropic_reading *r, uint32_t block, bool held,
                       enum chat_part_kind kind)
{
    uint32_t source = json_find(r->doc, block, "source");
    uint32_t type = json_find(r->doc, source, "type");
    struct chat_part part = {.kind = kind, .cache = anthropic_cache(r, block)};

    part.name = anthropic_text(r, block, "title");
    part.type = anthropic_text(r, source, "media_type");
    if (anthropic_is(r, type, "base64")) {
        part.by = MEDIA_DATA;
        part.data = anthropic_text(r, source, "data");
    } else if (anthropic_is(r, type, "url")) {
        part.by = MEDIA_URL;
        part.data = anthropic_text(r, source, "url");
    } else if (anthropic_is(r, type, "file")) {
        part.by = MEDIA_FILE_ID;
        part.data = anthropic_text(r, source, "file_id");
    } else if (kind == PART_FILE && anthropic_is(r, type, "text")) {
        part.kind = PART_TEXT;
        part.text = anthropic_text(r, source, "data");
        part.name = part.type = (struct span){0};
    } else if (kind == PART_FILE && anthropic_is(r, type, "content")) {
        return each_block(r, json_find(r->doc, source, "content"), held, read_plain);
    } else {
        return anthropic_fail(r, "messages",
                              "A 'source' must be base64, url, file, text or content.");
    }
    if (part.kind != PART_TEXT && part.data.size == 0)
        return anthropic_fail(r, "messages", "A 'source' must have its data, url or file_id.");
    add(r, held, part);
    return true;
}

static bool read_image(struct anthropic_reading *r, uint32_t block, bool held)
{
    return read_media(r, block, held, PART_IMAGE);
}

static bool read_document(struct anthropic_reading *r, uint32_t block, bool held)
{
    return read_media(r, block, held, PART_FILE);
}

static bool read_search_result(struct anthropic_reading *r, uint32_t block, bool held)
{
    add(r, held, (struct chat_part){.kind = PART_TEXT, .text = anthropic_text(r, block, "title")});
    add(r, held, (struct chat_part){.kind = PART_TEXT, .text = anthropic_text(r, block, "source")});
    return each_block(r, json_find(r->doc, block, "content"), held, read_plain);
}

/* What has no mark of ours is of its own provider. */
static enum signer take_signer(struct span *signature)
{
    enum signer signer = signer_take(signature);

    return signer == SIGNER_UNKNOWN ? SIGNER_ANTHROPIC : signer;
}

static bool read_thinking(struct anthropic_reading *r, uint32_t block, bool held)
{
    struct chat_part part = {.kind = PART_REASONING,
                             .text = anthropic_text(r, block, "thinking"),
                             .signature = anthropic_text(r, block, "signature")};

    part.signer = take_signer(&part.signature);
    add(r, held, part);
    return true;
}

/* What a writer of ours put behind a call is the call's signature. */
static bool read_redacted(struct anthropic_reading *r, uint32_t block, bool held)
{
    struct span data = anthropic_text(r, block, "data");
    struct chat_part *before = r->parts == NULL || r->part == 0 ? NULL : &r->parts[r->part - 1];

    if (!span_starts(data, ANTHROPIC_CALL_SIGNATURE)) {
        enum signer signer = take_signer(&data);
        add(r, held, (struct chat_part){.kind = PART_REDACTED, .data = data, .signer = signer});
    } else if (before != NULL && before->kind == PART_TOOL_CALL) {
        before->signature = span_part(data, strlen(ANTHROPIC_CALL_SIGNATURE), data.size);
    }
    return true;
}

static bool read_tool_use(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t input = json_find(r->doc, block, "input");
    struct chat_part part = {.kind = PART_TOOL_CALL, .cache = anthropic_cache(r, block)};

    part.id = anthropic_text(r, block, "id");
    part.name = anthropic_text(r, block, "name");
    if (part.id.size == 0 || part.name.size == 0)
        return anthropic_fail(r, "messages", "A tool_use block must have an 'id' and a 'name'.");
    if (anthropic_is_a(r, input, JSON_OBJECT))
        part.arguments.text = json_raw(r->doc, input);
    else
        return anthropic_fail(r, "messages", "The 'input' of a tool_use block must be an object.");
    add(r, held, part);
    return true;
}

static bool read_held(struct anthropic_reading *r, uint32_t block, bool held);

static bool read_tool_result(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t content = json_find(r->doc, block, "content");
    struct chat_part part = {.kind = PART_TOOL_RESULT, .cache = anthropic_cache(r, block)};
    uint32_t before = r->held;

    (void)held; /* never inside of another */
    part.id = anthropic_text(r, block, "tool_use_id");
    if (part.id.size == 0)
        return anthropic_fail(r, "messages", "A tool_result block must have a 'tool_use_id'.");
    if (json_bool(r->doc, json_find(r->doc, block, "is_error"), &part.error) == -EINVAL)
        return anthropic_fail(r, "messages", "'is_error' must be true or false.");
    if (!json_is_null(r->doc, content) && !each_block(r, content, true, read_held))
        return false;
    part.first = r->top + before;
    part.count = r->held - before;
    add(r, false, part);
    return true;
}

static const struct {
    const char *type;
    read_block_fn *read;
    bool held, plain; /* may stand in a result, in a document */
} blocks[] = {
    {"text", read_text, true, true},           {"image", read_image, true, true},
    {"document", read_document, true, false},  {"search_result", read_search_result, true, false},
    {"tool_use", read_tool_use, false, false}, {"tool_result", read_tool_result, false, false},
    {"thinking", read_thinking, false, false}, {"redacted_thinking", read_redacted, false, false},
};

static bool read_any(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t type = json_find(r->doc, block, "type");

    for (size_t i = 0; i < array_size(blocks); i++) {
        if (json_string_is(r->doc, type, blocks[i].type))
            return blocks[i].read(r, block, held);
    }
    return anthropic_fail(
        r, "messages",
        "Content of tools that Anthropic runs itself goes to Anthropic's models only.");
}

static bool read_held(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t type = json_find(r->doc, block, "type");

    for (size_t i = 0; i < array_size(blocks); i++) {
        if (blocks[i].held && json_string_is(r->doc, type, blocks[i].type))
            return blocks[i].read(r, block, held);
    }
    return anthropic_fail(r, "messages", "A tool_result may hold texts, images and documents.");
}

static bool read_plain(struct anthropic_reading *r, uint32_t block, bool held)
{
    uint32_t type = json_find(r->doc, block, "type");

    for (size_t i = 0; i < array_size(blocks); i++) {
        if (blocks[i].plain && json_string_is(r->doc, type, blocks[i].type))
            return blocks[i].read(r, block, held);
    }
    return anthropic_fail(r, "messages", "A document may hold texts and images.");
}

/* ---- messages ---- */

static void put_message(struct anthropic_reading *r, enum chat_role role, uint32_t first)
{
    struct chat_message *message;

    if (r->parts != NULL) {
        message = &r->chat->messages[r->chat->message_count++];
        *message = (struct chat_message){.role = role, .first = first, .count = r->part - first};
    }
}

static bool read_message(struct anthropic_reading *r, uint32_t node)
{
    uint32_t role = json_find(r->doc, node, "role"), first = r->part;
    bool system = anthropic_is(r, role, "system");

    if (!anthropic_is_a(r, node, JSON_OBJECT))
        return anthropic_fail(r, "messages", "A message must be an object.");
    if (!anthropic_is(r, role, "user") && !anthropic_is(r, role, "assistant") && !system)
        return anthropic_fail(r, "messages", "The 'role' of a message must be user or assistant.");
    if (!each_block(r, json_find(r->doc, node, "content"), false, read_any))
        return false;
    put_message(r,
                system                          ? CHAT_SYSTEM
                : anthropic_is(r, role, "user") ? CHAT_USER
                                                : CHAT_ASSISTANT,
                first);
    return true;
}

static bool read_system(struct anthropic_reading *r)
{
    uint32_t system = json_find(r->doc, 0, "system"), first = r->part;

    if (json_is_null(r->doc, system))
        return true;
    if (!each_block(r, system, false, read_plain)) {
        r->member = "system";
        return false;
    }
    put_message(r, CHAT_SYSTEM, first);
    return true;
}

static bool walk(struct anthropic_reading *r)
{
    uint32_t messages = json_find(r->doc, 0, "messages");

    if (!anthropic_is_a(r, messages, JSON_ARRAY))
        return anthropic_fail(r, "messages", "'messages' must be an array of messages.");
    if (json_first(r->doc, messages) == JSON_NONE)
        return anthropic_fail(r, "messages", "'messages' must have at least one message.");
    if (!read_system(r))
        return false;
    for (uint32_t at = json_first(r->doc, messages); at != JSON_NONE;
         at = json_after(r->doc, messages, at)) {
        if (!read_message(r, at))
            return false;
    }
    return true;
}

/* Room for what the first walk counted. */
static bool make_room(struct anthropic_reading *r, struct arena *arena)
{
    struct chat *chat = r->chat;
    uint32_t parts = r->part + r->held;
    size_t messages = (size_t)json_count(r->doc, json_find(r->doc, 0, "messages")) + SYSTEM_MEMBERS;

    if (arena_room(arena) / 2 < (parts + 1) * sizeof(*chat->parts) ||
        arena_room(arena) / 4 < messages * sizeof(*chat->messages))
        return anthropic_fail(r, "messages", "'messages' has too many content blocks.");
    chat->messages = arena_array(arena, messages, sizeof(*chat->messages));
    chat->parts = arena_array(arena, (size_t)parts + 1, sizeof(*chat->parts));
    chat->part_count = parts;
    r->top = r->part;
    r->parts = chat->parts;
    r->part = r->held = 0;
    return true;
}

static int read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    bool counting, const char **why_out, const char **member_out)
{
    struct chat chat = {.wish = {.max_tokens = -1,
                                 .choices = 1,
                                 .schema_strict = -1,
                                 .reasoning_budget = -1,
                                 .parallel_tools = -1}};
    struct anthropic_reading r = {.doc = doc, .chat = &chat};

    if (json_kind(doc, 0) != JSON_OBJECT)
        anthropic_fail(&r, "messages", "The body must be a JSON object.");
    else if (anthropic_read_wish(&r, counting) && walk(&r) && make_room(&r, arena) && walk(&r) &&
             anthropic_read_tools(&r, arena))
        *chat_out = chat;
    if (r.why == NULL)
        return 0;
    *why_out = r.why;
    *member_out = r.member;
    return -EINVAL;
}

int anthropic_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                       const char **why_out, const char **member_out)
{
    return read_ask(doc, arena, chat_out, false, why_out, member_out);
}

int anthropic_read_count_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                             const char **why_out, const char **member_out)
{
    return read_ask(doc, arena, chat_out, true, why_out, member_out);
}
