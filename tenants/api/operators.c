/*
 * operators: those who steer all tenants. Nobody disables oneself, so one always stays.
 */
#include "tenants/api/api.h"
#include "tenants/api/identity.h"
#include "tenants/store/operator_store.h"

/* ---- reading ---- */

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &operator_list_view, api_query_param(api, "q"),
                       api_query_param(api, "status"));
}

static enum api_outcome show(struct api *api)
{
    return api_one_of(api, &operator_view, "operator", PG_UUID(api_path_id(api, "operator")));
}

/* ---- making ---- */

static enum api_outcome write_made(struct api *api, struct uuid id, const char *password)
{
    const struct pg_param params[] = {PG_UUID(id), {.kind = PG_PARAM_END}};
    struct store_error error;
    struct span shown;
    enum store_outcome outcome =
        view_object(api->pg, &operator_view, params, api->arena, &shown, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    json_name(w, "operator");
    json_write_raw(w, shown);
    json_put_cstring(w, "password", password);
    json_end(w, '}');
    return API_CREATED;
}

static enum api_outcome create(struct api *api)
{
    const struct field_value *given = api_body(api, "password"), *name = api_body(api, "name");
    char password[PASSWORD_MADE_LENGTH + 1];
    struct password_hash hash;
    struct operator_made made;
    struct store_error error;
    struct operator_new wanted = {
        .email = api_body(api, "email")->text,
        .name = name->state == FIELD_SET ? name->text : span_of(""),
    };
    bool invent = given->state != FIELD_SET;
    const char *complaint = invent ? NULL : password_complaint(given->text, wanted.email);
    if (complaint != NULL)
        return api_fail_field(api, "password", "%s", complaint);
    password_make(password);
    identity_hash(api->identity, invent ? span_of(password) : given->text, &hash);
    wanted.password_hash = span_of(hash.text);
    enum store_outcome outcome =
        operator_store_create(api->pg, &api->actor, &wanted, api->arena, &made, &error);
    enum api_outcome answer = outcome == STORE_OK
                                  ? write_made(api, made.id, invent ? password : NULL)
                                  : api_store(api, outcome, &error);
    explicit_bzero(password, sizeof(password));
    return answer;
}

/* ---- changing ---- */

static enum api_outcome lock(struct api *api, struct operator_row *row)
{
    struct store_error error;
    return api_store(
        api, operator_store_lock(api->pg, api_path_id(api, "operator"), api->arena, row, &error),
        &error);
}

static enum api_outcome check_change(struct api *api, const struct operator_row *row)
{
    const struct field_value *status = api_body(api, "status");
    bool disables = status->state == FIELD_SET && status->choice != 0;
    enum api_outcome matched = api_match(api, row->revision);
    if (matched != API_OK)
        return matched;
    if (disables && uuid_equal(row->id, api->caller.id))
        return api_fail(api, PROBLEM_CONFLICT, "nobody disables oneself: another operator may");
    /* Two at once could disable each other. */
    if (disables && !row->others_active)
        return api_fail(api, PROBLEM_CONFLICT, "this is the last active operator");
    return API_OK;
}

static enum api_outcome change(struct api *api)
{
    struct store_error error;
    struct operator_row row;
    const struct operator_change wanted = {.name = api_body_param(api, "name"),
                                           .status = api_body_param(api, "status")};
    enum api_outcome outcome = lock(api, &row);
    if (outcome == API_OK)
        outcome = check_change(api, &row);
    if (outcome == API_OK)
        outcome = api_store(
            api, operator_store_change(api->pg, &api->actor, &row, &wanted, api->arena, &error),
            &error);
    return outcome == API_OK ? show(api) : outcome;
}

static enum api_outcome reset_password(struct api *api)
{
    char password[PASSWORD_MADE_LENGTH + 1];
    struct password_hash hash;
    struct store_error error;
    password_make(password);
    identity_hash(api->identity, span_of(password), &hash);
    enum api_outcome outcome =
        api_store(api,
                  operator_store_set_password(api->pg, &api->actor, api_path_id(api, "operator"),
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
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
};
static const struct field new_body[] = {
    {.name = "email", .type = FIELD_EMAIL, .required = true, .min = 3, .max = 320},
    {.name = "name", .type = FIELD_TEXT, .min = 0, .max = 200},
    {.name = "password", .type = FIELD_SECRET, .min = PASSWORD_MIN, .max = PASSWORD_MAX},
};
static const struct field change_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 0, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/operators", ROLE_OPERATOR, NULL, list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, "/operators", ROLE_OPERATOR, NULL, create, .body = FIELDS(new_body)),
    ROUTE(API_GET, "/operators/{operator}", ROLE_OPERATOR, NULL, show),
    ROUTE(API_PATCH, "/operators/{operator}", ROLE_OPERATOR, NULL, change,
          .body = FIELDS(change_body), .flags = API_IF_MATCH),
    ROUTE(API_POST, "/operators/{operator}/reset-password", ROLE_OPERATOR, NULL, reset_password),
};
const struct api_routes operators_routes = API_ROUTES(table);
