/*
 * bedrock_ask_write: a chat as the body of Converse and ConverseStream, which differ in their path
 * alone.
 *
 * What the language has no word for, or the model does not take, is left out and told; a forced
 * tool goes before thinking, because the two exclude each other.
 */
#include "gateway/dialect/bedrock_ask.h"
#include "gateway/dialect/chat_effort.h"
#include "gateway/dialect/chat_text.h"

enum { BREAKPOINTS_MAX = 4, EFFORTS = EFFORT_XHIGH + 1 };

/* What becomes of the wish. */
struct plan {
    int64_t cap;        /* maxTokens */
    int64_t budget;     /* > 0: Claude's thinking of type enabled */
    const char *effort; /* in the words of the model's way of thinking; NULL: none */
    bool tools;         /* toolConfig */
    bool stand_ins;     /* of tools that are no more, but were called */
    bool schema;        /* outputConfig */
    bool thinking;      /* Claude's: it excludes others' wishes */
};

/* ---- thinking ---- */

/* The words of Claude, of Nova, of gpt-oss. Nova's "high"
 * takes no maxTokens, and an ask without a bound is none of ours. */
static const struct {
    const char *claude, *nova, *open;
} efforts[EFFORTS] = {
    [EFFORT_NONE] = {NULL, NULL, "low"},        [EFFORT_MINIMAL] = {"low", "low", "low"},
    [EFFORT_LOW] = {"low", "low", "low"},       [EFFORT_MEDIUM] = {"medium", "medium", "medium"},
    [EFFORT_HIGH] = {"high", "medium", "high"}, [EFFORT_XHIGH] = {"max", "medium", "high"},
};

static bool has_part(const struct chat *chat, uint32_t message, enum chat_part_kind kind)
{
    const struct chat_message *m = &chat->messages[message];

    for (uint32_t i = 0; i < m->count; i++)
        if (chat->parts[m->first + i].kind == kind && claude_takes(&chat->parts[m->first + i]))
            return true;
    return false;
}

/* Whether results are being answered whose calls came without thinking that can be shown again: a
 * thinking budget is refused then. */
static bool loops_without_thinking(const struct chat *chat)
{
    uint32_t at = chat->message_count;

    while (at > 0 && chat->messages[at - 1].role != CHAT_ASSISTANT &&
           (chat->messages[at - 1].role == CHAT_SYSTEM || has_part(chat, at - 1, PART_TOOL_RESULT)))
        at--;
    if (at == 0 || at == chat->message_count || chat->messages[at - 1].role != CHAT_ASSISTANT)
        return false;
    for (; at > 0 && chat->messages[at - 1].role == CHAT_ASSISTANT; at--)
        if (has_part(chat, at - 1, PART_REASONING) || has_part(chat, at - 1, PART_REDACTED))
            return false;
    return true;
}

static bool is_forced(const struct bedrock_writing *w)
{
    enum chat_choice choice = w->chat->wish.tool_choice;

    return w->chat->tool_count > 0 && (choice == CHOICE_REQUIRED || choice == CHOICE_NAMED);
}

static void plan_claude(struct bedrock_writing *w, enum chat_effort effort, struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;

    if (effort == EFFORT_NONE)
        return;
    if (w->model.thinking == THINKING_ADAPTIVE && !is_forced(w)) {
        plan->effort = effort == EFFORT_XHIGH && w->model.silent ? "xhigh" : efforts[effort].claude;
    } else if (w->model.thinking == THINKING_BUDGET && !is_forced(w) &&
               plan->cap > CHAT_BUDGET_MIN && !loops_without_thinking(w->chat)) {
        plan->budget = chat_effort_budget(wish, plan->cap);
    }
    plan->thinking = plan->effort != NULL || plan->budget > 0;
    if (!plan->thinking)
        chat_lose(w->losses, MEMBER_REASONING);
}

