/*
 * intake: hands out the messages of many sources, one after the other, from where they are posted.
 *
 * Two implementations: intake_kafka (all partitions of a topic, assigned by hand) and
 * intake_journals (the journals below a directory). Delivery is at least once and in order within a
 * source; what makes it exactly once is the compare-and-swap of the position in billing/ledger. One
 * thread. The database is away: nothing is handed out that could not be posted later.
 */
#ifndef TOLLGATE_BILLING_CONSUME_INTAKE_H
#define TOLLGATE_BILLING_CONSUME_INTAKE_H

#include "billing/consume/source.h"
#include "common/base/span.h"

struct intake_message {
    struct source *source;        /* borrowed; lives as long as the intake */
    struct source_position at;    /* of this message */
    struct source_position after; /* the position once it is posted */
    struct span payload;          /* borrowed until the next call */
};

struct intake {
    const struct intake_ops *ops;
    struct list sources; /* of struct source, all that are known, stopped ones too */
};

struct intake_ops {
    /* Waits at most timeout_ms for a message: 1 and *message_out, or 0. */
    int (*next)(struct intake *intake, int64_t timeout_ms, struct intake_message *message_out);
    /* Finds new sources, sees which were stopped or accepted, learns how far each is behind, and
     * goes on reading at the committed positions. Only between batches. 0, or -EAGAIN: the log or
     * the database is away; call again. */
    int (*refresh)(struct intake *intake, struct pg *pg);
    /* Whether something happened that wants a refresh before the next batch. */
    bool (*stale)(const struct intake *intake);
    /* Whether all active sources are posted to their end. After a refresh that was 0. */
    bool (*drained)(const struct intake *intake);
    /* Brings source->behind up to date by what is known here, without asking. */
    void (*measure)(struct intake *intake);
    void (*close)(struct intake *intake);
};

static inline int intake_next(struct intake *intake, int64_t timeout_ms,
                              struct intake_message *message_out)
{
    return intake->ops->next(intake, timeout_ms, message_out);
}

static inline int intake_refresh(struct intake *intake, struct pg *pg)
{
    return intake->ops->refresh(intake, pg);
}

static inline void intake_close(struct intake *intake)
{
    if (intake != NULL)
        intake->ops->close(intake);
}

struct intake_kafka_settings {
    const char *brokers, *topic;
    int64_t timeout_ms; /* of a question to the brokers */
};
/* Owned by the caller; connects at the first refresh. NULL when librdkafka refuses the settings. */
must_use struct intake *intake_kafka_open(const struct intake_kafka_settings *settings);
/* Where the log of a partition begins now; for accepting a gap. 0 or -EAGAIN. */
must_use int intake_kafka_begin(const struct intake_kafka_settings *settings, int32_t part,
                                int64_t *offset_out);

/* Where each partition ends now; the caller frees *ends_out (mem_free). 0 or -EAGAIN. */
must_use int intake_kafka_ends(const struct intake_kafka_settings *settings, int64_t **ends_out,
                               int32_t *count_out);

/* `directory`: the parent of the gateways' journal directories. */
must_use struct intake *intake_journals_open(const char *directory);

#endif
