/*
 * service_usage: usage of what is no chat, normalised once. See service.h.
 *
 * OpenAI's newer words (input_tokens with details; a duration), its older ones (prompt_tokens) with
 * what Mistral puts beside them, Cohere's billed units, and a bare total (Jina, vLLM).
 */
#include "gateway/dialect/cohere.h"
#include "gateway/dialect/service.h"
#include "gateway/dialect/usage.h"

/* -1: not told. */
struct counts {
    int64_t input, output, input_image, input_audio, cached, output_text, output_image,
        output_audio;
};

static bool read_details(const struct json_doc *doc, uint32_t node, struct counts *c)
{
    uint32_t in = json_find(doc, node, "input_tokens_details"),
             out = json_find(doc, node, "output_tokens_details");

    if (json_is_null(doc, in))
        in = json_find(doc, node, "input_token_details");
    if (json_is_null(doc, out))
        out = json_find(doc, node, "output_token_details");
    return usage_read_count(doc, in, "image_tokens", &c->input_image) &&
           usage_read_count(doc, in, "audio_tokens", &c->input_audio) &&
           usage_read_count(doc, in, "cached_tokens", &c->cached) &&
           usage_read_count(doc, out, "text_tokens", &c->output_text) &&
           usage_read_count(doc, out, "image_tokens", &c->output_image) &&
           usage_read_count(doc, out, "audio_tokens", &c->output_audio);
}

static int64_t told(int64_t count)
{
    return count < 0 ? 0 : count;
}

static const char *set_input(const struct counts *c, struct meters *meters)
{
    int64_t text = c->input - told(c->input_image) - told(c->input_audio), cached = told(c->cached);

    if (text < 0)
        return "more image or audio tokens than input tokens";
    if (cached > c->input)
        return "more cached tokens than input tokens";
    /* Of which class those are is not told; text is the cheaper one. */
    if (cached > text)
        cached = text;
    meters_set(meters, METER_INPUT, text - cached);
    if (c->cached >= 0)
        meters_set(meters, METER_CACHE_READ, cached);
    if (c->input_image > 0)
        meters_set(meters, METER_INPUT_IMAGE, c->input_image);
    if (c->input_audio > 0)
        meters_set(meters, METER_INPUT_AUDIO, c->input_audio);
    return NULL;
}

/* What a kind generates where its details do not say. */
static enum meter output_of(enum ask_kind kind)
{
    return kind == ASK_IMAGES || kind == ASK_IMAGE_EDITS ? METER_OUTPUT_IMAGE
           : kind == ASK_SPEECH                          ? METER_OUTPUT_AUDIO
                                                         : METER_OUTPUT;
}

static const char *set_output(enum ask_kind kind, const struct counts *c, struct meters *meters)
{
    int64_t image = told(c->output_image), audio = told(c->output_audio), text;

    if (image + audio > c->output)
        return "more image or audio tokens than output tokens";
    text = c->output - image - audio;
    if (c->output_image < 0 && c->output_audio < 0 && c->output_text < 0) {
        meters_set(meters, output_of(kind), c->output);
        return NULL;
    }
    meters_set(meters, METER_OUTPUT, text);
    if (image > 0)
        meters_set(meters, METER_OUTPUT_IMAGE, image);
    if (audio > 0)
        meters_set(meters, METER_OUTPUT_AUDIO, audio);
    return NULL;
}

static const char *read_tokens(enum ask_kind kind, const struct json_doc *doc, uint32_t node,
                               struct meters *meters)
{
    struct counts c = {.input = -1};
    const char *why = NULL;

    if (!usage_read_count(doc, node, "input_tokens", &c.input) ||
        !usage_read_count(doc, node, "output_tokens", &c.output) || !read_details(doc, node, &c))
        return "tokens are no quantity";
    if (c.input >= 0)
        why = set_input(&c, meters);
    if (why == NULL && c.output >= 0)
        why = set_output(kind, &c, meters);
    return why;
}

