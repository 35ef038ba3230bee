/*
 * answer_event: what is said in an answer, piece by piece, in nobody's dialect.
 *
 * A provider's language is read into these, a client's is written from them; streams and whole
 * answers alike, so that both come to the same. Order: BEGIN first; of one choice, reasoning, text
 * and tool calls as they come; FINISH once per choice; USAGE at most once behind the last FINISH;
 * DONE last and only when the provider said its end. ERROR ends instead.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANSWER_EVENT_H
#define TOLLGATE_GATEWAY_DIALECT_ANSWER_EVENT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/signer.h"

enum answer_event_kind {
    EVENT_BEGIN,     /* id, name: the model, as the provider has them (insides); usage: what it
                        says of the prompt already, or NULL */
    EVENT_TEXT,      /* text */
    EVENT_REFUSAL,   /* text */
    EVENT_REASONING, /* text; plan: said before tool calls, apart from thinking (Cohere) */
    EVENT_SIGNATURE, /* text: of the reasoning before it; of_call: of the tool call `tool` (Gemini)
                      */
    EVENT_REDACTED,  /* text: reasoning that only its provider can read */
    EVENT_TOOL,      /* a tool call begins: tool, id (may be empty), name */
    EVENT_ARGUMENTS, /* tool; text: a part of its arguments' JSON, as the inside of a string */
    EVENT_CITATION,  /* json: one, as OpenAI's annotation {"type":"url_citation",…} */
    EVENT_LOGPROBS,  /* json: OpenAI's logprobs object */
    EVENT_IMAGE,     /* a generated picture: type, text: base64 */
    EVENT_FINISH,    /* finish; text: the provider's own word */
    EVENT_USAGE,     /* usage, normalised; json: further members for the client (cost), or empty */
    EVENT_ERROR,     /* answer->error_* say it; a writer writes nothing: the flow tells errors */
    EVENT_DONE,
    EVENT_KINDS
};

enum answer_finish {
    FINISH_STOP,
    FINISH_LENGTH,
    FINISH_TOOL_CALLS,
    FINISH_CONTENT_FILTER,
    FINISH_PAUSE, /* Anthropic's pause_turn: to be sent again as it is */
    FINISH_ERROR, /* the provider's own failure in mid-answer */
    FINISHES
};
must_use const char *answer_finish_name(enum answer_finish finish); /* OpenAI's words */

/* Spans live until the sink returns. Texts are insides of JSON strings. */
struct answer_event {
    enum answer_event_kind kind;
    uint32_t choice; /* from 0 */
    uint32_t tool;   /* of the choice, from 0 in the order in which they began */
    struct span text, id, name, type, json;
    bool of_call;       /* SIGNATURE */
    bool plan;          /* REASONING */
    enum signer signer; /* SIGNATURE, REDACTED: UNKNOWN becomes the language's own */
    enum answer_finish finish;
    const struct answer_usage *usage;
};

struct answer_sink {
    void (*on_event)(void *context, const struct answer_event *event);
    void *context;
};

#endif
