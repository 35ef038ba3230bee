/*
 * credential_store: see credential_store.h.
 */
#include "tenants/store/credential_store.h"

#include "common/base/arena.h"

/* The scopes there are fit; the database bounds nothing. */
#define SCOPES_MAX 64

/* 0 key, 1 tenant, 2 status of the key, 3 of the tenant, 4 revoked, 5 expired, 6 scopes */
static enum store_outcome judge_key(const struct pg_rows *rows, struct store_error *error_out)
{
    struct span key = pg_get_text(rows, 0, 2), tenant = pg_get_text(rows, 0, 3);
    if (pg_get_bool(rows, 0, 4) || span_is(key, "revoked"))
        return store_fail(error_out, STORE_REFUSED, "this key has been revoked");
    if (pg_get_bool(rows, 0, 5))
        return store_fail(error_out, STORE_REFUSED, "this key has expired");
    if (!span_is(key, "active"))
        return store_fail(error_out, STORE_REFUSED, "this key is disabled");
    if (span_is(tenant, "suspended") || span_is(tenant, "closed"))
        return store_fail(error_out, STORE_REFUSED, "this key's tenant is %.*s", SPAN_ARG(tenant));
    return STORE_OK;
}

static void read_scopes(const struct pg_rows *rows, struct arena *arena,
                        struct credential_key *key_out)
{
    size_t count = pg_array_count(rows, 0, 6);
    if (count > SCOPES_MAX)
        count = SCOPES_MAX;
    struct span *scopes = arena_array(arena, count + 1, sizeof(*scopes));
    for (size_t i = 0; i < count; i++)
        scopes[i] = arena_span(arena, pg_array_text(rows, 0, 6, i));
    key_out->scopes = scopes;
    key_out->scope_count = count;
}

enum store_outcome credential_store_key(struct pg *pg, const struct sha256 *hash,
                                        struct arena *arena, struct credential_key *key_out,
                                        struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "find the key",
                   "SELECT k.key_id, k.tenant_id, k.status, t.status, s.revoked_at IS NOT NULL, "
                   "coalesce(least(k.expires_at, s.expires_at) <= now(), false), k.scopes "
                   "FROM tollgate.api_key_secrets s JOIN tollgate.api_keys k USING (key_id) "
                   "JOIN tollgate.tenants t ON t.tenant_id = k.tenant_id "
                   "WHERE s.sha256 = $1 AND k.kind = 'mgmt'",
                   store_sha256(hash));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such key");
    outcome = judge_key(rows, error_out);
    if (outcome != STORE_OK)
        return outcome;
    key_out->id = pg_get_uuid(rows, 0, 0);
    key_out->tenant = pg_get_uuid(rows, 0, 1);
    read_scopes(rows, arena, key_out);
    return STORE_OK;
}

enum store_outcome credential_store_operator(struct pg *pg, const struct sha256 *hash,
                                             struct uuid *operator_out,
                                             struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(pg, &rows, error_out, "find the operator",
                                            "SELECT operator_id FROM tollgate.operators "
                                            "WHERE token_sha256 = $1 AND status = 'active'",
                                            store_sha256(hash));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such operator");
    *operator_out = pg_get_uuid(rows, 0, 0);
    return STORE_OK;
}
