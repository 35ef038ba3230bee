/*
 * gemini_wish_write: what shapes the answer, as generationConfig, tools and toolConfig.
 *
 * What a family of models takes for how hard to think follows
 * https://ai.google.dev/gemini-api/docs/thinking and, for the words of OpenAI's effort,
 * https://ai.google.dev/gemini-api/docs/openai.
 */
#include "gateway/dialect/gemini_language.h"

#define LOST(member) (UINT64_C(1) << (member))

enum { EFFORTS = EFFORT_XHIGH + 1 };

static const struct json_limits limits_schema = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

/* By the begin of the model's name; the first that fits. */
static const struct family {
    const char *begin;
    bool always_thinks;
    const char *levels[EFFORTS]; /* by level, or … */
    int64_t budgets[EFFORTS];    /* … by tokens */
    int64_t least, most;         /* of a budget that was asked for */
} families[] = {
    {.begin = "gemini-2.5-pro",
     .always_thinks = true,
     .budgets = {0, 128, 1024, 1024, 8192, 24576, 32768},
     .least = 128,
     .most = 32768},
    {.begin = "gemini-2",
     .budgets = {0, 0, 1024, 1024, 8192, 24576, 24576},
     .least = 0,
     .most = 24576},
    {.begin = "gemini-3-pro",
     .always_thinks = true,
     .levels = {NULL, "low", "low", "low", "high", "high", "high"},
     .least = 128,
     .most = 32768},
    {.begin = "gemini-3.1-pro",
     .always_thinks = true,
     .levels = {NULL, "low", "low", "low", "medium", "high", "high"},
     .least = 128,
     .most = 32768},
    {.begin = "",
     .always_thinks = true,
     .levels = {NULL, "minimal", "minimal", "low", "medium", "high", "high"},
     .least = 0,
     .most = 32768},
};

static const struct family *family_of(struct span model)
{
    size_t i = 0;

    for (size_t at = model.size; at > 0; at--)
        if (model.at[at - 1] == '/') {
            model = span_part(model, at, model.size);
            break;
        }
    while (!span_starts(model, families[i].begin))
        i++;
    return &families[i];
}

bool gemini_thinks_by_level(struct span model)
{
    return family_of(model)->levels[EFFORT_HIGH] != NULL;
}

/* Asked not to think. */
static bool is_off(const struct chat_wish *wish)
{
    return wish->reasoning_budget == 0 ||
           (wish->reasoning_budget < 0 && wish->effort == EFFORT_NONE);
}

static void put_amount(const struct family *family, const struct chat_wish *wish, bool off,
                       struct pieces *out)
{
    enum chat_effort effort = off ? EFFORT_NONE : wish->effort;
    int64_t budget = family->budgets[effort];

    if (family->levels[effort] != NULL && (off || wish->reasoning_budget < 0)) {
        pieces_put_inside(out, "thinkingLevel", span_of(family->levels[effort]));
        return;
    }
    if (wish->reasoning_budget >= 0)
        budget = wish->reasoning_budget;
    if (budget < family->least)
        budget = family->least;
    pieces_put_int64(out, "thinkingBudget", budget > family->most ? family->most : budget);
}

static void write_thinking(const struct chat_wish *wish, const struct language_target *target,
                           struct pieces *out, uint64_t *lost)
{
    const struct family *family = family_of(target->model);
    bool off = is_off(wish);

    if (wish->reasoning_budget < 0 && wish->effort == EFFORT_UNSET)
        return;
    /* Some cannot think, and some cannot but. */
    if (off ? target->reasoning && family->always_thinks : !target->reasoning)
        *lost |= LOST(MEMBER_REASONING);
    if (!target->reasoning)
        return;
    pieces_name(out, "thinkingConfig");
    pieces_begin(out, '{');
    if (!off) {
        pieces_name(out, "includeThoughts");
        pieces_bool(out, true);
    }
    put_amount(family, wish, off, out);
    pieces_end(out, '}');
}

