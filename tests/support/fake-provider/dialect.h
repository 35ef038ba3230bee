/*
 * dialect: how one provider's language tells an answer: its words, its framing, its errors.
 *
 * The core (ask, script, chat, stream) knows what is said and when; a dialect writes it down and
 * decides nothing. A new dialect is one of these tables and its writers.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_DIALECT_H
#define TOLLGATE_FAKE_PROVIDER_DIALECT_H

#include "ask.h"
#include "common/base/buf.h"
#include "faults.h"
#include "script.h"

#define MODEL_BYTES_MAX 256

struct dialect;
struct provider;
struct arrival;

/* An answer that is being told, whole or as a stream. */
struct telling {
    const struct dialect *dialect;
    const struct script *script; /* borrowed */
    char model_text[MODEL_BYTES_MAX + 1];
    struct span model; /* in model_text */
    uint64_t id;
    int64_t created_s;
    enum fault_kind fault;
    bool include_usage;
    bool framed;        /* Gemini: server-sent events, not one array */
    int64_t events;     /* told so far */
    struct buf scratch; /* owned; the event that is being written */
    struct span echo;   /* Responses: members that repeat the request; borrowed; */
    bool queued;        /* only that it will be answered is told */
    /* How the next event is spoiled: its JSON ends behind this text, or more bytes are announced
     * than are in it. */
    const char *broken_behind;
    int64_t announced_bytes;
};

enum part { PART_BEGIN, PART_THINKING, PART_CONTENT, PART_CALLS, PART_FINISH, PART_OVER };

enum say {
    SAY_BEGIN,   /* of a choice */
    SAY_OPEN,    /* of a part: thinking, content, or a call with its name */
    SAY_TEXT,    /* a piece of a part; of a call: of its arguments */
    SAY_CLOSE,   /* of a part */
    SAY_FINISH,  /* of a choice: why, and usage where the dialect has it there */
    SAY_USAGE,   /* an event for usage alone */
    SAY_END,     /* the end marker of a stream */
    SAY_UNKNOWN, /* an event of a kind that nobody knows */
};

enum told_usage { USAGE_LEFT_OUT, USAGE_HALF, USAGE_RIGHT };

struct said {
    enum say kind;
    enum part part;
    size_t choice, block, call; /* block: parts that this choice opened before */
    struct span text;
    const char *finish; /* in the dialect's words; NULL: none is told */
    enum told_usage usage;
};

/* An error, as the dialect's own status or in the midst of a stream. */
struct error_told {
    int status;
    const char *message;
    const char *param, *code, *type; /* OpenAI's words, or NULL */
    uint64_t id;
    bool listed; /* Gemini: in an array, as its streams are without ?alt=sse */
};

struct dialect {
    const char *name; /* in the truth log */
    struct ask_words words;
    const char *finish[FINISHES];
    const char *stream_type;       /* content type of a stream, unless the arrival has one */
    const char *request_id_header; /* without colon */
    bool tells_reasoning;          /* in its usage */
    bool usage_apart;              /* usage is an event of its own, behind the finish */
    bool usage_when_asked;         /* only with include_usage */
    bool late_usage_counts;        /* nothing marks the end, so no usage comes too late */
    bool finish_is_end;            /* the event that tells the finish ends the stream too */
    bool calls_whole;              /* a call is told in one piece, when it is closed */
    bool usage_by_request;         /* what is billed is known before the answer */
    bool bills_all_input;          /* what came from a cache costs the same */
    bool binary;
    /* Sees what is going to be told; NULL: nothing to do. */
    void (*begin)(struct provider *provider, struct arrival *arrival, struct telling *telling);
    void (*say)(struct telling *telling, const struct said *said, struct buf *out);
    void (*say_error)(struct telling *telling, const struct error_told *error, struct buf *out);
    void (*write_whole)(struct telling *telling, struct buf *out);
    void (*write_error)(const struct error_told *error, struct buf *out);
    /* Header lines of an error answer; NULL: none. */
    void (*write_error_head)(const struct error_told *error, struct buf *out);
};

extern const struct dialect openai_dialect, openai_completions_dialect, anthropic_dialect,
    gemini_dialect, bedrock_dialect, cohere_dialect, responses_dialect, token_dialect;

/* The finish of a choice in the dialect's words, or the spec's; NULL under FAULT_NO_FINISH. */
must_use const char *telling_finish(const struct telling *telling, size_t choice);

/* An empty scratch for an event's JSON; telling_sse() sends it, "event: NAME" before it unless the
 * name is NULL. */
must_use struct buf *telling_event(struct telling *telling);
void telling_sse(struct telling *telling, const char *name, struct buf *out);
/* What is sent of the scratch: all of it, or less when the event is to be broken. */
must_use struct span telling_payload(struct telling *telling);

#endif
