/*
 * rows: a batch as rows of COPY: events, request log, rollups, ledger entries.
 *
 * Each function sends one whole COPY within the open transaction. With row-level security in the
 * way (the role has no BYPASSRLS) rows go to a temporary table first and from there by INSERT.
 */
#ifndef TOLLGATE_BILLING_LEDGER_ROWS_H
#define TOLLGATE_BILLING_LEDGER_ROWS_H

#include "billing/ledger/entries.h"
#include "billing/ledger/rollup.h"
#include "common/pg/pg.h"

struct rows {
    struct pg *pg; /* borrowed */
    bool bypass;   /* COPY may go to tables with row-level security */
    struct buf text;
    char *upsert_hourly; /* owned */
};

/* Looks at the role, makes the temporary tables. */
must_use enum pg_outcome rows_init(struct rows *rows, struct pg *pg);
void rows_done(struct rows *rows);

must_use enum pg_outcome rows_put_events(struct rows *rows, const struct batch *batch,
                                         struct uuid txn);
must_use enum pg_outcome rows_put_log(struct rows *rows, const struct batch *batch);
must_use enum pg_outcome rows_put_rollup(struct rows *rows, const struct rollup *rollup);
/* accounts[i] is the id of entries[i]'s account. */
must_use enum pg_outcome rows_put_entries(struct rows *rows, struct uuid txn,
                                          const struct entry *entries, const int64_t *accounts,
                                          size_t count);

#endif
