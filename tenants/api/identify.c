/*
 * identify: see identify.h.
 */
#include "tenants/api/identify.h"

#include <stdio.h>

#include "tenants/api/identity.h"
#include "tenants/api/session_cookie.h"
#include "tenants/model/key.h"
#include "tenants/store/credential_store.h"
#include "tenants/store/operator_store.h"
#include "tenants/store/session_store.h"

/* The roles of members stand in both tables in the same order. */
_Static_assert(ROLE_OWNER << MEMBER_ADMIN == ROLE_ADMIN, "a member's role is a bit");
_Static_assert(ROLE_OWNER << MEMBER_VIEWER == ROLE_VIEWER, "a member's role is a bit");

/* Who looks sessions and keys up: nobody is known yet. */
static const struct store_actor control = {.name = "tollgate-control"};

static enum api_outcome refuse(struct api *api, const char *why)
{
    return api_fail(api, PROBLEM_NOT_SIGNED_IN, "%s", why);
}

/* The world failed, or the store's sentence says why the credential does not hold. */
static enum api_outcome judge(struct api *api, enum store_outcome outcome, const char *unknown,
                              const struct store_error *error)
{
    if (outcome == STORE_NOT_FOUND)
        return refuse(api, unknown);
    if (outcome == STORE_REFUSED)
        return refuse(api, error->text);
    return api_store(api, outcome, error);
}

void identify_person(struct caller *caller, const struct person *person, struct uuid session)
{
    bool is_operator = person_is_operator(person);
    caller->kind = is_operator ? CALLER_OPERATOR : CALLER_MEMBER;
    caller->role = is_operator ? (unsigned)ROLE_OPERATOR : (unsigned)ROLE_OWNER << person->role;
    caller->id = person->id;
    caller->tenant = person->tenant;
    caller->session = session;
    person_format(person, caller->name);
}

/* ---- sessions ---- */

/* A new token when it is time. Who comes with the token before has not seen the new one yet: its
 * answer was lost, or is under way to a call beside this one; it is given the same again. */
static enum store_outcome rotate(struct api *api, const struct session_found *found,
                                 const struct session_token *token, struct session_token *next,
                                 struct store_error *error)
{
    *next = session_token_next(&found->secret, token);
    if (!found->rotate_due)
        return STORE_OK;
    struct sha256 hash = session_token_hash(token), next_hash = session_token_hash(next);
    enum store_outcome outcome = session_store_rotate(api->pg, found->id, &hash, &next_hash, error);
    /* A call beside this one has, to the same token. */
    return outcome == STORE_NOT_FOUND ? STORE_OK : outcome;
}

/* *next stays empty when the token is to be kept. */
static enum store_outcome keep_alive(struct api *api, const struct session_found *found,
                                     const struct session_token *token, struct session_token *next,
                                     struct store_error *error)
{
    enum store_outcome outcome = STORE_OK;
    if (!found->bearer && (found->rotate_due || !found->current))
        outcome = rotate(api, found, token, next, error);
    if (outcome == STORE_OK && found->seen_due)
        outcome = session_store_seen(api->pg, found->id, error);
    return outcome;
}

/* Another site cannot read the token of the page that it makes a browser call from. */
static bool csrf_holds(const struct api *api, const struct session_found *found)
{
    return found->bearer || api->headers->method == API_GET ||
           session_csrf_holds(&found->secret, found->id, api->headers->csrf_token);
}

static enum store_outcome find_session(struct api *api, const struct session_token *token,
                                       bool bearer, struct session_found *found,
                                       struct store_error *error)
{
    struct sha256 hash = session_token_hash(token);
    enum store_outcome outcome =
        session_store_find(api->pg, &hash, identity_idle_ms(api->identity), found, error);
    /* A token is good in the place that it was made for only. */
    if (outcome == STORE_OK && found->bearer != bearer)
        outcome = STORE_NOT_FOUND;
    return outcome;
}

static enum store_outcome use_session(struct api *api, const struct session_token *token,
                                      bool bearer, struct session_found *found,
                                      struct session_token *next, struct store_error *error)
{
    enum store_outcome outcome = store_begin(api->pg, &control, error);
    if (outcome == STORE_OK)
        outcome = find_session(api, token, bearer, found, error);
    if (outcome == STORE_OK && csrf_holds(api, found))
        outcome = keep_alive(api, found, token, next, error);
    if (outcome == STORE_OK)
        outcome = store_commit(api->pg, error);
    store_rollback(api->pg);
    return outcome;
}

static enum api_outcome by_session(struct api *api, const struct session_token *token, bool bearer)
{
    struct store_error error;
    struct session_found found = {0};
    cleanup(session_token_forget) struct session_token next = {""};
    enum store_outcome outcome = use_session(api, token, bearer, &found, &next, &error);
    bool holds = outcome == STORE_OK && csrf_holds(api, &found);
    explicit_bzero(&found.secret, sizeof(found.secret));
    if (outcome == STORE_NOT_FOUND && !bearer)
        session_cookie_clear(api);
    if (outcome != STORE_OK)
        return judge(api, outcome, "the session has ended: sign in again", &error);
    if (!holds)
        return api_fail(api, PROBLEM_CSRF,
                        "calls with a session's cookie need its csrf_token as x-csrf-token");
    if (next.text[0] != '\0')
        session_cookie_set(api, &next, found.left_ms);
    identify_person(&api->caller, &found.person, found.id);
    return API_OK;
}

