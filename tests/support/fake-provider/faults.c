/*
 * faults: see the header. The table is the manual too: GET /faults shows it.
 */
#include "faults.h"

#include <errno.h>

#include "common/base/json_writer.h"
#include "common/base/mem.h"

#define SERVER_ERROR "server_error"
#define INVALID "invalid_request_error"

static const struct fault faults[] = {
    {"none", FAULT_NONE, 0, NULL, NULL, "a good answer"},
    {"400", FAULT_STATUS, 400, INVALID, NULL, "bad request"},
    {"400-context", FAULT_STATUS, 400, INVALID, "context_length_exceeded", "context too long"},
    {"400-policy", FAULT_STATUS, 400, INVALID, "content_policy_violation", "refused by policy"},
    {"401", FAULT_STATUS, 401, INVALID, "invalid_api_key", "bad provider key"},
    {"402", FAULT_STATUS, 402, "insufficient_quota", "insufficient_quota", "provider unpaid"},
    {"403", FAULT_STATUS, 403, "permission_error", "permission_denied", "not allowed"},
    {"404", FAULT_STATUS, 404, INVALID, "model_not_found", "unknown model"},
    {"408", FAULT_STATUS, 408, "timeout", "request_timeout", "timeout at the provider"},
    {"409", FAULT_STATUS, 409, "conflict_error", NULL, "conflict"},
    {"413", FAULT_STATUS, 413, INVALID, "payload_too_large", "body too large"},
    {"422", FAULT_STATUS, 422, INVALID, "unprocessable_entity", "understood but impossible"},
    {"429", FAULT_STATUS, 429, "requests", "rate_limit_exceeded", "rate limit, with Retry-After"},
    {"429-quota", FAULT_STATUS, 429, "insufficient_quota", "insufficient_quota", "quota used up"},
    {"500", FAULT_STATUS, 500, SERVER_ERROR, NULL, "server error"},
    {"502", FAULT_STATUS, 502, SERVER_ERROR, NULL, "bad gateway"},
    {"503", FAULT_STATUS, 503, SERVER_ERROR, "overloaded", "unavailable, with Retry-After"},
    {"504", FAULT_STATUS, 504, SERVER_ERROR, NULL, "gateway timeout"},
    {"529", FAULT_STATUS, 529, "overloaded_error", "overloaded", "overloaded"},
    {"reset-before-head", FAULT_RESET_BEFORE_HEAD, 0, NULL, NULL, "RST before any byte"},
    {"close-before-head", FAULT_CLOSE_BEFORE_HEAD, 0, NULL, NULL, "FIN before any byte"},
    {"stall-before-head", FAULT_STALL_BEFORE_HEAD, 0, NULL, NULL, "no byte for wait_ms"},
    {"stall", FAULT_STALL_BEFORE_HEAD, 0, NULL, NULL, "the same"},
    {"reset-after-head", FAULT_RESET_AFTER_HEAD, 200, NULL, NULL, "200, then RST"},
    {"stall-after-head", FAULT_STALL_AFTER_HEAD, 200, NULL, NULL, "200, then nothing for wait_ms"},
    {"garbage-head", FAULT_GARBAGE_HEAD, 0, NULL, NULL, "a head that is no HTTP"},
    {"html", FAULT_HTML, 200, NULL, NULL, "200 with an HTML page"},
    {"empty", FAULT_EMPTY, 200, NULL, NULL, "200 with an empty body"},
    {"redirect", FAULT_REDIRECT, 302, NULL, NULL, "302 to another host"},
    {"gzip-bomb", FAULT_GZIP_BOMB, 200, NULL, NULL, "gzip body that grows to `bytes`"},
    {"reset-mid", FAULT_RESET_MID, 200, NULL, NULL, "RST behind `after` pieces"},
    {"stall-mid", FAULT_STALL_MID, 200, NULL, NULL, "nothing for wait_ms behind `after` pieces"},
    {"cut", FAULT_CUT, 200, NULL, NULL, "FIN behind `after` pieces, framing left open"},
    {"truncate", FAULT_TRUNCATE, 200, NULL, NULL, "clean end behind `after` pieces, no finish"},
    {"malformed", FAULT_MALFORMED, 200, NULL, NULL, "broken JSON behind `after` pieces"},
    {"error-mid", FAULT_ERROR_MID, 200, SERVER_ERROR, NULL, "an error event in the stream"},
    {"huge-line", FAULT_HUGE_LINE, 200, NULL, NULL, "one line of `bytes` (100 MB)"},
    {"endless", FAULT_ENDLESS, 200, NULL, NULL, "content without end"},
    {"no-done", FAULT_NO_DONE, 200, NULL, NULL, "finish_reason but no [DONE]"},
    {"no-finish", FAULT_NO_FINISH, 200, NULL, NULL, "[DONE] but no finish_reason"},
    {"wrong-type", FAULT_WRONG_TYPE, 200, NULL, NULL, "a good body told to be text/plain"},
    {"split", FAULT_SPLIT, 200, NULL, NULL, "a chunk for every byte"},
    {"slow", FAULT_SLOW, 200, NULL, NULL, "200 ms between pieces, 2 s before a whole answer"},
    {"no-usage", FAULT_USAGE_NONE, 200, NULL, NULL, "no usage"},
    {"null-usage", FAULT_USAGE_NULL, 200, NULL, NULL, "usage: null"},
    {"text-usage", FAULT_USAGE_TEXT, 200, NULL, NULL, "usage in text: \"12\""},
    {"negative-usage", FAULT_USAGE_NEGATIVE, 200, NULL, NULL, "usage -5"},
    {"huge-usage", FAULT_USAGE_HUGE, 200, NULL, NULL, "usage 1e18"},
    {"fraction-usage", FAULT_USAGE_FRACTION, 200, NULL, NULL, "usage 1.5"},
    {"zero-usage", FAULT_USAGE_ZERO, 200, NULL, NULL, "usage 0"},
    {"twice-usage", FAULT_USAGE_TWICE, 200, NULL, NULL, "usage twice, the last is right"},
    {"late-usage", FAULT_USAGE_LATE, 200, NULL, NULL, "usage behind [DONE]"},
};

