/*
 * load: see the header.
 */
#include "load.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "answer.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/mem.h"

enum { EVENTS = 256, READ_BYTES = 64 << 10, LINKS_MAX = 20000 };

/* One connection; on the list `idle` or on `busy`, there in the order in which its calls began. */
struct link {
    struct list list;
    int fd;
    bool busy, kept; /* kept: it has carried a call */
    size_t sent;     /* of the request */
    int64_t due_us, begun_us, first_us;
    char *request; /* owned; the plan's, with the number of the call */
    struct answer answer;
};

struct load {
    const struct load_plan *plan;
    FILE *out;
    int epoll;
    struct list idle, busy;
    uint32_t links;
    int64_t start_us, due_us, begun, ended;
    uint64_t random;
    size_t number_at, number_size; /* in the request; size 0: it has none */
};

static uint64_t draw(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->random;
}

/* Until the next call is due: exponential. */
static int64_t pause_us(struct load *load)
{
    double part = ((double)(draw(load) >> 11) + 1) / 9007199254740993.0;

    return (int64_t)(-log(part) * 1e6 / load->plan->rate);
}

/* ---- connections ---- */

static void drop(struct load *load, struct link *link)
{
    list_remove(&link->list);
    close(link->fd);
    answer_done(&link->answer);
    mem_free(link->request);
    mem_free(link);
    load->links--;
}

static void watch(struct load *load, struct link *link, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = link};

    must(epoll_ctl(load->epoll, how, link->fd, &event) == 0);
}

/* NULL: no more descriptors, or no way there at all. */
static struct link *open_link(struct load *load)
{
    const struct tcp_address *to = &load->plan->address;
    int one = 1, fd;
    struct link *link;

    if (load->links >= LINKS_MAX)
        return NULL;
    fd = socket(to->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)&to->at, to->size) != 0 && errno != EINPROGRESS) {
        close(fd);
        return NULL;
    }
    link = mem_new(sizeof(*link));
    link->fd = fd;
    link->answer = answer_make();
    link->request = mem_dup(load->plan->request.at, load->plan->request.size);
    list_init(&link->list);
    watch(load, link, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
    load->links++;
    return link;
}

/* ---- calls ---- */

static const char *word_of(const struct load *load, const struct link *link, bool late)
{
    struct span body = buf_span(&link->answer.body);
    const char *marker = load->plan->marker;

    if (late)
        return "late";
    if (link->answer.state != ANSWER_WHOLE)
        return "broken";
    if (body.size > 0 && memmem(body.at, body.size, "\"error\"", 7) != NULL)
        return "error";
    if (marker[0] != '\0' &&
        (body.size == 0 || memmem(body.at, body.size, marker, strlen(marker)) == NULL))
        return "unmarked";
    return "whole";
}

static void tell(struct load *load, const struct link *link, bool late)
{
    int64_t now_us = clock_mono_us(), first_us = link->first_us == 0 ? now_us : link->first_us;

    fprintf(load->out, "%lld %lld %lld %d %d %s\n", (long long)(link->due_us - load->start_us),
            (long long)(first_us - link->due_us), (long long)(now_us - link->due_us),
            link->answer.status, link->answer.attempts, word_of(load, link, late));
    load->ended++;
}

static void send_more(struct load *load, struct link *link)
{
    const struct span request = span_make(link->request, load->plan->request.size);

    while (link->sent < request.size) {
        ssize_t n =
            send(link->fd, request.at + link->sent, request.size - link->sent, MSG_NOSIGNAL);

        if (n < 0)
            return; /* for now; where it is for good, reading tells it */
        link->sent += (size_t)n;
    }
    watch(load, link, EPOLL_CTL_MOD, EPOLLIN);
}

static void write_number(const struct load *load, struct link *link, int64_t number)
{
    for (size_t i = load->number_size; i > 0; i--, number /= 10)
        link->request[load->number_at + i - 1] = (char)('0' + number % 10);
}

