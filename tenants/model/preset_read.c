/*
 * preset_read: a preset's document as a tree. Targets are read level by level: those within one
 * wait in a list, so that no depth of the document is one of calls.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "tenants/model/preset_reader.h"

static const struct json_limits limits = {
    .max_bytes = PRESET_BYTES_MAX, .max_depth = 32, .max_nodes = 16384};

bool preset_wrong(struct preset_reader *r, const char *path, const char *member, const char *format,
                  ...)
{
    va_list args;

    snprintf(r->error->path, sizeof(r->error->path), "%s%s%s", path,
             *path != '\0' && *member != '\0' ? "." : "", member);
    va_start(args, format);
    vsnprintf(r->error->text, sizeof(r->error->text), format, args);
    va_end(args);
    return false;
}

/* ---- values ---- */

bool preset_read_name(struct preset_reader *r, const char *path, const char *member, uint32_t value,
                      struct span *name_out)
{
    struct span text;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return preset_wrong(r, path, member, "must be a string");
    if (json_string(r->doc, value, r->arena, &text) != 0 || text.size == 0 ||
        text.size > WISH_NAME_MAX)
        return preset_wrong(r, path, member, "must have 1 to %d bytes", WISH_NAME_MAX);
    *name_out = arena_span(r->arena, text);
    return true;
}

bool preset_read_whole(struct preset_reader *r, const char *path, const char *member,
                       uint32_t value, const int64_t range[2], int64_t *number_out)
{
    int64_t number;
    int error = json_int64(r->doc, value, &number);

    if (error == -ENOENT)
        return true;
    if (error != 0 || number < range[0] || number > range[1])
        return preset_wrong(r, path, member, "must be a whole number from %lld to %lld",
                            (long long)range[0], (long long)range[1]);
    *number_out = number;
    return true;
}

bool preset_read_statuses(struct preset_reader *r, const char *path, const char *member,
                          uint32_t value, struct preset_statuses *statuses_out)
{
    struct preset_statuses statuses = {.count = 0};
    uint32_t count;

    if (json_is_null(r->doc, value))
        return true;
    count = json_kind(r->doc, value) == JSON_ARRAY ? json_count(r->doc, value) : 0;
    if (count == 0 || count > PRESET_STATUSES_MAX)
        return preset_wrong(r, path, member, "must be an array of 1 to %d statuses",
                            PRESET_STATUSES_MAX);
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        int64_t status;

        if (json_int64(r->doc, item, &status) != 0 || status < 400 || status > 599)
            return preset_wrong(r, path, member, "must have statuses from 400 to 599 in it");
        statuses.at[statuses.count++] = (uint16_t)status;
    }
    *statuses_out = statuses;
    return true;
}

bool preset_knows(struct preset_reader *r, const char *path, uint32_t object,
                  const char *const *names, size_t count)
{
    for (uint32_t name = json_first(r->doc, object); name != JSON_NONE;
         name = json_after(r->doc, object, name)) {
        struct span raw = json_inside(r->doc, name);
        char text[PRESET_PATH_MAX];
        size_t i = 0;

        while (i < count && !json_string_is(r->doc, name, names[i]))
            i++;
        if (i < count)
            continue;
        snprintf(text, sizeof(text), "%.*s", (int)(raw.size < 64 ? raw.size : 64), raw.at);
        return preset_wrong(r, path, text, "is not known here");
    }
    return true;
}

bool preset_is_object(struct preset_reader *r, const char *path, const char *member, uint32_t value)
{
    return json_is_null(r->doc, value) || json_kind(r->doc, value) == JSON_OBJECT ||
           preset_wrong(r, path, member, "must be an object");
}

/* ---- a target ---- */

static const char *const members[] = {"name",
                                      "weight",
                                      "on",
                                      "strategy",
                                      "targets",
                                      "model",
                                      "provider",
                                      "request_timeout",
                                      "first_token_timeout",
                                      "override_params",
                                      "retry"};

/* Whatever leads here, where it was not written. */
static bool read_causes(struct preset_reader *r, const struct preset_pending *pending,
                        uint32_t value)
{
    static const char *const words[FALLS] = {[FALL_ERROR] = "error",
                                             [FALL_CONTEXT] = "context_window",
                                             [FALL_POLICY] = "content_policy"};
    uint8_t on = 0;

    pending->target->on = FALL_ANY;
    if (json_is_null(r->doc, value))
        return true;
    if (pending->parent == NULL || pending->parent->mode != PRESET_FALLBACK)
        return preset_wrong(r, pending->path, "on", "is of the targets of a fallback only");
    if (pending->parent->targets[0] == pending->target)
        return preset_wrong(r, pending->path, "on",
                            "means nothing at the first target of a fallback: nothing leads to it");
    if (json_kind(r->doc, value) == JSON_ARRAY)
        for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
             item = json_after(r->doc, value, item)) {
            int i = 0;

            while (i < FALLS && (json_kind(r->doc, item) != JSON_STRING ||
                                 !json_string_is(r->doc, item, words[i])))
                i++;
            if (i == FALLS) {
                on = 0;
                break;
            }
            on |= (uint8_t)(1U << i);
        }
    pending->target->on = on;
    return on != 0 || preset_wrong(r, pending->path, "on",
                                   "must be an array of 'error', 'context_window' and "
                                   "'content_policy', at least one of them");
}

