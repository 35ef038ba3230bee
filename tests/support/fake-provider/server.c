/*
 * server: see the header. A connection is moved by run() alone; what epoll and the timers tell is
 * only noted before it.
 */
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/list.h"
#include "common/base/mem.h"
#include "timers.h"

#define EVENTS_PER_TURN 256
#define PIECES_PER_TURN 32
#define READ_BYTES 4096
#define KEPT_BYTES 65536 /* of an idle connection's buffers */
#define OUT_BYTES_MAX ((size_t)192 << 20)
#define LISTENERS_MAX 8

struct server {
    struct call *(*on_request)(void *app, const struct http_request *request);
    void *app; /* borrowed */
    int epoll_fd, timer_fd;
    int listeners[LISTENERS_MAX];
    size_t listener_count;
    bool accepting;
    struct timers timers;
    struct list conns;
    struct http_request request; /* scratch of the one that is being read */
};

struct conn {
    struct list link;
    struct server *server;
    struct timer timer;
    int fd;
    bool keep_alive, wants_write, told_to_continue;
    struct buf in, out;
    size_t sent;       /* of out */
    struct call *call; /* NULL between requests */
    enum turn turn;
    int64_t due_us; /* of the next piece */
};

enum step { STEP_AGAIN, STEP_WAIT, STEP_GONE };

struct server *server_new(struct call *(*on_request)(void *app, const struct http_request *request),
                          void *app)
{
    struct server *server = mem_new(sizeof(*server));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = server};

    server->on_request = on_request;
    server->app = app;
    server->accepting = true;
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    must(server->epoll_fd >= 0 && server->timer_fd >= 0);
    must(epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->timer_fd, &event) == 0);
    server->timers = timers_make();
    list_init(&server->conns);
    return server;
}

static void accept_again(struct server *server, bool accepting)
{
    struct epoll_event event = {.events = accepting ? EPOLLIN : 0};

    server->accepting = accepting;
    for (size_t i = 0; i < server->listener_count; i++) {
        event.data.ptr = &server->listeners[i];
        must(epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, server->listeners[i], &event) == 0);
    }
}

static void end_call(struct conn *conn, bool left)
{
    struct call *call = TAKE(conn->call);

    if (call != NULL)
        call->done(call, conn->out.size - conn->sent, left);
    timers_clear(&conn->server->timers, &conn->timer);
}

static void conn_free(struct conn *conn, bool left)
{
    end_call(conn, left);
    list_remove(&conn->link);
    close(conn->fd);
    buf_done(&conn->in);
    buf_done(&conn->out);
    if (!conn->server->accepting)
        accept_again(conn->server, true);
    mem_free(conn);
}

static void conn_reset(struct conn *conn)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    conn_free(conn, false);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    list_each_safe(&server->conns, link, after) conn_free(list_item(link, struct conn, link), true);
    for (size_t i = 0; i < server->listener_count; i++)
        close(server->listeners[i]);
    close(server->timer_fd);
    close(server->epoll_fd);
    timers_done(&server->timers);
    mem_free(server);
}

static void want_write(struct conn *conn, bool wanted)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = conn};

    if (conn->wants_write == wanted)
        return;
    conn->wants_write = wanted;
    if (wanted)
        event.events |= EPOLLOUT;
    must(epoll_ctl(conn->server->epoll_fd, EPOLL_CTL_MOD, conn->fd, &event) == 0);
}

static enum step flush(struct conn *conn)
{
    while (conn->sent < conn->out.size) {
        ssize_t sent =
            send(conn->fd, conn->out.at + conn->sent, conn->out.size - conn->sent, MSG_NOSIGNAL);

        if (sent >= 0) {
            conn->sent += (size_t)sent;
        } else if (errno == EAGAIN) {
            want_write(conn, true);
            return STEP_WAIT;
        } else if (errno != EINTR) {
            conn_free(conn, true);
            return STEP_GONE;
        }
    }
    want_write(conn, false);
    buf_clear(&conn->out);
    conn->sent = 0;
    return STEP_AGAIN;
}

static void shrink(struct buf *buf)
{
    size_t max = buf->max;

    if (buf->size == 0 && buf->capacity > KEPT_BYTES) {
        buf_done(buf);
        *buf = buf_make(max);
    }
}

/* Answers what is no request with a status, and closes. */
static enum step refuse(struct conn *conn, int status)
{
    http_write_head(&conn->out, status, "text/plain", 0, "connection: close\r\n");
    if (flush(conn) == STEP_GONE)
        return STEP_GONE;
    conn_free(conn, false);
    return STEP_GONE;
}

/* Makes a call of the next request when it is there whole. */
static enum step take_request(struct conn *conn)
{
    struct server *server = conn->server;
    struct http_request *request = &server->request;
    size_t whole;

    shrink(&conn->in);
    shrink(&conn->out);
    switch (http_parse_head(buf_span(&conn->in), request)) {
    case HTTP_MORE:
        return STEP_WAIT;
    case HTTP_BAD:
        return refuse(conn, 400);
    case HTTP_TOO_LARGE:
        return refuse(conn, 413);
    case HTTP_READY:
        break;
    }
    whole = request->head_bytes + request->body_bytes;
    if (conn->in.size < whole) {
        if (request->expects_continue && !conn->told_to_continue) {
            conn->told_to_continue = true;
            buf_add_string(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
            return STEP_AGAIN;
        }
        return STEP_WAIT;
    }
    request->body = span_part(buf_span(&conn->in), request->head_bytes, request->body_bytes);
    conn->told_to_continue = false;
    conn->keep_alive = request->keep_alive;
    conn->turn = TURN_MORE;
    conn->due_us = 0;
    conn->call = server->on_request(server->app, request);
    buf_consume(&conn->in, whole);
    return STEP_AGAIN;
}

static enum step take_piece(struct conn *conn)
{
    int64_t wait_us = 0;

