/*
 * gemini_answer: an answer that is written for a client of generateContent: what is gathered of it
 * in the arena of the request (gemini_gather.c), and written from there (gemini_answer_write.c).
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_GEMINI_ANSWER_H
#define TOLLGATE_GATEWAY_DIALECT_GEMINI_ANSWER_H

#include "common/base/json_writer.h"
#include "gateway/dialect/gemini_language.h"

/* What an arena may lose at the end of a chunk. */
#define GEMINI_ARENA_SLACK ((size_t)64 << 10)

/* Texts that came one after the other. */
struct gemini_text {
    struct gemini_text *next;
    struct span at;
};
struct gemini_texts {
    struct gemini_text *first, *last;
};

struct gemini_part {
    struct gemini_part *next;
    enum answer_event_kind kind; /* TEXT, REASONING, TOOL, IMAGE */
    uint32_t tool;
    struct gemini_texts text, signature; /* text, arguments, base64 */
    struct span id, name, type;          /* insides */
};

struct gemini_candidate {
    struct gemini_part *parts, *last; /* of a stream: its calls alone */
    struct gemini_texts citations;    /* JSON, one each */
    struct gemini_texts chosen, top;  /* JSON, with commas */
    enum answer_finish finish;
};

struct gemini_gathered {
    struct gemini_candidate *candidates[GEMINI_CANDIDATES_MAX];
    const struct answer_usage *usage;
    struct span members; /* `"cost":…`; may be empty */
};

/* Room in the arena of the request, or NULL and the writer's `out` is marked failed. */
must_use void *gemini_answer_take(struct answer_writer *writer, size_t size);
void gemini_append(struct answer_writer *writer, struct gemini_texts *texts, struct span text);
void gemini_put_texts(struct json_writer *w, const char *name, const struct gemini_texts *texts);

/* A part of a text, a thought, a call or a picture. */
void gemini_gather_part(struct answer_writer *writer, struct gemini_candidate *candidate,
                        const struct answer_event *event);
void gemini_gather_logprobs(struct answer_writer *writer, struct gemini_candidate *candidate,
                            struct span json);
void gemini_write_parts(struct json_writer *w, const struct gemini_candidate *candidate);
/* citationMetadata and logprobsResult. */
void gemini_write_extras(struct json_writer *w, const struct gemini_candidate *candidate);
void gemini_write_usage(struct json_writer *w, const struct answer_usage *usage,
                        struct span members);

#endif
