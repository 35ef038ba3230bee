/*
 * conn: one connection of a client: reading heads and bodies, handing requests up, and what happens
 * after an answer. conn_close() and conn_turn_end() are the only ways out of a state.
 *
 * It goes on reading while a request is worked on: so a client that leaves is noticed at once, in
 * TLS too.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/httpd/conn.h"

static void on_read(h2o_socket_t *socket, const char *error);

/* Progress in a body that puts its deadline off: a byte a minute does not. */
enum { BODY_PROGRESS_BYTES = 4096 };

void conn_mark(struct conn *conn)
{
    if (conn->dirty || conn->state == CONN_CLOSED)
        return;
    conn->dirty = true;
    list_push_back(&conn->httpd->dirty, &conn->dirty_link);
}

static void on_closed(void *context)
{
    struct conn *conn = context;

    list_remove(&conn->link);
    conn->httpd->conn_count--;
    out_drop(conn);
    mem_free(conn);
}

static void reset_on_close(struct conn *conn)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void conn_close(struct conn *conn)
{
    struct httpd_request *request = conn->request;
    bool busy = conn->state == CONN_BUSY;

    if (conn->state == CONN_CLOSED)
        return;
    conn->state = CONN_CLOSED;
    list_remove(&conn->dirty_link);
    conn->dirty = false;
    conn->deadline_ms = httpd_now_ms(conn->httpd) + LINGER_MS;
    if (busy)
        request_gone(request);
    else if (request != NULL)
        request_give_back(request);
    if (conn->writing || conn->abort_close)
        reset_on_close(conn);
    h2o_socket_close(conn->socket);
}

static void drop_input(struct conn *conn)
{
    h2o_buffer_dispose(&conn->socket->input);
    h2o_buffer_init(&conn->socket->input, &h2o_socket_buffer_prototype);
}

static void keep_reading(struct conn *conn)
{
    if (!h2o_socket_is_reading(conn->socket))
        h2o_socket_read_start(conn->socket, on_read);
}

static void await_head(struct conn *conn)
{
    conn->state = CONN_HEAD;
    conn->scanned = 0;
    conn->deadline_ms = httpd_now_ms(conn->httpd) +
                        (conn->httpd->stopping ? LINGER_MS : conn->httpd->config.idle_timeout_ms);
    if (conn->socket->input->size == 0)
        drop_input(conn);
}

static void hand_over(struct conn *conn)
{
    struct httpd *httpd = conn->httpd;

    conn->state = CONN_BUSY;
    httpd->request_count++;
    httpd->handler.on_request(httpd->handler.context, conn->request);
}

static void conn_refuse(struct conn *conn, int status, const char *why)
{
    struct httpd *httpd = conn->httpd;

    if (conn->request == NULL)
        (void)request_take(conn, "", 0);
    conn->keep_alive = false;
    conn->unread = true;
    conn->state = CONN_BUSY;
    conn->request->head.minor = 1;
    httpd->request_count++;
    if (httpd->handler.on_refusal != NULL)
        httpd->handler.on_refusal(httpd->handler.context, conn->request, status, why);
    else
        httpd_answer(conn->request, status, NULL, 0, span_of(why));
    must(conn->request == NULL); /* it was answered at once */
}

static void read_body(struct conn *conn)
{
    struct httpd_request *request = conn->request;
    int outcome = body_read(request);

    if (outcome == 1) {
        hand_over(conn);
    } else if (outcome == -413) {
        conn_refuse(conn, 413, "the body is larger than this server takes");
    } else if (outcome == -503) {
        conn_refuse(conn, 503, "too many large bodies are on their way at once");
    } else if (outcome == -400) {
        conn_refuse(conn, 400, "the chunked framing of the body is broken");
    } else if (request->body_size >= conn->progress_bytes + BODY_PROGRESS_BYTES) {
        conn->progress_bytes = request->body_size;
        conn->deadline_ms = httpd_now_ms(conn->httpd) + conn->httpd->config.body_timeout_ms;
    }
}

