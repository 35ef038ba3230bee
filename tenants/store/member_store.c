/*
 * member_store: see member_store.h.
 */
#include "tenants/store/member_store.h"

#include "tenants/store/session_store.h"

#define SELECT_MEMBER                                                                              \
    "SELECT m.member_id, m.tenant_id, m.email, m.name, m.role, m.status, m.created_at, "           \
    "(SELECT max(s.seen_at) FROM tollgate.sessions s "                                             \
    "WHERE coalesce(s.operator_id, s.member_id) = m.member_id), m.revision"

static const struct view_column columns[] = {
    {"id", VIEW_ID, ID_MEMBER},   {"tenant", VIEW_ID, ID_TENANT}, {"email", VIEW_TEXT, 0},
    {"name", VIEW_TEXT, 0},       {"role", VIEW_TEXT, 0},         {"status", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0}, {"last_seen_at", VIEW_TIME, 0}, {"etag", VIEW_ETAG, 0},
};

const struct view member_list_view =
    VIEW(SELECT_MEMBER ", m.member_id::text FROM tollgate.members m WHERE m.tenant_id = $4 "
                       "AND ($2::text IS NULL OR m.member_id < $2::uuid) AND $3::text IS NULL "
                       "AND ($5::text IS NULL OR "
                       "strpos(lower(m.email || ' ' || m.name), lower($5)) > 0) "
                       "AND ($6::text IS NULL OR m.role = $6) "
                       "AND ($7::text IS NULL OR m.status = $7) "
                       "ORDER BY m.member_id DESC LIMIT $1",
         columns, 1);
const struct view member_view =
    VIEW(SELECT_MEMBER " FROM tollgate.members m WHERE m.tenant_id = $1 AND m.member_id = $2",
         columns, 0);

/* The row as the audit log keeps it. */
static enum store_outcome picture(struct pg *pg, const struct member_row *row, struct arena *arena,
                                  struct span *json_out, struct store_error *error_out)
{
    const struct pg_param params[] = {
        PG_UUID(row->tenant), PG_UUID(row->id), {.kind = PG_PARAM_END}};
    return view_object(pg, &member_view, params, arena, json_out, error_out);
}

static enum store_outcome audit(struct pg *pg, const struct store_actor *actor, const char *action,
                                const struct member_row *row, const struct span pictures[2],
                                struct store_error *error_out)
{
    char subject[ID_TEXT_SIZE];
    id_format(ID_MEMBER, row->id, subject);
    return store_audit(pg, actor,
                       &(struct store_mutation){.action = action,
                                                .tenant = row->tenant,
                                                .subject = span_of(subject),
                                                .before = pictures[0],
                                                .after = pictures[1]},
                       error_out);
}

enum store_outcome member_store_create(struct pg *pg, const struct store_actor *actor,
                                       const struct member_new *member, struct arena *arena,
                                       struct span *shown_out, struct store_error *error_out)
{
    const struct member_row row = {.id = uuid_new(), .tenant = member->tenant};
    struct span pictures[2] = {{0}};
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the member",
        "INSERT INTO tollgate.members (member_id, tenant_id, email, name, role, password_hash) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        PG_UUID(row.id), PG_UUID(row.tenant), PG_TEXT(member->email), PG_TEXT(member->name),
        PG_STRING(words_name(&member_role_words, member->role)), PG_TEXT(member->password_hash));
    if (outcome == STORE_CONFLICT)
        return store_fail(error_out, STORE_CONFLICT, "the tenant has a member with this address");
    if (outcome == STORE_OK)
        outcome = picture(pg, &row, arena, &pictures[1], error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "member.create", &row, pictures, error_out);
    if (outcome == STORE_OK)
        *shown_out = pictures[1];
    return outcome;
}

