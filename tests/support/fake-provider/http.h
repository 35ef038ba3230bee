/*
 * http: the head of an HTTP/1.1 request, read from bytes; and the head of an answer, written.
 *
 * Pure. Reads what well-behaved clients send (curl, SDKs, the gateway): a Content-Length or no
 * body; a chunked request body is refused.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_HTTP_H
#define TOLLGATE_FAKE_PROVIDER_HTTP_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

#define HTTP_HEADERS_MAX 64
#define HTTP_HEAD_BYTES_MAX 65536
#define HTTP_BODY_BYTES_MAX (32 << 20)

struct http_header {
    struct span name, value;
};

/* All spans borrow the text that was parsed. */
struct http_request {
    struct span method, path, query; /* the query without its question mark */
    struct span body;                /* set by who read it */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
    size_t head_bytes, body_bytes;
    bool keep_alive, expects_continue;
};

enum http_outcome { HTTP_READY, HTTP_MORE, HTTP_BAD, HTTP_TOO_LARGE };

/* Reads a whole head. HTTP_MORE: not all of it is there yet. */
must_use enum http_outcome http_parse_head(struct span text, struct http_request *request_out);

/* The first header of that name, in any case; the empty span when there is none. */
must_use struct span http_header(const struct http_request *request, const char *name);

/* The value of a query parameter, not decoded. */
must_use struct span http_query(const struct http_request *request, const char *name);

/* Resolves %XX, and a plus as a blank where `form` says so, into `at`, which has room for it. */
must_use struct span http_decode(struct span text, bool form, char *at);

#define HTTP_CHUNKED (-1)
/* Status line and headers with the empty line. `extra` is header lines with their CRLFs, or "". */
void http_write_head(struct buf *out, int status, const char *content_type, int64_t content_length,
                     const char *extra);
/* One chunk of a chunked body. Nothing for an empty one, which would end the body. */
void http_write_chunk(struct buf *out, struct span data);
/* The same, but a chunk for every byte. */
void http_write_chunk_per_byte(struct buf *out, struct span data);
void http_write_last_chunk(struct buf *out);

#endif
