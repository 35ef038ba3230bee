/*
 * models: what can be called and what it costs, for everybody; and operators' word on it.
 */
#include "tenants/api/change.h"
#include "tenants/store/model_store.h"

#define STATUSES "draft|published|quarantined|retired"

static struct pg_param published_only(const struct api *api)
{
    return PG_BOOL(api->caller.kind != CALLER_OPERATOR);
}

static enum api_outcome list_models(struct api *api)
{
    return api_list_of(api, &model_list_view, api_query_param(api, "q"),
                       api_query_param(api, "kind"), api_query_param(api, "provider"),
                       api_query_param(api, "status"), published_only(api),
                       PG_UUID_OR_NULL(api->caller.tenant));
}

static int64_t revision_of(const struct view *view, const struct pg_rows *rows)
{
    int column = 0;

    while (view->columns[column].kind != VIEW_ETAG)
        column++;
    return pg_get_int64(rows, 0, column);
}

static enum api_outcome get_model(struct api *api)
{
    cleanup(pg_rows_free_at) struct pg_rows *model = NULL, *offers = NULL;
    const struct pg_param params[] = {PG_TEXT(api_path_text(api, "model")),
                                      published_only(api),
                                      PG_UUID_OR_NULL(api->caller.tenant),
                                      {.kind = PG_PARAM_END}};
    struct store_error error;
    enum store_outcome outcome = view_read(api->pg, &model_detail_view, params, &model, &error);

    if (outcome == STORE_OK && pg_rows_count(model) == 0)
        return api_fail(api, PROBLEM_NOT_FOUND, "there is no such model");
    if (outcome == STORE_OK)
        outcome = view_read(api->pg, &offer_view, params, &offers, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    view_write_members(&model_detail_view, model, 0, w);
    json_name(w, "offers");
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(offers); i++)
        view_write_row(&offer_view, offers, i, w);
    json_end(w, ']');
    json_end(w, '}');
    api_etag(api, revision_of(&model_detail_view, model));
    return API_OK;
}

struct patch {
    struct span model;
    struct model_change change;
};

static enum store_outcome apply(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct patch *patch = with;

    return model_store_update(pg, patch->model, &patch->change, error_out);
}

static enum api_outcome patch_model(struct api *api)
{
    const struct patch patch = {
        .model = api_path_text(api, "model"),
        .change = {.name = api_body_param(api, "name"),
                   .status = api_body_param(api, "status"),
                   .deprecated = api_body_param(api, "deprecated"),
                   .sets_reason = api_body_has(api, "status_reason"),
                   .status_reason = api_body_param(api, "status_reason")},
    };
    const struct pg_param params[] = {
        PG_TEXT(patch.model), PG_BOOL(false), PG_NULL, {.kind = PG_PARAM_END}};
    struct store_error error;
    int64_t revision = 0;
    enum store_outcome outcome = model_store_lock(api->pg, patch.model, &revision, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (api_match(api, revision) != API_OK)
        return API_FAILED;
    return change_run(api, &(struct change){.what = "model",
                                            .action = "model.update",
                                            .subject = patch.model,
                                            .view = &model_view,
                                            .params = params,
                                            .run = apply,
                                            .with = &patch});
}

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "kind", .type = FIELD_TEXT, .min = 1, .max = 32},
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "status", .type = FIELD_CHOICE, .choices = STATUSES},
};

static const struct field patch_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = STATUSES},
    {.name = "status_reason", .type = FIELD_TEXT, .nullable = true, .max = 500},
    {.name = "deprecated", .type = FIELD_BOOL},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/models", ROLES_SIGNED_IN, "models:read", list_models,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_GET, "/models/{model}", ROLES_SIGNED_IN, "models:read", get_model),
    ROUTE(API_PATCH, "/models/{model}", ROLE_OPERATOR, NULL, patch_model,
          .body = FIELDS(patch_body), .flags = API_IF_MATCH),
};

const struct api_routes models_routes = API_ROUTES(table);
