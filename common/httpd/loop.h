/*
 * loop: what the files of common/httpd share about the server and its event loop. Everything
 * belongs to its thread, but what says otherwise.
 */
#ifndef TOLLGATE_COMMON_HTTPD_LOOP_H
#define TOLLGATE_COMMON_HTTPD_LOOP_H

#include <stdatomic.h>

#include "common/base/list.h"
#include "common/httpd/httpd.h"
#include "common/httpd/wall.h"

enum {
    ACCEPTS_PER_TURN = 32,
    OUT_KEPT_BYTES = 16384,      /* an output buffer of this size goes back to the pool */
    OUT_SLICE_BYTES = 256 << 10, /* one write; its completion is progress */
    BODY_FREE_BYTES = 16384,     /* of a body, not counted against the budget */
    INPUT_WAITING_MAX = 65536,   /* pipelined bytes held while a request is worked on */
    LINGER_MS = 2000,
    SWEEP_MS = 250,
    POOL_MAX = 256,
};

struct turn_end {
    httpd_fd_ready *call;
    void *context;
};

struct listener {
    struct httpd *httpd;
    h2o_socket_t *socket;
    int fd;
    struct httpd_tls *tls;
    struct list link;
};

struct httpd {
    struct httpd_config config;
    struct httpd_handler handler;
    _Atomic size_t own_bodies; /* when config.bodies_bytes is NULL */
    h2o_evloop_t *loop;
    int64_t now_us;
    h2o_timeout_t zero;
    h2o_timeout_entry_t turn_entry;
    bool in_turn_end, turn_ended;
    struct turn_end turn_ends[8];
    uint32_t turn_end_count;
    struct httpd_timer **timers; /* binary heap by due_ms; slot 0 unused */
    uint32_t timer_count, timer_capacity;
    struct list conns, dirty, listeners, watches, free_requests;
    uint32_t conn_count, request_count, free_request_count, out_count;
    char *out_pool[POOL_MAX];
    struct httpd_timer sweep, accept_pause, idle_grace;
    int spare_fd; /* given up for a moment to tell a client that descriptors ran out */
    struct httpd_watch *stop_watch;
    int stop_fd;
    _Atomic int64_t stop_drain_ms; /* -1: not asked; shared */
    bool stopping;
    int64_t stop_deadline_ms;
    char date[40];
    int64_t date_s;
};

/* loop.c: must be called by every callback of h2o before it does anything. */
void loop_touch(struct httpd *httpd);
void loop_turn(struct httpd *httpd, int64_t max_wait_ms);
/* timer.c */
int64_t timer_next_ms(const struct httpd *httpd); /* INT64_MAX: none is set */
void timer_run_due(struct httpd *httpd);
/* listen.c */
void listen_close_all(struct httpd *httpd);
void listen_resume(void *httpd);
/* tls.c */
struct ssl_ctx_st *tls_context(struct httpd_tls *tls); /* owned by the caller */

#endif
