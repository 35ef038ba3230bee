/*
 * session_store: see session_store.h.
 */
#include "tenants/store/session_store.h"

/* A month after a session has ended nobody asks for it. */
#define FORGET                                                                                     \
    "DELETE FROM tollgate.sessions WHERE coalesce(ended_at, expires_at) < now() - interval '30 "   \
    "days'"

static struct pg_param secret_param(const struct session_secret *secret)
{
    return PG_BYTES(span_make((const char *)secret->at, sizeof(secret->at)));
}

bool person_is_operator(const struct person *person)
{
    return uuid_is_zero(person->tenant);
}

void person_format(const struct person *person, char text_out[ID_TEXT_SIZE])
{
    id_format(person_is_operator(person) ? ID_OPERATOR : ID_MEMBER, person->id, text_out);
}

enum store_outcome session_store_create(struct pg *pg, const struct session_new *session,
                                        struct uuid *session_out, struct store_error *error_out)
{
    struct uuid id = uuid_new();
    bool is_operator = person_is_operator(&session->person);
    enum store_outcome outcome = store_exec(pg, NULL, error_out, "forget old sessions", FORGET);
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "begin the session",
            "INSERT INTO tollgate.sessions (session_id, token_sha256, secret, operator_id, "
            "member_id, tenant_id, bearer, expires_at, address, user_agent) VALUES ($1, $2, $3, "
            "$4, $5, $6, $7, now() + make_interval(secs => $8::int8 / 1000.0), $9, $10)",
            PG_UUID(id), store_sha256(&session->token), secret_param(&session->secret),
            is_operator ? PG_UUID(session->person.id) : PG_NULL,
            is_operator ? PG_NULL : PG_UUID(session->person.id),
            PG_UUID_OR_NULL(session->person.tenant), PG_BOOL(session->bearer),
            PG_INT(session->life_ms), PG_TEXT(session->address), PG_TEXT(session->user_agent));
    if (outcome == STORE_OK)
        *session_out = id;
    return outcome;
}

/* 0 id, 1 person, 2 tenant, 3 role, 4 secret, 5 bearer, 6 current, 7 old, 8 seen long ago, 9 left
 */
static enum store_outcome read_found(const struct pg_rows *rows, struct session_found *found_out,
                                     struct store_error *error_out)
{
    unsigned role = 0;
    struct span secret = pg_get_bytes(rows, 0, 4);
    bool is_operator = pg_is_null(rows, 0, 2);
    if (!is_operator && words_find(&member_role_words, pg_get_text(rows, 0, 3), &role) < 0)
        return store_fail(error_out, STORE_BROKEN, "the member is of an unknown role");
    struct session_found found = {
        .id = pg_get_uuid(rows, 0, 0),
        .person = {.id = pg_get_uuid(rows, 0, 1), .role = (enum member_role)role},
        .bearer = pg_get_bool(rows, 0, 5),
        .current = pg_get_bool(rows, 0, 6),
        .seen_due = pg_get_bool(rows, 0, 8),
        .left_ms = pg_get_int64(rows, 0, 9),
    };
    if (!is_operator)
        found.person.tenant = pg_get_uuid(rows, 0, 2);
    found.rotate_due = found.current && !found.bearer && pg_get_bool(rows, 0, 7);
    memcpy(found.secret.at, secret.at, sizeof(found.secret.at));
    *found_out = found;
    explicit_bzero(&found, sizeof(found));
    return STORE_OK;
}

enum store_outcome session_store_find(struct pg *pg, const struct sha256 *token, int64_t idle_ms,
                                      struct session_found *found_out,
                                      struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find the session",
        "SELECT s.session_id, coalesce(s.operator_id, s.member_id), s.tenant_id, m.role, s.secret, "
        "s.bearer, s.token_sha256 = $1, s.rotated_at <= now() - make_interval(secs => $3::int8), "
        "s.seen_at <= now() - make_interval(secs => $4::int8), "
        "(extract(epoch FROM s.expires_at - now()) * 1000)::int8 "
        "FROM tollgate.sessions s LEFT JOIN tollgate.operators o USING (operator_id) "
        "LEFT JOIN tollgate.members m USING (member_id) "
        "LEFT JOIN tollgate.tenants t ON t.tenant_id = s.tenant_id "
        "WHERE (s.token_sha256 = $1 OR (s.previous_sha256 = $1 AND s.previous_until > now())) "
        "AND s.ended_at IS NULL AND s.expires_at > now() "
        "AND s.seen_at > now() - make_interval(secs => $2::int8 / 1000.0) "
        "AND (o.status = 'active' OR (m.status = 'active' AND t.status <> 'closed'))",
        store_sha256(token), PG_INT(idle_ms), PG_INT(SESSION_ROTATES_AFTER_S),
        PG_INT(SESSION_SEEN_EVERY_S));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such session, or it has ended");
    return read_found(rows, found_out, error_out);
}

