/*
 * probe: see the header.
 */
#include "gateway/probe/probe.h"

enum probe_say probe_decide(const struct probe_facts *facts)
{
    bool kept_away = facts->out || facts->breaker != BREAKER_CLOSED;

    if (facts->interval_ms <= 0 || !facts->callable || facts->draining)
        return PROBE_OFF;
    if (facts->now_ms < facts->due_ms || facts->breaker == BREAKER_OPEN)
        return PROBE_EARLY;
    if (!kept_away && facts->sent_ms > 0 && facts->now_ms - facts->sent_ms < facts->interval_ms)
        return PROBE_TRAFFIC;
    return facts->spent_pico >= facts->cap_pico ? PROBE_CAPPED : PROBE_NOW;
}

int64_t probe_wait_ms(int64_t interval_ms, uint64_t random)
{
    int64_t tenth = interval_ms / 10;

    return interval_ms - tenth + (int64_t)(random % (uint64_t)(2 * tenth + 1));
}

int64_t probe_first_ms(int64_t interval_ms, uint64_t random)
{
    return (int64_t)(random % (uint64_t)(interval_ms > 0 ? interval_ms : 1));
}
