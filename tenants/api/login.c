/*
 * login: see login.h.
 */
#include "tenants/api/login.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "tenants/api/identity.h"

/* The lockout and the look-up are nobody's own: the control plane acts. */
static const struct store_actor control = {.name = "tollgate-control"};

enum { TENANTS_MAX_BYTES = 32768, NETWORK_BYTES = 8 };

/* Who has one IPv6 address has its whole /64. */
static void network_of(const char *address, char text_out[INET6_ADDRSTRLEN])
{
    struct in6_addr ip;
    snprintf(text_out, INET6_ADDRSTRLEN, "%s", address);
    if (inet_pton(AF_INET6, address, &ip) != 1)
        return;
    memset(ip.s6_addr + NETWORK_BYTES, 0, sizeof(ip.s6_addr) - NETWORK_BYTES);
    (void)inet_ntop(AF_INET6, &ip, text_out, INET6_ADDRSTRLEN);
}

static enum api_outcome locked_out(struct api *api, int64_t locked_ms)
{
    int64_t seconds = (locked_ms + 999) / 1000;
    api_header(api, "retry-after", "%lld", (long long)seconds);
    return api_fail(api, PROBLEM_LOCKED_OUT,
                    "too many logins have failed: try again in %lld seconds", (long long)seconds);
}

static enum api_outcome wrong(struct api *api)
{
    return api_fail(api, PROBLEM_WRONG_LOGIN, "the e-mail address or the password is wrong");
}

static enum store_outcome count_attempt(struct api *api, struct span email, const char *network,
                                        int64_t *locked_ms_out, struct store_error *error)
{
    enum store_outcome outcome =
        login_store_attempt(api->pg, LOGIN_ADDRESS, span_of(network), locked_ms_out, error);
    if (outcome == STORE_OK && *locked_ms_out == 0)
        outcome = login_store_attempt(api->pg, LOGIN_EMAIL, email, locked_ms_out, error);
    return outcome;
}

/* The attempt is counted, and committed, before it is judged. */
static enum store_outcome begin(struct api *api, struct span email, struct uuid tenant,
                                struct login_candidates *candidates, int64_t *locked_ms_out,
                                struct store_error *error)
{
    char network[INET6_ADDRSTRLEN];
    network_of(api->caller.address, network);
    store_rollback(api->pg);
    enum store_outcome outcome = store_begin(api->pg, &control, error);
    if (outcome == STORE_OK)
        outcome = count_attempt(api, email, network, locked_ms_out, error);
    if (outcome == STORE_OK && *locked_ms_out == 0)
        outcome = login_store_find(api->pg, email, tenant, api->arena, candidates, error);
    if (outcome == STORE_OK)
        outcome = store_commit(api->pg, error);
    if (outcome != STORE_OK)
        store_rollback(api->pg);
    return outcome;
}

/* Leaves those whose password it is. Somebody's or nobody's, it takes as long. */
static void keep_matches(struct api *api, struct span password, struct login_candidates *candidates)
{
    size_t kept = 0;
    if (candidates->count == 0)
        (void)!identity_verify(api->identity, (struct span){0}, password);
    for (size_t i = 0; i < candidates->count; i++) {
        if (identity_verify(api->identity, candidates->items[i].hash, password))
            candidates->items[kept++] = candidates->items[i];
    }
    candidates->count = kept;
}

static enum store_outcome forget_failures(struct api *api, struct span email,
                                          struct store_error *error)
{
    char network[INET6_ADDRSTRLEN];
    network_of(api->caller.address, network);
    return login_store_succeeded(api->pg, email, span_of(network), error);
}

static void list_tenants(struct api *api, const struct login_candidates *candidates)
{
    cleanup(buf_done) struct buf text = buf_make(TENANTS_MAX_BYTES);
    struct json_writer w = json_writer_make(&text);
    json_begin(&w, '[');
    for (size_t i = 0; i < candidates->count; i++) {
        char id[ID_TEXT_SIZE];
        id_format(ID_TENANT, candidates->items[i].person.tenant, id);
        json_begin(&w, '{');
        json_put_cstring(&w, "id", id);
        json_put_string(&w, "name", candidates->items[i].tenant_name);
        json_end(&w, '}');
    }
    json_end(&w, ']');
    api_problem_member(api, "tenants", buf_span(&text));
}

enum api_outcome login_judge(struct api *api, struct span email, struct span password,
                             struct uuid tenant, struct person *person_out)
{
    struct store_error error;
    struct login_candidates found = {.count = 0};
    int64_t locked_ms = 0;
    enum store_outcome outcome = begin(api, email, tenant, &found, &locked_ms, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (locked_ms > 0)
        return locked_out(api, locked_ms);
    keep_matches(api, password, &found);
    if (found.count == 0)
        return wrong(api);
    outcome = store_begin(api->pg, &control, &error);
    if (outcome == STORE_OK)
        outcome = forget_failures(api, email, &error);
    /* An operator is one, whatever else it is a member of. */
    bool several = found.count > 1 && !person_is_operator(&found.items[0].person);
    if (outcome == STORE_OK && several)
        outcome = store_commit(api->pg, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (several) {
        list_tenants(api, &found);
        return api_fail(api, PROBLEM_CONFLICT,
                        "you are a member of several tenants: say which, with `tenant`");
    }
    *person_out = found.items[0].person;
    return API_OK;
}

/* ---- once more ---- */

/* In the call's transaction the control plane acts for a moment. */
static enum store_outcome confirm_begin(struct api *api, struct span email, int64_t *locked_ms_out,
                                        struct store_error *error)
{
    enum store_outcome outcome = store_assume(api->pg, &control, error);
    if (outcome == STORE_OK)
        outcome = login_store_locked(api->pg, LOGIN_EMAIL, email, locked_ms_out, error);
    if (outcome == STORE_OK)
        outcome = store_assume(api->pg, &api->actor, error);
    return outcome;
}

static enum store_outcome confirm_failed(struct api *api, struct span email,
                                         struct store_error *error)
{
    int64_t locked_ms = 0;
    store_rollback(api->pg);
    enum store_outcome outcome = store_begin(api->pg, &control, error);
    if (outcome == STORE_OK)
        outcome = login_store_attempt(api->pg, LOGIN_EMAIL, email, &locked_ms, error);
    if (outcome == STORE_OK)
        outcome = store_commit(api->pg, error);
    return outcome;
}

enum api_outcome login_confirm(struct api *api, struct span email, struct span hash,
                               struct span password)
{
    struct store_error error;
    int64_t locked_ms = 0;
    enum store_outcome outcome = confirm_begin(api, email, &locked_ms, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (locked_ms > 0)
        return locked_out(api, locked_ms);
    if (identity_verify(api->identity, hash, password))
        return API_OK;
    outcome = confirm_failed(api, email, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    return api_fail_field(api, "current", "is not the password");
}
