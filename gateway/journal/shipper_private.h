/*
 * shipper_private: the inside of the shipper, shared by shipper.c (the thread) and shipper_feed.c
 * (one journal).
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_SHIPPER_PRIVATE_H
#define TOLLGATE_GATEWAY_JOURNAL_SHIPPER_PRIVATE_H

#include <stdatomic.h>

#include "common/base/list.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/shipper.h"

enum { FEED_IN_FLIGHT_MAX = 8192, FEED_MARKS_MAX = 512 };

/* A record on its way to Kafka, or one that need not go there. */
struct slot {
    struct feed *feed;
    uint64_t next; /* packed position behind the record */
    bool acked;
    int64_t ended_wall_ms; /* of the request; 0 unknown */
};

/* What Kafka had acked when a segment was left behind: once billing is past all of it, the segment
 * may go. */
struct mark {
    uint64_t position;
    int64_t *offsets; /* per partition, the next one */
};

/* One journal being shipped. The shipper's thread owns it. */
struct feed {
    struct list link;
    char *folder;
    struct uuid journal;
    struct cursor *cursor;
    struct slot *slots; /* a ring of FEED_IN_FLIGHT_MAX */
    uint64_t first, count;
    uint64_t acked, stored; /* packed positions */
    bool pending;           /* `record` was read and did not fit Kafka's queue */
    bool ended, broken;
    struct record record;
    struct position record_next;
    struct mark marks[FEED_MARKS_MAX];
    uint32_t mark_count;
};

must_use struct feed *feed_new(const char *folder, struct uuid journal);
void feed_free(struct feed *feed);

/* The next record to be sent, or NULL when there is none now or too many are in flight. The same
 * one is answered until feed_sent(). Records that are nobody's business are passed over. */
must_use const struct record *feed_next(struct feed *feed);
/* It was handed to Kafka; answers the slot that its ack must name. */
must_use struct slot *feed_sent(struct feed *feed, int64_t ended_wall_ms);
/* Kafka has it. Moves `acked` over everything that is acked in order. */
void feed_acked(struct slot *slot);
/* Forgets what is in flight and reads again from `acked`. 0 or -errno. */
must_use int feed_rewind(struct feed *feed);
/* Writes the acked position beside the journal when it moved. */
void feed_store(struct feed *feed);

#endif
