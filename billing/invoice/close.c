/*
 * close: see close.h. What is read is in basis.c, what is written in write.c.
 */
#include "billing/invoice/close.h"

#include <errno.h>

#include "billing/invoice/basis.h"
#include "billing/invoice/totals.h"
#include "billing/invoice/write.h"
#include "common/base/clock.h"
#include "common/base/log.h"

enum { CHUNK_BYTES = 1 << 20, TRIES_MAX = 5 };
#define ARENA_BYTES (INT64_C(1) << 30)
#define TAX_PPM 0 /* until tenants have tax rates */

static enum close_outcome failed(struct pg *pg, struct buf *why)
{
    if (why->size == 0)
        buf_add_string(why, pg_error(pg)->message);
    pg_rollback(pg);
    return CLOSE_FAILED;
}

static enum close_outcome refused(struct pg *pg)
{
    pg_rollback(pg);
    return CLOSE_REFUSED;
}

static void add_time(struct buf *out, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(ms, text);
    buf_add_string(out, text);
}

/* The final invoice of a period that ended at that time, or had that number. */
static int find_final(struct pg *pg, struct uuid tenant, int64_t until_ms, int32_t period_no,
                      struct uuid *invoice_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT invoice_id FROM tollgate.invoices WHERE tenant_id = $1 AND kind = 'usage'"
                " AND number IS NOT NULL AND status <> 'void'"
                " AND (upper(period) = $2 OR period_no = $3)",
                PG_UUID(tenant), PG_TIME(until_ms), PG_INT(period_no)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return -ENOENT;
    *invoice_out = pg_get_uuid(rows, 0, 0);
    return 0;
}

/* A cut at or before the period's start: closed already, or never to be. */
static enum close_outcome before_start(struct pg *pg, const struct close_order *order,
                                       const struct open_period *period, struct closing *closing,
                                       struct buf *why)
{
    int r = find_final(pg, order->tenant, order->until_ms, 0, &closing->invoice);
    if (r == -EIO)
        return failed(pg, why);
    if (r == 0) {
        pg_rollback(pg);
        return CLOSE_ALREADY;
    }
    buf_add_string(why, "the open period begins at ");
    add_time(why, period->start_ms);
    buf_add_string(why, "; --until must be later");
    return refused(pg);
}

/* Usage from behind the cut that is posted in this period cannot be taken out of it again. */
static int check_cut(struct pg *pg, const struct open_period *period, int64_t until_ms,
                     struct buf *why)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT count(*), max(event_time) FROM tollgate.usage_events"
                " WHERE tenant_id = $1 AND period_no = $2 AND event_time >= $3",
                PG_UUID(period->tenant), PG_INT(period->no), PG_TIME(until_ms)) != PG_OK)
        return -EIO;
    if (pg_get_int64(rows, 0, 0) == 0)
        return 0;
    buf_printf(why, "%lld events from then on are posted in this period already, the last of ",
               (long long)pg_get_int64(rows, 0, 0));
    add_time(why, pg_get_unix_ms(rows, 0, 1));
    buf_add_string(why, "; --until must be later");
    return -EINVAL;
}

/* From the commit on, batches send usage from behind the cut to the next period. */
static int remember_cut(struct pg *pg, const struct open_period *period, int64_t until_ms)
{
    return pg_exec(pg, NULL, "UPDATE tollgate.wallets SET period_end = $2 WHERE tenant_id = $1",
                   PG_UUID(period->tenant), PG_TIME(until_ms)) == PG_OK
               ? 0
               : -EIO;
}

static enum close_outcome cut(struct pg *pg, const struct open_period *period, int64_t until_ms,
                              struct buf *why)
{
    int r;
    if (until_ms > period->end_ms) {
        buf_add_string(why, "the open period ends at ");
        add_time(why, period->end_ms);
        buf_add_string(why, "; close it first, then go on");
        return refused(pg);
    }
    if (until_ms == period->end_ms)
        return CLOSE_FINALIZED;
    r = check_cut(pg, period, until_ms, why);
    if (r == 0)
        r = remember_cut(pg, period, until_ms);
    if (r == -EINVAL)
        return refused(pg);
    return r == 0 ? CLOSE_FINALIZED : failed(pg, why);
}

