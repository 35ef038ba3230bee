/*
 * preset_strategy: how a target that is no leaf chooses among those within it.
 */
#include <stdio.h>

#include "tenants/model/preset_reader.h"

/* ---- the targets within ---- */

static bool add_child(struct preset_reader *r, const struct preset_pending *pending, uint32_t node,
                      uint32_t index, const struct preset_target **slot)
{
    struct preset_target *child;
    const char *dot = *pending->path == '\0' ? "" : ".";
    struct span under = pending->depth > 1 ? pending->target->name : (struct span){0};
    char path[PRESET_PATH_MAX];

    snprintf(path, sizeof(path), "%s%stargets[%u]", pending->path, dot, index);
    if (json_kind(r->doc, node) != JSON_OBJECT)
        return preset_wrong(r, path, "", "must be an object");
    if (r->count == PRESET_TARGETS_MAX)
        return preset_wrong(r, path, "", "is one too many: a preset has at most %d in all",
                            PRESET_TARGETS_MAX);
    if (pending->depth == PRESET_DEPTH_MAX)
        return preset_wrong(r, path, "", "is too deep: at most %d may be within one another",
                            PRESET_DEPTH_MAX);
    child = arena_array(r->arena, 1, sizeof(*child));
    child->name = span_of(
        arena_printf(r->arena, "%.*s%s%u", SPAN_ARG(under), under.size > 0 ? "." : "", index));
    if (!preset_read_name(r, path, "name", json_find(r->doc, node, "name"), &child->name))
        return false;
    r->pending[r->count++] = (struct preset_pending){.node = node,
                                                     .target = child,
                                                     .parent = pending->target,
                                                     .path = arena_strdup(r->arena, path),
                                                     .depth = pending->depth + 1};
    *slot = child;
    return true;
}

static bool read_targets(struct preset_reader *r, const struct preset_pending *pending)
{
    uint32_t value = json_find(r->doc, pending->node, "targets"), count, index = 0;
    const struct preset_target **targets;

    if (json_is_null(r->doc, value) || json_kind(r->doc, value) != JSON_ARRAY ||
        json_first(r->doc, value) == JSON_NONE)
        return preset_wrong(r, pending->path, "targets", "must be an array of at least one target");
    count = json_count(r->doc, value);
    targets = arena_array(r->arena, count < PRESET_TARGETS_MAX ? count : PRESET_TARGETS_MAX,
                          sizeof(const struct preset_target *));
    for (uint32_t node = json_first(r->doc, value); node != JSON_NONE;
         node = json_after(r->doc, value, node), index++)
        if (!add_child(r, pending, node, index, &targets[index]))
            return false;
    pending->target->targets = targets;
    pending->target->target_count = index;
    return true;
}

static const struct preset_target *find_child(const struct preset_reader *r,
                                              const struct preset_target *target, uint32_t name)
{
    for (uint32_t i = 0; i < target->target_count; i++) {
        /* Names are the last thing that a caller of json_string_is() may have NULs in. */
        const char *text = target->targets[i]->name.at;

        if (strlen(text) == target->targets[i]->name.size && json_string_is(r->doc, name, text))
            return target->targets[i];
    }
    return NULL;
}

/* ---- conditions ---- */

static bool read_query(struct preset_reader *r, const char *path, uint32_t node,
                       const struct preset_condition **query_out)
{
    struct preset_condition *query = arena_array(r->arena, 1, sizeof(*query));
    struct condition_error error;

    if (json_is_null(r->doc, node))
        return preset_wrong(r, path, "query", "is missing");
    if (condition_read(r->doc, node, r->arena, query, &error) != 0) {
        char at[PRESET_PATH_MAX];

        snprintf(at, sizeof(at), "%.60s.query%.60s", path, error.path);
        return preset_wrong(r, at, "", "%s", error.text);
    }
    r->tests += query->count;
    r->values += query->values;
    r->cost += query->cost;
    if (r->tests > PRESET_TESTS_MAX)
        return preset_wrong(r, path, "query", "is one too many: a preset has at most %d tests",
                            PRESET_TESTS_MAX);
    if (r->values > PRESET_VALUES_MAX)
        return preset_wrong(r, path, "query",
                            "compares with too many values: all together at most %d",
                            PRESET_VALUES_MAX);
    if (r->cost > PRESET_PATTERN_COST_MAX)
        return preset_wrong(r, path, "query", "has a pattern too many: all together are too large");
    *query_out = query;
    return true;
}

/* A name of one of the targets within. */
static bool read_then(struct preset_reader *r, const struct preset_target *target, const char *path,
                      const char *member, uint32_t node, const struct preset_target **then_out)
{
    if (json_is_null(r->doc, node) || json_kind(r->doc, node) != JSON_STRING)
        return preset_wrong(r, path, member, "must be the name of one of the targets");
    *then_out = find_child(r, target, node);
    return *then_out != NULL ||
           preset_wrong(r, path, member, "names none of the targets of this conditional");
}

