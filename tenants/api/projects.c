/*
 * projects: what a tenant sorts its keys by, each with a budget of its own if it wants.
 */
#include "tenants/api/budget.h"
#include "tenants/api/preset_default.h"
#include "tenants/store/project_store.h"
#include "tenants/store/tenant_store.h"
#include "tenants/store/tenant_view.h"

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &project_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "q"), api_query_param(api, "status"));
}

static enum api_outcome show_one(struct api *api, struct uuid project)
{
    return api_one_of(api, &project_view, "project", PG_UUID(api_path_id(api, "tenant")),
                      PG_UUID(project));
}

static enum api_outcome show(struct api *api)
{
    return show_one(api, api_path_id(api, "project"));
}

static enum api_outcome create(struct api *api)
{
    struct project_new project = {.tenant = api_path_id(api, "tenant"),
                                  .name = api_body(api, "name")->text};
    const struct budget none = {WINDOW_NONE, 0};
    struct budget budget;
    struct store_error error;
    struct uuid made;
    int64_t revision;
    bool named;
    enum api_outcome outcome = budget_read(api, &none, &budget, &named);
    if (outcome == API_OK)
        outcome =
            api_store(api, tenant_store_lock(api->pg, project.tenant, &revision, &error), &error);
    if (outcome == API_OK)
        outcome = preset_default_read(api, project.tenant, &named, &project.preset);
    if (outcome != API_OK)
        return outcome;
    project.budget_window = budget.window;
    project.budget_pico = budget.pico;
    outcome =
        api_store(api, project_store_create(api->pg, &api->actor, &project, &made, &error), &error);
    if (outcome == API_OK)
        outcome = show_one(api, made);
    return outcome == API_OK ? API_CREATED : outcome;
}

static enum api_outcome write_change(struct api *api, const struct project_state *state)
{
    const struct field_value *name = api_body(api, "name"), *status = api_body(api, "status");
    const struct budget now = {state->budget_window, state->budget_pico};
    struct project_change wanted = {
        .tenant = api_path_id(api, "tenant"),
        .project = api_path_id(api, "project"),
        .has_name = name->state == FIELD_SET,
        .has_status = status->state == FIELD_SET,
    };
    struct budget budget;
    struct store_error error;
    enum api_outcome outcome = budget_read(api, &now, &budget, &wanted.has_budget);
    if (outcome == API_OK)
        outcome = preset_default_read(api, wanted.tenant, &wanted.has_preset, &wanted.preset);
    if (outcome != API_OK)
        return outcome;
    wanted.budget_window = budget.window;
    wanted.budget_pico = budget.pico;
    if (wanted.has_name)
        wanted.name = name->text;
    if (wanted.has_status)
        wanted.status = (enum project_status)status->choice;
    return api_store(api, project_store_change(api->pg, &api->actor, &wanted, &error), &error);
}

static enum api_outcome change(struct api *api)
{
    struct project_state state;
    struct store_error error;
    enum api_outcome outcome =
        api_store(api,
                  project_store_lock(api->pg, api_path_id(api, "tenant"),
                                     api_path_id(api, "project"), &state, &error),
                  &error);
    if (outcome == API_OK)
        outcome = api_match(api, state.revision);
    if (outcome == API_OK)
        outcome = write_change(api, &state);
    return outcome == API_OK ? show(api) : outcome;
}

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|archived"},
};
static const struct field new_body[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    PRESET_DEFAULT_FIELD(false),
    BUDGET_FIELDS(false),
};
static const struct field change_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|archived"},
    PRESET_DEFAULT_FIELD(true),
    BUDGET_FIELDS(true),
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/projects", ROLES_SIGNED_IN, "projects:read", list,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_POST, "/tenants/{tenant}/projects", ROLES_STEER, "projects:write", create,
          .body = FIELDS(new_body)),
    ROUTE(API_GET, "/tenants/{tenant}/projects/{project}", ROLES_SIGNED_IN, "projects:read", show),
    ROUTE(API_PATCH, "/tenants/{tenant}/projects/{project}", ROLES_STEER, "projects:write", change,
          .body = FIELDS(change_body), .flags = API_IF_MATCH),
};
const struct api_routes projects_routes = API_ROUTES(table);
