/*
 * anthropic_usage: see the header.
 */
#include "gateway/dialect/anthropic_usage.h"

#include <errno.h>

#include "common/base/buf.h"
#include "gateway/dialect/usage.h"

enum { NOT_TOLD = -1, NO_QUANTITY = -2 };

static const struct {
    const char *in, *name; /* `in`: the object within usage, NULL: usage itself */
    const char *wrong;
} counted[ANTHROPIC_COUNTS] = {
    [COUNT_INPUT] = {NULL, "input_tokens", "input_tokens is no quantity"},
    [COUNT_OUTPUT] = {NULL, "output_tokens", "output_tokens is no quantity"},
    [COUNT_CACHE_READ] = {NULL, "cache_read_input_tokens",
                          "cache_read_input_tokens is no quantity"},
    [COUNT_CACHE_WRITE] = {NULL, "cache_creation_input_tokens",
                           "cache_creation_input_tokens is no quantity"},
    [COUNT_WRITE_5M] = {"cache_creation", "ephemeral_5m_input_tokens",
                        "ephemeral_5m_input_tokens is no quantity"},
    [COUNT_WRITE_1H] = {"cache_creation", "ephemeral_1h_input_tokens",
                        "ephemeral_1h_input_tokens is no quantity"},
    [COUNT_THINKING] = {"output_tokens_details", "thinking_tokens",
                        "thinking_tokens is no quantity"},
    [COUNT_WEB_SEARCH] = {"server_tool_use", "web_search_requests",
                          "web_search_requests is no quantity"},
};

static const struct json_limits limits_usage = {
    .max_bytes = ANSWER_VERBATIM_MAX, .max_depth = 16, .max_nodes = 1024};

void anthropic_counts_begin(int64_t *counts)
{
    for (int i = 0; i < ANTHROPIC_COUNTS; i++)
        counts[i] = NOT_TOLD;
}

void anthropic_counts_read(const struct json_doc *doc, uint32_t node, int64_t *counts)
{
    if (json_is_null(doc, node))
        return;
    if (json_kind(doc, node) != JSON_OBJECT) {
        counts[COUNT_INPUT] = NO_QUANTITY;
        return;
    }
    for (int i = 0; i < ANTHROPIC_COUNTS; i++) {
        uint32_t object = counted[i].in == NULL ? node : json_find(doc, node, counted[i].in);
        int64_t count;
        int error = json_int64(doc, json_find(doc, object, counted[i].name), &count);

        if (error == 0 && count >= 0 && count <= USAGE_QUANTITY_MAX)
            counts[i] = count;
        else if (error != -ENOENT)
            counts[i] = NO_QUANTITY;
    }
}

bool anthropic_counts_told(const int64_t *counts)
{
    for (int i = 0; i < ANTHROPIC_COUNTS; i++) {
        if (counts[i] != NOT_TOLD)
            return true;
    }
    return false;
}

void anthropic_counts_forget_output(int64_t *counts)
{
    if (counts[COUNT_OUTPUT] >= 0)
        counts[COUNT_OUTPUT] = NOT_TOLD;
}

/* The total is what was revised last; the split says how much of it lives for an hour. */
static void set_writes(const int64_t *counts, struct meters *meters)
{
    int64_t hour = counts[COUNT_WRITE_1H] < 0 ? 0 : counts[COUNT_WRITE_1H];
    int64_t minutes = counts[COUNT_WRITE_5M] < 0 ? 0 : counts[COUNT_WRITE_5M];
    int64_t total = counts[COUNT_CACHE_WRITE] < 0 ? hour + minutes : counts[COUNT_CACHE_WRITE];

    if (hour > total)
        hour = total;
    if (counts[COUNT_CACHE_WRITE] >= 0 || counts[COUNT_WRITE_5M] >= 0 ||
        counts[COUNT_WRITE_1H] >= 0)
        meters_set(meters, METER_CACHE_WRITE_5M, total - hour);
    if (counts[COUNT_WRITE_1H] >= 0)
        meters_set(meters, METER_CACHE_WRITE_1H, hour);
}