static bool read_branch(struct preset_reader *r, const struct preset_pending *pending,
                        const char *path, uint32_t node, struct preset_branch *branch)
{
    static const char *const names[] = {"query", "then"};

    if (json_kind(r->doc, node) != JSON_OBJECT)
        return preset_wrong(r, path, "", "must be an object of 'query' and 'then'");
    return preset_knows(r, path, node, names, array_size(names)) &&
           read_query(r, path, json_find(r->doc, node, "query"), &branch->query) &&
           read_then(r, pending->target, path, "then", json_find(r->doc, node, "then"),
                     &branch->then);
}

/* Each has a test in it, so there are no more than those. */
static bool read_conditions(struct preset_reader *r, const struct preset_pending *pending,
                            const char *at, uint32_t strategy)
{
    uint32_t value = json_find(r->doc, strategy, "conditions"), count, i = 0;
    struct preset_branch *branches;

    if (json_is_null(r->doc, value) || json_kind(r->doc, value) != JSON_ARRAY ||
        json_first(r->doc, value) == JSON_NONE)
        return preset_wrong(r, at, "conditions", "must be an array of at least one condition");
    count = json_count(r->doc, value);
    if (count > PRESET_TESTS_MAX)
        return preset_wrong(r, at, "conditions", "must have at most %d", PRESET_TESTS_MAX);
    branches = arena_array(r->arena, count, sizeof(*branches));
    for (uint32_t node = json_first(r->doc, value); node != JSON_NONE;
         node = json_after(r->doc, value, node), i++) {
        char path[PRESET_PATH_MAX];

        snprintf(path, sizeof(path), "%.100s.conditions[%u]", at, i);
        if (!read_branch(r, pending, path, node, &branches[i]))
            return false;
    }
    pending->target->branches = branches;
    pending->target->branch_count = count;
    if (json_is_null(r->doc, json_find(r->doc, strategy, "default")))
        return true;
    return read_then(r, pending->target, at, "default", json_find(r->doc, strategy, "default"),
                     &pending->target->otherwise);
}

/* ---- the draw ---- */

static bool read_sticky(struct preset_reader *r, struct preset_target *target, const char *at,
                        uint32_t value)
{
    static const struct {
        const char *word;
        enum preset_sticky sticky;
    } words[] = {{"conversation", STICKY_CONVERSATION},
                 {"none", STICKY_NONE},
                 {"user", STICKY_USER},
                 {"key", STICKY_KEY}};
    struct span text = {0};

    if (!preset_read_name(r, at, "sticky", value, &text))
        return false;
    for (size_t i = 0; i < array_size(words); i++)
        if (span_is(text, words[i].word))
            target->sticky = words[i].sticky;
    if (span_starts(text, "metadata.") && text.size > strlen("metadata.") &&
        text.size <= CONDITION_NAME_MAX && span_index(text, '\0') < 0) {
        target->sticky = STICKY_METADATA;
        target->sticky_member = span_part(text, strlen("metadata."), text.size);
    }
    return text.size == 0 || target->sticky != STICKY_CONVERSATION ||
           span_is(text, "conversation") ||
           preset_wrong(r, at, "sticky",
                        "must be 'conversation', 'none', 'user', 'key' or 'metadata.NAME'");
}

/* ---- the whole ---- */

/* What means something to a leaf only. */
static bool is_no_leaf(struct preset_reader *r, const struct preset_pending *pending)
{
    static const char *const names[] = {
        "model", "provider", "retry", "request_timeout", "first_token_timeout", "override_params"};

    for (size_t i = 0; i < array_size(names); i++)
        if (!json_is_null(r->doc, json_find(r->doc, pending->node, names[i])))
            return preset_wrong(r, pending->path, names[i],
                                "is of a target without a strategy only: write it at those within");
    return true;
}

bool preset_read_strategy(struct preset_reader *r, const struct preset_pending *pending)
{
    static const char *const fallback[] = {"mode", "on_status_codes"};
    static const char *const loadbalance[] = {"mode", "sticky"};
    static const char *const conditional[] = {"mode", "conditions", "default"};
    struct preset_target *target = pending->target;
    uint32_t strategy = json_find(r->doc, pending->node, "strategy");
    char at[PRESET_PATH_MAX];

    snprintf(at, sizeof(at), "%s%sstrategy", pending->path, *pending->path == '\0' ? "" : ".");
    if (!is_no_leaf(r, pending) || !read_targets(r, pending))
        return false;
    switch (target->mode) {
    case PRESET_SINGLE:
        break;
    case PRESET_FALLBACK:
        return preset_knows(r, at, strategy, fallback, array_size(fallback)) &&
               preset_read_statuses(r, at, "on_status_codes",
                                    json_find(r->doc, strategy, "on_status_codes"),
                                    &target->leave_on);
    case PRESET_LOADBALANCE:
        return preset_knows(r, at, strategy, loadbalance, array_size(loadbalance)) &&
               read_sticky(r, target, at, json_find(r->doc, strategy, "sticky"));
    case PRESET_CONDITIONAL:
        return preset_knows(r, at, strategy, conditional, array_size(conditional)) &&
               read_conditions(r, pending, at, strategy);
    }
    return true;
}
