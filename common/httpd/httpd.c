/*
 * httpd: see httpd.h. Makes, runs and ends a server.
 */
#include "common/httpd/httpd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/httpd/conn.h"

enum { TURN_WAIT_MS = 60000, IDLE_GRACE_MS = 500, CLOSING_TURNS_MAX = 100 };

const struct httpd_config httpd_config_initial = {
    .max_body_bytes = (size_t)32 << 20,
    .max_bodies_bytes = (size_t)1 << 30,
    .max_head_bytes = 32768,
    .max_pending_bytes = 262144,
    .max_connections = 65536,
    .head_timeout_ms = 9500,
    .body_timeout_ms = 60000,
    .write_timeout_ms = 60000,
    .idle_timeout_ms = 75000,
};

static void on_stop(void *context);

/* h2o keeps up to 16 spare chunks of its pools for each thread where nobody can reach them; what a
 * thread leaves behind at its end is no leak that grows. Read by LeakSanitizer only. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle";
}

struct httpd *httpd_new(const struct httpd_config *config, const struct httpd_handler *handler)
{
    struct httpd *httpd = mem_new(sizeof(*httpd));

    /* h2o would move input of more than 32 MiB into a file under /tmp. */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    httpd->config = *config;
    httpd->handler = *handler;
    httpd->loop = h2o_evloop_create();
    httpd->now_us = clock_mono_us();
    h2o_timeout_init(httpd->loop, &httpd->zero, 0);
    list_init(&httpd->conns);
    list_init(&httpd->dirty);
    list_init(&httpd->listeners);
    list_init(&httpd->watches);
    list_init(&httpd->free_requests);
    httpd->sweep = (struct httpd_timer){.expired = conn_sweep, .context = httpd};
    httpd->accept_pause = (struct httpd_timer){.expired = listen_resume, .context = httpd};
    httpd->idle_grace = (struct httpd_timer){.expired = conn_stop_idle, .context = httpd};
    httpd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    httpd->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(httpd->stop_fd >= 0);
    atomic_store(&httpd->stop_drain_ms, -1);
    httpd->stop_watch = httpd_watch_fd(httpd, httpd->stop_fd, on_stop, httpd);
    must(httpd->stop_watch != NULL);
    return httpd;
}

/* New connections are not taken any more; those that are open are told to close with their next
 * answer. Idle ones get a moment, because a request may be on its way on them. */
static void on_stop(void *context)
{
    struct httpd *httpd = context;
    int64_t drain_ms = atomic_load(&httpd->stop_drain_ms);
    uint64_t count;

    if (read(httpd->stop_fd, &count, sizeof(count)) < 0 || drain_ms < 0)
        return;
    httpd->stop_deadline_ms = httpd_now_ms(httpd) + drain_ms;
    if (httpd->stopping)
        return;
    httpd->stopping = true;
    listen_close_all(httpd);
    httpd_timer_set(httpd, &httpd->idle_grace,
                    httpd_now_ms(httpd) + (drain_ms < IDLE_GRACE_MS ? drain_ms : IDLE_GRACE_MS));
}

void httpd_stop(struct httpd *httpd, uint32_t drain_ms)
{
    uint64_t one = 1;

    atomic_store(&httpd->stop_drain_ms, drain_ms);
    must(write(httpd->stop_fd, &one, sizeof(one)) == sizeof(one));
}

/* h2o keeps spare input buffers for each thread and never frees them. */
static void free_spare_buffers(void)
{
    h2o_mem_recycle_t *spare = &h2o_socket_buffer_prototype.allocator;

    while (spare->cnt > 0)
        mem_free(h2o_mem_alloc_recycle(spare, 1)); /* malloc's, as mem_free wants it */
}

/* On the loop's thread, because h2o's buffers belong to the thread that made them. */
static void close_all(struct httpd *httpd)
{
    list_each_safe(&httpd->conns, link, after) conn_close(list_item(link, struct conn, link));
    /* What h2o still wants to say in TLS is cut off. */
    for (int i = 0; i < CLOSING_TURNS_MAX && httpd->conn_count > 0; i++) {
        list_each(&httpd->conns, link)(void)
            shutdown(list_item(link, struct conn, link)->fd, SHUT_RDWR);
        loop_turn(httpd, 0);
    }
    must(httpd->conn_count == 0);
    free_spare_buffers();
}

void httpd_run(struct httpd *httpd)
{
    int64_t left_ms = TURN_WAIT_MS;

    while (!httpd->stopping || (httpd->conn_count > 0 && left_ms > 0)) {
        loop_turn(httpd, left_ms);
        if (httpd->stopping)
            left_ms = httpd->stop_deadline_ms - clock_mono_ms();
    }
    close_all(httpd);
}

void httpd_turn(struct httpd *httpd, uint32_t max_wait_ms)
{
    loop_turn(httpd, max_wait_ms);
}

void httpd_free(struct httpd *httpd)
{
    if (httpd == NULL)
        return;
    httpd->stopping = true;
    httpd->turn_end_count = 0; /* those who are called there may be gone already */
    listen_close_all(httpd);
    close_all(httpd);
    httpd_unwatch(httpd->stop_watch);
    must(list_empty(&httpd->watches));
    loop_turn(httpd, 0); /* h2o frees closed sockets at the begin of a turn */
    h2o_timeout_unlink(&httpd->turn_entry);
    h2o_timeout_dispose(httpd->loop, &httpd->zero);
    h2o_evloop_destroy(httpd->loop);
    while (!list_empty(&httpd->free_requests)) {
        struct httpd_request *request =
            list_item(httpd->free_requests.next, struct httpd_request, link);

        list_remove(&request->link);
        mem_free(request->head_bytes);
        mem_free(request->body);
        mem_free(request);
    }
    while (httpd->out_count > 0)
        mem_free(httpd->out_pool[--httpd->out_count]);
    mem_free(httpd->timers);
    close(httpd->stop_fd);
    if (httpd->spare_fd >= 0)
        close(httpd->spare_fd);
    mem_free(httpd);
}

uint32_t httpd_open_requests(const struct httpd *httpd)
{
    return httpd->request_count;
}

uint32_t httpd_open_connections(const struct httpd *httpd)
{
    return httpd->conn_count;
}
