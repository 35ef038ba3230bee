/*
 * curl_loop: see the header.
 */
#include "gateway/upstream/curl_loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/mem.h"

enum { EVENTS_PER_TURN = 64, UNUSED_CALLS_MAX = 64 };
#define BODY_COPY_MAX ((size_t)128 << 10)

/* ---- sockets ---- */
static struct curl_socket *socket_of(struct curl_upstream *upstream, int fd)
{
    uint32_t index = (uint32_t)fd, count = upstream->socket_count;

    if (index >= count) {
        uint32_t wider = index + 256;
        upstream->sockets = mem_resize(upstream->sockets, wider * sizeof(upstream->sockets[0]));
        memset(upstream->sockets + count, 0, (wider - count) * sizeof(upstream->sockets[0]));
        upstream->socket_count = wider;
    }
    return &upstream->sockets[index];
}

static void register_socket(struct curl_upstream *upstream, int fd, uint32_t events)
{
    struct curl_socket *s = socket_of(upstream, fd);
    struct epoll_event event = {.events = events, .data.fd = fd};
    int op = s->registered == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    if (s->registered == events)
        return;
    if (epoll_ctl(upstream->epoll, op, fd, &event) == 0 || op == EPOLL_CTL_DEL)
        s->registered = events;
    else if (errno == ENOENT && epoll_ctl(upstream->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        s->registered = events;
}

/* An idle socket stays registered for reading, so that the next request on it needs no system call;
 * on_ready takes it out when something comes that nobody wants. Writing is taken out at once. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    struct curl_upstream *upstream = context;
    struct curl_socket *s = socket_of(upstream, fd);
    uint32_t wanted = 0;

    (void)easy;
    (void)socket_context;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        wanted |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        wanted |= EPOLLOUT;
    s->wanted = wanted;
    if ((wanted & ~s->registered) != 0 || (s->registered & ~wanted & EPOLLOUT) != 0)
        register_socket(upstream, fd, wanted | (s->registered & EPOLLIN));
    return 0;
}

static int on_close_socket(void *context, curl_socket_t fd)
{
    struct curl_upstream *upstream = context;

    *socket_of(upstream, fd) = (struct curl_socket){0};
    return close(fd);
}

void curl_loop_set_close(struct curl_upstream *upstream, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, upstream);
}

static void act(struct curl_upstream *upstream, curl_socket_t fd, int mask)
{
    int running;

    (void)curl_multi_socket_action(upstream->multi, fd, mask, &running);
}

static void on_ready(void *context)
{
    struct curl_upstream *upstream = context;
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(upstream->epoll, events, EVENTS_PER_TURN, 0);

    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        const struct curl_socket *s = socket_of(upstream, fd);
        uint32_t got = events[i].events;
        if (s->wanted == 0 || (got & (s->wanted | EPOLLERR | EPOLLHUP)) == 0) {
            register_socket(upstream, fd, s->wanted);
            continue;
        }
        act(upstream, fd,
            ((got & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                ((got & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                ((got & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0));
    }
    curl_loop_turn(&upstream->base);
}

/* ---- timer ---- */
static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct curl_upstream *upstream = context;

    (void)multi;
    upstream->kick = timeout_ms == 0;
    if (timeout_ms > 0)
        httpd_timer_set(upstream->httpd, &upstream->timer,
                        httpd_now_ms(upstream->httpd) + timeout_ms);
    else
        httpd_timer_cancel(upstream->httpd, &upstream->timer);
    return 0;
}

static void on_expired(void *context)
{
    struct curl_upstream *upstream = context;

    act(upstream, CURL_SOCKET_TIMEOUT, 0);
    curl_loop_turn(&upstream->base);
}

/* ---- calls ---- */
struct upstream_call *curl_loop_take_call(struct curl_upstream *upstream)
{
    struct upstream_call *call;
    struct buf small, text;

    if (list_empty(&upstream->unused)) {
        call = mem_new(sizeof(*call));
        small = buf_make(BODY_COPY_MAX);
        text = buf_make(REQUEST_LINES_BYTES_MAX);
    } else {
        call = list_item(upstream->unused.next, struct upstream_call, link);
        list_remove(&call->link);
        upstream->unused_count--;
        small = call->small;
        text = call->lines.text;
    }
    *call = (struct upstream_call){.upstream = upstream, .small = small, .lines.text = text};
    list_init(&call->link);
    return call;
}

static void free_call(struct upstream_call *call)
{
    buf_done(&call->small);
    buf_done(&call->lines.text);
    mem_free(call);
}

void curl_loop_give_back_call(struct upstream_call *call)
{
    struct curl_upstream *upstream = call->upstream;

    if (call->added)
        (void)curl_multi_remove_handle(upstream->multi, call->easy);
    call->release(call);
    list_remove(&call->link);
    if (upstream->unused_count == UNUSED_CALLS_MAX) {
        free_call(call);
        return;
    }
    list_push_back(&upstream->unused, &call->link);
    upstream->unused_count++;
}

static enum upstream_end end_of(const struct upstream_call *call, CURLcode code)
{
    if (call->forbidden && code != CURLE_OK)
        return UPSTREAM_FORBIDDEN;
    if (call->sendings > 1 && code == CURLE_ABORTED_BY_CALLBACK)
        return UPSTREAM_STALE;
    switch ((int)code) {
    case CURLE_OK:
        return call->head_told ? UPSTREAM_WHOLE : UPSTREAM_BROKEN;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
        return call->head_told ? UPSTREAM_BROKEN : UPSTREAM_NO_CONNECTION;
    case CURLE_OPERATION_TIMEDOUT:
        return call->head_told ? UPSTREAM_BROKEN : UPSTREAM_CONNECT_TIMEOUT;
    default:
        return UPSTREAM_BROKEN;
    }
}

static void tell_ends(struct curl_upstream *upstream)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(upstream->multi, &left)) != NULL) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct upstream_call *call = (void *)private;
        if (call->cancelled)
            continue; /* It is on that list and goes with it. */
        const struct upstream_events *events = call->events;
        void *context = call->context;
        enum upstream_end end = end_of(call, code);
        call->ended = true;
        curl_loop_give_back_call(call);
        events->on_end(context, end);
    }
}