size_t fault_count(void)
{
    return array_size(faults);
}

const struct fault *fault_at(size_t index)
{
    return &faults[index];
}

struct fault_spec fault_spec_make(void)
{
    return (struct fault_spec){
        .fault = &faults[0],
        .after = 3,
        .wait_ms = -1,
        .retry_after_s = -1,
        .bytes = -1,
        .first_ms = -1,
        .pace_us = -1,
        .tokens = -1,
        .cached = -1,
        .reasoning = -1,
        .thinking = -1,
    };
}

static const struct fault *find_fault(struct span name)
{
    for (size_t i = 0; i < array_size(faults); i++)
        if (span_is(name, faults[i].name))
            return &faults[i];
    return NULL;
}

static const struct {
    const char *name;
    size_t offset;
    int64_t max;
} knobs[] = {
    {"after", offsetof(struct fault_spec, after), 1000000},
    {"wait_ms", offsetof(struct fault_spec, wait_ms), 86400000},
    {"retry_after", offsetof(struct fault_spec, retry_after_s), 86400},
    {"bytes", offsetof(struct fault_spec, bytes), INT64_C(1) << 40},
    {"first_ms", offsetof(struct fault_spec, first_ms), 86400000},
    {"pace_us", offsetof(struct fault_spec, pace_us), INT64_C(86400000000)},
    {"tokens", offsetof(struct fault_spec, tokens), 1000000},
    {"cached", offsetof(struct fault_spec, cached), INT64_MAX},
    {"reasoning", offsetof(struct fault_spec, reasoning), 1000000},
    {"thinking", offsetof(struct fault_spec, thinking), 1000000},
};

static bool set_knob(struct fault_spec *spec, struct span name, struct span text)
{
    int64_t value;

    if (span_is(name, "finish") && text.size < sizeof(spec->finish)) {
        memcpy(spec->finish, text.at, text.size);
        spec->finish[text.size] = '\0';
        return true;
    }
    if (span_int64(text, &value) != 0 || value < 0)
        return false;
    for (size_t i = 0; i < array_size(knobs); i++) {
        if (span_is(name, knobs[i].name) && value <= knobs[i].max) {
            memcpy((char *)spec + knobs[i].offset, &value, sizeof(value));
            return true;
        }
    }
    return false;
}

bool fault_spec_apply(struct fault_spec *spec, struct span text)
{
    while (text.size > 0) {
        struct span value = span_trim(span_cut(&text, ';')), name = span_cut(&value, '=');
        const struct fault *fault;

        if (name.size == 0)
            continue;
        if (value.at != NULL && !span_is(name, "fault")) {
            if (!set_knob(spec, name, value))
                return false;
            continue;
        }
        fault = find_fault(value.at == NULL ? name : value);
        if (fault == NULL)
            return false;
        spec->fault = fault;
    }
    return true;
}

