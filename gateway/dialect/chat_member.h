/*
 * chat_member: the members of a chat request that a language may be unable to carry, by the names
 * that docs/dialects.md and the trace tell them by.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_MEMBER_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_MEMBER_H

#include "common/base/attr.h"

/* What a language may be unable to carry: bits of `lost`, by the names that docs/dialects.md has.
 */
enum chat_member {
    MEMBER_TEMPERATURE,
    MEMBER_TOP_P,
    MEMBER_TOP_K,
    MEMBER_MIN_P,
    MEMBER_SEED,
    MEMBER_FREQUENCY_PENALTY,
    MEMBER_PRESENCE_PENALTY,
    MEMBER_REPETITION_PENALTY,
    MEMBER_LOGIT_BIAS,
    MEMBER_LOGPROBS,
    MEMBER_N,
    MEMBER_STOP,
    MEMBER_RESPONSE_FORMAT,
    MEMBER_REASONING,
    MEMBER_TOOL_CHOICE,
    MEMBER_PARALLEL_TOOLS,
    MEMBER_STRICT,
    MEMBER_CACHE,
    MEMBER_IMAGE_DETAIL,
    MEMBER_NAME,
    MEMBER_USER,
    MEMBER_METADATA,
    MEMBER_SERVICE_TIER,
    MEMBER_VERBOSITY,
    MEMBER_SAFETY, /* Gemini's thresholds of what it blocks */
    CHAT_MEMBERS
};
must_use const char *chat_member_name(enum chat_member member); /* "temperature" */

#endif
