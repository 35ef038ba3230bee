/*
 * journals: all journals of one process: the locked folder, the writer, the syncer and the keeper.
 *
 * Three threads serve every worker's journal: the writer does write(2), the syncer fdatasync and
 * publishes the durable position, the keeper makes segments ahead and deletes those that nobody
 * needs. Control thread.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_JOURNALS_H
#define TOLLGATE_GATEWAY_JOURNAL_JOURNALS_H

#include "gateway/journal/journal.h"
#include "gateway/journal/record.h"

struct journals;

struct journals_config {
    const char *root;    /* one folder per gateway below it */
    struct uuid gateway; /* new for every process */
    uint32_t workers;
    size_t segment_bytes; /* at least 1 MiB */
    uint32_t sync_ms;     /* longest wait of a written record for its fdatasync */
    int64_t keep_ms;      /* segments are kept at least that long */
};

/* Makes the folder, locks it, opens a journal per worker with its first segments, starts the
 * threads. 0 or -errno. */
must_use int journals_open(const struct journals_config *config, struct journals **journals_out);
/* Writes and syncs what waits, marks the journals as ended, stops the threads. Workers are gone by
 * then. */
void journals_close(struct journals *journals);

must_use struct journal *journals_of_worker(struct journals *journals, uint32_t worker);
must_use const char *journals_folder(const struct journals *journals);

/* How far another has read: what is behind it may be deleted once it is old enough. Any thread. */
void journals_acked(struct journals *journals, struct uuid journal, struct position position);

/* For metrics: bytes on the journals that are not acked yet, and the age of the oldest written
 * record that is not durable, in ms. Any thread. */
struct journals_state {
    uint64_t depth_bytes;
    int64_t oldest_unsynced_ms;
    uint64_t written_records, syncs;
    bool healthy;
};
void journals_state(struct journals *journals, struct journals_state *state_out);

#endif
