/*
 * plans: their versions. A version never changes; a new one ends the one before it.
 */
#include "common/base/decimal.h"
#include "tenants/api/api.h"
#include "tenants/store/billing_view.h"
#include "tenants/store/plan_store.h"

#define PPM_DECIMALS 4 /* a percent is 10,000 ppm */

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &plan_list_view, api_query_param(api, "plan"),
                       api_query_param(api, "state"));
}

static enum api_outcome show(struct api *api)
{
    return api_one_of(api, &plan_view, "version of a plan",
                      PG_UUID(api_path_id(api, "plan_version")));
}

/* ---- what a body says ---- */

/* Decimal text of percent as millionths, exactly; 0 when it is not given. */
static bool read_percent(struct api *api, const char *name, int64_t max_percent, int64_t *ppm_out)
{
    const struct field_value *value = api_body(api, name);
    struct decimal decimal;
    int128 ppm = 0;
    if (value->state != FIELD_SET)
        return true;
    bool plain = span_index(value->text, 'e') < 0 && span_index(value->text, 'E') < 0;
    if (plain && decimal_parse(value->text, &decimal) == 0 && !decimal.negative &&
        decimal_scaled(&decimal, PPM_DECIMALS, DECIMAL_EXACT, &ppm) == 0 &&
        ppm <= (int128)max_percent * (PPM_ONE / 100)) {
        *ppm_out = (int64_t)ppm;
        return true;
    }
    (void)api_fail_field(api, name,
                         "must be a percentage from 0 to %lld with at most %d decimals, as text: "
                         "\"5.5\"",
                         (long long)max_percent, PPM_DECIMALS);
    return false;
}

/* Whole cents; 0 when it is not given. */
static bool read_cents(struct api *api, const char *name, int64_t *minor_out)
{
    const struct field_value *value = api_body(api, name);
    if (value->state != FIELD_SET)
        return true;
    *minor_out = (int64_t)(value->pico / PICO_PER_CENT);
    if (value->pico % PICO_PER_CENT == 0)
        return true;
    (void)api_fail_field(api, name, "must be whole cents");
    return false;
}

static bool read_word(struct api *api)
{
    struct span plan = api_body(api, "plan")->text;
    bool good = plan.size > 0 && plan.at[0] >= 'a' && plan.at[0] <= 'z';
    for (size_t i = 0; good && i < plan.size; i++)
        good = plan.at[i] != '\0' &&
               strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", plan.at[i]) != NULL;
    if (!good)
        (void)api_fail_field(api, "plan",
                             "must begin with a letter and hold a-z, 0-9, _ and - only");
    return good;
}

static bool read_volume(struct api *api, struct plan_version_new *version)
{
    const struct field_value *threshold = api_body(api, "volume_threshold");
    if (!read_percent(api, "volume_discount_percent", 100, &version->volume_discount_ppm))
        return false;
    if ((threshold->state == FIELD_SET) != (version->volume_discount_ppm > 0)) {
        (void)api_fail_field(api, "volume_threshold", "goes with a volume_discount_percent");
        return false;
    }
    if (threshold->state == FIELD_SET)
        version->volume_threshold_pico = threshold->pico;
    return true;
}

static bool read_beginning(struct api *api, struct plan_version_new *version)
{
    const struct field_value *from = api_body(api, "effective_from");
    version->from_ms = from->state == FIELD_SET ? from->number : INT64_MIN;
    if (from->state != FIELD_SET || from->number >= api->now_ms)
        return true;
    (void)api_fail_field(api, "effective_from", "a version cannot begin in the past");
    return false;
}

/* All that is wrong is told at once, so everything is read. */
static enum api_outcome read_version(struct api *api, struct plan_version_new *version)
{
    const struct field_value *listed = api_body(api, "listed"), *fixed = api_body(api, "fixed");
    version->plan = api_body(api, "plan")->text;
    version->name = api_body(api, "name")->text;
    version->listed = listed->state != FIELD_SET || listed->flag;
    version->fixed_pico = fixed->state == FIELD_SET ? (int64_t)fixed->pico : 0;
    const bool good[] = {
        read_word(api),
        read_percent(api, "markup_percent", 999, &version->markup_ppm),
        read_percent(api, "discount_percent", 100, &version->discount_ppm),
        read_percent(api, "margin_floor_percent", 999, &version->margin_floor_ppm),
        read_cents(api, "monthly_fee", &version->monthly_fee_minor),
        read_cents(api, "minimum_charge", &version->minimum_charge_minor),
        read_volume(api, version),
        read_beginning(api, version),
    };
    for (size_t i = 0; i < array_size(good); i++) {
        if (!good[i])
            return API_FAILED;
    }
    return API_OK;
}

static enum api_outcome create(struct api *api)
{
    struct plan_version_new version = {.listed = true};
    struct store_error error;
    struct uuid made;
    enum api_outcome outcome = read_version(api, &version);
    if (outcome == API_OK)
        outcome =
            api_store(api, plan_store_add(api->pg, &api->actor, &version, &made, &error), &error);
    if (outcome == API_OK)
        outcome = api_one_of(api, &plan_view, "version of a plan", PG_UUID(made));
    return outcome == API_OK ? API_CREATED : outcome;
}

/* ---- routes ---- */

#define PERCENT(a_name)                                                                            \
    {                                                                                              \
        .name = (a_name), .type = FIELD_TEXT, .min = 1, .max = 8                                   \
    }

static const struct field list_query[] = {
    {.name = "plan", .type = FIELD_TEXT, .min = 1, .max = 32},
    {.name = "state", .type = FIELD_CHOICE, .choices = "past|current|future"},
};
static const struct field new_body[] = {
    {.name = "plan", .type = FIELD_TEXT, .required = true, .min = 1, .max = 32},
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {.name = "listed", .type = FIELD_BOOL},
    {.name = "markup_percent", .type = FIELD_TEXT, .required = true, .min = 1, .max = 8},
    PERCENT("discount_percent"),
    {.name = "fixed", .type = FIELD_USD},
    {.name = "monthly_fee", .type = FIELD_USD},
    {.name = "volume_threshold", .type = FIELD_USD},
    PERCENT("volume_discount_percent"),
    PERCENT("margin_floor_percent"),
    {.name = "minimum_charge", .type = FIELD_USD},
    {.name = "effective_from", .type = FIELD_TIME},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/plans", ROLES_SIGNED_IN, "billing:read", list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, "/plans", ROLE_OPERATOR, NULL, create, .body = FIELDS(new_body)),
    ROUTE(API_GET, "/plans/{plan_version}", ROLES_SIGNED_IN, "billing:read", show),
};
const struct api_routes plans_routes = API_ROUTES(table);
