/*
 * fuzz-recovery: a journal of any records, cut or damaged anywhere, is recovered and then read to
 * its end.
 *
 * The input is a list of records (type, event, size, payload) that are written with right
 * checksums, so that what is behind the checksum is reached too; its last two bytes say where a
 * byte is turned.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/recover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENT_BYTES = 256 << 10, RECORDS_MAX = 64 };

static const struct uuid journal = {{1}}, gateway = {{2}};

/* Lays the records out behind the head; returns where they end. */
static size_t lay_out(char *segment, const uint8_t *data, size_t size)
{
    size_t at = SEGMENT_HEAD_BYTES, from = 0;
    uint64_t sequence = 1;

    for (int i = 0; i < RECORDS_MAX && from + 4 < size; i++) {
        size_t payload = (size_t)data[from + 2] | (size_t)data[from + 3] << 8;
        struct record record = {
            (enum record_type)(1 + data[from] % 5), sequence++, {{data[from + 1]}}, {0}};

        from += 4;
        payload = payload > size - from ? size - from : payload;
        if (payload == 0 || payload > RECORD_PAYLOAD_MAX ||
            at + record_bytes(payload) > SEGMENT_BYTES) {
            break;
        }
        record.payload = span_make((const char *)data + from, payload);
        record_encode(&record, journal, segment + at);
        at += record_bytes(payload);
        from += payload;
    }
    return at;
}

static void write_segment(const char *dir, const char *segment)
{
    struct segment_head head = {journal, gateway, 1};
    int fd;

    must(segment_create(dir, &head, SEGMENT_BYTES, &fd) == 0);
    must(pwrite(fd, segment + SEGMENT_HEAD_BYTES, SEGMENT_BYTES - SEGMENT_HEAD_BYTES,
                SEGMENT_HEAD_BYTES) > 0);
    close(fd);
}

static void read_all(const char *dir)
{
    struct cursor *cursor;
    struct record record;
    struct position next;
    enum cursor_outcome outcome;

    must(cursor_open(dir, journal, (struct position){0}, &cursor) == 0);
    do {
        outcome = cursor_next(cursor, &record, &next);
    } while (outcome == CURSOR_RECORD);
    must(outcome == CURSOR_ENDED);
    cursor_close(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/dev/shm/tollgate-fuzz-XXXXXX";
    char *segment = mem_new(SEGMENT_BYTES);
    struct segment_listing listing = {.journal = journal, .first = 1, .last = 1};
    struct recover_counts counts = {0};
    struct adopted adopted = {.lock_fd = -1};
    size_t end = lay_out(segment, data, size);

    log_set_level((enum log_level)(LOG_ALARM + 1));
    if (size > 2) {
        size_t turned = SEGMENT_HEAD_BYTES + ((size_t)data[size - 1] << 8 | data[size - 2]);

        if (turned < end && data[size - 2] != 0) {
            segment[turned] = (char)(segment[turned] ^ data[size - 2]);
        }
    }
    must(mkdtemp(dir) != NULL);
    write_segment(dir, segment);
    must(recover_journal(dir, gateway, &listing, &counts) == 0);
    read_all(dir);
    adopted.folder = mem_strdup(dir);
    {
        char lock[64];

        snprintf(lock, sizeof(lock), "%s/lock", dir);
        close(open(lock, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    must(recover_delete(&adopted, -1));
    mem_free(segment);
    return 0;
}
