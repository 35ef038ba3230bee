/*
 * gemini_usage: Gemini's usageMetadata, normalised once, into meters.
 *
 * Follows https://ai.google.dev/api/generate-content#UsageMetadata. Pure. What cannot be is
 * quarantined, never guessed: see docs/billing.md, "Normalise usage before rating".
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_GEMINI_USAGE_H
#define TOLLGATE_GATEWAY_DIALECT_GEMINI_USAGE_H

#include "common/base/json.h"
#include "gateway/dialect/answer.h"

#define USAGE_GEMINI_NORMALISER "gemini/1"

/* Reads a usageMetadata object: promptTokenCount includes the cached tokens, thoughts stand outside
 * of the candidates, and what a hosted tool put into the prompt outside of both. Each one that came
 * replaces the one before it whole. Where something was written (`wrote`), but no generated token
 * is told yet, as in the midst of a stream, nothing is set: missing is not 0. */
void usage_read_gemini(const struct json_doc *doc, uint32_t node, bool wrote,
                       struct answer_usage *usage_out);

#endif
