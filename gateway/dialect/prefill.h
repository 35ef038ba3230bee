/*
 * prefill: an answer that one provider began and another one is to go on with.
 *
 * The text so far stands at the end of the chat as an assistant's message. No provider takes blanks
 * at its end, so they are left out there, and not told again when the continuation begins with
 * them. Texts are insides of JSON strings. Pure; one request, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_PREFILL_H
#define TOLLGATE_GATEWAY_DIALECT_PREFILL_H

#include "common/base/arena.h"
#include "gateway/dialect/language.h"

struct prefill {
    struct span text;   /* what the provider is told; empty: there is nothing to go on from */
    struct span blanks; /* behind it, and told to the client: what is not yet said again of them */
};

/* Of the whole text so far, which is borrowed. */
must_use struct prefill prefill_make(struct span text);

/* What is new of a text of the continuation, given one after the other. */
must_use struct span prefill_fresh(struct prefill *prefill, struct span text);

/* The chat with the text at its end, behind what the client itself put there as the begin of the
 * answer; without reasoning, which stands before an answer and not in it. False: there is no room
 * for it in the arena. */
must_use bool prefill_chat(const struct chat *chat, struct span text, struct arena *arena,
                           struct chat *chat_out);

/* Whether a model goes on from an assistant's message at the end of a chat. Claude does not from
 * 4.6 on (https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6), and of
 * Bedrock's models only older Claude and Nova are known to. OpenAI's answer anew, with the text so
 * far before them. */
must_use bool prefill_is_taken(const struct upstream_language *language,
                               const struct language_target *target);

#endif
