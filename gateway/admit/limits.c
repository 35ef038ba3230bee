/*
 * limits: see limits.h. Times are microseconds, so that a limit of a million a minute still has a
 * step.
 */
#include "gateway/admit/limits.h"

#include <stdatomic.h>

#include "common/base/map.h"
#include "common/base/mem.h"

enum { ROWS = 1 << 16, PROBES = 8 };

#define MINUTE_US INT64_C(60000000)

struct row {
    _Atomic uint64_t key;                    /* hash of the key's id; 0: nobody's */
    _Atomic int64_t full_at_us[LIMIT_KINDS]; /* when all of the burst is back */
};

struct limits {
    struct row *rows;
};

struct limits *limits_new(void)
{
    struct limits *limits = mem_new(sizeof(*limits));

    limits->rows = mem_array(ROWS, sizeof(*limits->rows));
    return limits;
}

void limits_free(struct limits *limits)
{
    if (limits != NULL) {
        mem_free(limits->rows);
        mem_free(limits);
    }
}

static struct row *row_of(struct limits *limits, struct uuid key)
{
    uint64_t hash = map_hash(uuid_span(&key)) | 1;
    struct row *row = NULL;

    for (uint64_t i = 0; i < PROBES; i++) {
        uint64_t nobody = 0;

        row = &limits->rows[(hash + i) % ROWS];
        if (atomic_load_explicit(&row->key, memory_order_relaxed) == hash ||
            atomic_compare_exchange_strong(&row->key, &nobody, hash) || nobody == hash) {
            return row;
        }
    }
    /* All places are taken: the last one is this key's now, and begins with a full burst. */
    atomic_store(&row->key, hash);
    for (int i = 0; i < LIMIT_KINDS; i++) {
        atomic_store(&row->full_at_us[i], 0);
    }
    return row;
}

static void tell_left(int64_t full_us, int64_t now_us, int64_t per_minute,
                      struct limit_left *left_out)
{
    int64_t ahead = full_us > now_us ? full_us - now_us : 0;

    if (left_out != NULL) {
        left_out->remaining = (int64_t)((__int128)(MINUTE_US - ahead) * per_minute / MINUTE_US);
        left_out->remaining = left_out->remaining < 0 ? 0 : left_out->remaining;
        left_out->reset_ms = ahead / 1000;
    }
}

int64_t limits_take(struct limits *limits, const struct limit *limit, int64_t units, int64_t now_ms,
                    struct limit_left *left_out)
{
    _Atomic int64_t *place = &row_of(limits, limit->key)->full_at_us[limit->kind];
    int64_t now_us = now_ms * 1000, per_minute = limit->per_minute;
    int64_t before = atomic_load_explicit(place, memory_order_relaxed), after;
    __int128 cost = ((__int128)units * MINUTE_US + per_minute - 1) / per_minute;

    do {
        after = (before > now_us ? before : now_us);
        if (cost > MINUTE_US) {
            tell_left(before, now_us, per_minute, left_out);
            return INT64_MAX;
        }
        after += (int64_t)cost;
        if (after - now_us > MINUTE_US) {
            tell_left(before, now_us, per_minute, left_out);
            return (after - now_us - MINUTE_US + 999) / 1000;
        }
    } while (!atomic_compare_exchange_weak(place, &before, after));
    tell_left(after, now_us, per_minute, left_out);
    return 0;
}
