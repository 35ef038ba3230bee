/*
 * cohere_ask_write: a chat as the body of Cohere's /v2/chat.
 *
 * What the language has no word for is left out and told. The messages are written by
 * cohere_message_write.c.
 */
#include "gateway/dialect/cohere.h"

enum { STOPS_MAX = 5, TOP_K_MAX = 500, EFFORTS = EFFORT_XHIGH + 1 };

/* ---- tools ---- */

static void write_tool(struct chat_writing *w, const struct chat_tool *tool)
{
    if (tool->cache != CACHE_UNSET)
        chat_lose(w->losses, MEMBER_CACHE);
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    chat_put_function(w->out, tool);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* There is one word for all of them. */
static void write_strict(struct chat_writing *w)
{
    uint32_t strict = 0;

    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        strict += w->chat->tools[i].strict > 0 ? 1 : 0;
    if (strict == w->chat->tool_count)
        pieces_put_json(w->out, "strict_tools", span_of("true"));
    else if (strict > 0)
        chat_lose(w->losses, MEMBER_STRICT);
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

static void write_tools(struct chat_writing *w)
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
        pieces_put_word(w->out, "tool_choice", "NONE");
    else if (choice == CHOICE_REQUIRED || choice == CHOICE_NAMED)
        pieces_put_word(w->out, "tool_choice", "REQUIRED");
    if (choice == CHOICE_NAMED && only == NULL)
        chat_lose(w->losses, MEMBER_TOOL_CHOICE);
    if (w->chat->wish.parallel_tools == 0)
        chat_lose(w->losses, MEMBER_PARALLEL_TOOLS);
}

/* ---- the wish ---- */

/* Not beside tools: the API refuses the two together. */
static void write_format(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->format == FORMAT_TEXT)
        return;
    if (w->chat->tool_count > 0) {
        chat_lose(w->losses, MEMBER_RESPONSE_FORMAT);
        return;
    }
    pieces_name(w->out, "response_format");
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "json_object");
    if (wish->format == FORMAT_SCHEMA && wish->schema.size > 0)
        pieces_put_json(w->out, "json_schema", wish->schema);
    pieces_end(w->out, '}');
}

/* Shares of the answer's tokens, in percent. */
static const int shares[EFFORTS] = {
    [EFFORT_MINIMAL] = 10, [EFFORT_LOW] = 20,   [EFFORT_MEDIUM] = 50,
    [EFFORT_HIGH] = 80,    [EFFORT_XHIGH] = 95,
};

static void write_effort(struct chat_writing *w, int64_t cap)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool off = wish->effort == EFFORT_NONE || wish->reasoning_budget == 0;
    int64_t budget = wish->reasoning_budget, most = cap * shares[EFFORT_XHIGH] / 100;

    if (wish->effort == EFFORT_UNSET && budget < 0)
        return;
    if (!w->target->reasoning) {
        if (!off)
            chat_lose(w->losses, MEMBER_REASONING);
        return;
    }
    pieces_name(w->out, "thinking");
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", off ? "disabled" : "enabled");
    if (!off) {
        if (budget < 0)
            budget = cap * shares[wish->effort] / 100;
        budget = budget > most ? most : budget;
        pieces_put_int64(w->out, "token_budget", budget < 1 ? 1 : budget);
    }
    pieces_end(w->out, '}');
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

static void write_range(struct chat_writing *w, const struct range *range)
{
    double given = chat_number(range->given);

    if (range->given.size == 0)
        return;
    if (given >= range->least && given <= range->most) {
        pieces_put_json(w->out, range->name, range->given);
        return;
    }
    pieces_put_json(w->out, range->name,
                    span_of(given < range->least ? range->least_text : range->most_text));
    if (!range->quiet)
        chat_lose(w->losses, range->member);
}

static void write_sampling(struct chat_writing *w)
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

static void write_stops(struct chat_writing *w)
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
        chat_lose(w->losses, MEMBER_STOP);
}

static void lose_unknown(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool usual_tier = wish->service_tier.size == 0 || span_is(wish->service_tier, "auto") ||
                      span_is(wish->service_tier, "default");
    const struct chat_unknown rows[] = {
        {MEMBER_MIN_P, chat_says_something(wish->min_p)},
        {MEMBER_REPETITION_PENALTY, chat_says_something(wish->repetition_penalty) &&
                                        !span_is(wish->repetition_penalty, "1") &&
                                        !span_is(wish->repetition_penalty, "1.0")},
        {MEMBER_LOGIT_BIAS, chat_says_something(wish->logit_bias)},
        {MEMBER_LOGPROBS, chat_says_something(wish->top_logprobs)},
        {MEMBER_N, wish->choices > 1},
        {MEMBER_CACHE, wish->cache != CACHE_UNSET},
        {MEMBER_USER, wish->user.size > 0},
        {MEMBER_METADATA, chat_says_something(wish->metadata)},
        {MEMBER_SERVICE_TIER, !usual_tier},
        {MEMBER_VERBOSITY, wish->verbosity.size > 0},
        {MEMBER_SAFETY, chat_says_something(wish->safety)},
    };

    chat_lose_unknown(w->losses, rows, array_size(rows));
}

enum ask_written cohere_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out)
{
    struct chat_writing w = {.out = out, .chat = chat, .target = target, .losses = losses_out};
    int64_t cap = chat_output_cap(target);

    *losses_out = (struct ask_losses){0};
    pieces_begin(out, '{');
    pieces_put_text(out, "model", target->model);
    cohere_write_messages(&w);
    write_tools(&w);
    write_format(&w);
    pieces_put_int64(out, "max_tokens", cap);
    write_effort(&w, cap);
    write_sampling(&w);
    write_stops(&w);
    lose_unknown(&w);
    pieces_put_json(out, "stream", span_of(chat->wish.stream ? "true" : "false"));
    pieces_end(out, '}');
    return chat_written(out, losses_out);
}
