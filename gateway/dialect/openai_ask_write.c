/*
 * openai_ask_write: a chat -> a body of chat completions, for OpenAI and for those compatible with
 * it. What a deployment takes more or less than OpenAI is data of the target.
 */
#include "gateway/dialect/chat_effort.h"
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/openai_writing.h"

/* What OpenAI itself does not take, or (metadata) not without storing the answer. */
#define NOT_OPENAIS                                                                                \
    (UINT64_C(1) << MEMBER_TOP_K | UINT64_C(1) << MEMBER_MIN_P |                                   \
     UINT64_C(1) << MEMBER_REPETITION_PENALTY | UINT64_C(1) << MEMBER_CACHE |                      \
     UINT64_C(1) << MEMBER_METADATA | UINT64_C(1) << MEMBER_SAFETY)

static void write_sampling(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    chat_put_json(w, MEMBER_TEMPERATURE, "temperature", wish->temperature);
    chat_put_json(w, MEMBER_TOP_P, "top_p", wish->top_p);
    chat_put_json(w, MEMBER_TOP_K, "top_k", wish->top_k);
    chat_put_json(w, MEMBER_MIN_P, "min_p", wish->min_p);
    chat_put_json(w, MEMBER_SEED,
                  w->compatible->seed_member != NULL ? w->compatible->seed_member : "seed",
                  wish->seed);
    chat_put_json(w, MEMBER_FREQUENCY_PENALTY, "frequency_penalty", wish->frequency_penalty);
    chat_put_json(w, MEMBER_PRESENCE_PENALTY, "presence_penalty", wish->presence_penalty);
    chat_put_json(w, MEMBER_REPETITION_PENALTY, "repetition_penalty", wish->repetition_penalty);
    chat_put_json(w, MEMBER_LOGIT_BIAS, "logit_bias", wish->logit_bias);
    if (wish->logprobs && chat_takes(w, MEMBER_LOGPROBS)) {
        pieces_put_json(w->out, "logprobs", span_of("true"));
        chat_put_json(w, MEMBER_LOGPROBS, "top_logprobs", wish->top_logprobs);
    }
    if (wish->choices > 1 && chat_takes(w, MEMBER_N))
        pieces_put_int64(w->out, "n", wish->choices);
}

static void write_stop(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->stop_count == 0 || !chat_takes(w, MEMBER_STOP))
        return;
    pieces_name(w->out, "stop");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < wish->stop_count; i++)
        pieces_inside(w->out, wish->stops[i]);
    pieces_end(w->out, ']');
}

static void write_cap(struct chat_writing *w)
{
    const char *member = w->target->tokens_member;
    int64_t cap = chat_output_cap(w->target);

    if (cap > 0)
        pieces_put_int64(w->out, member != NULL ? member : "max_tokens", cap);
}

static void write_schema(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    pieces_put_word(w->out, "type", "json_schema");
    pieces_name(w->out, "json_schema");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name",
                      wish->schema_name.size > 0 ? wish->schema_name : span_of("answer"));
    pieces_put_json(w->out, "schema",
                    wish->format == FORMAT_SCHEMA ? wish->schema
                                                  : span_of("{\"type\":\"object\"}"));
    chat_put_strict(w, wish->schema_strict);
    pieces_end(w->out, '}');
}

/* A schema is told as JSON alone where there are none, and lost; JSON as the widest schema. */
static void write_format(struct chat_writing *w)
{
    enum chat_format format = w->chat->wish.format;
    uint32_t not = w->compatible->formats_not;

    if (format == FORMAT_TEXT || !chat_takes(w, MEMBER_RESPONSE_FORMAT))
        return;
    if (format == FORMAT_SCHEMA && (not >> FORMAT_SCHEMA & 1) != 0)
        chat_lose(w->losses, MEMBER_RESPONSE_FORMAT);
    if ((not >> format & 1) != 0)
        format = format == FORMAT_SCHEMA ? FORMAT_JSON : FORMAT_SCHEMA;
    pieces_name(w->out, "response_format");
    pieces_begin(w->out, '{');
    if (format == FORMAT_JSON)
        pieces_put_word(w->out, "type", "json_object");
    else
        write_schema(w);
    pieces_end(w->out, '}');
}

static bool is_demanded(const struct chat_wish *wish)
{
    return wish->tool_choice == CHOICE_REQUIRED || wish->tool_choice == CHOICE_NAMED;
}

/* Where a tool can not be demanded of a model that thinks, and thinking can be turned off. */
static bool must_not_think(const struct chat_writing *w)
{
    return w->compatible->choice_or_thinking && w->compatible->thinking_off != NULL &&
           w->target->reasoning && w->chat->tool_count > 0 && is_demanded(&w->chat->wish);
}

static void write_no_thinking(struct chat_writing *w)
{
    if (w->compatible->efforts != NULL && w->compatible->efforts[EFFORT_NONE] != NULL)
        pieces_put_word(w->out, "reasoning_effort", w->compatible->efforts[EFFORT_NONE]);
    else if (w->compatible->thinking_off != NULL)
        pieces_json(w->out, span_of(w->compatible->thinking_off));
    else
        chat_lose(w->losses, MEMBER_REASONING);
}

