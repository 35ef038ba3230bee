/*
 * record: one journal record and one segment header, as bytes. Pure; used by the writer and by
 * every reader.
 *
 * All numbers are little-endian. A record is 40 bytes of head, the payload, and zeros up to a
 * multiple of 8: crc32c(4) payload size(4) type(1) zeros(7) sequence(8) event id(16) The checksum
 * covers everything behind it, with the journal's id as its seed, so that a block of another file
 * is never taken for one of ours. Sequences are contiguous within a journal. A size of 0 is the
 * end.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_RECORD_H
#define TOLLGATE_GATEWAY_JOURNAL_RECORD_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/span.h"
#include "gateway/journal/journal.h"

enum {
    RECORD_HEAD_BYTES = 40,
    RECORD_PAYLOAD_MAX = 32768,
    RECORD_BYTES_MAX = RECORD_HEAD_BYTES + RECORD_PAYLOAD_MAX,
    SEGMENT_HEAD_BYTES = 64,
};

struct record {
    enum record_type type;
    uint64_t sequence;
    struct uuid event;
    struct span payload; /* borrowed */
};

/* Bytes on disk of a record with that payload. */
must_use size_t record_bytes(size_t payload_bytes);

/* Writes record_bytes() to `at`. */
void record_encode(const struct record *record, struct uuid journal, void *at);

enum record_outcome {
    RECORD_OK,
    RECORD_END,  /* zeros: nothing was written here */
    RECORD_TORN, /* cut, zeroed or flipped: nothing from here on is to be believed */
};

/* Reads the record at the begin of `bytes`, which must carry the sequence `expected` (0: any). */
must_use enum record_outcome record_decode(struct span bytes, struct uuid journal,
                                           uint64_t expected, struct record *record_out,
                                           size_t *bytes_out);

struct segment_head {
    struct uuid journal, gateway;
    uint32_t number; /* from 1 */
};

void segment_head_encode(const struct segment_head *head, void *at);
/* 0, or -EBADMSG. */
must_use int segment_head_decode(struct span bytes, struct segment_head *head_out);

/* A place in a journal, ordered by its packed form. */
struct position {
    uint32_t segment, offset;
};

static inline uint64_t position_pack(struct position position)
{
    return (uint64_t)position.segment << 32 | position.offset;
}

static inline struct position position_unpack(uint64_t packed)
{
    return (struct position){(uint32_t)(packed >> 32), (uint32_t)packed};
}

#endif
