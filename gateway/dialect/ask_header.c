/*
 * ask_header: see the header. What a header says becomes JSON, and is read as the member is.
 */
#include "gateway/dialect/ask_header.h"

#include <stdlib.h>

#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/dialect/ask_reading.h"

#define JSON_MAX_BYTES ((size_t)64 << 10)
static const struct json_limits limits = {
    .max_bytes = JSON_MAX_BYTES, .max_depth = 8, .max_nodes = 1024};

enum form {
    FORM_TEXT,
    FORM_VALUE, /* a number, true, false */
    FORM_LIST,
    FORM_JSON
};

/* Sorted by name. */
static const struct ask_header {
    const char *name, *member;
    enum form form;
} headers[] = {
    {"x-tollgate-content-policy-fallbacks", "content_policy_fallbacks", FORM_LIST},
    {"x-tollgate-context-window-fallbacks", "context_window_fallbacks", FORM_LIST},
    {"x-tollgate-fallbacks", "fallbacks", FORM_LIST},
    {"x-tollgate-first-ping-ms", "first_ping_ms", FORM_VALUE},
    {"x-tollgate-mock-testing-fallbacks", "mock_testing_fallbacks", FORM_VALUE},
    {"x-tollgate-mock-testing-rate-limit-error", "mock_testing_rate_limit_error", FORM_VALUE},
    {"x-tollgate-models", "models", FORM_LIST},
    {"x-tollgate-num-retries", "num_retries", FORM_VALUE},
    {"x-tollgate-preset", "preset", FORM_TEXT},
    {"x-tollgate-provider", "provider", FORM_JSON},
    {"x-tollgate-session-id", "session_id", FORM_TEXT},
    {"x-tollgate-stream-timeout", "stream_timeout", FORM_VALUE},
    {"x-tollgate-tags", "tags", FORM_LIST},
    {"x-tollgate-timeout", "timeout", FORM_VALUE},
};

static int compare_name(const void *key, const void *item)
{
    const struct span *name = key;
    const char *other = ((const struct ask_header *)item)->name;
    size_t size = strlen(other);
    int order = memcmp(name->at, other, name->size < size ? name->size : size);

    return order != 0 ? order : (name->size > size) - (name->size < size);
}

static void write_list(struct json_writer *w, struct span value)
{
    if (span_starts(value, "[")) {
        json_write_raw(w, value);
        return;
    }
    json_begin(w, '[');
    while (value.size > 0) {
        struct span item = span_trim(span_cut(&value, ','));

        if (item.size > 0)
            json_write_string(w, item);
    }
    json_end(w, ']');
}

/* Of the header as JSON, whatever it is. */
static struct span value_as_json(const struct ask_header *header, struct span value,
                                 struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    switch (header->form) {
    case FORM_TEXT:
        json_write_string(&w, value);
        break;
    case FORM_LIST:
        write_list(&w, value);
        break;
    case FORM_VALUE:
    case FORM_JSON:
        json_write_raw(&w, value);
        break;
    }
    return buf_failed(out) ? (struct span){0} : buf_span(out);
}

/* A member of the body that is null says nothing. */
static bool stands_in_body(const struct ask *ask, const char *member)
{
    return !json_is_null(ask->doc, json_find(ask->doc, 0, member));
}

enum ask_outcome ask_read_header(struct ask *ask, struct span name, struct span value,
                                 struct arena *arena, struct ask_refusal *refusal_out)
{
    const struct ask_header *header =
        bsearch(&name, headers, array_size(headers), sizeof(headers[0]), compare_name);
    struct buf json cleanup(buf_done) = buf_make(JSON_MAX_BYTES);
    struct json_doc doc cleanup(json_doc_done) = json_doc_make();
    struct ask_reading r = {
        .ask = ask, .refusal = refusal_out, .arena = arena, .doc = &doc, .outcome = ASK_OK};
    const struct ask_member *member;

    if (header == NULL || value.size == 0 || stands_in_body(ask, header->member))
        return ASK_OK;
    member = ask_find_common(span_of(header->member));
    must(member != NULL && member->read != NULL);
    if (json_parse(&doc, value_as_json(header, value, &json), &limits) != JSON_OK)
        ask_invalid(&r, header->name,
                    arena_printf(arena, "The header '%s' is not what '%s' could be.", header->name,
                                 header->member));
    else
        (void)!member->read(&r, header->name, 0);
    return r.outcome;
}
