/*
 * preset_leaf: the members of a target that is a model: where it goes, how long it may take, how
 * often it is tried, and what is changed for it.
 */
#include <errno.h>
#include <stdio.h>

#include "tenants/model/preset_reader.h"

#define TOKENS_MAX INT64_C(10000000)
#define STOPS_MAX 16

static bool read_model(struct preset_reader *r, const struct preset_pending *pending)
{
    struct span *model = &pending->target->model;

    if (!preset_read_name(r, pending->path, "model", json_find(r->doc, pending->node, "model"),
                          model))
        return false;
    if (span_starts(*model, "@") || span_is(*model, "auto"))
        return preset_wrong(r, pending->path, "model", "must be a model: a preset names no other");
    return true;
}

/* In a request what is not known is left alone; here it was meant to do something. */
static bool read_provider(struct preset_reader *r, const struct preset_pending *pending)
{
    uint32_t value = json_find(r->doc, pending->node, "provider");
    struct provider_wish *wish;
    struct wish_error error;
    char path[PRESET_PATH_MAX];

    if (json_is_null(r->doc, value))
        return true;
    snprintf(path, sizeof(path), "%s%sprovider", pending->path, *pending->path == '\0' ? "" : ".");
    wish = arena_array(r->arena, 1, sizeof(*wish));
    if (provider_wish_read(r->doc, value, path, r->arena, wish, &error) != 0)
        return preset_wrong(r, "", error.param, "%s", error.text);
    for (uint32_t name = json_first(r->doc, value); name != JSON_NONE;
         name = json_after(r->doc, value, name))
        if (!provider_wish_knows(r->doc, name))
            return preset_wrong(r, pending->path, "provider",
                                "has a member that is not known: %.*s",
                                SPAN_ARG(json_raw(r->doc, name)));
    pending->target->wish = wish;
    return true;
}

/* ---- retry ---- */

static const int64_t attempts_range[2] = {0, PRESET_ATTEMPTS_MAX};

static bool read_by_error(struct preset_reader *r, const struct preset_pending *pending,
                          uint32_t value)
{
    static const struct {
        const char *name, *path;
    } errors[PRESET_ERRORS] = {
        [PRESET_ERROR_CONNECT] = {"connect", "retry.by_error.connect"},
        [PRESET_ERROR_TIMEOUT] = {"timeout", "retry.by_error.timeout"},
        [PRESET_ERROR_RATE_LIMIT] = {"rate_limit", "retry.by_error.rate_limit"},
        [PRESET_ERROR_SERVER] = {"server", "retry.by_error.server"},
    };
    uint32_t known = 0;

    if (!preset_is_object(r, pending->path, "retry.by_error", value))
        return false;
    if (json_is_null(r->doc, value))
        return true;
    for (int i = 0; i < PRESET_ERRORS; i++) {
        uint32_t node = json_find(r->doc, value, errors[i].name);
        int64_t attempts = -1;

        known += node != JSON_NONE;
        if (!preset_read_whole(r, pending->path, errors[i].path, node, attempts_range, &attempts))
            return false;
        pending->target->retries_by[i] = (int32_t)attempts;
    }
    return known == json_count(r->doc, value) ||
           preset_wrong(r, pending->path, "retry.by_error",
                        "may have the members 'connect', 'timeout', 'rate_limit' and 'server' "
                        "only");
}

static bool read_retry(struct preset_reader *r, const struct preset_pending *pending)
{
    static const char *const names[] = {"attempts", "on_status_codes", "by_error"};
    uint32_t value = json_find(r->doc, pending->node, "retry");
    int64_t attempts = -1;
    char path[PRESET_PATH_MAX];

    if (!preset_is_object(r, pending->path, "retry", value))
        return false;
    if (json_is_null(r->doc, value))
        return true;
    snprintf(path, sizeof(path), "%s%sretry", pending->path, *pending->path == '\0' ? "" : ".");
    if (!preset_knows(r, path, value, names, array_size(names)) ||
        !preset_read_whole(r, path, "attempts", json_find(r->doc, value, "attempts"),
                           attempts_range, &attempts) ||
        !preset_read_statuses(r, path, "on_status_codes",
                              json_find(r->doc, value, "on_status_codes"),
                              &pending->target->retry_on))
        return false;
    pending->target->retries = (int32_t)attempts;
    return read_by_error(r, pending, json_find(r->doc, value, "by_error"));
}

static bool read_times(struct preset_reader *r, const struct preset_pending *pending)
{
    static const int64_t range[2] = {1, PRESET_TIMEOUT_MAX_MS};
    struct preset_target *target = pending->target;

    if (!preset_read_whole(r, pending->path, "request_timeout",
                           json_find(r->doc, pending->node, "request_timeout"), range,
                           &target->total_ms) ||
        !preset_read_whole(r, pending->path, "first_token_timeout",
                           json_find(r->doc, pending->node, "first_token_timeout"), range,
                           &target->first_token_ms))
        return false;
    return target->total_ms < 0 || target->first_token_ms <= target->total_ms ||
           preset_wrong(r, pending->path, "first_token_timeout",
                        "must not be above 'request_timeout'");
}

/* ---- overrides ---- */

