/*
 * gemini_ask_write: a chat as the body of generateContent.
 *
 * Only user and model take turns there: what one of them says in several messages becomes one
 * content, a result stands in the user's and names the function it is of, and system messages that
 * stand first are systemInstruction (later ones are said by the user, in their place).
 */
#include "gateway/dialect/gemini_language.h"

#define LOST(member) (UINT64_C(1) << (member))

/* A result's call is looked for among so many calls before it. */
enum { CALLS_BACK_MAX = 1024 };

/* Taken by models that want a signature with each call, for one that was another model's. */
static const char no_signature[] = "skip_thought_signature_validator";

static const struct json_limits limits_result = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

struct writing {
    const struct chat *chat;
    struct pieces *out;
    uint64_t lost;
    const char *why;
    bool with_ids;       /* calls and results have their ids */
    bool wants_signed;   /* each turn's first call needs a signature */
    bool open;           /* inside the parts of a content of this role: */
    enum chat_role role; /* CHAT_USER or CHAT_ASSISTANT */
    struct span pending; /* a signature for the next text */
    bool called;         /* the message has had a call */
    uint32_t *calls;     /* parts that are calls, so far */
    uint32_t call_count;
};

static void close_content(struct writing *w)
{
    if (!w->open)
        return;
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
    w->open = false;
}

static void begin_part(struct writing *w, enum chat_role role)
{
    if (w->open && w->role != role)
        close_content(w);
    if (!w->open) {
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "role", span_of(role == CHAT_ASSISTANT ? "model" : "user"));
        pieces_name(w->out, "parts");
        pieces_begin(w->out, '[');
        w->open = true;
        w->role = role;
    }
    pieces_begin(w->out, '{');
}

static void end_part(struct writing *w, struct span signature)
{
    if (signature.size > 0)
        pieces_put_inside(w->out, "thoughtSignature", signature);
    pieces_end(w->out, '}');
}

static struct span take_pending(struct writing *w)
{
    struct span signature = w->pending;

    w->pending = (struct span){0};
    return signature;
}

static void write_text(struct writing *w, enum chat_role role, struct span text)
{
    struct span signature = take_pending(w);

    if (text.size == 0 && signature.size == 0)
        return;
    begin_part(w, role);
    pieces_put_inside(w->out, "text", text);
    end_part(w, signature);
}

/* A signature that no text followed keeps its place. */
static void flush_pending(struct writing *w, enum chat_role role)
{
    if (w->pending.size > 0)
        write_text(w, role, (struct span){0});
}

/* What it thought goes back when it is signed: else no Gemini has said it. The signature stands
 * with what follows, as it came. */
static void write_reasoning(struct writing *w, const struct chat_part *part)
{
    if (part->signature.size == 0 || !signer_reads(SIGNER_GEMINI, part->signer))
        return;
    flush_pending(w, CHAT_ASSISTANT);
    if (part->text.size > 0) {
        begin_part(w, CHAT_ASSISTANT);
        pieces_put_inside(w->out, "text", part->text);
        pieces_name(w->out, "thought");
        pieces_bool(w->out, true);
        end_part(w, (struct span){0});
    }
    w->pending = part->signature;
}

/* What a file is, when nobody told: by the begin of its base64, or the end of its URL. */
static const char *guess_type(const struct chat_part *part)
{
    static const struct {
        const char *begin, *end, *type;
    } rows[] = {
        {"iVBOR", ".png", "image/png"},   {"/9j/", ".jpg", "image/jpeg"},
        {"/9j/", ".jpeg", "image/jpeg"},  {"R0lGOD", ".gif", "image/gif"},
        {"UklGR", ".webp", "image/webp"}, {"JVBERi", ".pdf", "application/pdf"},
        {"AAAAI", ".heic", "image/heic"}, {"SUQz", ".mp3", "audio/mp3"},
        {"T2dnUw", ".ogg", "audio/ogg"},  {"ZkxhQ", ".flac", "audio/flac"},
        {"AAAAG", ".mp4", "video/mp4"},   {"PCFET0NUWVBF", ".html", "text/html"},
        {"Iy", ".md", "text/markdown"},   {"77u/", ".txt", "text/plain"},
    };
    struct span url = part->data;
    ptrdiff_t query = span_index(url, '?');

    if (query >= 0)
        url = span_part(url, 0, (size_t)query);
    for (size_t i = 0; i < array_size(rows); i++)
        if (part->by == MEDIA_DATA ? span_starts(part->data, rows[i].begin)
                                   : span_ends(url, rows[i].end))
            return rows[i].type;
    return part->kind == PART_IMAGE   ? "image/jpeg"
           : part->kind == PART_AUDIO ? "audio/wav"
                                      : "application/pdf";
}

static void put_type(struct writing *w, const struct chat_part *part)
{
    pieces_name(w->out, "mimeType");
    pieces_quote(w->out);
    if (part->type.size == 0) {
        pieces_raw(w->out, span_of(guess_type(part)));
    } else {
        /* "wav": a format of OpenAI's audio. */
        if (part->kind == PART_AUDIO && span_index(part->type, '/') < 0)
            pieces_raw(w->out, span_of("audio/"));
        pieces_raw(w->out, part->type);
    }
    pieces_quote(w->out);
}

