/*
 * answer: invented text, the same for the same seed. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ANSWER_H
#define TOLLGATE_FAKE_PROVIDER_ANSWER_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/span.h"

/* A well mixed number from a seed and an index. */
must_use uint64_t answer_mix(uint64_t seed, uint64_t index);

/* Appends prose of `bytes` bytes, or up to three less so as not to cut a character. */
void answer_prose(uint64_t seed, size_t bytes, struct buf *out);

/* The most bytes up to `bytes` that do not cut a character. */
must_use size_t answer_cut(struct span text, size_t bytes);

/* The size of the piece that is streamed next: a word with what stands before it, never empty
 * while there is text. */
must_use size_t answer_piece(struct span text);

/* Appends a JSON value that satisfies the JSON schema at `schema` (JSON_NONE: an object with a
 * text in it): types, enum, const, properties, items, anyOf, $ref into the same schema, bounded in
 * depth. */
void answer_instance(uint64_t seed, const struct json_doc *doc, uint32_t schema, struct buf *out);

#endif
