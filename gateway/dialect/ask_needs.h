/*
 * ask_needs: what a deployment must be able to do for a request: media it takes, tools, schemas.
 *
 * From the scan of the body, in the dialect of its path; what is not recognised is not asked for.
 * Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_NEEDS_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_NEEDS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/dialect/ask.h"

struct ask_needs {
    uint8_t input; /* 1 << enum modality of gateway/snapshot/abilities.h */
    uint8_t can;   /* 1 << enum ability */
};
/* Of chats; of all else nothing. */
must_use struct ask_needs ask_needs_of(enum ask_kind kind, const struct json_doc *doc);

/* A number that all requests of one conversation share: of its system prompt and its first message
 * of a user, or of the first part of a prompt. The same at every gateway. */
must_use uint64_t ask_conversation(const struct json_doc *doc);
/* Likewise of a session's name. */
must_use uint64_t ask_hash(struct span text);

#endif