static void write_media(struct writing *w, enum chat_role role, const struct chat_part *part)
{
    bool data = part->by == MEDIA_DATA;

    /* A file of Google's own is named by its address; another provider's is not to be had. */
    if (part->by == MEDIA_FILE_ID && !span_starts(part->data, "gs://") &&
        !span_starts(part->data, "https://")) {
        w->why = "a hosted file";
        return;
    }
    if (part->detail.size > 0 && !span_is(part->detail, "auto"))
        w->lost |= LOST(MEMBER_IMAGE_DETAIL);
    begin_part(w, role);
    pieces_name(w->out, data ? "inlineData" : "fileData");
    pieces_begin(w->out, '{');
    put_type(w, part);
    pieces_put_inside(w->out, data ? "data" : "fileUri", part->data);
    pieces_end(w->out, '}');
    end_part(w, (struct span){0});
}

static void write_call(struct writing *w, uint32_t index)
{
    const struct chat_part *part = &w->chat->parts[index];
    struct span signature = part->signature;

    flush_pending(w, CHAT_ASSISTANT);
    if (signature.size == 0 && w->wants_signed && !w->called)
        signature = span_of(no_signature);
    w->called = true;
    w->calls[w->call_count++] = index;
    begin_part(w, CHAT_ASSISTANT);
    pieces_name(w->out, "functionCall");
    pieces_begin(w->out, '{');
    if (w->with_ids && part->id.size > 0)
        pieces_put_inside(w->out, "id", part->id);
    pieces_put_inside(w->out, "name", part->name);
    pieces_name(w->out, "args");
    pieces_json_value(w->out, &part->arguments);
    pieces_end(w->out, '}');
    end_part(w, signature);
}

/* The name of the function that a result is of; empty when no call has its id. */
static struct span name_of_call(const struct writing *w, struct span id)
{
    uint32_t count = w->call_count;
    uint32_t stop = count > CALLS_BACK_MAX ? count - CALLS_BACK_MAX : 0;

    while (count > stop) {
        const struct chat_part *call = &w->chat->parts[w->calls[--count]];
        if (span_equal(call->id, id))
            return call->name;
    }
    return (struct span){0};
}

static bool is_object(struct span inside)
{
    struct buf decoded = buf_make(inside.size + 8);
    struct json_doc doc = json_doc_make();
    bool object = false;

    if (json_unescape(inside, &decoded) == 0)
        object = json_parse(&doc, buf_span(&decoded), &limits_result) == JSON_OK &&
                 json_kind(&doc, 0) == JSON_OBJECT;
    json_doc_done(&doc);
    buf_done(&decoded);
    return object;
}

/* A response is an object: the result itself when it is one, else what "output" or "error" says. */
static void write_response(struct writing *w, const struct chat_part *result)
{
    const struct chat_part *parts = w->chat->parts + result->first;
    struct chat_json json = {.in_string = true};
    uint32_t texts = 0;

    for (uint32_t i = 0; i < result->count; i++)
        if (parts[i].kind == PART_TEXT) {
            json.text = parts[i].text;
            texts++;
        }
    pieces_name(w->out, "response");
    if (texts == 1 && !result->error && span_starts(span_trim(json.text), "{") &&
        is_object(json.text)) {
        pieces_json_value(w->out, &json);
        return;
    }
    pieces_begin(w->out, '{');
    pieces_name(w->out, result->error ? "error" : "output");
    pieces_quote(w->out);
    for (uint32_t i = 0; i < result->count; i++)
        if (parts[i].kind == PART_TEXT)
            pieces_raw(w->out, parts[i].text);
    pieces_quote(w->out);
    pieces_end(w->out, '}');
}

static bool is_media(enum chat_part_kind kind)
{
    return kind == PART_IMAGE || kind == PART_AUDIO || kind == PART_FILE;
}

static void write_result(struct writing *w, const struct chat_part *part)
{
    struct span name = name_of_call(w, part->id);

    if (name.size == 0)
        name = part->name;
    if (name.size == 0) {
        w->why = "a tool's result without its call";
        return;
    }
    begin_part(w, CHAT_USER);
    pieces_name(w->out, "functionResponse");
    pieces_begin(w->out, '{');
    if (w->with_ids && part->id.size > 0)
        pieces_put_inside(w->out, "id", part->id);
    pieces_put_inside(w->out, "name", name);
    write_response(w, part);
    pieces_end(w->out, '}');
    end_part(w, (struct span){0});
}

/* Pictures that results brought: behind the message's results. */
static void write_result_media(struct writing *w, const struct chat_message *message)
{
    for (uint32_t i = 0; i < message->count; i++) {
        const struct chat_part *part = &w->chat->parts[message->first + i];
        for (uint32_t j = 0; part->kind == PART_TOOL_RESULT && j < part->count; j++)
            if (is_media(w->chat->parts[part->first + j].kind))
                write_media(w, CHAT_USER, &w->chat->parts[part->first + j]);
    }
}

