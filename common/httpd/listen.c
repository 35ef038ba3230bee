/*
 * listen: takes new connections, and stays calm when there are no descriptors left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/httpd/conn.h"

enum { REFUSED_AT_ONCE_MIN = 16, PAUSE_MS = 100 };

static const char full_answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                  "content-length: 0\r\n"
                                  "retry-after: 1\r\n"
                                  "connection: close\r\n\r\n";

static void on_acceptable(h2o_socket_t *socket, const char *error);

static void format_peer(const struct sockaddr_storage *address, char *text_out, size_t size)
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    bool is_v6 = address->ss_family == AF_INET6;
    const void *at = is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;

    if (inet_ntop(address->ss_family, at, text_out, (socklen_t)size) == NULL)
        (void)snprintf(text_out, size, "?");
}

static void turn_away(int fd, bool tls)
{
    if (!tls)
        (void)send(fd, full_answer, sizeof(full_answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    close(fd);
}

/* A client above the maximum is told in its own words once its head is read; above this one it is
 * turned away at the door. */
static uint32_t refused_at_once(const struct httpd_config *config)
{
    return config->max_connections + config->max_connections / 8 + REFUSED_AT_ONCE_MIN;
}

static void pause_accepting(struct httpd *httpd)
{
    list_each(&httpd->listeners, link)
        h2o_socket_read_stop(list_item(link, struct listener, link)->socket);
    httpd_timer_set(httpd, &httpd->accept_pause, httpd_now_ms(httpd) + PAUSE_MS);
}

void listen_resume(void *context)
{
    struct httpd *httpd = context;

    if (httpd->spare_fd < 0)
        httpd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    list_each(&httpd->listeners, link)
        h2o_socket_read_start(list_item(link, struct listener, link)->socket, on_acceptable);
}

/* No descriptor is left: gives up the spare one to answer the client that waits. Without this the
 * listener would stay readable and the loop would spin. */
static void on_exhausted(struct listener *listener)
{
    struct httpd *httpd = listener->httpd;

    if (httpd->spare_fd >= 0) {
        int fd;

        close(httpd->spare_fd);
        fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            turn_away(fd, listener->tls != NULL);
        httpd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && httpd->spare_fd >= 0)
            return;
    }
    pause_accepting(httpd);
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct listener *listener)
{
    struct httpd *httpd = listener->httpd;
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    char peer[46];
    int fd =
        accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            on_exhausted(listener);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (httpd->conn_count >= refused_at_once(&httpd->config)) {
        turn_away(fd, listener->tls != NULL);
        return true;
    }
    format_peer(&address, peer, sizeof(peer));
    conn_open(httpd, fd, peer, listener->tls);
    return true;
}

static void on_acceptable(h2o_socket_t *socket, const char *error)
{
    struct listener *listener = socket->data;

    (void)error;
    loop_touch(listener->httpd);
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (!accept_one(listener))
            break;
    }
}

void httpd_listen(struct httpd *httpd, int listen_fd, struct httpd_tls *tls)
{
    struct listener *listener = mem_new(sizeof(*listener));

    listener->httpd = httpd;
    listener->fd = listen_fd;
    listener->tls = tls;
    listener->socket = h2o_evloop_socket_create(httpd->loop, listen_fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->socket->data = listener;
    list_push_back(&httpd->listeners, &listener->link);
    h2o_socket_read_start(listener->socket, on_acceptable);
}

void listen_close_all(struct httpd *httpd)
{
    httpd_timer_cancel(httpd, &httpd->accept_pause);
    list_each_safe(&httpd->listeners, link, after)
    {
        struct listener *listener = list_item(link, struct listener, link);

        /* Those that are connected already are still served. */
        for (int i = 0; i < 1024 && accept_one(listener); i++)
            continue;
        h2o_socket_close(listener->socket);
        list_remove(&listener->link);
        mem_free(listener);
    }
    httpd_timer_cancel(httpd, &httpd->accept_pause);
}
