/*
 * usage: a provider's usage object, normalised once, into meters.
 *
 * Pure. What cannot be is quarantined, never guessed: see docs/billing.md, "Normalise usage before
 * rating".
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_USAGE_H
#define TOLLGATE_GATEWAY_DIALECT_USAGE_H

#include "common/base/attr.h"
#include "common/base/json.h"
#include "gateway/dialect/answer.h"

/* The version stands in each event, so that billing can normalise again. */
#define USAGE_OPENAI_NORMALISER "openai/1"
#define USAGE_RESPONSES_NORMALISER "responses/1"

/* Tokens of one class in one answer; more is a provider's mistake. */
#define USAGE_QUANTITY_MAX INT64_C(10000000)

/* A member that is a quantity, in any language's usage: -1 when it is not told. False: told, and no
 * quantity. 12.0 is whole. */
must_use bool usage_read_count(const struct json_doc *doc, uint32_t object, const char *name,
                               int64_t *count_out);

/* Fills *usage_out: good with these meters, or quarantined when `why` is not NULL; `raw`, the
 * provider's own object, is kept where it fits. Leaves `shown` as it is. */
void usage_keep(const struct meters *meters, const char *why, struct span raw,
                struct answer_usage *usage_out);

/* Where a chunk or whole answer of the OpenAI dialect tells usage: `usage`, else Groq's
 * x_groq.usage, Moonshot's choices[].usage, llama.cpp's timings. JSON_NONE: nowhere. */
must_use uint32_t usage_find_openai(const struct json_doc *doc);

/* Reads a usage object (or whatever stands there) of the OpenAI dialect and of those compatible
 * with it: prompt_tokens includes cached ones; reasoning is inside completion_tokens unless the
 * total says that it is not (xAI), or it stands beside it (Perplexity). `has_output` false:
 * embeddings. The last one read wins whole. */
void usage_read_openai(const struct json_doc *doc, uint32_t node, bool has_output,
                       struct answer_usage *usage_out);

/* The same of OpenAI's Responses API, which says input_tokens and output_tokens. */
void usage_read_responses(const struct json_doc *doc, uint32_t node,
                          struct answer_usage *usage_out);

#endif
