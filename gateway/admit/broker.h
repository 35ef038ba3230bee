/*
 * broker: the thread between the workers' leases and Postgres. Only it does the SQL.
 *
 * Letters come from every worker by one mailbox and go back by one each. A grant is asked again
 * with the same id until it is answered, so a lost answer neither orphans nor doubles a lease. It
 * also reports that this gateway is there, and reads how far billing has posted.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_BROKER_H
#define TOLLGATE_GATEWAY_ADMIT_BROKER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/json_writer.h"
#include "common/base/span.h"
#include "common/base/thread.h"
#include "gateway/admit/lease.h"

struct broker;

enum { BROKER_LEASES_MAX = 256 }; /* in one letter */

enum broker_letter_kind {
    BROKER_GRANT,     /* worker → broker → worker */
    BROKER_RENEW,     /* worker → broker → worker: which are still open */
    BROKER_GIVE_BACK, /* worker → broker */
    BROKER_ASK_BACK,  /* broker → worker: somebody needs what this scope holds */
};

struct broker_letter {
    struct letter letter;
    enum broker_letter_kind kind;
    uint32_t worker;
    struct scope_id scope;
    int64_t sent_ms; /* monotonic; what a lease's life is counted from */
    /* grant */
    struct uuid lease, tenant;
    int64_t limit_pico, need_pico, recent_pico;
    int64_t granted_pico, free_pico, held_pico; /* the answer */
    /* renew, give back: parallel arrays */
    uint32_t count;
    struct uuid leases[BROKER_LEASES_MAX];
    bool open[BROKER_LEASES_MAX]; /* the answer of a renewal */
    int64_t spent_pico[BROKER_LEASES_MAX],
        reserved_pico[BROKER_LEASES_MAX]; /* give back: spent = total returned */
};

struct broker_config {
    const char *database_url;
    struct uuid gateway;
    const char *host;
    uint32_t workers;
    int64_t lease_life_ms;
    void *context;
    /* Writes members of a JSON object: what this gateway says of itself, once a second, on the
     * broker's thread. May be NULL. */
    void (*on_report)(void *context, struct json_writer *w);
    /* How far billing has posted; on the broker's thread. Either may be NULL. */
    void (*on_journal_posted)(void *context, struct uuid journal, uint32_t segment,
                              uint32_t offset);
    void (*on_partition_posted)(void *context, const char *topic, int32_t partition,
                                int64_t next_offset);
};

must_use struct broker *broker_start(const struct broker_config *config);
/* Says that this gateway stopped, then ends the thread. Letters still there are dropped. */
void broker_stop(struct broker *broker);

/* A zeroed letter; whoever takes it out of a mailbox frees it with mem_free(). */
must_use struct broker_letter *broker_letter_new(enum broker_letter_kind kind, uint32_t worker);
void broker_send(struct broker *broker, struct broker_letter *letter); /* any thread; takes it */
must_use int broker_inbox_fd(const struct broker *broker, uint32_t worker);
must_use struct broker_letter *broker_take(struct broker *broker, uint32_t worker); /* NULL: none */
must_use bool broker_connected(const struct broker *broker);

#endif
