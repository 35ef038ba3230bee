/*
 * import_write: a preset's tree as the JSON of docs/presets.md.
 */
#include <stdio.h>

#include "tenants/ctl/import.h"

enum { NUMBER_MAX = 40 };

static const char *const mode_words[] = {
    [IMPORT_SINGLE] = "single",
    [IMPORT_FALLBACK] = "fallback",
    [IMPORT_LOADBALANCE] = "loadbalance",
    [IMPORT_CONDITIONAL] = "conditional",
};
static const char *const error_words[IMPORT_ERRORS] = {
    [IMPORT_CONNECT] = "connect",
    [IMPORT_TIMEOUT] = "timeout",
    [IMPORT_RATE_LIMIT] = "rate_limit",
    [IMPORT_SERVER] = "server",
};
static const char *const on_words[] = {"error", "context_window", "content_policy"};

static void put_span(struct json_writer *w, const char *name, struct span text)
{
    if (text.size > 0)
        json_put_string(w, name, text);
}

static void put_raw(struct json_writer *w, const char *name, struct span json)
{
    if (json.size == 0)
        return;
    json_name(w, name);
    json_write_raw(w, json);
}

static void put_statuses(struct json_writer *w, const struct import_statuses *statuses)
{
    if (statuses->count == 0)
        return;
    json_name(w, "on_status_codes");
    json_begin(w, '[');
    for (uint32_t i = 0; i < statuses->count; i++)
        json_write_int64(w, statuses->at[i]);
    json_end(w, ']');
}

static void put_on(struct json_writer *w, unsigned on)
{
    if (on == IMPORT_ON_ANY)
        return;
    json_name(w, "on");
    json_begin(w, '[');
    for (size_t i = 0; i < array_size(on_words); i++) {
        if ((on & (1U << i)) != 0)
            json_write_string(w, span_of(on_words[i]));
    }
    json_end(w, ']');
}

static void put_weight(struct json_writer *w, double weight)
{
    char text[NUMBER_MAX];
    if (weight <= 0)
        return;
    int size = snprintf(text, sizeof(text), "%.10g", weight);
    json_name(w, "weight");
    json_write_raw(w, span_make(text, (size_t)size));
}

static void put_providers(struct json_writer *w, const struct import_target *target)
{
    if (target->provider_count == 0 && target->sort == NULL)
        return;
    json_name(w, "provider");
    json_begin(w, '{');
    if (target->provider_count > 0) {
        json_name(w, "only");
        json_begin(w, '[');
        for (uint32_t i = 0; i < target->provider_count; i++)
            json_write_string(w, target->providers[i]);
        json_end(w, ']');
    }
    json_put_cstring(w, "sort", target->sort);
    json_end(w, '}');
}

static void put_retry(struct json_writer *w, const struct import_retry *retry)
{
    bool by = false;
    for (size_t i = 0; i < IMPORT_ERRORS; i++)
        by = by || retry->by[i] >= 0;
    if (retry->attempts < 0 && !by)
        return;
    json_name(w, "retry");
    json_begin(w, '{');
    if (retry->attempts >= 0)
        json_put_int64(w, "attempts", retry->attempts);
    put_statuses(w, &retry->on);
    if (by) {
        json_name(w, "by_error");
        json_begin(w, '{');
        for (size_t i = 0; i < IMPORT_ERRORS; i++) {
            if (retry->by[i] >= 0)
                json_put_int64(w, error_words[i], retry->by[i]);
        }
        json_end(w, '}');
    }
    json_end(w, '}');
}

static void put_leaf(struct json_writer *w, const struct import_target *target)
{
    put_span(w, "model", target->model);
    put_providers(w, target);
    put_raw(w, "override_params", target->overrides);
    put_retry(w, &target->retry);
    if (target->total_ms > 0)
        json_put_int64(w, "request_timeout", target->total_ms);
    if (target->first_ms > 0)
        json_put_int64(w, "first_token_timeout", target->first_ms);
}

static void put_strategy(struct json_writer *w, const struct import_target *target)
{
    json_name(w, "strategy");
    json_begin(w, '{');
    json_put_cstring(w, "mode", mode_words[target->mode]);
    put_statuses(w, &target->leave_on);
    put_span(w, "sticky", target->sticky);
    put_raw(w, "conditions", target->conditions);
    put_span(w, "default", target->otherwise);
    json_end(w, '}');
}

/* All of a target but what is below it. A leaf is whole then, another is open. */
static void open_target(struct json_writer *w, const struct import_preset *preset, int index)
{
    const struct import_target *target = &preset->at[index];
    json_begin(w, '{');
    put_span(w, "name", target->name);
    if (target->parent != IMPORT_NONE && preset->at[target->parent].mode == IMPORT_LOADBALANCE)
        put_weight(w, target->weight);
    if (target->parent != IMPORT_NONE && preset->at[target->parent].mode == IMPORT_FALLBACK)
        put_on(w, target->on);
    if (target->mode == IMPORT_SINGLE) {
        put_leaf(w, target);
        json_end(w, '}');
        return;
    }
    put_strategy(w, target);
    json_name(w, "targets");
    json_begin(w, '[');
}

bool import_write(const struct import_preset *preset, struct buf *out)
{
    struct json_writer writer = json_writer_make(out);
    int at = preset->root;
    while (at != IMPORT_NONE) {
        open_target(&writer, preset, at);
        if (preset->at[at].first != IMPORT_NONE) {
            at = preset->at[at].first;
            continue;
        }
        while (at != preset->root && preset->at[at].next == IMPORT_NONE) {
            at = preset->at[at].parent;
            json_end(&writer, ']');
            json_end(&writer, '}');
        }
        at = at == preset->root ? IMPORT_NONE : preset->at[at].next;
    }
    return !buf_failed(out);
}
