/*
 * responses_ask_write: a chat -> a body of the Responses API.
 *
 * What is left out there by default differs from chats: tools are strict unless they say not, and
 * answers are stored unless the body says not.
 */
#include "gateway/dialect/ask.h"
#include "gateway/dialect/chat_effort.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/responses.h"

/* What the API has no word for. */
#define NOT_RESPONSES                                                                              \
    (UINT64_C(1) << MEMBER_TOP_K | UINT64_C(1) << MEMBER_MIN_P | UINT64_C(1) << MEMBER_SEED |      \
     UINT64_C(1) << MEMBER_FREQUENCY_PENALTY | UINT64_C(1) << MEMBER_PRESENCE_PENALTY |            \
     UINT64_C(1) << MEMBER_REPETITION_PENALTY | UINT64_C(1) << MEMBER_LOGIT_BIAS |                 \
     UINT64_C(1) << MEMBER_N | UINT64_C(1) << MEMBER_STOP | UINT64_C(1) << MEMBER_CACHE |          \
     UINT64_C(1) << MEMBER_NAME)

/* ---- tools ---- */

static void write_tool(struct chat_writing *w, const struct chat_tool *tool)
{
    bool strict = tool->strict == 1 && chat_takes(w, MEMBER_STRICT);

    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "function");
    chat_put_function(w->out, tool);
    pieces_name(w->out, "strict");
    pieces_bool(w->out, strict);
    if (tool->cache != CACHE_UNSET)
        (void)!chat_takes(w, MEMBER_CACHE);
    pieces_end(w->out, '}');
}

static void write_choice(struct chat_writing *w)
{
    static const char *const words[] = {[CHOICE_UNSET] = NULL,
                                        [CHOICE_AUTO] = "auto",
                                        [CHOICE_NONE] = "none",
                                        [CHOICE_REQUIRED] = "required",
                                        [CHOICE_NAMED] = NULL};
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->tool_choice == CHOICE_UNSET || !chat_takes(w, MEMBER_TOOL_CHOICE))
        return;
    if (words[wish->tool_choice] != NULL) {
        pieces_put_word(w->out, "tool_choice", words[wish->tool_choice]);
        return;
    }
    pieces_name(w->out, "tool_choice");
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "function");
    pieces_put_inside(w->out, "name", wish->tool_name);
    pieces_end(w->out, '}');
}

static void write_tools(struct chat_writing *w)
{
    if (w->chat->tool_count == 0)
        return;
    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        write_tool(w, &w->chat->tools[i]);
    pieces_end(w->out, ']');
    write_choice(w);
    if (w->chat->wish.parallel_tools >= 0 && chat_takes(w, MEMBER_PARALLEL_TOOLS)) {
        pieces_name(w->out, "parallel_tool_calls");
        pieces_bool(w->out, w->chat->wish.parallel_tools == 1);
    }
}

/* ---- wishes ---- */

static void write_cap(struct chat_writing *w)
{
    int64_t cap = chat_output_cap(w->target);

    if (cap > 0)
        pieces_put_int64(w->out, "max_output_tokens",
                         cap < RESPONSES_CAP_MIN ? RESPONSES_CAP_MIN : cap);
}

static void write_format(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->format == FORMAT_TEXT || !chat_takes(w, MEMBER_RESPONSE_FORMAT))
        return;
    pieces_name(w->out, "format");
    pieces_begin(w->out, '{');
    if (wish->format == FORMAT_JSON) {
        pieces_put_word(w->out, "type", "json_object");
    } else {
        pieces_put_word(w->out, "type", "json_schema");
        pieces_put_inside(w->out, "name",
                          wish->schema_name.size > 0 ? wish->schema_name : span_of("answer"));
        pieces_put_json(w->out, "schema", wish->schema);
        chat_put_strict(w, wish->schema_strict);
    }
    pieces_end(w->out, '}');
}

static void write_text(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->format == FORMAT_TEXT && wish->verbosity.size == 0)
        return;
    pieces_name(w->out, "text");
    pieces_begin(w->out, '{');
    write_format(w);
    chat_put_inside(w, MEMBER_VERBOSITY, "verbosity", wish->verbosity);
    pieces_end(w->out, '}');
}

