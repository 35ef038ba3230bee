/*
 * write_final: what finalizing books. See write.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "billing/invoice/write.h"
#include "billing/ledger/posting.h"
#include "common/base/mem.h"

enum { NUMBER_MAX = 128, ENTRIES_MAX = 16, CHUNK_BYTES = 16 << 10, IDEM_MAX = 128 };
#define ARENA_BYTES ((size_t)1 << 20)

static struct account_key account(const struct invoice_write *w, enum account_kind kind)
{
    return account_key_make(w->period.tenant, kind, w->period.currency, w->period.no);
}

/* What was accrued, and what closing adds to it, becomes receivable in whole cents; credit pays its
 * part. A volume discount lowers revenue outside the period: the period's own is that of its
 * events, which is what reconciling compares. Everything runs over `accrued`, which ends at 0. */
static void add_entries(struct entries *entries, const struct invoice_write *w)
{
    const struct totals *t = &w->totals;
    struct account_key accrued = account(w, ACCOUNT_ACCRUED);
    struct account_key discount = account(w, ACCOUNT_REV_USAGE);
    int128 tax = t->tax_minor * (int128)PICO_PER_CENT;
    discount.period_no = 0;
    entries_move(entries, accrued, account(w, ACCOUNT_REV_SUB), w->lines.fees_pico);
    entries_move(entries, discount, accrued, w->lines.volume_discount_pico);
    entries_move(entries, account(w, ACCOUNT_PROMO), accrued, t->burn_promo_pico);
    entries_move(entries, account(w, ACCOUNT_PREPAID), accrued, t->burn_prepaid_pico);
    entries_move(entries, accrued, account(w, ACCOUNT_ROUNDING), t->rounding_pico);
    entries_move(entries, accrued, account(w, ACCOUNT_TAX_PAYABLE), tax);
    entries_move(entries, account(w, ACCOUNT_RECEIVABLE), accrued,
                 t->total_minor * (int128)PICO_PER_CENT);
}

static int write_txn(struct pg *pg, const struct invoice_write *w, struct uuid txn)
{
    char idem[IDEM_MAX], tenant[UUID_TEXT_SIZE], invoice[ID_TEXT_SIZE];
    uuid_format(w->period.tenant, tenant);
    id_format(ID_INVOICE, w->invoice, invoice);
    snprintf(idem, sizeof(idem), "invoice:%s:%d", tenant, w->period.no);
    return pg_exec(pg, NULL,
                   "INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, tenant_id,"
                   " effective_at, ref) VALUES ($1, $2, 'invoice', $3, $4,"
                   " jsonb_build_object('invoice', $5::text))",
                   PG_UUID(txn), PG_STRING(idem), PG_UUID(w->period.tenant), PG_TIME(w->until_ms),
                   PG_STRING(invoice)) == PG_OK
               ? 0
               : -EIO;
}

/* In one statement, because the sum is checked after each. */
static int write_entries(struct pg *pg, const struct invoice_write *w, struct uuid txn,
                         const struct entry *entries, size_t count, const int64_t *accounts)
{
    int64_t periods[ENTRIES_MAX];
    int128 pico[ENTRIES_MAX];
    for (size_t i = 0; i < count; i++) {
        periods[i] = entries[i].key.period_no;
        pico[i] = entries[i].amount_pico;
    }
    return pg_exec(pg, NULL,
                   "INSERT INTO tollgate.ledger_entries (txn_id, account_id, tenant_id, currency,"
                   " period_no, amount_pico) SELECT $1, a, $2, $3, p, pico"
                   " FROM unnest($4::int8[], $5::int8[], $6::numeric[]) AS u(a, p, pico)",
                   PG_UUID(txn), PG_UUID(w->period.tenant), PG_STRING(w->period.currency),
                   PG_INTS(accounts, count), PG_INTS(periods, count),
                   PG_NUMERICS(pico, count)) == PG_OK
               ? 0
               : -EIO;
}

