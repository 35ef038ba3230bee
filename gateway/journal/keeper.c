/*
 * keeper: the thread that makes segments before they are needed and deletes those that nobody needs
 * any more.
 *
 * A segment goes when no open INTENT stands in it, everything in it is acked by whoever reads the
 * journal, and it is older than keep_ms. Only the gateway deletes; readers never do.
 */
#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "gateway/journal/journal_private.h"

enum { ROUND_MS = 200, FULL_RETRY_MS = 1000 };

int journal_keeper_extend(struct journal *journal)
{
    uint32_t number = atomic_load(&journal->segment_last) + 1;
    struct segment_head head = {journal->id, journal->all->config.gateway, number};
    int fd, error;

    if (number - atomic_load(&journal->segment_first) >= JOURNAL_SEGMENTS_MAX - 1) {
        return -ENOSPC;
    }
    error = segment_create(journal->all->folder, &head, journal->all->config.segment_bytes, &fd);
    if (error < 0) {
        return error;
    }
    atomic_store(journal_file(journal, number), fd);
    atomic_store_explicit(&journal->segment_last, number, memory_order_release);
    return 0;
}

static void note_disk(struct journals *all, int error)
{
    bool full = error < 0;

    if (atomic_exchange(&all->disk_full, full) == full) {
        return;
    }
    if (full) {
        log_event(LOG_ALARM, "journal.no_room", LOG_S("error", strerror(-error)));
    } else {
        log_event(LOG_INFO, "journal.room_again");
    }
}

/* Makes segments until the room that the worker wants is ahead of what is written. */
static int keep_ahead(struct journal *journal)
{
    for (;;) {
        struct position at = position_unpack(atomic_load(&journal->written));
        uint64_t spare = atomic_load(&journal->segment_last) - at.segment;
        int error;

        if (spare * journal_usable_bytes(journal->all) >= atomic_load(&journal->wanted_bytes)) {
            return 0;
        }
        error = journal_keeper_extend(journal);
        if (error < 0) {
            return error;
        }
    }
}

static bool old_enough(const struct journals *all, const char *path)
{
    struct stat about;

    if (stat(path, &about) < 0) {
        return errno == ENOENT;
    }
    return clock_wall_ms() - (int64_t)about.st_mtim.tv_sec * 1000 > all->config.keep_ms;
}

static void drop_old(struct journal *journal)
{
    uint32_t durable = position_unpack(atomic_load(journal->durable)).segment;
    uint32_t acked = position_unpack(atomic_load(&journal->acked)).segment;
    uint32_t until = acked < durable ? acked : durable;
    uint32_t first = atomic_load(&journal->segment_first);
    char path[SEGMENT_PATH_MAX];

    for (; first < until; first++) {
        segment_path(journal->all->folder, journal->id, first, path);
        if (atomic_load(&journal->intents[first % JOURNAL_SEGMENTS_MAX]) != 0 ||
            !old_enough(journal->all, path)) {
            break;
        }
        if (unlink(path) < 0 && errno != ENOENT) {
            log_event(LOG_WARN, "journal.unlink_failed", LOG_S("error", strerror(errno)));
            break;
        }
        close(atomic_exchange(journal_file(journal, first), -1));
    }
    atomic_store(&journal->segment_first, first);
}

void *journal_keeper_run(void *argument)
{
    struct journals *all = argument;

    while (!atomic_load(&all->stopping)) {
        struct pollfd poll_fd = {.fd = all->keeper_fd, .events = POLLIN};
        uint64_t counter;
        int error = 0;

        for (uint32_t i = 0; i < all->config.workers; i++) {
            int one = keep_ahead(&all->journal[i]);

            error = one < 0 ? one : error;
            drop_old(&all->journal[i]);
        }
        note_disk(all, error);
        if (poll(&poll_fd, 1, error < 0 ? FULL_RETRY_MS : ROUND_MS) == 1) {
            ssize_t got = read(all->keeper_fd, &counter, sizeof(counter));

            (void)got; /* Nothing to read is a spurious wake-up. */
        }
    }
    return NULL;
}
