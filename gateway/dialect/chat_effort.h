/*
 * chat_effort: how much a chat asks a model to think, as an effort or as tokens, whichever the
 * client named. Shares of the output cap are OpenRouter's. Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_EFFORT_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_EFFORT_H

#include "gateway/dialect/chat.h"

/* What providers that take a budget of tokens take at least and at most. */
enum { CHAT_BUDGET_MIN = 1024, CHAT_BUDGET_MAX = 128000 };

/* The effort asked for; of a budget in tokens, the one that it is nearest to. */
must_use enum chat_effort chat_effort_of(const struct chat_wish *wish);

/* Tokens to think with, between the two; some of `cap` is left for the answer. */
must_use int64_t chat_effort_budget(const struct chat_wish *wish, int64_t cap);

#endif
