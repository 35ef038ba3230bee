/*
 * import_portkey: see import_portkey.h.
 *
 * Targets are taken level by level, so that nothing recurses: a target's children stand behind it
 * in the preset. Branches of a conditional are written last, when it is known who stayed.
 */
#include "tenants/ctl/import_portkey.h"

#include <errno.h>
#include <stdio.h>

#include "tenants/ctl/import_members.h"
#include "tenants/ctl/import_place.h"
#include "tenants/ctl/import_query.h"

#define KEYS "is left out: providers are called with the gateway's own credentials"
#define GUARD "is left out, so nothing would check the requests"
#define REGION                                                                                     \
    "is left out: a preset can't say where; provider.regions can, for deployments whose region "   \
    "is known"

enum { NAME_BYTES = 256 };

struct portkey {
    const struct json_doc *doc;
    const struct import_names *names;
    struct arena *arena;
    struct import_report *report;
    struct import_preset *preset;
    /* By the target's index in the preset. */
    uint32_t nodes[IMPORT_TARGETS_MAX];
    int depth[IMPORT_TARGETS_MAX];
    char paths[IMPORT_TARGETS_MAX][IMPORT_PATH_MAX];
    struct span called[IMPORT_TARGETS_MAX]; /* its name in the file */
};

static const struct import_member target_members[] = {
    {"strategy", FATE_TAKEN, NULL},
    {"targets", FATE_TAKEN, NULL},
    {"name", FATE_TAKEN, NULL},
    {"weight", FATE_TAKEN, NULL},
    {"provider", FATE_TAKEN, NULL},
    {"virtual_key", FATE_TAKEN, NULL},
    {"override_params", FATE_TAKEN, NULL},
    {"retry", FATE_TAKEN, NULL},
    {"request_timeout", FATE_TAKEN, NULL},
    {"id", FATE_NOTED, "is left out"},
    {"description", FATE_NOTED, "is left out"},
    {"version", FATE_NOTED, "is left out"},
    {"cache*", FATE_NOTED, "is left out: answers are not cached"},
    {"api_key", FATE_NOTED, KEYS},
    {"aws_region", FATE_LOST, REGION},
    {"vertex_region", FATE_LOST, REGION},
    {"aws_*", FATE_NOTED, KEYS},
    {"azure_*", FATE_NOTED, KEYS},
    {"vertex_*", FATE_NOTED, KEYS},
    {"workers_ai_*", FATE_NOTED, KEYS},
    {"openai_*", FATE_NOTED, KEYS},
    {"anthropic_*", FATE_NOTED, "is left out: clients send this header themselves"},
    {"resource_name", FATE_NOTED, KEYS},
    {"deployment_id", FATE_NOTED, KEYS},
    {"api_version", FATE_NOTED, KEYS},
    {"ad_auth", FATE_NOTED, KEYS},
    {"strict_open_ai_compliance", FATE_NOTED,
     "is left out: answers are as the client's dialect has them"},
    {"custom_host", FATE_LOST, "is left out: where providers are stands in the catalog"},
    {"url_to_fetch", FATE_LOST, "is left out: where providers are stands in the catalog"},
    {"forward_headers", FATE_LOST,
     "is left out: no headers are passed on but those of the dialect"},
    {"metadata", FATE_LOST, "is left out: metadata comes with each request"},
    {"input_*", FATE_LOST, GUARD},
    {"output_*", FATE_LOST, GUARD},
    {"before_request_hooks", FATE_LOST, GUARD},
    {"after_request_hooks", FATE_LOST, GUARD},
    {"default_*", FATE_LOST, GUARD},
    {"guardrails", FATE_LOST, GUARD},
    {"plugins", FATE_LOST, GUARD},
    {"prompt_id", FATE_LOST, "is left out: prompts are not kept here"},
};
static const struct import_member strategy_members[] = {
    {"mode", FATE_TAKEN, NULL},           {"on_status_codes", FATE_TAKEN, NULL},
    {"conditions", FATE_TAKEN, NULL},     {"default", FATE_TAKEN, NULL},
    {"sticky_session", FATE_TAKEN, NULL}, {"sticky", FATE_TAKEN, NULL},
};
static const struct import_member retry_members[] = {
    {"attempts", FATE_TAKEN, NULL},
    {"on_status_codes", FATE_TAKEN, NULL},
    {"use_retry_after_header", FATE_NOTED,
     "is left out: a provider's Retry-After is always believed"},
};
static const struct import_member override_members[] = {
    {"model", FATE_TAKEN, NULL},
    IMPORT_OVERRIDE_MEMBERS,
    {"*", FATE_LOST, "is no parameter that a preset overrides"},
};
static const struct import_member sticky_members[] = {
    {"enabled", FATE_TAKEN, NULL},
    {"hash_fields", FATE_TAKEN, NULL},
    {"ttl*", FATE_NOTED, "is left out: it holds as long as the weights do"},
};