static bool read_weight(struct preset_reader *r, const struct preset_pending *pending,
                        uint32_t value)
{
    double weight = 1;

    pending->target->weight = 1;
    if (json_is_null(r->doc, value))
        return true;
    if (pending->parent == NULL || pending->parent->mode != PRESET_LOADBALANCE)
        return preset_wrong(r, pending->path, "weight", "is of the targets of a loadbalance only");
    if (json_double(r->doc, value, &weight) != 0)
        return preset_wrong(r, pending->path, "weight", "must be a number above 0");
    if (!(weight > 0))
        return preset_wrong(r, pending->path, "weight", "must be above 0");
    if (weight < 1e-6 || weight > 1e9)
        return preset_wrong(r, pending->path, "weight", "must be from 0.000001 to 1000000000");
    pending->target->weight = weight;
    return true;
}

static bool read_mode(struct preset_reader *r, const struct preset_pending *pending)
{
    static const char *const modes[] = {[PRESET_SINGLE] = "single",
                                        [PRESET_FALLBACK] = "fallback",
                                        [PRESET_LOADBALANCE] = "loadbalance",
                                        [PRESET_CONDITIONAL] = "conditional"};
    uint32_t strategy = json_find(r->doc, pending->node, "strategy");
    uint32_t mode = json_find(r->doc, strategy, "mode");
    size_t i = 0;

    pending->target->mode = PRESET_SINGLE;
    if (!preset_is_object(r, pending->path, "strategy", strategy))
        return false;
    if (json_is_null(r->doc, strategy))
        return true;
    while (i < array_size(modes) &&
           (json_is_null(r->doc, mode) || json_kind(r->doc, mode) != JSON_STRING ||
            !json_string_is(r->doc, mode, modes[i])))
        i++;
    if (i == array_size(modes))
        return preset_wrong(r, pending->path, "strategy.mode",
                            "must be 'single', 'fallback', 'loadbalance' or 'conditional'");
    pending->target->mode = (enum preset_mode)i;
    return true;
}

static bool read_target(struct preset_reader *r, const struct preset_pending *pending)
{
    const struct json_doc *doc = r->doc;
    uint32_t node = pending->node;

    if (!preset_knows(r, pending->path, node, members, array_size(members)) ||
        !read_mode(r, pending) || !read_causes(r, pending, json_find(doc, node, "on")) ||
        !read_weight(r, pending, json_find(doc, node, "weight")))
        return false;
    return pending->target->mode == PRESET_SINGLE ? preset_read_leaf(r, pending)
                                                  : preset_read_strategy(r, pending);
}

/* ---- the whole ---- */

static bool names_are_unique(struct preset_reader *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (span_equal(r->pending[i].target->name, r->pending[j].target->name))
                return preset_wrong(r, r->pending[i].path, "name", "is the name of '%s' too: %.*s",
                                    *r->pending[j].path == '\0' ? "the whole" : r->pending[j].path,
                                    SPAN_ARG(r->pending[i].target->name));
    return true;
}

static bool read_root(struct preset_reader *r, struct preset *preset)
{
    struct preset_target *root = arena_array(r->arena, 1, sizeof(*root));

    if (json_kind(r->doc, 0) != JSON_OBJECT)
        return preset_wrong(r, "", "", "must be an object");
    root->name = span_of("root");
    if (!preset_read_name(r, "", "name", json_find(r->doc, 0, "name"), &root->name))
        return false;
    r->pending[r->count++] = (struct preset_pending){.target = root, .path = "", .depth = 1};
    for (; r->read < r->count; r->read++)
        if (!read_target(r, &r->pending[r->read]))
            return false;
    if (!names_are_unique(r))
        return false;
    *preset = (struct preset){root, r->count};
    return true;
}

int preset_read(struct span text, struct arena *arena, struct preset *preset_out,
                struct preset_error_at *error_out)
{
    struct json_doc doc = json_doc_make();
    struct preset_reader r = {.doc = &doc, .arena = arena, .error = error_out};
    enum json_error error = json_parse(&doc, text, &limits);
    bool good;

    if (error == JSON_OK)
        good = read_root(&r, preset_out);
    else
        good = preset_wrong(&r, "", "", "%s at byte %zu", json_error_text(error), doc.error_at);
    json_doc_done(&doc);
    return good ? 0 : -EINVAL;
}