static void begin_body(struct conn *conn)
{
    int outcome = body_begin(conn->request);

    if (outcome == 1) {
        hand_over(conn);
        return;
    }
    if (outcome == -413) {
        conn_refuse(conn, 413, "the body is larger than this server takes");
        return;
    }
    conn->state = CONN_BODY;
    conn->progress_bytes = 0;
    conn->deadline_ms = httpd_now_ms(conn->httpd) + conn->httpd->config.body_timeout_ms;
    if (conn->socket->input->size > 0)
        read_body(conn);
    else if (conn->request->head.expect_continue)
        out_add(conn, span_of("HTTP/1.1 100 Continue\r\n\r\n"));
}

static void read_head(struct conn *conn)
{
    const struct httpd_config *config = &conn->httpd->config;
    h2o_buffer_t **input = &conn->socket->input;
    size_t size = (*input)->size < config->max_head_bytes ? (*input)->size : config->max_head_bytes;
    bool fresh = conn->scanned == 0;
    ptrdiff_t end = head_end((*input)->bytes, size, &conn->scanned);
    const char *wrong;

    if (end < 0) {
        conn_refuse(conn, 400, "a line of the head does not end in CR LF");
        return;
    }
    if (end == 0) {
        if (size == config->max_head_bytes)
            conn_refuse(conn, 431, "the head is larger than this server takes");
        else if (fresh)
            conn->deadline_ms = httpd_now_ms(conn->httpd) + config->head_timeout_ms;
        return;
    }
    conn->scanned = 0;
    (void)request_take(conn, (*input)->bytes, (size_t)end);
    h2o_buffer_consume(input, (size_t)end);
    wrong = head_parse(conn->request->head_bytes, (size_t)end, &conn->request->head);
    if (wrong != NULL) {
        conn_refuse(conn, 400, wrong);
        return;
    }
    conn->keep_alive = conn->request->head.keep_alive && !conn->httpd->stopping;
    if (conn->over_limit)
        conn_refuse(conn, 503, "too many connections are open");
    else
        begin_body(conn);
}

static void take_input(struct conn *conn)
{
    h2o_buffer_t **input = &conn->socket->input;

    switch (conn->state) {
    case CONN_HEAD:
        if ((*input)->size > 0)
            read_head(conn);
        break;
    case CONN_BODY:
        read_body(conn);
        break;
    case CONN_BUSY:
    case CONN_FLUSH:
        if ((*input)->size > INPUT_WAITING_MAX)
            h2o_socket_read_stop(conn->socket);
        break;
    case CONN_LINGER:
        h2o_buffer_consume(input, (*input)->size);
        break;
    case CONN_HANDSHAKE:
    case CONN_CLOSED:
        break;
    }
    if (conn->state != CONN_CLOSED && (*input)->size == 0 && (*input)->capacity > INPUT_WAITING_MAX)
        drop_input(conn);
}

static void on_read(h2o_socket_t *socket, const char *error)
{
    struct conn *conn = socket->data;

    loop_touch(conn->httpd);
    if (conn->state == CONN_CLOSED)
        return;
    if (error == NULL) {
        take_input(conn);
    } else if (conn->state == CONN_FLUSH && error == h2o_socket_error_closed) {
        /* It may have closed its sending side only: it gets its answer all the same. */
        h2o_socket_read_stop(socket);
        conn->keep_alive = conn->unread = false;
    } else {
        conn_close(conn);
    }
}

/* The answer is out. */
static void finish(struct conn *conn)
{
    struct httpd *httpd = conn->httpd;

    if (conn->keep_alive && !httpd->stopping) {
        await_head(conn);
        keep_reading(conn);
        if (conn->socket->input->size > 0)
            take_input(conn);
        return;
    }
    if (!conn->unread && conn->socket->input->size == 0) {
        conn_close(conn);
        return;
    }
    /* Closing with bytes unread would be a reset, and the client might lose the answer. */
    conn->state = CONN_LINGER;
    conn->deadline_ms = httpd_now_ms(httpd) + LINGER_MS;
    h2o_buffer_consume(&conn->socket->input, conn->socket->input->size);
    if (!conn->tls)
        (void)shutdown(conn->fd, SHUT_WR);
    keep_reading(conn);
}

