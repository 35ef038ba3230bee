/*
 * cohere_ask_write: a chat as the body of Cohere's /v2/chat.
 *
 * Results of tools are messages of their own, their text a document, so that the model can cite it.
 * A text beside tool calls goes over as the plan before them, which is what it is there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_writer.h"
#include "gateway/dialect/cohere.h"

enum { STOPS_MAX = 5, TOP_K_MAX = 500, MODEL_MAX = 2048, EFFORTS = EFFORT_XHIGH + 1 };

struct writing {
    struct pieces *out;
    const struct chat *chat;
    const struct language_target *target;
    struct ask_losses *losses;
    enum ask_written outcome;
};

static void lose(struct writing *w, enum chat_member member)
{
    w->losses->lost |= UINT64_C(1) << member;
}

static void refuse(struct writing *w, const char *why)
{
    if (w->outcome != ASK_WRITTEN)
        return;
    w->outcome = ASK_UNSPEAKABLE;
    w->losses->why = why;
}

static void put_word(struct writing *w, const char *name, const char *word)
{
    pieces_put_inside(w->out, name, span_of(word));
}

void cohere_write_model(struct pieces *out, struct span model)
{
    struct buf quoted = buf_make(MODEL_MAX);

    if (json_quote(&quoted, model) == 0 && arena_room(out->arena) > (size_t)64 * 1024)
        pieces_put_json(out, "model", arena_span(out->arena, buf_span(&quoted)));
    else
        out->failed = true;
    buf_done(&quoted);
}

/* ---- parts ---- */

static bool is_text(const struct chat_part *part)
{
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL;
}

static void write_text(struct writing *w, struct span text)
{
    pieces_begin(w->out, '{');
    put_word(w, "type", "text");
    pieces_put_inside(w->out, "text", text);
    pieces_end(w->out, '}');
}

static void write_image(struct writing *w, const struct chat_part *part)
{
    if (part->by == MEDIA_FILE_ID) {
        refuse(w, "an image by the id of a file");
        return;
    }
    pieces_begin(w->out, '{');
    put_word(w, "type", "image_url");
    pieces_name(w->out, "image_url");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "url");
    pieces_quote(w->out);
    if (part->by == MEDIA_DATA) {
        pieces_raw(w->out, span_of("data:"));
        pieces_raw(w->out, part->type.size > 0 ? part->type : span_of("image/png"));
        pieces_raw(w->out, span_of(";base64,"));
    }
    pieces_raw(w->out, part->data);
    pieces_quote(w->out);
    if (part->detail.size > 0)
        pieces_put_inside(w->out, "detail", part->detail);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_thinking(struct writing *w, struct span text)
{
    pieces_begin(w->out, '{');
    put_word(w, "type", "thinking");
    pieces_put_inside(w->out, "thinking", text);
    pieces_end(w->out, '}');
}

/* A part of what stands in `content`. */
static void write_part(struct writing *w, const struct chat_part *part)
{
    if (part->cache != CACHE_UNSET)
        lose(w, MEMBER_CACHE);
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
        refuse(w, "audio input");
        break;
    case PART_FILE:
        refuse(w, "file input");
        break;
    case PART_REDACTED:    /* only its own provider can read it */
    case PART_TOOL_CALL:   /* beside the content */
    case PART_TOOL_RESULT: /* a message of its own */
    case PART_KINDS:
        break;
    }
}

/* ---- messages ---- */

static void begin_message(struct writing *w, const char *role)
{
    pieces_begin(w->out, '{');
    put_word(w, "role", role);
}

/* Most messages have one text: a string says it. */
static void write_content(struct writing *w, const struct chat_part *parts, uint32_t count)
{
    pieces_name(w->out, "content");
    if (count == 0) {
        pieces_inside(w->out, (struct span){0});
        return;
    }
    if (count == 1 && is_text(&parts[0])) {
        if (parts[0].cache != CACHE_UNSET)
            lose(w, MEMBER_CACHE);
        pieces_inside(w->out, parts[0].text);
        return;
    }
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        write_part(w, &parts[i]);
    pieces_end(w->out, ']');
}

