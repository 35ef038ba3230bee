/*
 * override: a body of a chat with what a preset's target changes in it (`override_params` of
 * docs/presets.md), in the dialect that it came in.
 *
 * What comes out is read as if the client had sent it. Pure. What a dialect has no member for is
 * left out:
 *
 *   OpenAI's chats      `system` instead of the system and developer messages that come first;
 *                       `max_tokens` as whichever of max_tokens and max_completion_tokens stands
 *                       there, else the latter; all else by its name, and with
 *                       `reasoning_effort` no `reasoning` and no `thinking`
 *   Responses           `instructions`, and no system and developer messages in front of `input`;
 *                       `max_output_tokens`, `temperature`, `top_p`, `reasoning.effort`
 *   Messages            `system`, `max_tokens`, `temperature` (at most 1), `top_p`,
 *                       `stop_sequences`, `output_config.effort` ("minimal" is "low", "none" turns
 *                       `thinking` off)
 *   generateContent     `systemInstruction`, in generationConfig `maxOutputTokens`, `temperature`,
 *                       `topP`, `stopSequences`, `seed`, the penalties and
 *                       `thinkingConfig.thinkingBudget`, in tokens as Google counts efforts
 *                       (https://ai.google.dev/gemini-api/docs/openai)
 *   completions         all but `system` and `reasoning_effort`
 *   others              nothing
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OVERRIDE_H
#define TOLLGATE_GATEWAY_DIALECT_OVERRIDE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "gateway/dialect/ask.h"

/* Appends the body (an object) with the overrides (the text of an object that a preset was read
 * with). 0; -EMSGSIZE; -EINVAL when either is no object. */
must_use int override_write(enum ask_kind kind, const struct json_doc *body, struct span overrides,
                            struct buf *out);

/* What they mean for a reservation. */
struct override_effect {
    int64_t max_tokens;    /* -1: the request's own */
    uint64_t system_bytes; /* of the system prompt, at least; 0: the request's own */
};
must_use struct override_effect override_effect_of(struct span overrides);

#endif
