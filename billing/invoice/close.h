/*
 * close: closes a tenant's billing period: a draft while it lasts, then the grace, then the
 * finalized invoice, its postings, its number and the next period, all in one transaction.
 *
 * The batch of usage and the finalizer meet on the tenant's wallet row. Two steps, because all
 * usage from before the end must be posted first: close_begin() says where the period ends and
 * sends later usage to the next one; the caller waits for journals and partitions; close_end()
 * makes the invoice. Doing it again, or after a crash in the middle, makes no second invoice and no
 * second number. docs/billing.md, "Invoices".
 */
#ifndef TOLLGATE_BILLING_INVOICE_CLOSE_H
#define TOLLGATE_BILLING_INVOICE_CLOSE_H

#include "common/base/buf.h"
#include "common/pg/pg.h"

struct close_order {
    struct uuid tenant;
    int64_t until_ms; /* ends the open period there; 0: at its own end */
    int64_t now_ms;
    int64_t grace_ms; /* from the period's end to finalizing */
    bool skip_grace;
};

enum close_outcome {
    CLOSE_FINALIZED,
    CLOSE_ALREADY, /* this very period was finalized before: its invoice */
    CLOSE_DRAFT,   /* the period lasts */
    CLOSE_GRACE,   /* it is over, the grace is not: a draft */
    CLOSE_BEHIND,  /* usage from before the end is not posted yet: a draft, and `why` */
    CLOSE_REFUSED, /* `why` says it; nothing was written */
    CLOSE_FAILED,  /* the database; `why` is its message; nothing was written */
};

/* A period about to be closed, between the two steps. */
struct closing {
    struct uuid tenant;
    int32_t period_no;
    int64_t start_ms, until_ms;
    enum close_outcome stage; /* FINALIZED when close_end() would: then wait for the sources */
    struct uuid invoice;      /* of CLOSE_ALREADY */
};

/* FINALIZED, DRAFT, GRACE: go on with close_end(). ALREADY, REFUSED and FAILED are the end. */
must_use enum close_outcome close_begin(struct pg *pg, const struct close_order *order,
                                        struct closing *closing_out, struct buf *why);

/* `behind` (empty: nothing) names what the caller found not to be posted yet: then it is a draft.
 * Numbers that do not reconcile refuse a final invoice and are noted in reconcile_runs. */
must_use enum close_outcome close_end(struct pg *pg, const struct closing *closing,
                                      struct span behind, struct uuid *invoice_out,
                                      struct buf *why);

#endif
