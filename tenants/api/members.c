/*
 * members: the people of a tenant.
 *
 * An owner is made, changed and given a password by owners and operators only, and the last active
 * one of a tenant stays one.
 */
#include "tenants/api/api.h"
#include "tenants/api/identity.h"
#include "tenants/store/member_store.h"

#define ROLES "owner|admin|billing|developer|viewer"

static bool may_touch_owners(const struct api *api)
{
    return (api->caller.role & (ROLE_OPERATOR | ROLE_OWNER)) != 0;
}

static enum api_outcome refuse_owner(struct api *api)
{
    return api_fail(api, PROBLEM_FORBIDDEN,
                    "only an owner of the tenant, or an operator, makes or changes owners");
}

/* ---- reading ---- */

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &member_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "q"), api_query_param(api, "role"),
                       api_query_param(api, "status"));
}

static enum api_outcome show(struct api *api)
{
    return api_one_of(api, &member_view, "member", PG_UUID(api_path_id(api, "tenant")),
                      PG_UUID(api_path_id(api, "member")));
}

/* ---- making ---- */

static enum api_outcome write_made(struct api *api, struct span member, const char *password)
{
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    json_name(w, "member");
    json_write_raw(w, member);
    json_put_cstring(w, "password", password);
    json_end(w, '}');
    return API_CREATED;
}

static enum api_outcome create(struct api *api)
{
    const struct field_value *given = api_body(api, "password"), *name = api_body(api, "name");
    char password[PASSWORD_MADE_LENGTH + 1];
    struct password_hash hash;
    struct span shown;
    struct store_error error;
    struct member_new member = {
        .tenant = api_path_id(api, "tenant"),
        .email = api_body(api, "email")->text,
        .name = name->state == FIELD_SET ? name->text : span_of(""),
        .role = (enum member_role)api_body(api, "role")->choice,
    };
    bool made = given->state != FIELD_SET;
    const char *complaint = made ? NULL : password_complaint(given->text, member.email);
    if (complaint != NULL)
        return api_fail_field(api, "password", "%s", complaint);
    if (member.role == MEMBER_OWNER && !may_touch_owners(api))
        return refuse_owner(api);
    password_make(password);
    identity_hash(api->identity, made ? span_of(password) : given->text, &hash);
    member.password_hash = span_of(hash.text);
    enum store_outcome outcome =
        member_store_create(api->pg, &api->actor, &member, api->arena, &shown, &error);
    enum api_outcome answer = outcome == STORE_OK ? write_made(api, shown, made ? password : NULL)
                                                  : api_store(api, outcome, &error);
    explicit_bzero(password, sizeof(password));
    return answer;
}

/* ---- changing ---- */

static enum api_outcome lock(struct api *api, struct member_row *row)
{
    struct store_error error;
    row->tenant = api_path_id(api, "tenant");
    row->id = api_path_id(api, "member");
    enum api_outcome outcome =
        api_store(api, member_store_lock(api->pg, row, api->arena, &error), &error);
    if (outcome == API_OK && row->role == MEMBER_OWNER && !may_touch_owners(api))
        return refuse_owner(api);
    return outcome;
}

/* Whether the change takes the tenant's last active owner away. */
static bool loses_owner(const struct api *api, const struct member_row *row)
{
    const struct field_value *role = api_body(api, "role"), *status = api_body(api, "status");
    bool demoted = role->state == FIELD_SET && role->choice != MEMBER_OWNER;
    bool disabled = status->state == FIELD_SET && status->choice != 0;
    return row->last_owner && (demoted || disabled);
}

static enum api_outcome check_change(struct api *api, const struct member_row *row)
{
    const struct field_value *role = api_body(api, "role");
    enum api_outcome matched = api_match(api, row->revision);
    if (matched != API_OK)
        return matched;
    if (role->state == FIELD_SET && role->choice == MEMBER_OWNER && !may_touch_owners(api))
        return refuse_owner(api);
    if (loses_owner(api, row))
        return api_fail(api, PROBLEM_CONFLICT,
                        "this is the last active owner of the tenant: make another one first");
    return API_OK;
}

static enum api_outcome change(struct api *api)
{
    struct store_error error;
    struct member_row row = {.revision = 0};
    const struct member_change wanted = {.name = api_body_param(api, "name"),
                                         .role = api_body_param(api, "role"),
                                         .status = api_body_param(api, "status")};
    enum api_outcome outcome = lock(api, &row);
    if (outcome == API_OK)
        outcome = check_change(api, &row);
    if (outcome == API_OK)
        outcome = api_store(
            api, member_store_change(api->pg, &api->actor, &row, &wanted, api->arena, &error),
            &error);
    return outcome == API_OK ? show(api) : outcome;
}

static enum api_outcome reset_password(struct api *api)
{
    char password[PASSWORD_MADE_LENGTH + 1];
    struct password_hash hash;
    struct store_error error;
    struct member_row row = {.revision = 0};
    /* Before anything is locked, because it takes a while. */
    password_make(password);
    identity_hash(api->identity, span_of(password), &hash);
    enum api_outcome outcome = lock(api, &row);
    if (outcome == API_OK)
        outcome = api_store(api,
                            member_store_set_password(api->pg, &api->actor, &row,
                                                      span_of(hash.text), (struct uuid){0}, &error),
                            &error);
    if (outcome == API_OK) {
        struct json_writer *w = api_json(api);
        json_begin(w, '{');
        json_put_cstring(w, "password", password);
        json_end(w, '}');
    }
    explicit_bzero(password, sizeof(password));
    return outcome;
}

/* ---- routes ---- */

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "role", .type = FIELD_CHOICE, .choices = ROLES},
    {.name = "status", .type = FIELD_CHOICE, .choices = "invited|active|disabled"},
};
static const struct field new_body[] = {
    {.name = "email", .type = FIELD_EMAIL, .required = true, .min = 3, .max = 320},
    {.name = "name", .type = FIELD_TEXT, .min = 0, .max = 200},
    {.name = "role", .type = FIELD_CHOICE, .required = true, .choices = ROLES},
    {.name = "password", .type = FIELD_SECRET, .min = PASSWORD_MIN, .max = PASSWORD_MAX},
};
static const struct field change_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 0, .max = 200},
    {.name = "role", .type = FIELD_CHOICE, .choices = ROLES},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/members", ROLES_SIGNED_IN, "members:read", list,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_POST, "/tenants/{tenant}/members", ROLES_STEER, "members:write", create,
          .body = FIELDS(new_body)),
    ROUTE(API_GET, "/tenants/{tenant}/members/{member}", ROLES_SIGNED_IN, "members:read", show),
    ROUTE(API_PATCH, "/tenants/{tenant}/members/{member}", ROLES_STEER, "members:write", change,
          .body = FIELDS(change_body), .flags = API_IF_MATCH),
    ROUTE(API_POST, "/tenants/{tenant}/members/{member}/reset-password", ROLES_STEER, NULL,
          reset_password),
};
const struct api_routes members_routes = API_ROUTES(table);
