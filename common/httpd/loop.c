/*
 * loop: turns of the event loop, foreign descriptors, and the end of a turn, where everything that
 * was gathered goes out.
 *
 * h2o runs what a callback caused only while it is inside h2o_evloop_run(); so the end of a turn is
 * an entry of a zero timeout that the first callback of the turn links. Only a turn in which
 * nothing but a timer happened ends outside, and the next one then does not wait.
 */
#include <errno.h>
#include <fcntl.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/httpd/conn.h"

struct httpd_watch {
    struct httpd *httpd;
    h2o_socket_t *socket;
    httpd_fd_ready *ready;
    void *context;
    struct list link;
};

int64_t httpd_now_ms(const struct httpd *httpd)
{
    return httpd->now_us / 1000;
}

void loop_touch(struct httpd *httpd)
{
    if (httpd->turn_ended || h2o_timeout_is_linked(&httpd->turn_entry))
        return;
    httpd->now_us = clock_mono_us();
    h2o_timeout_link(httpd->loop, &httpd->zero, &httpd->turn_entry);
}

static void end_turn(struct httpd *httpd)
{
    must(!httpd->in_turn_end);
    httpd->in_turn_end = true;
    timer_run_due(httpd);
    for (uint32_t i = 0; i < httpd->turn_end_count; i++)
        httpd->turn_ends[i].call(httpd->turn_ends[i].context);
    while (!list_empty(&httpd->dirty)) {
        struct conn *conn = list_item(httpd->dirty.next, struct conn, dirty_link);

        list_remove(&conn->dirty_link);
        conn->dirty = false;
        conn_turn_end(conn);
    }
    httpd->in_turn_end = false;
}

static void on_turn_entry(h2o_timeout_entry_t *entry)
{
    struct httpd *httpd = container_of(entry, struct httpd, turn_entry);

    httpd->turn_ended = true;
    end_turn(httpd);
}

void loop_turn(struct httpd *httpd, int64_t max_wait_ms)
{
    int64_t wait_ms = max_wait_ms, due_ms = timer_next_ms(httpd);
    bool pending = httpd->loop->_pending_as_client != NULL ||
                   httpd->loop->_pending_as_server != NULL || !list_empty(&httpd->dirty);

    httpd->turn_entry.cb = on_turn_entry;
    if (pending) {
        wait_ms = 0;
    } else if (due_ms != INT64_MAX) {
        int64_t left_ms = due_ms - clock_mono_ms();

        wait_ms = left_ms < 0 ? 0 : left_ms < wait_ms ? left_ms : wait_ms;
    }
    httpd->turn_ended = false;
    if (h2o_evloop_run(httpd->loop, (int32_t)wait_ms) != 0 && errno != EINTR)
        log_event(LOG_ALARM, "httpd.poll_failed", LOG_N("errno", errno));
    if (httpd->turn_ended && list_empty(&httpd->dirty))
        return;
    httpd->now_us = clock_mono_us();
    end_turn(httpd);
}

static void on_watch(h2o_socket_t *socket, const char *error)
{
    struct httpd_watch *watch = socket->data;

    (void)error;
    loop_touch(watch->httpd);
    watch->ready(watch->context);
}

struct httpd_watch *httpd_watch_fd(struct httpd *httpd, int fd, httpd_fd_ready *ready,
                                   void *context)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* h2o closes what it watches */
    struct httpd_watch *watch;

    if (copy < 0)
        return NULL;
    watch = mem_new(sizeof(*watch));
    watch->httpd = httpd;
    watch->ready = ready;
    watch->context = context;
    watch->socket = h2o_evloop_socket_create(httpd->loop, copy, H2O_SOCKET_FLAG_DONT_READ);
    watch->socket->data = watch;
    h2o_socket_read_start(watch->socket, on_watch);
    list_push_back(&httpd->watches, &watch->link);
    return watch;
}

void httpd_unwatch(struct httpd_watch *watch)
{
    if (watch == NULL)
        return;
    h2o_socket_close(watch->socket);
    list_remove(&watch->link);
    mem_free(watch);
}

void httpd_at_turn_end(struct httpd *httpd, httpd_fd_ready *call, void *context)
{
    must(httpd->turn_end_count < array_size(httpd->turn_ends));
    httpd->turn_ends[httpd->turn_end_count++] = (struct turn_end){call, context};
}
