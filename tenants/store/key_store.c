/*
 * key_store: see key_store.h. Making keys, their secrets, and ending them; key_change.c has the
 * rest.
 */
#include "tenants/store/key_store.h"

#include "tenants/store/audited.h"
#include "tenants/store/key_inside.h"
#include "tenants/store/key_view.h"

static struct key fresh_secret(enum key_kind kind)
{
    uint8_t random[KEY_RANDOM_SIZE];
    digest_random(random, sizeof(random));
    struct key key = key_make(kind, random);
    explicit_bzero(random, sizeof(random));
    return key;
}

static enum store_outcome insert_secret(struct pg *pg, struct uuid key, struct uuid tenant,
                                        const struct key *secret, struct store_error *error_out)
{
    struct sha256 hash = key_hash(secret);
    return store_exec(pg, NULL, error_out, "keep the secret",
                      "INSERT INTO tollgate.api_key_secrets (public_part, key_id, tenant_id, "
                      "sha256) VALUES ($1, $2, $3, $4)",
                      PG_STRING(secret->public_part), PG_UUID(key), PG_UUID(tenant),
                      store_sha256(&hash));
}

/* ---- making one ---- */
struct making {
    const struct store_actor *actor;
    const struct key_new *key;
    struct key_made *made;
};

static enum store_outcome check_room(struct pg *pg, struct uuid tenant,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "count the keys",
        "SELECT count(*) FROM tollgate.api_keys WHERE tenant_id = $1 AND status <> 'revoked'",
        PG_UUID(tenant));
    if (outcome == STORE_OK && pg_get_int64(rows, 0, 0) >= KEYS_MAX)
        outcome = store_fail(error_out, STORE_CONFLICT,
                             "a tenant has at most %d keys: revoke some first", (int)KEYS_MAX);
    return outcome;
}

static enum store_outcome insert_key(struct pg *pg, const struct making *making,
                                     struct store_error *error_out)
{
    const struct key_new *key = making->key;
    struct span scopes[KEY_SCOPES];
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the key",
        "INSERT INTO tollgate.api_keys (key_id, tenant_id, project_id, name, kind, expires_at, "
        "allowed_models, budget_pico, budget_window, requests_per_minute, tokens_per_minute, "
        "scopes, created_by, preset_id) "
        /* The project has to be the tenant's: no row, and so no key, when it is not. */
        "SELECT $1, p.tenant_id, p.project_id, $4, $5, $6::timestamptz, $7::text[], $8::numeric, "
        "$9::text, $10::int8, $11::int8, $12::text[], $13, "
        "$14::uuid "
        "FROM tollgate.projects p WHERE p.tenant_id = $2 AND p.project_id = $3",
        PG_UUID(making->made->id), PG_UUID(key->tenant), PG_UUID(key->project), PG_TEXT(key->name),
        PG_STRING(key_kind_name(key->kind)), key_time(key->expires_ms),
        key_texts(key->allowed_models, key->allowed_count),
        key_budget(key->budget_window, key->budget_pico), key_window(key->budget_window),
        key_limit(key->requests_per_minute), key_limit(key->tokens_per_minute),
        PG_TEXTS(scopes, key_scope_names(key->scopes, scopes)), PG_STRING(making->actor->name),
        PG_UUID_OR_NULL(key->preset));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "the tenant has no such project");
    return outcome;
}

static enum store_outcome make(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct making *making = with;
    enum store_outcome outcome = check_room(pg, making->key->tenant, error_out);
    if (outcome == STORE_OK)
        outcome = insert_key(pg, making, error_out);
    if (outcome == STORE_OK)
        outcome = insert_secret(pg, making->made->id, making->key->tenant, &making->made->secret,
                                error_out);
    return outcome;
}

enum store_outcome key_store_create(struct pg *pg, const struct store_actor *actor,
                                    const struct key_new *key, struct key_made *made_out,
                                    struct store_error *error_out)
{
    struct key_made made = {uuid_new(), fresh_secret(key->kind)};
    const struct making making = {actor, key, &made};
    const struct audited what = {"key.create", key->tenant, ID_KEY, made.id, &key_view};
    enum store_outcome outcome = audited_run(pg, actor, &what, make, &making, error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    key_forget(&made.secret);
    return outcome;
}

/* ---- rotation ---- */
struct rotating {
    const struct key_rotation *rotation;
    struct key_rotated *rotated;
};

#define LIVE "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"

static enum store_outcome count_live(struct pg *pg, struct uuid key, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "count the secrets",
        "SELECT count(*) FROM tollgate.api_key_secrets WHERE key_id = $1 AND " LIVE, PG_UUID(key));
    if (outcome == STORE_OK && pg_get_int64(rows, 0, 0) > 1)
        outcome = store_fail(error_out, STORE_CONFLICT,
                             "two secrets of this key live already: wait until the older ends, or "
                             "rotate without an overlap, which ends both");
    return outcome;
}

static enum store_outcome end_older(struct pg *pg, const struct rotating *rotating,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct key_rotation *rotation = rotating->rotation;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "end the older secrets",
        "WITH ended AS (UPDATE tollgate.api_key_secrets SET "
        "expires_at = least(expires_at, now() + $2::int8 * interval '1 millisecond'), "
        "revoked_at = CASE WHEN $2::int8 = 0 THEN now() END "
        "WHERE key_id = $1 AND " LIVE " RETURNING expires_at) SELECT max(expires_at) FROM ended",
        PG_UUID(rotation->key), PG_INT(rotation->overlap_ms));
    if (outcome == STORE_OK)
        rotating->rotated->previous_until_ms =
            pg_is_null(rows, 0, 0) ? INT64_MIN : pg_get_unix_ms(rows, 0, 0);
    return outcome;
}