static const char *normalise(const int64_t *counts, struct meters *meters)
{
    for (int i = 0; i < ANTHROPIC_COUNTS; i++) {
        if (counts[i] == NO_QUANTITY)
            return counted[i].wrong;
    }
    if (counts[COUNT_INPUT] < 0)
        return "input_tokens is missing";
    if (counts[COUNT_OUTPUT] < 0)
        return "output_tokens is missing";
    if (counts[COUNT_THINKING] > counts[COUNT_OUTPUT])
        return "more thinking_tokens than output_tokens";
    meters_set(meters, METER_INPUT, counts[COUNT_INPUT]);
    meters_set(meters, METER_OUTPUT, counts[COUNT_OUTPUT]);
    if (counts[COUNT_CACHE_READ] >= 0)
        meters_set(meters, METER_CACHE_READ, counts[COUNT_CACHE_READ]);
    set_writes(counts, meters);
    if (counts[COUNT_THINKING] >= 0)
        meters_set(meters, METER_REASONING, counts[COUNT_THINKING]);
    if (counts[COUNT_WEB_SEARCH] > 0)
        meters_set(meters, METER_WEB_SEARCH, counts[COUNT_WEB_SEARCH]);
    return NULL;
}

void anthropic_usage_set(const int64_t *counts, struct answer_usage *usage_out)
{
    struct meters meters = {0};
    const char *why = normalise(counts, &meters);

    usage_out->state = why == NULL ? ANSWER_USAGE_GOOD : ANSWER_USAGE_QUARANTINED;
    usage_out->meters = why == NULL ? meters : (struct meters){0};
    usage_out->why = why;
}

/* The value of the member of that name, as it is spelt. */
static uint32_t same_member(const struct json_doc *doc, uint32_t object, struct span name)
{
    for (uint32_t at = json_first(doc, object); at != JSON_NONE; at = json_after(doc, object, at)) {
        if (span_equal(json_raw(doc, at), name))
            return json_value(doc, at);
    }
    return JSON_NONE;
}

static void add_member(struct buf *out, struct span name, struct span value)
{
    buf_add_string(out, out->size > 1 ? "," : "");
    buf_add_span(out, name);
    buf_add_byte(out, ':');
    buf_add_span(out, value);
}

static void merge(const struct json_doc *old, const struct json_doc *doc, uint32_t node,
                  struct buf *out)
{
    buf_add_byte(out, '{');
    for (uint32_t at = json_first(old, 0); at != JSON_NONE; at = json_after(old, 0, at)) {
        uint32_t later = same_member(doc, node, json_raw(old, at));

        add_member(out, json_raw(old, at),
                   json_is_null(doc, later) ? json_raw(old, json_value(old, at))
                                            : json_raw(doc, later));
    }
    for (uint32_t at = json_first(doc, node); at != JSON_NONE; at = json_after(doc, node, at)) {
        if (same_member(old, 0, json_raw(doc, at)) == JSON_NONE)
            add_member(out, json_raw(doc, at), json_raw(doc, json_value(doc, at)));
    }
    buf_add_byte(out, '}');
}

void anthropic_usage_keep(const struct json_doc *doc, uint32_t node, struct answer_usage *usage)
{
    struct json_doc old = json_doc_make();
    struct buf merged = buf_make(ANSWER_VERBATIM_MAX);
    struct span text = json_raw(doc, node);

    if (usage->verbatim_size > 0 && json_kind(doc, node) == JSON_OBJECT &&
        text.size <= ANSWER_VERBATIM_MAX &&
        json_parse(&old, span_make(usage->verbatim, usage->verbatim_size), &limits_usage) ==
            JSON_OK &&
        json_kind(&old, 0) == JSON_OBJECT) {
        merge(&old, doc, node, &merged);
        text = buf_span(&merged);
    }
    usage->verbatim_size = !buf_failed(&merged) && text.size <= ANSWER_VERBATIM_MAX ? text.size : 0;
    if (usage->verbatim_size > 0)
        memcpy(usage->verbatim, text.at, usage->verbatim_size);
    json_doc_done(&old);
    buf_done(&merged);
}
