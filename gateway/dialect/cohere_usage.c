/*
 * cohere_usage: see cohere.h.
 *
 * Cohere tells two sets of figures: what the model read and wrote, its own preamble included, and
 * what it bills. The second is rated, the first is what a client expects of a usage.
 */
#include "gateway/dialect/cohere.h"
#include "gateway/dialect/usage.h"

/* Of one class in one answer; more is a provider's mistake. */
#define USAGE_QUANTITY_MAX INT64_C(10000000)

/* -1: not told. */
struct figures {
    int64_t input, output, image, images, search;
};

static bool read_figures(const struct json_doc *doc, uint32_t node, struct figures *figures)
{
    return usage_read_count(doc, node, "input_tokens", &figures->input) &&
           usage_read_count(doc, node, "output_tokens", &figures->output) &&
           usage_read_count(doc, node, "image_tokens", &figures->image) &&
           usage_read_count(doc, node, "images", &figures->images) &&
           usage_read_count(doc, node, "search_units", &figures->search);
}

static void set(struct meters *meters, enum meter meter, int64_t count)
{
    if (count >= 0)
        meters_set(meters, meter, count);
}

/* What that kind of answer can not do without. */
static const char *missing(const struct figures *figures, enum cohere_kind kind)
{
    switch (kind) {
    case COHERE_CHAT:
        return figures->input < 0    ? "input_tokens is missing"
               : figures->output < 0 ? "output_tokens is missing"
                                     : NULL;
    case COHERE_EMBED:
        return figures->input < 0 && figures->image < 0 && figures->images < 0
                   ? "input_tokens is missing"
                   : NULL;
    case COHERE_RERANK:
        return figures->search < 0 ? "search_units is missing" : NULL;
    }
    return NULL;
}

static void set_meters(const struct figures *figures, enum cohere_kind kind, struct meters *meters)
{
    switch (kind) {
    case COHERE_CHAT:
        set(meters, METER_INPUT, figures->input);
        set(meters, METER_OUTPUT, figures->output);
        break;
    case COHERE_EMBED:
        set(meters, METER_INPUT, figures->input);
        /* Told as none for every text. */
        if (figures->image > 0)
            meters_set(meters, METER_INPUT_IMAGE, figures->image);
        if (figures->images > 0)
            meters_set(meters, METER_IMAGE, figures->images);
        break;
    case COHERE_RERANK:
        set(meters, METER_REQUEST, figures->search);
        break;
    }
}

/* The tokens, of which those that hit the cache are a part. */
static const char *read_tokens(const struct json_doc *doc, uint32_t usage, uint32_t tokens,
                               struct meters *meters)
{
    struct figures figures;
    int64_t cached;
    const char *why;

    if (!read_figures(doc, tokens, &figures))
        return "tokens are no quantity";
    if (!usage_read_count(doc, usage, "cached_tokens", &cached))
        return "cached_tokens is no quantity";
    why = missing(&figures, COHERE_CHAT);
    if (why != NULL)
        return why;
    if (cached > figures.input)
        return "more cached tokens than input tokens";
    meters_set(meters, METER_INPUT, figures.input - (cached < 0 ? 0 : cached));
    set(meters, METER_CACHE_READ, cached);
    meters_set(meters, METER_OUTPUT, figures.output);
    return NULL;
}

static const char *normalise(const struct json_doc *doc, uint32_t node, enum cohere_kind kind,
                             struct answer_usage *usage)
{
    uint32_t billed = json_find(doc, node, "billed_units"), tokens = json_find(doc, node, "tokens");
    bool has_tokens = kind == COHERE_CHAT && !json_is_null(doc, tokens);
    struct figures figures;
    const char *why = NULL;

    if (json_kind(doc, node) != JSON_OBJECT)
        return "usage is no object";
    if (has_tokens)
        why = read_tokens(doc, node, tokens, &usage->shown);
    if (why != NULL)
        return why;
    if (json_is_null(doc, billed)) {
        usage->meters = usage->shown;
        usage->shown = (struct meters){0};
        return has_tokens ? NULL : "billed_units is missing";
    }
    if (!read_figures(doc, billed, &figures))
        return "billed_units are no quantity";
    why = missing(&figures, kind);
    if (why == NULL)
        set_meters(&figures, kind, &usage->meters);
    return why;
}

void cohere_read_usage(const struct json_doc *doc, uint32_t node, enum cohere_kind kind,
                       struct answer_usage *usage_out)
{
    struct answer_usage usage = {0};
    struct span raw = json_raw(doc, node);
    const char *why = normalise(doc, node, kind, &usage);

    if (why != NULL)
        usage.shown = (struct meters){0};
    *usage_out = usage;
    usage_keep(&usage.meters, why, raw, usage_out);
}
