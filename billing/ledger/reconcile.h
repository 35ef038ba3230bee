/*
 * reconcile: whether what should be equal is equal: events, rollups, ledger, wallets, holds,
 * invoices, offsets. docs/billing.md, "Reconcile", has the list.
 *
 * One consistent view; changes nothing but the note in tollgate.reconcile_runs.
 */
#ifndef TOLLGATE_BILLING_LEDGER_RECONCILE_H
#define TOLLGATE_BILLING_LEDGER_RECONCILE_H

#include "common/base/buf.h"
#include "common/pg/pg.h"

struct reconcile_result {
    int64_t checked;  /* periods of tenants */
    int64_t problems; /* each is a line of the report */
};

/* All tenants when `tenant` is zero. Appends a line per problem to `report`. */
must_use enum pg_outcome reconcile(struct pg *pg, struct uuid tenant,
                                   struct reconcile_result *result_out, struct buf *report);

#endif
