/*
 * pieces: a body being written: small texts of its own and large ones that are only pointed to.
 *
 * What is written in small parts stands together in one buffer; a large span (a base64 image, a
 * long prompt) is borrowed where it is. The result is what an upstream request takes. One thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_PIECES_H
#define TOLLGATE_GATEWAY_DIALECT_PIECES_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "gateway/dialect/chat.h"

enum { PIECES_MAX = 4096, PIECES_BORROW_MIN = 512 }; /* smaller or more ones are copied */

struct piece; /* pieces.c has it */

struct pieces {
    struct buf own;      /* what was written here; owned */
    struct piece *items; /* in the arena */
    uint32_t count, capacity;
    struct arena *arena; /* borrowed */
    bool failed;         /* too large */
    bool comma;          /* a value stands before: the next one needs a comma */
    bool quoted;         /* inside of a string begun by pieces_quote */
};

/* At most `max_bytes` of its own. */
must_use struct pieces pieces_make(struct arena *arena, size_t max_bytes);
void pieces_done(struct pieces *pieces);

/* JSON, with the commas placed as by json_writer. Texts are insides: quoted as they stand. */
void pieces_begin(struct pieces *pieces, char bracket);
void pieces_end(struct pieces *pieces, char bracket);
void pieces_name(struct pieces *pieces, const char *name);
void pieces_inside(struct pieces *pieces, struct span inside); /* "…" */
void pieces_json(struct pieces *pieces, struct span json);     /* a value as it stands */
void pieces_int64(struct pieces *pieces, int64_t value);
void pieces_bool(struct pieces *pieces, bool value);
/* Between pieces_quote and the next one, everything is inside of one string: a data URL. */
void pieces_quote(struct pieces *pieces);
void pieces_raw(struct pieces *pieces, struct span bytes);
/* The arguments of a call: as a JSON object, or as a string with JSON in it, whatever they came as.
 * Nothing and null become {}; what is no JSON object (a model's slip) becomes {"_arguments": …}
 * where an object is wanted. */
void pieces_json_value(struct pieces *pieces, const struct chat_json *json);
void pieces_json_string(struct pieces *pieces, const struct chat_json *json);
void pieces_put_inside(struct pieces *pieces, const char *name, struct span inside);
/* A word of a language: nothing in it needs an escape. */
void pieces_put_word(struct pieces *pieces, const char *name, const char *word);
/* A text that is no inside yet: its quotes and escapes are made here. */
void pieces_put_text(struct pieces *pieces, const char *name, struct span text);
void pieces_put_json(struct pieces *pieces, const char *name, struct span json);
void pieces_put_int64(struct pieces *pieces, const char *name, int64_t value);

/* The whole, in order: spans that live as long as the pieces and what was borrowed. NULL when it
 * failed; *count_out and *size_out are set then too. */
must_use const struct span *pieces_spans(struct pieces *pieces, uint32_t *count_out,
                                         size_t *size_out);

#endif
