/*
 * thread: see thread.h.
 */
#include "common/base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/mem.h"

#define NAME_SIZE 16 /* the kernel's limit, with the NUL */

int thread_stop_fd(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

struct mailbox {
    pthread_mutex_t lock;
    struct list letters; /* under the lock; oldest first */
    int fd;
};

void thread_start(pthread_t *thread_out, const char *name, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    char cut[NAME_SIZE];

    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    must(pthread_create(thread_out, NULL, run, argument) == 0);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    snprintf(cut, sizeof(cut), "%s", name);
    /* The thread may already have ended, and then has no use for a name. */
    (void)pthread_setname_np(*thread_out, cut);
}

struct mailbox *mailbox_new(void)
{
    struct mailbox *mailbox = mem_new(sizeof(*mailbox));

    must(pthread_mutex_init(&mailbox->lock, NULL) == 0);
    list_init(&mailbox->letters);
    mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    must(mailbox->fd >= 0);
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    must(list_empty(&mailbox->letters));
    close(mailbox->fd);
    pthread_mutex_destroy(&mailbox->lock);
    mem_free(mailbox);
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->fd;
}

/* The descriptor is written and read under the lock, so that it is readable exactly while letters
 * wait; the counter is 0 or 1 and neither call can block. */
void mailbox_send(struct mailbox *mailbox, struct letter *letter)
{
    must(pthread_mutex_lock(&mailbox->lock) == 0);
    bool first = list_empty(&mailbox->letters);
    list_push_back(&mailbox->letters, &letter->link);
    if (first)
        must(eventfd_write(mailbox->fd, 1) == 0);
    must(pthread_mutex_unlock(&mailbox->lock) == 0);
}

struct letter *mailbox_take(struct mailbox *mailbox)
{
    struct letter *letter = NULL;
    eventfd_t count;

    must(pthread_mutex_lock(&mailbox->lock) == 0);
    if (!list_empty(&mailbox->letters)) {
        letter = list_item(mailbox->letters.next, struct letter, link);
        list_remove(&letter->link);
        if (list_empty(&mailbox->letters))
            must(eventfd_read(mailbox->fd, &count) == 0);
    }
    must(pthread_mutex_unlock(&mailbox->lock) == 0);
    return letter;
}
