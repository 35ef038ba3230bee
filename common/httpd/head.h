/*
 * head: reads the head of an HTTP/1.1 request, strictly (RFC 9112); whatever two readers could
 * understand differently is refused.
 *
 * Pure: no socket, no clock, no memory of its own. What comes out borrows from the bytes that went
 * in, whose header names are brought to lower case in place.
 */
#ifndef TOLLGATE_COMMON_HTTPD_HEAD_H
#define TOLLGATE_COMMON_HTTPD_HEAD_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "common/httpd/httpd.h"

enum { HEAD_HEADERS_MAX = 100, HEAD_METHOD_MAX = 16, HEAD_PATH_MAX = 4096 };

struct head {
    struct span method, path, query; /* path raw, without the query */
    struct httpd_header headers[HEAD_HEADERS_MAX];
    uint32_t header_count;
    int minor;              /* of HTTP/1.x: 0 or 1 */
    int64_t content_length; /* -1: none */
    bool chunked, keep_alive, expect_continue;
};

/* Looks for the end of the head in the first `size` bytes, `*scanned` of which were seen before.
 * The size of the head with its empty line, 0 when more must come, or -1 when a line does not end
 * in CR LF. */
must_use ptrdiff_t head_end(const char *bytes, size_t size, size_t *scanned);

/* Reads one whole head. NULL, or a constant sentence that says what is wrong with it. On an error
 * `head_out` has the path when that much could be read. */
must_use const char *head_parse(char *bytes, size_t size, struct head *head_out);

#endif
