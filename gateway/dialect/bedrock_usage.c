/*
 * bedrock_usage: Converse's TokenUsage, normalised. Pure.
 */
#include "gateway/dialect/bedrock.h"
#include "gateway/dialect/usage.h"

struct counts {
    int64_t input, output, read, write, details, hour; /* -1: not told */
};

static bool read_either(const struct json_doc *doc, uint32_t object, const char *name,
                        const char *other, int64_t *count_out)
{
    return usage_read_count(doc, object, name, count_out) &&
           (*count_out >= 0 || usage_read_count(doc, object, other, count_out));
}

/* Writes by their lifetime. */
static bool read_details(const struct json_doc *doc, uint32_t node, struct counts *counts)
{
    uint32_t details = json_find(doc, node, "cacheDetails");
    int64_t count;

    if (json_is_null(doc, details))
        return true;
    if (json_kind(doc, details) != JSON_ARRAY)
        return false;
    for (uint32_t at = json_first(doc, details); at != JSON_NONE;
         at = json_after(doc, details, at)) {
        uint32_t ttl = json_find(doc, at, "ttl");
        bool hour = json_is(doc, ttl, JSON_STRING) && json_string_is(doc, ttl, "1h");
        if (!usage_read_count(doc, at, "inputTokens", &count))
            return false;
        if (count < 0)
            continue;
        counts->details = (counts->details < 0 ? 0 : counts->details) + count;
        if (hour)
            counts->hour = (counts->hour < 0 ? 0 : counts->hour) + count;
        if (counts->details > USAGE_QUANTITY_MAX)
            return false;
    }
    return true;
}

static const char *read_counts(const struct json_doc *doc, uint32_t node, struct counts *c)
{
    *c = (struct counts){.details = -1, .hour = -1};
    if (!usage_read_count(doc, node, "inputTokens", &c->input))
        return "inputTokens is no quantity";
    if (!usage_read_count(doc, node, "outputTokens", &c->output))
        return "outputTokens is no quantity";
    /* The second names are those of the models' own answers, which stand beside the first. */
    if (!read_either(doc, node, "cacheReadInputTokens", "cacheReadInputTokenCount", &c->read))
        return "cacheReadInputTokens is no quantity";
    if (!read_either(doc, node, "cacheWriteInputTokens", "cacheWriteInputTokenCount", &c->write))
        return "cacheWriteInputTokens is no quantity";
    if (!read_details(doc, node, c))
        return "cacheDetails is no list of quantities";
    if (c->input < 0)
        return "inputTokens is missing";
    if (c->output < 0)
        return "outputTokens is missing";
    if (c->write >= 0 && c->hour > c->write)
        return "more tokens in cacheDetails than were written";
    return NULL;
}

static void set_writes(const struct counts *c, struct meters *meters)
{
    int64_t total = c->write >= 0 ? c->write : c->details;

    if (total >= 0)
        meters_set(meters, METER_CACHE_WRITE_5M, total - (c->hour < 0 ? 0 : c->hour));
    if (c->hour >= 0)
        meters_set(meters, METER_CACHE_WRITE_1H, c->hour);
}

static const char *normalise(const struct json_doc *doc, uint32_t node, struct meters *meters)
{
    struct counts counts;
    const char *why;

    if (json_kind(doc, node) != JSON_OBJECT)
        return "usage is no object";
    why = read_counts(doc, node, &counts);
    if (why != NULL)
        return why;
    meters_set(meters, METER_INPUT, counts.input);
    meters_set(meters, METER_OUTPUT, counts.output);
    if (counts.read >= 0)
        meters_set(meters, METER_CACHE_READ, counts.read);
    set_writes(&counts, meters);
    return NULL;
}

void bedrock_usage_read(const struct json_doc *doc, uint32_t node, struct answer_usage *usage_out)
{
    struct span raw = json_raw(doc, node);
    struct meters meters = {0};
    const char *why = normalise(doc, node, &meters);

    usage_keep(&meters, why, raw, usage_out);
}
