/*
 * timer: a binary heap of timers on the monotonic clock, embedded in their owners.
 */
#include "common/base/mem.h"
#include "common/httpd/loop.h"

static void put(struct httpd *httpd, uint32_t slot, struct httpd_timer *timer)
{
    httpd->timers[slot] = timer;
    timer->slot = slot;
}

static void rise(struct httpd *httpd, uint32_t slot)
{
    struct httpd_timer *timer = httpd->timers[slot];

    while (slot > 1 && httpd->timers[slot / 2]->due_ms > timer->due_ms) {
        put(httpd, slot, httpd->timers[slot / 2]);
        slot /= 2;
    }
    put(httpd, slot, timer);
}

static void sink(struct httpd *httpd, uint32_t slot)
{
    struct httpd_timer *timer = httpd->timers[slot];

    for (;;) {
        uint32_t child = slot * 2;

        if (child > httpd->timer_count)
            break;
        if (child < httpd->timer_count &&
            httpd->timers[child + 1]->due_ms < httpd->timers[child]->due_ms)
            child++;
        if (httpd->timers[child]->due_ms >= timer->due_ms)
            break;
        put(httpd, slot, httpd->timers[child]);
        slot = child;
    }
    put(httpd, slot, timer);
}

void httpd_timer_set(struct httpd *httpd, struct httpd_timer *timer, int64_t due_mono_ms)
{
    must(due_mono_ms > 0 && timer->expired != NULL);
    if (timer->due_ms == 0) {
        if (httpd->timer_count + 1 >= httpd->timer_capacity) {
            httpd->timer_capacity = httpd->timer_capacity == 0 ? 64 : httpd->timer_capacity * 2;
            httpd->timers = mem_resize(httpd->timers, httpd->timer_capacity * sizeof(void *));
        }
        timer->due_ms = due_mono_ms;
        put(httpd, ++httpd->timer_count, timer);
        rise(httpd, timer->slot);
        return;
    }
    timer->due_ms = due_mono_ms;
    rise(httpd, timer->slot);
    sink(httpd, timer->slot);
}

void httpd_timer_cancel(struct httpd *httpd, struct httpd_timer *timer)
{
    struct httpd_timer *last;

    if (timer->due_ms == 0)
        return;
    must(httpd->timers[timer->slot] == timer);
    last = httpd->timers[httpd->timer_count--];
    if (last != timer) {
        put(httpd, timer->slot, last);
        rise(httpd, last->slot);
        sink(httpd, last->slot);
    }
    timer->due_ms = 0;
}

int64_t timer_next_ms(const struct httpd *httpd)
{
    return httpd->timer_count == 0 ? INT64_MAX : httpd->timers[1]->due_ms;
}

void timer_run_due(struct httpd *httpd)
{
    int64_t now_ms = httpd_now_ms(httpd);

    /* A timer set again by its own call for now or earlier has to wait for the next turn. */
    for (uint32_t most = httpd->timer_count; most > 0 && timer_next_ms(httpd) <= now_ms; most--) {
        struct httpd_timer *timer = httpd->timers[1];

        httpd_timer_cancel(httpd, timer);
        timer->expired(timer->context);
    }
}
