/*
 * count: what the control plane counts of its calls, as Prometheus text. Shared by the loop and the
 * pool; atomic.
 */
#ifndef TOLLGATE_TENANTS_API_COUNT_H
#define TOLLGATE_TENANTS_API_COUNT_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/buf.h"

enum { COUNT_BUCKETS = 14 };

struct counts {
    _Atomic uint64_t by_class[6];             /* 2: 2xx, … */
    _Atomic uint64_t below_ms[COUNT_BUCKETS]; /* k: took less than 2^k ms, the last one the rest */
    _Atomic uint64_t ms_sum;
    _Atomic uint64_t again;    /* runs of a call after its first */
    _Atomic uint64_t replayed; /* answers given again for their Idempotency-Key */
    _Atomic uint64_t busy;     /* calls refused because too many waited */
    _Atomic int64_t waiting, running;
    _Atomic bool database_up;
    int64_t started_ms, threads; /* of the process; they stay as they were at its start */
};

void count_call(struct counts *counts, int status, int64_t ms);
void count_write(const struct counts *counts, struct buf *out);

#endif
