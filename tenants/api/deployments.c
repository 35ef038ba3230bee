/*
 * deployments: where models can be had: operators see, release, drain and tune them.
 */
#include "tenants/api/change.h"
#include "tenants/store/model_store.h"

#define STATUSES "draft|published|quarantined|retired"

enum {
    TIMEOUT_MAX_MS = 3600000,
    WEIGHT_MAX = 1000000,
    PROBE_INTERVAL_MAX_S = 86400,
    PROBE_INTERVAL_MIN_S = 5
};

static enum api_outcome list_deployments(struct api *api)
{
    return api_list_of(api, &deployment_list_view, api_query_param(api, "q"),
                       api_query_param(api, "model"), api_query_param(api, "provider"),
                       api_query_param(api, "status"), api_query_param(api, "drained"));
}

static enum api_outcome get_deployment(struct api *api)
{
    return api_one_of(api, &deployment_view, "deployment", PG_UUID(api_path_id(api, "deployment")));
}

struct patch {
    struct uuid id;
    struct deployment_change change;
};

static enum store_outcome apply(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct patch *patch = with;

    return deployment_store_update(pg, patch->id, &patch->change, error_out);
}

static struct deployment_change read_change(const struct api *api)
{
    return (struct deployment_change){
        .status = api_body_param(api, "status"),
        .sets_reason = api_body_has(api, "status_reason"),
        .status_reason = api_body_param(api, "status_reason"),
        .priority = api_body_param(api, "priority"),
        .weight = api_body_param(api, "weight"),
        .connect_timeout_ms = api_body_param(api, "connect_timeout_ms"),
        .first_token_timeout_ms = api_body_param(api, "first_token_timeout_ms"),
        .idle_timeout_ms = api_body_param(api, "idle_timeout_ms"),
        .total_timeout_ms = api_body_param(api, "total_timeout_ms"),
        .abort_policy = api_body_param(api, "abort_policy"),
        .probe_interval_s = api_body_param(api, "probe_interval_s"),
        .probe_daily_cap = api_body_param(api, "probe_daily_cap"),
        .sets_trains = api_body_has(api, "trains"),
        .trains = api_body_param(api, "trains"),
        .sets_retains = api_body_has(api, "retains"),
        .retains = api_body_param(api, "retains"),
        .free_on_purpose = api_body_param(api, "free_on_purpose"),
    };
}

static enum api_outcome check_probes(struct api *api)
{
    const struct field_value *interval = api_body(api, "probe_interval_s");

    if (interval->state == FIELD_SET && interval->number > 0 &&
        interval->number < PROBE_INTERVAL_MIN_S)
        return api_fail_field(api, "probe_interval_s", "is 0, for none, or %d to %d",
                              (int)PROBE_INTERVAL_MIN_S, (int)PROBE_INTERVAL_MAX_S);
    return API_OK;
}

static enum api_outcome patch_deployment(struct api *api)
{
    const struct patch patch = {.id = api_path_id(api, "deployment"), .change = read_change(api)};
    const struct pg_param params[] = {PG_UUID(patch.id), {.kind = PG_PARAM_END}};
    struct store_error error;
    char subject[ID_TEXT_SIZE];
    int64_t revision = 0;

    if (check_probes(api) != API_OK)
        return API_FAILED;
    enum store_outcome outcome = deployment_store_lock(api->pg, patch.id, &revision, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (api_match(api, revision) != API_OK)
        return API_FAILED;
    id_format(ID_DEPLOYMENT, patch.id, subject);
    return change_run(api, &(struct change){.what = "deployment",
                                            .action = "deployment.update",
                                            .subject = span_of(subject),
                                            .view = &deployment_view,
                                            .params = params,
                                            .run = apply,
                                            .with = &patch});
}

/* ---- draining ---- */

struct draining {
    struct uuid id;
    struct deployment_drain drain;
};

static enum store_outcome apply_drain(struct pg *pg, const void *with,
                                      struct store_error *error_out)
{
    const struct draining *draining = with;

