/*
 * embed: OpenAI's /embeddings at providers that speak something else; and what they share.
 *
 * The ask is OpenAI's body, parsed; the answer becomes OpenAI's list. Beside OpenAI's members
 * `input_type` is taken, in Cohere's words, as its clients send it. Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_EMBED_H
#define TOLLGATE_GATEWAY_DIALECT_EMBED_H

#include "common/base/json_writer.h"
#include "gateway/dialect/language.h"

#define EMBED_GEMINI_NORMALISER "gemini-embed/1"
#define EMBED_TITAN_NORMALISER "titan-embed/1"

/* A place to write the texts of an ask one by one: `write` is called for each. False: an input that
 * is no text, and losses->why says so. */
must_use bool embed_each_text(const struct json_doc *ask, struct ask_losses *losses,
                              void (*write)(void *context, struct span json), void *context);
must_use bool embed_wants_base64(const struct json_doc *ask);
/* A vector as the client wants it: as it stands, or as base64 of little-endian 32-bit floats. False
 * when there is something in it that is no number. */
must_use bool embed_put_vector(struct json_writer *w, const struct json_doc *doc, uint32_t array,
                               bool base64);

/* What OpenAI's list is written with, vector by vector. */
struct embed_list {
    struct json_writer w;
    bool base64;
    int64_t count;
};
void embed_begin(struct embed_list *list, const struct json_doc *ask, struct buf *out);
must_use bool embed_add(struct embed_list *list, const struct json_doc *doc, uint32_t array);
/* `model` is plain text. The usage is that of the answer, where it is good. */
void embed_end(struct embed_list *list, struct span model, const struct answer *answer);

/* Gemini at AI Studio: batchEmbedContents, for one text too. At Vertex: predict.
 * https://ai.google.dev/api/embeddings,
 * https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
must_use enum ask_written gemini_write_embed(const struct json_doc *ask, struct span model,
                                             struct pieces *out, struct ask_losses *losses_out);
must_use enum ask_written vertex_write_embed(const struct json_doc *ask, struct span model,
                                             struct pieces *out, struct ask_losses *losses_out);
/* Both answers. False, and nothing of use in `out`: answer->signs says ANSWER_ERROR or
 * ANSWER_MALFORMED. Usage is told by Vertex, and by AI Studio for newer models. */
must_use bool gemini_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                                struct span model, struct answer *answer, struct buf *out);

/* Amazon's Titan, one text a call, behind Bedrock's /invoke.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html */
must_use enum ask_written titan_write_embed(const struct json_doc *ask, struct span model,
                                            struct pieces *out, struct ask_losses *losses_out);
must_use bool titan_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                               struct span model, struct answer *answer, struct buf *out);

#endif
