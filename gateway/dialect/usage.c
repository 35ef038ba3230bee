/*
 * usage: see the header.
 */
#include "gateway/dialect/usage.h"

#include <errno.h>

struct counts {
    int64_t prompt, completion, total, cached, cache_write, audio_in, audio_out, reasoning;
};

bool usage_read_count(const struct json_doc *doc, uint32_t object, const char *name,
                      int64_t *count_out)
{
    int error = json_int64(doc, json_find(doc, object, name), count_out);

    if (error == -ENOENT) {
        *count_out = -1;
        return true;
    }
    return error == 0 && *count_out >= 0 && *count_out <= USAGE_QUANTITY_MAX;
}

void usage_keep(const struct meters *meters, const char *why, struct span raw,
                struct answer_usage *usage_out)
{
    usage_out->state = why == NULL ? ANSWER_USAGE_GOOD : ANSWER_USAGE_QUARANTINED;
    usage_out->meters = why == NULL ? *meters : (struct meters){0};
    usage_out->why = why;
    usage_out->verbatim_size = raw.size <= ANSWER_VERBATIM_MAX ? raw.size : 0;
    if (usage_out->verbatim_size > 0)
        memcpy(usage_out->verbatim, raw.at, usage_out->verbatim_size);
}

static const char *read_counts(const struct json_doc *doc, uint32_t node, struct counts *c)
{
    uint32_t prompt = json_find(doc, node, "prompt_tokens_details");
    uint32_t completion = json_find(doc, node, "completion_tokens_details");

    if (!usage_read_count(doc, node, "prompt_tokens", &c->prompt))
        return "prompt_tokens is no quantity";
    if (!usage_read_count(doc, node, "completion_tokens", &c->completion))
        return "completion_tokens is no quantity";
    if (!usage_read_count(doc, node, "total_tokens", &c->total))
        c->total = -1;
    if (!usage_read_count(doc, prompt, "cached_tokens", &c->cached))
        return "cached_tokens is no quantity";
    if (!usage_read_count(doc, prompt, "cache_write_tokens", &c->cache_write))
        return "cache_write_tokens is no quantity";
    if (!usage_read_count(doc, prompt, "audio_tokens", &c->audio_in) ||
        !usage_read_count(doc, completion, "audio_tokens", &c->audio_out))
        return "audio_tokens is no quantity";
    if (!usage_read_count(doc, completion, "reasoning_tokens", &c->reasoning))
        return "reasoning_tokens is no quantity";
    /* DeepSeek's own words for the cached part. */
    if (c->cached < 0 && !usage_read_count(doc, node, "prompt_cache_hit_tokens", &c->cached))
        return "prompt_cache_hit_tokens is no quantity";
    /* Moonshot's and Together's place for it. */
    if (c->cached < 0 && !usage_read_count(doc, node, "cached_tokens", &c->cached))
        return "cached_tokens is no quantity";
    return NULL;
}

static int64_t told(int64_t count)
{
    return count < 0 ? 0 : count;
}

static const char *set_input(const struct counts *c, struct meters *meters)
{
    int64_t cached = told(c->cached), written = told(c->cache_write), audio = told(c->audio_in);

    if (c->prompt < 0)
        return "prompt_tokens is missing";
    if (cached + written > c->prompt)
        return "more cached tokens than prompt tokens";
    if (audio > c->prompt - cached - written)
        audio = c->prompt - cached - written;
    meters_set(meters, METER_INPUT, c->prompt - cached - written - audio);
    if (c->cached >= 0)
        meters_set(meters, METER_CACHE_READ, cached);
    if (written > 0)
        meters_set(meters, METER_CACHE_WRITE_5M, written);
    if (audio > 0)
        meters_set(meters, METER_INPUT_AUDIO, audio);
    return NULL;
}

static const char *set_output(const struct counts *c, struct meters *meters)
{
    int64_t reasoning = told(c->reasoning), audio = told(c->audio_out), output = c->completion;

    if (c->completion < 0)
        return "completion_tokens is missing";
    /* xAI: reasoning stands outside, and only the total tells. */
    if (reasoning > 0 && c->total == c->prompt + c->completion + reasoning)
        output += reasoning;
    if (reasoning > output)
        return "more reasoning tokens than completion tokens";
    if (audio > output - reasoning)
        return "more audio tokens than completion tokens";
    meters_set(meters, METER_OUTPUT, output - audio);
    if (c->reasoning >= 0)
        meters_set(meters, METER_REASONING, reasoning);
    if (audio > 0)
        meters_set(meters, METER_OUTPUT_AUDIO, audio);
    return NULL;
}

static const char *normalise(const struct json_doc *doc, uint32_t node, bool has_output,
                             struct meters *meters)
{
    struct counts counts;
    const char *why;

    if (json_kind(doc, node) != JSON_OBJECT)
        return "usage is no object";
    why = read_counts(doc, node, &counts);
    if (why == NULL)
        why = set_input(&counts, meters);
    if (why == NULL && has_output)
        why = set_output(&counts, meters);
    return why;
}

void usage_read_openai(const struct json_doc *doc, uint32_t node, bool has_output,
                       struct answer_usage *usage_out)
{
    struct span raw = json_raw(doc, node);
    struct meters meters = {0};
    const char *why = normalise(doc, node, has_output, &meters);

    usage_keep(&meters, why, raw, usage_out);
}