void conn_turn_end(struct conn *conn)
{
    if (conn->state == CONN_CLOSED)
        return;
    out_flush(conn);
    if (conn->state == CONN_BUSY) {
        struct httpd_request *request = conn->request;

        if (request->was_full && out_waiting(conn) < conn->httpd->config.max_pending_bytes / 2) {
            request->was_full = false;
            if (request->on_room != NULL)
                request->on_room(request->owner);
        }
    } else if (conn->state == CONN_FLUSH && !conn->writing && out_waiting(conn) == 0) {
        finish(conn);
    }
}

static void on_handshake(h2o_socket_t *socket, const char *error)
{
    struct conn *conn = socket->data;

    loop_touch(conn->httpd);
    if (conn->state == CONN_CLOSED)
        return;
    if (error != NULL) {
        conn_close(conn);
        return;
    }
    await_head(conn);
    keep_reading(conn);
    if (conn->socket->input->size > 0)
        take_input(conn);
}

void conn_open(struct httpd *httpd, int fd, const char *peer, struct httpd_tls *tls)
{
    struct conn *conn = mem_new(sizeof(*conn));
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    conn->httpd = httpd;
    conn->fd = fd;
    conn->tls = tls != NULL;
    conn->pending.chunk = conn->flight.chunk = SIZE_MAX;
    conn->over_limit = httpd->conn_count >= httpd->config.max_connections;
    (void)snprintf(conn->peer, sizeof(conn->peer), "%s", peer);
    list_init(&conn->dirty_link);
    list_push_back(&httpd->conns, &conn->link);
    if (httpd->conn_count++ == 0)
        httpd_timer_set(httpd, &httpd->sweep, httpd_now_ms(httpd) + SWEEP_MS);
    conn->socket =
        h2o_evloop_socket_create(httpd->loop, fd, H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    conn->socket->data = conn;
    conn->socket->on_close.cb = on_closed;
    conn->socket->on_close.data = conn;
    if (tls == NULL) {
        await_head(conn);
        keep_reading(conn);
    } else {
        SSL_CTX *context = tls_context(tls);

        conn->state = CONN_HANDSHAKE;
        conn->deadline_ms = httpd_now_ms(httpd) + httpd->config.head_timeout_ms;
        h2o_socket_ssl_handshake(conn->socket, context, NULL, on_handshake);
        SSL_CTX_free(context);
    }
}

static void sweep_one(struct conn *conn, int64_t now_ms)
{
    bool late = now_ms >= conn->deadline_ms;

    if (conn->writing && conn->state != CONN_CLOSED && now_ms >= conn->write_deadline_ms) {
        conn_close(conn);
        return;
    }
    switch (conn->state) {
    case CONN_HEAD:
        if (late && conn->scanned > 0)
            conn_refuse(conn, 408, "the head did not come in time");
        else if (late)
            conn_close(conn);
        break;
    case CONN_BODY:
        if (late)
            conn_refuse(conn, 408, "the body did not come in time");
        break;
    case CONN_HANDSHAKE:
    case CONN_LINGER:
        if (late)
            conn_close(conn);
        break;
    case CONN_CLOSED: /* h2o waits to get its TLS goodbye out */
        if (late)
            (void)shutdown(conn->fd, SHUT_RDWR);
        break;
    case CONN_BUSY:
    case CONN_FLUSH:
        break;
    }
}

void conn_sweep(void *context)
{
    struct httpd *httpd = context;
    int64_t now_ms = httpd_now_ms(httpd);

    list_each_safe(&httpd->conns, link, after)
        sweep_one(list_item(link, struct conn, link), now_ms);
    if (httpd->conn_count > 0)
        httpd_timer_set(httpd, &httpd->sweep, now_ms + SWEEP_MS);
}

void conn_stop_idle(void *context)
{
    struct httpd *httpd = context;

    list_each_safe(&httpd->conns, link, after)
    {
        struct conn *conn = list_item(link, struct conn, link);

        if (conn->state == CONN_HEAD && conn->socket->input->size == 0)
            conn_close(conn);
        else
            conn->keep_alive = false;
    }
}
