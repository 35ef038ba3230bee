/*
 * ask: a request body, in the dialect of its path, read once.
 *
 * Says what the gateway must know of a request, and refuses what is malformed, out of range, or
 * would change the price or the host behind the gateway's back. What it does not know it leaves for
 * the provider. Knows no model, no price and no HTTP status. Runs on the worker that owns the
 * request.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "common/base/span.h"
#include "gateway/dialect/ask_routing.h"
#include "tenants/model/provider_wish.h"

enum ask_kind {
    ASK_CHAT,        /* OpenAI's chat completions */
    ASK_EMBEDDINGS,  /* OpenAI's */
    ASK_MESSAGES,    /* Anthropic's */
    ASK_GENERATE,    /* Gemini's generateContent and streamGenerateContent */
    ASK_RESPONSES,   /* OpenAI's Responses */
    ASK_COMPLETIONS, /* OpenAI's older ones, of a prompt */
    ASK_MODERATIONS,
    ASK_RERANK, /* Cohere's shape, which all others took over */
    ASK_IMAGES,
    ASK_IMAGE_EDITS, /* JSON or a form */
    ASK_SPEECH,
    ASK_TRANSCRIPTIONS, /* a form; so are translations */
    ASK_TRANSLATIONS,
    ASK_KINDS
};
/* Whether it is answered by a conversation's next message: what can be translated. */
must_use bool ask_is_chat(enum ask_kind kind);
/* Whether it has readers and writers of its own, in service.h: all but chats and embeddings. */
must_use bool ask_is_service(enum ask_kind kind);

enum {
    ASK_NAME_MAX = 256,    /* bytes of a model's or provider's name */
    ASK_TEXT_MAX = 512,    /* of user, session_id, a tag */
    ASK_TAGS_MAX = 16,     /* kept; the rest is dropped */
    ASK_CONSUMED_MAX = 48, /* members of ours in one body */
    ASK_CHOICES_MAX = 128, /* n */
};
#define ASK_CAP_MAX INT64_C(10000000)

/* Spans are copies in the arena given to ask_read and outlive the body; node indices belong to the
 * document. */
struct ask {
    enum ask_kind kind;
    const struct json_doc *doc;
    struct span model;
    uint32_t model_node;
    bool stream, include_usage;
    uint32_t stream_options_node;              /* JSON_NONE: not there; may be null */
    int64_t max_tokens, max_completion_tokens; /* -1: not there */
    uint32_t max_tokens_node, max_completion_tokens_node;
    uint32_t config_node; /* Gemini's generationConfig; JSON_NONE: not there; may be null */
    struct span previous; /* Responses': the one before, by the id that was handed out */
    uint32_t previous_node;
    int64_t choices; /* n, at least 1; of completions all that are generated */
    int64_t best_of; /* of completions; 0: not above 1 */
    struct span user, session_id;
    struct {
        struct span name, value;
    } tags[ASK_TAGS_MAX];
    uint32_t tag_count;
    struct provider_wish wish; /* provider */
    struct span preference;    /* route_preference, as it came; empty: not there */
    struct ask_routing routing;
    uint64_t input_bound;                /* tokens of text and inline media, by any vocabulary */
    bool open_input;                     /* a URL, a file id: only the context limit bounds it */
    uint32_t consumed[ASK_CONSUMED_MAX]; /* name nodes of our own extensions, in document order */
    uint32_t consumed_count;
};

enum ask_outcome {
    ASK_OK,
    ASK_MALFORMED,   /* not JSON, a duplicate member, …: the message has the byte offset */
    ASK_INVALID,     /* a member's type or range: `param` names it */
    ASK_UNSUPPORTED, /* a member that the catalog has no price for, or that names a host */
};

struct ask_refusal {
    const char *message; /* in the arena, or a constant */
    const char *param;   /* NULL when no one member is to blame */
};

/* What came: the body, and where the dialect says them in the path the model and whether to stream.
 */
struct ask_source {
    enum ask_kind kind;
    struct span body, model;
    bool stream;
};

/* Reads the body into `doc` (which borrows it) and fills *ask_out on ASK_OK. `refusal_out` is
 * filled otherwise. */
must_use enum ask_outcome ask_read(const struct ask_source *source, struct json_doc *doc,
                                   struct arena *arena, struct ask *ask_out,
                                   struct ask_refusal *refusal_out);

/* Whether a name node is an extension of ours, to be removed before the body goes upstream. */
must_use bool ask_consumes(const struct ask *ask, uint32_t name);

#endif
