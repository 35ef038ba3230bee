/*
 * anthropic_turns: the messages and the system prompt of a chat in Anthropic's words.
 *
 * Adjacent messages of one role become one turn, a tool's results stand first in it, the system
 * prompts of the whole chat go in front, and what the language has no block for is left out and
 * told, or refused.
 */
#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/chat_text.h"

enum { ID_MAX = 200 };

void anthropic_write_cache(struct anthropic_writing *w, enum chat_cache cache)
{
    if (cache == CACHE_UNSET)
        return;
    if (w->cache_skip > 0) {
        w->cache_skip--;
        chat_lose(w->losses, MEMBER_CACHE);
        return;
    }
    pieces_put_json(w->out, "cache_control",
                    span_of(cache == CACHE_1H ? "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}"
                                              : "{\"type\":\"ephemeral\"}"));
}

/* ---- texts ---- */

static void write_text(struct anthropic_writing *w, struct span text, enum chat_cache cache)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "text");
    pieces_put_inside(w->out, "text", text);
    anthropic_write_cache(w, cache);
    pieces_end(w->out, '}');
}

/* Ids of other providers have bytes that this one refuses; the same id becomes the same again. */
static void put_id(struct anthropic_writing *w, const char *name, struct span id)
{
    char plain[ID_MAX];
    size_t size = 0;

    while (size < id.size && size < sizeof(plain)) {
        char c = id.at[size];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        plain[size++] = good ? c : '_';
    }
    pieces_put_inside(w->out, name, size == 0 ? span_of("call") : span_make(plain, size));
}

/* ---- media ---- */

/* By the first bytes of the base64, when nobody told. */
static struct span image_type(const struct chat_part *part)
{
    static const struct {
        const char *start, *type;
    } starts[] = {{"iVBORw0KGgo", "image/png"},
                  {"/9j/", "image/jpeg"},
                  {"\\/9j\\/", "image/jpeg"},
                  {"R0lGOD", "image/gif"},
                  {"UklGR", "image/webp"}};

    if (span_is_nocase(part->type, "image/jpg"))
        return span_of("image/jpeg");
    if (part->type.size > 0)
        return part->type;
    for (size_t i = 0; i < array_size(starts); i++) {
        if (span_starts(part->data, starts[i].start))
            return span_of(starts[i].type);
    }
    return span_of("image/png");
}

static void write_source(struct anthropic_writing *w, const struct chat_part *part,
                         struct span media_type)
{
    pieces_name(w->out, "source");
    pieces_begin(w->out, '{');
    if (part->by == MEDIA_URL) {
        pieces_put_word(w->out, "type", "url");
        pieces_put_inside(w->out, "url", part->data);
    } else {
        pieces_put_word(w->out, "type", "base64");
        pieces_put_inside(w->out, "media_type", media_type);
        pieces_put_inside(w->out, "data", part->data);
    }
    pieces_end(w->out, '}');
}

static void write_image(struct anthropic_writing *w, const struct chat_part *part)
{
    if (part->by == MEDIA_FILE_ID) {
        chat_refuse(w->losses, "a file that another provider keeps");
        return;
    }
    if (part->detail.size > 0 && !span_is(part->detail, "auto"))
        chat_lose(w->losses, MEMBER_IMAGE_DETAIL);
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "image");
    write_source(w, part, image_type(part));
    anthropic_write_cache(w, part->cache);
    pieces_end(w->out, '}');
}

static void write_file(struct anthropic_writing *w, const struct chat_part *part)
{
    bool pdf = part->type.size == 0 || span_is_nocase(part->type, "application/pdf");

    if (part->by == MEDIA_FILE_ID) {
        chat_refuse(w->losses, "a file that another provider keeps");
        return;
    }
    if (span_starts(part->type, "image/")) {
        write_image(w, part);
        return;
    }
    if (!pdf && part->by == MEDIA_DATA) {
        chat_refuse(w->losses, "files other than PDF and images");
        return;
    }
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "document");
    write_source(w, part, span_of("application/pdf"));
    if (part->name.size > 0)
        pieces_put_inside(w->out, "title", part->name);
    anthropic_write_cache(w, part->cache);
    pieces_end(w->out, '}');
}

/* ---- parts ---- */

