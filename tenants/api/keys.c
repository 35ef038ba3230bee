/*
 * keys: what applications call with, and management keys, which call here.
 *
 * A management key acts as an admin within its scopes. So who makes or changes one must have the
 * rights of all of its scopes, and a management key does neither, but to itself.
 */
#include "common/base/clock.h"
#include "tenants/api/budget.h"
#include "tenants/api/preset_default.h"
#include "tenants/store/key_store.h"
#include "tenants/store/key_view.h"
#include "tenants/store/project_store.h"

#define OVERLAP_SECONDS 86400 /* when a rotation does not say */
#define ALL_ROLES ((unsigned)ROLES_SIGNED_IN)

/* Who may give a scope away: a role that has what an admin with that scope has. */
static const unsigned scope_givers[KEY_SCOPES] = {
    [SCOPE_TENANT_READ] = ALL_ROLES,
    [SCOPE_KEYS_READ] = ALL_ROLES,
    [SCOPE_KEYS_WRITE] = ROLES_STEER,
    [SCOPE_PROJECTS_READ] = ALL_ROLES,
    [SCOPE_PROJECTS_WRITE] = ROLES_STEER,
    [SCOPE_MEMBERS_READ] = ALL_ROLES,
    [SCOPE_MEMBERS_WRITE] = ROLES_STEER,
    [SCOPE_USAGE_READ] = ALL_ROLES,
    [SCOPE_REQUESTS_READ] = ALL_ROLES,
    [SCOPE_BILLING_READ] = ALL_ROLES & ~(unsigned)ROLE_DEVELOPER,
    [SCOPE_MODELS_READ] = ALL_ROLES,
    [SCOPE_AUDIT_READ] = ROLES_STEER,
    [SCOPE_ROUTING_READ] = ALL_ROLES,
    [SCOPE_ROUTING_WRITE] = ROLES_STEER,
};

/* ---- rights ---- */

static enum api_outcome check_scopes(struct api *api, unsigned scopes)
{
    for (unsigned scope = 0; scope < KEY_SCOPES; scope++) {
        if ((scopes >> scope & 1u) != 0 && (scope_givers[scope] & api->caller.role) == 0)
            return api_fail(api, PROBLEM_FORBIDDEN,
                            "your role may not handle a management key with the scope %s",
                            words_name(&key_scope_words, scope));
    }
    return API_OK;
}

/* Whether the caller may make, change or end a key of that kind and those scopes. */
static enum api_outcome check_rights(struct api *api, enum key_kind kind, unsigned scopes)
{
    if (kind != KEY_MGMT)
        return API_OK;
    if (api->caller.kind == CALLER_KEY)
        return api_fail(api, PROBLEM_FORBIDDEN,
                        "a management key neither makes nor changes management keys");
    return check_scopes(api, scopes);
}

static enum api_outcome lock(struct api *api, struct key_state *state)
{
    struct store_error error;
    return api_store(
        api,
        key_store_lock(api->pg, api_path_id(api, "tenant"), api_path_id(api, "key"), state, &error),
        &error);
}

/* A management key may replace and end itself. */
static enum api_outcome lock_to_end(struct api *api, struct key_state *state)
{
    bool itself =
        api->caller.kind == CALLER_KEY && uuid_equal(api->caller.id, api_path_id(api, "key"));
    enum api_outcome outcome = lock(api, state);
    if (outcome == API_OK && !itself)
        outcome = check_rights(api, state->kind, state->scopes);
    return outcome;
}

/* ---- reading ---- */

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &key_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "q"), api_query_param(api, "kind"),
                       api_query_param(api, "status"), api_query_param(api, "project"));
}

static enum api_outcome show(struct api *api)
{
    return api_one_of(api, &key_view, "key", PG_UUID(api_path_id(api, "tenant")),
                      PG_UUID(api_path_id(api, "key")));
}

/* ---- what a body says ---- */

static enum api_outcome complain_of_models(struct api *api, const struct key_models *models)
{
    struct buf names = buf_make(600);
    for (size_t i = 0; i < models->unknown_count; i++)
        buf_printf(&names, "%s%.*s", i == 0 ? "" : ", ", SPAN_ARG(models->unknown[i]));
    enum api_outcome outcome =
        api_fail_field(api, "models", "there is no model or alias of these names: %.*s%s",
                       SPAN_ARG(buf_span(&names)), buf_failed(&names) ? ", …" : "");
    buf_done(&names);
    return outcome;
}

