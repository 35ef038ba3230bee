/*
 * conn: what the files of common/httpd share about a connection and its request. Everything belongs
 * to the loop's thread.
 */
#ifndef TOLLGATE_COMMON_HTTPD_CONN_H
#define TOLLGATE_COMMON_HTTPD_CONN_H

#include "common/base/list.h"
#include "common/httpd/chunked.h"
#include "common/httpd/head.h"
#include "common/httpd/loop.h"

/* Bytes on their way out, framed already but for the chunk that is still open at their end. */
struct outbuf {
    char *at;
    size_t size, capacity;
    size_t chunk; /* where the open chunk's size line stands; SIZE_MAX: none is open */
};

enum conn_state {
    CONN_HANDSHAKE, /* TLS */
    CONN_HEAD,      /* idle, or a head is coming */
    CONN_BODY,
    CONN_BUSY,   /* the handler has the request */
    CONN_FLUSH,  /* answered; the rest of the bytes goes out */
    CONN_LINGER, /* closed for writing; what still comes is thrown away */
    CONN_CLOSED, /* h2o may still be saying goodbye in TLS */
};

struct conn {
    struct httpd *httpd;
    h2o_socket_t *socket;
    int fd; /* of the socket; for shutdown(2) only */
    enum conn_state state;
    bool keep_alive;  /* after this answer */
    bool unread;      /* of the request something was not read: linger before closing */
    bool abort_close; /* close with a reset: the end of the answer is its close */
    bool writing;     /* a write is under way */
    bool dirty;       /* is on httpd->dirty */
    bool tls, over_limit;
    struct list link;       /* httpd->conns */
    struct list dirty_link; /* httpd->dirty: has something to do at the end of the turn */
    struct httpd_request *request;
    size_t scanned;                /* of the input, by head_end() */
    size_t progress_bytes;         /* of the body, when its deadline was last put off */
    int64_t deadline_ms;           /* of the head, the body, the linger or the idle time */
    int64_t write_deadline_ms;     /* while a write is under way */
    struct outbuf pending, flight; /* growing; being written */
    size_t flight_sent;
    char peer[46];
};

struct httpd_request {
    struct conn *conn;
    struct head head;
    char *head_bytes;
    size_t head_capacity;
    char *body;
    size_t body_size, body_capacity;
    size_t charged; /* of the process's budget for bodies */
    struct chunked chunked;
    int64_t arrived_us;
    void *owner;
    void (*on_gone)(void *owner);
    void (*on_room)(void *owner);
    size_t body_left; /* of a body of known size; SIZE_MAX: open */
    bool started, frame_chunks, no_body, was_full;
    struct list link; /* httpd->free_requests */
};

/* conn.c */
void conn_open(struct httpd *httpd, int fd, const char *peer, struct httpd_tls *tls);
void conn_mark(struct conn *conn); /* to be looked at at the end of this turn */
void conn_turn_end(struct conn *conn);
void conn_close(struct conn *conn);
void conn_sweep(void *httpd);
void conn_stop_idle(void *httpd);
/* body.c: reads what the input has. 1 whole, 0 more must come, -status when refused. */
int body_begin(struct httpd_request *request);
int body_read(struct httpd_request *request);
void body_release(struct httpd_request *request);
/* out.c */
void out_add(struct conn *conn, struct span bytes);
void out_add_chunked(struct conn *conn, struct span bytes);
void out_close_chunk(struct conn *conn);
void out_flush(struct conn *conn); /* starts a write unless one is under way */
void out_drop(struct conn *conn);
size_t out_waiting(const struct conn *conn);
/* request.c */
struct httpd_request *request_take(struct conn *conn, const char *head, size_t size);
void request_give_back(struct httpd_request *request);
void request_gone(struct httpd_request *request);
#endif
