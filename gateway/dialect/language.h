/*
 * language: the tables of what can be spoken: to providers here, to clients in answer_writer.h.
 *
 * Each language is pure code fed with bytes; it opens nothing and knows no flow. languages.c lists
 * them. Where client and provider speak the same one, bytes pass untouched but for a patch, and
 * none of this is used.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_LANGUAGE_H
#define TOLLGATE_GATEWAY_DIALECT_LANGUAGE_H

#include "common/base/json.h"
#include "gateway/dialect/answer_event.h"
#include "gateway/dialect/answer_reader.h"
#include "gateway/dialect/answer_writer.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/chat_member.h"
#include "gateway/dialect/patch.h"
#include "gateway/dialect/pieces.h"

struct compatible;

/* Where a chat goes; compatible_target() fills most of it. */
struct language_target {
    struct span model;         /* the provider's own name of it; no inside: plain text */
    int64_t output_cap;        /* tokens; > 0 */
    int64_t output_limit;      /* of the model; 0: unknown */
    bool reasoning;            /* the model can */
    const char *tokens_member; /* OpenAI's: "max_tokens" or "max_completion_tokens" */
    /* OpenAI's: where an assistant's earlier reasoning goes ("reasoning_content"); NULL: nowhere */
    const char *reasoning_member;
    /* 1 << enum chat_member: taken there beyond the language's own, and not taken there. */
    uint64_t extra, without;
    const struct compatible *compatible; /* OpenAI's: how it differs (compatible.h); NULL: not */
    bool goes_on;                        /* chat.goes_on, for the path */
};

enum language_framing { FRAMING_SSE, FRAMING_EVENT_STREAM };

enum ask_written {
    ASK_WRITTEN,
    ASK_UNSPEAKABLE, /* it cannot be said in this language (a hosted file, a role out of order) */
    ASK_TOO_LARGE
};

/* What did not go over. `why` names what was unspeakable, for the client: "audio input". */
struct ask_losses {
    uint64_t lost; /* 1 << enum chat_member */
    const char *why;
};

struct upstream_language {
    const char *name;       /* "anthropic" */
    const char *normaliser; /* "anthropic/1": stands in each event */
    enum language_family family;
    enum language_framing framing;
    enum signer signer;         /* of the thoughts in its answers */
    const char *accept;         /* of a stream; NULL: nothing is asked for */
    const char *const *headers; /* constant "name: value" lines, NULL at the end; may be NULL */
    /* Appends the path behind the base URL, with a query when it needs one. */
    void (*path)(const struct language_target *target, bool stream, struct buf *out);
    enum ask_written (*write_ask)(const struct chat *chat, const struct language_target *target,
                                  struct pieces *out, struct ask_losses *losses_out);
    /* A body of its own family, for this target: the model's name, the cap, and without what is
     * consumed here. False when there are too many edits. NULL: no client speaks it. */
    bool (*patch_ask)(struct patch *patch, const struct ask *ask,
                      const struct language_target *target, struct arena *arena);
    /* One frame: `event` is SSE's event field or the event stream's :event-type. */
    void (*read_frame)(struct answer_reader *reader, struct span event, struct span data);
    /* The stream's body is at its end. `framed`: by its framing (the last chunk, all of its
     * length), not by a connection that closed. NULL: the language has an end marker, and without
     * it a stream is cut, whatever its framing says. */
    void (*read_end)(struct answer_reader *reader, bool framed);
    void (*read_whole)(struct answer_reader *reader, struct span body);
    /* An error with a status of its own; false when there is none in there. */
    bool (*read_error)(struct answer_reader *reader, struct span body);
};

extern const struct upstream_language openai_upstream, anthropic_upstream,
    anthropic_vertex_upstream, gemini_upstream, gemini_vertex_upstream, bedrock_upstream,
    cohere_upstream, responses_upstream;
/* Gemini's streams: events with ?alt=sse, without it one JSON array. */
extern const struct client_language openai_client, anthropic_client, gemini_client,
    gemini_array_client, responses_client, completions_client;

#endif