static void begin_call(struct load *load, struct link *link, int64_t due_us)
{
    list_remove(&link->list);
    list_push_back(&load->busy, &link->list);
    answer_clear(&link->answer);
    link->busy = true;
    link->sent = 0;
    link->due_us = due_us;
    link->begun_us = clock_mono_us();
    link->first_us = 0;
    if (link->kept) {
        watch(load, link, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        send_more(load, link);
    }
}

static void call(struct load *load, int64_t due_us)
{
    struct link *link =
        list_empty(&load->idle) ? open_link(load) : list_item(load->idle.next, struct link, list);

    load->begun++;
    if (link == NULL) {
        const struct link none = {.due_us = due_us};
        tell(load, &none, false);
        return;
    }
    write_number(load, link, load->begun - 1);
    begin_call(load, link, due_us);
}

static void end_call(struct load *load, struct link *link, bool gone)
{
    bool keep = !gone && link->answer.state == ANSWER_WHOLE && !link->answer.close;

    tell(load, link, false);
    if (!keep) {
        drop(load, link);
        return;
    }
    link->busy = false;
    link->kept = true;
    list_remove(&link->list);
    list_push_front(&load->idle, &link->list); /* the warmest is used first */
}

/* A kept connection that ends before a byte of the answer: the server closed it as the request
 * came. As every client does, once more on a new one. */
static void go_on_elsewhere(struct load *load, struct link *link)
{
    int64_t due_us = link->due_us;
    struct link *other = open_link(load);

    if (other == NULL) {
        end_call(load, link, true);
        return;
    }
    memcpy(other->request, link->request, load->plan->request.size);
    drop(load, link);
    begin_call(load, other, due_us);
}

static void on_readable(struct load *load, struct link *link)
{
    char bytes[READ_BYTES];
    ssize_t n = recv(link->fd, bytes, sizeof(bytes), 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (!link->busy) {
        drop(load, link);
    } else if (n <= 0) {
        if (link->kept && link->answer.head.size == 0)
            go_on_elsewhere(load, link);
        else
            end_call(load, link, true);
    } else {
        if (link->first_us == 0)
            link->first_us = clock_mono_us();
        if (answer_feed(&link->answer, span_make(bytes, (size_t)n)) >= ANSWER_WHOLE)
            end_call(load, link, false);
    }
}

static void end_late(struct load *load, int64_t now_us)
{
    while (!list_empty(&load->busy)) {
        struct link *oldest = list_item(load->busy.next, struct link, list);

        if (now_us - oldest->begun_us < load->plan->timeout_us)
            return;
        tell(load, oldest, true);
        drop(load, oldest);
    }
}

/* ---- the loop ---- */

static bool all_begun(const struct load *load)
{
    return load->begun >= load->plan->calls ||
           (load->plan->rate > 0 && load->due_us - load->start_us >= load->plan->duration_us);
}

static void begin_due(struct load *load)
{
    if (load->plan->rate <= 0) {
        if (load->begun == load->ended && !all_begun(load))
            call(load, clock_mono_us());
        return;
    }
    while (!all_begun(load) && load->due_us <= clock_mono_us()) {
        call(load, load->due_us);
        load->due_us += pause_us(load);
    }
}

static int wait_events(struct load *load, struct epoll_event *events)
{
    int64_t wait_us = 100000;
    struct timespec wait;

    if (load->plan->rate > 0 && !all_begun(load)) {
        int64_t due_us = load->due_us - clock_mono_us();
        wait_us = due_us < 0 ? 0 : due_us < wait_us ? due_us : wait_us;
    }
    wait = (struct timespec){.tv_nsec = (long)wait_us * 1000};
    return epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);
}

static void turn(struct load *load)
{
    struct epoll_event events[EVENTS];
    int count = wait_events(load, events);

    for (int i = 0; i < count; i++) {
        struct link *link = events[i].data.ptr;

        if ((events[i].events & EPOLLOUT) != 0 && link->busy)
            send_more(load, link);
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            on_readable(load, link);
    }
    end_late(load, clock_mono_us());
}

static void find_number(struct load *load)
{
    const struct span request = load->plan->request;
    const char *at = memmem(request.at, request.size, "@@@@", 4);

    if (at == NULL)
        return;
    load->number_at = (size_t)(at - request.at);
    while (load->number_at + load->number_size < request.size && at[load->number_size] == '@')
        load->number_size++;
}

int load_run(const struct load_plan *plan, FILE *out)
{
    struct load load = {.plan = plan, .out = out, .random = plan->seed};

    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.epoll < 0)
        return -errno;
    list_init(&load.idle);
    list_init(&load.busy);
    find_number(&load);
    load.start_us = load.due_us = clock_mono_us();
    while (!all_begun(&load) || load.ended < load.begun) {
        begin_due(&load);
        turn(&load);
    }
    while (!list_empty(&load.idle))
        drop(&load, list_item(load.idle.next, struct link, list));
    close(load.epoll);
    return ferror(out) ? -EIO : 0;
}
