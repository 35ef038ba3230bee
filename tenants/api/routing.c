/*
 * routing: a tenant's rules for all its requests.
 */
#include "tenants/api/preset_default.h"
#include "tenants/store/routing_store.h"

enum { REGIONS_MAX = 16, REGION_CHARACTERS_MAX = 32 };

static enum api_outcome show(struct api *api)
{
    return api_one_of(api, &routing_view, "tenant", PG_UUID(api_path_id(api, "tenant")));
}

static bool is_region(struct span text)
{
    bool good = text.size > 0 && text.size <= REGION_CHARACTERS_MAX;
    for (size_t i = 0; good && i < text.size; i++) {
        char c = text.at[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return good;
}

static enum api_outcome check_regions(struct api *api)
{
    const struct field_value *value = api_body(api, "regions");
    if (value->state != FIELD_SET)
        return API_OK;
    if (value->texts.count == 0)
        return api_fail_field(api, "regions",
                              "an empty list would allow nowhere: say null for anywhere");
    for (size_t i = 0; i < value->texts.count; i++) {
        if (!is_region(value->texts.items[i]))
            return api_fail_field(api, "regions",
                                  "\"%.*s\" is not a region: a-z, 0-9 and -, as in eu or "
                                  "us-east-1",
                                  SPAN_ARG(span_part(value->texts.items[i], 0, 64)));
    }
    return API_OK;
}

static enum api_outcome change(struct api *api)
{
    struct routing_change wanted = {
        .tenant = api_path_id(api, "tenant"),
        .continue_on_failure = api_body_param(api, "continue_on_failure"),
        .hedge = api_body_param(api, "hedge"),
        .zdr = api_body_param(api, "zdr"),
        .data_collection = api_body_param(api, "data_collection"),
        .has_strategy = api_body_has(api, "strategy"),
        .strategy = api_body_param(api, "strategy"),
        .has_regions = api_body_has(api, "regions"),
        .regions = api_body_param(api, "regions"),
    };
    struct store_error error;
    int64_t revision;
    enum api_outcome outcome =
        api_store(api, routing_store_lock(api->pg, wanted.tenant, &revision, &error), &error);
    if (outcome == API_OK)
        outcome = api_match(api, revision);
    if (outcome == API_OK)
        outcome = check_regions(api);
    if (outcome == API_OK)
        outcome = preset_default_read(api, wanted.tenant, &wanted.has_preset, &wanted.preset);
    if (outcome == API_OK)
        outcome =
            api_store(api, routing_store_change(api->pg, &api->actor, &wanted, &error), &error);
    return outcome == API_OK ? show(api) : outcome;
}

static const struct field change_body[] = {
    PRESET_DEFAULT_FIELD(true),
    {.name = "strategy",
     .type = FIELD_CHOICE,
     .nullable = true,
     .choices = "default|price|throughput|latency|balanced|weighted|priority|least-busy|usage"},
    {.name = "continue_on_failure", .type = FIELD_BOOL},
    {.name = "hedge", .type = FIELD_BOOL},
    {.name = "zdr", .type = FIELD_BOOL},
    {.name = "data_collection", .type = FIELD_CHOICE, .choices = "allow|deny"},
    {.name = "regions", .type = FIELD_TEXTS, .nullable = true, .max = REGIONS_MAX},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/routing", ROLES_SIGNED_IN, "routing:read", show),
    ROUTE(API_PATCH, "/tenants/{tenant}/routing", ROLES_STEER, "routing:write", change,
          .body = FIELDS(change_body), .flags = API_IF_MATCH),
};
const struct api_routes routing_routes = API_ROUTES(table);
