/*
 * event_stream: messages cut out of a stream of bytes in AWS's binary framing
 * (application/vnd.amazon.eventstream).
 *
 * A message: total size, size of its headers, CRC-32 of these eight bytes, headers, payload, CRC-32
 * of all before it; numbers are big-endian. Any split of the bytes gives the same messages.
 * Bounded: what does not fit, or whose checksums are wrong, breaks the stream for good. Knows
 * nothing of what is in a payload. One stream, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_EVENT_STREAM_H
#define TOLLGATE_GATEWAY_DIALECT_EVENT_STREAM_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

/* A message and all of its headers at most; AWS itself allows 24 MiB and 128 KiB. */
#define EVENT_STREAM_MESSAGE_MAX ((size_t)1 << 20)
#define EVENT_STREAM_HEADERS_MAX ((size_t)16 << 10)

struct event_stream {
    struct span input; /* what was fed and is not yet used; borrowed */
    struct buf held;   /* the begin of a message whose end has not come; owned */
    bool told;         /* held is a message that the caller has seen */
    bool broken;
};

enum event_stream_kind {
    EVENT_STREAM_EVENT,     /* also when it has no :message-type */
    EVENT_STREAM_EXCEPTION, /* an error that the service's model has */
    EVENT_STREAM_ERROR      /* one that it has not */
};

/* Spans live until the next call on the stream. */
struct event_stream_frame {
    enum event_stream_kind kind;
    /* :event-type or :exception-type; "error" for an error: what a language's read_frame wants. */
    struct span event;
    struct span data;         /* the payload; of an error :error-message, plain text */
    struct span code;         /* of an error :error-code */
    struct span content_type; /* :content-type; may be empty */
};

enum event_stream_outcome {
    EVENT_STREAM_FRAME,
    EVENT_STREAM_MORE,  /* all that was fed is used */
    EVENT_STREAM_BROKEN /* for good: a checksum, a size or a header is wrong */
};

must_use struct event_stream event_stream_make(void);
void event_stream_done(struct event_stream *stream);
/* Empties for the next stream; keeps the memory. */
void event_stream_reset(struct event_stream *stream);

/* Hands bytes over; borrowed until event_stream_next has said EVENT_STREAM_MORE. */
void event_stream_feed(struct event_stream *stream, struct span bytes);
must_use enum event_stream_outcome event_stream_next(struct event_stream *stream,
                                                     struct event_stream_frame *frame_out);

/* Behind the last byte: whether the stream ended inside of a message. */
must_use bool event_stream_is_cut(const struct event_stream *stream);

#endif
