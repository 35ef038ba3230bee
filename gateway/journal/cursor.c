/*
 * cursor: see cursor.h. Reads blocks with pread, so that a segment that is deleted or grows
 * meanwhile is no danger.
 */
#include "gateway/journal/cursor.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"

enum { BLOCK_BYTES = 512 << 10 };

struct cursor {
    char *dir;
    struct uuid journal;
    _Atomic uint64_t *durable;
    struct position at;
    uint64_t expected; /* the next sequence; 0: any */
    int fd;            /* of at.segment, or -1 */
    uint32_t file_bytes;
    char *block;
    uint32_t block_offset, block_size; /* what of the segment the block holds */
};

static int find_first(struct cursor *cursor)
{
    struct segment_listing *listings;
    int count, error = -ENOENT;

    listings = mem_array(1024, sizeof(*listings));
    count = segment_list(cursor->dir, listings, 1024);
    for (int i = 0; i < count; i++) {
        if (uuid_equal(listings[i].journal, cursor->journal) && listings[i].first != 0) {
            cursor->at = (struct position){listings[i].first, SEGMENT_HEAD_BYTES};
            error = 0;
        }
    }
    mem_free(listings);
    return count < 0 ? count : error;
}

int cursor_open(const char *dir, struct uuid journal, struct position from,
                struct cursor **cursor_out)
{
    struct cursor *cursor = mem_new(sizeof(*cursor));
    int error;

    cursor->dir = mem_strdup(dir);
    cursor->journal = journal;
    cursor->at = from;
    cursor->fd = -1;
    cursor->block = mem_new(BLOCK_BYTES);
    error = segment_map_durable(dir, journal, false, &cursor->durable);
    if (error == 0 && from.segment == 0) {
        error = find_first(cursor);
    }
    if (error < 0) {
        cursor_close(cursor);
        return error;
    }
    *cursor_out = cursor;
    return 0;
}

static void leave_segment(struct cursor *cursor)
{
    if (cursor->fd >= 0) {
        close(cursor->fd);
    }
    cursor->fd = -1;
    cursor->block_size = 0;
}

void cursor_close(struct cursor *cursor)
{
    if (cursor == NULL) {
        return;
    }
    leave_segment(cursor);
    segment_unmap_durable(cursor->durable);
    mem_free(cursor->block);
    mem_free(cursor->dir);
    mem_free(cursor);
}

uint64_t cursor_behind(const struct cursor *cursor)
{
    struct position end = position_unpack(atomic_load(cursor->durable));

    if (position_pack(end) <= position_pack(cursor->at)) {
        return 0;
    }
    return (uint64_t)(end.segment - cursor->at.segment) * cursor->file_bytes + end.offset -
           (end.segment == cursor->at.segment ? cursor->at.offset : 0);
}

static bool ended(const struct cursor *cursor)
{
    char path[SEGMENT_PATH_MAX];

    segment_side_path(cursor->dir, cursor->journal, "ended", path);
    return access(path, F_OK) == 0;
}

static int enter_segment(struct cursor *cursor)
{
    struct stat about;
    int error = segment_open(cursor->dir, cursor->journal, cursor->at.segment, &cursor->fd);

    if (error < 0) {
        cursor->fd = -1;
        return error;
    }
    if (fstat(cursor->fd, &about) < 0) {
        return -errno;
    }
    cursor->file_bytes = (uint32_t)about.st_size;
    cursor->block_size = 0;
    return 0;
}

/* The bytes from the cursor on, up to `end` of the segment; at least a whole record where there is
 * one. */
static int look(struct cursor *cursor, uint32_t end, struct span *bytes_out)
{
    uint32_t have_end = cursor->block_offset + cursor->block_size;
    uint32_t want = end - cursor->at.offset;

    if (want > RECORD_BYTES_MAX) {
        want = RECORD_BYTES_MAX;
    }
    if (cursor->block_size == 0 || cursor->at.offset < cursor->block_offset ||
        cursor->at.offset + want > have_end) {
        uint32_t size = end - cursor->at.offset;
        ssize_t got;

        size = size > BLOCK_BYTES ? BLOCK_BYTES : size;
        got = pread(cursor->fd, cursor->block, size, cursor->at.offset);
        if (got < 0) {
            return -errno;
        }
        cursor->block_offset = cursor->at.offset;
        cursor->block_size = (uint32_t)got;
    }
    *bytes_out = span_make(cursor->block + (cursor->at.offset - cursor->block_offset),
                           cursor->block_size - (cursor->at.offset - cursor->block_offset));
    return 0;
}

/* The rest of this segment holds nothing to be believed, and a later one is published: goes there.
 */
static void next_segment(struct cursor *cursor)
{
    leave_segment(cursor);
    cursor->at = (struct position){cursor->at.segment + 1, SEGMENT_HEAD_BYTES};
}

enum cursor_outcome cursor_next(struct cursor *cursor, struct record *record_out,
                                struct position *next_out)
{
    for (;;) {
        struct position end =
            position_unpack(atomic_load_explicit(cursor->durable, memory_order_acquire));
        struct span bytes;
        size_t size;
        enum record_outcome outcome;
        int error;

        if (position_pack(cursor->at) >= position_pack(end)) {
            return ended(cursor) && atomic_load(cursor->durable) == position_pack(end)
                       ? CURSOR_ENDED
                       : CURSOR_WAIT;
        }
        error = cursor->fd < 0 ? enter_segment(cursor) : 0;
        if (error == -EBADMSG && cursor->at.segment < end.segment) {
            /* Its maker died before the head was written, so nothing else was either. Had there
             * been records, the next ones would not fit behind ours. */
            next_segment(cursor);
            continue;
        }
        if (error < 0) {
            errno = -error;
            return error == -ENOENT || error == -EBADMSG ? CURSOR_GAP : CURSOR_ERROR;
        }
        error = look(cursor, end.segment == cursor->at.segment ? end.offset : cursor->file_bytes,
                     &bytes);
        if (error < 0) {
            errno = -error;
            return CURSOR_ERROR;
        }
        outcome = record_decode(bytes, cursor->journal, cursor->expected, record_out, &size);
        if (outcome == RECORD_OK) {
            cursor->at.offset += (uint32_t)size;
            cursor->expected = record_out->sequence + 1;
            *next_out = cursor->at;
            return CURSOR_RECORD;
        }
        if (end.segment == cursor->at.segment) {
            return CURSOR_GAP;
        }
        next_segment(cursor);
    }
}
