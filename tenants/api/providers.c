/*
 * providers: who serves the deployments, whether we send anything there, and how they answered.
 */
#include "tenants/api/change.h"
#include "tenants/store/provider_store.h"

enum { HEALTH_HOURS = 24, HEALTH_HOURS_MAX = 168, HOUR_MS = 3600000 };

static enum api_outcome list_providers(struct api *api)
{
    return api_list_of(api, &provider_list_view, api_query_param(api, "q"),
                       api_query_param(api, "status"));
}

static enum api_outcome get_provider(struct api *api)
{
    return api_one_of(api, &provider_view, "provider", PG_TEXT(api_path_text(api, "provider")));
}

struct patch {
    struct span provider;
    struct pg_param status;
};

static enum store_outcome apply(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct patch *patch = with;

    return provider_store_update(pg, patch->provider, patch->status, error_out);
}

static enum api_outcome patch_provider(struct api *api)
{
    const struct patch patch = {api_path_text(api, "provider"), api_body_param(api, "status")};
    const struct pg_param params[] = {PG_TEXT(patch.provider), {.kind = PG_PARAM_END}};
    struct store_error error;
    int64_t revision = 0;
    enum store_outcome outcome = provider_store_lock(api->pg, patch.provider, &revision, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (api_match(api, revision) != API_OK)
        return API_FAILED;
    return change_run(api, &(struct change){.what = "provider",
                                            .action = "provider.update",
                                            .subject = patch.provider,
                                            .view = &provider_view,
                                            .params = params,
                                            .run = apply,
                                            .with = &patch});
}

static enum api_outcome list_health(struct api *api)
{
    const struct field_value *asked = api_query(api, "hours");
    int64_t hours = asked->state == FIELD_SET ? asked->number : HEALTH_HOURS;

    return api_list_of(api, &provider_health_view,
                       PG_UUID(provider_health_from(api->now_ms - hours * HOUR_MS)),
                       api_query_param(api, "provider"), api_query_param(api, "failing"));
}

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled|retired"},
};

static const struct field health_query[] = {
    {.name = "hours", .type = FIELD_INT, .min = 1, .max = HEALTH_HOURS_MAX},
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "failing", .type = FIELD_BOOL},
};

static const struct field patch_body[] = {
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/providers", ROLE_OPERATOR, NULL, list_providers, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_GET, "/providers/{provider}", ROLE_OPERATOR, NULL, get_provider),
    ROUTE(API_PATCH, "/providers/{provider}", ROLE_OPERATOR, NULL, patch_provider,
          .body = FIELDS(patch_body), .flags = API_IF_MATCH),
    ROUTE(API_GET, "/provider-health", ROLE_OPERATOR, NULL, list_health,
          .query = FIELDS(health_query), .flags = API_LIST),
};

const struct api_routes providers_routes = API_ROUTES(table);
