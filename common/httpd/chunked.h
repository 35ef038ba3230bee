/*
 * chunked: takes the chunked framing off a request body, strictly (RFC 9112 7.1).
 *
 * Pure, and every split of the bytes gives the same. Extensions are skipped, trailers are refused:
 * nobody who calls this gateway sends them, and they are a way to smuggle.
 */
#ifndef TOLLGATE_COMMON_HTTPD_CHUNKED_H
#define TOLLGATE_COMMON_HTTPD_CHUNKED_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum chunked_state {
    CHUNKED_SIZE_FIRST, /* a hex digit must come */
    CHUNKED_SIZE,
    CHUNKED_EXTENSION,
    CHUNKED_SIZE_LF,
    CHUNKED_DATA,
    CHUNKED_DATA_CR,
    CHUNKED_DATA_LF,
    CHUNKED_END_CR,
    CHUNKED_END_LF,
    CHUNKED_DONE,
    CHUNKED_BROKEN,
};

/* Zero before the first byte. */
struct chunked {
    enum chunked_state state;
    uint32_t line; /* bytes of the size line so far */
    uint64_t left; /* of the chunk */
};

/* Takes framing off the front of `*bytes` up to the next run of data, or the end. Returns that run,
 * of at most `max` bytes (empty when there is none yet), and moves *bytes behind it. Look at
 * `state` when the result is empty: CHUNKED_DONE leaves what follows the body in *bytes,
 * CHUNKED_BROKEN is for good. */
must_use struct span chunked_next(struct chunked *chunked, struct span *bytes, size_t max);

#endif
