/*
 * fetch: one HTTP request to a fixed address of this machine, on the worker's upstream: the way to
 * our own programs behind the edge.
 *
 * Beside the deployments' interface (upstream.h) and unknown to it: any method, headers of the
 * caller's, an answer with all its headers. Plain HTTP to loopback only. All calls on the worker's
 * thread; what is asked for is done at the end of the loop's turn.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_FETCH_H
#define TOLLGATE_GATEWAY_UPSTREAM_FETCH_H

#include "common/httpd/httpd.h"
#include "gateway/upstream/upstream.h"

struct fetch;

/* Copied by fetch_start, but for the body. */
struct fetch_request {
    const char *origin;                 /* "http://127.0.0.1:8081", no path; fetch_origin_ok */
    struct span method;                 /* "GET" */
    struct span target;                 /* path and query, sent byte for byte */
    const struct httpd_header *headers; /* their names and values pass httpd_header_ok */
    size_t header_count;
    struct span body; /* stays until the fetch is gone; at NULL: none */
    uint32_t total_ms;
};

/* The head of the answer. Everything lives until on_head returns. */
struct fetch_head {
    int status;
    const struct httpd_header *headers; /* names in lower case, in the order they came */
    size_t header_count;
    int64_t body_bytes; /* -1: unknown */
};

/* As those of upstream_events: none is made from inside a call down. */
struct fetch_events {
    void (*on_head)(void *context, const struct fetch_head *head);
    void (*on_bytes)(void *context, struct span bytes);
    void (*on_end)(void *context, enum upstream_end end); /* the fetch is gone afterwards */
};

/* http:// with an address of this machine and a port, nothing behind it. */
must_use bool fetch_origin_ok(const char *origin);

/* `upstream` is one of curl.h. */
must_use struct fetch *fetch_start(struct upstream *upstream, const struct fetch_request *request,
                                   const struct fetch_events *events, void *context);
void fetch_pause(struct fetch *fetch);
void fetch_resume(struct fetch *fetch);
/* Nobody is called any more; the connection is closed. The fetch is gone. */
void fetch_cancel(struct fetch *fetch);

#endif
