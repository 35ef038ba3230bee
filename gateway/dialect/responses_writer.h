/*
 * responses_writer: what the files share that write answers to clients of the Responses API: what
 * was said so far, which the last event says once more as a whole.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_RESPONSES_WRITER_H
#define TOLLGATE_GATEWAY_DIALECT_RESPONSES_WRITER_H

#include "common/base/json_writer.h"
#include "gateway/dialect/responses.h"

/* Text that came in pieces, in the arena of the request. */
struct responses_chunk {
    struct responses_chunk *next;
    size_t size, capacity;
    char at[];
};
struct responses_text {
    struct responses_chunk *first, *last;
};

/* Of a message: text or a refusal. */
struct responses_part {
    struct responses_part *next;
    bool refusal;
    struct responses_text text;
    struct responses_text annotations, logprobs; /* JSON, a comma before each */
    uint32_t annotation_count;
};

enum responses_kind { RESPONSES_REASONING, RESPONSES_MESSAGE, RESPONSES_CALL, RESPONSES_IMAGE };

struct responses_item {
    struct responses_item *next;
    enum responses_kind kind;
    uint32_t index;
    bool open;                    /* not done yet */
    bool cut;                     /* it ended before its end */
    struct span own_id, raw;      /* of one that passed: its id, an inside; as it was when done */
    struct responses_text text;   /* the summary, the arguments, the picture */
    struct responses_text secret; /* REASONING: the encrypted content */
    struct span call_id, name;    /* CALL; insides */
    struct responses_part *first_part, *last_part;
    uint32_t part_count;
};

/* answer_writer.gathered */
struct responses_writer {
    struct responses_item *first, *last;
    struct responses_item *current;                   /* the message or reasoning that is open */
    struct responses_item *calls[LANGUAGE_TOOLS_MAX]; /* by their number */
    uint32_t item_count;
    int64_t sequence;
    bool passing; /* what it has was told by frames that passed (responses_resume.c) */
    bool has_usage;
    struct meters usage;
    struct span more; /* further members of usage */
};

/* What a response says of itself beside its output. */
struct responses_state {
    const char *status;                    /* "in_progress", "completed", "incomplete", "failed" */
    const char *incomplete;                /* the reason; NULL: it is not */
    struct span error_code, error_message; /* insides; no code: no error */
};

/* Into the arena; past its room the writer's `out` is marked failed. */
void responses_append(struct answer_writer *writer, struct responses_text *text, struct span more);
/* The value of a string, with its quotes. */
void responses_put_text(struct json_writer *w, const char *name, const struct responses_text *text);
/* "msg_…" and its like: a prefix for its kind, our id, its number. */
void responses_put_item_id(struct json_writer *w, const char *name,
                           const struct answer_writer *writer, const struct responses_item *item);
/* "logprobs":[…] */
void responses_put_logprobs(struct json_writer *w, const struct responses_part *part);
/* A part as it is by now, or (`empty`) as it begins. The same of an item. */
void responses_put_part(struct json_writer *w, const struct responses_part *part, bool empty);
void responses_put_item(struct json_writer *w, const struct answer_writer *writer,
                        const struct responses_item *item, bool empty);
/* The response object, as a value. */
void responses_put_response(struct json_writer *w, const struct answer_writer *writer,
                            const struct responses_writer *r, const struct responses_state *state);

#endif
