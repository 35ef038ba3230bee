/*
 * timers: a binary heap; places count from 1, so that a parent is at half of its child's place.
 */
#include "timers.h"

#include "common/base/mem.h"

struct timers timers_make(void)
{
    return (struct timers){0};
}

void timers_done(struct timers *timers)
{
    mem_free(timers->heap);
    *timers = (struct timers){0};
}

static void put(struct timers *timers, size_t place, struct timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

/* Moves a timer from `place` to where its moment belongs. */
static void settle(struct timers *timers, size_t place, struct timer *timer)
{
    while (place > 1 && timers->heap[place / 2 - 1]->due_us > timer->due_us) {
        put(timers, place, timers->heap[place / 2 - 1]);
        place /= 2;
    }
    while (2 * place <= timers->count) {
        size_t child = 2 * place;

        if (child < timers->count && timers->heap[child]->due_us < timers->heap[child - 1]->due_us)
            child++;
        if (timers->heap[child - 1]->due_us >= timer->due_us)
            break;
        put(timers, place, timers->heap[child - 1]);
        place = child;
    }
    put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t due_us)
{
    timer->due_us = due_us;
    if (timer->place != 0) {
        settle(timers, timer->place, timer);
        return;
    }
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : timers->capacity * 2;
        timers->heap = mem_resize(timers->heap, timers->capacity * sizeof(struct timer *));
    }
    settle(timers, ++timers->count, timer);
}

void timers_clear(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;

    if (place == 0)
        return;
    timer->place = 0;
    timers->count--;
    if (place <= timers->count)
        settle(timers, place, timers->heap[timers->count]);
}

struct timer *timers_first(const struct timers *timers)
{
    return timers->count == 0 ? NULL : timers->heap[0];
}
