/*
 * versions: the memory. What fills it from the database is versions_fetch.c.
 */
#include "billing/consume/versions.h"

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/mem.h"

enum { CHUNK_BYTES = 256 << 10, WANTED_MAX = 65536 };
#define ARENA_BYTES (INT64_C(512) << 20)
#define FULL_BYTES (INT64_C(384) << 20) /* from here on everything is forgotten and read anew */

struct subscriptions {
    struct uuid tenant;
    uint32_t count;
    struct subscription at[];
};

struct wanted {
    struct uuid *ids;
    size_t count, capacity;
    struct map *seen;
};

struct versions {
    struct arena *arena;
    struct map *kept[VERSIONS_KINDS];
    struct wanted wanted[VERSIONS_KINDS];
    int64_t born_ms;
};

struct versions *versions_new(void)
{
    struct versions *versions = mem_new(sizeof(*versions));
    versions->arena = arena_new(CHUNK_BYTES, (size_t)ARENA_BYTES);
    for (int kind = 0; kind < VERSIONS_KINDS; kind++) {
        versions->kept[kind] = map_new(1024);
        versions->wanted[kind].seen = map_new(64);
        /* Fixed in place: the map's keys point into it. */
        versions->wanted[kind].ids = mem_array(WANTED_MAX, sizeof(struct uuid));
        versions->wanted[kind].capacity = WANTED_MAX;
    }
    return versions;
}

void versions_free(struct versions *versions)
{
    if (versions == NULL)
        return;
    for (int kind = 0; kind < VERSIONS_KINDS; kind++) {
        map_free(versions->kept[kind]);
        map_free(versions->wanted[kind].seen);
        mem_free(versions->wanted[kind].ids);
    }
    arena_free(versions->arena);
    mem_free(versions);
}

static void want(struct versions *versions, enum versions_kind kind, struct uuid id)
{
    struct wanted *wanted = &versions->wanted[kind];
    if (wanted->count == wanted->capacity || map_get(wanted->seen, uuid_span(&id)) != NULL)
        return;
    wanted->ids[wanted->count] = id;
    (void)map_put(wanted->seen, uuid_span(&wanted->ids[wanted->count]), wanted);
    wanted->count++;
}

static void *get(struct versions *versions, enum versions_kind kind, struct uuid id)
{
    void *found = map_get(versions->kept[kind], uuid_span(&id));
    if (found == NULL)
        want(versions, kind, id);
    return found;
}

const struct price_version *versions_price(struct versions *versions, struct uuid id)
{
    return get(versions, VERSIONS_PRICES, id);
}

const struct plan_terms *versions_plan(struct versions *versions, struct uuid id)
{
    return get(versions, VERSIONS_PLANS, id);
}

bool versions_subscribed(struct versions *versions, struct uuid tenant, struct uuid plan,
                         int64_t at_ms, int64_t slack_ms)
{
    const struct subscriptions *all = get(versions, VERSIONS_TENANTS, tenant);
    if (all == NULL)
        return false;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct subscription *s = &all->at[i];
        bool begun = s->from_ms <= INT64_MIN + slack_ms || s->from_ms - slack_ms <= at_ms;
        bool lasts = s->until_ms >= INT64_MAX - slack_ms || s->until_ms + slack_ms > at_ms;
        if (uuid_equal(s->plan, plan) && begun && lasts)
            return true;
    }
    want(versions, VERSIONS_TENANTS, tenant);
    return false;
}

struct rate_terms versions_terms(const struct plan_terms *plan, struct span provider)
{
    struct rate_terms terms = {.discount_ppm = plan->version.discount_ppm,
                               .markup_ppm = plan->version.markup_ppm,
                               .fixed_pico = plan->version.fixed_pico};
    for (uint32_t i = 0; i < plan->discount_count; i++)
        if (span_equal(plan->discounts[i].provider, provider))
            terms.discount_ppm = plan->discounts[i].discount_ppm;
    return terms;
}

bool versions_missing(const struct versions *versions)
{
    for (int kind = 0; kind < VERSIONS_KINDS; kind++)
        if (versions->wanted[kind].count > 0)
            return true;
    return false;
}

struct versions_wanted versions_wanted(const struct versions *versions, enum versions_kind kind)
{
    return (struct versions_wanted){versions->wanted[kind].ids, versions->wanted[kind].count};
}

void versions_unwant(struct versions *versions)
{
    for (int kind = 0; kind < VERSIONS_KINDS; kind++) {
        struct wanted *wanted = &versions->wanted[kind];
        if (wanted->count == 0)
            continue;
        wanted->count = 0;
        map_free(wanted->seen);
        wanted->seen = map_new(64);
    }
}

void versions_age(struct versions *versions, int64_t now_ms, int64_t max_age_ms)
{
    if (versions->born_ms != 0 && now_ms - versions->born_ms <= max_age_ms &&
        arena_used(versions->arena) <= (size_t)FULL_BYTES)
        return;
    for (int kind = 0; kind < VERSIONS_KINDS; kind++) {
        map_free(versions->kept[kind]);
        versions->kept[kind] = map_new(1024);
    }
    arena_reset(versions->arena);
    versions->born_ms = now_ms;
}

void versions_put_price(struct versions *versions, const struct price_version *price)
{
    struct price_version *kept = arena_take(versions->arena, sizeof(*kept));
    struct price_rate *rates = arena_array(versions->arena, price->rate_count, sizeof(*rates));
    *kept = *price;
    if (price->rate_count > 0)
        memcpy(rates, price->rates, price->rate_count * sizeof(*rates));
    kept->rates = rates;
    (void)map_put(versions->kept[VERSIONS_PRICES], uuid_span(&kept->id), kept);
}

void versions_put_plan(struct versions *versions, const struct plan_terms *plan)
{
    struct plan_terms *kept = arena_take(versions->arena, sizeof(*kept));
    struct provider_discount *discounts =
        arena_array(versions->arena, plan->discount_count, sizeof(*discounts));
    *kept = *plan;
    kept->version.plan = arena_span(versions->arena, plan->version.plan);
    for (uint32_t i = 0; i < plan->discount_count; i++)
        discounts[i] =
            (struct provider_discount){arena_span(versions->arena, plan->discounts[i].provider),
                                       plan->discounts[i].discount_ppm};
    kept->discounts = discounts;
    (void)map_put(versions->kept[VERSIONS_PLANS], uuid_span(&kept->version.id), kept);
}

void versions_put_subscriptions(struct versions *versions, struct uuid tenant,
                                const struct subscription *subscriptions, uint32_t count)
{
    struct subscriptions *kept =
        arena_take(versions->arena, sizeof(*kept) + count * sizeof(kept->at[0]));
    kept->tenant = tenant;
    kept->count = count;
    memcpy(kept->at, subscriptions, count * sizeof(kept->at[0]));
    (void)map_put(versions->kept[VERSIONS_TENANTS], uuid_span(&kept->tenant), kept);
}