static void write_sampling(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    const struct chat_unknown unknown[] = {
        {MEMBER_TOP_K, wish->top_k.size > 0},
        {MEMBER_MIN_P, wish->min_p.size > 0},
        {MEMBER_SEED, wish->seed.size > 0},
        {MEMBER_FREQUENCY_PENALTY, wish->frequency_penalty.size > 0},
        {MEMBER_PRESENCE_PENALTY, wish->presence_penalty.size > 0},
        {MEMBER_REPETITION_PENALTY, wish->repetition_penalty.size > 0},
        {MEMBER_LOGIT_BIAS, wish->logit_bias.size > 0},
        {MEMBER_N, wish->choices > 1},
        {MEMBER_STOP, wish->stop_count > 0},
        {MEMBER_CACHE, wish->cache != CACHE_UNSET},
    };

    chat_put_json(w, MEMBER_TEMPERATURE, "temperature", wish->temperature);
    chat_put_json(w, MEMBER_TOP_P, "top_p", wish->top_p);
    chat_lose_unknown(w->losses, unknown, array_size(unknown));
}

/* Its summary is asked for where thinking is: a client that wants none is not told any. True when
 * the model thinks. */
static bool write_reasoning(struct chat_writing *w)
{
    enum chat_effort effort = chat_effort_of(&w->chat->wish);
    const char *word = w->compatible->efforts == NULL ? NULL : w->compatible->efforts[effort];

    if (effort == EFFORT_UNSET)
        return w->target->reasoning;
    if (!w->target->reasoning || word == NULL) {
        if (effort != EFFORT_NONE || w->target->reasoning)
            chat_lose(w->losses, MEMBER_REASONING);
    } else if (chat_takes(w, MEMBER_REASONING)) {
        pieces_name(w->out, "reasoning");
        pieces_begin(w->out, '{');
        pieces_put_word(w->out, "effort", word);
        if (effort != EFFORT_NONE)
            pieces_put_word(w->out, "summary", "auto");
        pieces_end(w->out, '}');
    }
    return w->target->reasoning;
}

static void write_include(struct chat_writing *w, bool thinks)
{
    bool logprobs = w->chat->wish.logprobs && chat_takes(w, MEMBER_LOGPROBS);

    if (!thinks && !logprobs)
        return;
    pieces_name(w->out, "include");
    pieces_begin(w->out, '[');
    if (thinks)
        pieces_inside(w->out, span_of("reasoning.encrypted_content"));
    if (logprobs)
        pieces_inside(w->out, span_of("message.output_text.logprobs"));
    pieces_end(w->out, ']');
    if (logprobs)
        chat_put_json(w, MEMBER_LOGPROBS, "top_logprobs", w->chat->wish.top_logprobs);
}

static void write_rest(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    chat_put_inside(w, MEMBER_SERVICE_TIER, "service_tier", wish->service_tier);
    chat_put_inside(w, MEMBER_USER, "user", wish->user);
    chat_put_json(w, MEMBER_METADATA, "metadata", wish->metadata);
    if (wish->safety.size > 0)
        chat_lose(w->losses, MEMBER_SAFETY);
    pieces_put_json(w->out, "store", span_of("false"));
    if (wish->stream)
        pieces_put_json(w->out, "stream", span_of("true"));
}

/* What OpenAI says of its models holds at Amazon too, which puts "openai." before their names. */
static const struct compatible *row_of(const struct language_target *target)
{
    static const char prefix[] = "openai.";
    struct span model = target->model;

    if (target->compatible != NULL)
        return target->compatible;
    if (span_starts(model, prefix))
        model = span_part(model, sizeof(prefix) - 1, model.size);
    return compatible_find(span_of("openai"), span_of("openai"), model);
}

enum ask_written responses_write_ask(const struct chat *chat, const struct language_target *target,
                                     struct pieces *out, struct ask_losses *losses_out)
{
    const struct compatible *row = row_of(target);
    struct chat_writing w = {.out = out,
                             .chat = chat,
                             .target = target,
                             .compatible = row,
                             .losses = losses_out,
                             .without = NOT_RESPONSES | target->without | row->without |
                                        (target->reasoning ? row->without_reasoning : 0)};

    *losses_out = (struct ask_losses){0};
    pieces_begin(out, '{');
    pieces_put_text(out, "model", target->model);
    responses_write_input(&w);
    write_tools(&w);
    write_cap(&w);
    write_text(&w);
    write_sampling(&w);
    write_include(&w, write_reasoning(&w));
    write_rest(&w);
    pieces_end(out, '}');
    return chat_written(out, losses_out);
}
