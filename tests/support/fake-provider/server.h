/*
 * server: connections of a small, quick HTTP/1.1 server. One thread, one epoll set.
 *
 * A request becomes a call; the call gives its answer piece by piece, the next one only when the
 * kernel has taken the last one whole. So a call knows exactly what went out when its peer leaves.
 * Knows no dialect and no fault.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_SERVER_H
#define TOLLGATE_FAKE_PROVIDER_SERVER_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/tcp.h"
#include "http.h"

/* What follows when the piece has gone out. */
enum turn {
    TURN_MORE,  /* the next piece, after the wait */
    TURN_END,   /* the answer is whole; the connection serves the next request */
    TURN_CLOSE, /* FIN */
    TURN_RESET, /* RST */
};

#define WAIT_FOREVER INT64_MAX

/* Embedded in what a handler makes. */
struct call {
    /* Appends a piece (maybe nothing) and says what follows; *wait_us_out is 0 at first. */
    enum turn (*next)(struct call *call, struct buf *out, int64_t *wait_us_out);
    /* The end, once: `unsent_bytes` of the last piece did not go out; `left`: the peer closed
     * before the call had ended by itself. Frees the call. */
    void (*done)(struct call *call, size_t unsent_bytes, bool left);
};

struct server;

/* `on_request` makes a call for every request; the request's spans live only during it. */
must_use struct server *
server_new(struct call *(*on_request)(void *app, const struct http_request *request), void *app);
/* Ends all calls. */
void server_free(struct server *server);

/* Listens at "HOST:PORT" (numbers; port 0 takes a free one) and writes the address it got.
 * 0 or -errno. */
must_use int server_listen(struct server *server, const char *address,
                           char bound_out[TCP_TEXT_SIZE]);

/* Serves until `stop_fd` becomes readable. 0 or -errno. */
must_use int server_run(struct server *server, int stop_fd);

#endif
