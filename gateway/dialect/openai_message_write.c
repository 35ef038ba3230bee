/*
 * openai_message_write: the messages of a chat completions body.
 *
 * Results of tools are messages of their own here, right behind the calls, and have text only: what
 * else a run of user's messages has follows behind all of its results.
 */
#include "gateway/dialect/call_id.h"
#include "gateway/dialect/chat_write.h"
#include "gateway/dialect/openai_writing.h"

/* Between texts that stood apart and go as one; an inside. */
#define PARAGRAPH "\\n\\n"

void openai_write_cache(struct chat_writing *w, enum chat_cache cache)
{
    if (cache == CACHE_UNSET || !chat_takes(w, MEMBER_CACHE))
        return;
    pieces_put_json(w->out, "cache_control",
                    span_of(cache == CACHE_1H ? "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}"
                                              : "{\"type\":\"ephemeral\"}"));
}

static void begin_message(struct chat_writing *w, const char *role, struct span name)
{
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "role", span_of(role));
    chat_put_inside(w, MEMBER_NAME, "name", name);
}

static void write_image(struct chat_writing *w, const struct chat_part *part)
{
    if (part->by == MEDIA_FILE_ID) {
        chat_refuse(w->losses, "an image by the id of a file");
        return;
    }
    if (part->by == MEDIA_URL && w->compatible->data_only) {
        chat_refuse(w->losses, "an image by its URL");
        return;
    }
    pieces_name(w->out, "image_url");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "url");
    chat_write_url(w->out, part, "image/png");
    chat_put_inside(w, MEMBER_IMAGE_DETAIL, "detail", part->detail);
    pieces_end(w->out, '}');
}

/* "audio/mpeg" is "mp3", "audio/x-wav" is "wav". */
static struct span audio_format(struct span type)
{
    struct span format = span_starts(type, "audio/") ? span_part(type, 6, type.size) : type;

    if (span_starts(format, "x-"))
        format = span_part(format, 2, format.size);
    if (span_is(format, "mpeg"))
        return span_of("mp3");
    return format.size > 0 ? format : span_of("wav");
}

static void write_audio(struct chat_writing *w, const struct chat_part *part)
{
    if (part->by != MEDIA_DATA) {
        chat_refuse(w->losses, "audio that is not in the request itself");
        return;
    }
    pieces_name(w->out, "input_audio");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "data", part->data);
    pieces_put_inside(w->out, "format", audio_format(part->type));
    pieces_end(w->out, '}');
}

static void write_file(struct chat_writing *w, const struct chat_part *part)
{
    if (part->by == MEDIA_URL) {
        chat_refuse(w->losses, "a file by its URL");
        return;
    }
    pieces_name(w->out, "file");
    pieces_begin(w->out, '{');
    if (part->by == MEDIA_FILE_ID)
        pieces_put_inside(w->out, "file_id", part->data);
    else
        chat_put_file(w->out, part);
    pieces_end(w->out, '}');
}

static void write_part(struct chat_writing *w, const struct chat_part *part)
{
    static const char *const types[PART_KINDS] = {[PART_TEXT] = "text",
                                                  [PART_IMAGE] = "image_url",
                                                  [PART_AUDIO] = "input_audio",
                                                  [PART_FILE] = "file"};

    static const char *const whys[PART_KINDS] = {
        [PART_IMAGE] = "image input", [PART_AUDIO] = "audio input", [PART_FILE] = "file input"};

    if ((w->compatible->parts_not >> part->kind & 1) != 0)
        chat_refuse(w->losses, whys[part->kind]);
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "type", span_of(types[part->kind]));
    if (part->kind == PART_TEXT)
        pieces_put_inside(w->out, "text", part->text);
    else if (part->kind == PART_IMAGE)
        write_image(w, part);
    else if (part->kind == PART_AUDIO)
        write_audio(w, part);
    else
        write_file(w, part);
    openai_write_cache(w, part->cache);
    pieces_end(w->out, '}');
}

static bool keeps_cache(const struct chat_writing *w)
{
    return (w->without >> MEMBER_CACHE & 1) == 0;
}

/* Parts of text as one string; `between` them. Breakpoints of a cache are lost with the parts. */
static void write_one_text(struct chat_writing *w, uint32_t first, uint32_t count,
                           const char *between)
{
    bool any = false;

    pieces_quote(w->out);
    for (uint32_t i = first; i < first + count; i++) {
        const struct chat_part *part = &w->chat->parts[i];
        if (part->kind != PART_TEXT)
            continue;
        if (part->cache != CACHE_UNSET)
            (void)!chat_takes(w, MEMBER_CACHE);
        if (any)
            pieces_raw(w->out, span_of(between));
        pieces_raw(w->out, part->text);
        any = true;
    }
    pieces_quote(w->out);
}