static void plan_thinking(struct bedrock_writing *w, struct plan *plan)
{
    enum chat_effort effort = chat_effort_of(&w->chat->wish);

    if (effort == EFFORT_UNSET)
        return;
    switch (w->model.thinking) {
    case THINKING_BUDGET:
    case THINKING_ADAPTIVE:
        plan_claude(w, effort, plan);
        break;
    case THINKING_NOVA:
        plan->effort = efforts[effort].nova;
        if (effort == EFFORT_HIGH || effort == EFFORT_XHIGH)
            chat_lose(w->losses, MEMBER_REASONING);
        break;
    case THINKING_EFFORT:
        plan->effort = efforts[effort].open;
        if (effort == EFFORT_NONE)
            chat_lose(w->losses, MEMBER_REASONING);
        break;
    case THINKING_NONE:
        if (effort != EFFORT_NONE)
            chat_lose(w->losses, MEMBER_REASONING);
        break;
    }
}

/* ---- inferenceConfig ---- */

static void write_inference(struct bedrock_writing *w, const struct plan *plan)
{
    pieces_name(w->out, "inferenceConfig");
    pieces_begin(w->out, '{');
    pieces_put_int64(w->out, "maxTokens", plan->cap);
    claude_put_sampling(w->out, &w->chat->wish,
                        (struct claude_sampling){.none = w->model.no_sampling,
                                                 .one = w->model.one_sampling,
                                                 .thinks = plan->thinking},
                        "topP", w->losses);
    claude_put_stops(w->out, &w->chat->wish, "stopSequences", w->losses);
    pieces_end(w->out, '}');
}

/* ---- what only some models take ---- */

static bool has_top_k(struct bedrock_writing *w, const struct plan *plan)
{
    bool taken = w->model.top_k != NULL && !w->model.no_sampling && !plan->thinking;

    if (w->chat->wish.top_k.size > 0 && !taken)
        chat_lose(w->losses, MEMBER_TOP_K);
    return w->chat->wish.top_k.size > 0 && taken;
}

static void write_top_k(struct bedrock_writing *w)
{
    bool nova = strcmp(w->model.top_k, "inferenceConfig") == 0;

    if (nova) {
        pieces_name(w->out, "inferenceConfig");
        pieces_begin(w->out, '{');
    }
    pieces_put_json(w->out, nova ? "topK" : w->model.top_k, w->chat->wish.top_k);
    if (nova)
        pieces_end(w->out, '}');
}

static void write_effort(struct bedrock_writing *w, const struct plan *plan)
{
    struct pieces *out = w->out;

    if (w->model.thinking == THINKING_EFFORT) {
        pieces_put_inside(out, "reasoning_effort", span_of(plan->effort));
        return;
    }
    if (w->model.thinking == THINKING_ADAPTIVE) {
        pieces_put_json(out, "thinking",
                        span_of(w->model.silent
                                    ? "{\"type\":\"adaptive\",\"display\":\"summarized\"}"
                                    : "{\"type\":\"adaptive\"}"));
        pieces_name(out, "output_config");
        pieces_begin(out, '{');
        pieces_put_inside(out, "effort", span_of(plan->effort));
    } else {
        pieces_name(out, "reasoningConfig");
        pieces_begin(out, '{');
        pieces_put_word(out, "type", "enabled");
        pieces_put_inside(out, "maxReasoningEffort", span_of(plan->effort));
    }
    pieces_end(out, '}');
}

static void write_additional(struct bedrock_writing *w, const struct plan *plan)
{
    bool top_k = has_top_k(w, plan);

    if (!top_k && plan->budget == 0 && plan->effort == NULL)
        return;
    pieces_name(w->out, "additionalModelRequestFields");
    pieces_begin(w->out, '{');
    if (top_k)
        write_top_k(w);
    if (plan->budget > 0) {
        pieces_name(w->out, "thinking");
        pieces_begin(w->out, '{');
        pieces_put_word(w->out, "type", "enabled");
        pieces_put_int64(w->out, "budget_tokens", plan->budget);
        pieces_end(w->out, '}');
    } else if (plan->effort != NULL) {
        write_effort(w, plan);
    }
    pieces_end(w->out, '}');
}

