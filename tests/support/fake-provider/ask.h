/*
 * ask: what a request asks for in any chat dialect, as far as it changes an invented answer.
 *
 * One reader for all of them: where a dialect keeps things is data, a struct ask_words.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ASK_H
#define TOLLGATE_FAKE_PROVIDER_ASK_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/span.h"
#include "faults.h"
#include "gateway/meter/count.h"

#define ASK_STOPS_MAX 8
#define ASK_CALLS_MAX 4
#define ASK_CHOICES_MAX 128
#define ASK_PATHS_MAX 3

/* Paths are names of members between dots, from the root of the body or of the item they belong
 * to; NULL where a dialect has no such thing. */
struct ask_words {
    const char *turns;   /* the list of messages, or one text */
    bool may_be_text;    /* only then */
    const char *content; /* of a turn: a text or a list of parts */
    const char *system;  /* instructions beside the turns */
    const char *caps[ASK_PATHS_MAX];
    bool needs_cap;
    const char *stops, *choices, *stream, *include_usage;
    const char *tools;                     /* the list; */
    const char *tool_lists;                /* its items have lists of tools in this member; */
    const char *tool;                      /* a tool is this member of its item. */
    const char *parameters[ASK_PATHS_MAX]; /* of a tool */
    const char *choice;                    /* a word: */
    const char *choice_any, *choice_none;  /* must call, must not call */
    const char *choice_is_any;             /* must call when this is there */
    const char *choice_name;               /* the tool that must be called */
    const char *parallel, *serial;         /* false there, true here: one call at most */
    const char *thinking;
    const char
        *thinking_words[2];       /* thinks aloud when it is such a word; without them: when true */
    const char *json, *json_word; /* answers JSON when it is this word */
    const char *schemas[ASK_PATHS_MAX];
    bool counts_as_gateway; /* the counter has a function for this dialect's input */
};

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
    bool thinks;
    uint32_t schema; /* of ASK_SCHEMA */
    struct span
        last_text;       /* of the last message when that is the user's; or stands before prefill */
    struct span prefill; /* of the last message when that is the assistant's: the answer so far */
    bool marked_cached;  /* "[[cached]]" stands in the last text, or "cached" in the model */
    uint64_t seed;       /* the same for the same texts, in every dialect */
};

/* What is wrong with it: for a 400. */
struct ask_error {
    const char *message, *param; /* NULL message: nothing */
};

/* Reads a chat request whose root is an object. `stream` is what the path says of it: 1, 0, or -1
 * for nothing. */
must_use struct ask_error ask_read(const struct ask_words *words, const struct json_doc *doc,
                                   struct arena *arena, struct span model, int stream,
                                   struct ask *ask_out);

/* Feeds what the provider counts as input: the texts of instructions and turns, calls of tools and
 * their results, the definitions of tools. */
void ask_count(const struct ask_words *words, const struct json_doc *doc, struct arena *arena,
               struct count *count);

/* The node at a path, or JSON_NONE. */
must_use uint32_t ask_find(const struct json_doc *doc, uint32_t from, const char *path);

/* Applies the specs that stand in the body: "user" and "metadata.user_id" when they are tagged as
 * ones, "fake" in "metadata", "labels", "requestMetadata". */
void ask_spec(const struct json_doc *doc, struct arena *arena, struct fault_spec *spec);

#endif