    if (conn->due_us == WAIT_FOREVER)
        return STEP_WAIT;
    if (conn->due_us > clock_mono_us()) {
        timers_set(&conn->server->timers, &conn->timer, conn->due_us);
        return STEP_WAIT;
    }
    conn->turn = conn->call->next(conn->call, &conn->out, &wait_us);
    must(!buf_failed(&conn->out));
    if (wait_us == WAIT_FOREVER)
        conn->due_us = WAIT_FOREVER;
    else if (wait_us > 0)
        conn->due_us = clock_mono_us() + wait_us;
    else
        conn->due_us = 0;
    return STEP_AGAIN;
}

static enum step step(struct conn *conn)
{
    if (conn->out.size > 0) {
        enum step flushed = flush(conn);

        if (flushed != STEP_AGAIN)
            return flushed;
    }
    if (conn->call == NULL)
        return take_request(conn);
    switch (conn->turn) {
    case TURN_MORE:
        return take_piece(conn);
    case TURN_END:
        end_call(conn, false);
        if (conn->keep_alive)
            return STEP_AGAIN;
        conn_free(conn, false);
        return STEP_GONE;
    case TURN_CLOSE:
        conn_free(conn, false);
        return STEP_GONE;
    case TURN_RESET:
        conn_reset(conn);
        return STEP_GONE;
    }
    return STEP_WAIT;
}

/* Moves a connection as far as it goes, but lets others have their turn too. */
static void run(struct conn *conn)
{
    for (int i = 0; i < PIECES_PER_TURN; i++)
        if (step(conn) != STEP_AGAIN)
            return;
    timers_set(&conn->server->timers, &conn->timer, clock_mono_us());
}

/* False when the connection is gone. */
static bool receive(struct conn *conn)
{
    char *room = buf_reserve(&conn->in, READ_BYTES);
    ssize_t got;

    if (room == NULL) {
        conn_free(conn, true);
        return false;
    }
    got = recv(conn->fd, room, conn->in.capacity - conn->in.size - 1, 0);
    if (got > 0) {
        buf_grew(&conn->in, (size_t)got);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    conn_free(conn, true);
    return false;
}

static void on_conn_event(struct conn *conn, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP)) {
        conn_free(conn, true);
        return;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP)) && !receive(conn))
        return;
    run(conn);
}

static void on_accept_event(struct server *server, int listener)
{
    for (int i = 0; i < EVENTS_PER_TURN; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
        struct conn *conn;
        struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                accept_again(server, list_empty(&server->conns));
            return;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        conn = mem_new(sizeof(*conn));
        conn->server = server;
        conn->fd = fd;
        conn->in = buf_make(HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX + (1 << 20));
        conn->out = buf_make(OUT_BYTES_MAX);
        list_push_back(&server->conns, &conn->link);
        event.data.ptr = conn;
        must(epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
    }
}

int server_listen(struct server *server, const char *address, char bound_out[TCP_TEXT_SIZE])
{
    struct epoll_event event = {.events = EPOLLIN};
    struct tcp_address at;
    int fd = tcp_parse(address, &at);

    if (fd == 0 && server->listener_count == LISTENERS_MAX)
        fd = -ENOSPC;
    if (fd == 0)
        fd = tcp_listen(&at, false);
    if (fd < 0)
        return fd;
    tcp_format(&at, bound_out);
    server->listeners[server->listener_count] = fd;
    event.data.ptr = &server->listeners[server->listener_count++];
    must(epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
    return 0;
}

/* Runs what is due and sets the clock for what is not. */
static void run_timers(struct server *server)
{
    int64_t now_us = clock_mono_us();
    struct itimerspec at = {0};
    struct timer *timer;

    while ((timer = timers_first(&server->timers)) != NULL && timer->due_us <= now_us) {
        timers_clear(&server->timers, timer);
        run(container_of(timer, struct conn, timer));
    }
    if (timer == NULL)
        return;
    at.it_value.tv_sec = timer->due_us / 1000000;
    at.it_value.tv_nsec = timer->due_us % 1000000 * 1000 + 1;
    must(timerfd_settime(server->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
}

static bool is_listener(const struct server *server, const void *p)
{
    return (const char *)p >= (const char *)server->listeners &&
           (const char *)p < (const char *)(server->listeners + LISTENERS_MAX);
}

int server_run(struct server *server, int stop_fd)
{
    struct epoll_event events[EVENTS_PER_TURN], stop = {.events = EPOLLIN, .data.ptr = NULL};

    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, stop_fd, &stop) != 0)
        return -errno;
    for (;;) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS_PER_TURN, -1);

        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++) {
            uint64_t ticks;

            if (events[i].data.ptr == NULL)
                return 0;
            if (events[i].data.ptr == server)
                must(read(server->timer_fd, &ticks, sizeof(ticks)) >= 0 || errno == EAGAIN);
            else if (is_listener(server, events[i].data.ptr))
                on_accept_event(server, *(int *)events[i].data.ptr);
            else
                on_conn_event(events[i].data.ptr, events[i].events);
        }
        run_timers(server);
    }
}
