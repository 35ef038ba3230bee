/*
 * source: one log that usage events come from, and the row in tollgate.sources that says how far it
 * is posted.
 *
 * A partition of a Kafka topic, or one journal. The committed position moves only in the
 * transaction that posts what stood before it (billing/ledger); here it is read, made, stopped and
 * accepted. Billing's main thread. docs/events.md tells what stops a source.
 */
#ifndef TOLLGATE_BILLING_CONSUME_SOURCE_H
#define TOLLGATE_BILLING_CONSUME_SOURCE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "common/base/list.h"
#include "common/pg/pg.h"

enum { SOURCE_IDENTITY_MAX = 300, SOURCE_ALARM_MAX = 300 };

enum source_kind { SOURCE_KAFKA, SOURCE_JOURNAL };
enum source_state { SOURCE_ACTIVE, SOURCE_STOPPED, SOURCE_DRAINED, SOURCE_GONE };

/* Journals: a segment and the offset in it. Kafka: how many gaps were accepted, and the offset. */
struct source_position {
    int64_t segment, offset;
};

struct source {
    struct list link; /* the intake's */
    int32_t row;      /* sources.source_id */
    enum source_kind kind;
    enum source_state state;
    char identity[SOURCE_IDENTITY_MAX];
    int32_t part; /* Kafka's partition */
    struct uuid journal;
    struct source_position next; /* committed: the first that is not posted */
    struct source_position read; /* the first that the intake has not handed out */
    int64_t epoch;
    struct sha256 mark; /* of the message before `next`; Kafka only */
    bool marked;
    int64_t
        behind; /* messages (Kafka) or bytes (journals) between posted and its end; -1 unknown */
    int64_t last_event_ms; /* time of the newest posted event; 0 none */
};

must_use bool source_position_equal(struct source_position a, struct source_position b);

/* Reads the row of `identity` into *source; found_out is false when there is none. */
must_use enum pg_outcome source_find(struct pg *pg, const char *identity, struct source *source,
                                     bool *found_out);
/* Makes the row, from source->{kind, identity, part, next, state}; fills `row`. `topic` may be
 * NULL, `alarm` too. */
must_use enum pg_outcome source_make(struct pg *pg, struct source *source, const char *topic,
                                     const char *alarm);
/* Takes the source over: a consumer with an older epoch cannot move it any more. */
must_use enum pg_outcome source_take_over(struct pg *pg, struct source *source);
/* Stops it, with what an operator has to know; logs the alarm. */
must_use enum pg_outcome source_stop(struct pg *pg, struct source *source, const char *alarm);
must_use enum pg_outcome source_set_state(struct pg *pg, struct source *source,
                                          enum source_state state);
/* An operator accepts that what lies between the committed position and `from` is lost. The mark is
 * forgotten. *found_out is false when the source is not there or not stopped. */
must_use enum pg_outcome source_accept(struct pg *pg, int32_t row, struct source_position from,
                                       bool *found_out);
must_use const char *source_state_name(enum source_state state);

/* Notes in the database how far the active ones are behind. */
must_use enum pg_outcome source_note_behind(struct pg *pg, const struct list *sources);

#endif
