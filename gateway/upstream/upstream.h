/*
 * upstream: one HTTP request to a provider, on the worker's loop.
 *
 * An interface with two implementations: curl.h for the network and script.h in memory, for tests.
 * Knows no dialect: it is told a path, headers and bytes, and tells status, a few headers and
 * bytes. Retries nothing that a provider may bill. Of the four timeouts it keeps the first
 * (connect); the others are the caller's. All calls on the worker's thread.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_UPSTREAM_H
#define TOLLGATE_GATEWAY_UPSTREAM_UPSTREAM_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "gateway/snapshot/snapshot.h"

struct upstream;      /* a worker's */
struct upstream_call; /* one transfer */

/* The head of the answer. Spans live until on_head returns. */
struct upstream_head {
    int status;
    struct span content_type, content_encoding, request_id;
    bool framed; /* the body's end is told by its length or its last chunk, not by closing */
    int64_t retry_after_ms; /* 0: none */
};

enum upstream_end {
    UPSTREAM_WHOLE,           /* the answer came to its proper end */
    UPSTREAM_NO_CONNECTION,   /* name, route, refused, TLS: nothing was sent */
    UPSTREAM_CONNECT_TIMEOUT, /* the same, by time */
    UPSTREAM_FORBIDDEN,       /* its address is one that may not be dialled */
    UPSTREAM_STALE,           /* a kept connection died before the head: sent, maybe never read */
    UPSTREAM_BROKEN,          /* reset, cut short, or not HTTP */
    UPSTREAM_ENDS
};

/* Calls up. None is made from inside a call down. Inside of them any call down may be made. */
struct upstream_events {
    void (*on_head)(void *context, const struct upstream_head *head);
    void (*on_bytes)(void *context, struct span bytes);   /* borrowed until it returns */
    void (*on_end)(void *context, enum upstream_end end); /* the call is gone afterwards */
};

enum upstream_method { UPSTREAM_POST, UPSTREAM_GET, UPSTREAM_DELETE };

/* A header of the client's that is handed on. */
struct upstream_header {
    struct span name, value;
};

/* But for the deployment and the body, all is copied or read before start() returns. */
struct upstream_request {
    const struct snapshot_deployment *deployment; /* valid until the call is gone */
    /* One of the deployment's, NULL: the first. */
    const struct snapshot_credential *credential;
    enum upstream_method method; /* a GET is sent again when a kept connection was dead */
    struct span path; /* goes behind its base URL: "/chat/completions"; may have a query of its own,
                         which the deployment's is joined to. Printable ASCII, percent-encoded where
                         needed, no segment "." or ".." */
    struct span content_type;   /* empty: application/json for POST, none for the others */
    struct span accept;         /* empty: anything */
    const char *const *headers; /* "name: value" of the language, NULL at the end; may be NULL. The
                                   lines are constants: they stay */
    const struct upstream_header *passed; /* win over those of `headers`; ones that are not
                                             httpd_header_ok are left out */
    uint32_t passed_count;
    const struct span *pieces; /* the body; they and their bytes stay until the call is gone */
    uint32_t piece_count;
    size_t body_bytes;
    struct span request_id; /* ours; sent to the sandbox only */
    uint32_t attempt;       /* likewise; from 1 */
};

struct upstream_ops {
    /* NULL when the deployment's address or credential, the path or the headers are unfit to be
     * used at all. */
    struct upstream_call *(*start)(struct upstream *upstream,
                                   const struct upstream_request *request,
                                   const struct upstream_events *events, void *context);
    /* At most what is on its way comes after it (64 KiB), until resume. */
    void (*pause)(struct upstream_call *call);
    void (*resume)(struct upstream_call *call);
    /* Nobody is called any more; the connection is closed. The call is gone. */
    void (*cancel)(struct upstream_call *call);
    /* To be called at the end of each turn of the loop: sends what was started. */
    void (*turn)(struct upstream *upstream);
    void (*free)(struct upstream *upstream);
};

/* First member of each implementation. */
struct upstream {
    const struct upstream_ops *ops;
};

#endif
