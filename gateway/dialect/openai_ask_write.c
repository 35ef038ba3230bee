/*
 * openai_ask_write: a chat -> a body of chat completions, for OpenAI and for those compatible with
 * it. What a deployment takes more or less than OpenAI is data of the target.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/openai_writing.h"

/* What OpenAI itself does not take, or (metadata) not without storing the answer. */
#define NOT_OPENAIS                                                                                \
    (UINT64_C(1) << MEMBER_TOP_K | UINT64_C(1) << MEMBER_MIN_P |                                   \
     UINT64_C(1) << MEMBER_REPETITION_PENALTY | UINT64_C(1) << MEMBER_CACHE |                      \
     UINT64_C(1) << MEMBER_METADATA)

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

static bool write_model(struct openai_writing *w)
{
    struct buf quoted = buf_make(6 * (size_t)ASK_NAME_MAX + 2);
    bool good = json_quote(&quoted, w->target->model) == 0 &&
                arena_room(w->out->arena) > quoted.size + (size_t)64 * 1024;

    if (good)
        pieces_put_json(w->out, "model", arena_span(w->out->arena, buf_span(&quoted)));
    buf_done(&quoted);
    return good;
}

static void write_sampling(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    put_json_if(w, MEMBER_TEMPERATURE, "temperature", wish->temperature);
    put_json_if(w, MEMBER_TOP_P, "top_p", wish->top_p);
    put_json_if(w, MEMBER_TOP_K, "top_k", wish->top_k);
    put_json_if(w, MEMBER_MIN_P, "min_p", wish->min_p);
    put_json_if(w, MEMBER_SEED, "seed", wish->seed);
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

static void write_format(struct openai_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->format == FORMAT_TEXT || !openai_takes(w, MEMBER_RESPONSE_FORMAT))
        return;
    pieces_name(w->out, "response_format");
    pieces_begin(w->out, '{');
    if (wish->format == FORMAT_JSON) {
        put_string(w->out, "type", "json_object");
    } else {
        put_string(w->out, "type", "json_schema");
        pieces_name(w->out, "json_schema");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "name",
                          wish->schema_name.size > 0 ? wish->schema_name : span_of("answer"));
        pieces_put_json(w->out, "schema", wish->schema);
        if (wish->schema_strict >= 0 && openai_takes(w, MEMBER_STRICT))
            pieces_put_json(w->out, "strict", span_of(wish->schema_strict ? "true" : "false"));
        pieces_end(w->out, '}');
    }
    pieces_end(w->out, '}');
}

/* A budget becomes the effort whose usual budget it is. */
static enum chat_effort effort_of(const struct chat_wish *wish)
{
    if (wish->effort != EFFORT_UNSET || wish->reasoning_budget < 0)
        return wish->effort;
    return wish->reasoning_budget <= 2048    ? EFFORT_LOW
           : wish->reasoning_budget <= 12288 ? EFFORT_MEDIUM
                                             : EFFORT_HIGH;
}

static void write_effort(struct openai_writing *w)
{
    /* "none" and "xhigh" are words that few models take. */
    static const char *const words[] = {
        [EFFORT_UNSET] = NULL,   [EFFORT_NONE] = NULL,       [EFFORT_MINIMAL] = "minimal",
        [EFFORT_LOW] = "low",    [EFFORT_MEDIUM] = "medium", [EFFORT_HIGH] = "high",
        [EFFORT_XHIGH] = "high",
    };
    enum chat_effort effort = effort_of(&w->chat->wish);

    if (effort == EFFORT_UNSET)
        return;
    if (!w->target->reasoning || words[effort] == NULL) {
        if (effort != EFFORT_NONE || w->target->reasoning)
            w->losses->lost |= UINT64_C(1) << MEMBER_REASONING;
    } else if (openai_takes(w, MEMBER_REASONING)) {
        put_string(w->out, "reasoning_effort", words[effort]);
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

static void write_choice(struct openai_writing *w)
{
    static const char *const words[] = {[CHOICE_UNSET] = NULL,
                                        [CHOICE_AUTO] = "auto",
                                        [CHOICE_NONE] = "none",
                                        [CHOICE_REQUIRED] = "required",
                                        [CHOICE_NAMED] = NULL};
    const struct chat_wish *wish = &w->chat->wish;

    if (wish->tool_choice == CHOICE_UNSET || !openai_takes(w, MEMBER_TOOL_CHOICE))
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
    if (wish->cache != CACHE_UNSET)
        openai_write_cache(w, wish->cache);
    if (!wish->stream)
        return;
    pieces_put_json(w->out, "stream", span_of("true"));
    pieces_put_json(w->out, "stream_options", span_of("{\"include_usage\":true}"));
}

enum ask_written openai_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out)
{
    struct openai_writing w = {
        .out = out, .chat = chat, .target = target, .losses = losses_out, .outcome = ASK_WRITTEN};

    *losses_out = (struct ask_losses){0};
    pieces_begin(out, '{');
    if (!write_model(&w))
        return ASK_TOO_LARGE;
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
