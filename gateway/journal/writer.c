/*
 * writer: the two threads behind the workers: one writes, one makes it durable.
 *
 * A write that fails is tried again until it succeeds, at the same place with the same bytes;
 * meanwhile the journals are unhealthy and no billable request begins. Nothing that was handed over
 * is ever dropped.
 */
#include <errno.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/journal/journal_private.h"

enum { BATCH = 64, RETRY_MS = 100, IDLE_MS = 1000 };

void journal_wake(int event_fd)
{
    uint64_t one = 1;
    ssize_t put = write(event_fd, &one, sizeof(one));

    (void)put; /* A counter that is full wakes as well. */
}

static void wait_for(int event_fd, int timeout_ms)
{
    struct pollfd poll_fd = {.fd = event_fd, .events = POLLIN};
    uint64_t counter;

    if (poll(&poll_fd, 1, timeout_ms) == 1) {
        ssize_t got = read(event_fd, &counter, sizeof(counter));

        (void)got; /* Nothing to read is a spurious wake-up. */
    }
}

/* How many of the entries lie one behind the other in one segment. */
static size_t contiguous(const struct ring_entry *entries, size_t count)
{
    size_t n = 1;

    while (n < count &&
           entries[n].position == entries[n - 1].position + entries[n - 1].bytes.size) {
        n++;
    }
    return n;
}

/* One write(2) for `count` entries that lie together: 0 or -errno; a short one is written again
 * whole. */
static int write_run(struct journal *journal, const struct ring_entry *entries, size_t count)
{
    struct position place = position_unpack(entries[0].position);
    int fd = atomic_load_explicit(journal_file(journal, place.segment), memory_order_acquire);
    struct iovec parts[BATCH];
    size_t whole = 0;
    ssize_t put;

    for (size_t i = 0; i < count; i++) {
        parts[i].iov_base = (void *)(uintptr_t)entries[i].bytes.at;
        parts[i].iov_len = entries[i].bytes.size;
        whole += entries[i].bytes.size;
    }
    atomic_store_explicit(&journal->all->write_since_ms, clock_mono_ms(), memory_order_relaxed);
    put = count == 1 ? pwrite(fd, entries[0].bytes.at, whole, place.offset)
                     : pwritev(fd, parts, (int)count, place.offset);
    atomic_store_explicit(&journal->all->write_since_ms, 0, memory_order_relaxed);
    if (put == (ssize_t)whole) {
        return 0;
    }
    return put < 0 ? -errno : -EIO;
}

static void note_written(struct journal *journal, const struct ring_entry *last, size_t count)
{
    struct journals *all = journal->all;
    uint64_t before = atomic_load_explicit(&journal->written_sequence, memory_order_relaxed);
    int64_t none = 0;

    atomic_store_explicit(&journal->written, last->position + last->bytes.size,
                          memory_order_release);
    atomic_compare_exchange_strong(&journal->unsynced_since_ms, &none, clock_mono_ms());
    atomic_store_explicit(&journal->written_sequence, last->sequence, memory_order_release);
    atomic_fetch_add_explicit(&all->written_records, count, memory_order_relaxed);
    if (atomic_load_explicit(&journal->ticket_sequence, memory_order_relaxed) > before) {
        journal_wake(journal->done_fd);
    }
    if (atomic_exchange(&all->syncer_asleep, false)) {
        journal_wake(all->syncer_fd);
    }
}

static void note_health(struct journals *all, int error)
{
    bool failing = error < 0;

    if (atomic_exchange(&all->write_failing, failing) == failing) {
        return;
    }
    if (failing) {
        log_event(LOG_ALARM, "journal.write_failed", LOG_S("error", strerror(-error)));
    } else {
        log_event(LOG_INFO, "journal.write_healed");
    }
}

