/*
 * script: the whole of an invented chat answer, before it is written in any form.
 *
 * Made from what was asked and from the knobs, the same for the same messages. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_SCRIPT_H
#define TOLLGATE_FAKE_PROVIDER_SCRIPT_H

#include "ask.h"
#include "common/base/buf.h"
#include "faults.h"
#include "gateway/meter/count.h"

/* A part of the script's text. */
struct script_part {
    size_t at, size;
};

/* Why an answer ended; every dialect has its own words. */
enum finish {
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_CALLS,
    FINISH_FILTER,        /* only by the spec: finish=content_filter */
    FINISH_STOP_SEQUENCE, /* a stop text stood there */
    FINISHES,
};

struct script_choice {
    struct script_part thinking, content;
    enum finish finish;
    struct script_part stop; /* the text it stopped at, of FINISH_STOP_SEQUENCE */
};

struct script {
    struct buf text;               /* owned; all parts lie in it */
    struct script_choice *choices; /* owned */
    size_t choice_count;
    struct {
        struct script_part name, arguments;
    } calls[ASK_CALLS_MAX]; /* every choice makes the same calls */
    size_t call_count;
    char finish[24]; /* the spec's own word, or empty */
    /* As told in usage; input includes what was read from and written to a cache, output includes
     * reasoning. */
    int64_t input_tokens, cached_tokens, written_tokens, written_1h_tokens;
    int64_t output_tokens, reasoning_tokens;
};

/* `zero` is a counter at zero, `input` one that was fed the request. */
void script_make(struct script *script_out, const struct ask *ask, const struct json_doc *doc,
                 const struct fault_spec *spec, const struct count *zero,
                 const struct count *input);
void script_done(struct script *script);

/* Replaces what is said by one text; usage stays what it was. */
void script_say(struct script *script, const char *text);

must_use struct span script_text(const struct script *script, struct script_part part);

#endif