static void write_reasoning(struct anthropic_writing *w, const struct chat_part *part)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "thinking");
    pieces_put_inside(w->out, "thinking", part->text);
    pieces_put_inside(w->out, "signature", part->signature);
    pieces_end(w->out, '}');
}

static void write_redacted(struct anthropic_writing *w, const struct chat_part *part)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "redacted_thinking");
    pieces_put_inside(w->out, "data", part->data);
    pieces_end(w->out, '}');
}

static void write_call(struct anthropic_writing *w, const struct chat_part *part)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "tool_use");
    put_id(w, "id", part->id);
    pieces_put_inside(w->out, "name", part->name);
    pieces_name(w->out, "input");
    pieces_json_value(w->out, &part->arguments);
    anthropic_write_cache(w, part->cache);
    pieces_end(w->out, '}');
}

/* What a result holds: texts, images and documents. */
static void write_held(struct anthropic_writing *w, const struct chat_part *part)
{
    if (part->kind == PART_TEXT || part->kind == PART_REFUSAL)
        write_text(w, part->text, part->cache);
    else if (part->kind == PART_IMAGE)
        write_image(w, part);
    else if (part->kind == PART_FILE)
        write_file(w, part);
    else
        chat_refuse(w->losses, "a tool result with more than texts, images and documents");
}

static void write_result(struct anthropic_writing *w, const struct chat_part *part)
{
    const struct chat_part *held = &w->chat->parts[part->first];
    uint32_t writable = 0;

    if (!claude_turn_calls(w->chat, &w->before, part->id))
        chat_refuse(w->losses, "a tool result that answers no tool call of the turn before");
    for (uint32_t i = 0; i < part->count; i++)
        writable += claude_takes(&held[i]) ? 1 : 0;
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "tool_result");
    put_id(w, "tool_use_id", part->id);
    if (writable > 0) {
        pieces_name(w->out, "content");
        pieces_begin(w->out, '[');
        for (uint32_t i = 0; i < part->count; i++) {
            if (claude_takes(&held[i]))
                write_held(w, &held[i]);
        }
        pieces_end(w->out, ']');
    }
    if (part->error)
        pieces_put_json(w->out, "is_error", span_of("true"));
    anthropic_write_cache(w, part->cache);
    pieces_end(w->out, '}');
}

static void write_part(struct anthropic_writing *w, const struct chat_part *part, bool last)
{
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        /* What the assistant is to go on from may not end in blanks. */
        write_text(w, last ? chat_text_without_end(part->text) : part->text, part->cache);
        return;
    case PART_REASONING:
        write_reasoning(w, part);
        return;
    case PART_REDACTED:
        write_redacted(w, part);
        return;
    case PART_IMAGE:
        write_image(w, part);
        return;
    case PART_AUDIO:
        chat_refuse(w->losses, "audio input");
        return;
    case PART_FILE:
        write_file(w, part);
        return;
    case PART_TOOL_CALL:
        write_call(w, part);
        return;
    case PART_TOOL_RESULT:
        write_result(w, part);
        return;
    case PART_KINDS:
        return;
    }
}

/* ---- turns ---- */

/* The messages from `from` on that make one turn: system prompts between them do not count. */
static uint32_t turn_end(const struct chat *chat, uint32_t from)
{
    uint32_t end = from + 1;

    for (uint32_t i = end; i < chat->message_count; i++) {
        if (chat->messages[i].role == CHAT_SYSTEM)
            continue;
        if (chat->messages[i].role != chat->messages[from].role)
            break;
        end = i + 1;
    }
    return end;
}

/* Whether more than system prompts stand from there on. */
static bool has_turns(const struct chat *chat, uint32_t from)
{
    for (uint32_t i = from; i < chat->message_count; i++) {
        if (chat->messages[i].role != CHAT_SYSTEM)
            return true;
    }
    return false;
}

enum which { RESULTS, THE_REST };

/* How many there are, and writes them when told to. */
static uint32_t each_part(struct anthropic_writing *w, uint32_t from, uint32_t end,
                          enum which which, bool write)
{
    const struct chat *chat = w->chat;
    bool prefill = chat->messages[from].role == CHAT_ASSISTANT && !has_turns(chat, end);
    uint32_t count = 0;

