/*
 * status_store: see status_store.h.
 */
#include "tenants/store/status_store.h"

#define SILENT "interval '15 seconds'"
#define UNREAD "interval '30 seconds'"
#define LIVES "(g.state = 'active' AND g.seen_at >= now() - " SILENT ")"

static const struct view_column database_columns[] = {
    {"version", VIEW_TEXT, 0}, {"migration", VIEW_TEXT, 0}, {"size_bytes", VIEW_INT, 0}};
const struct view status_database_view = VIEW(
    "SELECT current_setting('server_version'), (SELECT m.name FROM tollgate.tollgate_migrations"
    " m ORDER BY m.number DESC LIMIT 1), pg_database_size(current_database())",
    database_columns, 0);

static const struct view_column snapshot_columns[] = {{"version", VIEW_INT, 0},
                                                      {"changed_at", VIEW_TIME, 0}};
const struct view status_snapshot_view =
    VIEW("SELECT version, changed_at FROM tollgate.snapshot_version", snapshot_columns, 0);

static const struct view_column sums_columns[] = {{"dead_letters_open", VIEW_INT, 0},
                                                  {"leases_open", VIEW_INT, 0},
                                                  {"leases_held", VIEW_USD, 0},
                                                  {"fresh_at", VIEW_TIME, 0}};
/* A budget's lease is a part of what the balance's lease holds already. */
const struct view status_sums_view =
    VIEW("SELECT (SELECT count(*) FROM tollgate.dead_letters WHERE resolved_at IS NULL), count(*),"
         " coalesce(sum(tollgate.lease_hold(l)) FILTER (WHERE l.scope = 'balance'), 0),"
         " tollgate.usage_fresh_at() FROM tollgate.leases l WHERE l.state IN ('open', 'closing')",
         sums_columns, 0);

static const struct view_column gateways_columns[] = {
    {"id", VIEW_ID, ID_GATEWAY}, {"host", VIEW_TEXT, 0},   {"version", VIEW_TEXT, 0},
    {"state", VIEW_TEXT, 0},     {"alive", VIEW_BOOL, 0},  {"started_at", VIEW_TIME, 0},
    {"seen_at", VIEW_TIME, 0},   {"report", VIEW_JSON, 0},
};
const struct view status_gateways_view =
    VIEW("SELECT g.gateway_id, g.host, g.version, g.state, " LIVES ", g.started_at, g.seen_at,"
         " g.report FROM tollgate.gateways g WHERE g.state IN ('active', 'away')"
         " OR g.seen_at > now() - interval '1 day'"
         " ORDER BY g.state <> 'active', g.seen_at DESC, g.gateway_id LIMIT 200",
         gateways_columns, 0);

static const struct view_column sources_columns[] = {
    {"identity", VIEW_TEXT, 0},    {"kind", VIEW_TEXT, 0},        {"state", VIEW_TEXT, 0},
    {"behind", VIEW_INT, 0},       {"alarm", VIEW_TEXT, 0},       {"events", VIEW_INT, 0},
    {"duplicates", VIEW_INT, 0},   {"dead_letters", VIEW_INT, 0}, {"last_event_at", VIEW_TIME, 0},
    {"measured_at", VIEW_TIME, 0},
};
const struct view status_sources_view =
    VIEW("SELECT s.identity, s.kind, s.state, s.behind, s.alarm, s.events, s.duplicates,"
         " s.dead_letters, s.last_event_at, s.measured_at FROM tollgate.sources s"
         " WHERE s.state IN ('active', 'stopped')"
         " ORDER BY s.state <> 'stopped', s.behind DESC NULLS LAST, s.source_id LIMIT 500",
         sources_columns, 0);

/* A source that is behind for a moment is one that is read. A journal that billing lists no longer,
 * and was at the end of, is gone. */
static const char problems_sql[] =
    "SELECT sentence FROM ("
    "SELECT 1 AS worst, g.gateway_id::text AS by, 'Gateway on ' || g.host || ' has not been heard "
    "of"
    " since ' || to_char(g.seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.'"
    " AS sentence FROM tollgate.gateways g WHERE g.state = 'active'"
    " AND g.seen_at < now() - " SILENT " UNION ALL "
    "SELECT 1, '', 'No gateway is running.' WHERE NOT EXISTS (SELECT 1 FROM tollgate.gateways g"
    " WHERE " LIVES ") UNION ALL "
    "SELECT 2, s.identity, 'Billing has stopped reading ' || s.identity"
    " || coalesce(': ' || s.alarm, '') || '. It goes on after accept-gap.'"
    " FROM tollgate.sources s WHERE s.state = 'stopped' UNION ALL "
    "SELECT 2, s.identity, 'Reading ' || s.identity || ' raised an alarm: ' || s.alarm || '.'"
    " FROM tollgate.sources s WHERE s.state = 'active' AND s.alarm IS NOT NULL UNION ALL "
    "SELECT 3, '', 'Billing has noted nothing since ' || to_char(max(s.measured_at)"
    " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC: it does not run, or cannot read.'"
    " FROM tollgate.sources s WHERE s.state = 'active'"
    " HAVING max(s.measured_at) < now() - " UNREAD " UNION ALL "
    "SELECT 4, s.identity, 'Billing is behind with ' || s.identity || ' by ' || s.behind"
    " || CASE s.kind WHEN 'kafka' THEN ' messages' ELSE ' bytes' END || ' since '"
    " || to_char(greatest(s.caught_up_at, s.last_event_at) AT TIME ZONE 'UTC',"
    " 'YYYY-MM-DD HH24:MI:SS') || ' UTC.' FROM tollgate.sources s WHERE s.state = 'active'"
    " AND s.behind > 0 AND greatest(s.caught_up_at, s.last_event_at) < now() - " UNREAD
    " UNION ALL "
    "SELECT 5, '', count(*) || CASE count(*) WHEN 1 THEN ' dead letter waits' ELSE"
    " ' dead letters wait' END || ' for an operator, the oldest since ' || to_char(min(l.at)"
    " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.' FROM tollgate.dead_letters l"
    " WHERE l.resolved_at IS NULL HAVING count(*) > 0"
    ") p ORDER BY worst, by LIMIT 100";

enum store_outcome status_store_problems(struct pg *pg, struct pg_rows **rows_out,
                                         struct store_error *error_out)
{
    return store_judge(pg, pg_exec(pg, rows_out, problems_sql), "look for problems", error_out);
}
