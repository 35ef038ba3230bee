/*
 * faults: see the header. The table is the manual too: GET /faults shows it.
 */
#include "faults.h"

#include <errno.h>

#include "common/base/json_writer.h"

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
    {"bad-crc", FAULT_BAD_CRC, 200, NULL, NULL, "a frame with a wrong checksum, else malformed"},
    {"cut-frame", FAULT_CUT_FRAME, 200, NULL, NULL, "clean end in the midst of a frame or event"},
    {"unknown-event", FAULT_UNKNOWN_EVENT, 200, NULL, NULL, "an event of a kind nobody knows"},
    {"error-mid", FAULT_ERROR_MID, 200, SERVER_ERROR, NULL, "an error event in the stream"},
    {"huge-line", FAULT_HUGE_LINE, 200, NULL, NULL, "one line of `bytes` (100 MB)"},
    {"endless", FAULT_ENDLESS, 200, NULL, NULL, "content without end"},
    {"no-done", FAULT_NO_DONE, 200, NULL, NULL, "a finish reason but no end marker"},
    {"no-finish", FAULT_NO_FINISH, 200, NULL, NULL, "an end marker but no finish reason"},
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
    {"late-usage", FAULT_USAGE_LATE, 200, NULL, NULL, "usage behind the end of the stream"},
    {"needs-token", FAULT_NEEDS_TOKEN, 401, NULL, NULL, "401 but for tokens issued here"},
    {"needs-signature", FAULT_NEEDS_SIGNATURE, 403, NULL, NULL,
     "403 but for a right AWS signature"},
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
        .written = -1,
        .written_1h = -1,
        .status = -1,
        .expires_s = -1,
        .percent = -1,
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
    {"written", offsetof(struct fault_spec, written), INT64_MAX},
    {"written_1h", offsetof(struct fault_spec, written_1h), INT64_MAX},
    {"status", offsetof(struct fault_spec, status), 599},
    {"expires_s", offsetof(struct fault_spec, expires_s), 86400},
    {"percent", offsetof(struct fault_spec, percent), 100},
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

/* The next item of a spec; moves *text behind it. */
static struct span next_item(struct span *text)
{
    size_t size = 0;
    struct span item;

    while (size < text->size && text->at[size] != ';' && text->at[size] != ',')
        size++;
    item = span_trim(span_part(*text, 0, size));
    *text = span_part(*text, size + 1, text->size);
    return item;
}

bool fault_spec_apply(struct fault_spec *spec, struct span text)
{
    while (text.size > 0) {
        struct span value = next_item(&text), name = span_cut(&value, '=');
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
