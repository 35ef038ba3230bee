/*
 * completions: OpenAI's older completions: which providers have them themselves.
 *
 * All others are asked as chats (completions_client in language.h).
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_COMPLETIONS_H
#define TOLLGATE_GATEWAY_DIALECT_COMPLETIONS_H

#include "common/base/attr.h"
#include "common/base/span.h"

/* What OpenAI generates of a completion that names no cap. */
enum { COMPLETIONS_TOKENS_DEFAULT = 16 };

/* Whether a provider (the catalog's slug, or the name of a server's software) completes prompts
 * with that model: by the providers' own pages. */
must_use bool completions_native(struct span provider, struct span model);

#endif