static bool is_text(const struct json_doc *doc, uint32_t value)
{
    return json_kind(doc, value) == JSON_STRING && json_raw(doc, value).size > 2;
}

static bool check_stop(struct preset_reader *r, const char *path, uint32_t value)
{
    bool good = is_text(r->doc, value);

    if (json_kind(r->doc, value) == JSON_ARRAY) {
        good = json_count(r->doc, value) >= 1 && json_count(r->doc, value) <= STOPS_MAX;
        for (uint32_t item = json_first(r->doc, value); item != JSON_NONE && good;
             item = json_after(r->doc, value, item))
            good = is_text(r->doc, item);
    }
    return good ||
           preset_wrong(r, path, "override_params.stop",
                        "must be a text, or an array of 1 to %d, none of them empty", STOPS_MAX);
}

static bool check_effort(struct preset_reader *r, const char *path, uint32_t value)
{
    static const char *const words[] = {"none", "minimal", "low", "medium", "high", "xhigh"};

    if (json_kind(r->doc, value) == JSON_STRING)
        for (size_t i = 0; i < array_size(words); i++)
            if (json_string_is(r->doc, value, words[i]))
                return true;
    return preset_wrong(r, path, "override_params.reasoning_effort",
                        "must be 'none', 'minimal', 'low', 'medium', 'high' or 'xhigh'");
}

/* Numbers, and their ranges. */
static const struct {
    const char *name, *path;
    double least, most;
} numbers[] = {
    {"temperature", "override_params.temperature", 0, 2},
    {"top_p", "override_params.top_p", 0, 1},
    {"presence_penalty", "override_params.presence_penalty", -2, 2},
    {"frequency_penalty", "override_params.frequency_penalty", -2, 2},
};

static bool check_numbers(struct preset_reader *r, const char *path, uint32_t overrides)
{
    static const int64_t tokens[2] = {1, TOKENS_MAX}, seeds[2] = {INT64_MIN, INT64_MAX};
    int64_t whole = 0;

    for (size_t i = 0; i < array_size(numbers); i++) {
        double number = 0;
        int error = json_double(r->doc, json_find(r->doc, overrides, numbers[i].name), &number);

        if (error == -ENOENT)
            continue;
        if (error != 0 || number < numbers[i].least || number > numbers[i].most)
            return preset_wrong(r, path, numbers[i].path, "must be a number from %g to %g",
                                numbers[i].least, numbers[i].most);
    }
    return preset_read_whole(r, path, "override_params.max_tokens",
                             json_find(r->doc, overrides, "max_tokens"), tokens, &whole) &&
           preset_read_whole(r, path, "override_params.seed", json_find(r->doc, overrides, "seed"),
                             seeds, &whole);
}

bool preset_check_overrides(struct preset_reader *r, const char *path, uint32_t value)
{
    static const char *const names[] = {
        "system", "max_tokens",       "temperature",       "top_p",           "stop",
        "seed",   "presence_penalty", "frequency_penalty", "reasoning_effort"};
    uint32_t system = json_find(r->doc, value, "system"), stop = json_find(r->doc, value, "stop"),
             effort = json_find(r->doc, value, "reasoning_effort");
    char at[PRESET_PATH_MAX];

    snprintf(at, sizeof(at), "%s%soverride_params", path, *path == '\0' ? "" : ".");
    if (!preset_knows(r, at, value, names, array_size(names)) || !check_numbers(r, path, value))
        return false;
    if (!json_is_null(r->doc, system) && !is_text(r->doc, system))
        return preset_wrong(r, at, "system", "must be a text that is not empty");
    return (json_is_null(r->doc, stop) || check_stop(r, path, stop)) &&
           (json_is_null(r->doc, effort) || check_effort(r, path, effort));
}

static bool read_overrides(struct preset_reader *r, const struct preset_pending *pending)
{
    uint32_t value = json_find(r->doc, pending->node, "override_params");

    if (!preset_is_object(r, pending->path, "override_params", value))
        return false;
    if (json_is_null(r->doc, value))
        return true;
    if (!preset_check_overrides(r, pending->path, value))
        return false;
    pending->target->overrides = arena_span(r->arena, json_raw(r->doc, value));
    return true;
}

/* ---- the whole ---- */

bool preset_read_leaf(struct preset_reader *r, const struct preset_pending *pending)
{
    static const char *const strategy_names[] = {"mode"};
    struct preset_target *target = pending->target;
    uint32_t strategy = json_find(r->doc, pending->node, "strategy");

    target->total_ms = target->first_token_ms = -1;
    target->retries = -1;
    for (int i = 0; i < PRESET_ERRORS; i++)
        target->retries_by[i] = -1;
    if (!json_is_null(r->doc, json_find(r->doc, pending->node, "targets")))
        return preset_wrong(r, pending->path, "targets",
                            "means nothing without a 'strategy' whose 'mode' is 'fallback', "
                            "'loadbalance' or 'conditional'");
    if (!json_is_null(r->doc, strategy) &&
        !preset_knows(r, *pending->path == '\0' ? "strategy" : pending->path, strategy,
                      strategy_names, 1))
        return false;
    return read_model(r, pending) && read_provider(r, pending) && read_retry(r, pending) &&
           read_times(r, pending) && read_overrides(r, pending);
}
