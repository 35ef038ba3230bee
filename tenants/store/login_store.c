/*
 * login_store: see login_store.h.
 */
#include "tenants/store/login_store.h"

#include "common/base/arena.h"

static const struct lockout {
    const char *prefix;
    int64_t limit;    /* of failures */
    int64_t quiet_s;  /* without a failure: then it begins anew */
    int64_t window_s; /* since the first one: then it begins anew */
} lockouts[] = {
    [LOGIN_EMAIL] = {"email:", 5, 86400, INT64_C(10) * 365 * 86400},
    [LOGIN_ADDRESS] = {"address:", 30, 600, 600},
};

/* What is older locks nobody any more. */
#define FORGET "DELETE FROM tollgate.login_failures WHERE last_at < now() - interval '1 day'"

/* 0 person, 1 tenant, 2 role, 3 hash, 4 name of the tenant */
static enum store_outcome read_candidate(const struct pg_rows *rows, size_t row,
                                         struct arena *arena, struct login_candidate *out,
                                         struct store_error *error_out)
{
    unsigned role = 0;
    bool is_operator = pg_is_null(rows, row, 1);
    if (!is_operator && words_find(&member_role_words, pg_get_text(rows, row, 2), &role) < 0)
        return store_fail(error_out, STORE_BROKEN, "the member is of an unknown role");
    out->person = (struct person){.id = pg_get_uuid(rows, row, 0), .role = (enum member_role)role};
    if (!is_operator)
        out->person.tenant = pg_get_uuid(rows, row, 1);
    out->hash = arena_span(arena, pg_get_text(rows, row, 3));
    out->tenant_name = arena_span(arena, pg_get_text(rows, row, 4));
    return STORE_OK;
}

enum store_outcome login_store_find(struct pg *pg, struct span email, struct uuid tenant,
                                    struct arena *arena, struct login_candidates *candidates_out,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find who signs in",
        "SELECT o.operator_id, NULL::uuid, NULL, o.password_hash, '' FROM tollgate.operators o "
        "WHERE lower(o.email) = lower($1) AND o.status = 'active' AND $2::uuid IS NULL "
        "AND o.password_hash IS NOT NULL UNION ALL "
        "(SELECT m.member_id, m.tenant_id, m.role, m.password_hash, t.name "
        "FROM tollgate.members m JOIN tollgate.tenants t USING (tenant_id) "
        "WHERE lower(m.email) = lower($1) AND m.status = 'active' AND t.status <> 'closed' "
        "AND m.password_hash IS NOT NULL AND ($2 IS NULL OR m.tenant_id = $2) "
        "ORDER BY m.member_id) LIMIT $3",
        PG_TEXT(email), PG_UUID_OR_NULL(tenant), PG_INT(LOGIN_CANDIDATES_MAX));
    size_t count = outcome == STORE_OK ? pg_rows_count(rows) : 0;
    for (size_t i = 0; i < count && outcome == STORE_OK; i++)
        outcome = read_candidate(rows, i, arena, &candidates_out->items[i], error_out);
    candidates_out->count = outcome == STORE_OK ? count : 0;
    return outcome;
}

static enum store_outcome count_attempt(struct pg *pg, const struct lockout *lockout,
                                        struct span text, bool *counted_out,
                                        struct store_error *error_out)
{
    /* `fresh` and `n` are what the row becomes; a row that is locked stays as it is. */
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "count the login",
        "INSERT INTO tollgate.login_failures AS f (subject, failures) "
        "VALUES (left($1 || lower($2), 400), 1) ON CONFLICT (subject) DO UPDATE SET "
        "(failures, since, last_at, locked_until) = (SELECT n, since, now(), "
        "CASE WHEN n >= $3::int8 THEN now() + least(interval '60 s' * 2 ^ least(n - $3, 10), "
        "interval '15 min') END FROM (SELECT "
        "CASE WHEN fresh THEN 1 ELSE least(f.failures + 1, 1000000) END AS n, "
        "CASE WHEN fresh THEN now() ELSE f.since END AS since FROM (SELECT "
        "f.last_at <= now() - make_interval(secs => $4::int8) OR "
        "f.since <= now() - make_interval(secs => $5::int8) AS fresh) a) b) "
        "WHERE f.locked_until IS NULL OR f.locked_until <= now()",
        PG_STRING(lockout->prefix), PG_TEXT(text), PG_INT(lockout->limit), PG_INT(lockout->quiet_s),
        PG_INT(lockout->window_s));
    if (outcome == STORE_OK)
        *counted_out = pg_affected(pg) > 0;
    return outcome;
}

enum store_outcome login_store_locked(struct pg *pg, enum login_subject subject, struct span text,
                                      int64_t *locked_ms_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look for a lockout",
                   "SELECT greatest(extract(epoch FROM locked_until - now()) * 1000, 1)::int8 "
                   "FROM tollgate.login_failures WHERE subject = left($1 || lower($2), 400) "
                   "AND locked_until > now()",
                   PG_STRING(lockouts[subject].prefix), PG_TEXT(text));
    if (outcome == STORE_OK)
        *locked_ms_out = pg_rows_count(rows) > 0 ? pg_get_int64(rows, 0, 0) : 0;
    return outcome;
}

enum store_outcome login_store_attempt(struct pg *pg, enum login_subject subject, struct span text,
                                       int64_t *locked_ms_out, struct store_error *error_out)
{
    bool counted = false;
    enum store_outcome outcome = count_attempt(pg, &lockouts[subject], text, &counted, error_out);
    if (outcome != STORE_OK)
        return outcome;
    if (!counted)
        return login_store_locked(pg, subject, text, locked_ms_out, error_out);
    *locked_ms_out = 0;
    return STORE_OK;
}

enum store_outcome login_store_succeeded(struct pg *pg, struct span email, struct span address,
                                         struct store_error *error_out)
{
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "forget failed logins",
                   "DELETE FROM tollgate.login_failures WHERE subject = left($1 || lower($2), 400)",
                   PG_STRING(lockouts[LOGIN_EMAIL].prefix), PG_TEXT(email));
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "forget old failed logins", FORGET);
    /* It was not locked when the attempt began: a lock is the attempt's own. */
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "take the attempt back",
                             "UPDATE tollgate.login_failures SET failures = greatest(failures - 1, "
                             "1), locked_until = NULL WHERE subject = left($1 || lower($2), 400)",
                             PG_STRING(lockouts[LOGIN_ADDRESS].prefix), PG_TEXT(address));
    return outcome;
}
