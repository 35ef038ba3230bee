/*
 * tenants: who pays. Operators make and steer them; a tenant's owners and admins give it its name.
 */
#include "tenants/api/api.h"
#include "tenants/store/plan_store.h"
#include "tenants/store/tenant_store.h"
#include "tenants/store/tenant_view.h"

#define FIRST_PLAN "free"

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &tenant_list_view, api_query_param(api, "q"),
                       api_query_param(api, "status"));
}

static enum api_outcome show_one(struct api *api, struct uuid tenant)
{
    return api_one_of(api, &tenant_view, "tenant", PG_UUID(tenant));
}

static enum api_outcome show(struct api *api)
{
    return show_one(api, api_path_id(api, "tenant"));
}

/* ---- making ---- */

/* What the store would refuse, said of the member that is wrong. */
static enum api_outcome check_new(struct api *api, const struct tenant_new *tenant)
{
    struct store_error error;
    struct uuid version;
    enum store_outcome found = plan_store_find(api->pg, tenant->plan, &version, &error);
    if (found == STORE_NOT_FOUND)
        (void)api_fail_field(api, "plan", "%s", error.text);
    else if (found != STORE_OK)
        return api_store(api, found, &error);
    bool owing = tenant->billing_mode == BILLING_PREPAID && tenant->credit_limit_pico != 0;
    if (owing)
        (void)api_fail_field(api, "credit_limit",
                             "a prepaid tenant has none: it spends what it has");
    return found == STORE_OK && !owing ? API_OK : API_FAILED;
}

static enum api_outcome create(struct api *api)
{
    const struct field_value *plan = api_body(api, "plan"), *mode = api_body(api, "billing_mode"),
                             *limit = api_body(api, "credit_limit");
    const struct tenant_new tenant = {
        .name = api_body(api, "name")->text,
        .plan = plan->state == FIELD_SET ? plan->text : span_of(FIRST_PLAN),
        .billing_mode =
            mode->state == FIELD_SET ? (enum billing_mode)mode->choice : BILLING_PREPAID,
        .credit_limit_pico = limit->state == FIELD_SET ? limit->pico : 0,
    };
    struct tenant_made made;
    struct store_error error;
    enum api_outcome outcome = check_new(api, &tenant);
    if (outcome == API_OK)
        outcome = api_store(api, tenant_store_create(api->pg, &api->actor, &tenant, &made, &error),
                            &error);
    if (outcome == API_OK)
        outcome = show_one(api, made.tenant);
    return outcome == API_OK ? API_CREATED : outcome;
}

/* ---- changing ---- */

static enum api_outcome check_rights(struct api *api)
{
    bool status = api_body_has(api, "status"), limit = api_body_has(api, "credit_limit");
    if (api->caller.kind == CALLER_OPERATOR || (!status && !limit))
        return API_OK;
    return api_fail(api, PROBLEM_FORBIDDEN, "only operators change a tenant's %s%s%s",
                    status ? "status" : "", status && limit ? " and " : "",
                    limit ? "credit_limit" : "");
}

static enum account_status status_of(int choice)
{
    static const enum account_status statuses[] = {ACCOUNT_ACTIVE, ACCOUNT_SUSPENDED,
                                                   ACCOUNT_CLOSED};
    return statuses[choice];
}

static enum api_outcome change(struct api *api)
{
    const struct field_value *name = api_body(api, "name"), *status = api_body(api, "status"),
                             *limit = api_body(api, "credit_limit");
    struct tenant_change wanted = {
        .tenant = api_path_id(api, "tenant"),
        .has_name = name->state == FIELD_SET,
        .has_status = status->state == FIELD_SET,
        .has_credit_limit = limit->state == FIELD_SET,
    };
    struct store_error error;
    int64_t revision = 0;
    if (wanted.has_name)
        wanted.name = name->text;
    if (wanted.has_status)
        wanted.status = status_of(status->choice);
    if (wanted.has_credit_limit)
        wanted.credit_limit_pico = limit->pico;
    enum api_outcome outcome = check_rights(api);
    if (outcome == API_OK)
        outcome =
            api_store(api, tenant_store_lock(api->pg, wanted.tenant, &revision, &error), &error);
    if (outcome == API_OK)
        outcome = api_match(api, revision);
    if (outcome == API_OK) {
        enum store_outcome changed = tenant_store_change(api->pg, &api->actor, &wanted, &error);
        outcome = changed == STORE_REFUSED && wanted.has_credit_limit
                      ? api_fail_field(api, "credit_limit", "%s", error.text)
                      : api_store(api, changed, &error);
    }
    return outcome == API_OK ? show(api) : outcome;
}

