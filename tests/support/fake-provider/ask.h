/*
 * ask: what a request of the OpenAI dialect asks for, as far as it changes an invented answer.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ASK_H
#define TOLLGATE_FAKE_PROVIDER_ASK_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/span.h"
#include "faults.h"

#define ASK_STOPS_MAX 4
#define ASK_CALLS_MAX 4
#define ASK_CHOICES_MAX 128

enum ask_format { ASK_TEXT, ASK_JSON, ASK_SCHEMA };

/* Spans borrow the document or its arena. */
struct ask {
    struct span model;
    bool stream, include_usage;
    int64_t choices;
    int64_t cap_tokens; /* of output; -1: none */
    struct span stops[ASK_STOPS_MAX];
    size_t stop_count;
    struct {
        struct span name;
        uint32_t parameters; /* a schema node or JSON_NONE */
    } calls[ASK_CALLS_MAX];  /* the tools that the answer calls */
    size_t call_count;
    enum ask_format format;
    uint32_t schema;       /* of ASK_SCHEMA */
    struct span last_text; /* of the last message when that is the user's */
    bool marked_cached;    /* "[[cached]]" stands in the last text, or "cached" in the model */
    uint64_t seed;         /* the same for the same messages */
};

/* What is wrong with it: for a 400. */
struct ask_error {
    const char *message, *param; /* NULL message: nothing */
};

/* Reads a chat request whose root is an object with a model. */
must_use struct ask_error ask_read(const struct json_doc *doc, struct arena *arena,
                                   struct ask *ask_out);

/* Reads only the model: 0 or -EINVAL. */
must_use int ask_model(const struct json_doc *doc, struct arena *arena, struct span *model_out);

/* Applies the specs that stand in the body: "user", and "fake" in "metadata". */
void ask_spec(const struct json_doc *doc, struct arena *arena, struct fault_spec *spec);

#endif
