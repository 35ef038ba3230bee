/*
 * cursor: reads one journal, record by record, up to its published durable position.
 *
 * Used by the shipper (its own process's journals and adopted ones) and by billing in embedded mode
 * (another process, maybe another user with read access). Never writes. One thread.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_CURSOR_H
#define TOLLGATE_GATEWAY_JOURNAL_CURSOR_H

#include "gateway/journal/segment.h"

struct cursor;

enum cursor_outcome {
    CURSOR_RECORD,
    CURSOR_WAIT,  /* nothing more is durable now */
    CURSOR_ENDED, /* all was read and there will be no more */
    CURSOR_GAP,   /* what should be there is not, or is damaged: stop and alarm */
    CURSOR_ERROR, /* the file system failed; errno tells */
};

/* Opens the journal in folder `dir` at `from`; segment 0 means the oldest that is there. 0 or
 * -errno. */
must_use int cursor_open(const char *dir, struct uuid journal, struct position from,
                         struct cursor **cursor_out);
void cursor_close(struct cursor *cursor);

/* The next record; its payload is borrowed until the next call. next_out is the position behind it:
 * what to store once the record is taken care of. */
must_use enum cursor_outcome cursor_next(struct cursor *cursor, struct record *record_out,
                                         struct position *next_out);

/* Bytes between the cursor and the durable position, whole segments counted whole. */
must_use uint64_t cursor_behind(const struct cursor *cursor);

#endif
