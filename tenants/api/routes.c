/*
 * routes: all families of routes. A family is one file; it is served when it stands here.
 */
#include "tenants/api/route.h"

extern const struct api_routes audit_routes;
extern const struct api_routes credentials_routes;
extern const struct api_routes credits_routes;
extern const struct api_routes deployments_routes;
extern const struct api_routes imports_routes;
extern const struct api_routes invoices_routes;
extern const struct api_routes keys_routes;
extern const struct api_routes ledger_routes;
extern const struct api_routes members_routes;
extern const struct api_routes models_routes;
extern const struct api_routes operators_routes;
extern const struct api_routes overview_routes;
extern const struct api_routes plans_routes;
extern const struct api_routes presets_routes;
extern const struct api_routes prices_routes;
extern const struct api_routes projects_routes;
extern const struct api_routes providers_routes;
extern const struct api_routes requests_routes;
extern const struct api_routes routing_routes;
extern const struct api_routes session_routes;
extern const struct api_routes status_routes;
extern const struct api_routes tenants_routes;
extern const struct api_routes usage_routes;

/* clang-format off */
const struct api_routes *const api_families[] = {
    &audit_routes,
    &credentials_routes,
    &credits_routes,
    &deployments_routes,
    &imports_routes,
    &invoices_routes,
    &keys_routes,
    &ledger_routes,
    &members_routes,
    &models_routes,
    &operators_routes,
    &overview_routes,
    &plans_routes,
    &presets_routes,
    &prices_routes,
    &projects_routes,
    &providers_routes,
    &requests_routes,
    &routing_routes,
    &session_routes,
    &status_routes,
    &tenants_routes,
    &usage_routes,
    NULL,
};
/* clang-format on */

enum { LIMIT_MAX = 200, CURSOR_CHARACTERS_MAX = 500 };

static const struct field list_fields[ROUTE_LIST_FIELDS] = {
    {.name = "limit", .type = FIELD_INT, .min = 1, .max = LIMIT_MAX},
    {.name = "cursor", .type = FIELD_TEXT, .min = 1, .max = CURSOR_CHARACTERS_MAX},
    {.name = "format", .type = FIELD_CHOICE, .choices = "json|csv"},
};

const struct fields route_list_fields = FIELDS(list_fields);
