/*
 * bedrock_turns: the system prompts and the messages of a chat in the Converse language.
 *
 * Roles have to alternate and a user begins: adjacent messages of one role become one turn, a
 * tool's results stand first in it, and the system prompts of the whole chat go in front.
 */
#include "gateway/dialect/bedrock_ask.h"
#include "gateway/dialect/chat_text.h"

#define ASK_FOR_JSON "Answer with a single JSON value and nothing else, without a code fence."
#define ASK_FOR_SCHEMA ASK_FOR_JSON " It has to fit the JSON Schema that follows."

enum which { RESULTS, THE_REST };

static bool has_blocks(const struct chat *chat, const struct chat_message *message)
{
    for (uint32_t i = 0; i < message->count; i++)
        if (claude_takes(&chat->parts[message->first + i]))
            return true;
    return false;
}

/* A message of a turn: no system prompt, and not empty. */
static bool counts(const struct chat *chat, uint32_t at)
{
    return chat->messages[at].role != CHAT_SYSTEM && has_blocks(chat, &chat->messages[at]);
}

/* The messages from `from` on that make one turn. */
static uint32_t turn_end(const struct chat *chat, uint32_t from)
{
    uint32_t end = from + 1;

    for (uint32_t i = end; i < chat->message_count; i++) {
        if (!counts(chat, i))
            continue;
        if (chat->messages[i].role != chat->messages[from].role)
            break;
        end = i + 1;
    }
    return end;
}

static bool is_last_turn(const struct chat *chat, uint32_t end)
{
    for (uint32_t i = end; i < chat->message_count; i++)
        if (counts(chat, i))
            return false;
    return true;
}

struct turn {
    uint32_t from, end;
    bool prefill; /* an assistant's, and the last one */
    bool text, document;
};

static void write_parts(struct bedrock_writing *w, struct turn *turn, enum which which)
{
    const struct chat *chat = w->chat;

    for (uint32_t m = turn->from; m < turn->end; m++) {
        const struct chat_message *message = &chat->messages[m];
        if (message->role == CHAT_SYSTEM)
            continue;
        for (uint32_t i = 0; i < message->count; i++) {
            const struct chat_part *part = &chat->parts[message->first + i];
            if ((part->kind == PART_TOOL_RESULT) != (which == RESULTS) || !claude_takes(part))
                continue;
            turn->text = turn->text || part->kind == PART_TEXT;
            turn->document = turn->document || part->kind == PART_FILE;
            bedrock_write_block(w, part,
                                turn->prefill && m + 1 == turn->end && i + 1 == message->count);
        }
    }
}

static void write_turn(struct bedrock_writing *w, struct turn turn)
{
    bool user = w->chat->messages[turn.from].role == CHAT_USER;

    turn.prefill = !user && is_last_turn(w->chat, turn.end);
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "role", span_of(user ? "user" : "assistant"));
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    write_parts(w, &turn, RESULTS);
    write_parts(w, &turn, THE_REST);
    /* A document alone is refused. */
    if (turn.document && !turn.text)
        bedrock_write_text(w, span_of("Attached."));
    if (user && is_last_turn(w->chat, turn.end))
        bedrock_write_cache(w, w->chat->wish.cache);
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
}

static void begin_system(struct bedrock_writing *w, bool *begun)
{
    if (*begun)
        return;
    *begun = true;
    pieces_name(w->out, "system");
    pieces_begin(w->out, '[');
}

static void write_format(struct bedrock_writing *w)
{
    const struct chat_json schema = {.text = w->chat->wish.schema};

    if (schema.text.size == 0) {
        bedrock_write_text(w, span_of(ASK_FOR_JSON));
        return;
    }
    bedrock_write_text(w, span_of(ASK_FOR_SCHEMA));
    pieces_begin(w->out, '{');
    pieces_name(w->out, "text");
    pieces_json_string(w->out, &schema);
    pieces_end(w->out, '}');
}

static void write_system(struct bedrock_writing *w, bool in_words)
{
    const struct chat *chat = w->chat;
    bool begun = false;

    for (uint32_t m = 0; m < chat->message_count; m++) {
        const struct chat_message *message = &chat->messages[m];
        for (uint32_t i = 0; message->role == CHAT_SYSTEM && i < message->count; i++) {
            const struct chat_part *part = &chat->parts[message->first + i];
            if (part->kind != PART_TEXT) {
                chat_refuse(w->losses, "a system prompt with more than texts");
                continue;
            }
            if (chat_text_is_blank(part->text))
                continue;
            begin_system(w, &begun);
            bedrock_write_text(w, part->text);
            bedrock_write_cache(w, part->cache);
        }
    }
    if (in_words) {
        begin_system(w, &begun);
        write_format(w);
    }
    if (begun)
        pieces_end(w->out, ']');
}

static void write_messages(struct bedrock_writing *w)
{
    const struct chat *chat = w->chat;
    bool begun = false;

    pieces_name(w->out, "messages");
    pieces_begin(w->out, '[');
    for (uint32_t from = 0, end; from < chat->message_count; from = end) {
        end = from + 1;
        if (chat->messages[from].name.size > 0)
            chat_lose(w->losses, MEMBER_NAME);
        if (!counts(chat, from))
            continue;
        end = turn_end(chat, from);
        if (!begun && chat->messages[from].role != CHAT_USER)
            chat_refuse(w->losses, "a conversation that an assistant begins");
        begun = true;
        write_turn(w, (struct turn){.from = from, .end = end});
        w->before.first = from;
        w->before.last = end;
    }
    pieces_end(w->out, ']');
    if (!begun)
        chat_refuse(w->losses, "a conversation without a user's message");
}

void bedrock_write_turns(struct bedrock_writing *w, bool in_words)
{
    write_system(w, in_words);
    write_messages(w);
}
