/*
 * chat: a chat request in nobody's dialect: what a client's language is read into and a provider's
 * is written from, when the two differ.
 *
 * Nothing is decoded that does not have to be: a text is the inside of a JSON string as it stood
 * (its escapes in it, without the quotes), because it becomes the inside of another JSON string.
 * Base64 is never read or copied. All spans borrow from the client's body, arrays from the arena of
 * the request. Holds no model, no price, no provider. One request, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "gateway/dialect/signer.h"

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT }; /* developer is system, tool is user */

enum chat_part_kind {
    PART_TEXT,
    PART_REFUSAL,   /* of an assistant */
    PART_REASONING, /* text, and the signature with which its provider knows it again */
    PART_REDACTED,  /* reasoning that only its provider can read: `data` */
    PART_IMAGE,
    PART_AUDIO,
    PART_FILE,
    PART_TOOL_CALL,
    PART_TOOL_RESULT, /* its content: parts of their own */
    PART_KINDS
};

enum chat_media_by { MEDIA_DATA, MEDIA_URL, MEDIA_FILE_ID };
enum chat_cache { CACHE_UNSET, CACHE_5M, CACHE_1H }; /* a cache breakpoint behind this */

/* A JSON value that one language writes as a value and another as a string with JSON in it. */
struct chat_json {
    struct span text; /* the value's text, or the string's inside */
    bool in_string;
};

struct chat_part {
    enum chat_part_kind kind;
    enum chat_cache cache;
    struct span text;      /* TEXT, REFUSAL, REASONING */
    struct span signature; /* REASONING, TOOL_CALL (Gemini's thought signature); may be empty */
    struct span data;      /* IMAGE, AUDIO, FILE: base64, URL or id, as `by` says; REDACTED */
    struct span type;      /* of media: "image/png"; empty: not told */
    struct span name;      /* TOOL_CALL: the function's; FILE: the file's */
    struct span id;        /* TOOL_CALL, TOOL_RESULT */
    struct span detail;    /* IMAGE: "low", "high", "auto" or empty */
    struct chat_json arguments; /* TOOL_CALL */
    enum signer signer;         /* REASONING, REDACTED: of the signature, of the data */
    enum chat_media_by by;
    bool error;            /* TOOL_RESULT */
    bool plan;             /* REASONING: said before tool calls, apart from thinking (Cohere) */
    uint32_t first, count; /* TOOL_RESULT: its content, parts of the chat */
};

struct chat_message {
    enum chat_role role;
    struct span name;      /* of a participant; may be empty */
    uint32_t first, count; /* its parts */
};

struct chat_tool {
    struct span name, description; /* insides */
    struct span schema;            /* JSON text of the parameters; empty: none */
    int strict;                    /* -1: not told */
    enum chat_cache cache;
};

enum chat_choice { CHOICE_UNSET, CHOICE_AUTO, CHOICE_NONE, CHOICE_REQUIRED, CHOICE_NAMED };
enum chat_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SCHEMA };
enum chat_effort {
    EFFORT_UNSET,
    EFFORT_NONE,
    EFFORT_MINIMAL,
    EFFORT_LOW,
    EFFORT_MEDIUM,
    EFFORT_HIGH,
    EFFORT_XHIGH
};

enum { CHAT_STOPS_MAX = 16 };
/* What shapes the answer. Numbers are their JSON text; empty: not given. */
struct chat_wish {
    struct span temperature, top_p, top_k, min_p, seed, frequency_penalty, presence_penalty,
        repetition_penalty, logit_bias, top_logprobs;
    bool logprobs;
    int64_t max_tokens; /* -1: not given */
    int64_t choices;    /* n */
    struct span stops[CHAT_STOPS_MAX];
    uint32_t stop_count;
    enum chat_format format;
    struct span schema_name, schema; /* FORMAT_SCHEMA: inside, JSON text */
    int schema_strict;               /* -1: not told */
    enum chat_effort effort;
    int64_t reasoning_budget;                  /* tokens; -1: not given */
    struct span verbosity, service_tier, user; /* insides */
    struct span metadata;                      /* JSON text */
    struct span safety;                        /* JSON text: Gemini's safetySettings */
    enum chat_choice tool_choice;
    struct span tool_name; /* CHOICE_NAMED */
    int parallel_tools;    /* -1: not told */
    enum chat_cache cache; /* asked for the whole prompt (Anthropic's automatic caching) */
    bool stream;
};

struct chat {
    struct chat_message *messages;
    struct chat_part *parts;
    struct chat_tool *tools;
    uint32_t message_count, part_count, tool_count;
    struct chat_wish wish;
    bool goes_on; /* the last message, an assistant's, is the begin of the answer (prefill.h) */
};

#endif
