/*
 * catalog_reader: typed members with their path. See catalog_reader.h.
 */
#include "tenants/model/catalog_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/mem.h"
#include "tenants/model/catalog_check.h"
#include "tenants/model/catalog_file.h"

static const struct json_limits limits = {
    .max_bytes = CATALOG_MAX_BYTES, .max_depth = 16, .max_nodes = 3000000};

static void append(struct catalog_reader *r, const char *text)
{
    size_t size = strlen(text);

    if (size > sizeof(r->path) - 1 - r->path_size)
        size = sizeof(r->path) - 1 - r->path_size;
    memcpy(r->path + r->path_size, text, size);
    r->path_size += size;
    r->path[r->path_size] = '\0';
}

void catalog_down(struct catalog_reader *r, const char *member)
{
    if (r->path_size > 0)
        append(r, ".");
    append(r, member);
}

void catalog_down_item(struct catalog_reader *r, const char *list, uint32_t index)
{
    char text[16];

    catalog_down(r, list);
    (void)snprintf(text, sizeof(text), "[%u]", index);
    append(r, text);
}

bool catalog_enter(struct catalog_reader *r, const char *list, uint32_t index, uint32_t item)
{
    catalog_down_item(r, list, index);
    if (json_kind(&r->doc, item) != JSON_OBJECT)
        return catalog_wrong(r, NULL, "is not an object");
    return true;
}

void catalog_up(struct catalog_reader *r, size_t mark)
{
    r->path_size = mark;
    r->path[mark] = '\0';
}

bool catalog_wrong(struct catalog_reader *r, const char *member, const char *format, ...)
{
    size_t mark = r->path_size;
    char *at = r->error->text;
    size_t room = sizeof(r->error->text);
    va_list arguments;
    int size;

    if (member != NULL)
        catalog_down(r, member);
    size = snprintf(at, room, "%s%s", r->path, r->path_size > 0 ? ": " : "");
    catalog_up(r, mark);
    must(size >= 0 && (size_t)size < room);
    va_start(arguments, format);
    (void)vsnprintf(at + size, room - (size_t)size, format, arguments);
    va_end(arguments);
    return false;
}

bool catalog_reader_open(struct catalog_reader *r, struct span text, struct arena *arena,
                         struct catalog_error *error)
{
    enum json_error problem;

    *r = (struct catalog_reader){.doc = json_doc_make(), .arena = arena, .error = error};
    error->text[0] = '\0';
    problem = json_parse(&r->doc, text, &limits);
    if (problem != JSON_OK)
        return catalog_wrong(r, NULL, "the text %s at byte %zu", json_error_text(problem),
                             r->doc.error_at);
    if (json_kind(&r->doc, 0) != JSON_OBJECT)
        return catalog_wrong(r, NULL, "the text is not an object");
    return true;
}

void catalog_reader_done(struct catalog_reader *r)
{
    json_doc_done(&r->doc);
}

bool catalog_only(struct catalog_reader *r, uint32_t object, const char *const *known)
{
    for (uint32_t name = json_first(&r->doc, object); name != JSON_NONE;
         name = json_after(&r->doc, object, name)) {
        size_t i = 0;

        while (known[i] != NULL && !json_string_is(&r->doc, name, known[i]))
            i++;
        if (known[i] == NULL) {
            struct span text = json_raw(&r->doc, name);

            return catalog_wrong(r, NULL, "unknown member %.*s",
                                 (int)(text.size > 80 ? 80 : text.size), text.at);
        }
    }
    return true;
}

static bool printable(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return true;
}

/* A required member that is absent or null, or an optional one: *there_out says which. */
static bool look(struct catalog_reader *r, uint32_t object, const char *member,
                 enum catalog_need need, uint32_t *node_out, bool *there_out)
{
    *node_out = json_find(&r->doc, object, member);
    *there_out = !json_is_null(&r->doc, *node_out);
    if (!*there_out && need == CATALOG_REQUIRED)
        return catalog_wrong(r, member, "is missing");
    return true;
}

static bool text_of(struct catalog_reader *r, const char *member, uint32_t node, size_t max,
                    const char **out)
{
    struct span text;

    if (json_string(&r->doc, node, r->arena, &text) < 0)
        return catalog_wrong(r, member, "is not a string");
    if (text.size == 0)
        return catalog_wrong(r, member, "is empty");
    if (text.size > max)
        return catalog_wrong(r, member, "is longer than %zu bytes", max);
    if (!printable(text))
        return catalog_wrong(r, member, "has a control character in it");
    *out = arena_span(r->arena, text).at;
    return true;
}