static struct upstream_call *first(struct list *list)
{
    return list_empty(list) ? NULL : list_item(list->next, struct upstream_call, link);
}

static void work_lists(struct curl_upstream *upstream)
{
    struct upstream_call *call;

    while ((call = first(&upstream->cancelled)) != NULL)
        curl_loop_give_back_call(call);
    while ((call = first(&upstream->starting)) != NULL) {
        list_remove(&call->link);
        list_push_back(&upstream->running, &call->link);
        must(curl_multi_add_handle(upstream->multi, call->easy) == CURLM_OK);
        call->added = true;
        upstream->kick = true;
    }
    while ((call = first(&upstream->resuming)) != NULL) {
        list_remove(&call->link);
        list_push_back(&upstream->running, &call->link);
        (void)curl_easy_pause(call->easy, CURLPAUSE_CONT);
    }
}

static bool has_work(const struct curl_upstream *upstream)
{
    return upstream->kick || !list_empty(&upstream->cancelled) ||
           !list_empty(&upstream->starting) || !list_empty(&upstream->resuming);
}

void curl_loop_turn(struct upstream *base)
{
    struct curl_upstream *upstream = container_of(base, struct curl_upstream, base);

    do {
        work_lists(upstream);
        if (upstream->kick) {
            upstream->kick = false;
            act(upstream, CURL_SOCKET_TIMEOUT, 0);
        }
        tell_ends(upstream);
    } while (has_work(upstream));
}

void curl_loop_start(struct curl_upstream *upstream, struct httpd *httpd)
{
    struct list *lists[] = {&upstream->starting, &upstream->resuming, &upstream->cancelled,
                            &upstream->running, &upstream->unused};

    for (size_t i = 0; i < array_size(lists); i++)
        list_init(lists[i]);
    upstream->httpd = httpd;
    upstream->epoll = epoll_create1(EPOLL_CLOEXEC);
    must(upstream->epoll >= 0);
    upstream->watch = httpd_watch_fd(httpd, upstream->epoll, on_ready, upstream);
    upstream->timer = (struct httpd_timer){.expired = on_expired, .context = upstream};
    upstream->multi = curl_multi_init();
    must(upstream->multi != NULL);
    curl_multi_setopt(upstream->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(upstream->multi, CURLMOPT_SOCKETDATA, upstream);
    curl_multi_setopt(upstream->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(upstream->multi, CURLMOPT_TIMERDATA, upstream);
    curl_multi_setopt(upstream->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(upstream->multi, CURLMOPT_MAXCONNECTS, (long)upstream->config.max_idle);
}

void curl_loop_free(struct upstream *base)
{
    struct curl_upstream *upstream;
    struct upstream_call *call;

    if (base == NULL)
        return;
    upstream = container_of(base, struct curl_upstream, base);
    while ((call = first(&upstream->running)) != NULL || (call = first(&upstream->starting)) ||
           (call = first(&upstream->resuming)) || (call = first(&upstream->cancelled)))
        curl_loop_give_back_call(call);
    while ((call = first(&upstream->unused)) != NULL) {
        list_remove(&call->link);
        free_call(call);
    }
    origins_done(&upstream->origins);
    (void)curl_multi_cleanup(upstream->multi);
    httpd_timer_cancel(upstream->httpd, &upstream->timer);
    httpd_unwatch(upstream->watch);
    close(upstream->epoll);
    mem_free(upstream->sockets);
    mem_free(upstream);
}
