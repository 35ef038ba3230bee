/*
 * audit: what was changed, by whom, and whether the log of it is whole.
 */
#include "tenants/api/api.h"
#include "tenants/store/audit_store.h"

static enum api_outcome list_of(struct api *api, struct pg_param tenant)
{
    return api_list_of(api, &audit_list_view, tenant, api_query_param(api, "from"),
                       api_query_param(api, "to"), api_query_param(api, "action"),
                       api_query_param(api, "subject"), api_query_param(api, "actor"));
}

static enum api_outcome list(struct api *api)
{
    return list_of(api, api_query_param(api, "tenant"));
}

static enum api_outcome list_tenant(struct api *api)
{
    return list_of(api, PG_UUID(api_path_id(api, "tenant")));
}

static enum api_outcome verify(struct api *api)
{
    struct audit_check check;
    struct store_error error;
    enum store_outcome outcome = audit_store_check(api->pg, &check, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    json_put_bool(w, "ok", check.first_broken == 0);
    json_put_int64(w, "rows", check.rows);
    json_name(w, "first_broken");
    if (check.first_broken == 0)
        json_write_null(w);
    else
        json_write_int64(w, check.first_broken);
    json_end(w, '}');
    return API_OK;
}

#define FILTERS                                                                                    \
    {.name = "from", .type = FIELD_TIME}, {.name = "to", .type = FIELD_TIME},                      \
        {.name = "action", .type = FIELD_TEXT, .min = 1, .max = 64},                               \
        {.name = "subject", .type = FIELD_TEXT, .min = 1, .max = 200},                             \
    {                                                                                              \
        .name = "actor", .type = FIELD_TEXT, .min = 1, .max = 64                                   \
    }

static const struct field tenant_query[] = {FILTERS};
static const struct field list_query[] = {FILTERS,
                                          {.name = "tenant", .type = FIELD_ID, .id = ID_TENANT}};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/audit", ROLES_STEER, "audit:read", list_tenant,
          .query = FIELDS(tenant_query), .flags = API_LIST),
    ROUTE(API_GET, "/audit", ROLE_OPERATOR, NULL, list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_GET, "/audit/verify", ROLE_OPERATOR, NULL, verify),
};
const struct api_routes audit_routes = API_ROUTES(table);
