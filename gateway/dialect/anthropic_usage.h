/*
 * anthropic_usage: Anthropic's usage objects, counted over the events of one answer.
 *
 * input_tokens excludes what was read from and written to the cache; every later figure is
 * cumulative and replaces the earlier one; writes are split by their lifetime where that is told
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching, /streaming). Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_USAGE_H
#define TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_USAGE_H

#include "common/base/json.h"
#include "gateway/dialect/answer.h"

#define USAGE_ANTHROPIC_NORMALISER "anthropic/1"

enum anthropic_count {
    COUNT_INPUT,
    COUNT_OUTPUT,
    COUNT_CACHE_READ,
    COUNT_CACHE_WRITE, /* of every lifetime */
    COUNT_WRITE_5M,
    COUNT_WRITE_1H,
    COUNT_THINKING, /* a part of the output; seldom told */
    COUNT_WEB_SEARCH,
    ANTHROPIC_COUNTS
};

/* `counts` has ANTHROPIC_COUNTS; each is -1: not told, -2: told, and no quantity. */
void anthropic_counts_begin(int64_t *counts);
/* A usage object, or whatever stands there. What it tells replaces what was told. */
void anthropic_counts_read(const struct json_doc *doc, uint32_t node, int64_t *counts);
must_use bool anthropic_counts_told(const int64_t *counts);
/* What message_start says of the output is a token or so, before there is any: no figure to bill
 * by. Forgotten, so that an answer whose message_delta tells none is counted. */
void anthropic_counts_forget_output(int64_t *counts);

/* The meters of it, or quarantined. */
void anthropic_usage_set(const int64_t *counts, struct answer_usage *usage_out);
/* The provider's object into `verbatim`; the members of a second one replace those of the first. */
void anthropic_usage_keep(const struct json_doc *doc, uint32_t node, struct answer_usage *usage);

#endif