    return deployment_store_drain(pg, draining->id, &draining->drain, error_out);
}

static enum store_outcome apply_undrain(struct pg *pg, const void *with,
                                        struct store_error *error_out)
{
    const struct draining *draining = with;

    return deployment_store_undrain(pg, draining->id, error_out);
}

static enum api_outcome change_drain(struct api *api, const char *action,
                                     enum store_outcome (*run)(struct pg *pg, const void *with,
                                                               struct store_error *error_out))
{
    const struct draining draining = {
        .id = api_path_id(api, "deployment"),
        .drain = {.by = api->actor.name, .reason = api_body(api, "reason")->text}};
    const struct pg_param params[] = {PG_UUID(draining.id), {.kind = PG_PARAM_END}};
    struct store_error error;
    char subject[ID_TEXT_SIZE];
    int64_t revision = 0;
    enum store_outcome outcome = deployment_store_lock(api->pg, draining.id, &revision, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    id_format(ID_DEPLOYMENT, draining.id, subject);
    return change_run(api, &(struct change){.what = "deployment",
                                            .action = action,
                                            .subject = span_of(subject),
                                            .reason = draining.drain.reason,
                                            .view = &deployment_view,
                                            .params = params,
                                            .run = run,
                                            .with = &draining});
}

static enum api_outcome drain(struct api *api)
{
    return change_drain(api, "deployment.drain", apply_drain);
}

static enum api_outcome undrain(struct api *api)
{
    return change_drain(api, "deployment.undrain", apply_undrain);
}

/* ---- routes ---- */

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "model", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "status", .type = FIELD_CHOICE, .choices = STATUSES},
    {.name = "drained", .type = FIELD_BOOL},
};

static const struct field patch_body[] = {
    {.name = "status", .type = FIELD_CHOICE, .choices = STATUSES},
    {.name = "status_reason", .type = FIELD_TEXT, .nullable = true, .max = 500},
    {.name = "priority", .type = FIELD_INT, .min = -WEIGHT_MAX, .max = WEIGHT_MAX},
    {.name = "weight", .type = FIELD_INT, .min = 1, .max = WEIGHT_MAX},
    {.name = "connect_timeout_ms", .type = FIELD_INT, .min = 1, .max = TIMEOUT_MAX_MS},
    {.name = "first_token_timeout_ms", .type = FIELD_INT, .min = 1, .max = TIMEOUT_MAX_MS},
    {.name = "idle_timeout_ms", .type = FIELD_INT, .min = 1, .max = TIMEOUT_MAX_MS},
    {.name = "total_timeout_ms", .type = FIELD_INT, .min = 1, .max = TIMEOUT_MAX_MS},
    {.name = "abort_policy", .type = FIELD_CHOICE, .choices = "cancel|drain|no_bill"},
    {.name = "probe_interval_s", .type = FIELD_INT, .min = 0, .max = PROBE_INTERVAL_MAX_S},
    {.name = "probe_daily_cap", .type = FIELD_USD, .min = 0, .max = 1000},
    {.name = "trains", .type = FIELD_BOOL, .nullable = true},
    {.name = "retains", .type = FIELD_BOOL, .nullable = true},
    {.name = "free_on_purpose", .type = FIELD_BOOL},
};

static const struct field drain_body[] = {
    {.name = "reason", .type = FIELD_TEXT, .required = true, .min = 1, .max = 500},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/deployments", ROLE_OPERATOR, NULL, list_deployments,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_GET, "/deployments/{deployment}", ROLE_OPERATOR, NULL, get_deployment),
    ROUTE(API_PATCH, "/deployments/{deployment}", ROLE_OPERATOR, NULL, patch_deployment,
          .body = FIELDS(patch_body), .flags = API_IF_MATCH),
    ROUTE(API_POST, "/deployments/{deployment}/drain", ROLE_OPERATOR, NULL, drain,
          .body = FIELDS(drain_body)),
    ROUTE(API_POST, "/deployments/{deployment}/undrain", ROLE_OPERATOR, NULL, undrain,
          .body = FIELDS(drain_body)),
};

const struct api_routes deployments_routes = API_ROUTES(table);
