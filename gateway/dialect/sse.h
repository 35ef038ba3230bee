/*
 * sse: server-sent events cut out of a stream of bytes (WHATWG HTML, "Server-sent events").
 *
 * Any split of the bytes gives the same frames. Lines end in CR, LF or CRLF (a CR counts once the
 * byte behind it is there); a byte order mark at the begin is dropped; comments are told but carry
 * no data. Bounded: a frame that does not fit is an error of the stream. Knows nothing of what is
 * in the data. One stream, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_SSE_H
#define TOLLGATE_GATEWAY_DIALECT_SSE_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

/* A frame and each of its lines at most. The last one of the Responses API has the whole answer in
 * it. */
#define SSE_FRAME_MAX ((size_t)4 << 20)

struct sse {
    struct span input; /* what was fed and is not yet used; borrowed */
    struct buf held;   /* the begin of a frame whose end has not come; owned */
    size_t held_from;  /* of held: what stands before it is used */
    struct buf joined; /* the data of a frame with several data lines; owned */
    size_t scanned;    /* of the frame being looked for: whole lines up to here */
    size_t text_end;   /* where the last of them ends; 0: none yet */
    bool begun;        /* past the byte order mark */
};

/* Spans live until the next call on the stream. */
struct sse_frame {
    struct span text;  /* all its lines, without the line end of the last */
    struct span data;  /* at == NULL: it had none */
    struct span event; /* the field's value; empty: "message" */
    bool plain;        /* the bytes behind text are "\n\n": text and they are one run */
};

enum sse_outcome {
    SSE_FRAME,
    SSE_MORE,    /* all that was fed is used */
    SSE_TOO_LONG /* for good */
};

must_use struct sse sse_make(void);
void sse_done(struct sse *sse);
/* Empties for the next stream; keeps the memory. */
void sse_reset(struct sse *sse);

/* Hands bytes over; borrowed until sse_next has said SSE_MORE. */
void sse_feed(struct sse *sse, struct span bytes);
must_use enum sse_outcome sse_next(struct sse *sse, struct sse_frame *frame_out);

/* At the end of the stream: a last frame that was never ended by a blank line. The standard drops
 * it; some providers end so. False when nothing is left. */
must_use bool sse_rest(struct sse *sse, struct sse_frame *frame_out);

#endif