/* Names of models as the models they stand for; *models_out stays empty when none are given. */
static enum api_outcome read_models(struct api *api, struct key_models *models_out)
{
    const struct field_value *value = api_body(api, "models");
    struct store_error error;
    *models_out = (struct key_models){0};
    if (value->state != FIELD_SET)
        return API_OK;
    if (value->texts.count == 0)
        return api_fail_field(api, "models", "an empty list would allow nothing: %s for all models",
                              api->route->method == API_PATCH ? "say null" : "leave it out");
    enum api_outcome outcome =
        api_store(api,
                  key_store_models(api->pg, value->texts.items, value->texts.count, api->arena,
                                   models_out, &error),
                  &error);
    if (outcome == API_OK && models_out->unknown_count > 0)
        outcome = complain_of_models(api, models_out);
    return outcome;
}

static enum api_outcome read_scopes(struct api *api, unsigned *scopes_out)
{
    const struct field_value *value = api_body(api, "scopes");
    *scopes_out = 0;
    for (size_t i = 0; value->state == FIELD_SET && i < value->texts.count; i++) {
        unsigned scope;
        if (words_find(&key_scope_words, value->texts.items[i], &scope) < 0)
            return api_fail_field(api, "scopes", "\"%.*s\" is not a scope",
                                  SPAN_ARG(value->texts.items[i]));
        *scopes_out |= 1u << scope;
    }
    return API_OK;
}

static enum api_outcome read_expiry(struct api *api, int64_t *expires_ms_out)
{
    const struct field_value *value = api_body(api, "expires_at");
    *expires_ms_out = value->state == FIELD_SET ? value->number : INT64_MAX;
    if (*expires_ms_out <= api->now_ms)
        return api_fail_field(api, "expires_at", "is over already");
    return API_OK;
}

/* What makes no sense for a key of this kind. */
static enum api_outcome check_kind(struct api *api, enum key_kind kind, unsigned scopes)
{
    static const char *const of_calls[] = {
        "models", "budget", "budget_window", "requests_per_minute", "tokens_per_minute", "preset"};
    enum api_outcome outcome = API_OK;
    if (kind != KEY_MGMT) {
        if (scopes != 0)
            outcome = api_fail_field(api, "scopes", "are for keys of kind mgmt");
        return outcome;
    }
    for (size_t i = 0; i < array_size(of_calls); i++) {
        if (api_body(api, of_calls[i])->state == FIELD_SET)
            outcome = api_fail_field(api, of_calls[i], "a management key calls no models");
    }
    if (scopes == 0 && (api->route->method == API_POST || api_body_has(api, "scopes")))
        outcome = api_fail_field(api, "scopes", "a management key needs at least one");
    return outcome;
}

static int64_t limit_of(struct api *api, const char *name)
{
    const struct field_value *value = api_body(api, name);
    return value->state == FIELD_SET ? value->number : 0;
}

/* ---- making ---- */

static void put_time(struct json_writer *w, const char *name, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];
    json_name(w, name);
    if (unix_ms == INT64_MIN || unix_ms == INT64_MAX)
        json_write_null(w);
    else
        json_write_string(w, span_make(text, clock_format(unix_ms, text)));
}

/* The key with its new secret, which is shown here and never again. */
static enum api_outcome write_made(struct api *api, struct uuid id, const struct key *secret,
                                   int64_t expires_ms, int64_t previous_until_ms)
{
    const struct pg_param params[] = {
        PG_UUID(api_path_id(api, "tenant")), PG_UUID(id), {.kind = PG_PARAM_END}};
    struct span key;
    struct store_error error;
    enum api_outcome outcome =
        api_store(api, view_object(api->pg, &key_view, params, api->arena, &key, &error), &error);
    if (outcome != API_OK)
        return outcome;
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    json_name(w, "key");
    json_write_raw(w, key);
    json_put_cstring(w, "secret", secret->text);
    put_time(w, "secret_expires_at", expires_ms);
    put_time(w, "previous_expires_at", previous_until_ms);
    json_end(w, '}');
    return API_CREATED;
}

static enum api_outcome read_project(struct api *api, struct uuid tenant, struct uuid *project_out)
{
    const struct field_value *value = api_body(api, "project");
    struct project_state state;
    struct store_error error;
    if (value->state != FIELD_SET)
        return api_store(api, key_store_first_project(api->pg, tenant, project_out, &error),
                         &error);
    enum store_outcome outcome = project_store_lock(api->pg, tenant, value->id, &state, &error);
    if (outcome == STORE_NOT_FOUND)
        return api_fail_field(api, "project", "the tenant has no such project");
    if (outcome == STORE_OK && state.status != PROJECT_ACTIVE)
        return api_fail_field(api, "project", "is archived");
    *project_out = value->id;
    return api_store(api, outcome, &error);
}