/* Whether a schema is in Gemini's own words ("OBJECT"), not in those of JSON Schema. */
static bool is_own_schema(struct span schema)
{
    static const char *const types[] = {"OBJECT",  "ARRAY",  "STRING",
                                        "INTEGER", "NUMBER", "BOOLEAN"};
    struct json_doc doc = json_doc_make();
    bool own = false;

    if (json_parse(&doc, schema, &limits_schema) == JSON_OK) {
        struct span type = json_inside(&doc, json_find(&doc, 0, "type"));
        for (size_t i = 0; i < array_size(types); i++)
            own |= span_is(type, types[i]);
    }
    json_doc_done(&doc);
    return own;
}

static void write_format(const struct chat *chat, const struct language_target *target,
                         struct pieces *out, uint64_t *lost)
{
    const struct chat_wish *wish = &chat->wish;

    if (wish->format == FORMAT_TEXT)
        return;
    /* Older models take tools or a format, not both. */
    if (chat->tool_count > 0 && wish->tool_choice != CHOICE_NONE &&
        !gemini_thinks_by_level(target->model)) {
        *lost |= LOST(MEMBER_RESPONSE_FORMAT);
        return;
    }
    pieces_put_inside(out, "responseMimeType", span_of("application/json"));
    if (wish->format == FORMAT_SCHEMA && wish->schema.size > 0)
        pieces_put_json(out, is_own_schema(wish->schema) ? "responseSchema" : "responseJsonSchema",
                        wish->schema);
}

static void write_stops(const struct chat_wish *wish, struct pieces *out, uint64_t *lost)
{
    uint32_t count = wish->stop_count;

    if (count > GEMINI_STOPS_MAX) {
        *lost |= LOST(MEMBER_STOP);
        count = GEMINI_STOPS_MAX;
    }
    if (count == 0)
        return;
    pieces_name(out, "stopSequences");
    pieces_begin(out, '[');
    for (uint32_t i = 0; i < count; i++)
        pieces_inside(out, wish->stops[i]);
    pieces_end(out, ']');
}

static void write_seed(const struct chat_wish *wish, struct pieces *out, uint64_t *lost)
{
    int64_t seed;

    if (wish->seed.size == 0)
        return;
    if (span_int64(wish->seed, &seed) == 0 && seed >= INT32_MIN && seed <= INT32_MAX)
        pieces_put_int64(out, "seed", seed);
    else
        *lost |= LOST(MEMBER_SEED);
}

static void write_logprobs(const struct chat_wish *wish, struct pieces *out)
{
    int64_t top;

    if (!wish->logprobs)
        return;
    pieces_name(out, "responseLogprobs");
    pieces_bool(out, true);
    if (span_int64(wish->top_logprobs, &top) == 0 && top > 0)
        pieces_put_int64(out, "logprobs", top > GEMINI_LOGPROBS_MAX ? GEMINI_LOGPROBS_MAX : top);
}

static int64_t output_tokens(const struct chat_wish *wish, const struct language_target *target)
{
    int64_t tokens = target->output_cap;

    if (wish->max_tokens >= 0 && wish->max_tokens < tokens)
        tokens = wish->max_tokens;
    if (target->output_limit > 0 && tokens > target->output_limit)
        tokens = target->output_limit;
    return tokens;
}

