/*
 * gemini_usage: see the header.
 */
#include "gateway/dialect/gemini_usage.h"

#include "gateway/dialect/usage.h"

struct counts {
    int64_t prompt, cached, tool_prompt, candidates, thoughts, total;
    int64_t audio_in, audio_cached, audio_out, image_out;
};

/* Tokens of one modality in a list of details; 0 when it is not in there. */
static bool read_modality(const struct json_doc *doc, uint32_t object, const char *list,
                          const char *modality, int64_t *count_out)
{
    uint32_t details = json_find(doc, object, list);
    int64_t count;

    *count_out = 0;
    if (!json_is(doc, details, JSON_ARRAY))
        return true;
    for (uint32_t one = json_first(doc, details); one != JSON_NONE;
         one = json_after(doc, details, one)) {
        uint32_t name = json_find(doc, one, "modality");
        if (json_is_null(doc, name) || !json_string_is(doc, name, modality))
            continue;
        if (!usage_read_count(doc, one, "tokenCount", &count))
            return false;
        if (count > 0)
            *count_out += count;
    }
    return *count_out <= USAGE_QUANTITY_MAX;
}

static const char *read_counts(const struct json_doc *doc, uint32_t node, struct counts *c)
{
    if (!usage_read_count(doc, node, "promptTokenCount", &c->prompt))
        return "promptTokenCount is no quantity";
    if (!usage_read_count(doc, node, "cachedContentTokenCount", &c->cached))
        return "cachedContentTokenCount is no quantity";
    if (!usage_read_count(doc, node, "toolUsePromptTokenCount", &c->tool_prompt))
        return "toolUsePromptTokenCount is no quantity";
    if (!usage_read_count(doc, node, "candidatesTokenCount", &c->candidates))
        return "candidatesTokenCount is no quantity";
    if (!usage_read_count(doc, node, "thoughtsTokenCount", &c->thoughts))
        return "thoughtsTokenCount is no quantity";
    if (!usage_read_count(doc, node, "totalTokenCount", &c->total))
        return "totalTokenCount is no quantity";
    if (!read_modality(doc, node, "promptTokensDetails", "AUDIO", &c->audio_in) ||
        !read_modality(doc, node, "cacheTokensDetails", "AUDIO", &c->audio_cached) ||
        !read_modality(doc, node, "candidatesTokensDetails", "AUDIO", &c->audio_out) ||
        !read_modality(doc, node, "candidatesTokensDetails", "IMAGE", &c->image_out))
        return "tokenCount is no quantity";
    return NULL;
}

static int64_t told(int64_t count)
{
    return count < 0 ? 0 : count;
}

static const char *set_input(const struct counts *c, struct meters *meters)
{
    int64_t cached = told(c->cached), audio = c->audio_in - c->audio_cached;

    if (c->prompt < 0)
        return "promptTokenCount is missing";
    if (cached > c->prompt)
        return "more cached tokens than prompt tokens";
    if (audio < 0)
        audio = 0;
    if (audio > c->prompt - cached)
        audio = c->prompt - cached;
    meters_set(meters, METER_INPUT, c->prompt - cached - audio + told(c->tool_prompt));
    if (c->cached >= 0)
        meters_set(meters, METER_CACHE_READ, cached);
    if (audio > 0)
        meters_set(meters, METER_INPUT_AUDIO, audio);
    return NULL;
}

static const char *set_output(const struct counts *c, struct meters *meters)
{
    int64_t candidates = told(c->candidates), thoughts = told(c->thoughts);

    if (c->audio_out + c->image_out > candidates)
        return "more tokens in the details than candidates tokens";
    meters_set(meters, METER_OUTPUT, candidates + thoughts - c->audio_out - c->image_out);
    if (c->thoughts >= 0)
        meters_set(meters, METER_REASONING, thoughts);
    if (c->audio_out > 0)
        meters_set(meters, METER_OUTPUT_AUDIO, c->audio_out);
    if (c->image_out > 0)
        meters_set(meters, METER_OUTPUT_IMAGE, c->image_out);
    return NULL;
}

/* The format leaves zeros out, so that nobody can tell them from what is missing; what was not told
 * of the candidates stands in the total. */
static void fill_candidates(struct counts *c)
{
    int64_t rest = c->total - told(c->prompt) - told(c->tool_prompt) - told(c->thoughts);

    if (c->candidates < 0 && c->total >= 0 && rest > 0)
        c->candidates = rest;
}

void usage_read_gemini(const struct json_doc *doc, uint32_t node, bool wrote,
                       struct answer_usage *usage_out)
{
    struct span raw = json_raw(doc, node);
    struct meters meters = {0};
    struct counts counts = {0};
    const char *why = "usageMetadata is no object";

    if (json_kind(doc, node) == JSON_OBJECT) {
        why = read_counts(doc, node, &counts);
        fill_candidates(&counts);
        if (why == NULL && wrote && counts.candidates < 0 && counts.thoughts < 0)
            return;
        if (why == NULL)
            why = set_input(&counts, &meters);
        if (why == NULL)
            why = set_output(&counts, &meters);
    }
    usage_keep(&meters, why, raw, usage_out);
}
