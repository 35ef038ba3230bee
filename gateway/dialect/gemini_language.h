/*
 * gemini_language: what the files of Gemini's generateContent share.
 *
 * Follows https://ai.google.dev/api/generate-content and, where Vertex AI differs,
 * https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_GEMINI_LANGUAGE_H
#define TOLLGATE_GATEWAY_DIALECT_GEMINI_LANGUAGE_H

#include "gateway/dialect/language.h"

enum {
    GEMINI_CANDIDATES_MAX = 16, /* an answer has at most 8 by the documentation */
    GEMINI_STOPS_MAX = 5,
    GEMINI_LOGPROBS_MAX = 20
};

/* ---- towards the provider ---- */

void gemini_path(const struct language_target *target, bool stream, struct buf *out);
enum ask_written gemini_write_ask(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out);
enum ask_written gemini_vertex_write_ask(const struct chat *chat,
                                         const struct language_target *target, struct pieces *out,
                                         struct ask_losses *losses_out);
/* generationConfig and toolConfig (gemini_wish_write.c). */
void gemini_write_config(const struct chat *chat, const struct language_target *target,
                         struct pieces *out, uint64_t *lost);
void gemini_write_tools(const struct chat *chat, struct pieces *out, uint64_t *lost);
/* Models that want signatures back and think by levels. */
must_use bool gemini_thinks_by_level(struct span model);

/* A body of generateContent for one target (gemini_patch.c). */
must_use bool gemini_patch_ask(struct patch *patch, const struct ask *ask,
                               const struct language_target *target, struct arena *arena);

void gemini_read_frame(struct answer_reader *reader, struct span event, struct span data);
void gemini_read_end(struct answer_reader *reader, bool framed);
void gemini_read_whole(struct answer_reader *reader, struct span body);
bool gemini_read_error(struct answer_reader *reader, struct span body);
/* Notes a google.rpc.Status (gemini_error_read.c); false when it is none. */
must_use bool gemini_note_error(const struct json_doc *doc, uint32_t error, struct answer *answer);
/* Citations and logprobs of a candidate (gemini_extras_read.c). */
void gemini_read_extras(struct answer_reader *reader, uint32_t choice, uint32_t candidate);

/* ---- towards a client ---- */

int gemini_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out);
void gemini_write_answer(struct answer_writer *writer, const struct answer_event *event);
void gemini_follow(struct answer_writer *writer, const struct json_doc *frame);
must_use bool gemini_resume(struct answer_writer *writer);

/* ---- small ones over json.h ---- */

static inline bool gemini_is_true(const struct json_doc *doc, uint32_t object, const char *name)
{
    bool value = false;

    return json_bool(doc, json_find(doc, object, name), &value) == 0 && value;
}

/* The values of what should be an array; one object stands for an array of it. */
static inline uint32_t gemini_first(const struct json_doc *doc, uint32_t node)
{
    if (json_is(doc, node, JSON_ARRAY))
        return json_first(doc, node);
    return json_is(doc, node, JSON_OBJECT) ? node : JSON_NONE;
}

static inline uint32_t gemini_after(const struct json_doc *doc, uint32_t node, uint32_t one)
{
    return json_is(doc, node, JSON_ARRAY) ? json_after(doc, node, one) : JSON_NONE;
}

#endif
