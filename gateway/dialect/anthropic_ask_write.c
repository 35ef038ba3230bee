/*
 * anthropic_ask_write: a chat as the body of Anthropic's Messages API.
 *
 * What the language has no word for, or the model does not take, is left out and told; a forced
 * tool goes before thinking, because the two exclude each other.
 */
#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/chat_effort.h"

enum { BREAKPOINTS_MAX = 4, EFFORTS = EFFORT_XHIGH + 1 };

/* What becomes of the wish. */
struct plan {
    struct anthropic_model model;
    int64_t cap;        /* max_tokens */
    int64_t budget;     /* > 0: thinking of type enabled */
    bool adaptive;      /* thinking of type adaptive */
    bool disabled;      /* thinking switched off in so many words */
    const char *effort; /* output_config.effort; NULL: none */
    bool schema_tool;   /* a tool stands for the schema */
    struct span schema; /* output_config.format; empty: none */
    struct span forced; /* tool_choice: that tool */
    bool any;           /* tool_choice: any tool */
};

static bool is_thinking(const struct plan *plan)
{
    return plan->budget > 0 || plan->adaptive;
}

/* ---- thinking ---- */

static const char *const efforts[EFFORTS] = {
    [EFFORT_MINIMAL] = "low", [EFFORT_LOW] = "low",   [EFFORT_MEDIUM] = "medium",
    [EFFORT_HIGH] = "high",   [EFFORT_XHIGH] = "max",
};

static void plan_thinking(struct anthropic_writing *w, const struct language_target *target,
                          struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;
    enum chat_effort effort = chat_effort_of(wish);
    bool forced = plan->forced.size > 0 || plan->any;

    if (effort == EFFORT_UNSET)
        return;
    if (effort == EFFORT_NONE) {
        plan->disabled = plan->model.adaptive && !plan->model.always;
        return;
    }
    if (target->reasoning && plan->model.adaptive) {
        plan->effort = effort == EFFORT_XHIGH && plan->model.xhigh ? "xhigh" : efforts[effort];
        plan->adaptive = !forced;
    } else if (target->reasoning && plan->model.budget && !forced && plan->cap > CHAT_BUDGET_MIN &&
               !anthropic_loop_without_thinking(w->chat)) {
        plan->budget = chat_effort_budget(wish, plan->cap);
    }
    if (!is_thinking(plan))
        chat_lose(w->losses, MEMBER_REASONING);
}

/* ---- tools and the format ---- */

static void plan_tools(struct anthropic_writing *w, struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;
    struct anthropic_schema schema = {.open = true};
    bool tools = w->chat->tool_count > 0;

    if (tools && wish->tool_choice == CHOICE_NAMED)
        plan->forced = wish->tool_name;
    else if (tools && wish->tool_choice == CHOICE_REQUIRED)
        plan->any = true;
    if (wish->format == FORMAT_JSON)
        chat_lose(w->losses, MEMBER_RESPONSE_FORMAT); /* asked for in words, not enforced */
    if (wish->format != FORMAT_SCHEMA)
        return;
    if (plan->model.schema)
        schema = anthropic_schema_of(wish->schema, w->out->arena);
    if (!schema.open) {
        plan->schema = schema.text;
        if (schema.loosened)
            chat_lose(w->losses, MEMBER_RESPONSE_FORMAT);
    } else if (plan->forced.size > 0) {
        chat_lose(w->losses, MEMBER_RESPONSE_FORMAT);
    } else {
        plan->schema_tool = true;
        plan->any = tools && wish->tool_choice != CHOICE_NONE;
        if (!plan->any)
            plan->forced = span_of(ANTHROPIC_SCHEMA_TOOL);
    }
}

static void write_choice(struct anthropic_writing *w, const struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool none = w->chat->tool_count == 0 || wish->tool_choice == CHOICE_NONE;
    bool one_at_a_time = w->chat->tool_count > 0 && wish->parallel_tools == 0;
    const char *type = plan->forced.size > 0 ? "tool" : plan->any ? "any" : none ? "none" : "auto";

    if (wish->tool_choice == CHOICE_UNSET && !one_at_a_time && w->chat->tool_count > 0 &&
        !plan->schema_tool)
        return;
    pieces_name(w->out, "tool_choice");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "type", span_of(type));
    if (plan->forced.size > 0)
        pieces_put_inside(w->out, "name", plan->forced);
    if (one_at_a_time && strcmp(type, "none") != 0)
        pieces_put_json(w->out, "disable_parallel_tool_use", span_of("true"));
    pieces_end(w->out, '}');
}

static void write_tools(struct anthropic_writing *w, const struct plan *plan)
{
    if (w->chat->tool_count == 0 && !plan->schema_tool && !anthropic_has_calls(w->chat))
        return;
    anthropic_write_tools(w, plan->schema_tool);
    write_choice(w, plan);
}

static void write_thinking(struct anthropic_writing *w, const struct plan *plan)
{
    if (plan->budget > 0) {
        pieces_name(w->out, "thinking");
        pieces_begin(w->out, '{');
        pieces_put_word(w->out, "type", "enabled");
        pieces_put_int64(w->out, "budget_tokens", plan->budget);
        pieces_end(w->out, '}');
    } else if (plan->adaptive) {
        pieces_put_json(w->out, "thinking",
                        span_of(plan->model.silent
                                    ? "{\"type\":\"adaptive\",\"display\":\"summarized\"}"
                                    : "{\"type\":\"adaptive\"}"));
    } else if (plan->disabled) {
        pieces_put_json(w->out, "thinking", span_of("{\"type\":\"disabled\"}"));
    }
}

