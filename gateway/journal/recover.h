/*
 * recover: what a process that died left behind is brought to an end, by whoever finds its folder
 * unlocked.
 *
 * Every INTENT without a FINAL gets one (outcome crash: the tenant pays nothing, the cost is
 * estimated), then every lease that was opened and not closed gets its close; both in a new
 * segment, synced, and the journal is marked as ended. Running it twice changes nothing. A folder
 * whose lock another process holds is left alone.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_RECOVER_H
#define TOLLGATE_GATEWAY_JOURNAL_RECOVER_H

#include "gateway/journal/segment.h"

/* A folder that this process has taken over; it stays locked until recover_release(). */
struct adopted {
    struct uuid gateway;
    char *folder; /* owned */
    int lock_fd;
};

struct recover_counts {
    uint64_t records, finals, crashed, leases_closed, torn_segments;
};

/* Takes over the next unlocked folder below `root` that is not `self`, starting at *cursor (0
 * first): 1 with `adopted_out` filled and recovered, 0 when there is none left, -errno when one
 * could not be recovered (it is left unlocked, and the next call goes on behind it). */
must_use int recover_next(const char *root, struct uuid self, size_t *cursor,
                          struct adopted *adopted_out, struct recover_counts *counts);
void recover_release(struct adopted *adopted);

/* Brings one journal of a locked folder to its end; what recover_next() does with each. 0 or
 * -errno. */
must_use int recover_journal(const char *dir, struct uuid gateway,
                             const struct segment_listing *listing, struct recover_counts *counts);

/* Deletes a whole adopted folder once every segment is older than keep_ms; true when it is gone.
 * The caller knows that all of it was acked. */
must_use bool recover_delete(struct adopted *adopted, int64_t keep_ms);

#endif
