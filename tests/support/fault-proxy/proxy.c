/*
 * proxy: see the header.
 */
#include "proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/list.h"
#include "common/base/mem.h"
#include "common/base/tcp.h"
#include "link.h"

#define EVENTS_PER_TURN 128
#define CONTROL_LINE_MAX 1024
#define CONTROLS_MAX 16

/* What an event belongs to; the first member of each. */
enum kind { KIND_LISTENER, KIND_CONTROL_LISTENER, KIND_CONTROL, KIND_SIDE, KIND_STOP };
struct source {
    enum kind kind;
};

struct conn;

struct side {
    struct source source;
    struct conn *conn;
    enum way way;
    uint32_t watched; /* events asked of epoll */
};

struct conn {
    struct list link;
    struct link wire;
    struct side sides[2];
    int64_t wake_us;
};

struct control {
    struct source source;
    struct list link;
    int fd;
    struct buf line;
};

struct proxy {
    struct policy policy;
    struct source listener, control_listener;
    struct tcp_address listen_at, target;
    int epoll_fd, listen_fd, control_fd; /* listen_fd -1: unlistened */
    struct list conns, controls;
    size_t conn_count, control_count;
    int64_t accepted, bytes[WAYS]; /* of those that have ended */
};

static void watch(struct proxy *proxy, int fd, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    must(epoll_ctl(proxy->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

struct proxy *proxy_new(struct proxy_addresses *addresses, struct buf *error)
{
    struct proxy *proxy = mem_new(sizeof(*proxy));
    struct tcp_address control_at;

    proxy->listener.kind = KIND_LISTENER;
    proxy->control_listener.kind = KIND_CONTROL_LISTENER;
    proxy->listen_fd = proxy->control_fd = -1;
    list_init(&proxy->conns);
    list_init(&proxy->controls);
    proxy->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    must(proxy->epoll_fd >= 0);
    if (tcp_parse(addresses->listen, &proxy->listen_at) != 0 ||
        tcp_parse(addresses->target, &proxy->target) != 0 ||
        tcp_parse(addresses->control, &control_at) != 0) {
        buf_add_string(error, "addresses are HOST:PORT in numbers");
        proxy_free(proxy);
        return NULL;
    }
    proxy->listen_fd = tcp_listen(&proxy->listen_at, false);
    proxy->control_fd = tcp_listen(&control_at, false);
    if (proxy->listen_fd < 0 || proxy->control_fd < 0) {
        int number = proxy->listen_fd < 0 ? proxy->listen_fd : proxy->control_fd;

        buf_printf(error, "cannot listen: %s", strerror(-number));
        proxy_free(proxy);
        return NULL;
    }
    watch(proxy, proxy->listen_fd, &proxy->listener, EPOLLIN);
    watch(proxy, proxy->control_fd, &proxy->control_listener, EPOLLIN);
    tcp_format(&proxy->listen_at, addresses->listen);
    tcp_format(&control_at, addresses->control);
    return proxy;
}

static void conn_free(struct proxy *proxy, struct conn *conn, bool reset)
{
    for (size_t way = 0; way < WAYS; way++)
        proxy->bytes[way] += conn->wire.queues[way].sent_bytes;
    list_remove(&conn->link);
    proxy->conn_count--;
    link_done(&conn->wire, reset);
    mem_free(conn);
}

static void control_free(struct proxy *proxy, struct control *control)
{
    list_remove(&control->link);
    proxy->control_count--;
    close(control->fd);
    buf_done(&control->line);
    mem_free(control);
}

static void end_all(struct proxy *proxy, bool reset)
{
    list_each_safe(&proxy->conns, link, after)
        conn_free(proxy, list_item(link, struct conn, link), reset);
}

void proxy_free(struct proxy *proxy)
{
    if (proxy == NULL)
        return;
    end_all(proxy, false);
    list_each_safe(&proxy->controls, link, after)
        control_free(proxy, list_item(link, struct control, link));
    file_close_at(&proxy->listen_fd);
    file_close_at(&proxy->control_fd);
    close(proxy->epoll_fd);
    mem_free(proxy);
}

/* Asks epoll for what each side wants. Nothing wanted is not watched at all: epoll tells errors
 * and hang-ups of a watched socket for ever. */
static void rewatch(struct proxy *proxy, struct conn *conn)
{
    for (size_t i = 0; i < WAYS; i++) {
        struct side *side = &conn->sides[i];
        struct epoll_event event = {.data.ptr = &side->source};
        int fd = conn->wire.fds[i], operation = EPOLL_CTL_MOD;

        if (fd < 0)
            continue;
        if (link_wants_read(&conn->wire, (enum way)i, &proxy->policy))
            event.events |= EPOLLIN;
        if (link_wants_write(&conn->wire, (enum way)i, &proxy->policy))
            event.events |= EPOLLOUT;
        if (event.events == side->watched)
            continue;
        if (side->watched == 0)
            operation = EPOLL_CTL_ADD;
        else if (event.events == 0)
            operation = EPOLL_CTL_DEL;
        must(epoll_ctl(proxy->epoll_fd, operation, fd, &event) == 0);
        side->watched = event.events;
    }
}

static void move(struct proxy *proxy, struct conn *conn)
{
    switch (link_move(&conn->wire, &proxy->policy, clock_mono_us(), &conn->wake_us)) {
    case LINK_GOES_ON:
        rewatch(proxy, conn);
        break;
    case LINK_OVER:
        conn_free(proxy, conn, false);
        break;
    case LINK_RESET:
        conn_free(proxy, conn, true);
        break;
    }
}

static void move_all(struct proxy *proxy)
{
    list_each_safe(&proxy->conns, link, after) move(proxy, list_item(link, struct conn, link));
}

/* A socket on its way to the target, or -1. */
static int connect_target(const struct proxy *proxy)
{
    int on = 1,
        fd = socket(proxy->target.at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&proxy->target.at, proxy->target.size) == 0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void on_accept(struct proxy *proxy)
{
    int on = 1, client = accept4(proxy->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    enum admit admit;
    int target = -1;
    struct conn *conn;

    if (client < 0)
        return;
    proxy->accepted++;
    admit = policy_admit(&proxy->policy);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (admit == ADMIT_PASS)
        target = connect_target(proxy);
    conn = mem_new(sizeof(*conn));
    link_init(&conn->wire, client, target);
    conn->wake_us = INT64_MAX;
    for (size_t i = 0; i < WAYS; i++)
        conn->sides[i] = (struct side){.source.kind = KIND_SIDE, .conn = conn, .way = (enum way)i};
    list_push_back(&proxy->conns, &conn->link);
    proxy->conn_count++;
    if (admit == ADMIT_REFUSE || (admit == ADMIT_PASS && target < 0))
        conn_free(proxy, conn, true);
    else
        rewatch(proxy, conn);
}

static void on_control_accept(struct proxy *proxy)
{
    int fd = accept4(proxy->control_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct control *control;

    if (fd < 0)
        return;
    if (proxy->control_count == CONTROLS_MAX) {
        close(fd);
        return;
    }
    control = mem_new(sizeof(*control));
    control->source.kind = KIND_CONTROL;
    control->fd = fd;
    control->line = buf_make(CONTROL_LINE_MAX);
    list_push_back(&proxy->controls, &control->link);
    proxy->control_count++;
    watch(proxy, fd, &control->source, EPOLLIN);
}

static void half_close_all(struct proxy *proxy, enum way way)
{
    list_each(&proxy->conns, link) link_half_close(&list_item(link, struct conn, link)->wire, way);
}

static bool set_listening(struct proxy *proxy, bool listening)
{
    if (!listening) {
        file_close_at(&proxy->listen_fd);
        proxy->listen_fd = -1;
        return true;
    }
    if (proxy->listen_fd >= 0)
        return true;
    proxy->listen_fd = tcp_listen(&proxy->listen_at, false);
    if (proxy->listen_fd < 0) {
        proxy->listen_fd = -1;
        return false;
    }
    watch(proxy, proxy->listen_fd, &proxy->listener, EPOLLIN);
    return true;
}

static void write_stats(const struct proxy *proxy, struct buf *out)
{
    int64_t bytes[WAYS] = {proxy->bytes[WAY_UP], proxy->bytes[WAY_DOWN]};

    list_each(&proxy->conns, link) for (size_t way = 0; way < WAYS; way++) bytes[way] +=
        list_item(link, struct conn, link)->wire.queues[way].sent_bytes;
    buf_printf(out, "ok accepted=%lld open=%zu up_bytes=%lld down_bytes=%lld\n",
               (long long)proxy->accepted, proxy->conn_count, (long long)bytes[WAY_UP],
               (long long)bytes[WAY_DOWN]);
}

static void obey(struct proxy *proxy, struct span line, struct buf *out)
{
    enum way way = WAY_DOWN;
    bool good = true;

    switch (policy_read(&proxy->policy, line, &way)) {
    case ACTION_NONE:
        break;
    case ACTION_RESET_ALL:
        end_all(proxy, true);
        break;
    case ACTION_CLOSE_ALL:
        end_all(proxy, false);
        break;
    case ACTION_HALF_CLOSE:
        half_close_all(proxy, way);
        break;
    case ACTION_UNLISTEN:
    case ACTION_LISTEN:
        good = set_listening(proxy, span_starts(span_trim(line), "listen"));
        break;
    case ACTION_STATS:
        write_stats(proxy, out);
        return;
    case ACTION_BAD:
        buf_add_string(out, "error; known are: " POLICY_HELP "\n");
        return;
    }
    buf_add_string(out, good ? "ok\n" : "error; the address is taken\n");
}

/* Obeys every whole line. The change holds for all connections when "ok" is written. */
static void on_control(struct proxy *proxy, struct control *control)
{
    char *room = buf_reserve(&control->line, 128);
    ssize_t got = room == NULL ? 0 : recv(control->fd, room, 128, 0);
    struct buf out = buf_make(8192);

    if (got <= 0) {
        control_free(proxy, control);
        return;
    }
    buf_grew(&control->line, (size_t)got);
    for (;;) {
        struct span all = buf_span(&control->line);
        ptrdiff_t end = span_index(all, '\n');

        if (end < 0)
            break;
        obey(proxy, span_part(all, 0, (size_t)end - (end > 0 && all.at[end - 1] == '\r')), &out);
        buf_consume(&control->line, (size_t)end + 1);
    }
    move_all(proxy);
    if (out.size > 0)
        (void)!send(control->fd, out.at, out.size, MSG_NOSIGNAL);
    buf_done(&out);
}

/* Milliseconds until some connection wants to be moved, rounded up; -1: none does. */
static int until_wake_ms(const struct proxy *proxy)
{
    int64_t wake_us = INT64_MAX, wait_us;

    list_each(&proxy->conns, link)
    {
        const struct conn *conn = list_item(link, struct conn, link);

        wake_us = conn->wake_us < wake_us ? conn->wake_us : wake_us;
    }
    if (wake_us == INT64_MAX)
        return -1;
    wait_us = wake_us - clock_mono_us();
    if (wait_us <= 0)
        return 0;
    return wait_us > 60000000 ? 60000 : (int)((wait_us + 999) / 1000);
}

static void move_due(struct proxy *proxy)
{
    int64_t now_us = clock_mono_us();

    list_each_safe(&proxy->conns, link, after)
    {
        struct conn *conn = list_item(link, struct conn, link);

        if (conn->wake_us <= now_us)
            move(proxy, conn);
    }
}

/* One event per turn of a connection's two sides: the first may end it, so the rest of the batch
 * is asked for again. */
static bool on_event(struct proxy *proxy, struct source *source)
{
    switch (source->kind) {
    case KIND_LISTENER:
        on_accept(proxy);
        break;
    case KIND_CONTROL_LISTENER:
        on_control_accept(proxy);
        break;
    case KIND_CONTROL:
        on_control(proxy, container_of(source, struct control, source));
        break;
    case KIND_SIDE:
        move(proxy, container_of(source, struct side, source)->conn);
        break;
    case KIND_STOP:
        return false;
    }
    return true;
}

int proxy_run(struct proxy *proxy, int stop_fd)
{
    struct source stop = {KIND_STOP};
    struct epoll_event event;

    watch(proxy, stop_fd, &stop, EPOLLIN);
    for (;;) {
        int count = epoll_wait(proxy->epoll_fd, &event, 1, until_wake_ms(proxy));

        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0 && !on_event(proxy, event.data.ptr))
            return 0;
        move_due(proxy);
    }
}
