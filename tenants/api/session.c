/*
 * session: signing in and out, who is signed in, and one's own password.
 */
#include "common/base/clock.h"
#include "tenants/api/identity.h"
#include "tenants/api/login.h"
#include "tenants/api/session_cookie.h"
#include "tenants/store/member_store.h"
#include "tenants/store/operator_store.h"

enum { USER_AGENT_MAX = 200 };

/* ---- who ---- */

static const char *role_name(const struct caller *caller)
{
    if (caller->kind == CALLER_OPERATOR)
        return "operator";
    for (unsigned role = 0; role < member_role_words.count; role++) {
        if (caller->role == (unsigned)ROLE_OWNER << role)
            return words_name(&member_role_words, role);
    }
    return "?";
}

static const char *kind_name(enum caller_kind kind)
{
    switch (kind) {
    case CALLER_NOBODY:
        return "nobody";
    case CALLER_OPERATOR:
        return "operator";
    case CALLER_MEMBER:
        return "member";
    case CALLER_KEY:
        return "key";
    }
    return "?";
}

static void put_tenant(struct json_writer *w, struct uuid tenant, struct span name)
{
    char id[ID_TEXT_SIZE];
    json_name(w, "tenant");
    if (uuid_is_zero(tenant)) {
        json_write_null(w);
        return;
    }
    id_format(ID_TENANT, tenant, id);
    json_begin(w, '{');
    json_put_cstring(w, "id", id);
    json_put_string(w, "name", name);
    json_end(w, '}');
}

/* A browser's session has a token for its scripts; the rest need none. */
static void put_csrf(struct json_writer *w, const struct caller *caller,
                     const struct session_shown *shown)
{
    char token[SESSION_CSRF_LENGTH + 1];
    json_name(w, "csrf_token");
    if (uuid_is_zero(caller->session) || shown->bearer) {
        json_write_null(w);
        return;
    }
    session_csrf(&shown->secret, caller->session, token);
    json_write_string(w, span_of(token));
    explicit_bzero(token, sizeof(token));
}

static void put_expiry(struct json_writer *w, int64_t expires_ms)
{
    char text[CLOCK_TEXT_SIZE];
    json_name(w, "expires_at");
    if (expires_ms == INT64_MAX) {
        json_write_null(w);
        return;
    }
    json_write_string(w, span_make(text, clock_format(expires_ms, text)));
}

/* Leaves the object open for a token. */
static void write_who(struct json_writer *w, const struct caller *caller,
                      const struct session_shown *shown)
{
    json_begin(w, '{');
    json_put_cstring(w, "kind", kind_name(caller->kind));
    json_put_cstring(w, "role", role_name(caller));
    json_put_cstring(w, "id", caller->name);
    json_name(w, "email");
    if (shown->email.size > 0)
        json_write_string(w, shown->email);
    else
        json_write_null(w);
    json_put_string(w, "name", shown->name);
    put_tenant(w, caller->tenant, shown->tenant_name);
    json_name(w, "scopes");
    json_begin(w, '[');
    for (size_t i = 0; i < caller->scope_count; i++)
        json_write_string(w, caller->scopes[i]);
    json_end(w, ']');
    put_csrf(w, caller, shown);
    put_expiry(w, shown->expires_ms);
}

