/*
 * gemini_ask_read: the body of a client of generateContent as a chat. The model and whether it is
 * streamed stand in the path, which this does not see.
 */
#include <errno.h>

#include "gateway/dialect/gemini_reading.h"

enum { COUNT_MAX = 10000000, CANDIDATES_MAX = 8 };

bool gemini_refuse(struct gemini_reading *r, const char *member, const char *why)
{
    if (r->why == NULL) {
        r->why = why;
        r->member = member;
    }
    return false;
}

void *gemini_take(struct gemini_reading *r, size_t count, size_t size)
{
    if (arena_room(r->arena) / size < count + 1) {
        (void)gemini_refuse(r, "contents", "The request has more parts than can be read.");
        return NULL;
    }
    return arena_array(r->arena, count, size);
}

uint32_t gemini_find(const struct json_doc *doc, uint32_t object, const char *camel,
                     const char *snake)
{
    uint32_t node = json_find(doc, object, camel);

    return node == JSON_NONE ? json_find(doc, object, snake) : node;
}

static bool read_number(struct gemini_reading *r, uint32_t config, const char *camel,
                        const char *snake, struct span *text_out)
{
    uint32_t node = gemini_find(r->doc, config, camel, snake);

    if (json_is_null(r->doc, node))
        return true;
    if (json_kind(r->doc, node) != JSON_NUMBER)
        return gemini_refuse(r, "generationConfig", "A number was expected.");
    *text_out = json_raw(r->doc, node);
    return true;
}

static bool read_count(struct gemini_reading *r, uint32_t config, const char *camel,
                       const char *snake, int64_t *count_out)
{
    uint32_t node = gemini_find(r->doc, config, camel, snake);

    if (json_is_null(r->doc, node))
        return true;
    if (json_int64(r->doc, node, count_out) != 0 || *count_out < 1 || *count_out > COUNT_MAX)
        return gemini_refuse(r, "generationConfig", "A whole number above 0 was expected.");
    return true;
}

static bool read_numbers(struct gemini_reading *r, uint32_t config)
{
    struct chat_wish *wish = &r->chat->wish;

    return read_number(r, config, "temperature", "temperature", &wish->temperature) &&
           read_number(r, config, "topP", "top_p", &wish->top_p) &&
           read_number(r, config, "topK", "top_k", &wish->top_k) &&
           read_number(r, config, "seed", "seed", &wish->seed) &&
           read_number(r, config, "presencePenalty", "presence_penalty", &wish->presence_penalty) &&
           read_number(r, config, "frequencyPenalty", "frequency_penalty",
                       &wish->frequency_penalty) &&
           read_number(r, config, "logprobs", "logprobs", &wish->top_logprobs) &&
           read_count(r, config, "maxOutputTokens", "max_output_tokens", &wish->max_tokens) &&
           read_count(r, config, "candidateCount", "candidate_count", &wish->choices) &&
           (wish->choices <= CANDIDATES_MAX || gemini_refuse(r, "generationConfig.candidateCount",
                                                             "candidateCount must be at most 8."));
}

static bool read_stops(struct gemini_reading *r, uint32_t stops)
{
    struct chat_wish *wish = &r->chat->wish;

    if (json_is_null(r->doc, stops))
        return true;
    if (json_kind(r->doc, stops) != JSON_ARRAY || json_count(r->doc, stops) > CHAT_STOPS_MAX)
        return gemini_refuse(r, "generationConfig.stopSequences",
                             "stopSequences must be a list of at most 16 texts.");
    for (uint32_t one = json_first(r->doc, stops); one != JSON_NONE;
         one = json_after(r->doc, stops, one)) {
        struct span text = json_inside(r->doc, one);
        if (text.size > 0)
            wish->stops[wish->stop_count++] = text;
    }
    return true;
}

static bool read_format(struct gemini_reading *r, uint32_t config)
{
    const struct json_doc *doc = r->doc;
    struct chat_wish *wish = &r->chat->wish;
    struct span type =
        json_inside(doc, gemini_find(doc, config, "responseMimeType", "response_mime_type"));
    uint32_t schema = gemini_find(doc, config, "responseJsonSchema", "response_json_schema");
    uint32_t own = gemini_find(doc, config, "responseSchema", "response_schema");

    if (type.size == 0 || span_is(type, "text/plain"))
        return true;
    if (!span_is(type, "application/json"))
        return gemini_refuse(r, "generationConfig.responseMimeType",
                             "responseMimeType must be text/plain or application/json for a model "
                             "of another provider.");
    wish->format = FORMAT_JSON;
    if (schema == JSON_NONE)
        schema = json_find(doc, config, "_responseJsonSchema");
    if (json_is(doc, schema, JSON_OBJECT))
        wish->schema = json_raw(doc, schema);
    else if (json_is(doc, own, JSON_OBJECT))
        wish->schema = gemini_json_schema(r, own);
    if (wish->schema.size > 0) {
        wish->format = FORMAT_SCHEMA;
        wish->schema_name = span_of("response");
    }
    return r->why == NULL;
}

