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

struct script_choice {
    struct script_part thinking, content;
    const char *finish; /* constant, or the spec's */
};

struct script {
    struct buf text;               /* owned; all parts lie in it */
    struct script_choice *choices; /* owned */
    size_t choice_count;
    struct {
        struct script_part name, arguments;
    } calls[ASK_CALLS_MAX]; /* every choice makes the same calls */
    size_t call_count;
    char finish[24];
    /* As told in usage; input includes cached, output includes reasoning. */
    int64_t input_tokens, cached_tokens, output_tokens, reasoning_tokens;
};

/* `zero` is a counter at zero, `input` one that was fed the request. */
void script_make(struct script *script_out, const struct ask *ask, const struct json_doc *doc,
                 const struct fault_spec *spec, const struct count *zero,
                 const struct count *input);
void script_done(struct script *script);

must_use struct span script_text(const struct script *script, struct script_part part);

#endif