/* ---- plans over time ---- */

static enum api_outcome list_subscriptions(struct api *api)
{
    return api_list_of(api, &subscription_list_view, PG_UUID(api_path_id(api, "tenant")));
}

static enum api_outcome subscribe(struct api *api)
{
    struct uuid tenant = api_path_id(api, "tenant"), version;
    struct store_error error;
    int64_t revision;
    enum api_outcome outcome =
        api_store(api, tenant_store_lock(api->pg, tenant, &revision, &error), &error);
    if (outcome != API_OK)
        return outcome;
    enum store_outcome found =
        plan_store_find(api->pg, api_body(api, "plan")->text, &version, &error);
    if (found == STORE_NOT_FOUND)
        return api_fail_field(api, "plan", "%s", error.text);
    if (found == STORE_OK)
        found = plan_store_subscribe(api->pg, &api->actor, tenant, version, &error);
    outcome = api_store(api, found, &error);
    if (outcome == API_OK)
        outcome = api_one_of(api, &subscription_view, "subscription", PG_UUID(tenant));
    return outcome == API_OK ? API_CREATED : outcome;
}

static enum api_outcome show_balance(struct api *api)
{
    return api_one_of(api, &balance_view, "tenant", PG_UUID(api_path_id(api, "tenant")));
}

/* ---- routes ---- */

#define PLAN_FIELD(needed)                                                                         \
    {                                                                                              \
        .name = "plan", .type = FIELD_TEXT, .required = (needed), .min = 1, .max = 32              \
    }
#define NAME_FIELD(needed)                                                                         \
    {                                                                                              \
        .name = "name", .type = FIELD_TEXT, .required = (needed), .min = 1, .max = 200             \
    }

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|suspended|past_due|closed"},
};
static const struct field new_body[] = {
    NAME_FIELD(true),
    PLAN_FIELD(false),
    {.name = "billing_mode", .type = FIELD_CHOICE, .choices = "prepaid|postpaid|hybrid"},
    {.name = "credit_limit", .type = FIELD_USD},
};
static const struct field change_body[] = {
    NAME_FIELD(false),
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|suspended|closed"},
    {.name = "credit_limit", .type = FIELD_USD},
};
static const struct field subscribe_body[] = {PLAN_FIELD(true)};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants", ROLE_OPERATOR, NULL, list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, "/tenants", ROLE_OPERATOR, NULL, create, .body = FIELDS(new_body)),
    ROUTE(API_GET, "/tenants/{tenant}", ROLES_SIGNED_IN, "tenant:read", show),
    ROUTE(API_PATCH, "/tenants/{tenant}", ROLES_STEER, NULL, change, .body = FIELDS(change_body),
          .flags = API_IF_MATCH),
    ROUTE(API_GET, "/tenants/{tenant}/subscriptions", ROLES_SIGNED_IN, "billing:read",
          list_subscriptions, .flags = API_LIST),
    ROUTE(API_POST, "/tenants/{tenant}/subscriptions", ROLE_OPERATOR, NULL, subscribe,
          .body = FIELDS(subscribe_body)),
    ROUTE(API_GET, "/tenants/{tenant}/balance", ROLES_SIGNED_IN, "billing:read", show_balance),
};
const struct api_routes tenants_routes = API_ROUTES(table);