static bool read_modalities(struct gemini_reading *r, uint32_t list)
{
    for (uint32_t one = json_is(r->doc, list, JSON_ARRAY) ? json_first(r->doc, list) : JSON_NONE;
         one != JSON_NONE; one = json_after(r->doc, list, one))
        if (!span_is_nocase(json_inside(r->doc, one), "TEXT"))
            return gemini_refuse(r, "generationConfig.responseModalities",
                                 "Only the modality TEXT can be had from a model of another "
                                 "provider.");
    return true;
}

static bool read_thinking(struct gemini_reading *r, uint32_t thinking)
{
    static const struct {
        const char *word;
        enum chat_effort effort;
    } levels[] = {{"MINIMAL", EFFORT_MINIMAL},
                  {"LOW", EFFORT_LOW},
                  {"MEDIUM", EFFORT_MEDIUM},
                  {"HIGH", EFFORT_HIGH}};
    struct chat_wish *wish = &r->chat->wish;
    uint32_t budget = gemini_find(r->doc, thinking, "thinkingBudget", "thinking_budget");
    struct span level =
        json_inside(r->doc, gemini_find(r->doc, thinking, "thinkingLevel", "thinking_level"));
    int64_t tokens;

    for (size_t i = 0; i < array_size(levels); i++)
        if (span_is_nocase(level, levels[i].word))
            wish->effort = levels[i].effort;
    if (json_is_null(r->doc, budget))
        return true;
    if (json_int64(r->doc, budget, &tokens) != 0 || tokens < -1)
        return gemini_refuse(r, "generationConfig.thinkingConfig",
                             "thinkingBudget must be a whole number, at least -1.");
    if (tokens == 0)
        wish->effort = EFFORT_NONE;
    else if (tokens > 0)
        wish->reasoning_budget = tokens;
    else
        wish->effort = EFFORT_MEDIUM; /* as much as it takes */
    return true;
}

static bool read_config(struct gemini_reading *r)
{
    const struct json_doc *doc = r->doc;
    uint32_t config = gemini_find(doc, 0, "generationConfig", "generation_config");

    if (json_is_null(doc, config))
        return true;
    if (json_kind(doc, config) != JSON_OBJECT)
        return gemini_refuse(r, "generationConfig", "generationConfig must be an object.");
    r->chat->wish.logprobs = gemini_is_true(doc, config, "responseLogprobs") ||
                             gemini_is_true(doc, config, "response_logprobs");
    return read_numbers(r, config) &&
           read_stops(r, gemini_find(doc, config, "stopSequences", "stop_sequences")) &&
           read_format(r, config) &&
           read_modalities(r,
                           gemini_find(doc, config, "responseModalities", "response_modalities")) &&
           read_thinking(r, gemini_find(doc, config, "thinkingConfig", "thinking_config"));
}

static bool read_rest(struct gemini_reading *r)
{
    const struct json_doc *doc = r->doc;
    struct chat_wish *wish = &r->chat->wish;
    uint32_t labels = json_find(doc, 0, "labels");
    uint32_t safety = gemini_find(doc, 0, "safetySettings", "safety_settings");
    struct span tier = json_inside(doc, gemini_find(doc, 0, "serviceTier", "service_tier"));

    if (!json_is_null(doc, gemini_find(doc, 0, "cachedContent", "cached_content")))
        return gemini_refuse(r, "cachedContent",
                             "cachedContent cannot be used with a model of another provider.");
    if (json_is(doc, labels, JSON_OBJECT))
        wish->metadata = json_raw(doc, labels);
    if (gemini_first(doc, safety) != JSON_NONE)
        wish->safety = json_raw(doc, safety);
    if (!span_is(tier, "standard") && !span_is(tier, "unspecified"))
        wish->service_tier = tier;
    return true;
}

int gemini_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out)
{
    struct gemini_reading r = {.doc = doc, .arena = arena, .chat = chat_out};

    *chat_out = (struct chat){.wish = {.max_tokens = -1,
                                       .choices = 1,
                                       .schema_strict = -1,
                                       .reasoning_budget = -1,
                                       .parallel_tools = -1}};
    if (json_kind(doc, 0) != JSON_OBJECT)
        (void)gemini_refuse(&r, NULL, "The body must be an object.");
    else if (gemini_read_contents(&r) && gemini_read_tools(&r) && read_config(&r) && read_rest(&r))
        return 0;
    *why_out = r.why;
    *member_out = r.member;
    return -EINVAL;
}
