/*
 * responses_input_write: the messages of a chat as the items of a Responses body.
 *
 * What an assistant said, thought and called are items of their own, in the order in which they
 * came. A result is an item too, and stands before what else the user's message has.
 */
#include "gateway/dialect/chat_write.h"
#include "gateway/dialect/responses.h"

static void begin_item(struct chat_writing *w, const char *type)
{
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "type", span_of(type));
}

/* ---- parts ---- */

static void write_image(struct chat_writing *w, const struct chat_part *part)
{
    begin_item(w, "input_image");
    if (part->by == MEDIA_FILE_ID) {
        pieces_put_inside(w->out, "file_id", part->data);
    } else {
        pieces_name(w->out, "image_url");
        chat_write_url(w->out, part, "image/png");
    }
    chat_put_inside(w, MEMBER_IMAGE_DETAIL, "detail", part->detail);
    pieces_end(w->out, '}');
}

static void write_file(struct chat_writing *w, const struct chat_part *part)
{
    begin_item(w, "input_file");
    if (part->by == MEDIA_FILE_ID) {
        pieces_put_inside(w->out, "file_id", part->data);
    } else if (part->by == MEDIA_URL) {
        pieces_put_inside(w->out, "file_url", part->data);
    } else {
        chat_put_file(w->out, part);
    }
    pieces_end(w->out, '}');
}

static void write_text(struct chat_writing *w, const char *type, struct span text)
{
    begin_item(w, type);
    pieces_put_inside(w->out, "text", text);
    pieces_end(w->out, '}');
}

static void write_refusal(struct chat_writing *w, struct span text)
{
    begin_item(w, "refusal");
    pieces_put_inside(w->out, "refusal", text);
    pieces_end(w->out, '}');
}

static void write_part(struct chat_writing *w, const struct chat_part *part, const char *text_type)
{
    if (part->cache != CACHE_UNSET)
        chat_lose(w->losses, MEMBER_CACHE);
    if (part->kind == PART_TEXT)
        write_text(w, text_type, part->text);
    else if (part->kind == PART_REFUSAL)
        write_refusal(w, part->text);
    else if (part->kind == PART_IMAGE)
        write_image(w, part);
    else if (part->kind == PART_FILE)
        write_file(w, part);
    else
        chat_refuse(w->losses, "audio input");
}

static void write_parts(struct chat_writing *w, uint32_t first, uint32_t count, uint32_t kinds,
                        const char *text_type)
{
    pieces_begin(w->out, '[');
    for (uint32_t i = first; i < first + count; i++)
        if (chat_part_is(&w->chat->parts[i], kinds))
            write_part(w, &w->chat->parts[i], text_type);
    pieces_end(w->out, ']');
}

/* ---- items ---- */

static void write_message(struct chat_writing *w, const char *role, uint32_t first, uint32_t count,
                          uint32_t kinds)
{
    begin_item(w, "message");
    pieces_put_inside(w->out, "role", span_of(role));
    pieces_name(w->out, "content");
    write_parts(w, first, count, kinds,
                strcmp(role, "assistant") == 0 ? "output_text" : "input_text");
    pieces_end(w->out, '}');
}

static void write_result(struct chat_writing *w, const struct chat_part *result)
{
    uint32_t texts = chat_count_parts(w->chat, result->first, result->count, KIND(PART_TEXT));

    begin_item(w, "function_call_output");
    pieces_put_inside(w->out, "call_id", result->id);
    pieces_name(w->out, "output");
    if (result->count == 0)
        pieces_inside(w->out, (struct span){0});
    else if (result->count == 1 && texts == 1)
        pieces_inside(w->out, w->chat->parts[result->first].text);
    else
        write_parts(w, result->first, result->count, MEDIA | KIND(PART_TEXT), "input_text");
    pieces_end(w->out, '}');
    if (result->cache != CACHE_UNSET)
        chat_lose(w->losses, MEMBER_CACHE);
}

static void write_user(struct chat_writing *w, const struct chat_message *message)
{
    uint32_t kinds = MEDIA | KIND(PART_TEXT);

    for (uint32_t i = message->first; i < message->first + message->count; i++)
        if (w->chat->parts[i].kind == PART_TOOL_RESULT)
            write_result(w, &w->chat->parts[i]);
    if (chat_count_parts(w->chat, message->first, message->count, kinds) > 0)
        write_message(w, "user", message->first, message->count, kinds);
}

static void write_call(struct chat_writing *w, const struct chat_part *call)
{
    begin_item(w, "function_call");
    pieces_put_inside(w->out, "call_id", call->id);
    pieces_put_inside(w->out, "name", call->name);
    pieces_name(w->out, "arguments");
    pieces_json_string(w->out, &call->arguments);
    pieces_end(w->out, '}');
}

/* What it thought goes back as it was encrypted; it knows nobody else's thoughts. */
static void write_reasoning(struct chat_writing *w, const struct chat_part *part)
{
    struct span encrypted = part->kind == PART_REDACTED ? part->data : part->signature;

    if (!w->target->reasoning || !responses_is_encrypted(encrypted) ||
        !signer_reads(SIGNER_OPENAI, part->signer)) {
        chat_lose(w->losses, MEMBER_REASONING);
        return;
    }
    begin_item(w, "reasoning");
    pieces_name(w->out, "summary");
    pieces_begin(w->out, '[');
    if (part->kind == PART_REASONING && part->text.size > 0)
        write_text(w, "summary_text", part->text);
    pieces_end(w->out, ']');
    pieces_put_inside(w->out, "encrypted_content", encrypted);
    pieces_end(w->out, '}');
}

/* Runs of text and refusals are one message. */
static void write_assistant(struct chat_writing *w, const struct chat_message *message)
{
    const uint32_t said = KIND(PART_TEXT) | KIND(PART_REFUSAL);
    uint32_t i = message->first, end = message->first + message->count, to;

    while (i < end) {
        const struct chat_part *part = &w->chat->parts[i];
        for (to = i + 1;
             chat_part_is(part, said) && to < end && chat_part_is(&w->chat->parts[to], said);)
            to++;
        if (chat_part_is(part, said))
            write_message(w, "assistant", i, to - i, said);
        else if (part->kind == PART_TOOL_CALL)
            write_call(w, part);
        else if (part->kind == PART_REASONING || part->kind == PART_REDACTED)
            write_reasoning(w, part);
        i = to;
    }
}

void responses_write_input(struct chat_writing *w)
{
    const struct chat *chat = w->chat;

    pieces_name(w->out, "input");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < chat->message_count; i++) {
        const struct chat_message *message = &chat->messages[i];
        if (message->name.size > 0)
            chat_lose(w->losses, MEMBER_NAME);
        if (message->role == CHAT_USER)
            write_user(w, message);
        else if (message->role == CHAT_ASSISTANT)
            write_assistant(w, message);
        else if (chat_count_parts(w->chat, message->first, message->count, KIND(PART_TEXT)) > 0)
            write_message(w, "system", message->first, message->count, KIND(PART_TEXT));
    }
    pieces_end(w->out, ']');
}
