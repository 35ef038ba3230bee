/*
 * rollup: the hourly sums of a batch, at the grain of docs/billing.md, "Rollups".
 *
 * Pure. A row's grain is the hash of everything that it is a sum over, so that the table's key
 * stays narrow and the same in every process. Rows and what they point to are the arena's and the
 * batch's.
 */
#ifndef TOLLGATE_BILLING_LEDGER_ROLLUP_H
#define TOLLGATE_BILLING_LEDGER_ROLLUP_H

#include "billing/consume/batch.h"

enum { ROLLUP_BUCKETS = 16 };

struct rollup_row {
    int64_t hour_ms;
    struct uuid grain;
    const struct batch_item *one; /* any event of the row: the members of the grain are its */
    int64_t requests, attempts, counted;
    int64_t meters[METERS];
    int128 base_pico, discount_pico, charge_pico, cost_pico, overrun_pico;
    int64_t first_ms_sum, total_ms_sum;
    int32_t first[ROLLUP_BUCKETS], total[ROLLUP_BUCKETS];
};

/* By end user, by session, by one tag at a time. */
struct rollup_by_row {
    int64_t hour_ms;
    struct uuid grain, tenant;
    struct span dimension, value;
    int64_t requests, input_tokens, output_tokens;
    int128 charge_pico;
};

struct rollup {
    struct rollup_row **rows; /* sorted by hour, grain */
    size_t row_count;
    struct rollup_by_row **by_rows; /* sorted alike */
    size_t by_count;
};

/* Sums up the items with VERDICT_POST. */
void rollup_make(struct rollup *rollup, struct batch *batch);

/* Bucket k counts durations below 8 * 2^k ms, the last one the rest. */
must_use int rollup_bucket(int64_t ms);

#endif
