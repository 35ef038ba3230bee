/*
 * clock: see the header. A binary heap; chance is splitmix64.
 */
#include "tests/support/route-simulator/clock.h"

#include <math.h>

#include "common/base/mem.h"

struct clock clock_make(uint32_t max)
{
    return (struct clock){.heap = mem_array(max, sizeof(struct event)), .max = max};
}

void clock_done(struct clock *clock)
{
    mem_free(clock->heap);
}

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && a->order < b->order);
}

void clock_put(struct clock *clock, const struct event *put)
{
    struct event event = *put;
    uint32_t at = clock->count++;

    must(at < clock->max);
    event.order = clock->put++;
    for (; at > 0 && sooner(&event, &clock->heap[(at - 1) / 2]); at = (at - 1) / 2)
        clock->heap[at] = clock->heap[(at - 1) / 2];
    clock->heap[at] = event;
}

bool clock_take(struct clock *clock, struct event *event_out)
{
    struct event last;
    uint32_t at = 0;

    if (clock->count == 0)
        return false;
    *event_out = clock->heap[0];
    last = clock->heap[--clock->count];
    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= clock->count)
            break;
        if (child + 1 < clock->count && sooner(&clock->heap[child + 1], &clock->heap[child]))
            child++;
        if (!sooner(&clock->heap[child], &last))
            break;
        clock->heap[at] = clock->heap[child];
        at = child;
    }
    clock->heap[at] = last;
    return true;
}

int64_t clock_soonest_us(const struct clock *clock)
{
    return clock->count == 0 ? INT64_MAX : clock->heap[0].at_us;
}

struct chance chance_make(uint64_t seed, uint64_t of)
{
    struct chance chance = {seed * UINT64_C(0xd1342543de82ef95) + of};

    chance.state = chance_bits(&chance);
    return chance;
}

uint64_t chance_bits(struct chance *chance)
{
    uint64_t x = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

double chance_share(struct chance *chance)
{
    return ((double)(chance_bits(chance) >> 11) + 0.5) * 0x1p-53;
}

/* By Box and Muller; the second normal number is thrown away. */
double chance_log_normal(struct chance *chance, double median, double sigma)
{
    double far = sqrt(-2 * log(chance_share(chance)));

    return median * exp(sigma * far * cos(6.283185307179586 * chance_share(chance)));
}
