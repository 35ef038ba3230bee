/*
 * batch: what is posted in one transaction: messages, what was made of each, and how far that moves
 * each source.
 *
 * Owns copies of the payloads until it is reset. Filled by batch_take(), judged by judge.h, settled
 * and posted by billing/ledger. One thread.
 */
#ifndef TOLLGATE_BILLING_CONSUME_BATCH_H
#define TOLLGATE_BILLING_CONSUME_BATCH_H

#include <stdint.h>

#include "billing/consume/intake.h"
#include "billing/event/event.h"
#include "billing/rate/rate.h"
#include "common/base/arena.h"
#include "common/base/json.h"

struct map;

enum verdict {
    VERDICT_NEW,       /* not judged yet */
    VERDICT_POST,      /* a usage event to be posted */
    VERDICT_LEASE,     /* a lease's end, or its beginning */
    VERDICT_REFUSAL,   /* counts for consoles */
    VERDICT_OTHER,     /* nothing of billing's: an unknown type */
    VERDICT_DUPLICATE, /* posted before, or earlier in this batch */
    VERDICT_DEAD,      /* to the dead letters, with reason and detail */
};

enum dead_reason {
    DEAD_DECODE,
    DEAD_VALIDATE,
    DEAD_RATE,
    DEAD_NO_PARTITION,
    DEAD_UNKNOWN_VERSION,
    DEAD_CONFLICT,
    DEAD_QUARANTINE,
};

/* What rating made of a usage event. */
struct priced {
    int64_t base_pico, discount_pico, due_pico; /* due: by the stamped versions */
    int64_t cost_pico;
    int64_t context_tier;
    bool variance; /* due differs from what the client was told */
};

/* What settling made of it: see billing/ledger/settle.h. due = charge + overrun. */
struct settled {
    int32_t period_no;
    bool late;
    int64_t charge_pico, overrun_pico;
};

struct batch_item {
    struct batch_reach *reach;
    struct source_position at;
    struct span payload;
    struct event event;
    enum verdict verdict;
    enum dead_reason reason;
    struct span detail; /* of a dead letter */
    struct priced priced;
    struct settled settled;
};

/* One source's part of the batch. */
struct batch_reach {
    struct source *source;
    struct source_position from, to;
    struct span last; /* payload of its last message */
};

enum { BATCH_SOURCES_MAX = 1024, BATCH_BYTES_MAX = 24 << 20 };

struct batch {
    struct arena *arena;
    struct batch_item *items;
    uint32_t count, capacity;
    uint32_t limit; /* at most this many items, up to the capacity */
    struct batch_reach reaches[BATCH_SOURCES_MAX];
    uint32_t reach_count;
    size_t bytes;
    struct json_doc doc;
    struct map *by_event; /* event id → its first item; see batch_find_duplicates() */
};

must_use struct batch *batch_new(uint32_t events_max);
void batch_free(struct batch *batch);
void batch_reset(struct batch *batch);

/* Copies a message in. False when the batch is full: it must be posted first. */
must_use bool batch_has_room(const struct batch *batch);
void batch_take(struct batch *batch, const struct intake_message *message);

/* Fills from the intake: until it is full, or until wait_ms after its first message. */
void batch_fill(struct batch *batch, struct intake *intake, int64_t idle_ms, int64_t wait_ms);

/* Makes an item a dead letter. */
void batch_kill(struct batch *batch, struct batch_item *item, enum dead_reason reason,
                const char *detail, ...) printf_like(4, 5);
/* Marks what stands twice among the items to be posted: the same payload is a duplicate, another
 * one under the same id a conflict. */
void batch_find_duplicates(struct batch *batch);

must_use const char *dead_reason_name(enum dead_reason reason);

#endif