/* ---- groups ---- */

/* A target's strategy; IMPORT_SINGLE for a leaf. False when it is none that is known. */
static bool read_mode(struct portkey *import, int index, enum import_mode *mode_out)
{
    static const struct {
        const char *word;
        enum import_mode mode;
    } modes[] = {{"single", IMPORT_SINGLE},
                 {"fallback", IMPORT_FALLBACK},
                 {"loadbalance", IMPORT_LOADBALANCE},
                 {"conditional", IMPORT_CONDITIONAL}};
    uint32_t strategy = import_find(import->doc, import->nodes[index], "strategy");
    uint32_t mode = import_find(import->doc, strategy, "mode");
    *mode_out = IMPORT_SINGLE;
    if (json_is_null(import->doc, mode)) {
        if (!json_is_null(import->doc, import_find(import->doc, import->nodes[index], "targets")))
            import_lose(import->report, import->paths[index], "has targets and no strategy.mode");
        return true;
    }
    for (size_t i = 0; i < array_size(modes); i++) {
        if (json_kind(import->doc, mode) == JSON_STRING &&
            json_string_is(import->doc, mode, modes[i].word)) {
            *mode_out = modes[i].mode;
            return true;
        }
    }
    import_lose(import->report, import->paths[index], "has a strategy.mode that is not known");
    return false;
}

/* By what Portkey keeps equals together; one field of metadata is what a preset has too. */
static void read_sticky(struct portkey *import, int index, uint32_t strategy)
{
    uint32_t sticky = import_find(import->doc, strategy, "sticky_session");
    char path[IMPORT_PATH_MAX];
    bool on = true;
    if (json_is_null(import->doc, sticky))
        return;
    import_path(path, import->paths[index], span_of("strategy.sticky_session"));
    import_members(import->doc, sticky, path, sticky_members, array_size(sticky_members),
                   import->report);
    if (json_bool(import->doc, import_find(import->doc, sticky, "enabled"), &on) == 0 && !on)
        return;
    uint32_t fields = import_find(import->doc, sticky, "hash_fields");
    uint32_t only = fields == JSON_NONE || json_kind(import->doc, fields) != JSON_ARRAY
                        ? JSON_NONE
                        : json_first(import->doc, fields);
    struct span field = import_text(import->doc, only, import->arena);
    if (only == JSON_NONE || json_count(import->doc, fields) != 1 ||
        !span_starts(field, "metadata.")) {
        import_lose(import->report, path, "goes by something else than one field of metadata");
        return;
    }
    import->preset->at[index].sticky = field;
}

static bool is_unweighted(struct portkey *import, int parent, uint32_t node, const char *path)
{
    double weight = 0;
    if (import->preset->at[parent].mode != IMPORT_LOADBALANCE ||
        json_double(import->doc, import_find(import->doc, node, "weight"), &weight) != 0)
        return false;
    if (weight <= 0)
        import_note(import->report, path, "is left out: its weight is not above 0");
    return weight <= 0;
}

