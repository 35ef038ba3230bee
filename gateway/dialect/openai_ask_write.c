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

bool openai_takes(struct openai_writing *w, enum chat_member member)
{
    uint64_t bit = UINT64_C(1) << member;
    uint64_t without = (NOT_OPENAIS & ~w->target->extra) | w->target->without;

    if ((without & bit) == 0)
        return true;
    w->losses->lost |= bit;
    return false;
}

void openai_unspeakable(struct openai_writing *w, const char *why)
{
    if (w->outcome != ASK_WRITTEN)
        return;
    w->outcome = ASK_UNSPEAKABLE;
    w->losses->why = why;
}

static void put_string(struct pieces *out, const char *name, const char *value)
{
    pieces_put_inside(out, name, span_of(value));
}

static void put_json_if(struct openai_writing *w, enum chat_member member, const char *name,
                        struct span json)
{
    if (json.size > 0 && openai_takes(w, member))
        pieces_put_json(w->out, name, json);
}

static void put_inside_if(struct openai_writing *w, enum chat_member member, const char *name,
                          struct span inside)
{
    if (inside.size > 0 && openai_takes(w, member))
        pieces_put_inside(w->out, name, inside);
}

static void write_sampling(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    put_json_if(w, MEMBER_TEMPERATURE, "temperature", wish->temperature);
    put_json_if(w, MEMBER_TOP_P, "top_p", wish->top_p);
    put_json_if(w, MEMBER_TOP_K, "top_k", wish->top_k);
    put_json_if(w, MEMBER_MIN_P, "min_p", wish->min_p);
    put_json_if(w, MEMBER_SEED,
                w->compatible->seed_member != NULL ? w->compatible->seed_member : "seed",
                wish->seed);
    put_json_if(w, MEMBER_FREQUENCY_PENALTY, "frequency_penalty", wish->frequency_penalty);
    put_json_if(w, MEMBER_PRESENCE_PENALTY, "presence_penalty", wish->presence_penalty);
    put_json_if(w, MEMBER_REPETITION_PENALTY, "repetition_penalty", wish->repetition_penalty);
    put_json_if(w, MEMBER_LOGIT_BIAS, "logit_bias", wish->logit_bias);
    if (wish->logprobs && openai_takes(w, MEMBER_LOGPROBS)) {
        pieces_put_json(w->out, "logprobs", span_of("true"));
        put_json_if(w, MEMBER_LOGPROBS, "top_logprobs", wish->top_logprobs);
    }
    if (wish->choices > 1 && openai_takes(w, MEMBER_N))
        pieces_put_int64(w->out, "n", wish->choices);
}

static void write_stop(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->stop_count == 0 || !openai_takes(w, MEMBER_STOP))
        return;
    pieces_name(w->out, "stop");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < wish->stop_count; i++)
        pieces_inside(w->out, wish->stops[i]);
    pieces_end(w->out, ']');
}

static void write_cap(struct openai_writing *w)
{
    const struct language_target *target = w->target;
    int64_t cap = target->output_cap;

    if (target->output_limit > 0 && cap > target->output_limit)
        cap = target->output_limit;
    if (cap > 0)
        pieces_put_int64(w->out,
                         target->tokens_member != NULL ? target->tokens_member : "max_tokens", cap);
}

static void write_schema(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    put_string(w->out, "type", "json_schema");
    pieces_name(w->out, "json_schema");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name",
                      wish->schema_name.size > 0 ? wish->schema_name : span_of("answer"));
    pieces_put_json(w->out, "schema",
                    wish->format == FORMAT_SCHEMA ? wish->schema
                                                  : span_of("{\"type\":\"object\"}"));
    if (wish->schema_strict >= 0 && openai_takes(w, MEMBER_STRICT))
        pieces_put_json(w->out, "strict", span_of(wish->schema_strict ? "true" : "false"));
    pieces_end(w->out, '}');
}

/* A schema is told as JSON alone where there are none, and lost; JSON as the widest schema. */
static void write_format(struct openai_writing *w)
{
    enum chat_format format = w->chat->wish.format;
    uint32_t not = w->compatible->formats_not;

    if (format == FORMAT_TEXT || !openai_takes(w, MEMBER_RESPONSE_FORMAT))
        return;
    if (format == FORMAT_SCHEMA && (not >> FORMAT_SCHEMA & 1) != 0)
        w->losses->lost |= UINT64_C(1) << MEMBER_RESPONSE_FORMAT;
    if ((not >> format & 1) != 0)
        format = format == FORMAT_SCHEMA ? FORMAT_JSON : FORMAT_SCHEMA;
    pieces_name(w->out, "response_format");
    pieces_begin(w->out, '{');
    if (format == FORMAT_JSON)
        put_string(w->out, "type", "json_object");
    else
        write_schema(w);
    pieces_end(w->out, '}');
}

static bool is_demanded(const struct chat_wish *wish)
{
    return wish->tool_choice == CHOICE_REQUIRED || wish->tool_choice == CHOICE_NAMED;
}

/* Where a tool can not be demanded of a model that thinks, and thinking can be turned off. */
static bool must_not_think(const struct openai_writing *w)
{
    return w->compatible->choice_or_thinking && w->compatible->thinking_off != NULL &&
           w->target->reasoning && w->chat->tool_count > 0 && is_demanded(&w->chat->wish);
}

