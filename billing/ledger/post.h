/*
 * post: one batch, one transaction: events, request log, rollups, ledger, leases, budgets, wallets,
 * dead letters and the sources' next positions commit together or not at all.
 *
 * docs/billing.md, "Posting", has the order and why it is exactly once.
 */
#ifndef TOLLGATE_BILLING_LEDGER_POST_H
#define TOLLGATE_BILLING_LEDGER_POST_H

#include "billing/consume/batch.h"
#include "billing/ledger/rows.h"

enum post_outcome {
    POST_DONE,
    POST_FENCED, /* another consumer moved a source: read its position again and go on there */
    POST_AWAY,   /* the database is away, or lost during the commit: connect and read positions */
    POST_POISON, /* PostgreSQL refuses some row of it; nothing was posted */
    POST_STUCK,  /* the database refuses it, see the alarm; nothing was posted */
};

struct post_counts {
    int64_t events, duplicates, dead_letters, others;
    int64_t overruns, variances, late;
    int64_t retries;
};

struct poster;

/* `pg` is borrowed and used for nothing else meanwhile. */
must_use enum pg_outcome poster_new(struct pg *pg, struct poster **poster_out);
void poster_free(struct poster *poster);

/* Posts a judged batch and moves its sources, in the database and in memory. */
must_use enum post_outcome post_batch(struct poster *poster, struct batch *batch,
                                      struct post_counts *counts_out);

/* Posts a batch of one item that is the dead letter `dead_letter_id`, and resolves it. When it is
 * still dead, nothing happens and the item says why. POST_FENCED: it was resolved meanwhile. */
must_use enum post_outcome post_dead_letter(struct poster *poster, struct batch *batch,
                                            int64_t dead_letter_id);

#endif
