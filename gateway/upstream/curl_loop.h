/*
 * curl_loop: libcurl's sockets and timer on the worker's loop, and the lists of calls that wait for
 * the end of the turn. Private to curl.c and fetch.c.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_CURL_LOOP_H
#define TOLLGATE_GATEWAY_UPSTREAM_CURL_LOOP_H

#include "common/base/buf.h"
#include "common/base/list.h"
#include "gateway/upstream/curl.h"
#include "gateway/upstream/origin.h"
#include "gateway/upstream/request_lines.h"

struct curl_socket {
    uint32_t registered, wanted; /* EPOLL… */
};

struct curl_upstream {
    struct upstream base;
    struct curl_config config;
    struct httpd *httpd;
    CURLM *multi;
    int epoll;
    struct httpd_watch *watch;
    struct httpd_timer timer;
    bool kick; /* curl wants to be called at once */
    struct origins origins;
    struct curl_socket *sockets; /* by descriptor */
    uint32_t socket_count;
    struct list starting, resuming, cancelled, running, unused;
    uint32_t unused_count;
};

struct upstream_call {
    struct list link; /* one of its upstream's */
    struct curl_upstream *upstream;
    void (*release)(struct upstream_call *call); /* curl has let go of its handle */
    struct origin *origin;                       /* of a deployment's call */
    CURL *easy;
    const struct upstream_events *events;
    void *context;
    bool added;     /* curl has it */
    bool paused;    /* wanted */
    bool stopped;   /* curl was told so */
    bool cancelled; /* nobody is called any more */
    bool ended;     /* on_end follows as soon as it is released */
    bool forbidden, head_told;
    bool odd_handle;   /* set up for something that no other call wants */
    uint32_t sendings; /* of the request, on this connection or another */
    struct upstream_head head;
    char content_type[128], encoding[32], request_id[128];
    struct origin_path *path;   /* likewise */
    struct request_lines lines; /* likewise */
    const struct span *pieces;  /* of a large body; borrowed */
    uint32_t piece_count, piece;
    size_t piece_at;
    struct buf small; /* a small one, whole */
};

void curl_loop_start(struct curl_upstream *upstream, struct httpd *httpd);
void curl_loop_turn(struct upstream *base);
void curl_loop_free(struct upstream *base);
void curl_loop_set_close(struct curl_upstream *upstream, CURL *easy);
must_use struct upstream_call *curl_loop_take_call(struct curl_upstream *upstream);
/* One that was not put on a list yet; calls its `release`. */
void curl_loop_give_back_call(struct upstream_call *call);

/* curl.c: a fresh handle with all that no call changes; what points to its call; its body. */
must_use CURL *curl_new_handle(struct curl_upstream *upstream);
void curl_set_call(struct upstream_call *call);
void curl_set_body(struct upstream_call *call, const struct span *pieces, uint32_t count,
                   size_t bytes);

#endif
