/*
 * settle: decides what each rated event is charged, to whose account and in which period, and what
 * it does to wallets and leases.
 *
 * Pure: works on what books.h read and on the batch. May run again on the same batch with newer
 * books. docs/billing.md, "Posting".
 */
#ifndef TOLLGATE_BILLING_LEDGER_SETTLE_H
#define TOLLGATE_BILLING_LEDGER_SETTLE_H

#include "billing/consume/batch.h"
#include "billing/ledger/books.h"
#include "billing/ledger/entries.h"

struct settle_counts {
    int64_t overruns, variances, late;
};

/* Settles all items to be posted and all lease records. An event whose tenant or lease is not known
 * becomes a dead letter. */
void settle_batch(struct batch *batch, struct books *books, struct entries *entries,
                  struct settle_counts *counts_out);

/* The billing period that an event of this start belongs to; *late_out when that period is over and
 * the open one takes it. */
must_use int32_t settle_period(const struct wallet *wallet, int64_t start_ms, bool *late_out);

#endif