static void lose_reasoning(struct openai_writing *w)
{
    w->losses->lost |= UINT64_C(1) << MEMBER_REASONING;
}

static void write_no_thinking(struct openai_writing *w)
{
    if (w->compatible->efforts != NULL && w->compatible->efforts[EFFORT_NONE] != NULL)
        put_string(w->out, "reasoning_effort", w->compatible->efforts[EFFORT_NONE]);
    else if (w->compatible->thinking_off != NULL)
        pieces_json(w->out, span_of(w->compatible->thinking_off));
    else
        lose_reasoning(w);
}

static void write_thinking(struct openai_writing *w, enum chat_effort effort)
{
    const struct compatible *compatible = w->compatible;
    bool told = false;

    if (compatible->thinking_on != NULL) {
        pieces_json(w->out, span_of(compatible->thinking_on));
        told = true;
    }
    if (compatible->efforts != NULL && compatible->efforts[effort] != NULL) {
        put_string(w->out, "reasoning_effort", compatible->efforts[effort]);
        told = true;
    } else if (compatible->budget_member != NULL) {
        pieces_put_int64(w->out, compatible->budget_member,
                         chat_effort_budget(&w->chat->wish, w->target->output_cap));
    }
    if (!told)
        lose_reasoning(w);
}

static void write_effort(struct openai_writing *w)
{
    enum chat_effort effort = chat_effort_of(&w->chat->wish);
    bool asked = effort != EFFORT_UNSET && effort != EFFORT_NONE;

    if (must_not_think(w)) {
        if (asked)
            lose_reasoning(w);
        effort = EFFORT_NONE;
    }
    if (effort == EFFORT_UNSET || (effort == EFFORT_NONE && !w->target->reasoning))
        return;
    if (!w->target->reasoning)
        lose_reasoning(w);
    else if (openai_takes(w, MEMBER_REASONING)) {
        if (effort == EFFORT_NONE)
            write_no_thinking(w);
        else
            write_thinking(w, effort);
    }
}

static void write_tool(struct openai_writing *w, const struct chat_tool *tool)
{
    pieces_begin(w->out, '{');
    put_string(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", tool->name);
    if (tool->description.size > 0)
        pieces_put_inside(w->out, "description", tool->description);
    pieces_put_json(w->out, "parameters",
                    tool->schema.size > 0 ? tool->schema
                                          : span_of("{\"type\":\"object\",\"properties\":{}}"));
    if (tool->strict >= 0 && openai_takes(w, MEMBER_STRICT))
        pieces_put_json(w->out, "strict", span_of(tool->strict ? "true" : "false"));
    pieces_end(w->out, '}');
    openai_write_cache(w, tool->cache);
    pieces_end(w->out, '}');
}

/* What the model does anyway need not be told: "auto" is refused by some that think. */
static bool choice_goes(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool thinks = w->compatible->choice_or_thinking && w->target->reasoning;

    if (wish->tool_choice == CHOICE_UNSET || (wish->tool_choice == CHOICE_AUTO && thinks) ||
        (wish->tool_choice == CHOICE_AUTO && (w->compatible->choices_not >> CHOICE_AUTO & 1) != 0))
        return false;
    if ((w->compatible->choices_not >> wish->tool_choice & 1) != 0 ||
        (thinks && is_demanded(wish) && w->compatible->thinking_off == NULL)) {
        w->losses->lost |= UINT64_C(1) << MEMBER_TOOL_CHOICE;
        return false;
    }
    return openai_takes(w, MEMBER_TOOL_CHOICE);
}

static void write_choice(struct openai_writing *w)
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
        put_string(w->out, "tool_choice", words[wish->tool_choice]);
        return;
    }
    pieces_name(w->out, "tool_choice");
    pieces_begin(w->out, '{');
    put_string(w->out, "type", "function");
    pieces_name(w->out, "function");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", wish->tool_name);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_tools(struct openai_writing *w)
{
    if (w->chat->tool_count == 0)
        return;
    if (w->compatible->no_tools)
        openai_unspeakable(w, "tools");
    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        write_tool(w, &w->chat->tools[i]);
    pieces_end(w->out, ']');
    write_choice(w);
    if (w->chat->wish.parallel_tools >= 0 && openai_takes(w, MEMBER_PARALLEL_TOOLS))
        pieces_put_json(w->out, "parallel_tool_calls",
                        span_of(w->chat->wish.parallel_tools ? "true" : "false"));
}

static void write_rest(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    put_inside_if(w, MEMBER_VERBOSITY, "verbosity", wish->verbosity);
    put_inside_if(w, MEMBER_SERVICE_TIER, "service_tier", wish->service_tier);
    put_inside_if(w, MEMBER_USER, "user", wish->user);
    put_json_if(w, MEMBER_METADATA, "metadata", wish->metadata);
    put_json_if(w, MEMBER_SAFETY, "safety_settings", wish->safety);
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
    struct openai_writing w = {.out = out,
                               .chat = chat,
                               .target = target,
                               .compatible = target->compatible,
                               .losses = losses_out,
                               .outcome = ASK_WRITTEN};

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
    if (w.outcome == ASK_WRITTEN && out->failed)
        return ASK_TOO_LARGE;
    return w.outcome;
}