/* One text alone is a string, which every provider takes. */
static void write_content(struct chat_writing *w, uint32_t first, uint32_t count, uint32_t kinds,
                          const char *between)
{
    const struct chat_part *only = NULL;
    uint32_t found = chat_count_parts(w->chat, first, count, kinds);
    uint32_t texts = chat_count_parts(w->chat, first, count, kinds & KIND(PART_TEXT));

    for (uint32_t i = first; i < first + count; i++)
        if (chat_part_is(&w->chat->parts[i], kinds))
            only = &w->chat->parts[i];
    pieces_name(w->out, "content");
    if (found == texts && !keeps_cache(w) && (found < 2 || w->compatible->one_text)) {
        write_one_text(w, first, count, between);
        return;
    }
    if (found == 0 || (found == 1 && only->kind == PART_TEXT && only->cache == CACHE_UNSET)) {
        pieces_inside(w->out, found == 0 ? (struct span){0} : only->text);
        return;
    }
    pieces_begin(w->out, '[');
    for (uint32_t i = first; i < first + count; i++)
        if (chat_part_is(&w->chat->parts[i], kinds))
            write_part(w, &w->chat->parts[i]);
    pieces_end(w->out, ']');
}

static void put_call_id(struct chat_writing *w, const char *name, struct span id)
{
    char shortened[CALL_ID_SHORT];

    if (w->compatible->short_ids) {
        call_id_shorten(id, shortened);
        id = span_make(shortened, sizeof(shortened));
    }
    pieces_put_inside(w->out, name, id);
}

static void write_result(struct chat_writing *w, const struct chat_part *result)
{
    begin_message(w, "tool", (struct span){0});
    put_call_id(w, "tool_call_id", result->id);
    write_content(w, result->first, result->count, KIND(PART_TEXT), PARAGRAPH);
    pieces_end(w->out, '}');
}

/* Pictures that a tool answered with: only a user can show them. */
static void write_result_media(struct chat_writing *w, const struct chat_part *result)
{
    if (chat_count_parts(w->chat, result->first, result->count, MEDIA) == 0)
        return;
    begin_message(w, "user", (struct span){0});
    write_content(w, result->first, result->count, MEDIA, PARAGRAPH);
    pieces_end(w->out, '}');
}

static void each_result(struct chat_writing *w, const struct chat_message *message,
                        void (*write)(struct chat_writing *w, const struct chat_part *result))
{
    for (uint32_t i = message->first; i < message->first + message->count; i++)
        if (w->chat->parts[i].kind == PART_TOOL_RESULT)
            write(w, &w->chat->parts[i]);
}

static void write_user(struct chat_writing *w, const struct chat_message *message)
{
    uint32_t kinds = MEDIA | KIND(PART_TEXT);
    bool said = chat_count_parts(w->chat, message->first, message->count, kinds) > 0;

    /* A message of results alone is told with them. */
    if (!said && message->count > 0)
        return;
    begin_message(w, "user", message->name);
    write_content(w, message->first, message->count, kinds, PARAGRAPH);
    pieces_end(w->out, '}');
}

/* Messages [from, to) are a user's. */
static void write_users(struct chat_writing *w, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        each_result(w, &w->chat->messages[i], write_result);
    for (uint32_t i = from; i < to; i++) {
        each_result(w, &w->chat->messages[i], write_result_media);
        write_user(w, &w->chat->messages[i]);
    }
}

