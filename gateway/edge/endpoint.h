/*
 * endpoint: what is served where, and whose words an error is told in.
 *
 * The path table of docs/contracts.md, "Calls". Matches the raw path: nothing is decoded or
 * normalised, and %2F is legal only inside a model id. Pure; any thread.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_ENDPOINT_H
#define TOLLGATE_GATEWAY_EDGE_ENDPOINT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum endpoint {
    ENDPOINT_NONE, /* nothing is served there */
    ENDPOINT_CHAT_COMPLETIONS,
    ENDPOINT_EMBEDDINGS,
    ENDPOINT_MESSAGES,     /* Anthropic's */
    ENDPOINT_COUNT_TOKENS, /* of a request in the dialect of its path; free */
    ENDPOINT_DRY_RUN,      /* where a chat completion would go */
    ENDPOINT_GENERATE,     /* Gemini's generateContent and streamGenerateContent */
    ENDPOINT_COMPLETIONS,  /* OpenAI's older ones */
    ENDPOINT_MODERATIONS,
    ENDPOINT_RERANK,
    ENDPOINT_IMAGES,
    ENDPOINT_IMAGE_EDITS,
    ENDPOINT_SPEECH,
    ENDPOINT_TRANSCRIPTIONS,
    ENDPOINT_TRANSLATIONS,
    ENDPOINT_RESPONSES,       /* OpenAI's */
    ENDPOINT_RESPONSE,        /* one of them, that a provider keeps */
    ENDPOINT_RESPONSE_CANCEL, /* likewise */
    ENDPOINT_RESPONSE_ITEMS,  /* its input */
    ENDPOINT_MODELS,
    ENDPOINT_MODEL,           /* one of them, by id */
    ENDPOINT_MODEL_ENDPOINTS, /* the deployments of one */
    ENDPOINT_MODEL_COUNT,
    ENDPOINT_PROVIDERS,
    ENDPOINT_HEALTHZ,
    ENDPOINT_READYZ,
    /* Of the site around the API; 404 where the settings give none of them. */
    ENDPOINT_CONTROL, /* the control plane's API, passed on to it */
    ENDPOINT_CONSOLE, /* the console's files */
    ENDPOINT_ROOT,    /* "/", which leads to the console */
    ENDPOINTS
};

/* The words of an error, by the path that was asked for. REPLY_PROBLEM: RFC 9457, as the control
 * plane itself refuses. */
enum reply_dialect { REPLY_OPENAI, REPLY_ANTHROPIC, REPLY_GEMINI, REPLY_PROBLEM, REPLY_DIALECTS };

enum endpoint_method {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_DELETE = 8,
    METHOD_PUT = 16,
    METHOD_PATCH = 32
};

struct endpoint_match {
    enum endpoint endpoint;
    enum reply_dialect dialect;
    unsigned allowed;     /* methods, as bits; 0 where nothing is served */
    struct span model;    /* of a path that names one: as it stands there, %2F and all */
    struct span response; /* of a path that names one */
    bool stream;          /* the path asks for a stream */
    bool method_served;   /* the method asked for is one of them */
};

/* Always fills `match_out`; endpoint is ENDPOINT_NONE for an unknown path. */
void endpoint_match(struct span method, struct span path, struct endpoint_match *match_out);

/* "chat.completions": as it stands in events, logs and metrics. */
must_use const char *endpoint_name(enum endpoint endpoint);

/* "GET, HEAD": the value of an Allow header. Returns its length. */
#define ENDPOINT_ALLOW_SIZE 48
size_t endpoint_allow(unsigned methods, char text_out[ENDPOINT_ALLOW_SIZE]);

/* Decodes %2F (and no other escape) of a model id in a path. Returns the length, or 0 when it is
 * no model id or does not fit. */
must_use size_t endpoint_model_id(struct span raw, char *text_out, size_t capacity);

#endif
