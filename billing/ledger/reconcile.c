/*
 * reconcile: see reconcile.h.
 */
#include "billing/ledger/reconcile.h"

#include <inttypes.h>

#include "common/base/log.h"

/* Each check answers rows of (tenant, period, what, detail) that should not be there; $1 is the
 * tenant or null. */
static const char *const checks[] = {
    "WITH e AS (SELECT tenant_id, period_no, sum(charge_pico + overrun_pico) AS pico"
    " FROM tollgate.usage_events WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1, 2),"
    " r AS (SELECT tenant_id, period_no, sum(charge_pico + overrun_pico) AS pico"
    " FROM tollgate.usage_hourly WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY 1, 2),"
    " l AS (SELECT a.tenant_id, n.period_no, -sum(n.amount_pico) AS pico"
    " FROM tollgate.ledger_entries n JOIN tollgate.accounts a USING (account_id)"
    " WHERE a.kind IN ('rev_usage', 'price_variance') AND n.period_no > 0"
    " AND ($1::uuid IS NULL OR a.tenant_id = $1) GROUP BY 1, 2)"
    " SELECT tenant_id, period_no, 'events, rollups and ledger differ',"
    " format('events %s, rollups %s, ledger %s', e.pico, r.pico, l.pico)"
    " FROM e FULL JOIN r USING (tenant_id, period_no) FULL JOIN l USING (tenant_id, period_no)"
    " WHERE coalesce(e.pico, 0) <> coalesce(r.pico, 0)"
    " OR coalesce(e.pico, 0) <> coalesce(l.pico, 0)",

    "SELECT w.tenant_id, w.period_no, 'wallet and ledger differ',"
    " format('wallet: promo + prepaid %s, accrued %s, receivable %s; ledger: %s, %s, %s',"
    " w.promo_pico + w.prepaid_pico, w.accrued_pico, w.receivable_pico, -b.credit, b.accrued,"
    " b.receivable) FROM tollgate.wallets w CROSS JOIN LATERAL"
    " (SELECT coalesce(sum(n.amount_pico) FILTER (WHERE a.kind IN ('promo', 'prepaid')), 0)"
    " AS credit, coalesce(sum(n.amount_pico) FILTER (WHERE a.kind = 'accrued'), 0) AS accrued,"
    " coalesce(sum(n.amount_pico) FILTER (WHERE a.kind = 'receivable'), 0) AS receivable"
    " FROM tollgate.accounts a JOIN tollgate.ledger_entries n USING (account_id)"
    " WHERE a.tenant_id = w.tenant_id) b"
    " WHERE ($1::uuid IS NULL OR w.tenant_id = $1) AND (w.promo_pico + w.prepaid_pico <> -b.credit"
    " OR w.accrued_pico <> b.accrued OR w.receivable_pico <> b.receivable)",

    "SELECT w.tenant_id, w.period_no, 'wallet and leases differ',"
    " format('held %s, leases hold %s', w.held_pico, h.pico) FROM tollgate.wallets w"
    " CROSS JOIN LATERAL (SELECT coalesce(sum(tollgate.lease_hold(l)), 0) AS pico"
    " FROM tollgate.leases l WHERE l.scope = 'balance' AND l.scope_id = w.tenant_id"
    " AND l.state IN ('open', 'closing')) h"
    " WHERE ($1::uuid IS NULL OR w.tenant_id = $1) AND w.held_pico <> h.pico",

    "SELECT b.tenant_id, 0, 'budget and leases differ',"
    " format('%s %s: held %s, leases hold %s', b.scope, b.scope_id, b.held_pico, h.pico)"
    " FROM tollgate.budgets b CROSS JOIN LATERAL"
    " (SELECT coalesce(sum(tollgate.lease_hold(l)), 0) AS pico FROM tollgate.leases l"
    " WHERE l.scope = b.scope AND l.scope_id = b.scope_id AND l.window_start = b.window_start"
    " AND l.state IN ('open', 'closing')) h"
    " WHERE ($1::uuid IS NULL OR b.tenant_id = $1) AND b.held_pico <> h.pico",

    "SELECT i.tenant_id, i.period_no, 'invoice and lines differ',"
    " format('%s: usage %s, lines %s; subtotal %s, lines %s', i.number, i.usage_pico, l.pico,"
    " i.subtotal_minor, l.minor) FROM tollgate.invoices i CROSS JOIN LATERAL"
    " (SELECT coalesce(sum(amount_pico), 0) AS pico, coalesce(sum(amount_minor), 0) AS minor"
    " FROM tollgate.invoice_lines x WHERE x.invoice_id = i.invoice_id) l"
    " WHERE ($1::uuid IS NULL OR i.tenant_id = $1) AND i.number IS NOT NULL"
    " AND (i.usage_pico <> l.pico OR i.subtotal_minor <> l.minor"
    " OR i.total_minor::numeric * 10000000000 <> i.usage_pico - i.credits_pico + i.rounding_pico)",

    "SELECT NULL::uuid, 0, 'the ledger does not balance', format('%s: %s', currency,"
    " sum(amount_pico)) FROM tollgate.ledger_entries WHERE $1::uuid IS NULL GROUP BY currency"
    " HAVING sum(amount_pico) <> 0",

    "SELECT NULL::uuid, 0, 'offsets and counts of a source differ',"
    " format('source %s: next offset %s, counted %s', source_id, next_offset,"
    " events + duplicates + dead_letters + others) FROM tollgate.sources"
    " WHERE $1::uuid IS NULL AND kind = 'kafka' AND next_segment = 0"
    " AND next_offset <> events + duplicates + dead_letters + others",

    "SELECT NULL::uuid, 0, 'events and counts of the sources differ', format('posted %s, counted "
    "%s',"
    " e.n, s.n) FROM (SELECT count(*) AS n FROM tollgate.usage_events WHERE kind = 0) e,"
    " (SELECT coalesce(sum(events), 0) + (SELECT count(*) FROM tollgate.dead_letters"
    " WHERE resolution = 'posted') AS n FROM tollgate.sources) s"
    " WHERE $1::uuid IS NULL AND e.n <> s.n",
};

