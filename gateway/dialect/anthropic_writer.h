/*
 * anthropic_writer: what the files share that write answers to clients of Anthropic's API: what is
 * known of the answer so far, and the parts that streams and whole messages have in common.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_WRITER_H
#define TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_WRITER_H

#include "gateway/dialect/anthropic.h"

enum anthropic_block_kind { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINKING, BLOCK_REDACTED, BLOCK_TOOL };

/* Text that grows in the arena of the request. */
struct anthropic_grown {
    char *at;
    size_t size, capacity;
};

struct anthropic_block {
    struct anthropic_block *next;
    enum anthropic_block_kind kind;
    struct anthropic_grown
        text; /* of a call: its arguments, the inside of a string; REDACTED: the data */
    struct anthropic_grown
        extra; /* THINKING: the signature; TEXT: citations, with a comma before each */
    struct span id, name;
};

/* answer_writer.gathered */
struct anthropic_writer {
    enum anthropic_block_kind open;
    bool is_signed; /* the thinking that is open */
    uint32_t index; /* of the block that is open, or of the last one */
    uint32_t tool_index[LANGUAGE_TOOLS_MAX];
    struct anthropic_block *tools[LANGUAGE_TOOLS_MAX]; /* whole answers only, as are the next two */
    struct anthropic_block *first, *last;
    bool too_large;
    bool stop_sequence;
    struct meters meters;
    struct span more;           /* of usage: further members */
    struct span call_signature; /* of the call that is open */
};

/* Members of the message object, without a comma behind. */
void anthropic_add_inside(struct buf *out, const char *before, struct span inside);
void anthropic_add_id_and_model(const struct answer_writer *writer);
void anthropic_add_usage(struct buf *out, const struct meters *meters, struct span more);
void anthropic_add_stop(struct answer_writer *writer, const struct anthropic_writer *w);

/* A whole message is gathered in the arena; past its room, w->too_large. */
void anthropic_grow(struct answer_writer *writer, struct anthropic_writer *w,
                    struct anthropic_grown *text, struct span more);
struct anthropic_block *anthropic_add_block(struct answer_writer *writer,
                                            struct anthropic_writer *w,
                                            const struct answer_event *event);
void anthropic_write_message(struct answer_writer *writer, const struct anthropic_writer *w);

#endif
