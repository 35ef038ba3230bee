/*
 * usage: see the header.
 */
#include "gateway/dialect/usage.h"

#include <errno.h>
#include <stddef.h>

struct counts {
    int64_t prompt, completion, total, cached, cache_write, audio_in, audio_out;
    int64_t reasoning, beside; /* in the completion, and beside it */
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

/* Where a quantity may stand: the first place that tells it counts. In the order of the places, and
 * all of one quantity together. */
struct place {
    const char *object; /* in the usage object; NULL: itself */
    const char *name;
    size_t at; /* in counts */
    const char *why;
};

#define COUNT(member) offsetof(struct counts, member)
static const struct place chat_places[] = {
    {NULL, "prompt_tokens", COUNT(prompt), "prompt_tokens is no quantity"},
    {NULL, "prompt_n", COUNT(prompt), "prompt_n is no quantity"}, /* llama.cpp's timings */
    {NULL, "completion_tokens", COUNT(completion), "completion_tokens is no quantity"},
    {NULL, "predicted_n", COUNT(completion), "predicted_n is no quantity"},
    {"prompt_tokens_details", "cached_tokens", COUNT(cached), "cached_tokens is no quantity"},
    /* DeepSeek, SiliconFlow */
    {NULL, "prompt_cache_hit_tokens", COUNT(cached), "prompt_cache_hit_tokens is no quantity"},
    {NULL, "cached_tokens", COUNT(cached), "cached_tokens is no quantity"}, /* Moonshot, Together */
    {NULL, "num_cached_tokens", COUNT(cached), "num_cached_tokens is no quantity"}, /* Mistral */
    {NULL, "cache_n", COUNT(cached), "cache_n is no quantity"},
    {"prompt_tokens_details", "cache_write_tokens", COUNT(cache_write),
     "cache_write_tokens is no quantity"},
    /* Alibaba */
    {"prompt_tokens_details", "cache_creation_input_tokens", COUNT(cache_write),
     "cache_creation_input_tokens is no quantity"},
    {"prompt_tokens_details", "audio_tokens", COUNT(audio_in), "audio_tokens is no quantity"},
    {"completion_tokens_details", "audio_tokens", COUNT(audio_out), "audio_tokens is no quantity"},
    {"completion_tokens_details", "reasoning_tokens", COUNT(reasoning),
     "reasoning_tokens is no quantity"},
    /* Perplexity: beside the completion, and in no total. */
    {NULL, "reasoning_tokens", COUNT(beside), "reasoning_tokens is no quantity"},
};
static const struct place responses_places[] = {
    {NULL, "input_tokens", COUNT(prompt), "input_tokens is no quantity"},
    {NULL, "output_tokens", COUNT(completion), "output_tokens is no quantity"},
    {"input_tokens_details", "cached_tokens", COUNT(cached), "cached_tokens is no quantity"},
    {"input_tokens_details", "cache_write_tokens", COUNT(cache_write),
     "cache_write_tokens is no quantity"},
    {"output_tokens_details", "reasoning_tokens", COUNT(reasoning),
     "reasoning_tokens is no quantity"},
};
#undef COUNT

/* OpenAI's two APIs tell the same by other names. */
struct words {
    const struct place *places;
    size_t count;
    const char *no_input, *no_output;
};
static const struct words chat_words = {chat_places, array_size(chat_places),
                                        "prompt_tokens is missing", "completion_tokens is missing"};
static const struct words responses_words = {responses_places, array_size(responses_places),
                                             "input_tokens is missing", "output_tokens is missing"};

static const char *read_counts(const struct json_doc *doc, uint32_t node, const struct words *words,
                               struct counts *c)
{
    const struct place *places = words->places;

    *c = (struct counts){-1, -1, -1, -1, -1, -1, -1, -1, -1};
    for (size_t i = 0; i < words->count; i++) {
        int64_t *count = (int64_t *)(void *)((char *)c + places[i].at);
        uint32_t object = places[i].object == NULL ? node : json_find(doc, node, places[i].object);
        if (*count < 0 && !usage_read_count(doc, object, places[i].name, count))
            return places[i].why;
    }
    if (!usage_read_count(doc, node, "total_tokens", &c->total))
        c->total = -1;
    /* What was read from llama.cpp's cache is not in its prompt_n; it is in prompt_tokens. */
    if (words == &chat_words && json_is_null(doc, json_find(doc, node, "prompt_tokens")) &&
        c->prompt >= 0 && c->cached > 0)
        c->prompt += c->cached;
    return NULL;
}

static int64_t told(int64_t count)
{
    return count < 0 ? 0 : count;
}

static const char *set_input(const struct counts *c, struct meters *meters)
{
    int64_t cached = told(c->cached), written = told(c->cache_write), audio = told(c->audio_in);

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

    if (c->reasoning < 0 && c->beside >= 0) {
        reasoning = c->beside;
        output += reasoning;
    }
    /* xAI: reasoning stands outside, and only the total tells. */
    if (c->reasoning > 0 && c->total == c->prompt + c->completion + reasoning)
        output += reasoning;
    if (reasoning > output)
        return "more reasoning tokens than completion tokens";
    if (audio > output - reasoning)
        return "more audio tokens than completion tokens";
    meters_set(meters, METER_OUTPUT, output - audio);
    if (c->reasoning >= 0 || c->beside >= 0)
        meters_set(meters, METER_REASONING, reasoning);
    if (audio > 0)
        meters_set(meters, METER_OUTPUT_AUDIO, audio);
    return NULL;
}

static const char *normalise(const struct json_doc *doc, uint32_t node, const struct words *words,
                             bool has_output, struct meters *meters)
{
    struct counts counts;
    const char *why;

    if (json_kind(doc, node) != JSON_OBJECT)
        return "usage is no object";
    why = read_counts(doc, node, words, &counts);
    if (why == NULL)
        why = counts.prompt < 0 ? words->no_input : set_input(&counts, meters);
    if (why == NULL && has_output)
        why = counts.completion < 0 ? words->no_output : set_output(&counts, meters);
    return why;
}

static bool is_told(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_OBJECT);
}

uint32_t usage_find_openai(const struct json_doc *doc)
{
    uint32_t root = json_find(doc, 0, "usage"), choices = json_find(doc, 0, "choices");
    uint32_t groq = json_find(doc, json_find(doc, 0, "x_groq"), "usage");

    if (!json_is_null(doc, root))
        return root;
    if (is_told(doc, groq))
        return groq;
    if (json_is(doc, choices, JSON_ARRAY))
        for (uint32_t n = json_first(doc, choices); n != JSON_NONE; n = json_after(doc, choices, n))
            if (is_told(doc, json_find(doc, n, "usage")))
                return json_find(doc, n, "usage");
    root = json_find(doc, 0, "timings");
    return is_told(doc, root) && json_find(doc, root, "predicted_n") != JSON_NONE ? root
                                                                                  : JSON_NONE;
}

void usage_read_openai(const struct json_doc *doc, uint32_t node, bool has_output,
                       struct answer_usage *usage_out)
{
    struct span raw = json_raw(doc, node);
    struct meters meters = {0};
    const char *why = normalise(doc, node, &chat_words, has_output, &meters);

    usage_keep(&meters, why, raw, usage_out);
}

void usage_read_responses(const struct json_doc *doc, uint32_t node, struct answer_usage *usage_out)
{
    struct span raw = json_raw(doc, node);
    struct meters meters = {0};
    const char *why = normalise(doc, node, &responses_words, true, &meters);

    usage_keep(&meters, why, raw, usage_out);
}
