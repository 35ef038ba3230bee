/*
 * ring: records on their way from a worker to the writer thread. One producer, one consumer, no
 * lock.
 *
 * An entry is a place in the journal and the bytes that belong there, contiguous in memory. The
 * producer is the worker, the consumer the writer thread; each calls only its own functions.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_RING_H
#define TOLLGATE_GATEWAY_JOURNAL_RING_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct ring;

struct ring_entry {
    uint64_t position; /* packed, see record.h */
    uint64_t sequence;
    struct span bytes; /* borrowed from the ring until ring_release() */
};

/* `bytes` is a power of two, larger than any entry. */
must_use struct ring *ring_new(size_t bytes);
void ring_free(struct ring *ring);

/* Producer: room for `size` bytes, to be filled and then given by ring_commit(). NULL when full. */
must_use void *ring_claim(struct ring *ring, uint64_t position, uint64_t sequence, size_t size);
void ring_commit(struct ring *ring);

/* Consumer: up to `max` entries that wait, oldest first; ring_release() gives back the first
 * `count` of them. */
must_use size_t ring_peek(struct ring *ring, struct ring_entry *entries_out, size_t max);
void ring_release(struct ring *ring, size_t count);

#endif