static void write_message(struct writing *w, const char *role, const struct chat_part *parts,
                          uint32_t count)
{
    begin_message(w, role);
    write_content(w, parts, count);
    pieces_end(w->out, '}');
}

static void write_system(struct writing *w, const struct chat_part *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_text(&parts[i])) {
            refuse(w, "anything but text in a system prompt");
            return;
        }
    if (count > 0)
        write_message(w, "system", parts, count);
}

static void write_document(struct writing *w, struct span text, bool error)
{
    pieces_begin(w->out, '{');
    put_word(w, "type", "document");
    pieces_name(w->out, "document");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "data");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, error ? "error" : "output", text);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_result(struct writing *w, const struct chat_part *result)
{
    uint32_t written = 0;

    if (result->cache != CACHE_UNSET)
        lose(w, MEMBER_CACHE);
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
            refuse(w, "anything but text in the result of a tool");
        }
    }
    if (written == 0)
        write_document(w, (struct span){0}, result->error);
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
}

/* Results of tools and what stands between them, in their order. */
static void write_user(struct writing *w, const struct chat_part *parts, uint32_t count)
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

static void write_call(struct writing *w, const struct chat_part *call)
{
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "id", call->id);
    put_word(w, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", call->name);
    pieces_name(w->out, "arguments");
    pieces_json_string(w->out, &call->arguments);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* The texts one after the other, in one string. */
static void write_plan(struct writing *w, const struct chat_part *parts, uint32_t count,
                       bool reasoning)
{
    pieces_name(w->out, "tool_plan");
    pieces_quote(w->out);
    for (uint32_t i = 0; i < count; i++)
        if (is_text(&parts[i]) || (reasoning && parts[i].kind == PART_REASONING))
            pieces_raw(w->out, parts[i].text);
    pieces_quote(w->out);
}

static void write_calls(struct writing *w, const struct chat_part *parts, uint32_t count)
{
    pieces_name(w->out, "tool_calls");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        if (parts[i].kind == PART_TOOL_CALL)
            write_call(w, &parts[i]);
    pieces_end(w->out, ']');
}

/* Content of the parts that are spoken: reasoning only to a model that does so itself. */
static void write_spoken(struct writing *w, const struct chat_part *parts, uint32_t count,
                         bool texts)
{
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < count; i++)
        if ((texts && parts[i].kind != PART_REASONING) ||
            (w->target->reasoning && parts[i].kind == PART_REASONING))
            write_part(w, &parts[i]);
    pieces_end(w->out, ']');
}

static void write_assistant(struct writing *w, const struct chat_part *parts, uint32_t count)
{
    uint32_t of[PART_KINDS] = {0}, texts, reasoning;

    for (uint32_t i = 0; i < count; i++)
        of[parts[i].kind]++;
    texts = of[PART_TEXT] + of[PART_REFUSAL];
    reasoning = w->target->reasoning ? of[PART_REASONING] : 0;
    /* An empty turn is refused there, and says nothing. */
    if (of[PART_TOOL_CALL] == 0 && texts + reasoning == 0)
        return;
    begin_message(w, "assistant");
    if (of[PART_TOOL_CALL] > 0) {
        if (reasoning > 0)
            write_spoken(w, parts, count, false);
        if (texts > 0 || of[PART_REASONING] > reasoning)
            write_plan(w, parts, count, texts == 0);
        write_calls(w, parts, count);
    } else if (count == 1) {
        write_content(w, parts, count);
    } else {
        write_spoken(w, parts, count, true);
    }
    pieces_end(w->out, '}');
}