static enum api_outcome read_new(struct api *api, struct key_new *key)
{
    const struct field_value *kind = api_body(api, "kind");
    const struct budget none = {WINDOW_NONE, 0};
    struct budget budget;
    struct key_models models;
    bool named;
    key->tenant = api_path_id(api, "tenant");
    key->name = api_body(api, "name")->text;
    key->kind = kind->state == FIELD_SET ? (enum key_kind)kind->choice : KEY_LIVE;
    key->requests_per_minute = limit_of(api, "requests_per_minute");
    key->tokens_per_minute = limit_of(api, "tokens_per_minute");
    if (read_scopes(api, &key->scopes) != API_OK ||
        check_kind(api, key->kind, key->scopes) != API_OK ||
        check_rights(api, key->kind, key->scopes) != API_OK ||
        budget_read(api, &none, &budget, &named) != API_OK ||
        read_expiry(api, &key->expires_ms) != API_OK ||
        read_project(api, key->tenant, &key->project) != API_OK ||
        preset_default_read(api, key->tenant, &named, &key->preset) != API_OK ||
        read_models(api, &models) != API_OK)
        return API_FAILED;
    key->budget_window = budget.window;
    key->budget_pico = budget.pico;
    key->allowed_models = models.known;
    key->allowed_count = models.known_count;
    return API_OK;
}

static enum api_outcome create(struct api *api)
{
    struct key_new key = {.expires_ms = INT64_MAX};
    struct key_made made;
    struct store_error error;
    enum api_outcome outcome = read_new(api, &key);
    if (outcome == API_OK)
        outcome =
            api_store(api, key_store_create(api->pg, &api->actor, &key, &made, &error), &error);
    if (outcome != API_OK)
        return outcome;
    outcome = write_made(api, made.id, &made.secret, key.expires_ms, INT64_MIN);
    key_forget(&made.secret);
    return outcome;
}

/* ---- changing ---- */

static enum api_outcome read_change(struct api *api, const struct key_state *state,
                                    struct key_change *change)
{
    const struct field_value *name = api_body(api, "name"), *status = api_body(api, "status");
    const struct budget now = {state->budget_window, state->budget_pico};
    struct budget budget;
    struct key_models models;
    if (read_scopes(api, &change->scopes) != API_OK ||
        check_kind(api, state->kind, change->scopes) != API_OK ||
        check_rights(api, state->kind, state->scopes | change->scopes) != API_OK ||
        budget_read(api, &now, &budget, &change->has_budget) != API_OK ||
        read_expiry(api, &change->expires_ms) != API_OK ||
        preset_default_read(api, change->tenant, &change->has_preset, &change->preset) != API_OK ||
        read_models(api, &models) != API_OK)
        return API_FAILED;
    change->budget_window = budget.window;
    change->budget_pico = budget.pico;
    change->has_models = api_body_has(api, "models");
    change->allowed_models = models.known;
    change->allowed_count = models.known_count;
    change->has_requests = api_body_has(api, "requests_per_minute");
    change->requests_per_minute = limit_of(api, "requests_per_minute");
    change->has_tokens = api_body_has(api, "tokens_per_minute");
    change->tokens_per_minute = limit_of(api, "tokens_per_minute");
    change->has_expires = api_body_has(api, "expires_at");
    change->has_scopes = api_body_has(api, "scopes");
    change->has_name = name->state == FIELD_SET;
    if (change->has_name)
        change->name = name->text;
    change->has_status = status->state == FIELD_SET;
    if (change->has_status)
        change->status = (enum key_status)status->choice;
    return API_OK;
}

static enum api_outcome change(struct api *api)
{
    struct key_change wanted = {.tenant = api_path_id(api, "tenant"),
                                .key = api_path_id(api, "key")};
    struct key_state state;
    struct store_error error;
    enum api_outcome outcome = lock(api, &state);
    if (outcome == API_OK)
        outcome = api_match(api, state.revision);
    if (outcome == API_OK)
        outcome = read_change(api, &state, &wanted);
    if (outcome == API_OK)
        outcome = api_store(api, key_store_change(api->pg, &api->actor, &wanted, &error), &error);
    return outcome == API_OK ? show(api) : outcome;
}

