/*
 * scrape: see scrape.h.
 */
#include "common/base/scrape.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/tcp.h"
#include "common/base/thread.h"

enum { HEAD_MAX = 4096, METRICS_MAX = 4 << 20, PATIENCE_MS = 2000, STALE_MS = 60000 };

struct scrape {
    int fd, wake;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what is published */
    struct buf metrics;
    bool healthy;
    int64_t published_ms;
};

/* Up to the end of the head, or false: too slow, too long, gone. */
static bool read_head(int fd, char *at, size_t capacity)
{
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
    size_t size = 0;
    at[0] = '\0';
    while (strstr(at, "\r\n\r\n") == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_mono_ms();
        ssize_t got;
        if (size + 1 >= capacity || left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0)
            return false;
        got = recv(fd, at + size, capacity - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        at[size] = '\0';
    }
    return true;
}

static void answer(struct scrape *scrape, const char *head, struct buf *out)
{
    bool metrics = strncmp(head, "GET /metrics ", 13) == 0;
    bool health = strncmp(head, "GET /healthz ", 13) == 0;
    bool fresh;
    pthread_mutex_lock(&scrape->mutex);
    fresh = scrape->healthy && clock_mono_ms() - scrape->published_ms < STALE_MS;
    if (metrics)
        buf_printf(out,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                   "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                   scrape->metrics.size);
    if (metrics)
        buf_add_span(out, buf_span(&scrape->metrics));
    pthread_mutex_unlock(&scrape->mutex);
    if (health)
        buf_printf(out, "HTTP/1.1 %s\r\nContent-Length: 3\r\nConnection: close\r\n\r\n%s",
                   fresh ? "200 OK" : "503 Service Unavailable", fresh ? "ok\n" : "no\n");
    else if (!metrics)
        buf_add_string(out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
                            "Connection: close\r\n\r\n");
}

static void send_all(int fd, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = span_part(bytes, (size_t)sent, bytes.size);
    }
}

static void serve(struct scrape *scrape, int fd)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct buf out = buf_make(METRICS_MAX + HEAD_MAX);
    char head[HEAD_MAX];
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (read_head(fd, head, sizeof(head))) {
        answer(scrape, head, &out);
        send_all(fd, buf_span(&out));
    }
    buf_done(&out);
}

static void *run(void *argument)
{
    struct scrape *scrape = argument;
    for (;;) {
        struct pollfd p[2] = {{.fd = scrape->fd, .events = POLLIN},
                              {.fd = scrape->wake, .events = POLLIN}};
        int fd;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return NULL;
        if ((p[1].revents & POLLIN) != 0)
            return NULL;
        if ((p[0].revents & POLLIN) == 0)
            continue;
        fd = accept4(scrape->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        serve(scrape, fd);
        close(fd);
    }
}

int scrape_start(const char *listen, struct scrape **scrape_out)
{
    struct tcp_address address;
    struct scrape *scrape;
    int fd = tcp_parse(listen, &address);
    if (fd == 0)
        fd = tcp_listen(&address, false);
    if (fd < 0)
        return fd;
    scrape = mem_new(sizeof(*scrape));
    scrape->fd = fd;
    scrape->wake = eventfd(0, EFD_CLOEXEC);
    must(scrape->wake >= 0);
    scrape->metrics = buf_make(METRICS_MAX);
    must(pthread_mutex_init(&scrape->mutex, NULL) == 0);
    thread_start(&scrape->thread, "ops", run, scrape);
    log_event(LOG_INFO, "ops.listening", LOG_N("port", tcp_port(&address)));
    *scrape_out = scrape;
    return 0;
}

void scrape_stop(struct scrape *scrape)
{
    uint64_t one = 1;
    if (scrape == NULL)
        return;
    must(write(scrape->wake, &one, sizeof(one)) == (ssize_t)sizeof(one));
    pthread_join(scrape->thread, NULL);
    pthread_mutex_destroy(&scrape->mutex);
    close(scrape->fd);
    close(scrape->wake);
    buf_done(&scrape->metrics);
    mem_free(scrape);
}

void scrape_publish(struct scrape *scrape, struct span metrics, bool healthy)
{
    if (scrape == NULL)
        return;
    pthread_mutex_lock(&scrape->mutex);
    buf_clear(&scrape->metrics);
    buf_add_span(&scrape->metrics, metrics);
    scrape->healthy = healthy;
    scrape->published_ms = clock_mono_ms();
    pthread_mutex_unlock(&scrape->mutex);
}
