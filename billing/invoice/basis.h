/*
 * basis: a tenant's open period as the database has it, read under the lock of its wallet row.
 *
 * Posting a batch of usage takes the same row, last: while the lock is held, nothing is added to
 * the period. Used by billing/invoice only.
 */
#ifndef TOLLGATE_BILLING_INVOICE_BASIS_H
#define TOLLGATE_BILLING_INVOICE_BASIS_H

#include "billing/invoice/lines.h"
#include "common/base/buf.h"
#include "common/pg/pg.h"

enum { BASIS_CURRENCY_SIZE = 4, BASIS_SELLER_SIZE = 64 };

struct open_period {
    struct uuid tenant;
    char currency[BASIS_CURRENCY_SIZE], seller[BASIS_SELLER_SIZE];
    bool prepaid;
    int32_t no, anchor_day;
    int64_t start_ms, end_ms; /* end: set by hand, else at the next anchor day */
    int128 promo_pico;
    int128 free_pico; /* what no lease holds of promo and prepaid credit */
};

/* Locks the wallet until the transaction ends. 0, -ENOENT (no such tenant), -EIO (the database). */
must_use int basis_lock(struct pg *pg, struct uuid tenant, struct open_period *period_out);

/* The same amounts from four places; equal when all is well. */
struct basis_sums {
    int128 events_pico, rollup_pico, ledger_pico;  /* charge and overrun of the period's events */
    int128 wallet_credit_pico, ledger_credit_pico; /* promo and prepaid, now */
    int128 wallet_accrued_pico, ledger_accrued_pico;
    int128 charge_pico, cost_pico;         /* of the period, by the rollups */
    int128 paid_pico, period_accrued_pico; /* how its charges were paid, by the ledger */
};
must_use int basis_sums(struct pg *pg, const struct open_period *period,
                        struct basis_sums *sums_out);
/* False: `why` has the numbers. */
must_use bool basis_reconciles(const struct open_period *period, const struct basis_sums *sums,
                               struct buf *why);

/* What lines are made of: usage, prices, fees, terms. Memory is the arena's. 0 or -EIO. */
must_use int basis_read(struct pg *pg, const struct open_period *period, int64_t until_ms,
                        struct arena *arena, struct invoice_basis *basis_out);

#endif
