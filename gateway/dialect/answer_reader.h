/*
 * answer_reader: what the readers of all providers' languages have in common: where they stand in
 * one answer, and how an event leaves them.
 *
 * Keeps the order that answer_event.h promises, whatever a provider does. One attempt, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANSWER_READER_H
#define TOLLGATE_GATEWAY_DIALECT_ANSWER_READER_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "gateway/dialect/answer_event.h"

enum { LANGUAGE_TOOLS_MAX = 256 }; /* calls of one choice; more end the answer as malformed */

struct upstream_language;

/* Reads one answer of one attempt. Fixed memory; begin with answer_reader_make(). */
struct answer_reader {
    const struct upstream_language *language;
    struct json_doc *doc;    /* scratch; borrowed */
    struct answer *answer;   /* signs, id, model, finish, usage, error are kept here; borrowed */
    struct answer_sink sink; /* on_event may be NULL */
    struct arena *arena;     /* scratch of one frame, reset by the caller behind it */
    uint32_t signs;          /* of the last frame alone */
    bool begun, done;
    uint32_t tool_count;                 /* begun so far, of choice 0 */
    int64_t numbers[16];                 /* the language's own notes: block kinds, counts */
    uint16_t blocks[LANGUAGE_TOOLS_MAX]; /* the language's own: block index → tool */
    char held_id[ANSWER_NAME_MAX], held_name[ANSWER_NAME_MAX]; /* of a call not yet told; insides */
};

/* At the begin of an attempt. `language` is only kept. */
must_use struct answer_reader answer_reader_make(const struct upstream_language *language,
                                                 struct json_doc *doc, struct answer *answer,
                                                 struct answer_sink sink, struct arena *arena);
/* For the languages: hands an event to the sink and notes it: the signs of the frame and of the
 * answer, begun, done, tool_count, id and model (name), the finish reason (text, else the name of
 * finish). A missing BEGIN is put before it, a second one and all behind the end are dropped. The
 * language itself clears `signs` at each frame and fills usage and error_* before their events. */
void answer_reader_emit(struct answer_reader *reader, const struct answer_event *event);
/* The same for what has a text alone; nothing when it is empty. */
void answer_reader_emit_text(struct answer_reader *reader, enum answer_event_kind kind,
                             uint32_t choice, struct span text);
/* A citation of a page in the web, of no place in the text: insides. Nothing without a URL. */
void answer_reader_cite_url(struct answer_reader *reader, uint32_t choice, struct span url,
                            struct span title);
void answer_reader_malformed(struct answer_reader *reader);
/* Copies the inside of a JSON string into a field of the answer, decoded; empty when it does not
 * fit. */
void answer_copy(char *at, size_t capacity, struct span inside);

#endif