/* ---- tools ---- */

static bool has_calls(const struct chat *chat)
{
    for (uint32_t i = 0; i < chat->part_count; i++)
        if (chat->parts[i].kind == PART_TOOL_CALL || chat->parts[i].kind == PART_TOOL_RESULT)
            return true;
    return false;
}

/* No tools can be chosen only by not telling them, which calls in the history forbid. */
static void plan_tools(struct bedrock_writing *w, struct plan *plan)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool calls = has_calls(w->chat);

    plan->tools = w->chat->tool_count > 0 && (wish->tool_choice != CHOICE_NONE || calls);
    plan->stand_ins = w->chat->tool_count == 0 && calls;
    if (plan->tools && wish->tool_choice == CHOICE_NONE)
        chat_lose(w->losses, MEMBER_TOOL_CHOICE);
    if (plan->tools && wish->parallel_tools == 0)
        chat_lose(w->losses, MEMBER_PARALLEL_TOOLS);
}

static void write_tool(struct bedrock_writing *w, const struct chat_tool *tool)
{
    struct span schema =
        tool->schema.size > 0 ? tool->schema : span_of("{\"type\":\"object\",\"properties\":{}}");

    pieces_begin(w->out, '{');
    pieces_name(w->out, "toolSpec");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "name", tool->name);
    if (!chat_text_is_blank(tool->description))
        pieces_put_inside(w->out, "description", tool->description);
    pieces_name(w->out, "inputSchema");
    pieces_begin(w->out, '{');
    pieces_put_json(w->out, "json", schema);
    pieces_end(w->out, '}');
    if (tool->strict == 1 && w->model.schema)
        pieces_put_json(w->out, "strict", span_of("true"));
    else if (tool->strict == 1)
        chat_lose(w->losses, MEMBER_STRICT);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
    bedrock_write_cache(w, tool->cache);
}

static bool is_among(const struct span *names, uint32_t count, struct span name)
{
    for (uint32_t i = 0; i < count; i++)
        if (span_equal(names[i], name))
            return true;
    return false;
}

/* Calls in the history are refused where no tools are told. */
static void write_stand_ins(struct bedrock_writing *w)
{
    const struct chat *chat = w->chat;
    struct span names[LANGUAGE_TOOLS_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < chat->part_count && count < LANGUAGE_TOOLS_MAX; i++) {
        const struct chat_part *part = &chat->parts[i];
        if (part->kind != PART_TOOL_CALL || is_among(names, count, part->name))
            continue;
        names[count++] = part->name;
        write_tool(w, &(struct chat_tool){.name = part->name, .strict = -1});
    }
}

static void write_choice(struct bedrock_writing *w)
{
    const struct chat_wish *wish = &w->chat->wish;
    bool named = wish->tool_choice == CHOICE_NAMED;

    if (!is_forced(w))
        return;
    if (w->model.choice == CHOOSES_NOTHING ||
        (named && w->model.choice == CHOOSES_ANY && w->chat->tool_count > 1))
        chat_lose(w->losses, MEMBER_TOOL_CHOICE);
    if (w->model.choice == CHOOSES_NOTHING)
        return;
    pieces_name(w->out, "toolChoice");
    pieces_begin(w->out, '{');
    if (named && w->model.choice == CHOOSES_TOOL) {
        pieces_name(w->out, "tool");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "name", wish->tool_name);
        pieces_end(w->out, '}');
    } else {
        pieces_put_json(w->out, "any", span_of("{}"));
    }
    pieces_end(w->out, '}');
}

static void write_tools(struct bedrock_writing *w, const struct plan *plan)
{
    if (!plan->tools && !plan->stand_ins)
        return;
    pieces_name(w->out, "toolConfig");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "tools");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < w->chat->tool_count; i++)
        write_tool(w, &w->chat->tools[i]);
    if (plan->stand_ins)
        write_stand_ins(w);
    pieces_end(w->out, ']');
    write_choice(w);
    pieces_end(w->out, '}');
}

