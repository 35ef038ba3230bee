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

/* Reads a usage object (or whatever stands there) of the OpenAI dialect and of those compatible
 * with it: prompt_tokens includes cached ones; reasoning is inside completion_tokens unless the
 * total says that it is not (xAI). `has_output` false: embeddings. The last one read wins whole. */
void usage_read_openai(const struct json_doc *doc, uint32_t node, bool has_output,
                       struct answer_usage *usage_out);

#endif