static enum api_outcome rotate(struct api *api)
{
    const struct field_value *overlap = api_body(api, "overlap_seconds");
    int64_t seconds = overlap->state == FIELD_SET ? overlap->number : OVERLAP_SECONDS;
    const struct key_rotation rotation = {api_path_id(api, "tenant"), api_path_id(api, "key"),
                                          seconds * 1000};
    struct key_rotated rotated;
    struct key_state state;
    struct store_error error;
    enum api_outcome outcome = lock_to_end(api, &state);
    if (outcome == API_OK)
        outcome = api_store(
            api, key_store_rotate(api->pg, &api->actor, &rotation, &rotated, &error), &error);
    if (outcome != API_OK)
        return outcome;
    outcome =
        write_made(api, rotation.key, &rotated.secret, state.expires_ms, rotated.previous_until_ms);
    key_forget(&rotated.secret);
    return outcome;
}

static enum api_outcome revoke(struct api *api)
{
    const struct field_value *reason = api_body(api, "reason");
    struct key_state state;
    struct store_error error;
    struct uuid revoked;
    char id[ID_TEXT_SIZE];
    enum api_outcome outcome = lock_to_end(api, &state);
    if (outcome != API_OK)
        return outcome;
    size_t size = id_format(ID_KEY, api_path_id(api, "key"), id);
    if (state.status != KEY_REVOKED)
        outcome =
            api_store(api,
                      key_store_revoke(api->pg, &api->actor, span_make(id, size),
                                       reason->state == FIELD_SET ? reason->text : span_of(""),
                                       &revoked, &error),
                      &error);
    return outcome == API_OK ? show(api) : outcome;
}

/* ---- routes ---- */

enum { MODELS_MAX = 256 };
#define REQUESTS_MAX INT64_C(1000000000)
#define TOKENS_MAX INT64_C(1000000000000)

#define LIMIT_FIELDS(may_be_null)                                                                  \
    {.name = "models", .type = FIELD_TEXTS, .max = MODELS_MAX, .nullable = (may_be_null)},         \
        {.name = "scopes", .type = FIELD_TEXTS, .max = KEY_SCOPES},                                \
        {.name = "requests_per_minute",                                                            \
         .type = FIELD_INT,                                                                        \
         .min = 1,                                                                                 \
         .max = REQUESTS_MAX,                                                                      \
         .nullable = (may_be_null)},                                                               \
        {.name = "tokens_per_minute",                                                              \
         .type = FIELD_INT,                                                                        \
         .min = 1,                                                                                 \
         .max = TOKENS_MAX,                                                                        \
         .nullable = (may_be_null)},                                                               \
        PRESET_DEFAULT_FIELD(may_be_null),                                                         \
    {                                                                                              \
        .name = "expires_at", .type = FIELD_TIME, .nullable = (may_be_null)                        \
    }

static const struct field list_query[] = {
    {.name = "q", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "kind", .type = FIELD_CHOICE, .choices = "live|test|mgmt"},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled|revoked|expired"},
    {.name = "project", .type = FIELD_ID, .id = ID_PROJECT},
};
static const struct field new_body[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {.name = "kind", .type = FIELD_CHOICE, .choices = "live|test|mgmt"},
    {.name = "project", .type = FIELD_ID, .id = ID_PROJECT},
    LIMIT_FIELDS(false),
    BUDGET_FIELDS(false),
};
static const struct field change_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
    LIMIT_FIELDS(true),
    BUDGET_FIELDS(true),
};
static const struct field rotate_body[] = {
    {.name = "overlap_seconds", .type = FIELD_INT, .min = 0, .max = 2592000},
};
static const struct field revoke_body[] = {
    {.name = "reason", .type = FIELD_TEXT, .min = 0, .max = 200},
};

#define KEYS "/tenants/{tenant}/keys"
#define KEY KEYS "/{key}"
#define WRITERS (ROLES_STEER | ROLE_DEVELOPER)
static const struct api_route table[] = {
    ROUTE(API_GET, KEYS, ROLES_SIGNED_IN, "keys:read", list, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, KEYS, WRITERS, "keys:write", create, .body = FIELDS(new_body)),
    ROUTE(API_GET, KEY, ROLES_SIGNED_IN, "keys:read", show),
    ROUTE(API_PATCH, KEY, WRITERS, "keys:write", change, .body = FIELDS(change_body),
          .flags = API_IF_MATCH),
    ROUTE(API_POST, KEY "/rotate", WRITERS, "keys:write", rotate, .body = FIELDS(rotate_body)),
    ROUTE(API_POST, KEY "/revoke", WRITERS, "keys:write", revoke, .body = FIELDS(revoke_body)),
};
const struct api_routes keys_routes = API_ROUTES(table);
