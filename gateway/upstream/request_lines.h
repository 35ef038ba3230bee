/*
 * request_lines: the header lines of one request, in front of those that its origin sends with
 * every one. Private to gateway/upstream.
 *
 * Made without an allocation once the call that keeps them has been used before: lines that are
 * constants are pointed to, the others are written one behind the other into one buffer.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_REQUEST_LINES_H
#define TOLLGATE_GATEWAY_UPSTREAM_REQUEST_LINES_H

#include "common/base/buf.h"
#include "gateway/upstream/origin.h"

enum { REQUEST_LINES_MAX = 24, REQUEST_LINES_BYTES_MAX = 32 << 10 };

/* Kept by a call. */
struct request_lines {
    struct buf text;
    struct curl_slist
        nodes[REQUEST_LINES_MAX]; /* of them `count`, the last leads to the origin's */
    uint32_t count;
};

/* The lines of `request` to `path` of `origin`, valid until the next of the same `lines` are made;
 * what they point to (constants, the origin) has to stay that long. `lines->text` is a buffer of
 * REQUEST_LINES_BYTES_MAX; `wall_s` (Unix seconds) stands in signatures. NULL: they are too many or
 * too long, or cannot be signed. */
must_use struct curl_slist *request_lines_make(struct request_lines *lines,
                                               const struct upstream_request *request,
                                               const struct origin *origin,
                                               const struct origin_path *path, int64_t wall_s);

#endif