static void write_numbers(const struct chat_wish *wish, struct pieces *out)
{
    const struct {
        const char *name;
        struct span value;
    } rows[] = {
        {"temperature", wish->temperature},
        {"topP", wish->top_p},
        {"topK", wish->top_k},
        {"presencePenalty", wish->presence_penalty},
        {"frequencyPenalty", wish->frequency_penalty},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (rows[i].value.size > 0)
            pieces_put_json(out, rows[i].name, rows[i].value);
}

static uint64_t unspoken(const struct chat_wish *wish)
{
    uint64_t lost = 0;

    if (wish->min_p.size > 0)
        lost |= LOST(MEMBER_MIN_P);
    if (wish->repetition_penalty.size > 0)
        lost |= LOST(MEMBER_REPETITION_PENALTY);
    if (wish->logit_bias.size > 0)
        lost |= LOST(MEMBER_LOGIT_BIAS);
    if (wish->verbosity.size > 0)
        lost |= LOST(MEMBER_VERBOSITY);
    if (wish->user.size > 0)
        lost |= LOST(MEMBER_USER);
    if (wish->metadata.size > 0)
        lost |= LOST(MEMBER_METADATA);
    if (wish->cache != CACHE_UNSET)
        lost |= LOST(MEMBER_CACHE);
    return lost;
}

static void write_choice(const struct chat *chat, struct pieces *out, uint64_t *lost)
{
    static const char *const modes[] = {[CHOICE_AUTO] = "AUTO",
                                        [CHOICE_NONE] = "NONE",
                                        [CHOICE_REQUIRED] = "ANY",
                                        [CHOICE_NAMED] = "ANY"};
    const struct chat_wish *wish = &chat->wish;

    if (wish->parallel_tools == 0 && chat->tool_count > 0)
        *lost |= LOST(MEMBER_PARALLEL_TOOLS);
    if (wish->tool_choice == CHOICE_UNSET)
        return;
    if (chat->tool_count == 0) {
        if (wish->tool_choice != CHOICE_NONE && wish->tool_choice != CHOICE_AUTO)
            *lost |= LOST(MEMBER_TOOL_CHOICE);
        return;
    }
    pieces_name(out, "toolConfig");
    pieces_begin(out, '{');
    pieces_name(out, "functionCallingConfig");
    pieces_begin(out, '{');
    pieces_put_inside(out, "mode", span_of(modes[wish->tool_choice]));
    if (wish->tool_choice == CHOICE_NAMED) {
        pieces_name(out, "allowedFunctionNames");
        pieces_begin(out, '[');
        pieces_inside(out, wish->tool_name);
        pieces_end(out, ']');
    }
    pieces_end(out, '}');
    pieces_end(out, '}');
}

void gemini_write_config(const struct chat *chat, const struct language_target *target,
                         struct pieces *out, uint64_t *lost)
{
    const struct chat_wish *wish = &chat->wish;

    pieces_name(out, "generationConfig");
    pieces_begin(out, '{');
    pieces_put_int64(out, "maxOutputTokens", output_tokens(wish, target));
    if (wish->choices > 1)
        pieces_put_int64(out, "candidateCount", wish->choices);
    write_numbers(wish, out);
    write_seed(wish, out, lost);
    write_stops(wish, out, lost);
    write_logprobs(wish, out);
    write_format(chat, target, out, lost);
    write_thinking(wish, target, out, lost);
    pieces_end(out, '}');
    *lost |= unspoken(wish);
}

void gemini_write_tools(const struct chat *chat, struct pieces *out, uint64_t *lost)
{
    write_choice(chat, out, lost);
    if (chat->tool_count == 0)
        return;
    pieces_name(out, "tools");
    pieces_begin(out, '[');
    pieces_begin(out, '{');
    pieces_name(out, "functionDeclarations");
    pieces_begin(out, '[');
    for (uint32_t i = 0; i < chat->tool_count; i++) {
        const struct chat_tool *tool = &chat->tools[i];
        pieces_begin(out, '{');
        pieces_put_inside(out, "name", tool->name);
        if (tool->description.size > 0)
            pieces_put_inside(out, "description", tool->description);
        if (tool->schema.size > 0)
            pieces_put_json(out,
                            is_own_schema(tool->schema) ? "parameters" : "parametersJsonSchema",
                            tool->schema);
        pieces_end(out, '}');
        if (tool->strict == 1)
            *lost |= LOST(MEMBER_STRICT);
        if (tool->cache != CACHE_UNSET)
            *lost |= LOST(MEMBER_CACHE);
    }
    pieces_end(out, ']');
    pieces_end(out, '}');
    pieces_end(out, ']');
}