bool catalog_text(struct catalog_reader *r, uint32_t object, const char *member,
                  enum catalog_need need, size_t max, const char **out)
{
    uint32_t node;
    bool there;

    if (!look(r, object, member, need, &node, &there))
        return false;
    return !there || text_of(r, member, node, max, out);
}

static bool word_of(struct catalog_reader *r, const char *member, uint32_t node,
                    const struct catalog_words *words, unsigned *out)
{
    const char *text = NULL;

    if (!text_of(r, member, node, CATALOG_MAX_TEXT, &text))
        return false;
    *out = catalog_word_of(words, span_of(text));
    if (*out == words->count)
        return catalog_wrong(r, member, "%s \"%s\" is unknown", words->what, text);
    return true;
}

bool catalog_name_of(struct catalog_reader *r, uint32_t object, const char *member,
                     const struct catalog_words *words, enum catalog_need need, unsigned *out)
{
    uint32_t node;
    bool there;

    if (!look(r, object, member, need, &node, &there))
        return false;
    return !there || word_of(r, member, node, words, out);
}

bool catalog_date(struct catalog_reader *r, uint32_t object, const char *member, const char **out)
{
    const char *text = NULL;

    if (!catalog_text(r, object, member, CATALOG_OPTIONAL, CATALOG_MAX_TEXT, &text))
        return false;
    if (text != NULL && !catalog_is_date(text))
        return catalog_wrong(r, member, "\"%s\" is no date (YYYY-MM-DD)", text);
    if (text != NULL)
        *out = text;
    return true;
}

bool catalog_count(struct catalog_reader *r, uint32_t object, const char *member, int64_t *out)
{
    int64_t value;
    int err = json_int64(&r->doc, json_find(&r->doc, object, member), &value);

    if (err == -ENOENT)
        return true;
    if (err < 0 || value < 0 || value > INT64_C(1000000000000))
        return catalog_wrong(r, member, "is not a whole number from 0 to 1e12");
    *out = value;
    return true;
}

bool catalog_truth(struct catalog_reader *r, uint32_t object, const char *member, bool *out)
{
    bool value;
    int err = json_bool(&r->doc, json_find(&r->doc, object, member), &value);

    if (err == -ENOENT)
        return true;
    if (err < 0)
        return catalog_wrong(r, member, "is neither true nor false");
    *out = value;
    return true;
}

bool catalog_flag_of(struct catalog_reader *r, uint32_t object, const char *member,
                     enum catalog_flag *out)
{
    uint32_t node = json_find(&r->doc, object, member);
    bool value = false;

    if (json_is_null(&r->doc, node))
        return true;
    if (!catalog_truth(r, object, member, &value))
        return false;
    *out = value ? CATALOG_YES : CATALOG_NO;
    return true;
}

bool catalog_list(struct catalog_reader *r, uint32_t object, const char *member,
                  enum catalog_need need, uint32_t max, uint32_t *list_out)
{
    uint32_t node;
    bool there;

    if (!look(r, object, member, need, &node, &there))
        return false;
    *list_out = JSON_NONE;
    if (!there)
        return true;
    if (json_kind(&r->doc, node) != JSON_ARRAY)
        return catalog_wrong(r, member, "is not a list");
    if (json_count(&r->doc, node) > max)
        return catalog_wrong(r, member, "has more than %u items", max);
    *list_out = node;
    return true;
}

bool catalog_object(struct catalog_reader *r, uint32_t object, const char *member,
                    enum catalog_need need, uint32_t *object_out)
{
    uint32_t node;
    bool there;

    if (!look(r, object, member, need, &node, &there))
        return false;
    if (there && json_kind(&r->doc, node) != JSON_OBJECT)
        return catalog_wrong(r, member, "is not an object");
    *object_out = there ? node : JSON_NONE;
    return true;
}

bool catalog_set(struct catalog_reader *r, uint32_t object, const char *member,
                 const struct catalog_words *words, unsigned *out)
{
    uint32_t list, index = 0;

    if (!catalog_list(r, object, member, CATALOG_OPTIONAL, CATALOG_MAX_LIST, &list))
        return false;
    *out = 0;
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), index++) {
        unsigned word = 0;
        size_t mark = r->path_size;

        catalog_down_item(r, member, index);
        if (!word_of(r, NULL, item, words, &word))
            return false;
        if ((*out & 1u << word) != 0)
            return catalog_wrong(r, NULL, "stands there twice");
        catalog_up(r, mark);
        *out |= 1u << word;
    }
    return true;
}
