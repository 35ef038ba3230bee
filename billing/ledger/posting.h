/*
 * posting: what the files of one post share. Used by billing/ledger only.
 */
#ifndef TOLLGATE_BILLING_LEDGER_POSTING_H
#define TOLLGATE_BILLING_LEDGER_POSTING_H

#include "billing/ledger/books.h"
#include "billing/ledger/entries.h"
#include "billing/ledger/post.h"
#include "billing/ledger/settle.h"

struct accounts;

must_use struct accounts *accounts_new(void);
void accounts_free(struct accounts *accounts);
/* The ids of the entries' accounts, made where there are none; in a transaction of their own.
 * ids_out[i] belongs to entries[i]. */
must_use enum pg_outcome accounts_resolve(struct accounts *accounts, struct pg *pg,
                                          const struct entry *entries, size_t count,
                                          int64_t *ids_out);

struct poster {
    struct pg *pg;
    struct rows rows;
    struct accounts *accounts;
    bool look_first; /* the last batch had duplicates: look for them before copying */
};

/* Marks what is posted already: a duplicate, or a conflict when it says something else. */
must_use enum pg_outcome dedupe_batch(struct pg *pg, struct batch *batch);

/* Within the transaction: the dead letters, the refusals' counts. */
must_use enum pg_outcome put_dead_letters(struct pg *pg, const struct batch *batch);
must_use enum pg_outcome put_refusals(struct pg *pg, const struct batch *batch);
/* Moves the sources' rows by compare-and-swap. *fenced_out when one had moved. */
must_use enum pg_outcome move_sources(struct pg *pg, const struct batch *batch, bool *fenced_out);

void count_batch(const struct batch *batch, struct post_counts *counts);

#endif