static void write_thinking(struct chat_writing *w, enum chat_effort effort)
{
    const struct compatible *compatible = w->compatible;
    bool told = false;

    if (compatible->thinking_on != NULL) {
        pieces_json(w->out, span_of(compatible->thinking_on));
        told = true;
    }
    if (compatible->efforts != NULL && compatible->efforts[effort] != NULL) {
        pieces_put_word(w->out, "reasoning_effort", compatible->efforts[effort]);
        told = true;
    } else if (compatible->budget_member != NULL) {
        pieces_put_int64(w->out, compatible->budget_member,
                         chat_effort_budget(&w->chat->wish, w->target->output_cap));
    }
    if (!told)
        chat_lose(w->losses, MEMBER_REASONING);
}

static void write_effort(struct chat_writing *w)
{
    enum chat_effort effort = chat_effort_of(&w->chat->wish);
    bool asked = effort != EFFORT_UNSET && effort != EFFORT_NONE;

    if (must_not_think(w)) {
        if (asked)
            chat_lose(w->losses, MEMBER_REASONING);
        effort = EFFORT_NONE;
    }
    if (effort == EFFORT_UNSET || (effort == EFFORT_NONE && !w->target->reasoning))
        return;
    if (!w->target->reasoning)
        chat_lose(w->losses, MEMBER_REASONING);
    else if (chat_takes(w, MEMBER_REASONING)) {
        if (effort == EFFORT_NONE)
            write_no_thinking(w);
        else
            write_thinking(w, effort);
    }
}

static void write_tool(struct chat_writing *w, const struct chat_tool *tool)
{
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    chat_put_function(w->out, tool);
    chat_put_strict(w, tool->strict);
    pieces_end(w->out, '}');
    openai_write_cache(w, tool->cache);
    pieces_end(w->out, '}');
}

/* What the model does anyway need not be told: "auto" is refused by some that think. */
static bool choice_goes(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool thinks = w->compatible->choice_or_thinking && w->target->reasoning;

    if (wish->tool_choice == CHOICE_UNSET || (wish->tool_choice == CHOICE_AUTO && thinks) ||
        (wish->tool_choice == CHOICE_AUTO && (w->compatible->choices_not >> CHOICE_AUTO & 1) != 0))
        return false;
    if ((w->compatible->choices_not >> wish->tool_choice & 1) != 0 ||
        (thinks && is_demanded(wish) && w->compatible->thinking_off == NULL)) {
        chat_lose(w->losses, MEMBER_TOOL_CHOICE);
        return false;
    }
    return chat_takes(w, MEMBER_TOOL_CHOICE);
}

static void write_choice(struct chat_writing *w)
{
    const char *required =
        w->compatible->required_word != NULL ? w->compatible->required_word : "required";
    const char *const words[] = {[CHOICE_UNSET] = NULL,
                                 [CHOICE_AUTO] = "auto",
                                 [CHOICE_NONE] = "none",
                                 [CHOICE_REQUIRED] = required,
                                 [CHOICE_NAMED] = NULL};
    const struct chat_wish *wish = &w->chat->wish;

    if (!choice_goes(w))
        return;
    if (words[wish->tool_choice] != NULL) {
        pieces_put_word(w->out, "tool_choice", words[wish->tool_choice]);
        return;
    }
    pieces_name(w->out, "tool_choice");
    pieces_begin(w->out, '{');
    pieces_put_word(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", wish->tool_name);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_tools(struct chat_writing *w)
{
    if (w->chat->tool_count == 0)
        return;
    if (w->compatible->no_tools)
        chat_refuse(w->losses, "tools");
    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        write_tool(w, &w->chat->tools[i]);
    pieces_end(w->out, ']');
    write_choice(w);
    if (w->chat->wish.parallel_tools >= 0 && chat_takes(w, MEMBER_PARALLEL_TOOLS))
        pieces_put_json(w->out, "parallel_tool_calls",
                        span_of(w->chat->wish.parallel_tools ? "true" : "false"));
}

static void write_rest(struct chat_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    chat_put_inside(w, MEMBER_VERBOSITY, "verbosity", wish->verbosity);
    chat_put_inside(w, MEMBER_SERVICE_TIER, "service_tier", wish->service_tier);
    chat_put_inside(w, MEMBER_USER, "user", wish->user);
    chat_put_json(w, MEMBER_METADATA, "metadata", wish->metadata);
    chat_put_json(w, MEMBER_SAFETY, "safety_settings", wish->safety);
    if (wish->cache != CACHE_UNSET)
        openai_write_cache(w, wish->cache);
    if (w->chat->goes_on && w->compatible->prefill_members != NULL)
        pieces_json(w->out, span_of(w->compatible->prefill_members));
    if (!wish->stream)
        return;
    pieces_put_json(w->out, "stream", span_of("true"));
    if (!w->compatible->no_stream_options)
        pieces_put_json(w->out, "stream_options", span_of("{\"include_usage\":true}"));
}

enum ask_written openai_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out)
{
    struct chat_writing w = {.out = out,
                             .chat = chat,
                             .target = target,
                             .compatible = target->compatible,
                             .losses = losses_out,
                             .without = (NOT_OPENAIS & ~target->extra) | target->without};

    if (w.compatible == NULL)
        w.compatible = compatible_find(span_of("openai"), span_of("openai"), (struct span){0});

    *losses_out = (struct ask_losses){0};
    pieces_begin(out, '{');
    pieces_put_text(out, "model", target->model);
    openai_write_messages(&w);
    write_tools(&w);
    write_cap(&w);
    write_sampling(&w);
    write_stop(&w);
    write_format(&w);
    write_effort(&w);
    write_rest(&w);
    pieces_end(out, '}');
    return chat_written(out, losses_out);
}
