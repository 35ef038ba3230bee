/*
 * responses: what the files of OpenAI's Responses language share.
 *
 * Follows https://platform.openai.com/docs/api-reference/responses and its pages on streaming,
 * reasoning items and structured outputs. Nothing is stored at a provider in a translated call
 * (store is false), so reasoning goes to and fro as encrypted content.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_RESPONSES_H
#define TOLLGATE_GATEWAY_DIALECT_RESPONSES_H

#include "gateway/dialect/chat_write.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/response_id.h"

/* OpenAI refuses a lower cap of output tokens. */
enum { RESPONSES_CAP_MIN = 16 };

/* A client of this language keeps what only a provider can read as the encrypted content of a
 * reasoning item. What is no signature of the item's own text has one of these words before it. */
#define RESPONSES_REDACTED "tollgate_redacted:"
#define RESPONSES_CALL_SIGNATURE "tollgate_call_signature:" /* of the call before the item */

/* Whether the provider encrypted this (they are Fernet tokens, which all begin so). It refuses what
 * is not its own, and nobody else can read what is. */
static inline bool responses_is_encrypted(struct span text)
{
    return span_starts(text, "gAAAA");
}

/* ---- towards a provider ---- */

/* "input":[…] (responses_input_write.c). */
void responses_write_input(struct chat_writing *w);

must_use enum ask_written responses_write_ask(const struct chat *chat,
                                              const struct language_target *target,
                                              struct pieces *out, struct ask_losses *losses_out);
void responses_read_frame(struct answer_reader *reader, struct span event, struct span data);
void responses_read_whole(struct answer_reader *reader, struct span body);
must_use bool responses_read_error(struct answer_reader *reader, struct span body);

/* ---- towards a client ---- */

int responses_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                       const char **why_out, const char **member_out);
void responses_write_answer(struct answer_writer *writer, const struct answer_event *event);
void responses_write_ping(struct answer_writer *writer);
/* Ends a stream that failed in the middle: response.failed with all that was said until then. Code
 * ("server_error", "rate_limit_exceeded") and message are insides. */
void responses_write_failed(struct answer_writer *writer, struct span code, struct span message);
/* The same, of an envelope {"error":{"message":…,"code":…}}. */
void responses_write_error(struct answer_writer *writer, struct span envelope);
/* An event that passed as it came, so that what is written behind it is numbered on. */
void responses_follow(struct answer_writer *writer, const struct json_doc *event);
/* client_language.follow and .resume: beside the numbers, all that was said (responses_resume.c).
 */
void responses_gather(struct answer_writer *writer, const struct json_doc *event);
must_use bool responses_resume(struct answer_writer *writer);

/* ---- where both sides speak it (responses_patch.c) ---- */

#define RESPONSES_NOT_KEPT                                                                         \
    "The model's provider keeps no responses, and this gateway keeps none: the setting "           \
    "'retention' is off. Send the whole conversation as 'input'."

must_use bool responses_patch_ask(struct patch *patch, const struct ask *ask,
                                  const struct language_target *target, struct arena *arena);
/* False: in the input is what was thought at another provider, and told here: it has to be said
 * anew. */
must_use bool responses_passes(const struct json_doc *ask);

/* Ids of responses, as the provider has them (plain) and as clients do (JSON strings). */
struct responses_pair {
    struct span own, ours;
};
struct responses_pin {
    struct responses_pair ids[2]; /* of the answer, and of the one before */
};
/* A client's id of a response, quoted; empty when the provider's own is of an odd form. */
must_use struct span responses_quote_id(const struct sha256 *key,
                                        const struct response_place *place, struct arena *arena);
/* The response object of a frame or a whole answer; JSON_NONE: there is none in it. */
must_use uint32_t responses_find(const struct json_doc *doc);
void responses_patch_ids(struct patch *patch, uint32_t response, const struct responses_pin *pin);

#endif