static void write_messages(struct writing *w)
{
    pieces_name(w->out, "messages");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->message_count; i++) {
        const struct chat_message *message = &w->chat->messages[i];
        const struct chat_part *parts = &w->chat->parts[message->first];
        if (message->name.size > 0)
            lose(w, MEMBER_NAME);
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

/* ---- tools ---- */

static void write_tool(struct writing *w, const struct chat_tool *tool)
{
    if (tool->cache != CACHE_UNSET)
        lose(w, MEMBER_CACHE);
    pieces_begin(w->out, '{');
    put_word(w, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", tool->name);
    if (tool->description.size > 0)
        pieces_put_inside(w->out, "description", tool->description);
    pieces_put_json(w->out, "parameters",
                    tool->schema.size > 0 ? tool->schema
                                          : span_of("{\"type\":\"object\",\"properties\":{}}"));
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* There is one word for all of them. */
static void write_strict(struct writing *w)
{
    uint32_t strict = 0;

    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        strict += w->chat->tools[i].strict > 0 ? 1 : 0;
    if (strict == w->chat->tool_count)
        pieces_put_json(w->out, "strict_tools", span_of("true"));
    else if (strict > 0)
        lose(w, MEMBER_STRICT);
}

/* No tool can be demanded by name: where it is the only one, any tool is that one. */
static const struct chat_tool *demanded(const struct chat *chat)
{
    if (chat->wish.tool_choice != CHOICE_NAMED)
        return NULL;
    for (uint32_t i = 0; i < chat->tool_count; i++)
        if (span_equal(chat->tools[i].name, chat->wish.tool_name))
            return &chat->tools[i];
    return NULL;
}

static void write_tools(struct writing *w)
{
    const struct chat_tool *only = demanded(w->chat);
    enum chat_choice choice = w->chat->wish.tool_choice;

    if (w->chat->tool_count == 0)
        return;
    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        if (only == NULL || only == &w->chat->tools[i])
            write_tool(w, &w->chat->tools[i]);
    pieces_end(w->out, ']');
    write_strict(w);
    if (choice == CHOICE_NONE)
        put_word(w, "tool_choice", "NONE");
    else if (choice == CHOICE_REQUIRED || choice == CHOICE_NAMED)
        put_word(w, "tool_choice", "REQUIRED");
    if (choice == CHOICE_NAMED && only == NULL)
        lose(w, MEMBER_TOOL_CHOICE);
    if (w->chat->wish.parallel_tools == 0)
        lose(w, MEMBER_PARALLEL_TOOLS);
}

/* ---- the wish ---- */

/* Not beside tools: the API refuses the two together. */
static void write_format(struct writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->format == FORMAT_TEXT)
        return;
    if (w->chat->tool_count > 0) {
        lose(w, MEMBER_RESPONSE_FORMAT);
        return;
    }
    pieces_name(w->out, "response_format");
    pieces_begin(w->out, '{');
    put_word(w, "type", "json_object");
    if (wish->format == FORMAT_SCHEMA && wish->schema.size > 0)
        pieces_put_json(w->out, "json_schema", wish->schema);
    pieces_end(w->out, '}');
}

/* Shares of the answer's tokens, in percent. */
static const int shares[EFFORTS] = {
    [EFFORT_MINIMAL] = 10, [EFFORT_LOW] = 20,   [EFFORT_MEDIUM] = 50,
    [EFFORT_HIGH] = 80,    [EFFORT_XHIGH] = 95,
};

static void write_effort(struct writing *w, int64_t cap)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool off = wish->effort == EFFORT_NONE || wish->reasoning_budget == 0;
    int64_t budget = wish->reasoning_budget, most = cap * shares[EFFORT_XHIGH] / 100;

    if (wish->effort == EFFORT_UNSET && budget < 0)
        return;
    if (!w->target->reasoning) {
        if (!off)
            lose(w, MEMBER_REASONING);
        return;
    }
    pieces_name(w->out, "thinking");
    pieces_begin(w->out, '{');
    put_word(w, "type", off ? "disabled" : "enabled");
    if (!off) {
        if (budget < 0)
            budget = cap * shares[wish->effort] / 100;
        budget = budget > most ? most : budget;
        pieces_put_int64(w->out, "token_budget", budget < 1 ? 1 : budget);
    }
    pieces_end(w->out, '}');
}

static double number_of(struct span json)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.*s", SPAN_ARG(span_part(json, 0, sizeof(text) - 1)));
    return strtod(text, NULL);
}

/* A number that has to lie between two others; the one that it would pass is written instead. */
struct range {
    const char *name;
    struct span given;
    double least, most;
    const char *least_text, *most_text;
    enum chat_member member; /* told as lost when it does not fit */
    bool quiet;              /* … but as good as what was asked for */
};