/* ---- the rest ---- */

/* The schema goes as a string with JSON in it. */
static void write_format(struct bedrock_writing *w, const struct plan *plan)
{
    const struct chat_json schema = {.text = w->chat->wish.schema};
    const char *const objects[] = {"outputConfig", "textFormat"};

    if (!plan->schema)
        return;
    for (size_t i = 0; i < array_size(objects); i++) {
        pieces_name(w->out, objects[i]);
        pieces_begin(w->out, '{');
    }
    pieces_put_word(w->out, "type", "json_schema");
    pieces_name(w->out, "structure");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "jsonSchema");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "schema");
    pieces_json_string(w->out, &schema);
    if (w->chat->wish.schema_name.size > 0)
        pieces_put_inside(w->out, "name", w->chat->wish.schema_name);
    for (size_t i = 0; i < 2 + array_size(objects); i++)
        pieces_end(w->out, '}');
}

static void write_tier(struct bedrock_writing *w)
{
    struct span tier = w->chat->wish.service_tier;

    if (span_is(tier, "default") || span_is(tier, "flex") || span_is(tier, "priority")) {
        pieces_name(w->out, "serviceTier");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "type", tier);
        pieces_end(w->out, '}');
    } else if (tier.size > 0 && !span_is(tier, "auto")) {
        chat_lose(w->losses, MEMBER_SERVICE_TIER);
    }
}

static void lose_unknown(struct bedrock_writing *w)
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
        {MEMBER_USER, wish->user.size > 0},
        {MEMBER_METADATA, chat_says_something(wish->metadata)},
        {MEMBER_VERBOSITY, wish->verbosity.size > 0},
        {MEMBER_SAFETY, chat_says_something(wish->safety)},
        {MEMBER_RESPONSE_FORMAT, wish->format == FORMAT_JSON},
        {MEMBER_RESPONSE_FORMAT, wish->format == FORMAT_SCHEMA && !w->model.schema},
    };

    chat_lose_unknown(w->losses, rows, array_size(rows));
}

/* Four are taken; those that stand last are the ones that matter. */
static uint32_t count_skipped(const struct chat *chat, bool tools)
{
    uint32_t count = chat->wish.cache != CACHE_UNSET ? 1 : 0;

    for (uint32_t i = 0; tools && i < chat->tool_count; i++)
        count += chat->tools[i].cache != CACHE_UNSET ? 1 : 0;
    for (uint32_t m = 0; m < chat->message_count; m++)
        for (uint32_t i = 0; i < chat->messages[m].count; i++) {
            const struct chat_part *part = &chat->parts[chat->messages[m].first + i];
            count += part->cache != CACHE_UNSET && claude_takes(part) ? 1 : 0;
        }
    return count > BREAKPOINTS_MAX ? count - BREAKPOINTS_MAX : 0;
}

enum ask_written bedrock_write_ask(const struct chat *chat, const struct language_target *target,
                                   struct pieces *out, struct ask_losses *losses_out)
{
    struct bedrock_writing w = {.out = out,
                                .chat = chat,
                                .target = target,
                                .losses = losses_out,
                                .model = bedrock_model_of(target->model)};
    struct plan plan = {.cap = chat_output_cap(target)};
    bool in_words;

    *losses_out = (struct ask_losses){0};
    plan.schema = chat->wish.format == FORMAT_SCHEMA && w.model.schema;
    in_words = chat->wish.format != FORMAT_TEXT && !plan.schema;
    plan_tools(&w, &plan);
    plan_thinking(&w, &plan);
    lose_unknown(&w);
    w.cache_skip = count_skipped(chat, plan.tools);
    pieces_begin(out, '{');
    /* Tools first: that is the order in which a cache has them. */
    write_tools(&w, &plan);
    bedrock_write_turns(&w, in_words);
    write_inference(&w, &plan);
    write_additional(&w, &plan);
    write_format(&w, &plan);
    write_tier(&w);
    pieces_end(out, '}');
    return chat_written(out, losses_out);
}
