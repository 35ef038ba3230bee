/*
 * journal_private: the inside of one worker's journal, shared by journal.c (worker), writer.c and
 * keeper.c.
 *
 * Every member says whose it is. Nothing outside this folder includes it.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_JOURNAL_PRIVATE_H
#define TOLLGATE_GATEWAY_JOURNAL_JOURNAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/map.h"
#include "gateway/journal/journals.h"
#include "gateway/journal/ring.h"
#include "gateway/journal/segment.h"

enum {
    JOURNAL_SEGMENTS_MAX = 4096, /* of one journal at a time */
    JOURNAL_RING_BYTES = 4 << 20,
    JOURNAL_STALL_MS = 500, /* a write longer than this makes the journal unhealthy */
};

/* A record that found the ring full. */
struct overflow {
    struct list link;
    uint64_t position, sequence;
    size_t size;
    char bytes[];
};

struct journal {
    struct journals *all;
    struct uuid id;

    /* worker */
    struct position at;      /* where the next record goes */
    uint64_t sequence;       /* of the next record */
    uint64_t reserved_bytes; /* for the FINALs of open INTENTs */
    struct map *open;        /* event id -> struct open_intent */
    struct list tickets;     /* waiting, in order of sequence */
    struct list overflow;
    bool unflushed;

    _Atomic uint64_t
        wanted_bytes; /* room that must be ahead of the last written byte; keeper reads */

    /* worker and writer */
    struct ring *ring;
    _Atomic uint64_t ticket_sequence;  /* the newest sequence somebody waits for; worker writes */
    _Atomic uint64_t written_sequence; /* writer writes */
    int done_fd;                       /* eventfd: the writer wakes the worker */

    /* writer and syncer */
    _Atomic uint64_t written;          /* packed position behind the last written byte */
    _Atomic int64_t unsynced_since_ms; /* 0: nothing waits */

    /* syncer */
    _Atomic uint64_t *durable; /* mapped */
    uint64_t synced;

    /* keeper, read by all: files of the segments by number % JOURNAL_SEGMENTS_MAX, -1 none */
    _Atomic int files[JOURNAL_SEGMENTS_MAX];
    _Atomic uint32_t segment_last;  /* made; the worker may move up to it */
    _Atomic uint32_t segment_first; /* not deleted */
    _Atomic uint32_t
        intents[JOURNAL_SEGMENTS_MAX]; /* open INTENTs that stand in it; worker writes */
    _Atomic uint64_t acked;            /* packed */
};

struct open_intent {
    struct uuid event;
    uint32_t segment; /* of its first INTENT */
};

struct journals {
    struct journals_config config; /* root copied */
    char *folder;
    int lock_fd;
    struct journal *journal; /* array of config.workers */
    pthread_t writer, syncer, keeper;
    int writer_fd, syncer_fd, keeper_fd; /* eventfds that wake them */
    _Atomic bool writer_asleep, syncer_asleep;
    _Atomic bool stopping, writer_done;
    _Atomic int64_t write_since_ms; /* the writer is inside a write since; 0: it is not */
    _Atomic bool write_failing, sync_failing, disk_full;
    _Atomic uint64_t written_records, syncs;
};

/* Bytes of a segment that records may count on: a record that does not fit at its end moves to the
 * next. */
static inline uint64_t journal_usable_bytes(const struct journals *journals)
{
    return journals->config.segment_bytes - SEGMENT_HEAD_BYTES - RECORD_BYTES_MAX;
}

static inline _Atomic int *journal_file(struct journal *journal, uint32_t segment)
{
    return &journal->files[segment % JOURNAL_SEGMENTS_MAX];
}

void journal_wake(int event_fd);
void *journal_writer_run(void *journals);
void *journal_syncer_run(void *journals);
void *journal_keeper_run(void *journals);
/* Makes the next segment of this journal; the keeper's thread, or the opener before it runs. 0 or
 * -errno. */
must_use int journal_keeper_extend(struct journal *journal);

#endif
