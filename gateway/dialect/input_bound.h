/*
 * input_bound: how many tokens a request's input can have at most, whatever the vocabulary.
 *
 * Pure. For reserving, never for billing.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_INPUT_BOUND_H
#define TOLLGATE_GATEWAY_DIALECT_INPUT_BOUND_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/json.h"
#include "gateway/dialect/ask.h"

/* Tokens of one inline image: gpt-4o-mini's 2,833 + 8 tiles of 5,667 are the most that is known. */
#define INPUT_BOUND_IMAGE_TOKENS 50000
/* Base64 characters per token of inline audio: 32 tokens a second at 6 kbit/s would be 31. */
#define INPUT_BOUND_AUDIO_BYTES 8

/* One token per byte of the body, its inline images and audio by their own bounds. *open_out is set
 * when a part is only named (a URL, a file id), so that nothing but the context limit bounds it. */
must_use uint64_t input_bound_tokens(enum ask_kind kind, const struct json_doc *doc,
                                     bool *open_out);

#endif
