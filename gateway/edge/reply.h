/*
 * reply: what a client is told: error envelopes in its own dialect and the headers that stand on
 * every answer. The one place of the gateway that knows which refusal is which HTTP status.
 *
 * Runs on the worker that owns the request. Knows no flow: whoever refuses names a `refusal` and
 * says the sentence.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_REPLY_H
#define TOLLGATE_GATEWAY_EDGE_REPLY_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/span.h"
#include "common/httpd/httpd.h"
#include "gateway/edge/endpoint.h"

/* One row each in reply.c: status, OpenAI type and code, Anthropic type, Gemini status, our word.
 */
enum refusal {
    REFUSE_INVALID_REQUEST,   /* 400 */
    REFUSE_INVALID_VALUE,     /* 400: a parameter's type or range; set `param` */
    REFUSE_UNSUPPORTED,       /* 400: a parameter that this model or catalog has no price for */
    REFUSE_AMBIGUOUS,         /* 400: the HTTP head; the connection is closed */
    REFUSE_MISSING_KEY,       /* 401 */
    REFUSE_INVALID_KEY,       /* 401 */
    REFUSE_KEY_INACTIVE,      /* 401: revoked, expired, disabled */
    REFUSE_NO_CREDIT,         /* 402: the balance */
    REFUSE_NO_BUDGET,         /* 402: a budget */
    REFUSE_SUSPENDED,         /* 403: the tenant */
    REFUSE_NOT_ALLOWED,       /* 403: not to this key */
    REFUSE_NO_MODEL,          /* 404: unknown model */
    REFUSE_MODEL_UNAVAILABLE, /* 404 model_not_available: not sold or without credential */
    REFUSE_NO_RESPONSE,       /* 404: nobody keeps a response of that id for this tenant */
    REFUSE_NO_PATH,           /* 404 */
    REFUSE_METHOD,            /* 405 */
    REFUSE_TIMEOUT,           /* 408 */
    REFUSE_CONTEXT_LENGTH,    /* 400 context_length_exceeded */
    REFUSE_CONTENT_POLICY,    /* 400 content_policy_violation */
    REFUSE_TOO_LARGE,         /* 413 */
    REFUSE_UNPROCESSABLE,     /* 422 */
    REFUSE_RATE_LIMITED,      /* 429: our limit */
    REFUSE_PROVIDER_RATE,     /* 429: the provider's, after fallbacks */
    REFUSE_HEAD_TOO_LARGE,    /* 431 */
    REFUSE_INTERNAL,          /* 500 */
    REFUSE_PROVIDER_NONSENSE, /* 502 */
    REFUSE_UNAVAILABLE,       /* 503: nobody can serve it now */
    REFUSE_STORE,             /* 503: our own store */
    REFUSE_OVERLOADED,        /* 503: we are full */
    REFUSE_CONTROL,           /* 503: the control plane does not answer */
    REFUSE_PROVIDER_TIMEOUT,  /* 504 */
    REFUSE_PROVIDER_OVERLOAD, /* 529 */
    REFUSALS
};

must_use int refusal_status(enum refusal refusal);
/* The stable word of ours: x-tollgate-error, and `error` of events and logs. */
must_use const char *refusal_word(enum refusal refusal);

/* What the sentence adds to the row. Empty members are left out. */
struct refusal_say {
    struct span message;    /* one sentence; empty: the row's own */
    const char *param;      /* the member that was wrong, or NULL */
    struct span metadata;   /* a JSON object, or empty */
    int64_t retry_after_ms; /* 0: none */
};

/* What is known of a request when its head goes out. Borrows until the call returns. */
struct reply_head {
    struct uuid id;                     /* ours */
    struct span client_request_id;      /* echoed when it is a legal header value of <= 256 bytes */
    struct span model, provider;        /* empty: not chosen yet */
    int32_t attempts;                   /* -1: leave out */
    int64_t overhead_us;                /* -1: leave out */
    const struct reply_limits *limits;  /* NULL: none known */
    const struct httpd_header *further; /* at most REPLY_FURTHER_MAX */
    size_t further_count;
};
struct reply_limits {
    int64_t limit_requests, remaining_requests, reset_requests_ms; /* limit 0: leave out */
    int64_t limit_tokens, remaining_tokens, reset_tokens_ms;
};
enum { REPLY_FURTHER_MAX = 8 };

/* The head of an answer: x-request-id, x-generation-id, x-tollgate-*, rate limits. body_size as
 * for httpd_start. */
void reply_start(struct httpd_request *request, int status, const struct reply_head *head,
                 struct span content_type, size_t body_size);
/* Head, body and end. */
void reply_answer(struct httpd_request *request, int status, const struct reply_head *head,
                  struct span content_type, struct span body);
/* The whole refusal; in REPLY_PROBLEM as application/problem+json. The request is not valid
 * afterwards. */
void reply_refuse(struct httpd_request *request, enum reply_dialect dialect,
                  const struct reply_head *head, enum refusal refusal,
                  const struct refusal_say *say);

/* The envelope alone, for errors inside a stream; `say` may be NULL. Appends one JSON object. */
void reply_error_body(struct buf *out, enum reply_dialect dialect, enum refusal refusal,
                      const struct refusal_say *say, struct uuid id);

#endif
