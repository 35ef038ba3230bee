/*
 * preset_default: see preset_default.h.
 */
#include "tenants/api/preset_default.h"

#include "tenants/store/preset_store.h"

static enum api_outcome complain(struct api *api, struct uuid tenant, struct span name)
{
    struct store_error error;
    struct span names;
    enum api_outcome outcome =
        api_store(api, preset_store_names(api->pg, tenant, api->arena, &names, &error), &error);
    if (outcome != API_OK)
        return outcome;
    if (names.size == 0)
        return api_fail_field(api, "preset", "the tenant has no presets");
    return api_fail_field(api, "preset", "there is no preset \"%.*s\"; there are: %.*s",
                          SPAN_ARG(name), SPAN_ARG(names));
}

enum api_outcome preset_default_read(struct api *api, struct uuid tenant, bool *named_out,
                                     struct uuid *preset_out)
{
    const struct field_value *value = api_body(api, "preset");
    struct store_error error;
    *named_out = value->state != FIELD_ABSENT;
    *preset_out = (struct uuid){{0}};
    if (value->state != FIELD_SET)
        return API_OK;
    enum store_outcome outcome =
        preset_store_hold(api->pg, tenant, value->text, preset_out, &error);
    return outcome == STORE_NOT_FOUND ? complain(api, tenant, value->text)
                                      : api_store(api, outcome, &error);
}