static void write_part(struct writing *w, enum chat_role role, uint32_t index)
{
    const struct chat_part *part = &w->chat->parts[index];

    if (part->cache != CACHE_UNSET)
        w->lost |= LOST(MEMBER_CACHE);
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        write_text(w, role, part->text);
        break;
    case PART_REASONING:
        write_reasoning(w, part);
        break;
    case PART_IMAGE:
    case PART_AUDIO:
    case PART_FILE:
        write_media(w, role, part);
        break;
    case PART_TOOL_CALL:
        write_call(w, index);
        break;
    case PART_TOOL_RESULT:
        write_result(w, part);
        break;
    case PART_REDACTED:
    case PART_KINDS:
        break;
    }
}

static void write_message(struct writing *w, const struct chat_message *message)
{
    enum chat_role role = message->role == CHAT_ASSISTANT ? CHAT_ASSISTANT : CHAT_USER;

    if (message->name.size > 0)
        w->lost |= LOST(MEMBER_NAME);
    w->called = false;
    for (uint32_t i = 0; i < message->count && w->why == NULL; i++)
        write_part(w, role, message->first + i);
    flush_pending(w, role);
    write_result_media(w, message);
}

static void write_system(struct writing *w, uint32_t messages)
{
    const struct chat *chat = w->chat;

    pieces_name(w->out, "systemInstruction");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "parts");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < messages; i++) {
        const struct chat_message *message = &chat->messages[i];
        if (message->name.size > 0)
            w->lost |= LOST(MEMBER_NAME);
        for (uint32_t j = 0; j < message->count; j++) {
            const struct chat_part *part = &chat->parts[message->first + j];
            if (part->cache != CACHE_UNSET)
                w->lost |= LOST(MEMBER_CACHE);
            if (part->kind != PART_TEXT || part->text.size == 0)
                continue;
            pieces_begin(w->out, '{');
            pieces_put_inside(w->out, "text", part->text);
            pieces_end(w->out, '}');
        }
    }
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
}

static bool has_text(const struct chat *chat, uint32_t messages)
{
    for (uint32_t i = 0; i < messages; i++)
        for (uint32_t j = 0; j < chat->messages[i].count; j++) {
            const struct chat_part *part = &chat->parts[chat->messages[i].first + j];
            if (part->kind == PART_TEXT && part->text.size > 0)
                return true;
        }
    return false;
}

static void write_contents(struct writing *w)
{
    const struct chat *chat = w->chat;
    uint32_t first = 0;

    while (first < chat->message_count && chat->messages[first].role == CHAT_SYSTEM)
        first++;
    /* Contents may not be empty: who has only instructions says them. */
    if (first == chat->message_count)
        first = 0;
    if (has_text(chat, first))
        write_system(w, first);
    pieces_name(w->out, "contents");
    pieces_begin(w->out, '[');
    for (uint32_t i = first; i < chat->message_count && w->why == NULL; i++)
        write_message(w, &chat->messages[i]);
    if (!w->open && w->why == NULL)
        w->why = "a chat in which nothing is said";
    close_content(w);
    pieces_end(w->out, ']');
}

static void write_tier(struct writing *w)
{
    struct span tier = w->chat->wish.service_tier;

    if (tier.size == 0 || span_is(tier, "auto") || span_is(tier, "default"))
        return;
    /* Vertex takes it as a header. */
    if (w->with_ids &&
        (span_is(tier, "flex") || span_is(tier, "priority") || span_is(tier, "standard")))
        pieces_put_inside(w->out, "serviceTier", tier);
    else
        w->lost |= LOST(MEMBER_SERVICE_TIER);
}

static enum ask_written write_ask(struct writing *w, const struct language_target *target,
                                  struct ask_losses *losses_out)
{
    size_t calls = (w->chat->part_count + 1) * sizeof(*w->calls);

    *losses_out = (struct ask_losses){0};
    if (arena_room(w->out->arena) < calls)
        return ASK_TOO_LARGE;
    w->calls = arena_take(w->out->arena, calls);
    w->wants_signed = gemini_thinks_by_level(target->model);
    pieces_begin(w->out, '{');
    write_contents(w);
    gemini_write_tools(w->chat, w->out, &w->lost);
    gemini_write_config(w->chat, target, w->out, &w->lost);
    if (w->chat->wish.safety.size > 0)
        pieces_put_json(w->out, "safetySettings", w->chat->wish.safety);
    write_tier(w);
    pieces_end(w->out, '}');
    losses_out->lost = w->lost;
    losses_out->why = w->why;
    if (w->why != NULL)
        return ASK_UNSPEAKABLE;
    return w->out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

enum ask_written gemini_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out)
{
    struct writing w = {.chat = chat, .out = out, .with_ids = true};

    return write_ask(&w, target, losses_out);
}

/* Its FunctionCall has no id. */
enum ask_written gemini_vertex_write_ask(const struct chat *chat,
                                         const struct language_target *target, struct pieces *out,
                                         struct ask_losses *losses_out)
{
    struct writing w = {.chat = chat, .out = out, .with_ids = false};

    return write_ask(&w, target, losses_out);
}
