/*
 * answer: what a provider said, in nobody's dialect.
 *
 * A reader of some dialect (openai.h) turns the frames of a stream, or a whole answer, into signs
 * and adds to the `answer` of the attempt; taps see the text as it goes by. Fixed memory, so that a
 * hostile answer cannot make it grow. One attempt, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANSWER_H
#define TOLLGATE_GATEWAY_DIALECT_ANSWER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "tenants/model/meter.h"

/* One frame may carry several. */
enum answer_sign {
    ANSWER_CONTENT = 1,   /* text, reasoning, a refusal, or part of a tool call */
    ANSWER_FINISH = 2,    /* some choice told why it ended */
    ANSWER_USAGE = 4,     /* usage, not null */
    ANSWER_DONE = 8,      /* the stream's own end marker */
    ANSWER_ERROR = 16,    /* an error where an answer should be */
    ANSWER_MALFORMED = 32 /* not of the dialect at all */
};

enum answer_usage_state {
    ANSWER_USAGE_ABSENT,
    ANSWER_USAGE_GOOD,
    ANSWER_USAGE_QUARANTINED /* told, but it cannot be: `why` says what */
};

enum { ANSWER_VERBATIM_MAX = 2048, ANSWER_NAME_MAX = 128, ANSWER_MESSAGE_MAX = 480 };

struct answer_usage {
    enum answer_usage_state state;
    struct meters meters; /* normalised; docs/billing.md, "Normalise usage before rating" */
    struct meters shown;  /* what a client is told where that is not what is rated (Cohere's tokens
                             beside its billed units); nothing present: the same */
    const char *why;
    char verbatim[ANSWER_VERBATIM_MAX]; /* JSON as it came; empty when it did not fit */
    size_t verbatim_size;
};

struct answer {
    const char *normaliser; /* of the language that reads it, with its version: a constant */
    uint32_t signs;         /* all that were seen */
    char id[ANSWER_NAME_MAX], model[ANSWER_NAME_MAX];
    char finish_reason[32];
    /* Sets of choices, of streams that pass as they are: who spoke, called tools, told its end. */
    struct answer_choices {
        uint64_t spoke[2], called[2], finished[2];
    } choices;
    enum price_mode mode; /* as the provider says it served it */
    struct answer_usage usage;
    char error_message[ANSWER_MESSAGE_MAX], error_code[64], error_param[64];
    int32_t error_status;   /* 0: it told none */
    int64_t error_retry_ms; /* what the error's body asks to wait; 0: it told none */
};

/* Sees the inside of each generated JSON string (escapes as they stand), in order. */
struct answer_tap {
    void (*on_text)(void *context, struct span inside);
    void *context;
};

static inline struct answer answer_make(void)
{
    return (struct answer){.mode = MODE_STANDARD};
}

#endif
