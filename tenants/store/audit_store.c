/*
 * audit_store: see audit_store.h.
 */
#include "tenants/store/audit_store.h"

static const struct view_column columns[] = {
    {"seq", VIEW_INT, 0},      {"at", VIEW_TIME, 0},      {"tenant", VIEW_ID, ID_TENANT},
    {"actor", VIEW_TEXT, 0},   {"address", VIEW_TEXT, 0}, {"action", VIEW_TEXT, 0},
    {"subject", VIEW_TEXT, 0}, {"before", VIEW_JSON, 0},  {"after", VIEW_JSON, 0},
    {"hash", VIEW_TEXT, 0},
};

const struct view audit_list_view =
    VIEW("SELECT a.seq, a.at, a.tenant_id, a.actor, a.address, a.action, a.subject, a.before, "
         "a.after, encode(a.hash, 'hex'), a.seq::text FROM tollgate.audit_log a "
         "WHERE ($2::text IS NULL OR a.seq < $2::int8) AND $3::text IS NULL "
         "AND ($4::uuid IS NULL OR a.tenant_id = $4) AND ($5::timestamptz IS NULL OR a.at >= $5) "
         "AND ($6::timestamptz IS NULL OR a.at < $6) AND ($7::text IS NULL OR a.action = $7) "
         "AND ($8::text IS NULL OR a.subject = $8) AND ($9::text IS NULL OR a.actor = $9) "
         "ORDER BY a.seq DESC LIMIT $1",
         columns, 1);

enum store_outcome audit_store_check(struct pg *pg, struct audit_check *check_out,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(pg, &rows, error_out, "check the audit log",
                                            "SELECT (SELECT count(*) FROM tollgate.audit_log), "
                                            "coalesce(tollgate.audit_first_broken(), 0)");
    if (outcome != STORE_OK)
        return outcome;
    check_out->rows = pg_get_int64(rows, 0, 0);
    check_out->first_broken = pg_get_int64(rows, 0, 1);
    return STORE_OK;
}