/* Writes what waits in one ring: how many records, or -errno. */
static int write_ring(struct journal *journal)
{
    struct ring_entry entries[BATCH];
    size_t count = ring_peek(journal->ring, entries, BATCH), done = 0;

    while (done < count) {
        size_t run = contiguous(entries + done, count - done);
        int error = write_run(journal, entries + done, run);

        note_health(journal->all, error);
        if (error < 0) {
            ring_release(journal->ring, done);
            return error;
        }
        done += run;
        note_written(journal, &entries[done - 1], run);
    }
    ring_release(journal->ring, count);
    return (int)count;
}

void *journal_writer_run(void *argument)
{
    struct journals *all = argument;
    int idle_rounds = 0;

    for (;;) {
        bool stopping = atomic_load(&all->stopping);
        int wrote = 0;

        for (uint32_t i = 0; i < all->config.workers; i++) {
            int n = write_ring(&all->journal[i]);

            if (n < 0) {
                wait_for(all->writer_fd, RETRY_MS);
            }
            wrote |= n;
        }
        if (wrote != 0) {
            idle_rounds = 0;
            continue;
        }
        if (stopping) {
            break;
        }
        /* First say that we sleep, then look once more: see journal_flush(). */
        atomic_store(&all->writer_asleep, true);
        if (idle_rounds++ > 0) {
            wait_for(all->writer_fd, IDLE_MS);
            atomic_store(&all->writer_asleep, false);
            idle_rounds = 0;
        }
    }
    atomic_store(&all->writer_done, true);
    journal_wake(all->syncer_fd);
    return NULL;
}

static int sync_files(struct journal *journal, uint64_t from, uint64_t to)
{
    struct position first = position_unpack(from), last = position_unpack(to);

    for (uint32_t segment = first.segment; segment <= last.segment; segment++) {
        int fd = atomic_load_explicit(journal_file(journal, segment), memory_order_acquire);

        if (fdatasync(fd) < 0) {
            return -errno;
        }
    }
    return 0;
}

/* Makes what is written durable and publishes it: 1 when there was something, 0, or -errno. */
static int sync_journal(struct journal *journal)
{
    int64_t since = atomic_exchange(&journal->unsynced_since_ms, 0);
    uint64_t written = atomic_load_explicit(&journal->written, memory_order_acquire);
    int error;

    if (written == journal->synced) {
        return 0;
    }
    error = sync_files(journal, journal->synced, written);
    if (error < 0) {
        atomic_store(&journal->unsynced_since_ms, since);
        return error;
    }
    journal->synced = written;
    atomic_store_explicit(journal->durable, written, memory_order_release);
    atomic_fetch_add_explicit(&journal->all->syncs, 1, memory_order_relaxed);
    return 1;
}

static void note_sync(struct journals *all, int error)
{
    bool failing = error < 0;

    if (atomic_exchange(&all->sync_failing, failing) != failing) {
        log_event(failing ? LOG_ALARM : LOG_INFO,
                  failing ? "journal.sync_failed" : "journal.sync_healed",
                  LOG_S("error", failing ? strerror(-error) : ""));
    }
}

void *journal_syncer_run(void *argument)
{
    struct journals *all = argument;

    for (;;) {
        bool last = atomic_load(&all->writer_done);
        int64_t began = clock_mono_ms();
        int synced = 0, error = 0;

        for (uint32_t i = 0; i < all->config.workers; i++) {
            int n = sync_journal(&all->journal[i]);

            error = n < 0 ? n : error;
            synced += n > 0;
        }
        note_sync(all, error);
        if (last && error == 0) {
            return NULL;
        }
        if (synced > 0 || error < 0) {
            int64_t left = error < 0 ? RETRY_MS : all->config.sync_ms - (clock_mono_ms() - began);

            atomic_store(&all->syncer_asleep, false);
            wait_for(all->syncer_fd, left > 0 ? (int)left : 0);
            continue;
        }
        atomic_store(&all->syncer_asleep, true);
        for (uint32_t i = 0; i < all->config.workers; i++) {
            synced += atomic_load(&all->journal[i].written) != all->journal[i].synced;
        }
        if (synced == 0 && !atomic_load(&all->writer_done)) {
            wait_for(all->syncer_fd, IDLE_MS);
        }
    }
}
