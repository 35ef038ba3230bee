/*
 * http: one request and its answer, by libcurl. With http_url.c the only folder's files that see
 * it.
 *
 * Blocking. Verifies TLS, follows no redirects, takes no proxy for this machine itself, bounds
 * every answer. Knows nothing of what is asked.
 */
#ifndef TOLLGATE_TENANTS_CTL_HTTP_H
#define TOLLGATE_TENANTS_CTL_HTTP_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

enum { HTTP_ANSWER_MAX = 64 << 20, HTTP_WORD_MAX = 128 };

struct http;

struct http_request {
    const char *method, *url; /* the whole address */
    const char *token;        /* Bearer, or NULL */
    const char *if_match;     /* an etag without quotes, or NULL */
    const char *idempotency_key;
    struct span body; /* JSON; at NULL: none */
    int timeout_s;
};

struct http_answer {
    int status;
    char content_type[HTTP_WORD_MAX];
    char request_id[HTTP_WORD_MAX]; /* x-request-id */
    int64_t retry_after_s;          /* -1: not told */
    struct buf body;
};

enum http_outcome {
    HTTP_ANSWERED,
    HTTP_NOT_SENT,    /* no connection: nothing has left this machine */
    HTTP_BROKEN,      /* the request may have arrived */
    HTTP_NOT_TRUSTED, /* TLS: its certificate is not trusted; nothing was sent */
};

/* Trusts the certificates of `ca_file`, the system's when NULL; `direct`: without any proxy. */
must_use struct http *http_new(const char *ca_file, bool direct);
void http_free(struct http *http);

/* On anything but HTTP_ANSWERED `error` gets a few words. The answer is done by the caller in every
 * case. */
must_use enum http_outcome http_send(struct http *http, const struct http_request *request,
                                     struct http_answer *answer_out, struct buf *error);
void http_answer_done(struct http_answer *answer);

struct http_address {
    char *base; /* owned: "https://host:port/path" without a slash at its end */
    bool loopback, secure;
};

/* Reads an address as people type it; without a scheme it is https, or http for this machine. 0, or
 * -EINVAL with a sentence in `error`. */
must_use int http_address(const char *text, struct http_address *address_out, struct buf *error);
void http_address_done(struct http_address *address);

#endif
