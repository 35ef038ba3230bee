/*
 * key_store: see key_store.h.
 */
#include "tenants/store/key_store.h"

#include "common/base/json_writer.h"

#define AUDIT_MAX_BYTES 65536

static struct pg_param time_or_null(int64_t unix_ms)
{
    return unix_ms == INT64_MAX ? PG_NULL : PG_TIME(unix_ms);
}

static struct pg_param positive_or_null(int64_t value)
{
    return value > 0 ? PG_INT(value) : PG_NULL;
}

/* The public part tells which secret of the key it is about; empty for the whole key. */
static enum store_outcome audit_key(struct pg *pg, const struct store_actor *actor,
                                    const struct store_mutation *mutation, struct uuid id,
                                    struct span public_part, struct store_error *error_out)
{
    cleanup(buf_done) struct buf after = buf_make(AUDIT_MAX_BYTES);
    struct json_writer w = json_writer_make(&after);
    char subject[ID_TEXT_SIZE];
    struct store_mutation whole = *mutation;
    json_begin(&w, '{');
    if (public_part.size > 0)
        json_put_string(&w, "public_part", public_part);
    json_end(&w, '}');
    id_format(ID_KEY, id, subject);
    whole.subject = span_of(subject);
    whole.after = buf_span(&after);
    return store_audit(pg, actor, &whole, error_out);
}

static struct key fresh_key(enum key_kind kind)
{
    uint8_t random[KEY_RANDOM_SIZE];
    digest_random(random, sizeof(random));
    struct key key = key_make(kind, random);
    explicit_bzero(random, sizeof(random));
    return key;
}

static enum store_outcome insert_secret(struct pg *pg, struct uuid key, struct uuid tenant,
                                        const struct key *secret, int64_t expires_ms,
                                        struct store_error *error_out)
{
    struct sha256 hash = key_hash(secret);
    return store_exec(pg, NULL, error_out, "keep the secret",
                      "INSERT INTO tollgate.api_key_secrets (public_part, key_id, tenant_id, "
                      "sha256, expires_at) VALUES ($1, $2, $3, $4, $5)",
                      PG_STRING(secret->public_part), PG_UUID(key), PG_UUID(tenant),
                      store_sha256(&hash), time_or_null(expires_ms));
}

static enum store_outcome insert_key(struct pg *pg, struct uuid id, const struct key_new *key,
                                     struct store_error *error_out)
{
    bool has_budget = key->budget_window != WINDOW_NONE;
    return store_exec(
        pg, NULL, error_out, "make the key",
        "INSERT INTO tollgate.api_keys (key_id, tenant_id, project_id, name, kind, expires_at, "
        "allowed_models, budget_pico, budget_window, requests_per_minute, tokens_per_minute) "
        /* The project has to be the tenant's: no row, and so no key, when it is not. */
        "SELECT $1, p.tenant_id, p.project_id, $4, $5, $6::timestamptz, $7::text[], $8::numeric, "
        "$9::text, $10::int8, $11::int8 "
        "FROM tollgate.projects p WHERE p.tenant_id = $2 AND p.project_id = $3",
        PG_UUID(id), PG_UUID(key->tenant), PG_UUID(key->project), PG_TEXT(key->name),
        PG_STRING(key_kind_name(key->kind)), time_or_null(key->expires_ms),
        key->allowed_models == NULL ? PG_NULL : PG_TEXTS(key->allowed_models, key->allowed_count),
        has_budget ? PG_NUMERIC(key->budget_pico) : PG_NULL,
        has_budget ? PG_STRING(words_name(&budget_window_words, key->budget_window)) : PG_NULL,
        positive_or_null(key->requests_per_minute), positive_or_null(key->tokens_per_minute));
}

enum store_outcome key_store_create(struct pg *pg, const struct store_actor *actor,
                                    const struct key_new *key, struct key_made *made_out,
                                    struct store_error *error_out)
{
    struct key_made made = {uuid_new(), fresh_key(key->kind)};
    enum store_outcome outcome = insert_key(pg, made.id, key, error_out);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "the tenant has no such project");
    if (outcome == STORE_OK)
        outcome = insert_secret(pg, made.id, key->tenant, &made.secret, INT64_MAX, error_out);
    if (outcome == STORE_OK)
        outcome = audit_key(pg, actor,
                            &(struct store_mutation){.action = "key.create", .tenant = key->tenant},
                            made.id, span_of(made.secret.public_part), error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    key_forget(&made.secret);
    return outcome;
}

enum store_outcome key_store_add_secret(struct pg *pg, const struct store_actor *actor,
                                        struct uuid key, int64_t expires_ms, struct key *secret_out,
                                        struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum key_kind kind = KEY_LIVE;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find the key",
        "SELECT tenant_id, kind FROM tollgate.api_keys WHERE key_id = $1 AND status <> 'revoked'",
        PG_UUID(key));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such key, or it is revoked");
    if (key_kind_parse(pg_get_text(rows, 0, 1), &kind) < 0)
        return store_fail(error_out, STORE_BROKEN, "the key is of an unknown kind");
    struct uuid tenant = pg_get_uuid(rows, 0, 0);
    struct key secret = fresh_key(kind);
    outcome = insert_secret(pg, key, tenant, &secret, expires_ms, error_out);
    if (outcome == STORE_OK)
        outcome = audit_key(pg, actor,
                            &(struct store_mutation){.action = "key.add_secret", .tenant = tenant},
                            key, span_of(secret.public_part), error_out);
    if (outcome == STORE_OK)
        *secret_out = secret;
    key_forget(&secret);
    return outcome;
}

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

enum store_outcome key_store_revoke(struct pg *pg, const struct store_actor *actor,
                                    struct span id_or_public, struct uuid *key_out,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = find_for_revoke(pg, id_or_public, &rows, error_out);
    if (outcome != STORE_OK)
        return outcome;
    struct uuid key = pg_get_uuid(rows, 0, 0);
    bool one_secret = id_or_public.size == KEY_PUBLIC_LENGTH;
    outcome = store_exec(pg, NULL, error_out, "revoke the secrets",
                         "UPDATE tollgate.api_key_secrets SET revoked_at = now() WHERE key_id = $1 "
                         "AND revoked_at IS NULL AND ($2::text IS NULL OR public_part = $2)",
                         PG_UUID(key), one_secret ? PG_TEXT(id_or_public) : PG_NULL);
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "revoke the key",
                             "UPDATE tollgate.api_keys k SET status = 'revoked', "
                             "status_reason = 'revoked by ' || $2, revision = revision + 1 "
                             "WHERE key_id = $1 AND status <> 'revoked' AND NOT EXISTS ("
                             "SELECT 1 FROM tollgate.api_key_secrets s WHERE s.key_id = k.key_id "
                             "AND s.revoked_at IS NULL "
                             "AND (s.expires_at IS NULL OR s.expires_at > now()))",
                             PG_UUID(key), PG_STRING(actor->name));
    if (outcome == STORE_OK)
        outcome = audit_key(
            pg, actor,
            &(struct store_mutation){.action = "key.revoke", .tenant = pg_get_uuid(rows, 0, 1)},
            key, one_secret ? id_or_public : (struct span){0}, error_out);
    if (outcome == STORE_OK)
        *key_out = key;
    return outcome;
}