static enum api_outcome by_cookie(struct api *api, struct span cookie)
{
    cleanup(session_token_forget) struct session_token token = {""};
    if (session_token_parse(cookie, &token) == 0)
        return by_session(api, &token, false);
    session_cookie_clear(api);
    return refuse(api, "the session's cookie is none of ours");
}

/* Where anybody may call nobody is asked for, but a login ends the session that it takes the place
 * of. */
static enum api_outcome note_session(struct api *api, struct span cookie)
{
    struct store_error error;
    struct session_found found = {0};
    cleanup(session_token_forget) struct session_token token = {""};
    if (cookie.at == NULL || session_token_parse(cookie, &token) < 0)
        return API_OK;
    enum store_outcome outcome = store_begin(api->pg, &control, &error);
    if (outcome == STORE_OK)
        outcome = find_session(api, &token, false, &found, &error);
    store_rollback(api->pg);
    explicit_bzero(&found.secret, sizeof(found.secret));
    if (outcome == STORE_OK)
        api->caller.session = found.id;
    return outcome == STORE_NOT_FOUND ? API_OK : api_store(api, outcome, &error);
}

/* ---- keys and tokens ---- */

static void be_key(struct caller *caller, const struct credential_key *key)
{
    caller->kind = CALLER_KEY;
    caller->role = ROLE_ADMIN;
    caller->id = key->id;
    caller->tenant = key->tenant;
    caller->scopes = key->scopes;
    caller->scope_count = key->scope_count;
    id_format(ID_KEY, key->id, caller->name);
}

static enum api_outcome by_key(struct api *api, const struct key *key)
{
    struct store_error error;
    struct credential_key found;
    struct sha256 hash = key_hash(key);
    if (key->kind != KEY_MGMT)
        return refuse(api, key->kind == KEY_LIVE
                               ? "this is a live key, which calls models; here a management key "
                                 "(sk-tg1_mgmt_…) or a session is needed"
                               : "this is a test key, which calls models; here a management key "
                                 "(sk-tg1_mgmt_…) or a session is needed");
    enum store_outcome outcome = store_begin(api->pg, &control, &error);
    if (outcome == STORE_OK)
        outcome = credential_store_key(api->pg, &hash, api->arena, &found, &error);
    store_rollback(api->pg);
    if (outcome != STORE_OK)
        return judge(api, outcome, "there is no such key", &error);
    be_key(&api->caller, &found);
    return API_OK;
}

static enum api_outcome by_operator_token(struct api *api, struct span token)
{
    struct store_error error;
    struct person person = {0};
    struct sha256 hash = digest_sha256(token);
    enum store_outcome outcome = store_begin(api->pg, &control, &error);
    if (outcome == STORE_OK)
        outcome = credential_store_operator(api->pg, &hash, &person.id, &error);
    store_rollback(api->pg);
    if (outcome != STORE_OK)
        return judge(api, outcome, "there is no such operator's token", &error);
    identify_person(&api->caller, &person, (struct uuid){0});
    return API_OK;
}

static enum api_outcome by_authorization(struct api *api, struct span authorization)
{
    cleanup(session_token_forget) struct session_token token = {""};
    cleanup(key_forget) struct key key = {0};
    struct span rest = span_trim(authorization);
    struct span scheme = span_cut(&rest, ' ');
    struct span text = span_trim(rest);
    if (!span_is_nocase(scheme, "bearer"))
        return refuse(api, "Authorization has to be \"Bearer \" and a session token, a management "
                           "key or an operator's token");
    if (session_token_parse(text, &token) == 0)
        return by_session(api, &token, true);
    if (span_starts(text, OPERATOR_TOKEN_PREFIX))
        return by_operator_token(api, text);
    switch (key_parse(text, &key)) {
    case KEY_OK:
        return by_key(api, &key);
    case KEY_BAD_CHECKSUM:
        return refuse(api, "this key is mistyped: its checksum is wrong");
    case KEY_NOT_OURS:
        break;
    }
    return refuse(api, "this is no session token, management key or operator's token");
}

enum api_outcome identify(struct api *api, const struct identify_headers *headers)
{
    struct span cookie = session_cookie_find(headers->cookie);
    api->headers = headers;
    api->caller = (struct caller){.kind = CALLER_NOBODY, .role = ROLE_PUBLIC, .name = "nobody"};
    snprintf(api->caller.address, sizeof(api->caller.address), "%.*s", SPAN_ARG(headers->address));
    if ((api->route->roles & ROLE_PUBLIC) != 0)
        return note_session(api, cookie);
    if (headers->authorization.size > 0)
        return by_authorization(api, headers->authorization);
    if (cookie.at != NULL)
        return by_cookie(api, cookie);
    return API_OK;
}