static void write_output_config(struct anthropic_writing *w, const struct plan *plan)
{
    if (plan->schema.size == 0 && plan->effort == NULL)
        return;
    pieces_name(w->out, "output_config");
    pieces_begin(w->out, '{');
    if (plan->effort != NULL)
        pieces_put_inside(w->out, "effort", span_of(plan->effort));
    if (plan->schema.size > 0) {
        pieces_name(w->out, "format");
        pieces_begin(w->out, '{');
        pieces_put_word(w->out, "type", "json_schema");
        pieces_put_json(w->out, "schema", plan->schema);
        pieces_end(w->out, '}');
    }
    pieces_end(w->out, '}');
}

/* ---- sampling ---- */

static void write_sampling(struct anthropic_writing *w, const struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;
    struct claude_sampling rules = {.none = plan->model.no_sampling,
                                    .one = plan->model.one_sampling,
                                    .thinks = is_thinking(plan)};
    bool free = !rules.none && !rules.thinks;

    claude_put_sampling(w->out, wish, rules, "top_p", w->losses);
    if (wish->top_k.size > 0 && free)
        pieces_put_json(w->out, "top_k", wish->top_k);
    else if (wish->top_k.size > 0)
        chat_lose(w->losses, MEMBER_TOP_K);
}

static void write_rest(struct anthropic_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;

    claude_put_stops(w->out, &w->chat->wish, "stop_sequences", w->losses);
    if (wish->user.size > 0) {
        pieces_name(w->out, "metadata");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "user_id", wish->user);
        pieces_end(w->out, '}');
    }
    if (span_is(wish->service_tier, "default") || span_is(wish->service_tier, "standard_only"))
        pieces_put_word(w->out, "service_tier", "standard_only");
    else if (span_is(wish->service_tier, "auto"))
        pieces_put_word(w->out, "service_tier", "auto");
    else if (wish->service_tier.size > 0)
        chat_lose(w->losses, MEMBER_SERVICE_TIER);
    anthropic_write_cache(w, wish->cache);
    if (wish->stream)
        pieces_put_json(w->out, "stream", span_of("true"));
}

/* ---- what has no word here ---- */

static void lose_unknown(struct anthropic_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    const struct chat_unknown rows[] = {
        {MEMBER_MIN_P, chat_says_something(wish->min_p)},
        {MEMBER_SEED, wish->seed.size > 0},
        {MEMBER_FREQUENCY_PENALTY, chat_says_something(wish->frequency_penalty)},
        {MEMBER_PRESENCE_PENALTY, chat_says_something(wish->presence_penalty)},
        {MEMBER_REPETITION_PENALTY, chat_says_something(wish->repetition_penalty)},
        {MEMBER_LOGIT_BIAS, chat_says_something(wish->logit_bias)},
        {MEMBER_LOGPROBS, wish->logprobs},
        {MEMBER_N, wish->choices > 1},
        {MEMBER_METADATA, chat_says_something(wish->metadata)},
        {MEMBER_VERBOSITY, wish->verbosity.size > 0},
        {MEMBER_SAFETY, chat_says_something(wish->safety)},
    };

    chat_lose_unknown(w->losses, rows, array_size(rows));
}

static uint32_t count_breakpoints(const struct chat *chat)
{
    uint32_t count = chat->wish.cache != CACHE_UNSET ? 1 : 0;

    for (uint32_t i = 0; i < chat->tool_count; i++)
        count += chat->tools[i].cache != CACHE_UNSET ? 1 : 0;
    for (uint32_t i = 0; i < chat->part_count; i++)
        count += chat->parts[i].cache != CACHE_UNSET ? 1 : 0;
    return count;
}

enum ask_written anthropic_write_ask(const struct chat *chat, const struct language_target *target,
                                     bool vertex, struct pieces *out, struct ask_losses *losses_out)
{
    struct plan plan = {.model = anthropic_model_of(target->model), .cap = target->output_cap};
    struct anthropic_writing w = {.out = out, .chat = chat, .losses = losses_out};
    uint32_t breakpoints = count_breakpoints(chat);

    *losses_out = (struct ask_losses){0};
    w.strict_tools = plan.model.schema;
    w.cache_skip = breakpoints > BREAKPOINTS_MAX ? breakpoints - BREAKPOINTS_MAX : 0;
    plan_tools(&w, &plan);
    plan_thinking(&w, target, &plan);
    pieces_begin(out, '{');
    if (vertex)
        pieces_put_inside(out, "anthropic_version", span_of(ANTHROPIC_VERTEX_VERSION));
    else
        pieces_put_text(out, "model", target->model);
    pieces_put_int64(out, "max_tokens", plan.cap);
    write_tools(&w, &plan);
    anthropic_write_system(&w, chat->wish.format == FORMAT_JSON
                                   ? span_of("Answer with one JSON object and nothing else.")
                                   : (struct span){0});
    anthropic_write_turns(&w);
    write_thinking(&w, &plan);
    write_output_config(&w, &plan);
    write_sampling(&w, &plan);
    write_rest(&w);
    pieces_end(out, '}');
    lose_unknown(&w);
    return chat_written(out, losses_out);
}
