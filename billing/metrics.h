/*
 * metrics: what billing counts, as Prometheus text.
 */
#ifndef TOLLGATE_BILLING_METRICS_H
#define TOLLGATE_BILLING_METRICS_H

#include "billing/consume/intake.h"
#include "billing/ledger/post.h"
#include "common/base/buf.h"

enum { METRICS_BUCKETS = 14 };

struct metrics {
    struct post_counts total;
    int64_t batches, fenced, lost;
    int64_t batch_ms_sum, batch_ms[METRICS_BUCKETS]; /* bucket k: below 2^k ms */
    bool database_up;
    int64_t dead_letters_open;
};

void metrics_count_batch(struct metrics *metrics, const struct post_counts *counts, int64_t ms);
/* Appends all, with a line per source. `now_ms` is wall time. */
void metrics_write(const struct metrics *metrics, const struct intake *intake, int64_t now_ms,
                   struct buf *out);

#endif
