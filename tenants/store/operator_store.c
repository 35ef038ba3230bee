/*
 * operator_store: see operator_store.h.
 */
#include "tenants/store/operator_store.h"

#include "tenants/store/session_store.h"

#define SELECT_OPERATOR                                                                            \
    "SELECT o.operator_id, o.email, o.name, o.status, o.created_at, "                              \
    "(SELECT max(s.seen_at) FROM tollgate.sessions s "                                             \
    "WHERE coalesce(s.operator_id, s.member_id) = o.operator_id), o.revision"

static const struct view_column columns[] = {
    {"id", VIEW_ID, ID_OPERATOR}, {"email", VIEW_TEXT, 0},      {"name", VIEW_TEXT, 0},
    {"status", VIEW_TEXT, 0},     {"created_at", VIEW_TIME, 0}, {"last_seen_at", VIEW_TIME, 0},
    {"etag", VIEW_ETAG, 0},
};

const struct view operator_list_view = VIEW(
    SELECT_OPERATOR ", o.operator_id::text FROM tollgate.operators o "
                    "WHERE ($2::text IS NULL OR o.operator_id < $2::uuid) AND $3::text IS NULL "
                    "AND ($4::text IS NULL OR "
                    "strpos(lower(o.email || ' ' || o.name), lower($4)) > 0) "
                    "AND ($5::text IS NULL OR o.status = $5) "
                    "ORDER BY o.operator_id DESC LIMIT $1",
    columns, 1);
const struct view operator_view =
    VIEW(SELECT_OPERATOR " FROM tollgate.operators o WHERE o.operator_id = $1", columns, 0);

/* The row as the audit log keeps it. */
static enum store_outcome picture(struct pg *pg, struct uuid id, struct arena *arena,
                                  struct span *json_out, struct store_error *error_out)
{
    const struct pg_param params[] = {PG_UUID(id), {.kind = PG_PARAM_END}};
    return view_object(pg, &operator_view, params, arena, json_out, error_out);
}

static enum store_outcome audit(struct pg *pg, const struct store_actor *actor, const char *action,
                                struct uuid id, const struct span pictures[2],
                                struct store_error *error_out)
{
    char subject[ID_TEXT_SIZE];
    id_format(ID_OPERATOR, id, subject);
    return store_audit(pg, actor,
                       &(struct store_mutation){.action = action,
                                                .subject = span_of(subject),
                                                .before = pictures[0],
                                                .after = pictures[1]},
                       error_out);
}

static enum store_outcome insert(struct pg *pg, const struct operator_new *wanted,
                                 const struct operator_made *made, struct store_error *error_out)
{
    struct sha256 hash = digest_sha256(span_of(made->token));
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the operator",
        "INSERT INTO tollgate.operators (operator_id, email, name, password_hash, token_sha256) "
        "VALUES ($1, $2, $3, $4, $5)",
        PG_UUID(made->id), PG_TEXT(wanted->email), PG_TEXT(wanted->name),
        wanted->password_hash.size > 0 ? PG_TEXT(wanted->password_hash) : PG_NULL,
        wanted->has_token ? store_sha256(&hash) : PG_NULL);
    if (outcome == STORE_CONFLICT)
        return store_fail(error_out, STORE_CONFLICT, "there is an operator with this address");
    return outcome;
}

enum store_outcome operator_store_create(struct pg *pg, const struct store_actor *actor,
                                         const struct operator_new *wanted, struct arena *arena,
                                         struct operator_made *made_out,
                                         struct store_error *error_out)
{
    struct operator_made made = {.id = uuid_new()};
    struct span pictures[2] = {{0}};
    size_t prefix = sizeof(OPERATOR_TOKEN_PREFIX) - 1;
    if (wanted->has_token) {
        memcpy(made.token, OPERATOR_TOKEN_PREFIX, prefix);
        digest_random_base62(made.token + prefix, OPERATOR_TOKEN_LENGTH - prefix);
    }
    enum store_outcome outcome = insert(pg, wanted, &made, error_out);
    if (outcome == STORE_OK)
        outcome = picture(pg, made.id, arena, &pictures[1], error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "operator.create", made.id, pictures, error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    explicit_bzero(&made, sizeof(made));
    return outcome;
}

enum store_outcome operator_store_lock(struct pg *pg, struct uuid id, struct arena *arena,
                                       struct operator_row *row_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "wait for another change of operators",
                   "SELECT pg_advisory_xact_lock(hashtextextended('operators', 0))");
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, &rows, error_out, "find the operator",
            "SELECT email, status = 'active', revision, EXISTS (SELECT 1 FROM tollgate.operators a "
            "WHERE a.status = 'active' AND a.operator_id <> $1) FROM tollgate.operators "
            "WHERE operator_id = $1 FOR UPDATE",
            PG_UUID(id));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such operator");
    row_out->id = id;
    row_out->email = arena_span(arena, pg_get_text(rows, 0, 0));
    row_out->active = pg_get_bool(rows, 0, 1);
    row_out->revision = pg_get_int64(rows, 0, 2);
    row_out->others_active = pg_get_bool(rows, 0, 3);
    return STORE_OK;
}

static enum store_outcome update(struct pg *pg, struct uuid id,
                                 const struct operator_change *change,
                                 struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "change the operator",
        "UPDATE tollgate.operators SET name = coalesce($2, name), status = coalesce($3, status), "
        "revision = revision + 1 WHERE operator_id = $1",
        PG_UUID(id), change->name, change->status);
    if (outcome == STORE_OK)
        outcome =
            store_exec(pg, NULL, error_out, "sign the operator out",
                       "UPDATE tollgate.sessions s SET ended_at = now() FROM tollgate.operators o "
                       "WHERE coalesce(s.operator_id, s.member_id) = $1 AND s.ended_at IS NULL "
                       "AND o.operator_id = $1 AND o.status <> 'active'",
                       PG_UUID(id));
    return outcome;
}

enum store_outcome operator_store_change(struct pg *pg, const struct store_actor *actor,
                                         const struct operator_row *row,
                                         const struct operator_change *change, struct arena *arena,
                                         struct store_error *error_out)
{
    struct span pictures[2] = {{0}};
    enum store_outcome outcome = picture(pg, row->id, arena, &pictures[0], error_out);
    if (outcome == STORE_OK)
        outcome = update(pg, row->id, change, error_out);
    if (outcome == STORE_OK)
        outcome = picture(pg, row->id, arena, &pictures[1], error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "operator.update", row->id, pictures, error_out);
    return outcome;
}

enum store_outcome operator_store_set_password(struct pg *pg, const struct store_actor *actor,
                                               struct uuid id, struct span password_hash,
                                               struct uuid but, struct store_error *error_out)
{
    static const struct span nothing[2] = {{0}};
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "set the password",
                   "UPDATE tollgate.operators SET password_hash = $2, revision = revision + 1 "
                   "WHERE operator_id = $1",
                   PG_UUID(id), PG_TEXT(password_hash));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such operator");
    if (outcome == STORE_OK)
        outcome = session_store_end_all(pg, id, but, error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "operator.set_password", id, nothing, error_out);
    return outcome;
}
