/*
 * cohere: what the files of Cohere's language (API v2) share.
 *
 * Follows https://docs.cohere.com/reference/chat, chat-stream, embed and rerank. Chat speaks
 * through cohere_upstream; embeddings and reranking are bodies alone, here as pure functions.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_COHERE_H
#define TOLLGATE_GATEWAY_DIALECT_COHERE_H

#include "gateway/dialect/chat_write.h"
#include "gateway/dialect/language.h"

#define COHERE_NORMALISER "cohere/1"
#define COHERE_EMBED_PATH "/embed"
#define COHERE_RERANK_PATH "/rerank"

/* What is metered of an answer. */
enum cohere_kind { COHERE_CHAT, COHERE_EMBED, COHERE_RERANK };

/* Reads a chat's `usage` or another answer's `meta`: the meters are the billed units, `shown` the
 * tokens (and those that hit the cache) where the provider tells them too. Without billed units
 * the tokens are rated. Search units are METER_REQUEST. The last one read wins whole. */
void cohere_read_usage(const struct json_doc *doc, uint32_t node, enum cohere_kind kind,
                       struct answer_usage *usage_out);

/* The messages of a body of /v2/chat (cohere_message_write.c). */
void cohere_write_messages(struct chat_writing *w);

must_use enum ask_written cohere_write_ask(const struct chat *chat,
                                           const struct language_target *target, struct pieces *out,
                                           struct ask_losses *losses_out);
void cohere_read_frame(struct answer_reader *reader, struct span event, struct span data);
void cohere_read_whole(struct answer_reader *reader, struct span body);
must_use bool cohere_read_error(struct answer_reader *reader, struct span body);
/* Fills error_message from whatever stands in a parsed body; false when no error does. */
must_use bool cohere_take_error(const struct json_doc *doc, struct answer *answer);

/* The inside of a string as error_message, as much of it as there is room for. */
void cohere_copy_message(struct answer *answer, struct span inside);

/* The body of OpenAI's /embeddings, parsed, as one of /v2/embed. input_type ("search_document" when
 * it is not there) and truncate are taken from it too. `why` of the losses says what could not be
 * said: an input of tokens. */
must_use enum ask_written cohere_write_embed(const struct json_doc *ask, struct span model,
                                             struct pieces *out, struct ask_losses *losses_out);
/* The answer of /v2/embed as OpenAI's list, appended to `out`; `model` is plain text. False, and
 * nothing of use in `out`: answer->signs says ANSWER_ERROR or ANSWER_MALFORMED. */
must_use bool cohere_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                                struct span model, struct answer *answer, struct buf *out);

/* The body of /rerank, which clients send in Cohere's own shape (that of v1 too: documents that are
 * objects with a text), parsed, as one of /v2/rerank. */
must_use enum ask_written cohere_write_rerank(const struct json_doc *ask, struct span model,
                                              struct pieces *out, struct ask_losses *losses_out);
/* The answer of /v2/rerank for the client, appended: as it came, and with the documents in it where
 * `ask` wanted them returned (v2 does not). False as with cohere_read_embed. */
must_use bool cohere_read_rerank(struct json_doc *doc, struct span body, const struct json_doc *ask,
                                 struct answer *answer, struct buf *out);

#endif
