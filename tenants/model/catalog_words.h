/*
 * catalog_words: the closed vocabularies of a catalog, each an enum with its names.
 *
 * The names are what stands in the file, in the database and in messages. Meters and modes are
 * those of meter.h.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_WORDS_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_WORDS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum catalog_kind {
    CATALOG_CHAT,
    CATALOG_EMBEDDING,
    CATALOG_RERANK,
    CATALOG_MODERATION,
    CATALOG_IMAGE,
    CATALOG_SPEECH,
    CATALOG_TRANSCRIPTION,
    CATALOG_VIDEO,
    CATALOG_REALTIME,
    CATALOG_SPECIALIST,
    CATALOG_OTHER,
    CATALOG_KIND_COUNT,
};

enum catalog_dialect {
    CATALOG_OPENAI,
    CATALOG_OPENAI_COMPATIBLE,
    CATALOG_AZURE_OPENAI,
    CATALOG_ANTHROPIC,
    CATALOG_VERTEX_ANTHROPIC,
    CATALOG_GEMINI,
    CATALOG_VERTEX_GEMINI,
    CATALOG_BEDROCK_CONVERSE,
    CATALOG_BEDROCK_OPENAI_RESPONSES,
    CATALOG_COHERE_V2,
    CATALOG_DIALECT_COUNT,
};

/* How a credential is sent: "Authorization: Bearer", "api-key:", "x-api-key:", "x-goog-api-key:",
 * AWS signature version 4, or a bearer token got by OAuth 2. */
enum catalog_auth {
    CATALOG_BEARER,
    CATALOG_API_KEY,
    CATALOG_X_API_KEY,
    CATALOG_X_GOOG_API_KEY,
    CATALOG_SIGV4,
    CATALOG_OAUTH,
    CATALOG_AUTH_COUNT,
};

enum catalog_status { CATALOG_STABLE, CATALOG_BETA, CATALOG_DEPRECATED, CATALOG_STATUS_COUNT };

/* Why a deployment is kept from sale until an operator releases it. */
enum catalog_reason {
    CATALOG_PRICE_SPREAD,         /* hosts of one model differ by more than 3 times */
    CATALOG_MISSING_OUTPUT_PRICE, /* a kind that writes text, without a price for it */
    CATALOG_MISSING_METER,        /* priced, but not in a meter that its kind is counted by */
    CATALOG_REASON_COUNT,
};

/* One vocabulary: names[word] for each word below count. */
struct catalog_words {
    const char *what; /* "kind": for messages */
    const char *const *names;
    unsigned count;
};

extern const struct catalog_words catalog_kinds, catalog_dialects, catalog_auths, catalog_statuses,
    catalog_reasons;

must_use const char *catalog_word(const struct catalog_words *words, unsigned word);
/* The word, or words->count for a name that is none. */
must_use unsigned catalog_word_of(const struct catalog_words *words, struct span name);

#endif