static enum close_outcome stage_of(const struct close_order *order, int64_t until_ms)
{
    if (until_ms > order->now_ms)
        return CLOSE_DRAFT;
    if (!order->skip_grace && until_ms + order->grace_ms > order->now_ms)
        return CLOSE_GRACE;
    return CLOSE_FINALIZED;
}

static enum close_outcome begin_locked(struct pg *pg, const struct close_order *order,
                                       struct closing *closing, struct buf *why)
{
    struct open_period period;
    enum close_outcome outcome = CLOSE_FINALIZED;
    int r = basis_lock(pg, order->tenant, &period);
    if (r == -ENOENT) {
        buf_add_string(why, "there is no such tenant");
        return refused(pg);
    }
    if (r < 0)
        return failed(pg, why);
    if (order->until_ms != 0 && order->until_ms <= period.start_ms)
        return before_start(pg, order, &period, closing, why);
    if (order->until_ms != 0)
        outcome = cut(pg, &period, order->until_ms, why);
    if (outcome != CLOSE_FINALIZED)
        return outcome;
    if (pg_commit(pg) != PG_OK)
        return failed(pg, why);
    closing->period_no = period.no;
    closing->start_ms = period.start_ms;
    closing->until_ms = order->until_ms != 0 ? order->until_ms : period.end_ms;
    return closing->stage = stage_of(order, closing->until_ms);
}

enum close_outcome close_begin(struct pg *pg, const struct close_order *order,
                               struct closing *closing_out, struct buf *why)
{
    *closing_out = (struct closing){.tenant = order->tenant};
    if (pg_begin(pg, PG_READ_COMMITTED) != PG_OK)
        return failed(pg, why);
    return begin_locked(pg, order, closing_out, why);
}

/* Numbers that differ are noted for good, whatever becomes of the invoice. */
static void note_mismatch(struct pg *pg, const struct open_period *period,
                          const struct basis_sums *sums, const struct buf *why)
{
    char tenant[ID_TEXT_SIZE];
    id_format(ID_TENANT, period->tenant, tenant);
    log_event(LOG_ALARM, "invoice.mismatch", LOG_S("tenant", tenant), LOG_S("why", why->at));
    if (pg_exec(pg, NULL,
                "INSERT INTO tollgate.reconcile_runs (tenant_id, period_no, events_pico,"
                " rollup_pico, ledger_pico, ok, detail) VALUES ($1, $2, $3, $4, $5, false, $6)",
                PG_UUID(period->tenant), PG_INT(period->no), PG_NUMERIC(sums->events_pico),
                PG_NUMERIC(sums->rollup_pico), PG_NUMERIC(sums->ledger_pico),
                PG_STRING(why->at)) != PG_OK)
        log_event(LOG_WARN, "invoice.not_noted", LOG_S("why", pg_error(pg)->message));
}

/* From what was read to what is to be written. 0, -EINVAL with `why`. */
static int reckon(const struct open_period *period, const struct invoice_basis *basis,
                  const struct basis_sums *sums, struct arena *arena, struct invoice_write *write,
                  struct buf *why)
{
    struct totals_basis totals = {.charge_pico = sums->charge_pico,
                                  .paid_pico = sums->paid_pico,
                                  .accrued_pico = sums->period_accrued_pico,
                                  .promo_pico = period->promo_pico,
                                  .free_pico = period->free_pico,
                                  .tax_ppm = TAX_PPM,
                                  .prepaid = period->prepaid};
    int r = lines_make(basis, arena, &write->lines);
    if (r < 0) {
        buf_add_string(why, r == -EFBIG ? "the invoice would have too many lines"
                                        : "the invoice's sum is too large");
        return -EINVAL;
    }
    totals.total_pico = write->lines.total_pico;
    totals.subtotal_minor = lines_round(&write->lines);
    r = totals_make(&totals, &write->totals);
    if (r < 0 || write->lines.charge_pico != sums->charge_pico) {
        buf_add_string(why, "the lines do not add up to what was charged");
        return -EINVAL;
    }
    write->accrued_pico = sums->period_accrued_pico;
    return 0;
}

