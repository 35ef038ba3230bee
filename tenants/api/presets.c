/*
 * presets: a tenant's routing presets (docs/presets.md). Each PUT makes a version; to go back is to
 * PUT an older one's body.
 */
#include "tenants/model/preset.h"

#include <stdio.h>

#include "common/base/mem.h"
#include "tenants/api/api.h"
#include "tenants/store/preset_store.h"

/* ---- reading ---- */

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &preset_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "q"));
}

static enum api_outcome show_one(struct api *api, struct uuid preset)
{
    return api_one_of(api, &preset_view, "preset", PG_UUID(api_path_id(api, "tenant")),
                      PG_UUID(preset));
}

static enum api_outcome find(struct api *api, struct uuid *preset_out)
{
    struct store_error error;
    return api_store(api,
                     preset_store_find(api->pg, api_path_id(api, "tenant"),
                                       api_path_text(api, "preset"), preset_out, &error),
                     &error);
}

static enum api_outcome show(struct api *api)
{
    struct uuid preset;
    enum api_outcome outcome = find(api, &preset);
    return outcome == API_OK ? show_one(api, preset) : outcome;
}

static enum api_outcome list_versions(struct api *api)
{
    struct uuid preset;
    enum api_outcome outcome = find(api, &preset);
    return outcome == API_OK ? api_list_of(api, &preset_version_list_view,
                                           PG_UUID(api_path_id(api, "tenant")), PG_UUID(preset))
                             : outcome;
}

/* 0 for what is no number that a version has. */
static int64_t version_of(struct span text)
{
    int64_t version = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || version > PRESET_VERSIONS_MAX)
            return 0;
        version = version * 10 + (text.at[i] - '0');
    }
    return version;
}

static enum api_outcome show_version(struct api *api)
{
    struct uuid preset;
    enum api_outcome outcome = find(api, &preset);
    return outcome == API_OK ? api_one_of(api, &preset_version_view, "version of the preset",
                                          PG_UUID(api_path_id(api, "tenant")), PG_UUID(preset),
                                          PG_INT(version_of(api_path_text(api, "version"))))
                             : outcome;
}

/* ---- what a body says ---- */

/* Names of one kind that stand in a preset, gathered and then complained of. */
struct naming {
    struct api *api;
    bool models;
    struct span *names;
    size_t count, room;
    const struct preset_unknowns *unknown; /* NULL while names are gathered */
};

static bool gather(void *context, struct span name, bool is_model, const char *path)
{
    struct naming *naming = context;
    (void)path;
    if (is_model != naming->models)
        return true;
    if (naming->names != NULL)
        naming->names[naming->count] = name;
    naming->count++;
    return naming->names == NULL || naming->count < naming->room;
}

static bool complain(void *context, struct span name, bool is_model, const char *path)
{
    const struct naming *naming = context;
    const char *what = is_model ? "model" : "provider";
    char field[160];
    for (size_t i = 0; is_model == naming->models && i < naming->unknown->count; i++) {
        const struct preset_unknown *one = &naming->unknown->at[i];
        if (!span_equal(one->name, name))
            continue;
        snprintf(field, sizeof(field), "body.%s", path);
        if (one->near.size > 0)
            api_fail_field(naming->api, field, "there is no %s \"%.*s\"; there is %.*s", what,
                           SPAN_ARG(name), SPAN_ARG(one->near));
        else
            api_fail_field(naming->api, field, "there is no %s \"%.*s\"; GET /%ss lists them", what,
                           SPAN_ARG(name), what);
    }
    return true;
}

static enum api_outcome check_names(struct api *api, const struct preset *preset, bool models)
{
    struct naming naming = {.api = api, .models = models};
    struct preset_unknowns unknown = {0};
    struct store_error error;
    preset_each_name(preset, gather, &naming);
    if (naming.count == 0)
        return API_OK;
    naming.room = naming.count;
    naming.count = 0;
    naming.names = arena_array(api->arena, naming.room, sizeof(*naming.names));
    preset_each_name(preset, gather, &naming);
    enum api_outcome outcome =
        api_store(api,
                  (models ? preset_store_unknown_models : preset_store_unknown_providers)(
                      api->pg, naming.names, naming.count, api->arena, &unknown, &error),
                  &error);
    if (outcome != API_OK || unknown.count == 0)
        return outcome;
    naming.unknown = &unknown;
    preset_each_name(preset, complain, &naming);
    return API_FAILED;
}