void fault_spec_apply_tagged(struct fault_spec *spec, struct span text)
{
    if (span_starts(text, "fault="))
        (void)fault_spec_apply(spec, text);
    else if (span_starts(text, "fake:"))
        (void)fault_spec_apply(spec, span_part(text, 5, text.size));
}

void fault_spec_apply_name(struct fault_spec *spec, struct span name)
{
    const char *at = name.size == 0 ? NULL : memmem(name.at, name.size, "fault-", 6);
    const struct fault *found = NULL;
    struct span rest;

    if (at == NULL)
        return;
    rest = span_part(name, (size_t)(at - name.at) + 6, name.size);
    for (size_t i = 0; i < array_size(faults); i++)
        if (span_starts(rest, faults[i].name) &&
            (found == NULL || strlen(faults[i].name) > strlen(found->name)))
            found = &faults[i];
    if (found != NULL)
        spec->fault = found;
}

struct fault_rules fault_rules_make(void)
{
    return (struct fault_rules){.at = mem_array(FAULT_RULES_MAX, sizeof(struct fault_rule))};
}

void fault_rules_done(struct fault_rules *rules)
{
    mem_free(rules->at);
    *rules = (struct fault_rules){0};
}

void fault_rules_clear(struct fault_rules *rules)
{
    rules->count = 0;
}

/* A member that may be missing. */
static bool copy_member(const struct json_doc *doc, const char *name, char *at, size_t capacity)
{
    uint32_t node = json_find(doc, 0, name);

    at[0] = '\0';
    return json_is_null(doc, node) || json_copy_string(doc, node, at, capacity) == 0;
}

const char *fault_rules_add(struct fault_rules *rules, const struct json_doc *doc)
{
    struct fault_rule rule = {.left = 1};
    struct fault_spec spec = fault_spec_make();
    uint32_t count = json_find(doc, 0, "count");
    size_t kept = 0;

    if (!copy_member(doc, "model", rule.model, sizeof(rule.model)) ||
        !copy_member(doc, "site", rule.site, sizeof(rule.site)) ||
        !copy_member(doc, "key", rule.key, sizeof(rule.key)))
        return "model, site and key are short texts";
    if (!copy_member(doc, "fault", rule.text, sizeof(rule.text)) ||
        !fault_spec_apply(&spec, span_of(rule.text)))
        return "fault is a spec like \"stall-mid;after=3\"; GET /faults lists the names";
    if (!json_is_null(doc, count) && json_int64(doc, count, &rule.left) != 0)
        return "count is a whole number, -1 for ever";
    for (size_t i = 0; i < rules->count; i++)
        if (rules->at[i].left != 0)
            rules->at[kept++] = rules->at[i];
    rules->count = kept;
    if (rules->count == FAULT_RULES_MAX)
        return "there are too many rules; DELETE /control";
    rules->at[rules->count++] = rule;
    return NULL;
}

static bool matches(const char *wanted, struct span text)
{
    return wanted[0] == '\0' || span_is(text, wanted);
}

void fault_rules_apply(struct fault_rules *rules, struct fault_spec *spec, struct span model,
                       struct span site, struct span key)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct fault_rule *rule = &rules->at[i];

        if (rule->left == 0 || !matches(rule->model, model) || !matches(rule->site, site) ||
            !matches(rule->key, key))
            continue;
        if (rule->left > 0)
            rule->left--;
        rule->hits++;
        (void)fault_spec_apply(spec, span_of(rule->text));
        return;
    }
}

void fault_rules_write(const struct fault_rules *rules, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '[');
    for (size_t i = 0; i < rules->count; i++) {
        json_begin(&w, '{');
        json_put_string(&w, "model", span_of(rules->at[i].model));
        json_put_string(&w, "site", span_of(rules->at[i].site));
        json_put_bool(&w, "key", rules->at[i].key[0] != '\0');
        json_put_string(&w, "fault", span_of(rules->at[i].text));
        json_put_int64(&w, "left", rules->at[i].left);
        json_put_int64(&w, "hits", rules->at[i].hits);
        json_end(&w, '}');
    }
    json_end(&w, ']');
}

void fault_table_write(struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '[');
    for (size_t i = 0; i < array_size(faults); i++) {
        json_begin(&w, '{');
        json_put_cstring(&w, "name", faults[i].name);
        json_put_int64(&w, "status", faults[i].status);
        json_put_cstring(&w, "about", faults[i].about);
        json_end(&w, '}');
    }
    json_end(&w, ']');
}