    for (uint32_t m = from; m < end; m++) {
        const struct chat_message *message = &chat->messages[m];
        if (message->role == CHAT_SYSTEM)
            continue;
        if (write && which == THE_REST && message->name.size > 0)
            chat_lose(w->losses, MEMBER_NAME);
        for (uint32_t i = 0; i < message->count; i++) {
            const struct chat_part *part = &chat->parts[message->first + i];
            bool last = prefill && m + 1 == end && i + 1 == message->count;
            if ((part->kind == PART_TOOL_RESULT) != (which == RESULTS) || !claude_takes(part))
                continue;
            count++;
            if (write)
                write_part(w, part, last);
        }
    }
    return count;
}

static void write_turn(struct anthropic_writing *w, uint32_t from, uint32_t end)
{
    bool user = w->chat->messages[from].role == CHAT_USER;

    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "role", span_of(user ? "user" : "assistant"));
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    (void)each_part(w, from, end, RESULTS, true);
    (void)each_part(w, from, end, THE_REST, true);
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
}

static uint32_t write_system_texts(struct anthropic_writing *w, bool write)
{
    const struct chat *chat = w->chat;
    uint32_t count = 0;

    for (uint32_t m = 0; m < chat->message_count; m++) {
        const struct chat_message *message = &chat->messages[m];
        for (uint32_t i = 0; message->role == CHAT_SYSTEM && i < message->count; i++) {
            const struct chat_part *part = &chat->parts[message->first + i];
            if (part->kind != PART_TEXT)
                chat_refuse(w->losses, "a system prompt with more than texts");
            if (part->kind != PART_TEXT || chat_text_is_blank(part->text))
                continue;
            count++;
            if (write)
                write_text(w, part->text, part->cache);
        }
    }
    return count;
}

void anthropic_write_turns(struct anthropic_writing *w)
{
    const struct chat *chat = w->chat;
    uint32_t written = 0;

    pieces_name(w->out, "messages");
    pieces_begin(w->out, '[');
    for (uint32_t from = 0, end; from < chat->message_count; from = end) {
        end = from + 1;
        if (chat->messages[from].role == CHAT_SYSTEM)
            continue;
        end = turn_end(chat, from);
        if (each_part(w, from, end, RESULTS, false) + each_part(w, from, end, THE_REST, false) >
            0) {
            write_turn(w, from, end);
            written++;
        }
        w->before.first = from;
        w->before.last = end;
    }
    /* A chat of system prompts alone is asked as the user's. */
    if (!has_turns(chat, 0) && write_system_texts(w, false) > 0) {
        pieces_begin(w->out, '{');
        pieces_put_word(w->out, "role", "user");
        pieces_name(w->out, "content");
        pieces_begin(w->out, '[');
        written += write_system_texts(w, true);
        pieces_end(w->out, ']');
        pieces_end(w->out, '}');
    }
    pieces_end(w->out, ']');
    if (written == 0)
        chat_refuse(w->losses, "a chat without any content");
}

void anthropic_write_system(struct anthropic_writing *w, struct span instruction)
{
    bool texts = has_turns(w->chat, 0) && write_system_texts(w, false) > 0;

    if (!texts && instruction.size == 0)
        return;
    pieces_name(w->out, "system");
    pieces_begin(w->out, '[');
    if (texts)
        (void)write_system_texts(w, true);
    if (instruction.size > 0)
        write_text(w, instruction, CACHE_UNSET);
    pieces_end(w->out, ']');
}

static bool has_result(const struct chat *chat, const struct chat_message *message)
{
    for (uint32_t i = 0; i < message->count; i++) {
        if (chat->parts[message->first + i].kind == PART_TOOL_RESULT)
            return true;
    }
    return false;
}

bool anthropic_loop_without_thinking(const struct chat *chat)
{
    const struct chat_message *assistant = NULL;
    bool results = false, ended = true;

    for (uint32_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        if (message->role == CHAT_ASSISTANT) {
            /* The first message of the turn tells what it begins with. */
            assistant = ended ? message : assistant;
            ended = results = false;
        } else if (message->role == CHAT_USER) {
            results |= has_result(chat, message);
            ended = true;
        }
    }
    if (assistant == NULL || (ended && !results))
        return false;
    for (uint32_t i = 0; i < assistant->count; i++) {
        const struct chat_part *part = &chat->parts[assistant->first + i];
        if (claude_takes(part))
            return part->kind != PART_REASONING && part->kind != PART_REDACTED;
    }
    return true;
}
