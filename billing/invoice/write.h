/*
 * write: an invoice and its lines into the database, and what finalizing it books.
 *
 * Within the transaction that holds the wallet's lock. Used by billing/invoice only.
 */
#ifndef TOLLGATE_BILLING_INVOICE_WRITE_H
#define TOLLGATE_BILLING_INVOICE_WRITE_H

#include "billing/invoice/basis.h"
#include "billing/invoice/totals.h"

struct invoice_write {
    struct open_period period;
    int64_t until_ms;
    bool grace; /* the period is over */
    struct invoice_lines lines;
    struct totals totals;
    int128 accrued_pico; /* booked as accrued in the period */
    struct uuid invoice; /* set by write_invoice() */
};

/* The draft of the period, in the place of an older one. 0 or -EIO. */
must_use int write_invoice(struct pg *pg, struct invoice_write *write);

/* Makes that draft final: ledger, wallet with its next period, number last. 0 or -EIO. */
must_use int write_final(struct pg *pg, const struct invoice_write *write);

#endif
