/*
 * link: one proxied connection: two sockets and a queue each way. Knows the policy, but no epoll
 * and no clock: it says what it waits for.
 */
#ifndef TOLLGATE_FAULT_PROXY_LINK_H
#define TOLLGATE_FAULT_PROXY_LINK_H

#include <stdint.h>

#include "common/base/buf.h"
#include "policy.h"

#define QUEUE_BYTES_MAX (256 << 10)
#define QUEUE_MARKS_MAX 256

/* Bytes on their way, oldest first. */
struct queue {
    struct buf bytes;
    struct {
        size_t size;
        int64_t due_us;
    } marks[QUEUE_MARKS_MAX]; /* what came at one time */
    size_t first_mark, mark_count;
    int64_t sent_bytes; /* since the beginning */
    int64_t next_us;    /* when the rate allows more */
    bool ended;         /* the reader's peer sent FIN */
    bool closed;        /* FIN was handed on */
    bool blocked;       /* the writer's socket is full */
};

struct link {
    int fds[2];                /* owned: [WAY_UP] is the target's, [WAY_DOWN] the client's */
    struct queue queues[WAYS]; /* [WAY_UP]: read from the client, written to the target */
    bool connecting;           /* to the target */
    bool hole;                 /* blackholed: nothing is read */
};

/* Takes both descriptors; target_fd is -1 for a hole. */
void link_init(struct link *link, int client_fd, int target_fd);
/* Closes; `reset`: with RST. */
void link_done(struct link *link, bool reset);

enum link_outcome {
    LINK_GOES_ON,
    LINK_OVER,  /* close both */
    LINK_RESET, /* reset both */
};

/* Reads what is there and sends what is due, each way. `wake_us_out`: when to come again without
 * an event; INT64_MAX: only for one. */
must_use enum link_outcome link_move(struct link *link, const struct policy *policy, int64_t now_us,
                                     int64_t *wake_us_out);

/* Whether a side is to be watched for reading or for writing now. */
must_use bool link_wants_read(const struct link *link, enum way from, const struct policy *policy);
must_use bool link_wants_write(const struct link *link, enum way to, const struct policy *policy);

/* Hands on FIN that way, now. */
void link_half_close(struct link *link, enum way way);

#endif
