/*
 * judge: decodes, validates and rates the items of a batch. Pure: what it must know of prices and
 * plans it asks `versions`, and what is missing there is fetched and asked again.
 *
 * docs/billing.md, "Rating one event", has the rules. Nothing is ever dropped or rated 0 because it
 * could not be understood: it becomes a dead letter.
 */
#ifndef TOLLGATE_BILLING_CONSUME_JUDGE_H
#define TOLLGATE_BILLING_CONSUME_JUDGE_H

#include "billing/consume/batch.h"
#include "billing/consume/versions.h"

/* The days that have partitions: [first, last], days since 1970-01-01. */
struct judge_days {
    int32_t first, last;
};

/* Decodes every new item: to a verdict, VERDICT_POST meaning that it still has to be rated. */
void judge_decode(struct batch *batch);

/* Validates and rates one usage event. False when something was missing in `versions`: fetch and
 * ask once more with `final`, then what is still missing is a dead letter. */
must_use bool judge_usage(struct batch *batch, struct batch_item *item, struct versions *versions,
                          struct judge_days days, bool final);

/* The whole of it, with the fetch between. */
must_use enum pg_outcome judge_batch(struct batch *batch, struct versions *versions,
                                     struct judge_days days, struct pg *pg, int64_t now_ms);

#endif
