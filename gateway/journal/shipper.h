/*
 * shipper: journals → Kafka. One thread with an idempotent producer; the only gateway file that
 * sees rdkafka.h.
 *
 * At least once: what was not acked is read again from the journal, after a restart as after a
 * producer that had to be rebuilt; the event id makes that harmless. The position up to which
 * everything is acked is stored beside the journal once a second. Nothing waits for Kafka: while it
 * is away, only the journal grows.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_SHIPPER_H
#define TOLLGATE_GATEWAY_JOURNAL_SHIPPER_H

#include "common/base/buf.h"
#include "gateway/journal/record.h"

struct shipper;

enum { SHIPPER_PARTITIONS_MAX = 256, SHIPPER_LAG_BUCKETS = 20 };

struct shipper_config {
    const char *brokers, *topic; /* borrowed until shipper_stop() */
    void *context;
    /* Everything of that journal before `position` may be deleted: acked by Kafka and, as far as
     * billing has told (shipper_posted), posted. Called on the shipper's thread. */
    void (*on_done)(void *context, struct uuid journal, struct position position);
};

/* Lag: from the end of a request to Kafka's ack. Bucket k counts those below 2^k ms, the last one
 * the rest. */
struct shipper_state {
    uint64_t acked, in_flight, rebuilt, behind_bytes;
    uint64_t lag_ms_sum, lag_bucket[SHIPPER_LAG_BUCKETS];
    int64_t last_ack_ms; /* monotonic; 0: never */
    bool connected;
    bool drained; /* everything that is durable was acked */
};

/* Starts the thread. 0, or -EINVAL with a sentence in `why` when the settings are refused. */
must_use int shipper_start(const struct shipper_config *config, struct buf *why,
                           struct shipper **shipper_out);

/* Ships this journal too, from its stored position on. The folder is locked by this process. Any
 * thread. */
void shipper_add(struct shipper *shipper, const char *folder, struct uuid journal);

/* Billing has posted everything of this partition before `next_offset`. Any thread. */
void shipper_posted(struct shipper *shipper, int32_t partition, int64_t next_offset);

/* Ships what is durable for at most wait_ms more, stores the positions, ends the thread. */
void shipper_stop(struct shipper *shipper, uint32_t wait_ms);

/* Publishes every record since then again, of all journals below `root`, whoever holds them: for a
 * Kafka that lost what it had acked. Billing drops what it knows. Blocks; progress goes to the log.
 * 0, or -errno with `why`. */
struct shipper_again {
    const char *root, *brokers, *topic;
    int64_t since_ms;
};
must_use int shipper_reship(const struct shipper_again *again, struct buf *why, uint64_t *sent_out);

void shipper_state(struct shipper *shipper, struct shipper_state *state_out);

#endif
