/*
 * answer_writer: the table of a language spoken to clients, and what its writers have in common.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANSWER_WRITER_H
#define TOLLGATE_GATEWAY_DIALECT_ANSWER_WRITER_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "gateway/dialect/answer_event.h"
#include "gateway/dialect/chat.h"

/* Where both sides are of one family, bytes pass but for a patch. */
enum language_family {
    FAMILY_OPENAI,
    FAMILY_ANTHROPIC,
    FAMILY_GEMINI,
    FAMILY_RESPONSES,
    FAMILY_BEDROCK,
    FAMILY_COHERE,
    FAMILY_COMPLETIONS /* of clients alone */
};

/* Writes one answer. Begin with answer_writer_make(). */
struct answer_writer {
    const struct client_language *language;
    struct buf *out;     /* bytes for the client are appended; borrowed */
    struct arena *arena; /* of the request: what a whole answer is gathered in */
    struct span id;      /* ours, plain text: "gen_…"; the language puts its prefix before it */
    struct span model;   /* as the client is told; inside */
    struct span own_id;  /* the provider's, which passed and stays (resume); inside; empty: none */
    int64_t created_s;
    bool stream, include_usage;
    /* What was asked, for languages that say it again in the answer (Responses); NULL: not known */
    const struct chat *chat;
    void *gathered;        /* the language's own; in the arena */
    uint32_t block, tools; /* the language's own notes */
    bool begun, open;
    enum answer_finish finish;
};

/* At the begin of an answer: the caller then sets id, model, created_s, stream, include_usage. */
must_use struct answer_writer answer_writer_make(const struct client_language *language,
                                                 struct buf *out, struct arena *arena);

/* For follow(): keeps the inside of a string of the frame in the arena, unless *kept has one. */
void answer_writer_keep(struct answer_writer *writer, const struct json_doc *frame, uint32_t node,
                        struct span *kept);

struct client_language {
    const char *name;
    enum language_family family;
    const char *stream_type; /* content type of a stream */
    /* Of the root of a whole answer, or of a stream's frame that tells it: where cost is put.
     * NULL: nothing of ours is put into what passes. */
    const char *usage_member;
    const char *usage_holder; /* of a stream's frame: what the member stands in; NULL: the root */
    /* Stands in the frames of a stream that end it: where they pass, they are held until its cost
     * is known. NULL: never passed as they are. */
    const char *end_mark;
    /* Reads a body that was parsed: 0, or -EINVAL with a constant sentence and the member. The
     * parts, messages and tools are arrays of the arena. */
    int (*read_ask)(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out);
    /* The same of a body whose tokens are to be counted; NULL: like any other. */
    int (*read_count_ask)(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                          const char **why_out, const char **member_out);
    /* Streams: appends what this event is to the client, maybe nothing. Whole: gathers, and appends
     * the answer at EVENT_DONE. */
    void (*write)(struct answer_writer *writer, const struct answer_event *event);
    void (*write_ping)(struct answer_writer *writer);
    bool comments; /* its clients take comments in a stream */
    /* Of a stream whose frames pass as they are, and that may have to be gone on with: follow()
     * notes of each frame, parsed, what has to be known for that; it copies into the arena. After
     * resume() the writer goes on behind the last one: the next event is a text. False: it stands
     * where no text can follow. NULL: never passed as they are. */
    void (*follow)(struct answer_writer *writer, const struct json_doc *frame);
    bool (*resume)(struct answer_writer *writer);
    /* An error inside of a stream, given its envelope; nothing comes behind it. */
    void (*write_error)(struct answer_writer *writer, struct span envelope);
};

#endif
