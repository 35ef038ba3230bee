/*
 * routes: all families of routes. A family is one file; it is served when it stands here.
 */
#include "tenants/api/route.h"

extern const struct api_routes audit_routes;
extern const struct api_routes credentials_routes;
extern const struct api_routes deployments_routes;
extern const struct api_routes imports_routes;
extern const struct api_routes members_routes;
extern const struct api_routes models_routes;
extern const struct api_routes operators_routes;
extern const struct api_routes overview_routes;
extern const struct api_routes prices_routes;
extern const struct api_routes providers_routes;
extern const struct api_routes requests_routes;
extern const struct api_routes session_routes;
extern const struct api_routes status_routes;
extern const struct api_routes usage_routes;

/* clang-format off */
const struct api_routes *const api_families[] = {
    &audit_routes,
    &credentials_routes,
    &deployments_routes,
    &imports_routes,
    &members_routes,
    &models_routes,
    &operators_routes,
    &overview_routes,
    &prices_routes,
    &providers_routes,
    &requests_routes,
    &session_routes,
    &status_routes,
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
