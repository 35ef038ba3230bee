/*
 * cohere_message_write: the messages of a chat as those of Cohere's /v2/chat.
 *
 * Results of tools are messages of their own, their text a document, so that the model can cite it.
 * A text beside tool calls goes over as the plan before them, which is what it is there.
 */
#include "gateway/dialect/cohere.h"

/* ---- parts ---- */

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

static void write_text(struct chat_writing *w, struct span text)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "text");
    pieces_put_inside(w->out, "text", text);
    pieces_end(w->out, '}');
}

static void write_image(struct chat_writing *w, const struct chat_part *part)
{
    if (part->by == MEDIA_FILE_ID) {
        chat_refuse(w->losses, "an image by the id of a file");
        return;
    }
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "image_url");
    pieces_name(w->out, "image_url");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "url");
    chat_write_url(w->out, part, "image/png");
    if (part->detail.size > 0)
        pieces_put_inside(w->out, "detail", part->detail);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_thinking(struct chat_writing *w, struct span text)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "thinking");
    pieces_put_inside(w->out, "thinking", text);
    pieces_end(w->out, '}');
}

/* A part of what stands in `content`. */
static void write_part(struct chat_writing *w, const struct chat_part *part)
{
    if (part->cache != CACHE_UNSET)
        chat_lose(w->losses, MEMBER_CACHE);
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        write_text(w, part->text);
        break;
    case PART_REASONING:
        write_thinking(w, part->text);
        break;
    case PART_IMAGE:
        write_image(w, part);
        break;
    case PART_AUDIO:
        chat_refuse(w->losses, "audio input");
        break;
    case PART_FILE:
        chat_refuse(w->losses, "file input");
        break;
    case PART_REDACTED:    /* only its own provider can read it */
    case PART_TOOL_CALL:   /* beside the content */
    case PART_TOOL_RESULT: /* a message of its own */
    case PART_KINDS:
        break;
    }
}

/* ---- messages ---- */

static void begin_message(struct chat_writing *w, const char *role)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "role", role);
}

/* Most messages have one text: a string says it. */
static void write_content(struct chat_writing *w, const struct chat_part *parts, uint32_t count)
{
    pieces_name(w->out, "content");
    if (count == 0) {
        pieces_inside(w->out, (struct span){0});
        return;
    }
    if (count == 1 && is_text(&parts[0])) {
        if (parts[0].cache != CACHE_UNSET)
            chat_lose(w->losses, MEMBER_CACHE);
        pieces_inside(w->out, parts[0].text);
        return;
    }
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        write_part(w, &parts[i]);
    pieces_end(w->out, ']');
}

static void write_message(struct chat_writing *w, const char *role, const struct chat_part *parts,
                          uint32_t count)
{
    begin_message(w, role);
    write_content(w, parts, count);
    pieces_end(w->out, '}');
}

static void write_system(struct chat_writing *w, const struct chat_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_text(&parts[i])) {
            chat_refuse(w->losses, "anything but text in a system prompt");
            return;
        }
    if (count > 0)
        write_message(w, "system", parts, count);
}

static void write_document(struct chat_writing *w, struct span text, bool error)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "document");
    pieces_name(w->out, "document");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "data");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, error ? "error" : "output", text);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_result(struct chat_writing *w, const struct chat_part *result)
{
    uint32_t written = 0;

    if (result->cache != CACHE_UNSET)
        chat_lose(w->losses, MEMBER_CACHE);
    begin_message(w, "tool");
    pieces_put_inside(w->out, "tool_call_id", result->id);
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < result->count; i++) {
        const struct chat_part *part = &w->chat->parts[result->first + i];
        if (is_text(part)) {
            write_document(w, part->text, result->error);
            written++;
        } else {
            chat_refuse(w->losses, "anything but text in the result of a tool");
        }
    }
    if (written == 0)
        write_document(w, (struct span){0}, result->error);
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
}

