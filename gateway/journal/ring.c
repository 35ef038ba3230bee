/*
 * ring: see ring.h. Positions in the ring only grow; the index is their remainder.
 */
#include "gateway/journal/ring.h"

#include <stdatomic.h>

#include "common/base/mem.h"

struct entry_head {
    uint64_t position;
    uint64_t sequence;
    uint64_t size; /* of the bytes; UINT64_MAX: skip to the begin of the ring */
};

struct ring {
    char *at;
    size_t size;
    uint64_t claimed;                   /* producer's: the end of the entry being filled */
    _Alignas(64) _Atomic uint64_t head; /* written by the producer */
    _Alignas(64) _Atomic uint64_t tail; /* written by the consumer */
};

static size_t padded(size_t size)
{
    return (sizeof(struct entry_head) + size + 7) & ~(size_t)7;
}

static struct entry_head *head_at(const struct ring *ring, uint64_t place)
{
    return (struct entry_head *)(void *)(ring->at + (place & (ring->size - 1)));
}

struct ring *ring_new(size_t bytes)
{
    struct ring *ring = mem_new(sizeof(*ring));

    must((bytes & (bytes - 1)) == 0 && bytes >= 4096);
    ring->at = mem_new(bytes);
    ring->size = bytes;
    return ring;
}

void ring_free(struct ring *ring)
{
    if (ring != NULL) {
        mem_free(ring->at);
        mem_free(ring);
    }
}

void *ring_claim(struct ring *ring, uint64_t position, uint64_t sequence, size_t size)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    size_t need = padded(size), to_end = ring->size - (head & (ring->size - 1));
    uint64_t place = head;
    struct entry_head *entry;

    if (need > to_end) {
        place += to_end;
    }
    if (place + need - tail > ring->size) {
        return NULL;
    }
    if (place != head && to_end >= sizeof(struct entry_head)) {
        head_at(ring, head)->size = UINT64_MAX;
    }
    entry = head_at(ring, place);
    *entry = (struct entry_head){position, sequence, size};
    ring->claimed = place + need;
    return entry + 1;
}

void ring_commit(struct ring *ring)
{
    atomic_store_explicit(&ring->head, ring->claimed, memory_order_release);
}

/* The place of the entry at or behind `place`, skipping the unused end of the ring. */
static uint64_t entry_place(const struct ring *ring, uint64_t place)
{
    size_t to_end = ring->size - (place & (ring->size - 1));

    if (to_end < sizeof(struct entry_head) || head_at(ring, place)->size == UINT64_MAX) {
        return place + to_end;
    }
    return place;
}

size_t ring_peek(struct ring *ring, struct ring_entry *entries_out, size_t max)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t place = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    size_t count = 0;

    while (count < max && place != head) {
        place = entry_place(ring, place);
        struct entry_head *entry = head_at(ring, place);
        entries_out[count++] =
            (struct ring_entry){entry->position, entry->sequence,
                                span_make((const char *)(entry + 1), (size_t)entry->size)};
        place += padded((size_t)entry->size);
    }
    return count;
}

void ring_release(struct ring *ring, size_t count)
{
    uint64_t place = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (; count > 0; count--) {
        place = entry_place(ring, place);
        place += padded((size_t)head_at(ring, place)->size);
    }
    atomic_store_explicit(&ring->tail, place, memory_order_release);
}