static void write_call(struct chat_writing *w, const struct chat_part *call)
{
    pieces_begin(w->out, '{');
    put_call_id(w, "id", call->id);
    pieces_put_word(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", call->name);
    pieces_name(w->out, "arguments");
    pieces_json_string(w->out, &call->arguments);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* All texts of these kinds as one string. */
static void write_joined(struct chat_writing *w, const struct chat_message *message,
                         const char *name, uint32_t kinds)
{
    pieces_name(w->out, name);
    pieces_quote(w->out);
    for (uint32_t i = message->first; i < message->first + message->count; i++)
        if (chat_part_is(&w->chat->parts[i], kinds))
            pieces_raw(w->out, w->chat->parts[i].text);
    pieces_quote(w->out);
}

static void write_calls(struct chat_writing *w, const struct chat_message *message)
{
    pieces_name(w->out, "tool_calls");
    pieces_begin(w->out, '[');
    for (uint32_t i = message->first; i < message->first + message->count; i++)
        if (w->chat->parts[i].kind == PART_TOOL_CALL)
            write_call(w, &w->chat->parts[i]);
    pieces_end(w->out, ']');
}

/* ---- an assistant's earlier reasoning ---- */

static bool is_said(const struct chat_writing *w, const struct chat_message *message)
{
    return message->role == CHAT_USER && chat_count_parts(w->chat, message->first, message->count,
                                                          KIND(PART_TOOL_RESULT)) < message->count;
}

struct turn {
    uint32_t end; /* of messages: the user's next word */
    bool calls;   /* tools are called before it */
};

/* Finds where the turn that message `i` is of ends, and whether tools are called in it. */
static void find_turn(const struct chat_writing *w, uint32_t i, struct turn *turn)
{
    const struct chat *chat = w->chat;

    if (i < turn->end)
        return;
    turn->calls = false;
    for (turn->end = i; turn->end < chat->message_count; turn->end++) {
        const struct chat_message *message = &chat->messages[turn->end];
        if (turn->end > i && is_said(w, message))
            return;
        turn->calls |=
            chat_count_parts(w->chat, message->first, message->count, KIND(PART_TOOL_CALL)) > 0;
    }
}

static void write_reasoning(struct chat_writing *w, const struct chat_message *message,
                            uint32_t calls, const struct turn *turn)
{
    const char *member = w->target->reasoning_member;
    bool any = chat_count_parts(w->chat, message->first, message->count, KIND(PART_REASONING)) > 0;
    bool goes = w->compatible->earlier != EARLIER_IN_TOOL_TURNS || turn->calls;

    if (member == NULL)
        return;
    if (any && goes)
        write_joined(w, message, member, KIND(PART_REASONING));
    else if (calls > 0 && w->compatible->earlier_needed && w->target->reasoning)
        /* Of a turn that another model spoke: there is none, but it is asked for. */
        pieces_put_inside(w->out, member, span_of(" "));
}

/* Of the answer itself. */
static bool is_begin(const struct chat_writing *w, const struct chat_message *message)
{
    return w->chat->goes_on && message == &w->chat->messages[w->chat->message_count - 1];
}

static void write_assistant(struct chat_writing *w, const struct chat_message *message,
                            const struct turn *turn)
{
    uint32_t first = message->first, count = message->count;
    uint32_t calls = chat_count_parts(w->chat, first, count, KIND(PART_TOOL_CALL));
    uint32_t texts = chat_count_parts(w->chat, first, count, KIND(PART_TEXT));
    uint32_t refusals = chat_count_parts(w->chat, first, count, KIND(PART_REFUSAL));

    /* Reasoning alone is nothing to say here. */
    if (calls + texts + refusals == 0 && count > 0)
        return;
    begin_message(w, "assistant", message->name);
    if (refusals > 0 && !w->compatible->refusals)
        write_joined(w, message, "content", KIND(PART_TEXT) | KIND(PART_REFUSAL));
    else if (texts > 0 || calls + refusals == 0 || w->compatible->full_content)
        write_content(w, first, count, KIND(PART_TEXT), "");
    else
        pieces_put_json(w->out, "content", span_of("null"));
    if (refusals > 0 && w->compatible->refusals)
        write_joined(w, message, "refusal", KIND(PART_REFUSAL));
    write_reasoning(w, message, calls, turn);
    if (calls > 0)
        write_calls(w, message);
    if (is_begin(w, message) && w->compatible->prefill_member != NULL)
        pieces_json(w->out, span_of(w->compatible->prefill_member));
    pieces_end(w->out, '}');
}

void openai_write_messages(struct chat_writing *w)
{
    const struct chat *chat = w->chat;
    struct turn turn = {0};
    uint32_t i = 0, to;

    pieces_name(w->out, "messages");
    pieces_begin(w->out, '[');
    while (i < chat->message_count) {
        const struct chat_message *message = &chat->messages[i];
        for (to = i + 1; message->role == CHAT_USER && to < chat->message_count &&
                         chat->messages[to].role == CHAT_USER;)
            to++;
        if (message->role == CHAT_USER) {
            write_users(w, i, to);
        } else if (message->role == CHAT_ASSISTANT) {
            find_turn(w, i, &turn);
            write_assistant(w, message, &turn);
        } else {
            begin_message(w, "system", message->name);
            write_content(w, message->first, message->count, KIND(PART_TEXT), PARAGRAPH);
            pieces_end(w->out, '}');
        }
        i = to;
    }
    pieces_end(w->out, ']');
}