/* Results of tools and what stands between them, in their order. */
static void write_user(struct chat_writing *w, const struct chat_part *parts, uint32_t count)
{
    uint32_t from = 0;

    if (count == 0)
        write_message(w, "user", parts, 0);
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count && parts[i].kind != PART_TOOL_RESULT)
            continue;
        if (i > from)
            write_message(w, "user", &parts[from], i - from);
        if (i < count)
            write_result(w, &parts[i]);
        from = i + 1;
    }
}

static void write_call(struct chat_writing *w, const struct chat_part *call)
{
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "id", call->id);
    pieces_put_word(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", call->name);
    pieces_name(w->out, "arguments");
    pieces_json_string(w->out, &call->arguments);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* What is a content block of thinking: not a plan, and only to a model that thinks itself. */
static bool is_thought(const struct chat_writing *w, const struct chat_part *part)
{
    return w->target->reasoning && part->kind == PART_REASONING && !part->plan;
}

/* The plan and the texts one after the other, in one string; with thoughts that can not be told
 * otherwise. */
static void write_plan(struct chat_writing *w, const struct chat_part *parts, uint32_t count,
                       bool thoughts)
{
    pieces_name(w->out, "tool_plan");
    pieces_quote(w->out);
    for (uint32_t i = 0; i < count; i++)
        if (is_text(&parts[i]) || parts[i].plan ||
            (thoughts && parts[i].kind == PART_REASONING && !is_thought(w, &parts[i])))
            pieces_raw(w->out, parts[i].text);
    pieces_quote(w->out);
}

static void write_calls(struct chat_writing *w, const struct chat_part *parts, uint32_t count)
{
    pieces_name(w->out, "tool_calls");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        if (parts[i].kind == PART_TOOL_CALL)
            write_call(w, &parts[i]);
    pieces_end(w->out, ']');
}

/* Content of the parts that are spoken: reasoning only to a model that does so itself. */
static void write_spoken(struct chat_writing *w, const struct chat_part *parts, uint32_t count,
                         bool texts)
{
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        if ((texts && parts[i].kind != PART_REASONING) || is_thought(w, &parts[i]))
            write_part(w, &parts[i]);
    pieces_end(w->out, ']');
}

/* An empty turn is refused there, and says nothing. */
static void write_spoken_alone(struct chat_writing *w, const struct chat_part *parts,
                               uint32_t count)
{
    uint32_t said = 0;

    for (uint32_t i = 0; i < count; i++)
        said += is_text(&parts[i]) || is_thought(w, &parts[i]);
    if (said == 0)
        return;
    begin_message(w, "assistant");
    if (count == 1)
        write_content(w, parts, count);
    else
        write_spoken(w, parts, count, true);
    pieces_end(w->out, '}');
}

static void write_assistant(struct chat_writing *w, const struct chat_part *parts, uint32_t count)
{
    uint32_t said = 0, thoughts = 0, untold = 0, calls = 0;

    for (uint32_t i = 0; i < count; i++) {
        calls += parts[i].kind == PART_TOOL_CALL;
        thoughts += is_thought(w, &parts[i]);
        said += is_text(&parts[i]) || parts[i].plan;
        untold += parts[i].kind == PART_REASONING && !is_thought(w, &parts[i]);
    }
    if (calls == 0)
        write_spoken_alone(w, parts, count);
    else {
        begin_message(w, "assistant");
        if (thoughts > 0)
            write_spoken(w, parts, count, false);
        if (said + untold > 0)
            write_plan(w, parts, count, said == 0);
        write_calls(w, parts, count);
        pieces_end(w->out, '}');
    }
}

void cohere_write_messages(struct chat_writing *w)
{
    pieces_name(w->out, "messages");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->message_count; i++) {
        const struct chat_message *message = &w->chat->messages[i];
        const struct chat_part *parts = &w->chat->parts[message->first];
        if (message->name.size > 0)
            chat_lose(w->losses, MEMBER_NAME);
        switch (message->role) {
        case CHAT_SYSTEM:
            write_system(w, parts, message->count);
            break;
        case CHAT_USER:
            write_user(w, parts, message->count);
            break;
        case CHAT_ASSISTANT:
            write_assistant(w, parts, message->count);
            break;
        }
    }
    pieces_end(w->out, ']');
}
