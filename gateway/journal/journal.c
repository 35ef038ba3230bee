/*
 * journal: the worker's side: where each record goes, whether there is room for it, and who waits
 * for it.
 *
 * The worker alone decides places and sequences; the writer only carries bytes there. Room is
 * counted so that every open INTENT can have its FINAL, whatever else is put down meanwhile.
 */
#include "gateway/journal/journal.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/journal/journal_private.h"

struct uuid journal_id(const struct journal *journal)
{
    return journal->id;
}

int journal_fd(const struct journal *journal)
{
    return journal->done_fd;
}

bool journal_healthy(const struct journal *journal)
{
    const struct journals *all = journal->all;
    int64_t since = atomic_load_explicit(&all->write_since_ms, memory_order_relaxed);

    return !atomic_load_explicit(&all->write_failing, memory_order_relaxed) &&
           !atomic_load_explicit(&all->sync_failing, memory_order_relaxed) &&
           (since == 0 || clock_mono_ms() - since < JOURNAL_STALL_MS);
}

/* Bytes that records may still take, segments that are made ahead included. */
static uint64_t room_bytes(const struct journal *journal)
{
    uint32_t last = atomic_load_explicit(&journal->segment_last, memory_order_acquire);
    uint64_t here = journal->all->config.segment_bytes - journal->at.offset;

    here = here > RECORD_BYTES_MAX ? here - RECORD_BYTES_MAX : 0;
    return here + (uint64_t)(last - journal->at.segment) * journal_usable_bytes(journal->all);
}

/* Tells the keeper how much must be ahead, and wakes it when there is less than a segment to spare.
 */
static void want_room(struct journal *journal)
{
    uint64_t wanted = journal->reserved_bytes + journal->all->config.segment_bytes;

    atomic_store_explicit(&journal->wanted_bytes, wanted, memory_order_relaxed);
    if (room_bytes(journal) < wanted) {
        journal_wake(journal->all->keeper_fd);
    }
}

/* Where a record of that size goes; false when the next segment is not there yet. */
static bool place_for(const struct journal *journal, size_t bytes, struct position *place_out)
{
    *place_out = journal->at;
    if (journal->at.offset + bytes <= journal->all->config.segment_bytes) {
        return true;
    }
    place_out->segment++;
    place_out->offset = SEGMENT_HEAD_BYTES;
    return place_out->segment <= atomic_load_explicit(&journal->segment_last, memory_order_acquire);
}

/* Puts the record into the ring, or behind those that wait for the ring. */
static int carry(struct journal *journal, const struct record *record, bool may_overflow)
{
    size_t bytes = record_bytes(record->payload.size);
    struct position place;
    struct overflow *waiting;
    void *at = NULL;

    if (!place_for(journal, bytes, &place)) {
        return -ENOSPC;
    }
    if (list_empty(&journal->overflow)) {
        at = ring_claim(journal->ring, position_pack(place), record->sequence, bytes);
    }
    if (at != NULL) {
        record_encode(record, journal->id, at);
        ring_commit(journal->ring);
    } else if (may_overflow) {
        waiting = mem_new(sizeof(*waiting) + bytes);
        waiting->position = position_pack(place);
        waiting->sequence = record->sequence;
        waiting->size = bytes;
        record_encode(record, journal->id, waiting->bytes);
        list_push_back(&journal->overflow, &waiting->link);
    } else {
        return -EAGAIN;
    }
    journal->at = (struct position){place.segment, place.offset + (uint32_t)bytes};
    journal->sequence++;
    journal->unflushed = true;
    return 0;
}

static void open_intent(struct journal *journal, struct uuid event)
{
    struct open_intent *intent = mem_new(sizeof(*intent));

    intent->event = event;
    intent->segment = journal->at.segment;
    map_put(journal->open, uuid_span(&intent->event), intent);
    atomic_fetch_add_explicit(&journal->intents[intent->segment % JOURNAL_SEGMENTS_MAX], 1,
                              memory_order_relaxed);
    journal->reserved_bytes += RECORD_BYTES_MAX;
    want_room(journal);
}

static void close_intent(struct journal *journal, struct open_intent *intent)
{
    map_remove(journal->open, uuid_span(&intent->event));
    atomic_fetch_sub_explicit(&journal->intents[intent->segment % JOURNAL_SEGMENTS_MAX], 1,
                              memory_order_release);
    journal->reserved_bytes -= RECORD_BYTES_MAX;
    mem_free(intent);
    want_room(journal);
}

int journal_put(struct journal *journal, enum record_type type, struct uuid event,
                struct span payload, struct journal_ticket *ticket)
{
    struct record record = {type, journal->sequence, event, payload};
    struct open_intent *intent = map_get(journal->open, uuid_span(&event));
    bool promised = type == RECORD_FINAL && intent != NULL;
    uint64_t need = record_bytes(payload.size);
    int error;

    must(payload.size > 0 && payload.size <= RECORD_PAYLOAD_MAX);
    if (type == RECORD_INTENT && intent == NULL) {
        need += RECORD_BYTES_MAX;
    }
    if (!promised && room_bytes(journal) < journal->reserved_bytes + need) {
        journal_wake(journal->all->keeper_fd);
        return type == RECORD_PROGRESS ? 0 : -ENOSPC;
    }
    error = carry(journal, &record, type != RECORD_INTENT && type != RECORD_PROGRESS);
    if (error < 0) {
        return type == RECORD_PROGRESS ? 0 : error;
    }
    if (type == RECORD_INTENT && intent == NULL) {
        open_intent(journal, event);
    } else if (promised) {
        close_intent(journal, intent);
    }
    if (ticket != NULL) {
        ticket->sequence = record.sequence;
        list_push_back(&journal->tickets, &ticket->link);
        atomic_store_explicit(&journal->ticket_sequence, record.sequence, memory_order_relaxed);
    }
    return 0;
}

void journal_forget(struct journal *journal, struct journal_ticket *ticket)
{
    (void)journal;
    list_remove(&ticket->link);
}

/* Moves what found the ring full into it, in order. */
static void drain_overflow(struct journal *journal)
{
    list_each_safe(&journal->overflow, link, after)
    {
        struct overflow *waiting = list_item(link, struct overflow, link);
        void *at = ring_claim(journal->ring, waiting->position, waiting->sequence, waiting->size);

        if (at == NULL) {
            return;
        }
        memcpy(at, waiting->bytes, waiting->size);
        ring_commit(journal->ring);
        list_remove(link);
        mem_free(waiting);
    }
}

void journal_flush(struct journal *journal)
{
    struct journals *all = journal->all;

    if (!journal->unflushed) {
        return;
    }
    drain_overflow(journal);
    journal->unflushed = !list_empty(&journal->overflow);
    /* Pairs with the writer's: it says that it sleeps, then looks into the rings once more. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&all->writer_asleep, memory_order_relaxed) &&
        atomic_exchange(&all->writer_asleep, false)) {
        journal_wake(all->writer_fd);
    }
}

void journal_complete(struct journal *journal)
{
    uint64_t counter, written;
    ssize_t got = read(journal->done_fd, &counter, sizeof(counter));

    (void)got; /* Nothing to read is a spurious wake-up. */
    written = atomic_load_explicit(&journal->written_sequence, memory_order_acquire);
    while (!list_empty(&journal->tickets)) {
        struct journal_ticket *ticket =
            list_item(journal->tickets.next, struct journal_ticket, link);

        if (ticket->sequence > written) {
            break;
        }
        list_remove(&ticket->link);
        ticket->on_written(ticket->context, 0);
    }
    journal_flush(journal);
}