/* One child of a group; false when there is no room for more. */
static bool add_child(struct portkey *import, int parent, uint32_t node, const char *path)
{
    if (json_kind(import->doc, node) != JSON_OBJECT) {
        import_lose(import->report, path, "is no object");
        return true;
    }
    if (is_unweighted(import, parent, node, path))
        return true;
    int index = import_add(import->preset, parent, IMPORT_SINGLE);
    if (index == IMPORT_NONE) {
        import_lose(import->report, path,
                    "is left out, and what follows: a preset has at most %d targets",
                    IMPORT_TARGETS_MAX);
        return false;
    }
    import->nodes[index] = node;
    import->depth[index] = import->depth[parent] + 1;
    (void)snprintf(import->paths[index], IMPORT_PATH_MAX, "%s", path);
    struct span name =
        import_text(import->doc, import_find(import->doc, node, "name"), import->arena);
    import->called[index] = name;
    if (name.size > 0)
        import->preset->at[index].name = import_unique(import->preset, name, import->arena);
    return true;
}

/* With `single` Portkey takes the first target, whatever stands behind it. */
static void add_children(struct portkey *import, int index, bool first_only)
{
    uint32_t targets = import_find(import->doc, import->nodes[index], "targets");
    char path[IMPORT_PATH_MAX];
    unsigned count = 0;
    if (json_is_null(import->doc, targets) || json_kind(import->doc, targets) != JSON_ARRAY) {
        import_lose(import->report, import->paths[index], "has no targets");
        return;
    }
    if (import->depth[index] + 1 >= IMPORT_DEPTH_MAX) {
        import_lose(import->report, import->paths[index], "is left out: it is too deep");
        return;
    }
    for (uint32_t i = json_first(import->doc, targets); i != JSON_NONE;
         i = json_after(import->doc, targets, i)) {
        import_path_index(path, import->paths[index], "targets", count++);
        if (first_only && count > 1) {
            import_note(import->report, path, "is left out: strategy.mode is single");
            continue;
        }
        if (!add_child(import, index, i, path))
            return;
    }
}

static void take_group(struct portkey *import, int index, bool first_only)
{
    struct import_target *target = &import->preset->at[index];
    uint32_t strategy = import_find(import->doc, import->nodes[index], "strategy");
    char path[IMPORT_PATH_MAX];
    import_path(path, import->paths[index], span_of("strategy"));
    import_members(import->doc, strategy, path, strategy_members, array_size(strategy_members),
                   import->report);
    if (target->mode == IMPORT_FALLBACK && !first_only) {
        import_path(path, import->paths[index], span_of("strategy.on_status_codes"));
        import_read_statuses(import->doc, import_find(import->doc, strategy, "on_status_codes"),
                             path, import->report, &target->leave_on);
        if (target->leave_on.count == 0)
            import_note(import->report, path,
                        "there are none: errors of the client's own (400) do not lead on here");
    }
    if (target->mode == IMPORT_LOADBALANCE)
        read_sticky(import, index, strategy);
    add_children(import, index, first_only);
}

/* ---- leaves ---- */

/* The nearest target upwards that has this member; Portkey hands them down. */
static uint32_t inherited(struct portkey *import, int index, const char *name)
{
    for (int i = index; i != IMPORT_NONE; i = import->preset->at[i].parent) {
        uint32_t node = import_find(import->doc, import->nodes[i], name);
        if (!json_is_null(import->doc, node))
            return node;
    }
    return JSON_NONE;
}

static void take_overrides(struct portkey *import, int index)
{
    struct import_layers layers = {.count = 0};
    for (int i = index; i != IMPORT_NONE && layers.count < array_size(layers.at);
         i = import->preset->at[i].parent) {
        uint32_t node = import_find(import->doc, import->nodes[i], "override_params");
        if (node != JSON_NONE && json_kind(import->doc, node) == JSON_OBJECT)
            layers.at[layers.count++] = node;
    }
    import->preset->at[index].overrides = import_overrides(import->doc, &layers, import->arena);
}

static void take_retry(struct portkey *import, int index)
{
    uint32_t retry = inherited(import, index, "retry");
    struct import_retry *out = &import->preset->at[index].retry;
    char path[IMPORT_PATH_MAX];
    if (retry == JSON_NONE)
        return;
    import_path(path, import->paths[index], span_of("retry.attempts"));
    out->attempts = import_read_retries(import->doc, import_find(import->doc, retry, "attempts"),
                                        path, import->report);
    import_path(path, import->paths[index], span_of("retry.on_status_codes"));
    import_read_statuses(import->doc, import_find(import->doc, retry, "on_status_codes"), path,
                         import->report, &out->on);
}

