/*
 * testing_event_stream: messages of AWS's event stream, written for tests.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_EVENT_STREAM_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_EVENT_STREAM_H

#include "common/base/buf.h"
#include "common/base/digest.h"

static inline void add_number(struct buf *out, size_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_add_byte(out, (char)(number >> (8 * i) & 255));
}

static inline void add_header(struct buf *out, const char *name, const char *value)
{
    add_number(out, strlen(name), 1);
    buf_add_string(out, name);
    add_number(out, 7, 1);
    add_number(out, strlen(value), 2);
    buf_add_string(out, value);
}

/* Headers are bytes as they stand in a message. */
static inline void add_message(struct buf *out, struct span headers, struct span payload)
{
    size_t from = out->size;

    add_number(out, headers.size + payload.size + 16, 4);
    add_number(out, headers.size, 4);
    add_number(out, digest_crc32(0, out->at + from, 8), 4);
    buf_add_span(out, headers);
    buf_add_span(out, payload);
    add_number(out, digest_crc32(0, out->at + from, out->size - from), 4);
}

/* kind: "event" or "exception". */
static inline void add_event(struct buf *out, const char *kind, const char *type,
                             const char *payload)
{
    struct buf headers = buf_make(4096);

    add_header(&headers, strcmp(kind, "event") == 0 ? ":event-type" : ":exception-type", type);
    add_header(&headers, ":content-type", "application/json");
    add_header(&headers, ":message-type", kind);
    add_message(out, buf_span(&headers), span_of(payload));
    buf_done(&headers);
}

#endif
