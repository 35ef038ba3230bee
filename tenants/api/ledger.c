/*
 * ledger: entries of a tenant's accounts, newest first.
 */
#include "tenants/api/api.h"
#include "tenants/store/billing_view.h"

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &ledger_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "from"), api_query_param(api, "to"),
                       api_query_param(api, "account"));
}

static const struct field query[] = {
    {.name = "from", .type = FIELD_TIME},
    {.name = "to", .type = FIELD_TIME},
    {.name = "account", .type = FIELD_TEXT, .min = 1, .max = 32},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/ledger", ROLES_SIGNED_IN & ~(unsigned)ROLE_DEVELOPER,
          "billing:read", list, .query = FIELDS(query), .flags = API_LIST),
};
const struct api_routes ledger_routes = API_ROUTES(table);