/* "@slug/model" is both in one; a provider may be called "@slug" as well. */
static struct import_place place_of(struct portkey *import, int index)
{
    uint32_t params = JSON_NONE;
    struct import_place place = {0};
    for (int i = index; i != IMPORT_NONE && params == JSON_NONE; i = import->preset->at[i].parent)
        params = import_find(
            import->doc, import_find(import->doc, import->nodes[i], "override_params"), "model");
    place.whole = place.model = import_text(import->doc, params, import->arena);
    place.provider = import_text(
        import->doc, import_find(import->doc, import->nodes[index], "provider"), import->arena);
    struct span key = import_text(
        import->doc, import_find(import->doc, import->nodes[index], "virtual_key"), import->arena);
    if (place.provider.size == 0 || import_mapped(import->names, key).size > 0)
        place.provider = key.size > 0 ? key : place.provider;
    if (place.model.size > 0 && place.model.at[0] == '@') {
        struct span rest = place.model, slug = span_cut(&rest, '/');
        if (rest.size > 0) {
            place.provider = slug;
            place.model = rest;
        }
    }
    return place;
}

static void take_leaf(struct portkey *import, int index)
{
    struct import_target *target = &import->preset->at[index];
    struct import_place place = place_of(import, index);
    char path[IMPORT_PATH_MAX];
    double timeout = 0;
    if (place.provider.size == 0 && place.model.size == 0) {
        import_lose(import->report, import->paths[index], "names neither provider nor model");
        import_drop(import->preset, index);
        return;
    }
    if (!import_put(&place, import->names, import->paths[index], import->report, target)) {
        import_drop(import->preset, index);
        return;
    }
    take_overrides(import, index);
    take_retry(import, index);
    uint32_t node = inherited(import, index, "request_timeout");
    import_path(path, import->paths[index], span_of("request_timeout"));
    if (json_double(import->doc, node, &timeout) == 0 && timeout >= 1 && timeout <= 1e9)
        target->total_ms = import_bound_ms(timeout, path, import->report);
    else if (!json_is_null(import->doc, node))
        import_lose(import->report, path, "is no time in milliseconds");
}

static void take_target(struct portkey *import, int index)
{
    struct import_target *target = &import->preset->at[index];
    uint32_t node = import->nodes[index];
    char path[IMPORT_PATH_MAX];
    double weight = 0;
    import_members(import->doc, node, import->paths[index], target_members,
                   array_size(target_members), import->report);
    uint32_t retry = import_find(import->doc, node, "retry");
    import_path(path, import->paths[index], span_of("retry"));
    if (!json_is_null(import->doc, retry))
        import_members(import->doc, retry, path, retry_members, array_size(retry_members),
                       import->report);
    uint32_t params = import_find(import->doc, node, "override_params");
    import_path(path, import->paths[index], span_of("override_params"));
    if (!json_is_null(import->doc, params))
        import_members(import->doc, params, path, override_members, array_size(override_members),
                       import->report);
    uint32_t share = import_find(import->doc, node, "weight");
    import_path(path, import->paths[index], span_of("weight"));
    if (json_double(import->doc, share, &weight) == 0)
        target->weight = weight;
    else if (!json_is_null(import->doc, share))
        import_lose(import->report, path, "is no number");
    if (!read_mode(import, index, &target->mode)) {
        import_drop(import->preset, index);
        return;
    }
    bool single = target->mode == IMPORT_SINGLE &&
                  !json_is_null(import->doc, import_find(import->doc, node, "targets"));
    if (single)
        target->mode = IMPORT_FALLBACK;
    if (target->mode == IMPORT_SINGLE)
        take_leaf(import, index);
    else
        take_group(import, index, single);
}

/* ---- branches ---- */

/* The new name of the child that `node` names and that is still there. */
static struct span child_named(struct portkey *import, int index, uint32_t node)
{
    char text[NAME_BYTES];
    if (json_is_null(import->doc, node) ||
        json_copy_string(import->doc, node, text, sizeof(text)) != 0)
        return (struct span){0};
    struct span name = span_of(text);
    for (int i = import->preset->at[index].first; i != IMPORT_NONE;
         i = import->preset->at[i].next) {
        if (name.size > 0 && span_equal(import->called[i], name))
            return import->preset->at[i].name;
    }
    return (struct span){0};
}

