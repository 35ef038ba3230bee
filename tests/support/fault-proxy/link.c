/*
 * link: see the header. A way reads from one socket and writes to the other; a byte is due when
 * its delay is over and the rate allows it.
 */
#include "link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 16384
#define RATE_SLICES_PER_S 50

static enum way other(enum way way)
{
    return way == WAY_UP ? WAY_DOWN : WAY_UP;
}

void link_init(struct link *link, int client_fd, int target_fd)
{
    *link = (struct link){.fds = {[WAY_UP] = target_fd, [WAY_DOWN] = client_fd},
                          .connecting = target_fd >= 0,
                          .hole = target_fd < 0};
    for (size_t way = 0; way < WAYS; way++)
        link->queues[way].bytes = buf_make(QUEUE_BYTES_MAX);
}

void link_done(struct link *link, bool reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    for (size_t way = 0; way < WAYS; way++) {
        buf_done(&link->queues[way].bytes);
        if (link->fds[way] < 0)
            continue;
        if (reset)
            setsockopt(link->fds[way], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        close(link->fds[way]);
    }
}

static bool has_room(const struct queue *queue)
{
    return queue->bytes.size + READ_BYTES <= QUEUE_BYTES_MAX && queue->mark_count < QUEUE_MARKS_MAX;
}

/* `from` names the socket that is read: what comes from the client goes up. */
bool link_wants_read(const struct link *link, enum way from, const struct policy *policy)
{
    const struct queue *queue = &link->queues[other(from)];

    return !link->hole && !link->connecting && !policy->stopped && !queue->ended && has_room(queue);
}

bool link_wants_write(const struct link *link, enum way to, const struct policy *policy)
{
    if (link->connecting)
        return to == WAY_UP;
    return !link->hole && !policy->stopped && link->queues[to].blocked;
}

static enum link_outcome read_way(struct link *link, enum way way, const struct policy *policy,
                                  int64_t now_us)
{
    struct queue *queue = &link->queues[way];
    size_t mark = (queue->first_mark + queue->mark_count) % QUEUE_MARKS_MAX;
    ssize_t got;
    char *room;

    if (queue->ended || !has_room(queue))
        return LINK_GOES_ON;
    room = buf_reserve(&queue->bytes, READ_BYTES);
    got = room == NULL ? 0 : recv(link->fds[other(way)], room, READ_BYTES, 0);
    if (got > 0) {
        buf_grew(&queue->bytes, (size_t)got);
        queue->marks[mark].size = (size_t)got;
        queue->marks[mark].due_us = now_us + policy->delay_ms * 1000;
        queue->mark_count++;
    } else if (got == 0) {
        queue->ended = true;
    } else if (errno != EAGAIN && errno != EINTR) {
        return LINK_RESET;
    }
    return LINK_GOES_ON;
}

/* How much may be sent now; *wake_us is brought forward to when there is more. */
static size_t due_bytes(const struct queue *queue, const struct policy *policy, int64_t now_us,
                        int64_t *wake_us)
{
    int64_t wake = INT64_MAX;
    size_t size = 0, slice;

    for (size_t i = 0; i < queue->mark_count; i++) {
        size_t mark = (queue->first_mark + i) % QUEUE_MARKS_MAX;

        if (queue->marks[mark].due_us > now_us) {
            wake = queue->marks[mark].due_us;
            break;
        }
        size += queue->marks[mark].size;
    }
    if (policy->bytes_per_s > 0 && size > 0) {
        slice = (size_t)(policy->bytes_per_s / RATE_SLICES_PER_S) + 1;
        size = size < slice ? size : slice;
        if (queue->next_us > now_us) {
            size = 0;
            wake = queue->next_us;
        }
    }
    if (wake < *wake_us)
        *wake_us = wake;
    return size;
}

/* Drops what was sent from the queue and its marks. */
static void note_sent(struct queue *queue, size_t sent)
{
    buf_consume(&queue->bytes, sent);
    queue->sent_bytes += (int64_t)sent;
    while (sent > 0) {
        size_t *size = &queue->marks[queue->first_mark].size, part = *size < sent ? *size : sent;

        *size -= part;
        sent -= part;
        if (*size == 0) {
            queue->first_mark = (queue->first_mark + 1) % QUEUE_MARKS_MAX;
            queue->mark_count--;
        }
    }
}

static enum link_outcome at_limit(const struct policy *policy)
{
    return policy->limit == LIMIT_RESET ? LINK_RESET : LINK_OVER;
}

static bool is_limited(const struct policy *policy, enum way way)
{
    return policy->limit != LIMIT_NONE && policy->limit_way == way;
}

static bool is_at_limit(const struct queue *queue, const struct policy *policy, enum way way)
{
    return is_limited(policy, way) && queue->sent_bytes >= policy->limit_bytes;
}

/* Sends up to `size` bytes of a way's queue: 0 or -errno. */
static int send_some(struct link *link, enum way way, size_t size, const struct policy *policy,
                     int64_t now_us)
{
    struct queue *queue = &link->queues[way];
    ssize_t sent = send(link->fds[way], queue->bytes.at, size, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return -errno;
    queue->blocked = sent < (ssize_t)size;
    if (sent > 0)
        note_sent(queue, (size_t)sent);
    if (sent > 0 && policy->bytes_per_s > 0)
        queue->next_us = now_us + sent * 1000000 / policy->bytes_per_s;
    return 0;
}

static enum link_outcome write_way(struct link *link, enum way way, const struct policy *policy,
                                   int64_t now_us, int64_t *wake_us)
{
    struct queue *queue = &link->queues[way];
    size_t size = due_bytes(queue, policy, now_us, wake_us);

    if (is_at_limit(queue, policy, way))
        return at_limit(policy);
    if (is_limited(policy, way) && (int64_t)size > policy->limit_bytes - queue->sent_bytes)
        size = (size_t)(policy->limit_bytes - queue->sent_bytes);
    queue->blocked = false;
    if (size > 0 && !queue->closed) {
        if (send_some(link, way, size, policy, now_us) != 0)
            return LINK_RESET;
        if (!queue->blocked && queue->bytes.size > 0)
            (void)due_bytes(queue, policy, now_us, wake_us);
        if (is_at_limit(queue, policy, way))
            return at_limit(policy);
    }
    if (queue->ended && queue->bytes.size == 0)
        link_half_close(link, way);
    return LINK_GOES_ON;
}

void link_half_close(struct link *link, enum way way)
{
    if (link->queues[way].closed || link->hole || link->connecting)
        return;
    link->queues[way].closed = true;
    shutdown(link->fds[way], SHUT_WR);
}

enum link_outcome link_move(struct link *link, const struct policy *policy, int64_t now_us,
                            int64_t *wake_us_out)
{
    int error = 0;
    socklen_t size = sizeof(error);

    *wake_us_out = INT64_MAX;
    if (link->hole)
        return LINK_GOES_ON;
    if (link->connecting) {
        struct sockaddr_storage peer;
        socklen_t peer_size = sizeof(peer);

        if (getsockopt(link->fds[WAY_UP], SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
            return LINK_RESET;
        if (getpeername(link->fds[WAY_UP], (struct sockaddr *)&peer, &peer_size) != 0)
            return LINK_GOES_ON;
        link->connecting = false;
    }
    if (policy->stopped)
        return LINK_GOES_ON;
    for (size_t i = 0; i < WAYS; i++) {
        enum link_outcome outcome = read_way(link, (enum way)i, policy, now_us);

        if (outcome == LINK_GOES_ON)
            outcome = write_way(link, (enum way)i, policy, now_us, wake_us_out);
        if (outcome != LINK_GOES_ON)
            return outcome;
    }
    if (link->queues[WAY_UP].closed && link->queues[WAY_DOWN].closed)
        return LINK_OVER;
    return LINK_GOES_ON;
}
