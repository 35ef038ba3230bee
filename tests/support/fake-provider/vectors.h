/*
 * vectors: embeddings of length one, the same for the same text; and base64. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_VECTORS_H
#define TOLLGATE_FAKE_PROVIDER_VECTORS_H

#include "common/base/buf.h"
#include "common/base/span.h"

/* Appends the text's vector, as JSON numbers in brackets or as base64 of its 32-bit floats. */
void vector_write(struct span text, size_t dimensions, struct buf *out);
void vector_write_base64(struct span text, size_t dimensions, struct buf *out);

/* Appends RFC 4648 base64 with padding. */
void base64_write(const void *data, size_t size, struct buf *out);

#endif
