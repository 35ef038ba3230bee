/*
 * behind_stored: whether everything from before a time is posted, by what the database knows. See
 * behind.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "billing/behind.h"
#include "common/base/clock.h"

enum { NAP_MS = 100 };

/* A source that the reading process no longer lists, and that was at its end, is one whose journal
 * its gateway deleted, which it does only once all of it is posted. */
static int check_sources(struct pg *pg, int64_t until_ms, struct buf *what)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char at[CLOCK_TEXT_SIZE] = "never";
    if (pg_exec(pg, &rows,
                "SELECT s.identity, s.state, s.behind, s.measured_at, s.alarm, count(*) OVER ()"
                " FROM tollgate.sources s,"
                " (SELECT max(measured_at) AS at FROM tollgate.sources) m"
                " WHERE s.state IN ('active', 'stopped') AND (s.last_event_at < $1) IS NOT FALSE"
                " AND (s.behind = 0 AND (s.measured_at >= $1 OR (s.kind = 'journal'"
                " AND m.at >= $1 AND s.measured_at < m.at))) IS NOT TRUE"
                " ORDER BY s.behind DESC NULLS LAST, s.source_id LIMIT 1",
                PG_TIME(until_ms)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return 0;
    if (!pg_is_null(rows, 0, 3))
        clock_format(pg_get_unix_ms(rows, 0, 3), at);
    buf_printf(what, "%.*s is %.*s", SPAN_ARG(pg_get_text(rows, 0, 0)),
               SPAN_ARG(pg_get_text(rows, 0, 1)));
    if (!pg_is_null(rows, 0, 4))
        buf_printf(what, ": %.*s", SPAN_ARG(pg_get_text(rows, 0, 4)));
    if (!pg_is_null(rows, 0, 2))
        buf_printf(what, " and %" PRId64 " behind", pg_get_int64(rows, 0, 2));
    buf_printf(what, ", last seen by billing %s%s", pg_is_null(rows, 0, 3) ? "" : "at ", at);
    if (pg_get_int64(rows, 0, 5) > 1)
        buf_printf(what, "; so are %" PRId64 " more", pg_get_int64(rows, 0, 5) - 1);
    return -EAGAIN;
}

static int check_leases(struct pg *pg, struct uuid tenant, int64_t until_ms, struct buf *what)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char lease[ID_TEXT_SIZE], gateway[ID_TEXT_SIZE], at[CLOCK_TEXT_SIZE];
    if (pg_exec(pg, &rows,
                "SELECT l.lease_id, g.gateway_id, g.seen_at, l.closed_count - l.posted_count,"
                " l.state FROM tollgate.leases l JOIN tollgate.gateways g USING (gateway_id)"
                " WHERE l.tenant_id = $1 AND l.opened_at < $2"
                " AND ((l.state = 'closing' AND l.posted_count < l.closed_count)"
                " OR (l.state = 'open' AND g.state NOT IN ('lost', 'recovered')"
                " AND g.seen_at < $2)) ORDER BY g.seen_at, l.lease_id LIMIT 1",
                PG_UUID(tenant), PG_TIME(until_ms)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return 0;
    id_format(ID_LEASE, pg_get_uuid(rows, 0, 0), lease);
    id_format(ID_GATEWAY, pg_get_uuid(rows, 0, 1), gateway);
    clock_format(pg_get_unix_ms(rows, 0, 2), at);
    if (span_is(pg_get_text(rows, 0, 4), "closing"))
        buf_printf(what, "%" PRId64 " events of %s are not posted yet", pg_get_int64(rows, 0, 3),
                   lease);
    else
        buf_printf(what, "%s holds %s and was last heard of at %s", gateway, lease, at);
    return -EAGAIN;
}

static int look(struct pg *pg, struct uuid tenant, int64_t until_ms, struct buf *what)
{
    int r;
    buf_clear(what);
    r = check_sources(pg, until_ms, what);
    return r == 0 ? check_leases(pg, tenant, until_ms, what) : r;
}

int behind_wait_stored(struct pg *pg, struct uuid tenant, int64_t until_ms, int64_t patience_ms,
                       struct buf *what)
{
    static const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    int64_t end_ms = clock_mono_ms() + patience_ms;
    int r;
    while ((r = look(pg, tenant, until_ms, what)) == -EAGAIN && clock_mono_ms() < end_ms)
        (void)nanosleep(&nap, NULL);
    return r == 0 ? 0 : -EAGAIN;
}
