/*
 * journals: opening, closing and watching all journals of one process. See journals.h.
 */
#include "gateway/journal/journals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/journal/journal_private.h"

static int event_fd_new(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    must(fd >= 0);
    return fd;
}

static int open_journal(struct journals *all, struct journal *journal)
{
    int error;

    journal->all = all;
    journal->id = uuid_new();
    journal->at = (struct position){1, SEGMENT_HEAD_BYTES};
    journal->sequence = 1;
    journal->open = map_new(256);
    list_init(&journal->tickets);
    list_init(&journal->overflow);
    journal->ring = ring_new(JOURNAL_RING_BYTES);
    journal->done_fd = event_fd_new();
    for (int i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
        atomic_init(&journal->files[i], -1);
    }
    atomic_store(&journal->segment_first, 1);
    atomic_store(&journal->written, position_pack(journal->at));
    journal->synced = position_pack(journal->at);
    atomic_store(&journal->wanted_bytes, all->config.segment_bytes);
    error = segment_map_durable(all->folder, journal->id, true, &journal->durable);
    for (int i = 0; error == 0 && i < 2; i++) {
        error = journal_keeper_extend(journal);
    }
    if (error == 0) {
        atomic_store(journal->durable, journal->synced);
    }
    return error;
}

static void free_journal(struct journal *journal)
{
    size_t cursor = 0;
    struct span key;
    void *value;

    if (journal->all == NULL) {
        return;
    }
    while (map_next(journal->open, &cursor, &key, &value)) {
        mem_free(value);
    }
    map_free(journal->open);
    list_each_safe(&journal->overflow, link, after)
    {
        mem_free(list_item(link, struct overflow, link));
    }
    ring_free(journal->ring);
    segment_unmap_durable(journal->durable);
    for (int i = 0; i < JOURNAL_SEGMENTS_MAX; i++) {
        int fd = atomic_load(&journal->files[i]);

        if (fd >= 0) {
            close(fd);
        }
    }
    close(journal->done_fd);
}

static void free_all(struct journals *all)
{
    for (uint32_t i = 0; i < all->config.workers; i++) {
        free_journal(&all->journal[i]);
    }
    file_close_at(&all->lock_fd);
    close(all->writer_fd);
    close(all->syncer_fd);
    close(all->keeper_fd);
    mem_free(all->journal);
    mem_free(all->folder);
    mem_free(all);
}

int journals_open(const struct journals_config *config, struct journals **journals_out)
{
    struct journals *all = mem_new(sizeof(*all));
    char gateway[UUID_TEXT_SIZE];
    int error;

    must(config->workers > 0 && config->segment_bytes >= 1 << 20 &&
         config->segment_bytes < UINT32_MAX);
    all->config = *config;
    all->lock_fd = -1;
    all->writer_fd = event_fd_new();
    all->syncer_fd = event_fd_new();
    all->keeper_fd = event_fd_new();
    all->journal = mem_array(config->workers, sizeof(*all->journal));
    uuid_format(config->gateway, gateway);
    all->folder = mem_printf("%s/%s", config->root, gateway);
    error = file_make_directory(all->folder, 0700);
    if (error == 0) {
        error = file_lock_directory(all->folder, &all->lock_fd);
    }
    for (uint32_t i = 0; error == 0 && i < config->workers; i++) {
        error = open_journal(all, &all->journal[i]);
    }
    if (error < 0) {
        free_all(all);
        return error;
    }
    thread_start(&all->writer, "journal-writer", journal_writer_run, all);
    thread_start(&all->syncer, "journal-syncer", journal_syncer_run, all);
    thread_start(&all->keeper, "journal-keeper", journal_keeper_run, all);
    *journals_out = all;
    return 0;
}

/* A journal that ended cleanly says so: there is nothing to recover, and readers know when they are
 * through. */
static void mark_ended(struct journals *all, struct journal *journal)
{
    char path[SEGMENT_PATH_MAX];

    if (map_size(journal->open) > 0) {
        return; /* Recovery gives those their FINAL. */
    }
    segment_side_path(all->folder, journal->id, "ended", path);
    if (file_write_atomic(path, span_of("ended\n"), 0600) < 0) {
        return; /* Then recovery finds it whole and says it. */
    }
}

void journals_close(struct journals *all)
{
    if (all == NULL) {
        return;
    }
    for (uint32_t i = 0; i < all->config.workers; i++) {
        while (!list_empty(&all->journal[i].overflow)) {
            all->journal[i].unflushed = true;
            journal_flush(&all->journal[i]);
        }
    }
    atomic_store(&all->stopping, true);
    journal_wake(all->writer_fd);
    journal_wake(all->keeper_fd);
    pthread_join(all->writer, NULL);
    pthread_join(all->syncer, NULL);
    pthread_join(all->keeper, NULL);
    for (uint32_t i = 0; i < all->config.workers; i++) {
        mark_ended(all, &all->journal[i]);
    }
    free_all(all);
}

struct journal *journals_of_worker(struct journals *journals, uint32_t worker)
{
    must(worker < journals->config.workers);
    return &journals->journal[worker];
}

const char *journals_folder(const struct journals *journals)
{
    return journals->folder;
}

void journals_acked(struct journals *journals, struct uuid id, struct position position)
{
    for (uint32_t i = 0; i < journals->config.workers; i++) {
        struct journal *journal = &journals->journal[i];

        if (uuid_equal(journal->id, id)) {
            atomic_store(&journal->acked, position_pack(position));
        }
    }
}

/* Bytes between two places, whole segments counted whole. */
static uint64_t distance(const struct journals *journals, uint64_t from, uint64_t to)
{
    struct position a = position_unpack(from), b = position_unpack(to);

    if (from >= to) {
        return 0;
    }
    if (a.segment == 0) {
        a = (struct position){1, SEGMENT_HEAD_BYTES};
    }
    return (uint64_t)(b.segment - a.segment) * journals->config.segment_bytes + b.offset - a.offset;
}

void journals_state(struct journals *journals, struct journals_state *state_out)
{
    int64_t now = clock_mono_ms();

    *state_out = (struct journals_state){
        .written_records = atomic_load(&journals->written_records),
        .syncs = atomic_load(&journals->syncs),
        .healthy = journal_healthy(&journals->journal[0]),
    };
    for (uint32_t i = 0; i < journals->config.workers; i++) {
        struct journal *journal = &journals->journal[i];
        int64_t since = atomic_load(&journal->unsynced_since_ms);

        state_out->depth_bytes +=
            distance(journals, atomic_load(&journal->acked), atomic_load(&journal->written));
        if (since != 0 && now - since > state_out->oldest_unsynced_ms) {
            state_out->oldest_unsynced_ms = now - since;
        }
    }
}
