/*
 * buf: a growing run of bytes that is born with its maximum.
 *
 * Appending past the maximum writes nothing, returns -EMSGSIZE and marks the buffer, so that a
 * chain of appends may be checked once at its end (buf_failed). Owns its bytes; one thread.
 */
#ifndef TOLLGATE_COMMON_BASE_BUF_H
#define TOLLGATE_COMMON_BASE_BUF_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct buf {
    char *at; /* NUL-terminated when not NULL */
    size_t size;
    size_t capacity;
    size_t max;
    bool failed;
};

/* An empty buffer; allocates on the first append. */
must_use struct buf buf_make(size_t max_bytes);
void buf_done(struct buf *buf);

/* Empties, keeps the memory, clears the mark. */
void buf_clear(struct buf *buf);

/* All return 0 or -EMSGSIZE; the result may be dropped in favour of buf_failed(). */
int buf_add(struct buf *buf, const void *bytes, size_t size);
int buf_add_span(struct buf *buf, struct span text);
int buf_add_string(struct buf *buf, const char *s);
int buf_add_byte(struct buf *buf, char byte);
int buf_add_int64(struct buf *buf, int64_t value);
int buf_printf(struct buf *buf, const char *format, ...) printf_like(2, 3);

/* Room for `size` more bytes, to be written by the caller and told by buf_grew(). NULL past max. */
must_use char *buf_reserve(struct buf *buf, size_t size);
void buf_grew(struct buf *buf, size_t size);

/* Drops the first `size` bytes. */
void buf_consume(struct buf *buf, size_t size);

must_use bool buf_failed(const struct buf *buf);
must_use struct span buf_span(const struct buf *buf);

/* The bytes with a NUL behind them, now owned by the caller; the buffer is empty again. */
must_use char *buf_take(struct buf *buf);

#endif
