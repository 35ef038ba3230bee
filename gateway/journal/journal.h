/*
 * journal: what must not be lost, on disk before it goes out on the network. The worker's side.
 *
 * One journal per worker, one writer thread per process. A record is handed over without a system
 * call; the writer puts it into the segment with write(2) and the worker is woken when that is
 * done. Written is safe against the death of the process; durable (fdatasync, in groups of at most
 * 10 ms) against that of the machine. Readers see only what is durable. docs/journal.md has the
 * format.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_JOURNAL_H
#define TOLLGATE_GATEWAY_JOURNAL_JOURNAL_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/list.h"
#include "common/base/span.h"

enum record_type {
    RECORD_INTENT = 1,   /* an attempt is about to go out */
    RECORD_PROGRESS = 2, /* output so far */
    RECORD_FINAL = 3,    /* the whole usage event, as it goes to Kafka */
    RECORD_LEASE = 4,    /* a lease was opened or closed: an event too */
    RECORD_REFUSALS = 5, /* counts of refused requests: an event too */
};

struct journal; /* one worker's */

/* A record on its way; embedded in the flow, which must stay until it is done or forgotten. */
struct journal_ticket {
    void (*on_written)(void *context, int error); /* on the worker's thread; error 0 or -errno */
    void *context;
    struct list link; /* the journal's own */
    uint64_t sequence;
};

must_use struct uuid journal_id(const struct journal *journal);

/* Hands a record over. An INTENT also reserves room for the FINAL of the same event: -ENOSPC when
 * there is none for both, -EAGAIN when the writer is behind by more than its ring; then nothing was
 * taken, and the request is refused. FINAL and PROGRESS of an event with an open INTENT always find
 * room. `ticket` may be NULL. */
must_use int journal_put(struct journal *journal, enum record_type type, struct uuid event,
                         struct span payload, struct journal_ticket *ticket);

/* The caller goes away before its record is written: it is written all the same, nobody is told. */
void journal_forget(struct journal *journal, struct journal_ticket *ticket);

/* False while disk or writer cannot take billable requests; then they are refused with 503 at once.
 */
must_use bool journal_healthy(const struct journal *journal);

/* Readable when tickets are done: the worker watches it and calls journal_complete(). */
must_use int journal_fd(const struct journal *journal);
void journal_complete(struct journal *journal);
/* At the end of a loop turn: wakes the writer if records wait. */
void journal_flush(struct journal *journal);

#endif