enum store_outcome session_store_rotate(struct pg *pg, struct uuid session,
                                        const struct sha256 *token, const struct sha256 *next,
                                        struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "rotate the session",
        "UPDATE tollgate.sessions SET previous_sha256 = token_sha256, token_sha256 = $3, "
        "previous_until = now() + make_interval(secs => $4::int8), rotated_at = now() "
        "WHERE session_id = $1 AND token_sha256 = $2 AND ended_at IS NULL",
        PG_UUID(session), store_sha256(token), store_sha256(next), PG_INT(SESSION_OVERLAP_S));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "another call has rotated the session");
    return outcome;
}

enum store_outcome session_store_renew(struct pg *pg, struct uuid session,
                                       const struct sha256 *token, struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "renew the session",
                      "UPDATE tollgate.sessions SET previous_sha256 = NULL, previous_until = NULL, "
                      "token_sha256 = $2, rotated_at = now() WHERE session_id = $1",
                      PG_UUID(session), store_sha256(token));
}

enum store_outcome session_store_seen(struct pg *pg, struct uuid session,
                                      struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "note that the session is alive",
                      "UPDATE tollgate.sessions SET seen_at = now() WHERE session_id = $1 "
                      "AND seen_at <= now() - make_interval(secs => $2::int8)",
                      PG_UUID(session), PG_INT(SESSION_SEEN_EVERY_S));
}

enum store_outcome session_store_end(struct pg *pg, struct uuid session,
                                     struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "end the session",
                      "UPDATE tollgate.sessions SET ended_at = now() WHERE session_id = $1 "
                      "AND ended_at IS NULL",
                      PG_UUID(session));
}

enum store_outcome session_store_end_all(struct pg *pg, struct uuid person, struct uuid but,
                                         struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "end the sessions",
                      "UPDATE tollgate.sessions SET ended_at = now() "
                      "WHERE coalesce(operator_id, member_id) = $1 AND ended_at IS NULL "
                      "AND ($2::uuid IS NULL OR session_id <> $2)",
                      PG_UUID(person), PG_UUID_OR_NULL(but));
}

enum store_outcome session_store_show(struct pg *pg, struct uuid who, struct uuid tenant,
                                      struct uuid session, struct session_shown *shown_out,
                                      struct store_error *error_out)
{
    struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find who is signed in",
        "SELECT coalesce(o.email, m.email, ''), coalesce(o.name, m.name, k.name, ''), "
        "coalesce(t.name, ''), coalesce(s.expires_at, k.expires_at, 'infinity'), s.secret, "
        "coalesce(s.bearer, false), coalesce(o.password_hash, m.password_hash, '') "
        "FROM (SELECT $1::uuid AS id) a LEFT JOIN tollgate.operators o ON o.operator_id = a.id "
        "LEFT JOIN tollgate.members m ON m.member_id = a.id "
        "LEFT JOIN tollgate.api_keys k ON k.key_id = a.id "
        "LEFT JOIN tollgate.tenants t ON t.tenant_id = $2 "
        "LEFT JOIN tollgate.sessions s ON s.session_id = $3",
        PG_UUID(who), PG_UUID_OR_NULL(tenant), PG_UUID_OR_NULL(session));
    if (outcome != STORE_OK)
        return outcome;
    struct session_shown shown = {.rows = rows,
                                  .email = pg_get_text(rows, 0, 0),
                                  .name = pg_get_text(rows, 0, 1),
                                  .tenant_name = pg_get_text(rows, 0, 2),
                                  .hash = pg_get_text(rows, 0, 6),
                                  .expires_ms = pg_get_unix_ms(rows, 0, 3),
                                  .bearer = pg_get_bool(rows, 0, 5)};
    struct span secret = pg_get_bytes(rows, 0, 4);
    if (secret.size == sizeof(shown.secret.at))
        memcpy(shown.secret.at, secret.at, secret.size);
    *shown_out = shown;
    explicit_bzero(&shown, sizeof(shown));
    return STORE_OK;
}

void session_shown_done(struct session_shown *shown)
{
    pg_rows_free(shown->rows);
    explicit_bzero(shown, sizeof(*shown));
}
