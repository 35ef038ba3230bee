/*
 * lease: see lease.h.
 */
#include "gateway/admit/lease.h"

#include "common/base/mem.h"

enum { MINUTE_MS = 60000 };

int64_t lease_available(const struct lease *lease, int64_t now_ms)
{
    if ((lease->state != LEASE_OPEN && lease->state != LEASE_LOOSE) ||
        now_ms >= lease->expires_ms) {
        return 0;
    }
    return lease->granted_pico - lease->returned_pico - lease->reserved_pico - lease->spent_pico;
}

void lease_reserve(struct lease *lease, int64_t pico)
{
    lease->reserved_pico += pico;
    lease->reservations++;
}

void lease_settle(struct lease *lease, int64_t reserved_pico, int64_t charge_pico, uint32_t events,
                  int64_t now_ms)
{
    must(lease->reservations > 0 && lease->reserved_pico >= reserved_pico);
    lease->reservations--;
    lease->reserved_pico -= reserved_pico;
    lease->spent_pico += charge_pico < reserved_pico ? charge_pico : reserved_pico;
    lease->events += events;
    if (lease->reservations == 0) {
        lease->idle_since_ms = now_ms;
    }
}

int64_t lease_give_back(struct lease *lease, int64_t now_ms)
{
    int64_t part = lease->state == LEASE_OPEN ? lease_available(lease, now_ms) : 0;

    if (part <= 0) {
        return 0;
    }
    lease->returned_pico += part;
    return lease->returned_pico;
}

struct lease *scope_lease_for(const struct scope *scope, int64_t pico, int64_t now_ms)
{
    list_each(&scope->leases, link)
    {
        struct lease *lease = list_item(link, struct lease, link);

        if (lease_available(lease, now_ms) >= pico) {
            return lease;
        }
    }
    return NULL;
}

static void turn_minute(struct scope *scope, int64_t now_ms)
{
    int64_t passed = now_ms - scope->minute_start_ms;

    if (passed >= MINUTE_MS) {
        scope->spent_before_pico = passed < 2 * MINUTE_MS ? scope->spent_now_pico : 0;
        scope->spent_now_pico = 0;
        scope->minute_start_ms = now_ms;
    }
}

void scope_note_spent(struct scope *scope, int64_t pico, int64_t now_ms)
{
    turn_minute(scope, now_ms);
    scope->spent_now_pico += pico;
}

int64_t scope_recent_pico(const struct scope *scope, int64_t now_ms)
{
    int64_t passed = now_ms - scope->minute_start_ms;

    if (passed >= 2 * MINUTE_MS) {
        return 0;
    }
    return passed >= MINUTE_MS ? scope->spent_now_pico
                               : scope->spent_before_pico + scope->spent_now_pico;
}