/* 0 email, 1 role, 2 active, 3 revision, 4 another active owner */
static enum store_outcome read_row(const struct pg_rows *rows, struct member_row *row,
                                   struct arena *arena, struct store_error *error_out)
{
    unsigned role = 0;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such member");
    if (words_find(&member_role_words, pg_get_text(rows, 0, 1), &role) < 0)
        return store_fail(error_out, STORE_BROKEN, "the member is of an unknown role");
    row->email = arena_span(arena, pg_get_text(rows, 0, 0));
    row->role = (enum member_role)role;
    row->active = pg_get_bool(rows, 0, 2);
    row->revision = pg_get_int64(rows, 0, 3);
    row->last_owner = row->role == MEMBER_OWNER && row->active && !pg_get_bool(rows, 0, 4);
    return STORE_OK;
}

enum store_outcome member_store_lock(struct pg *pg, struct member_row *row, struct arena *arena,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "wait for another change of members",
                   "SELECT pg_advisory_xact_lock(hashtextextended('members ' || $1::uuid, 0))",
                   PG_UUID(row->tenant));
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, &rows, error_out, "find the member",
            "SELECT email, role, status = 'active', revision, EXISTS (SELECT 1 FROM "
            "tollgate.members o WHERE o.tenant_id = $1 AND o.role = 'owner' AND o.status = "
            "'active' "
            "AND o.member_id <> $2) FROM tollgate.members WHERE tenant_id = $1 AND member_id = $2 "
            "FOR UPDATE",
            PG_UUID(row->tenant), PG_UUID(row->id));
    if (outcome != STORE_OK)
        return outcome;
    return read_row(rows, row, arena, error_out);
}

static enum store_outcome update(struct pg *pg, const struct member_row *row,
                                 const struct member_change *change, struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "change the member",
        "UPDATE tollgate.members SET name = coalesce($3, name), role = coalesce($4, role), "
        "status = coalesce($5, status), revision = revision + 1 "
        "WHERE tenant_id = $1 AND member_id = $2",
        PG_UUID(row->tenant), PG_UUID(row->id), change->name, change->role, change->status);
    if (outcome == STORE_OK)
        outcome =
            store_exec(pg, NULL, error_out, "sign the member out",
                       "UPDATE tollgate.sessions s SET ended_at = now() FROM tollgate.members m "
                       "WHERE coalesce(s.operator_id, s.member_id) = $2 AND s.ended_at IS NULL "
                       "AND m.tenant_id = $1 AND m.member_id = $2 AND m.status <> 'active'",
                       PG_UUID(row->tenant), PG_UUID(row->id));
    return outcome;
}

enum store_outcome member_store_change(struct pg *pg, const struct store_actor *actor,
                                       const struct member_row *row,
                                       const struct member_change *change, struct arena *arena,
                                       struct store_error *error_out)
{
    struct span pictures[2] = {{0}};
    enum store_outcome outcome = picture(pg, row, arena, &pictures[0], error_out);
    if (outcome == STORE_OK)
        outcome = update(pg, row, change, error_out);
    if (outcome == STORE_OK)
        outcome = picture(pg, row, arena, &pictures[1], error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "member.update", row, pictures, error_out);
    return outcome;
}

enum store_outcome member_store_set_password(struct pg *pg, const struct store_actor *actor,
                                             const struct member_row *row,
                                             struct span password_hash, struct uuid but,
                                             struct store_error *error_out)
{
    static const struct span nothing[2] = {{0}};
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "set the password",
                   "UPDATE tollgate.members SET password_hash = $3, revision = revision + 1, "
                   "status = CASE status WHEN 'invited' THEN 'active' ELSE status END "
                   "WHERE tenant_id = $1 AND member_id = $2",
                   PG_UUID(row->tenant), PG_UUID(row->id), PG_TEXT(password_hash));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such member");
    if (outcome == STORE_OK)
        outcome = session_store_end_all(pg, row->id, but, error_out);
    if (outcome == STORE_OK)
        outcome = audit(pg, actor, "member.set_password", row, nothing, error_out);
    return outcome;
}