/* An invoice over nothing but paid usage books nothing. *txn_out is then zero. */
static int write_ledger(struct pg *pg, const struct invoice_write *w, struct uuid *txn_out)
{
    struct arena *arena = arena_new(CHUNK_BYTES, ARENA_BYTES);
    struct entries *entries = entries_new(arena, ENTRIES_MAX);
    struct accounts *accounts = accounts_new();
    int64_t ids[ENTRIES_MAX];
    const struct entry *all;
    size_t count;
    int r = 0;
    *txn_out = (struct uuid){{0}};
    add_entries(entries, w);
    must(entries_sum(entries) == 0);
    all = entries_sorted(entries, &count);
    must(count <= ENTRIES_MAX);
    if (count > 0) {
        *txn_out = uuid_new();
        r = accounts_resolve(accounts, pg, all, count, ids) == PG_OK ? 0 : -EIO;
    }
    if (r == 0 && count > 0)
        r = write_txn(pg, w, *txn_out);
    if (r == 0 && count > 0)
        r = write_entries(pg, w, *txn_out, all, count, ids);
    accounts_free(accounts);
    entries_free(entries);
    arena_free(arena);
    return r;
}

/* The next period begins where this one ends, and ends at the anchor day again. */
static int write_wallet(struct pg *pg, const struct invoice_write *w)
{
    return pg_exec(pg, NULL,
                   "UPDATE tollgate.wallets SET accrued_pico = accrued_pico - $2,"
                   " receivable_pico = receivable_pico + $3, promo_pico = promo_pico - $4,"
                   " prepaid_pico = prepaid_pico - $5, period_no = period_no + 1,"
                   " period_start = $6, period_end = NULL WHERE tenant_id = $1",
                   PG_UUID(w->period.tenant), PG_NUMERIC(w->accrued_pico),
                   PG_NUMERIC(w->totals.total_minor * (int128)PICO_PER_CENT),
                   PG_NUMERIC(w->totals.burn_promo_pico), PG_NUMERIC(w->totals.burn_prepaid_pico),
                   PG_TIME(w->until_ms)) == PG_OK
               ? 0
               : -EIO;
}

/* Promo credit is used up by earliest expiry. */
static int write_grants(struct pg *pg, const struct invoice_write *w)
{
    if (w->totals.burn_promo_pico == 0)
        return 0;
    return pg_exec(pg, NULL,
                   "UPDATE tollgate.credit_grants g SET used_pico = g.used_pico"
                   " + least(s.rest, $2 - s.before) FROM (SELECT grant_id,"
                   " amount_pico - used_pico AS rest, coalesce(sum(amount_pico - used_pico)"
                   " OVER (ORDER BY expires_at NULLS LAST, grant_id"
                   " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before"
                   " FROM tollgate.credit_grants WHERE tenant_id = $1 AND kind = 'promo'"
                   " AND used_pico < amount_pico) s"
                   " WHERE g.grant_id = s.grant_id AND s.before < $2",
                   PG_UUID(w->period.tenant), PG_NUMERIC(w->totals.burn_promo_pico)) == PG_OK
               ? 0
               : -EIO;
}

/* Last, so that nobody waits for the counter longer than for a commit, and no number is lost. An
 * invoice over nothing is paid once it is final, as Stripe has it. */
static int write_number(struct pg *pg, const struct invoice_write *w, struct uuid txn)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char number[NUMBER_MAX];
    if (pg_exec(pg, &rows,
                "INSERT INTO tollgate.document_counters AS c (series, last)"
                " VALUES ($1 || '-' || to_char(now() AT TIME ZONE 'UTC', 'YYYY'), 1)"
                " ON CONFLICT (series) DO UPDATE SET last = c.last + 1 RETURNING series, last",
                PG_STRING(w->period.seller)) != PG_OK)
        return -EIO;
    snprintf(number, sizeof(number), "%.*s-%06" PRId64, SPAN_ARG(pg_get_text(rows, 0, 0)),
             pg_get_int64(rows, 0, 1));
    if (pg_exec(pg, NULL,
                "UPDATE tollgate.invoices SET status = 'finalized', number = $2, txn_id = $3,"
                " finalized_at = now(), due_at = CASE WHEN total_minor > 0 THEN now() END"
                " WHERE invoice_id = $1",
                PG_UUID(w->invoice), PG_STRING(number), PG_UUID_OR_NULL(txn)) != PG_OK)
        return -EIO;
    if (w->totals.total_minor == 0 &&
        pg_exec(pg, NULL, "UPDATE tollgate.invoices SET status = 'paid' WHERE invoice_id = $1",
                PG_UUID(w->invoice)) != PG_OK)
        return -EIO;
    return 0;
}

int write_final(struct pg *pg, const struct invoice_write *w)
{
    struct uuid txn;
    int r = write_ledger(pg, w, &txn);
    if (r == 0)
        r = write_grants(pg, w);
    if (r == 0)
        r = write_wallet(pg, w);
    return r == 0 ? write_number(pg, w, txn) : r;
}
