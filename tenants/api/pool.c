/*
 * pool: see pool.h. What is between the loop and the threads is one list under one lock.
 */
#include "tenants/api/pool.h"

#include <errno.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/mem.h"

enum { THREADS_MAX = 64, HOUSE_MS = 10000 };

struct pool {
    const struct performing *performing;
    struct mailbox *done;
    pthread_mutex_t lock;
    pthread_cond_t came; /* on the monotonic clock */
    struct list waiting; /* the rest is under the lock */
    size_t waiting_count, waiting_max;
    size_t public_waiting, public_running, public_max;
    int64_t house_ms; /* when the next thread keeps house */
    bool stopping;
    pthread_t threads[THREADS_MAX];
    size_t thread_count;
};

/* Whether anybody may make it: signing in, that is, and it takes as long as hashing a password. */
static bool is_public(const struct call *call)
{
    return (call->came.match.route->roles & ROLE_PUBLIC) != 0;
}

static struct call *call_at(struct list *link)
{
    return container_of(list_item(link, struct letter, link), struct call, letter);
}

/* The oldest that may run now, taken; under the lock. */
static struct call *next_call(struct pool *pool)
{
    list_each(&pool->waiting, link)
    {
        struct call *call = call_at(link);
        bool public = is_public(call);
        if (public && pool->public_running == pool->public_max)
            continue;
        list_remove(link);
        pool->waiting_count--;
        pool->public_waiting -= public ? 1 : 0;
        pool->public_running += public ? 1 : 0;
        return call;
    }
    return NULL;
}

/* The next call, or NULL: keep house (*house), or end. */
static struct call *take(struct pool *pool, bool *house_out)
{
    struct call *call;

    *house_out = false;
    must(pthread_mutex_lock(&pool->lock) == 0);
    /* When it ends, what waits is performed first. */
    while ((call = next_call(pool)) == NULL && !*house_out &&
           !(pool->stopping && list_empty(&pool->waiting))) {
        struct timespec until = {.tv_sec = pool->house_ms / 1000,
                                 .tv_nsec = pool->house_ms % 1000 * 1000000};
        int r = pthread_cond_timedwait(&pool->came, &pool->lock, &until);
        must(r == 0 || r == ETIMEDOUT);
        *house_out = clock_mono_ms() >= pool->house_ms;
    }
    if (call != NULL)
        *house_out = false;
    else if (*house_out)
        pool->house_ms = clock_mono_ms() + HOUSE_MS;
    must(pthread_mutex_unlock(&pool->lock) == 0);
    return call;
}

/* One of those that waited for it to end may run now. */
static void leave_public(struct pool *pool)
{
    must(pthread_mutex_lock(&pool->lock) == 0);
    pool->public_running--;
    must(pthread_cond_broadcast(&pool->came) == 0);
    must(pthread_mutex_unlock(&pool->lock) == 0);
}

static void *run(void *argument)
{
    struct pool *pool = argument;
    struct counts *counts = pool->performing->counts;
    struct performer *performer = performer_new(pool->performing);

    for (;;) {
        bool house;
        struct call *call = take(pool, &house);
        if (call != NULL) {
            bool public = is_public(call);
            atomic_fetch_sub(&counts->waiting, 1);
            atomic_fetch_add(&counts->running, 1);
            performer_run(performer, call);
            atomic_fetch_sub(&counts->running, 1);
            if (public)
                leave_public(pool);
            mailbox_send(pool->done, &call->letter);
        } else if (house) {
            performer_keep_house(performer);
        } else {
            break;
        }
    }
    performer_free(performer);
    return NULL;
}

struct pool *pool_start(const struct performing *performing, size_t threads, size_t waiting_max,
                        struct mailbox *done)
{
    struct pool *pool = mem_new(sizeof(*pool));
    pthread_condattr_t monotonic;

    must(threads >= 1 && threads <= THREADS_MAX);
    pool->performing = performing;
    pool->done = done;
    pool->waiting_max = waiting_max;
    pool->public_max = (threads + 1) / 2;
    pool->thread_count = threads;
    pool->house_ms = clock_mono_ms(); /* at once: says whether the database is there */
    list_init(&pool->waiting);
    must(pthread_mutex_init(&pool->lock, NULL) == 0);
    must(pthread_condattr_init(&monotonic) == 0);
    must(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    must(pthread_cond_init(&pool->came, &monotonic) == 0);
    must(pthread_condattr_destroy(&monotonic) == 0);
    for (size_t i = 0; i < threads; i++)
        thread_start(&pool->threads[i], "api", run, pool);
    return pool;
}

bool pool_give(struct pool *pool, struct call *call)
{
    must(pthread_mutex_lock(&pool->lock) == 0);
    bool public = is_public(call);
    bool room = pool->waiting_count < pool->waiting_max &&
                !(public && pool->public_waiting >= (pool->waiting_max + 1) / 2);
    if (room) {
        list_push_back(&pool->waiting, &call->letter.link);
        pool->waiting_count++;
        pool->public_waiting += public ? 1 : 0;
        atomic_fetch_add(&pool->performing->counts->waiting, 1);
        must(pthread_cond_signal(&pool->came) == 0);
    }
    must(pthread_mutex_unlock(&pool->lock) == 0);
    return room;
}

void pool_stop(struct pool *pool)
{
    if (pool == NULL)
        return;
    must(pthread_mutex_lock(&pool->lock) == 0);
    pool->stopping = true;
    must(pthread_cond_broadcast(&pool->came) == 0);
    must(pthread_mutex_unlock(&pool->lock) == 0);
    for (size_t i = 0; i < pool->thread_count; i++)
        must(pthread_join(pool->threads[i], NULL) == 0);
    pthread_cond_destroy(&pool->came);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
}
