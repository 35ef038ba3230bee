/*
 * thread: threads with names, and a mailbox that wakes an event loop through a descriptor.
 */
#ifndef TOLLGATE_COMMON_BASE_THREAD_H
#define TOLLGATE_COMMON_BASE_THREAD_H

#include <pthread.h>

#include "common/base/attr.h"
#include "common/base/list.h"

/* Starts `run(argument)` with all signals blocked; ends the process when it cannot. */
void thread_start(pthread_t *thread_out, const char *name, void *(*run)(void *), void *argument);

/* Blocks SIGTERM and SIGINT for this thread and those it starts from now on; a descriptor, the
 * caller's, that becomes readable when one of them came. */
must_use int thread_stop_fd(void);

/* A letter is embedded in what is sent; the receiver gets it back and owns it. */
struct letter {
    struct list link;
};

/* Many senders, one receiver. Off the request path: takes a mutex for a few instructions. */
struct mailbox;
must_use struct mailbox *mailbox_new(void);
void mailbox_free(struct mailbox *mailbox); /* it must be empty */
must_use int
mailbox_fd(const struct mailbox *mailbox); /* an eventfd: readable while letters wait */
void mailbox_send(struct mailbox *mailbox, struct letter *letter);
/* The oldest letter, or NULL; clears the descriptor when it was the last. */
must_use struct letter *mailbox_take(struct mailbox *mailbox);

#endif
