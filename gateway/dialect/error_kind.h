/*
 * error_kind: whether a provider's error is one that has fallbacks of its own.
 *
 * Providers say that a prompt is too long, or that it is refused for its content, each in words of
 * its own, most of them with a code that says no more than "invalid request": what they say is
 * looked up. Pure; knows no status, which is the caller's to ask first.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ERROR_KIND_H
#define TOLLGATE_GATEWAY_DIALECT_ERROR_KIND_H

#include "common/base/attr.h"
#include "gateway/dialect/answer.h"
#include "tenants/model/preset.h"

/* By the code and the message of an error that was read: FALL_CONTEXT where the prompt, or it and
 * the answer's cap, is more than the model takes, FALL_POLICY where it is refused for what it says,
 * else FALL_ERROR. */
must_use enum preset_fall error_kind_of(const struct answer *answer);

/* Whether an answer without any content ended because of what was asked: "content_filter",
 * "refusal", Gemini's "SAFETY" …. */
must_use bool error_kind_is_block(const struct answer *answer);

#endif