/* Appends {"query", "then"} of one condition, or reports why not. */
static void put_branch(struct portkey *import, int index, uint32_t condition, const char *path,
                       struct json_writer *writer)
{
    uint32_t query = import_find(import->doc, condition, "query");
    struct span then = child_named(import, index, import_find(import->doc, condition, "then"));
    if (then.size == 0) {
        import_lose(import->report, path, "leads to a target that is not there");
        return;
    }
    cleanup(buf_done) struct buf text = buf_make(IMPORT_PRESET_MAX);
    if (!import_query(import->doc, query, path, import->report, &text))
        return;
    if (buf_failed(&text)) {
        import_lose(import->report, path, "is more than fits into a preset");
        return;
    }
    json_begin(writer, '{');
    json_name(writer, "query");
    json_write_raw(writer, buf_span(&text));
    json_put_string(writer, "then", then);
    json_end(writer, '}');
}

static void take_branches(struct portkey *import, int index)
{
    uint32_t strategy = import_find(import->doc, import->nodes[index], "strategy");
    uint32_t conditions = import_find(import->doc, strategy, "conditions");
    cleanup(buf_done) struct buf text = buf_make(IMPORT_PRESET_MAX);
    struct json_writer writer = json_writer_make(&text);
    char path[IMPORT_PATH_MAX];
    unsigned count = 0;
    json_begin(&writer, '[');
    if (conditions != JSON_NONE && json_kind(import->doc, conditions) == JSON_ARRAY) {
        for (uint32_t i = json_first(import->doc, conditions);
             i != JSON_NONE && count < IMPORT_TARGETS_MAX;
             i = json_after(import->doc, conditions, i)) {
            import_path_index(path, import->paths[index], "strategy.conditions", count++);
            put_branch(import, index, i, path, &writer);
        }
    }
    json_end(&writer, ']');
    import_path(path, import->paths[index], span_of("strategy.conditions"));
    if (buf_failed(&text) || json_count(import->doc, conditions) > IMPORT_TARGETS_MAX)
        import_lose(import->report, path, "are more than fit into a preset");
    else if (count == 0)
        import_lose(import->report, path, "are not there");
    else
        import->preset->at[index].conditions = arena_span(import->arena, buf_span(&text));
    uint32_t otherwise = import_find(import->doc, strategy, "default");
    import->preset->at[index].otherwise = child_named(import, index, otherwise);
    import_path(path, import->paths[index], span_of("strategy.default"));
    if (!json_is_null(import->doc, otherwise) && import->preset->at[index].otherwise.size == 0)
        import_lose(import->report, path, "leads to a target that is not there");
}

/* ---- all of it ---- */

/* What their API answers, and what an export holds, has the config inside. */
static uint32_t find_config(const struct json_doc *doc)
{
    static const char *const ways[] = {"data", "config"};
    uint32_t node = 0;
    for (size_t i = 0; i < array_size(ways); i++) {
        uint32_t inside = import_find(doc, node, ways[i]);
        if (inside != JSON_NONE && json_kind(doc, inside) == JSON_OBJECT)
            node = inside;
    }
    return node;
}

int import_portkey(const struct json_doc *doc, const struct import_names *names,
                   struct arena *arena, struct import_report *report, struct import_preset *preset,
                   struct buf *error)
{
    uint32_t root = find_config(doc);
    if (json_kind(doc, root) != JSON_OBJECT) {
        buf_add_string(error, "it is no object, as a config of Portkey is");
        return -EINVAL;
    }
    struct portkey *import = arena_take(arena, sizeof(*import));
    *import = (struct portkey){
        .doc = doc, .names = names, .arena = arena, .report = report, .preset = preset};
    import_preset_clear(preset);
    int top = import_add(preset, IMPORT_NONE, IMPORT_SINGLE);
    import->nodes[top] = root;
    for (int i = 0; i < preset->count; i++)
        take_target(import, i);
    import_prune(preset);
    for (int i = 0; i < preset->count; i++) {
        if (preset->at[i].mode == IMPORT_CONDITIONAL && preset->at[i].first != IMPORT_NONE)
            take_branches(import, i);
    }
    return 0;
}