/* The preset as it was written, once it is known to make sense. */
static enum api_outcome read_preset(struct api *api, struct span *body_out)
{
    struct preset preset;
    struct preset_error_at error;
    char field[160];
    *body_out = json_raw(api->document, api_body(api, "body")->node);
    if (body_out->size > PRESET_BYTES_MAX)
        return api_fail_field(api, "body", "has at most %d KiB", PRESET_BYTES_MAX >> 10);
    if (preset_read(*body_out, api->arena, &preset, &error) < 0) {
        snprintf(field, sizeof(field), "body%s%s", error.path[0] == '\0' ? "" : ".", error.path);
        return api_fail_field(api, field, "%s", error.text);
    }
    enum api_outcome models = check_names(api, &preset, true);
    enum api_outcome providers = check_names(api, &preset, false);
    return models == API_OK ? providers : models;
}

/* ---- changing ---- */

static enum api_outcome create(struct api *api)
{
    struct preset_new preset = {.tenant = api_path_id(api, "tenant"),
                                .name = api_body(api, "name")->text};
    struct store_error error;
    struct uuid made;
    if (!preset_name_good(preset.name))
        return api_fail_field(api, "name",
                              "has a-z, 0-9, -, _ and . and begins with a letter or digit");
    enum api_outcome outcome = read_preset(api, &preset.body);
    if (outcome == API_OK)
        outcome = api_store(api, preset_store_create(api->pg, &api->actor, &preset, &made, &error),
                            &error);
    if (outcome == API_OK)
        outcome = show_one(api, made);
    return outcome == API_OK ? API_CREATED : outcome;
}

static enum api_outcome lock(struct api *api, struct preset_state *state)
{
    struct store_error error;
    enum api_outcome outcome =
        api_store(api,
                  preset_store_lock(api->pg, api_path_id(api, "tenant"),
                                    api_path_text(api, "preset"), state, &error),
                  &error);
    return outcome == API_OK ? api_match(api, state->revision) : outcome;
}

static enum api_outcome put(struct api *api)
{
    struct preset_state state;
    struct store_error error;
    struct span body;
    enum api_outcome outcome = lock(api, &state);
    if (outcome == API_OK)
        outcome = read_preset(api, &body);
    if (outcome == API_OK)
        outcome =
            api_store(api, preset_store_put(api->pg, &api->actor, &state, body, &error), &error);
    return outcome == API_OK ? show_one(api, state.id) : outcome;
}

static enum api_outcome delete (struct api *api) {
    struct preset_state state; struct store_error error;
    enum api_outcome outcome = lock(api, &state);
    if (outcome == API_OK)
        outcome = api_store(api, preset_store_delete(api->pg, &api->actor, &state, &error), &error);
    return outcome == API_OK ? API_NO_CONTENT : outcome;
}

/* ---- routes ---- */

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = PRESET_NAME_MAX},
};
static const struct field new_body[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = PRESET_NAME_MAX},
    {.name = "body", .type = FIELD_JSON, .required = true},
};
static const struct field put_body[] = {
    {.name = "body", .type = FIELD_JSON, .required = true},
};

#define PRESETS "/tenants/{tenant}/presets"
#define PRESET PRESETS "/{preset}"
#define WRITERS (ROLES_STEER | ROLE_DEVELOPER)
static const struct api_route table[] = {
    ROUTE(API_GET, PRESETS, ROLES_SIGNED_IN, "routing:read", list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, PRESETS, WRITERS, "routing:write", create, .body = FIELDS(new_body)),
    ROUTE(API_GET, PRESET, ROLES_SIGNED_IN, "routing:read", show),
    ROUTE(API_PUT, PRESET, WRITERS, "routing:write", put, .body = FIELDS(put_body),
          .flags = API_IF_MATCH),
    ROUTE(API_DELETE, PRESET, WRITERS, "routing:write", delete, .flags = API_IF_MATCH),
    ROUTE(API_GET, PRESET "/versions", ROLES_SIGNED_IN, "routing:read", list_versions,
          .flags = API_LIST),
    ROUTE(API_GET, PRESET "/versions/{version}", ROLES_SIGNED_IN, "routing:read", show_version),
};
const struct api_routes presets_routes = API_ROUTES(table);
