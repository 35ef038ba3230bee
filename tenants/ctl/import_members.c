/*
 * import_members: see import_members.h.
 */
#include "tenants/ctl/import_members.h"

#include <ctype.h>
#include <stdio.h>

enum { TEXT_MAX = 256, OVERRIDES_MAX = 8192, STATUS_MIN = 400, STATUS_MAX = 599 };

static const struct {
    const char *theirs, *ours;
} overrides[] = {
    {"max_tokens", "max_tokens"},
    {"max_completion_tokens", "max_tokens"},
    {"temperature", "temperature"},
    {"top_p", "top_p"},
    {"stop", "stop"},
    {"seed", "seed"},
    {"presence_penalty", "presence_penalty"},
    {"frequency_penalty", "frequency_penalty"},
    {"reasoning_effort", "reasoning_effort"},
};

/* The next character that counts, or 0 at the end. */
static int next_char(struct span text, size_t *at)
{
    while (*at < text.size && text.at[*at] == '_')
        (*at)++;
    return *at < text.size ? tolower((unsigned char)text.at[(*at)++]) : 0;
}

static bool same_name(struct span theirs, const char *name)
{
    struct span own = span_of(name);
    bool open = span_ends(own, "*");
    size_t a = 0, b = 0;
    if (open)
        own.size--;
    for (;;) {
        int right = next_char(own, &b);
        if (right == 0 && open)
            return true;
        if (next_char(theirs, &a) != right)
            return false;
        if (right == 0)
            return true;
    }
}

/* A member's name; names that long are nobody's. */
static struct span name_of(const struct json_doc *doc, uint32_t name, char text[TEXT_MAX])
{
    if (json_copy_string(doc, name, text, TEXT_MAX) != 0)
        return span_of("(a long name)");
    return span_of(text);
}

void import_members(const struct json_doc *doc, uint32_t object, const char *path,
                    const struct import_member *rows, size_t count, struct import_report *report)
{
    char text[TEXT_MAX], at[IMPORT_PATH_MAX];
    for (uint32_t i = json_first(doc, object); i != JSON_NONE; i = json_after(doc, object, i)) {
        struct span name = name_of(doc, i, text);
        size_t row = 0;
        while (row < count && !same_name(name, rows[row].name))
            row++;
        import_path(at, path, name);
        if (row == count)
            import_lose(report, at, "is not known");
        else if (rows[row].fate == FATE_LOST)
            import_lose(report, at, "%s", rows[row].why);
        else if (rows[row].fate == FATE_NOTED)
            import_note(report, at, "%s", rows[row].why);
    }
}

uint32_t import_find(const struct json_doc *doc, uint32_t object, const char *name)
{
    char text[TEXT_MAX];
    if (object == JSON_NONE || json_kind(doc, object) != JSON_OBJECT)
        return JSON_NONE;
    for (uint32_t i = json_first(doc, object); i != JSON_NONE; i = json_after(doc, object, i)) {
        if (same_name(name_of(doc, i, text), name))
            return json_value(doc, i);
    }
    return JSON_NONE;
}

void import_path(char out[IMPORT_PATH_MAX], const char *path, struct span member)
{
    (void)snprintf(out, IMPORT_PATH_MAX, "%s%s%.*s", path, path[0] == '\0' ? "" : ".",
                   SPAN_ARG(member));
}

void import_path_index(char out[IMPORT_PATH_MAX], const char *path, const char *member,
                       unsigned index)
{
    (void)snprintf(out, IMPORT_PATH_MAX, "%s%s%s[%u]", path, path[0] == '\0' ? "" : ".", member,
                   index);
}

struct span import_text(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
    char text[TEXT_MAX];
    if (node == JSON_NONE || json_kind(doc, node) != JSON_STRING ||
        json_copy_string(doc, node, text, sizeof(text)) != 0)
        return (struct span){0};
    return span_of(arena_strdup(arena, text));
}

void import_read_statuses(const struct json_doc *doc, uint32_t array, const char *path,
                          struct import_report *report, struct import_statuses *out)
{
    if (json_is_null(doc, array))
        return;
    if (json_kind(doc, array) != JSON_ARRAY) {
        import_lose(report, path, "is no list of statuses");
        return;
    }
    for (uint32_t i = json_first(doc, array); i != JSON_NONE; i = json_after(doc, array, i)) {
        int64_t status = 0;
        if (json_int64(doc, i, &status) != 0 || status < STATUS_MIN || status > STATUS_MAX)
            import_lose(report, path, "has a status that is not between %d and %d", STATUS_MIN,
                        STATUS_MAX);
        else if (out->count == IMPORT_STATUSES_MAX)
            import_lose(report, path, "has more than %d statuses", IMPORT_STATUSES_MAX);
        else
            out->at[out->count++] = (uint16_t)status;
    }
}

int32_t import_read_retries(const struct json_doc *doc, uint32_t node, const char *path,
                            struct import_report *report)
{
    int64_t count = 0;
    if (json_is_null(doc, node))
        return -1;
    if (json_int64(doc, node, &count) != 0 || count < 0) {
        import_lose(report, path, "is no number of retries");
        return -1;
    }
    if (count > IMPORT_RETRIES_MAX) {
        import_note(report, path, "becomes %d: a request makes at most 5 attempts",
                    IMPORT_RETRIES_MAX);
        count = IMPORT_RETRIES_MAX;
    }
    return (int32_t)count;
}

int64_t import_bound_ms(double ms, const char *path, struct import_report *report)
{
    if (ms > IMPORT_TIMEOUT_MAX_MS)
        import_note(report, path, "becomes an hour, which is the longest");
    return ms > IMPORT_TIMEOUT_MAX_MS ? IMPORT_TIMEOUT_MAX_MS : ms < 1 ? 1 : (int64_t)(ms + 0.5);
}

static uint32_t find_in_layers(const struct json_doc *doc, const struct import_layers *layers,
                               const char *name)
{
    for (size_t i = 0; i < layers->count; i++) {
        uint32_t value = import_find(doc, layers->at[i], name);
        if (value != JSON_NONE)
            return value;
    }
    return JSON_NONE;
}

struct span import_overrides(const struct json_doc *doc, const struct import_layers *layers,
                             struct arena *arena)
{
    cleanup(buf_done) struct buf text = buf_make(OVERRIDES_MAX);
    struct json_writer writer = json_writer_make(&text);
    const char *last = "";
    json_begin(&writer, '{');
    for (size_t i = 0; i < array_size(overrides); i++) {
        uint32_t value = find_in_layers(doc, layers, overrides[i].theirs);
        if (json_is_null(doc, value) || strcmp(last, overrides[i].ours) == 0)
            continue;
        last = overrides[i].ours;
        json_name(&writer, last);
        json_write_raw(&writer, json_raw(doc, value));
    }
    json_end(&writer, '}');
    return buf_failed(&text) || text.size == 2 ? (struct span){0}
                                               : arena_span(arena, buf_span(&text));
}
