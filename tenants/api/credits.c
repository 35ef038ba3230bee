/*
 * credits: credit that a tenant was given, and giving it by hand.
 */
#include "tenants/api/api.h"
#include "tenants/store/credit_store.h"
#include "tenants/store/tenant_view.h"

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &credit_list_view, PG_UUID(api_path_id(api, "tenant")));
}

static enum api_outcome check_new(struct api *api)
{
    const struct field_value *expires = api_body(api, "expires_at");
    enum api_outcome outcome = API_OK;
    if (api_body(api, "amount")->pico == 0)
        outcome = api_fail_field(api, "amount", "must be more than 0");
    if (expires->state == FIELD_SET && expires->number <= api->now_ms)
        outcome = api_fail_field(api, "expires_at", "is over already");
    return outcome;
}

/* The key goes to the books too, under the caller's name: there it holds for ever, while the
 * answer is kept for two days. */
static enum api_outcome give(struct api *api)
{
    const struct field_value *expires = api_body(api, "expires_at"),
                             *reason = api_body(api, "reason");
    struct span key = api_idempotency_key(api);
    const struct credit_new credit = {
        .tenant = api_path_id(api, "tenant"),
        .amount_pico = api_body(api, "amount")->pico,
        .expires_ms = expires->state == FIELD_SET ? expires->number : INT64_MAX,
        .idem_key = span_of(arena_printf(api->arena, "%s:%.*s", api->caller.name, SPAN_ARG(key))),
        .reason = reason->state == FIELD_SET ? reason->text : span_of(""),
    };
    struct credit_made made;
    struct store_error error;
    enum api_outcome outcome = check_new(api);
    if (outcome == API_OK)
        outcome =
            api_store(api, credit_store_add(api->pg, &api->actor, &credit, &made, &error), &error);
    if (outcome == API_OK)
        outcome =
            api_one_of(api, &credit_view, "credit", PG_UUID(credit.tenant), PG_UUID(made.grant));
    return outcome == API_OK ? API_CREATED : outcome;
}

static const struct field new_body[] = {
    {.name = "amount", .type = FIELD_USD, .required = true},
    {.name = "expires_at", .type = FIELD_TIME},
    {.name = "reason", .type = FIELD_TEXT, .min = 0, .max = 500},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/credits", ROLES_SIGNED_IN & ~(unsigned)ROLE_DEVELOPER,
          "billing:read", list, .flags = API_LIST),
    ROUTE(API_POST, "/tenants/{tenant}/credits", ROLE_OPERATOR, NULL, give,
          .body = FIELDS(new_body), .flags = API_NEEDS_IDEMPOTENCY),
};
const struct api_routes credits_routes = API_ROUTES(table);