/* Whether somebody else closed the period since close_begin(). */
static enum close_outcome closed_meanwhile(struct pg *pg, const struct closing *closing,
                                           struct uuid *invoice_out, struct buf *why)
{
    int r = find_final(pg, closing->tenant, closing->until_ms, closing->period_no, invoice_out);
    if (r == -EIO)
        return failed(pg, why);
    pg_rollback(pg);
    if (r == 0)
        return CLOSE_ALREADY;
    buf_add_string(why, "the period was changed meanwhile; try again");
    return CLOSE_REFUSED;
}

static enum close_outcome end_locked(struct pg *pg, const struct closing *closing, bool final,
                                     struct arena *arena, struct invoice_write *write,
                                     struct buf *why)
{
    struct open_period *period = &write->period;
    struct invoice_basis basis;
    struct basis_sums sums;
    int r = basis_sums(pg, period, &sums);
    if (r == 0)
        r = basis_read(pg, period, closing->until_ms, arena, &basis);
    if (r < 0)
        return failed(pg, why);
    basis.cost_pico = sums.cost_pico;
    if (!basis_reconciles(period, &sums, why)) {
        note_mismatch(pg, period, &sums, why);
        return pg_commit(pg) == PG_OK ? CLOSE_REFUSED : failed(pg, why);
    }
    if (reckon(period, &basis, &sums, arena, write, why) < 0)
        return refused(pg);
    r = write_invoice(pg, write);
    if (r == 0 && final)
        r = write_final(pg, write);
    if (r < 0 || pg_commit(pg) != PG_OK)
        return failed(pg, why);
    return final ? CLOSE_FINALIZED : closing->stage;
}

static enum close_outcome end_once(struct pg *pg, const struct closing *closing, bool final,
                                   struct arena *arena, struct uuid *invoice_out, struct buf *why)
{
    struct invoice_write write = {.until_ms = closing->until_ms,
                                  .grace = closing->stage != CLOSE_DRAFT};
    enum close_outcome outcome;
    if (pg_begin(pg, PG_READ_COMMITTED) != PG_OK ||
        basis_lock(pg, closing->tenant, &write.period) < 0)
        return failed(pg, why);
    if (write.period.no != closing->period_no || write.period.start_ms != closing->start_ms)
        return closed_meanwhile(pg, closing, invoice_out, why);
    if (final && write.period.end_ms != closing->until_ms) {
        buf_add_string(why, "another end of the period was set meanwhile; try again");
        return refused(pg);
    }
    outcome = end_locked(pg, closing, final, arena, &write, why);
    if (outcome <= CLOSE_GRACE)
        *invoice_out = write.invoice;
    return outcome;
}

enum close_outcome close_end(struct pg *pg, const struct closing *closing, struct span behind,
                             struct uuid *invoice_out, struct buf *why)
{
    bool final = closing->stage == CLOSE_FINALIZED && behind.size == 0;
    struct arena *arena = arena_new(CHUNK_BYTES, (size_t)ARENA_BYTES);
    struct closing draft = *closing;
    enum close_outcome outcome = CLOSE_FAILED;
    if (!final && closing->stage == CLOSE_FINALIZED)
        draft.stage = CLOSE_BEHIND;
    for (int i = 0; i < TRIES_MAX; i++) {
        buf_clear(why);
        arena_reset(arena);
        outcome = end_once(pg, &draft, final, arena, invoice_out, why);
        if (outcome != CLOSE_FAILED || !pg_alive(pg) ||
            strcmp(pg_error(pg)->sqlstate, "40P01") != 0)
            break;
    }
    if (outcome == CLOSE_BEHIND)
        buf_add_span(why, behind);
    arena_free(arena);
    return outcome;
}