static void write_range(struct writing *w, const struct range *range)
{
    double given = number_of(range->given);

    if (range->given.size == 0)
        return;
    if (given >= range->least && given <= range->most) {
        pieces_put_json(w->out, range->name, range->given);
        return;
    }
    pieces_put_json(w->out, range->name,
                    span_of(given < range->least ? range->least_text : range->most_text));
    if (!range->quiet)
        lose(w, range->member);
}

static void write_sampling(struct writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    const struct range ranges[] = {
        {"p", wish->top_p, 0.01, 0.99, "0.01", "0.99", MEMBER_TOP_P, true},
        {"k", wish->top_k, 0, TOP_K_MAX, "0", "500", MEMBER_TOP_K, false},
        {"frequency_penalty", wish->frequency_penalty, 0, 1, "0", "1", MEMBER_FREQUENCY_PENALTY,
         false},
        {"presence_penalty", wish->presence_penalty, 0, 1, "0", "1", MEMBER_PRESENCE_PENALTY,
         false},
    };

    if (wish->temperature.size > 0)
        pieces_put_json(w->out, "temperature", wish->temperature);
    for (size_t i = 0; i < array_size(ranges); i++)
        write_range(w, &ranges[i]);
    if (wish->seed.size > 0)
        pieces_put_json(w->out, "seed", wish->seed);
    if (wish->logprobs)
        pieces_put_json(w->out, "logprobs", span_of("true"));
}

static void write_stops(struct writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->stop_count == 0)
        return;
    pieces_name(w->out, "stop_sequences");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < wish->stop_count && i < STOPS_MAX; i++)
        pieces_inside(w->out, wish->stops[i]);
    pieces_end(w->out, ']');
    if (wish->stop_count > STOPS_MAX)
        lose(w, MEMBER_STOP);
}

static bool says_something(struct span json)
{
    return json.size > 0 && !span_is(json, "null") && !span_is(json, "0") &&
           !span_is(json, "0.0") && !span_is(json, "{}");
}

static void lose_unknown(struct writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool usual_tier = wish->service_tier.size == 0 || span_is(wish->service_tier, "auto") ||
                      span_is(wish->service_tier, "default");
    const struct {
        enum chat_member member;
        bool lost;
    } rows[] = {
        {MEMBER_MIN_P, says_something(wish->min_p)},
        {MEMBER_REPETITION_PENALTY, says_something(wish->repetition_penalty) &&
                                        !span_is(wish->repetition_penalty, "1") &&
                                        !span_is(wish->repetition_penalty, "1.0")},
        {MEMBER_LOGIT_BIAS, says_something(wish->logit_bias)},
        {MEMBER_LOGPROBS, says_something(wish->top_logprobs)},
        {MEMBER_N, wish->choices > 1},
        {MEMBER_CACHE, wish->cache != CACHE_UNSET},
        {MEMBER_USER, wish->user.size > 0},
        {MEMBER_METADATA, says_something(wish->metadata)},
        {MEMBER_SERVICE_TIER, !usual_tier},
        {MEMBER_VERBOSITY, wish->verbosity.size > 0},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (rows[i].lost)
            lose(w, rows[i].member);
}

enum ask_written cohere_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out)
{
    struct writing w = {.out = out, .chat = chat, .target = target, .losses = losses_out};
    int64_t cap = target->output_cap;

    *losses_out = (struct ask_losses){0};
    if (target->output_limit > 0 && cap > target->output_limit)
        cap = target->output_limit;
    pieces_begin(out, '{');
    cohere_write_model(out, target->model);
    write_messages(&w);
    write_tools(&w);
    write_format(&w);
    pieces_put_int64(out, "max_tokens", cap);
    write_effort(&w, cap);
    write_sampling(&w);
    write_stops(&w);
    lose_unknown(&w);
    pieces_put_json(out, "stream", span_of(chat->wish.stream ? "true" : "false"));
    pieces_end(out, '}');
    if (w.outcome == ASK_WRITTEN && out->failed)
        return ASK_TOO_LARGE;
    return w.outcome;
}