static enum api_outcome show(struct api *api, const struct caller *caller,
                             const struct session_token *token)
{
    cleanup(session_shown_done) struct session_shown shown = {0};
    struct store_error error;
    enum store_outcome outcome =
        session_store_show(api->pg, caller->id, caller->tenant, caller->session, &shown, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    struct json_writer *w = api_json(api);
    write_who(w, caller, &shown);
    if (token != NULL)
        json_put_cstring(w, "token", token->text);
    json_end(w, '}');
    return API_OK;
}

static enum api_outcome who(struct api *api)
{
    return show(api, &api->caller, NULL);
}

/* ---- login ---- */

/* What a header may hold and a text of the database may not is left out. */
static struct span readable(struct api *api, struct span text)
{
    size_t size = 0;
    char *at = arena_take(api->arena, USER_AGENT_MAX + 1);
    for (size_t i = 0; i < text.size && size < USER_AGENT_MAX; i++) {
        if (text.at[i] >= ' ' && text.at[i] <= '~')
            at[size++] = text.at[i];
    }
    return span_make(at, size);
}

static enum store_outcome audit(struct api *api, const struct caller *who, const char *action,
                                struct span after, struct store_error *error)
{
    const struct store_actor actor = {
        .name = who->name, .address = who->address, .tenant = who->tenant};
    return store_audit(
        api->pg, &actor,
        &(struct store_mutation){
            .action = action, .tenant = who->tenant, .subject = span_of(who->name), .after = after},
        error);
}

static enum store_outcome begin_session(struct api *api, const struct person *person, bool bearer,
                                        struct session_token *token_out, struct caller *caller,
                                        struct store_error *error)
{
    uint8_t random[SESSION_RANDOM_SIZE];
    struct session_new session = {
        .person = *person,
        .bearer = bearer,
        .life_ms = identity_session_ms(api->identity),
        .address = span_of(api->caller.address),
        .user_agent = readable(api, api->headers->user_agent),
    };
    digest_random(random, sizeof(random));
    *token_out = session_token_make(random);
    explicit_bzero(random, sizeof(random));
    digest_random(session.secret.at, sizeof(session.secret.at));
    session.token = session_token_hash(token_out);
    enum store_outcome outcome = STORE_OK;
    if (!uuid_is_zero(api->caller.session) && !bearer)
        outcome = session_store_end(api->pg, api->caller.session, error);
    if (outcome == STORE_OK)
        outcome = session_store_create(api->pg, &session, &caller->session, error);
    explicit_bzero(&session.secret, sizeof(session.secret));
    if (outcome == STORE_OK)
        outcome = audit(api, caller, "session.create",
                        span_of(bearer ? "{\"bearer\": true}" : "{\"bearer\": false}"), error);
    return outcome;
}

static enum api_outcome login(struct api *api)
{
    struct store_error error;
    struct person person = {0};
    cleanup(session_token_forget) struct session_token token = {""};
    const struct field_value *chosen = api_body(api, "tenant");
    const struct field_value *asked = api_body(api, "bearer");
    bool bearer = asked->state == FIELD_SET && asked->flag;
    struct uuid tenant = chosen->state == FIELD_SET ? chosen->id : (struct uuid){0};
    enum api_outcome judged = login_judge(api, api_body(api, "email")->text,
                                          api_body(api, "password")->text, tenant, &person);
    if (judged != API_OK)
        return judged;
    struct caller caller = api->caller;
    identify_person(&caller, &person, (struct uuid){0});
    enum store_outcome outcome = begin_session(api, &person, bearer, &token, &caller, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (!bearer)
        session_cookie_set(api, &token, identity_session_ms(api->identity));
    enum api_outcome shown = show(api, &caller, bearer ? &token : NULL);
    return shown == API_OK ? API_CREATED : shown;
}

static enum api_outcome logout(struct api *api)
{
    struct store_error error;
    if (uuid_is_zero(api->caller.session))
        return api_fail(api, PROBLEM_REFUSED, "an operator's token has no session to end");
    enum store_outcome outcome = session_store_end(api->pg, api->caller.session, &error);
    if (outcome == STORE_OK)
        outcome = audit(api, &api->caller, "session.end", (struct span){0}, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (api->headers->authorization.size == 0)
        session_cookie_clear(api);
    return API_NO_CONTENT;
}

/* ---- password ---- */

/* A thief of the token before is left behind, too. */
static enum store_outcome renew(struct api *api, struct session_token *token_out,
                                struct store_error *error)
{
    uint8_t random[SESSION_RANDOM_SIZE];
    struct sha256 hash;
    digest_random(random, sizeof(random));
    *token_out = session_token_make(random);
    explicit_bzero(random, sizeof(random));
    hash = session_token_hash(token_out);
    return session_store_renew(api->pg, api->caller.session, &hash, error);
}

static enum store_outcome set_password(struct api *api, const struct password_hash *hash,
                                       struct store_error *error)
{
    const struct caller *caller = &api->caller;
    const struct member_row row = {.id = caller->id, .tenant = caller->tenant};
    if (caller->kind == CALLER_OPERATOR)
        return operator_store_set_password(api->pg, &api->actor, caller->id, span_of(hash->text),
                                           caller->session, error);
    return member_store_set_password(api->pg, &api->actor, &row, span_of(hash->text),
                                     caller->session, error);
}

/* A bearer token has no answer to be told anew in; it stays. */
static enum api_outcome keep(struct api *api, const struct password_hash *hash, int64_t left_ms)
{
    struct store_error error;
    cleanup(session_token_forget) struct session_token token = {""};
    bool by_cookie = !uuid_is_zero(api->caller.session) && api->headers->authorization.size == 0;
    enum store_outcome outcome = set_password(api, hash, &error);
    if (outcome == STORE_OK && by_cookie)
        outcome = renew(api, &token, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (by_cookie)
        session_cookie_set(api, &token, left_ms);
    return API_NO_CONTENT;
}

static enum api_outcome change_password(struct api *api)
{
    cleanup(session_shown_done) struct session_shown shown = {0};
    struct password_hash hash;
    struct store_error error;
    struct span wanted = api_body(api, "new")->text, current = api_body(api, "current")->text;
    enum store_outcome outcome = session_store_show(api->pg, api->caller.id, api->caller.tenant,
                                                    api->caller.session, &shown, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    const char *complaint = password_complaint(wanted, shown.email);
    if (complaint != NULL)
        return api_fail_field(api, "new", "%s", complaint);
    enum api_outcome judged = login_confirm(api, shown.email, shown.hash, current);
    if (judged != API_OK)
        return judged;
    identity_hash(api->identity, wanted, &hash);
    return keep(api, &hash, shown.expires_ms - api->now_ms);
}

/* ---- routes ---- */

static const struct field login_fields[] = {
    {.name = "email", .type = FIELD_EMAIL, .required = true, .min = 3, .max = 320},
    {.name = "password", .type = FIELD_SECRET, .required = true, .min = 1, .max = PASSWORD_MAX},
    {.name = "tenant", .type = FIELD_ID, .id = ID_TENANT},
    {.name = "bearer", .type = FIELD_BOOL},
};
static const struct field password_fields[] = {
    {.name = "current", .type = FIELD_SECRET, .required = true, .min = 1, .max = PASSWORD_MAX},
    {.name = "new",
     .type = FIELD_SECRET,
     .required = true,
     .min = PASSWORD_MIN,
     .max = PASSWORD_MAX},
};

static const struct api_route table[] = {
    ROUTE(API_POST, "/session", ROLE_PUBLIC, NULL, login, .body = FIELDS(login_fields)),
    ROUTE(API_GET, "/session", ROLES_SIGNED_IN, "tenant:read", who),
    ROUTE(API_DELETE, "/session", ROLES_SIGNED_IN, NULL, logout),
    ROUTE(API_POST, "/session/password", ROLES_SIGNED_IN, NULL, change_password,
          .body = FIELDS(password_fields)),
};
const struct api_routes session_routes = API_ROUTES(table);
