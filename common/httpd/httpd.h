/*
 * httpd: an HTTP/1.1 and TLS server on one event loop. Nobody else sees h2o.h.
 *
 * One httpd per worker thread, with a listener of its own (SO_REUSEPORT). A request is handed over
 * whole and unambiguous; what is not is answered 400 and closed unseen. All calls are made on the
 * loop's thread. Bytes sent within one turn of the loop leave together.
 */
#ifndef TOLLGATE_COMMON_HTTPD_HTTPD_H
#define TOLLGATE_COMMON_HTTPD_HTTPD_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct httpd;
struct httpd_request;

struct httpd_header {
    struct span name, value; /* names in lower case */
};

struct httpd_config {
    size_t max_body_bytes;        /* 413 above it */
    size_t max_bodies_bytes;      /* over all connections of the process; 503 above it */
    _Atomic size_t *bodies_bytes; /* shared by the process's httpds: what is held now; NULL: own */
    size_t max_head_bytes;        /* request line and headers; 431 above it */
    size_t max_pending_bytes;     /* held per request for a slow client before it asks to pause */
    uint32_t max_connections;     /* of this worker; 503 and close above it */
    uint32_t head_timeout_ms, body_timeout_ms, write_timeout_ms, idle_timeout_ms;
};

extern const struct httpd_config httpd_config_initial; /* fits a gateway; see httpd.c */

/* Calls up. None may be called from inside a call down. */
struct httpd_handler {
    void *context;
    /* A whole request. It stays valid until it is ended, or until on_gone. */
    void (*on_request)(void *context, struct httpd_request *request);
    /* Refused by the server itself (400, 408, 413, 431, 503); `why` is a constant sentence. Answers
     * it at once; the connection closes then. Only path and peer are sure to be there. */
    void (*on_refusal)(void *context, struct httpd_request *request, int status, const char *why);
};

/* ---- loop: what else a worker runs on the same thread ---- */
typedef void httpd_fd_ready(void *context);
struct httpd_watch;
/* Calls `ready` whenever fd (an epoll set, an eventfd, a timerfd) is readable. */
must_use struct httpd_watch *httpd_watch_fd(struct httpd *httpd, int fd, httpd_fd_ready *ready,
                                            void *context);
void httpd_unwatch(struct httpd_watch *watch);
/* Called once at the end of every turn, before the loop waits: the place for batching. */
void httpd_at_turn_end(struct httpd *httpd, httpd_fd_ready *call, void *context);

/* A timer on the monotonic clock, embedded in its owner. */
struct httpd_timer {
    void (*expired)(void *context);
    void *context;
    int64_t due_ms; /* CLOCK_MONOTONIC; 0 = not set */
    uint32_t slot;  /* of the heap */
};
void httpd_timer_set(struct httpd *httpd, struct httpd_timer *timer, int64_t due_mono_ms);
void httpd_timer_cancel(struct httpd *httpd, struct httpd_timer *timer);
/* The monotonic time at the begin of this turn. */
must_use int64_t httpd_now_ms(const struct httpd *httpd);

/* ---- server ---- */
must_use struct httpd *httpd_new(const struct httpd_config *config,
                                 const struct httpd_handler *handler);
/* Listens on a bound, listening socket (takes it). `tls` may be NULL; see tls.h. */
struct httpd_tls;
void httpd_listen(struct httpd *httpd, int listen_fd, struct httpd_tls *tls);
/* Runs turns until httpd_stop() and then until no connection is left or `drain_ms` is over; closes
 * what is left as if the clients had gone. */
void httpd_run(struct httpd *httpd);
/* One turn, waiting at most so long: for what must still happen after httpd_run(). */
void httpd_turn(struct httpd *httpd, uint32_t max_wait_ms);
/* From any thread: stop listening, close idle connections, finish requests. */
void httpd_stop(struct httpd *httpd, uint32_t drain_ms);
void httpd_free(struct httpd *httpd);
must_use uint32_t httpd_open_requests(const struct httpd *httpd);
must_use uint32_t httpd_open_connections(const struct httpd *httpd);

/* ---- request: what came ---- */
must_use struct span httpd_method(const struct httpd_request *request);
must_use struct span httpd_path(const struct httpd_request *request); /* raw, without the query */
must_use struct span httpd_query(const struct httpd_request *request);
must_use struct span httpd_body(const struct httpd_request *request); /* while it is valid */
must_use struct span httpd_peer(const struct httpd_request *request); /* address text */
must_use bool httpd_is_tls(const struct httpd_request *request);
/* Of the first line of that name (lower case), or the last, the nearest hop's; at == NULL: none. */
must_use struct span httpd_header(const struct httpd_request *request, const char *name);
must_use struct span httpd_header_last(const struct httpd_request *request, const char *name);
/* NULL behind the last one. */
must_use const struct httpd_header *httpd_header_nth(const struct httpd_request *request,
                                                     uint32_t n);
/* Monotonic; when the head was whole. */
must_use int64_t httpd_arrived_us(const struct httpd_request *request);

/* ---- request: the answer ---- */
/* Whom to tell. on_gone: the client left; the request is not valid afterwards. on_room: pending
 * bytes fell below half of the maximum after httpd_send had said "full". */
void httpd_attach(struct httpd_request *request, void *owner, void (*on_gone)(void *owner),
                  void (*on_room)(void *owner));
/* The head; copies. Names and values must pass httpd_header_ok. body_size SIZE_MAX: chunked. */
void httpd_start(struct httpd_request *request, int status, const struct httpd_header *headers,
                 size_t count, size_t body_size);
/* Queues a copy of the bytes. True when more than max_pending_bytes wait: the caller pauses until
 * on_room. */
must_use bool httpd_send(struct httpd_request *request, struct span bytes);
/* Ends the answer. `complete` false: the connection is closed without the last chunk. The request
 * is not valid afterwards and on_gone is not called. */
void httpd_end(struct httpd_request *request, bool complete);
/* Head, whole body and end in one. */
void httpd_answer(struct httpd_request *request, int status, const struct httpd_header *headers,
                  size_t count, struct span body);
/* No CR, LF, NUL or other control characters; the check at every sink. */
must_use bool httpd_header_ok(struct span name, struct span value);

#endif