static enum store_outcome rotate(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct rotating *rotating = with;
    const struct key_rotation *rotation = rotating->rotation;
    enum store_outcome outcome = STORE_OK;
    if (rotation->overlap_ms > 0)
        outcome = count_live(pg, rotation->key, error_out);
    if (outcome == STORE_OK)
        outcome = end_older(pg, rotating, error_out);
    if (outcome == STORE_OK)
        outcome = insert_secret(pg, rotation->key, rotation->tenant, &rotating->rotated->secret,
                                error_out);
    if (outcome == STORE_OK)
        outcome =
            store_exec(pg, NULL, error_out, "note the rotation",
                       "UPDATE tollgate.api_keys SET revision = revision + 1 WHERE key_id = $1",
                       PG_UUID(rotation->key));
    return outcome;
}

enum store_outcome key_store_rotate(struct pg *pg, const struct store_actor *actor,
                                    const struct key_rotation *rotation,
                                    struct key_rotated *rotated_out, struct store_error *error_out)
{
    struct key_state state;
    enum store_outcome outcome =
        key_store_lock(pg, rotation->tenant, rotation->key, &state, error_out);
    if (outcome != STORE_OK)
        return outcome;
    if (state.status == KEY_REVOKED || state.expired)
        return store_fail(error_out, STORE_CONFLICT, "the key %s: make a new one",
                          state.expired ? "has expired" : "is revoked");
    struct key_rotated rotated = {fresh_secret(state.kind), INT64_MIN};
    const struct rotating rotating = {rotation, &rotated};
    const struct audited what = {"key.rotate", rotation->tenant, ID_KEY, rotation->key, &key_view};
    outcome = audited_run(pg, actor, &what, rotate, &rotating, error_out);
    if (outcome == STORE_OK)
        *rotated_out = rotated;
    key_forget(&rotated.secret);
    return outcome;
}

/* ---- the end ---- */

/* Locks the key's row, so that a rotation at the same time waits. */
static enum store_outcome find_for_revoke(struct pg *pg, struct span id_or_public,
                                          struct pg_rows **rows_out, struct store_error *error_out)
{
    struct uuid id;
    bool is_id = id_parse(ID_KEY, id_or_public, &id) == 0;
    enum store_outcome outcome = store_exec(
        pg, rows_out, error_out, "find the key",
        "SELECT k.key_id, k.tenant_id FROM tollgate.api_keys k WHERE k.key_id = $1::uuid "
        "OR k.key_id = (SELECT s.key_id FROM tollgate.api_key_secrets s WHERE s.public_part = $2) "
        "FOR UPDATE",
        is_id ? PG_UUID(id) : PG_NULL, PG_TEXT(id_or_public));
    if (outcome == STORE_OK && pg_rows_count(*rows_out) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no key \"%.*s\"",
                             SPAN_ARG(id_or_public));
    return outcome;
}

struct revoking {
    const char *by;
    struct uuid key;
    struct span public_part; /* empty: all of them */
    struct span reason;
};

static enum store_outcome revoke(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct revoking *r = with;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "revoke the secrets",
                   "UPDATE tollgate.api_key_secrets SET revoked_at = now() WHERE key_id = $1 "
                   "AND revoked_at IS NULL AND ($2::text IS NULL OR public_part = $2)",
                   PG_UUID(r->key), r->public_part.size > 0 ? PG_TEXT(r->public_part) : PG_NULL);
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "revoke the key",
            "UPDATE tollgate.api_keys k SET status = 'revoked', status_reason = 'revoked by ' || "
            "$2 || CASE WHEN $3 = '' THEN '' ELSE ': ' || $3 END, revision = revision + 1 "
            "WHERE key_id = $1 AND status <> 'revoked' AND NOT EXISTS ("
            "SELECT 1 FROM tollgate.api_key_secrets s WHERE s.key_id = k.key_id AND " LIVE ")",
            PG_UUID(r->key), PG_STRING(r->by), PG_TEXT(r->reason));
    return outcome;
}

enum store_outcome key_store_revoke(struct pg *pg, const struct store_actor *actor,
                                    struct span id_or_public, struct span reason,
                                    struct uuid *key_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = find_for_revoke(pg, id_or_public, &rows, error_out);
    if (outcome != STORE_OK)
        return outcome;
    bool one_secret = id_or_public.size == KEY_PUBLIC_LENGTH;
    const struct revoking revoking = {
        .by = actor->name,
        .key = pg_get_uuid(rows, 0, 0),
        .public_part = one_secret ? id_or_public : span_of(""),
        .reason = reason.at == NULL ? span_of("") : reason,
    };
    const struct audited what = {"key.revoke", pg_get_uuid(rows, 0, 1), ID_KEY, revoking.key,
                                 &key_view};
    outcome = audited_run(pg, actor, &what, revoke, &revoking, error_out);
    if (outcome == STORE_OK)
        *key_out = revoking.key;
    return outcome;
}