static enum pg_outcome check(struct pg *pg, const char *sql, struct uuid tenant,
                             struct reconcile_result *result, struct buf *report)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows, sql, PG_UUID_OR_NULL(tenant));
    if (outcome != PG_OK)
        return outcome;
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char id[ID_TEXT_SIZE] = "-";
        if (!pg_is_null(rows, i, 0))
            id_format(ID_TENANT, pg_get_uuid(rows, i, 0), id);
        buf_printf(report, "%s period %" PRId64 ": %.*s: %.*s\n", id, pg_get_int64(rows, i, 1),
                   SPAN_ARG(pg_get_text(rows, i, 2)), SPAN_ARG(pg_get_text(rows, i, 3)));
        log_event(LOG_ALARM, "reconcile.mismatch", LOG_S("tenant", id),
                  LOG_SP("what", pg_get_text(rows, i, 2)),
                  LOG_SP("detail", pg_get_text(rows, i, 3)));
        result->problems++;
    }
    return PG_OK;
}

static enum pg_outcome count_periods(struct pg *pg, struct uuid tenant, int64_t *count_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome =
        pg_exec(pg, &rows,
                "SELECT count(DISTINCT (tenant_id, period_no)) FROM tollgate.usage_hourly"
                " WHERE $1::uuid IS NULL OR tenant_id = $1",
                PG_UUID_OR_NULL(tenant));
    if (outcome == PG_OK)
        *count_out = pg_get_int64(rows, 0, 0);
    return outcome;
}

static enum pg_outcome note(struct pg *pg, struct uuid tenant, const struct reconcile_result *r,
                            const struct buf *report)
{
    return pg_exec(pg, NULL,
                   "INSERT INTO tollgate.reconcile_runs (tenant_id, ok, detail)"
                   " VALUES ($1, $2, $3)",
                   PG_UUID_OR_NULL(tenant), PG_BOOL(r->problems == 0),
                   PG_TEXT(report->at == NULL ? span_of("") : buf_span(report)));
}

enum pg_outcome reconcile(struct pg *pg, struct uuid tenant, struct reconcile_result *result_out,
                          struct buf *report)
{
    struct reconcile_result result = {0};
    enum pg_outcome outcome = pg_begin(pg, PG_REPEATABLE_READ);
    if (outcome == PG_OK)
        outcome = count_periods(pg, tenant, &result.checked);
    for (size_t i = 0; i < array_size(checks) && outcome == PG_OK; i++)
        outcome = check(pg, checks[i], tenant, &result, report);
    if (outcome == PG_OK)
        outcome = note(pg, tenant, &result, report);
    if (outcome == PG_OK)
        outcome = pg_commit(pg);
    pg_rollback(pg);
    if (outcome == PG_OK)
        *result_out = result;
    return outcome;
}
