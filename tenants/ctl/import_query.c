/*
 * import_query: see import_query.h.
 */
#include "tenants/ctl/import_query.h"

enum { NAME_MAX_BYTES = 128, PENDING_MAX = 64 };

/* Queries that are still to be looked at. */
struct pending {
    uint32_t at[PENDING_MAX];
    size_t count;
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

static bool check_value(const struct json_doc *doc, uint32_t value, const char *path,
                        struct import_report *report)
{
    if (json_kind(doc, value) != JSON_OBJECT)
        return true;
    for (uint32_t i = json_first(doc, value); i != JSON_NONE; i = json_after(doc, value, i)) {
        char name[NAME_MAX_BYTES];
        if (is_operator(doc, i))
            continue;
        if (json_copy_string(doc, i, name, sizeof(name)) != 0)
            name[0] = '\0';
        import_lose(report, path, "has an operator that presets do not have: %s", name);
        return false;
    }
    return true;
}

/* The queries inside $and and $or. */
static bool push_all(const struct json_doc *doc, uint32_t array, struct pending *pending,
                     const char *path, struct import_report *report)
{
    if (json_kind(doc, array) != JSON_ARRAY) {
        import_lose(report, path, "has an $and or $or that is no list");
        return false;
    }
    for (uint32_t i = json_first(doc, array); i != JSON_NONE; i = json_after(doc, array, i)) {
        if (pending->count == PENDING_MAX) {
            import_lose(report, path, "asks too much");
            return false;
        }
        pending->at[pending->count++] = i;
    }
    return true;
}

static bool check_member(const struct json_doc *doc, uint32_t name, struct pending *pending,
                         const char *path, struct import_report *report)
{
    char text[NAME_MAX_BYTES];
    uint32_t value = json_value(doc, name);
    if (json_string_is(doc, name, "$and") || json_string_is(doc, name, "$or"))
        return push_all(doc, value, pending, path, report);
    if (json_copy_string(doc, name, text, sizeof(text)) != 0)
        text[0] = '\0';
    if (span_starts(span_of(text), "metadata.") || span_starts(span_of(text), "params."))
        return check_value(doc, value, path, report);
    import_lose(report, path, "asks for what presets do not know: %s", text);
    return false;
}

bool import_query_good(const struct json_doc *doc, uint32_t query, const char *path,
                       struct import_report *report)
{
    struct pending pending = {.at = {query}, .count = 1};
    if (query == JSON_NONE) {
        import_lose(report, path, "has no query");
        return false;
    }
    while (pending.count > 0) {
        uint32_t node = pending.at[--pending.count];
        if (json_kind(doc, node) != JSON_OBJECT) {
            import_lose(report, path, "has a query that is no object");
            return false;
        }
        for (uint32_t i = json_first(doc, node); i != JSON_NONE; i = json_after(doc, node, i)) {
            if (!check_member(doc, i, &pending, path, report))
                return false;
        }
    }
    return true;
}
