/*
 * import_query: see import_query.h.
 */
#include "tenants/ctl/import_query.h"

enum { NAME_MAX_BYTES = 128, PENDING_MAX = 64, PATCHES_MAX = 64 };

/* Their paths, without /v1; the endpoint has points for slashes. */
static const char *const paths[] = {
    "chat/completions",   "completions",  "embeddings",           "moderations",        "rerank",
    "images/generations", "images/edits", "audio/transcriptions", "audio/translations", "messages",
    "audio/speech",       "responses",
};

/* A string of the query that is written otherwise. */
struct patch {
    uint32_t node;
    const char *path; /* in `paths`, or NULL: it is the name url.pathname */
};

/* What is still to be looked at, and what was found. */
struct query {
    const struct json_doc *doc;
    const char *path;
    struct import_report *report;
    uint32_t at[PENDING_MAX];
    size_t count;
    struct patch patches[PATCHES_MAX];
    size_t patch_count;
};

static bool is_operator(const struct json_doc *doc, uint32_t name)
{
    static const char *const words[] = {"$eq",  "$ne", "$gt",  "$gte",   "$lt",
                                        "$lte", "$in", "$nin", "$regex", "$exists"};
    for (size_t i = 0; i < array_size(words); i++) {
        if (json_string_is(doc, name, words[i]))
            return true;
    }
    return false;
}

static bool check_value(struct query *query, uint32_t value)
{
    const struct json_doc *doc = query->doc;
    if (json_kind(doc, value) != JSON_OBJECT)
        return true;
    for (uint32_t i = json_first(doc, value); i != JSON_NONE; i = json_after(doc, value, i)) {
        char name[NAME_MAX_BYTES];
        if (is_operator(doc, i))
            continue;
        if (json_copy_string(doc, i, name, sizeof(name)) != 0)
            name[0] = '\0';
        import_lose(query->report, query->path, "has an operator that presets do not have: %s",
                    name);
        return false;
    }
    return true;
}

/* ---- url.pathname ---- */

static bool add_patch(struct query *query, uint32_t node, const char *path)
{
    if (query->patch_count == PATCHES_MAX) {
        import_lose(query->report, query->path, "asks too much");
        return false;
    }
    query->patches[query->patch_count++] = (struct patch){node, path};
    return true;
}

/* One path: "/v1/chat/completions". */
static bool take_path(struct query *query, uint32_t node)
{
    char text[NAME_MAX_BYTES] = "";
    if (json_kind(query->doc, node) == JSON_STRING)
        (void)!json_copy_string(query->doc, node, text, sizeof(text));
    struct span rest = span_of(text);
    rest = span_part(rest, span_starts(rest, "/v1/") ? 4 : 1, SIZE_MAX);
    for (size_t i = 0; text[0] == '/' && i < array_size(paths); i++) {
        if (span_is(rest, paths[i]))
            return add_patch(query, node, paths[i]);
    }
    import_lose(query->report, query->path, "asks for a url.pathname that is no endpoint's");
    return false;
}

static bool take_paths(struct query *query, uint32_t value)
{
    if (json_kind(query->doc, value) != JSON_ARRAY)
        return take_path(query, value);
    for (uint32_t i = json_first(query->doc, value); i != JSON_NONE;
         i = json_after(query->doc, value, i)) {
        if (!take_path(query, i))
            return false;
    }
    return true;
}

static bool check_pathname(struct query *query, uint32_t name)
{
    const struct json_doc *doc = query->doc;
    uint32_t value = json_value(doc, name);
    if (!add_patch(query, name, NULL))
        return false;
    if (json_kind(doc, value) != JSON_OBJECT)
        return take_path(query, value);
    if (!check_value(query, value))
        return false;
    for (uint32_t i = json_first(doc, value); i != JSON_NONE; i = json_after(doc, value, i)) {
        if (!take_paths(query, json_value(doc, i)))
            return false;
    }
    return true;
}

/* ---- a query ---- */

/* The queries inside $and and $or. */
static bool push_all(struct query *query, uint32_t array)
{
    const struct json_doc *doc = query->doc;
    if (json_kind(doc, array) != JSON_ARRAY) {
        import_lose(query->report, query->path, "has an $and or $or that is no list");
        return false;
    }
    for (uint32_t i = json_first(doc, array); i != JSON_NONE; i = json_after(doc, array, i)) {
        if (query->count == PENDING_MAX) {
            import_lose(query->report, query->path, "asks too much");
            return false;
        }
        query->at[query->count++] = i;
    }
    return true;
}

static bool check_member(struct query *query, uint32_t name)
{
    char text[NAME_MAX_BYTES];
    uint32_t value = json_value(query->doc, name);
    if (json_string_is(query->doc, name, "$and") || json_string_is(query->doc, name, "$or"))
        return push_all(query, value);
    if (json_copy_string(query->doc, name, text, sizeof(text)) != 0)
        text[0] = '\0';
    if (span_starts(span_of(text), "metadata.") || span_starts(span_of(text), "params."))
        return check_value(query, value);
    if (strcmp(text, "url.pathname") == 0)
        return check_pathname(query, name);
    import_lose(query->report, query->path, "asks for what presets do not know: %s", text);
    return false;
}

static bool check(struct query *query)
{
    while (query->count > 0) {
        uint32_t node = query->at[--query->count];
        if (json_kind(query->doc, node) != JSON_OBJECT) {
            import_lose(query->report, query->path, "has a query that is no object");
            return false;
        }
        for (uint32_t i = json_first(query->doc, node); i != JSON_NONE;
             i = json_after(query->doc, node, i)) {
            if (!check_member(query, i))
                return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static void write_patch(const struct patch *patch, struct buf *out)
{
    if (patch->path == NULL) {
        buf_add_string(out, "\"request.endpoint\"");
        return;
    }
    buf_add_byte(out, '"');
    for (const char *at = patch->path; *at != '\0'; at++)
        buf_add_byte(out, *at == '/' ? '.' : *at);
    buf_add_byte(out, '"');
}

/* The text of the query, with what is patched in its place; nodes are in the order of the text. */
static void write(const struct query *query, uint32_t root, struct buf *out)
{
    struct span text = json_raw(query->doc, root);
    const char *from = text.at;
    for (uint32_t node = root; query->patch_count > 0 && node < query->doc->nodes[root].next;
         node++) {
        for (size_t i = 0; i < query->patch_count; i++) {
            if (query->patches[i].node != node)
                continue;
            struct span old = json_raw(query->doc, node);
            buf_add(out, from, (size_t)(old.at - from));
            write_patch(&query->patches[i], out);
            from = old.at + old.size;
        }
    }
    buf_add(out, from, (size_t)(text.at + text.size - from));
}

bool import_query(const struct json_doc *doc, uint32_t query, const char *path,
                  struct import_report *report, struct buf *out)
{
    struct query all = {.doc = doc, .path = path, .report = report, .at = {query}, .count = 1};
    if (query == JSON_NONE) {
        import_lose(report, path, "has no query");
        return false;
    }
    if (!check(&all))
        return false;
    write(&all, query, out);
    return true;
}
