/*
 * openai_language: what the files of OpenAI's chat language share.
 *
 * Follows https://platform.openai.com/docs/api-reference/chat; beside it what compatible providers
 * and OpenRouter's clients use: reasoning_content, reasoning, reasoning_details, cache_control.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_LANGUAGE_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_LANGUAGE_H

#include "common/base/json_writer.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/language.h"

int openai_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out);
must_use enum ask_written openai_write_ask(const struct chat *chat,
                                           const struct language_target *target, struct pieces *out,
                                           struct ask_losses *losses_out);
must_use bool openai_patch_body(struct patch *patch, const struct ask *ask,
                                const struct language_target *target, struct arena *arena);
/* What a provider's word for the end means; an unknown one is a stop. */
must_use enum answer_finish openai_finish_of(struct span word);
/* Whether it is none of OpenAI's words, and has one among them. */
must_use bool openai_finish_is_odd(struct span word);
void openai_speak_frame(struct answer_reader *reader, struct span event, struct span data);
void openai_speak_whole(struct answer_reader *reader, struct span body);
must_use bool openai_speak_error(struct answer_reader *reader, struct span body);
void openai_write_answer(struct answer_writer *writer, const struct answer_event *event);
void openai_write_ping(struct answer_writer *writer);

/* ---- an answer being written (openai_answer_write.c, openai_answer_whole.c) ---- */

/* Texts that came one after the other, in the arena. */
struct openai_text {
    struct openai_text *next;
    struct span at;
};
struct openai_texts {
    struct openai_text *first, *last;
};

struct openai_call {
    struct openai_call *next;
    uint32_t tool;
    struct span id, name;
    struct openai_texts arguments, signature;
};

/* One of reasoning_details. */
struct openai_detail {
    struct openai_detail *next;
    bool redacted;
    enum signer signer;
    struct openai_texts text, signature; /* text: or data */
};

struct openai_choice {
    bool begun;       /* the client has its role */
    bool detail_open; /* further reasoning belongs to the last detail */
    uint32_t details, citation_count, image_count;
    uint64_t bare_calls[LANGUAGE_TOOLS_MAX / 64]; /* bits of calls without arguments so far */
    /* Of a whole answer alone. */
    struct openai_texts text, refusal, reasoning, plan, citations, images, logprobs;
    struct openai_call *calls, *last_call;
    struct openai_detail *first_detail, *last_detail;
    enum answer_finish finish;
    bool finished;
};

struct openai_gathered {
    struct openai_choice *choices[ASK_CHOICES_MAX];
    struct span usage; /* JSON */
};

/* Room in the arena of the request, or NULL and the writer's `out` is marked failed. */
must_use void *openai_take(struct answer_writer *writer, size_t size);
/* The next of reasoning_details begins where it has to; its index. */
must_use uint32_t openai_detail_index(struct openai_choice *choice, bool redacted);
/* "call_…" for a call that came without an id; plain ASCII. */
void openai_call_id(const struct answer_writer *writer, const struct answer_event *event,
                    struct buf *out);
void openai_gather(struct answer_writer *writer, struct openai_choice *choice,
                   const struct answer_event *event);
void openai_write_whole(struct answer_writer *writer, const struct openai_gathered *gathered);

#endif