/* A duration may have a fraction; its beginning second counts whole. */
static const char *read_seconds(const struct json_doc *doc, uint32_t node, const char *name,
                                struct meters *meters)
{
    uint32_t value = json_find(doc, node, name);
    double seconds;

    if (json_is_null(doc, value))
        return NULL;
    if (json_double(doc, value, &seconds) != 0 ||
        !(seconds >= 0 && seconds <= (double)USAGE_QUANTITY_MAX))
        return "seconds are no quantity";
    meters_set(meters, METER_SECOND,
               (int64_t)seconds + ((double)(int64_t)seconds < seconds ? 1 : 0));
    return NULL;
}

static bool has(const struct json_doc *doc, uint32_t node, const char *name)
{
    return !json_is_null(doc, json_find(doc, node, name));
}

/* Prompt tokens in the older words, maybe completion tokens. Where there is a total alone, all of
 * it was read. */
static const char *read_older(const struct json_doc *doc, uint32_t node,
                              struct answer_usage *usage_out)
{
    int64_t total;

    if (has(doc, node, "prompt_tokens")) {
        usage_read_openai(doc, node, has(doc, node, "completion_tokens"), usage_out);
        return usage_out->why;
    }
    if (!usage_read_count(doc, node, "total_tokens", &total))
        return "total_tokens is no quantity";
    if (total >= 0)
        meters_set(&usage_out->meters, METER_INPUT, total);
    return NULL;
}

static const char *normalise(enum ask_kind kind, const struct json_doc *doc, uint32_t node,
                             struct answer_usage *usage)
{
    const char *why;

    if (json_kind(doc, node) != JSON_OBJECT)
        return "usage is no object";
    why = has(doc, node, "input_tokens") ? read_tokens(kind, doc, node, &usage->meters)
                                         : read_older(doc, node, usage);
    if (why == NULL)
        why = read_seconds(doc, node, "seconds", &usage->meters);
    if (why == NULL)
        why = read_seconds(doc, node, "prompt_audio_seconds", &usage->meters);
    return why;
}

void service_read_usage(enum ask_kind kind, const struct json_doc *doc, uint32_t node,
                        struct answer_usage *usage_out)
{
    struct answer_usage usage = {0};
    const char *why;

    if (kind == ASK_RERANK && json_kind(doc, node) == JSON_OBJECT &&
        has(doc, node, "billed_units")) {
        cohere_read_usage(doc, node, COHERE_RERANK, usage_out);
        return;
    }
    why = normalise(kind, doc, node, &usage);
    *usage_out = usage;
    usage_keep(&usage.meters, why, json_raw(doc, node), usage_out);
    /* An object of which nothing is known tells nothing. */
    if (why == NULL && usage.meters.present == 0)
        usage_out->state = ANSWER_USAGE_ABSENT;
}

static void put_tokens(struct json_writer *w, const struct meters *meters)
{
    int64_t input = meters_prompt(meters);
    int64_t output = meters->count[METER_OUTPUT] + meters->count[METER_OUTPUT_AUDIO] +
                     meters->count[METER_OUTPUT_IMAGE];

    if (meters_has(meters, METER_INPUT))
        json_put_int64(w, "input_tokens", input);
    if (output > 0)
        json_put_int64(w, "output_tokens", output);
    if (meters_has(meters, METER_INPUT))
        json_put_int64(w, "total_tokens", input + output);
}

void service_write_usage(struct json_writer *w, enum ask_kind kind, const struct meters *meters,
                         struct span cost_members)
{
    bool heard = kind == ASK_TRANSCRIPTIONS || kind == ASK_TRANSLATIONS;
    bool seconds = heard && meters_has(meters, METER_SECOND);

    json_begin(w, '{');
    if (heard)
        json_put_cstring(w, "type", seconds ? "duration" : "tokens");
    if (seconds)
        json_put_int64(w, "seconds", meters->count[METER_SECOND]);
    else
        put_tokens(w, meters);
    if (cost_members.size > 0)
        json_write_raw(w, cost_members);
    json_end(w, '}');
}
