/*
 * rotation: see the header. A table of places by hash, a few neighbours searched for each; a place
 * whose times are past is free for another. Who loses a race for one finds or takes the next: what
 * is lost at worst is that a credential is tried once more than it had to be.
 */
#include "gateway/route/rotation.h"

#include <stdatomic.h>

#include "common/base/map.h"
#include "common/base/mem.h"

enum { PLACES = 4096, NEIGHBOURS = 8, TURNS = 1024 };
_Static_assert((PLACES & (PLACES - 1)) == 0, "a place is found by a mask");

struct place {
    _Atomic uint64_t key; /* 0: never used */
    _Atomic int64_t limited_until_ms, out_until_ms;
    _Atomic int64_t since_ms; /* when it was put aside last */
};

struct rotation {
    struct place places[PLACES];
    /* By deployment: one count of all would fall in step with requests that take turns themselves.
     */
    _Atomic uint64_t turns[TURNS];
    _Atomic bool used; /* else there is nothing to look for */
};

struct rotation *rotation_new(void)
{
    return mem_new(sizeof(struct rotation));
}

void rotation_free(struct rotation *rotation)
{
    mem_free(rotation);
}

/* ---- the table ---- */

/* Of a credential at one deployment, or, where `deployment` is all zero, wherever it is used. */
static uint64_t key_of(const struct snapshot_credential *credential, struct uuid deployment)
{
    const struct {
        struct uuid deployment;
        uint64_t fingerprint;
    } both = {deployment, credential->fingerprint};
    uint64_t key = map_hash(span_make((const char *)&both, sizeof(both)));

    return key == 0 ? 1 : key;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct rotation_state read_place(const struct place *place)
{
    return (struct rotation_state){
        atomic_load_explicit(&place->limited_until_ms, memory_order_relaxed),
        atomic_load_explicit(&place->out_until_ms, memory_order_relaxed)};
}

static struct rotation_state look_up(const struct rotation *rotation, uint64_t key)
{
    for (uint64_t i = 0; i < NEIGHBOURS; i++) {
        const struct place *place = &rotation->places[(key + i) & (PLACES - 1)];
        uint64_t there = atomic_load_explicit(&place->key, memory_order_acquire);

        if (there == key)
            return read_place(place);
        if (there == 0)
            break;
    }
    return (struct rotation_state){0};
}

/* The place of that key, else one that was never used, else the one whose times end first. */
static struct place *find_place(struct rotation *rotation, uint64_t key)
{
    struct place *best = NULL;
    int64_t best_ms = 0;

    for (uint64_t i = 0; i < NEIGHBOURS; i++) {
        struct place *place = &rotation->places[(key + i) & (PLACES - 1)];
        uint64_t there = atomic_load_explicit(&place->key, memory_order_acquire);
        struct rotation_state state = read_place(place);
        int64_t until_ms = later(state.limited_until_ms, state.out_until_ms);

        if (there == key || there == 0)
            return place;
        if (best == NULL || until_ms < best_ms) {
            best = place;
            best_ms = until_ms;
        }
    }
    return best;
}

static void put(struct rotation *rotation, uint64_t key, const struct verdict_out *verdict,
                int64_t now_ms)
{
    struct place *place = find_place(rotation, key);

    if (atomic_load_explicit(&place->key, memory_order_relaxed) != key) {
        atomic_store_explicit(&place->limited_until_ms, 0, memory_order_relaxed);
        atomic_store_explicit(&place->out_until_ms, 0, memory_order_relaxed);
        atomic_store_explicit(&place->key, key, memory_order_release);
    }
    if (verdict->outage_ms > 0)
        atomic_store_explicit(&place->limited_until_ms, now_ms + verdict->outage_ms,
                              memory_order_relaxed);
    if (verdict->cooldown_ms > 0)
        atomic_store_explicit(&place->out_until_ms, now_ms + verdict->cooldown_ms,
                              memory_order_relaxed);
    atomic_store_explicit(&place->since_ms, now_ms, memory_order_relaxed);
    atomic_store_explicit(&rotation->used, true, memory_order_release);
}

/* ---- credentials ---- */

/* What is known of it anywhere and of it there. Without a fingerprint it is no secret at all, and
 * what a provider says is about that deployment. */
static struct rotation_state state_of(const struct rotation *rotation,
                                      const struct snapshot_deployment *deployment,
                                      const struct snapshot_credential *credential)
{
    static const struct uuid anywhere;
    struct rotation_state here = look_up(rotation, key_of(credential, deployment->id)), all;

    if (credential->fingerprint == 0)
        return here;
    all = look_up(rotation, key_of(credential, anywhere));
    return (struct rotation_state){later(here.limited_until_ms, all.limited_until_ms),
                                   later(here.out_until_ms, all.out_until_ms)};
}

static int64_t aside_until_ms(const struct rotation *rotation,
                              const struct snapshot_deployment *deployment,
                              const struct snapshot_credential *credential)
{
    struct rotation_state state = state_of(rotation, deployment, credential);

    return later(state.limited_until_ms, state.out_until_ms);
}

const struct snapshot_credential *rotation_next(struct rotation *rotation,
                                                const struct snapshot_deployment *deployment,
                                                int64_t now_ms)
{
    const struct snapshot_credential *best = NULL;
    uint32_t count = deployment->credential_count;
    int64_t best_ms = 0;
    uint64_t turn;

    if (count <= 1)
        return count == 0 ? NULL : &deployment->credentials[0];
    turn = atomic_fetch_add_explicit(&rotation->turns[deployment->index % TURNS], 1,
                                     memory_order_relaxed);
    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_credential *one = &deployment->credentials[(turn + i) % count];
        int64_t until_ms = atomic_load_explicit(&rotation->used, memory_order_acquire)
                               ? aside_until_ms(rotation, deployment, one)
                               : 0;

        if (until_ms <= now_ms)
            return one;
        if (best == NULL || until_ms < best_ms) {
            best = one;
            best_ms = until_ms;
        }
    }
    return best;
}

static bool another_is_fit(const struct rotation *rotation,
                           const struct snapshot_deployment *deployment,
                           const struct snapshot_credential *credential, int64_t now_ms)
{
    for (uint32_t i = 0; i < deployment->credential_count; i++) {
        const struct snapshot_credential *other = &deployment->credentials[i];

        if (other->fingerprint != credential->fingerprint &&
            aside_until_ms(rotation, deployment, other) <= now_ms)
            return true;
    }
    return false;
}

bool rotation_blame(struct rotation *rotation, const struct snapshot_deployment *deployment,
                    const struct snapshot_credential *credential, const struct verdict_out *verdict,
                    int64_t now_ms)
{
    static const struct uuid anywhere;
    bool here = verdict->blame == BLAME_CREDENTIAL_HERE || credential->fingerprint == 0;

    put(rotation, key_of(credential, here ? deployment->id : anywhere), verdict, now_ms);
    return another_is_fit(rotation, deployment, credential, now_ms);
}

static void clear(struct rotation *rotation, uint64_t key, int64_t begun_ms)
{
    struct place *place = find_place(rotation, key);

    if (atomic_load_explicit(&place->key, memory_order_acquire) != key ||
        begun_ms < atomic_load_explicit(&place->since_ms, memory_order_relaxed))
        return;
    atomic_store_explicit(&place->limited_until_ms, 0, memory_order_relaxed);
    atomic_store_explicit(&place->out_until_ms, 0, memory_order_relaxed);
}

void rotation_served(struct rotation *rotation, const struct snapshot_deployment *deployment,
                     const struct snapshot_credential *credential, int64_t begun_ms)
{
    static const struct uuid anywhere;

    if (!atomic_load_explicit(&rotation->used, memory_order_acquire))
        return;
    clear(rotation, key_of(credential, deployment->id), begun_ms);
    clear(rotation, key_of(credential, anywhere), begun_ms);
}

struct rotation_state rotation_state_of(const struct rotation *rotation,
                                        const struct snapshot_deployment *deployment)
{
    struct rotation_state least = {INT64_MAX, INT64_MAX};

    if (!atomic_load_explicit(&rotation->used, memory_order_acquire) ||
        deployment->credential_count == 0)
        return (struct rotation_state){0};
    for (uint32_t i = 0; i < deployment->credential_count; i++) {
        struct rotation_state one = state_of(rotation, deployment, &deployment->credentials[i]);
        int64_t aside_ms = later(one.limited_until_ms, one.out_until_ms);

        if (aside_ms < least.limited_until_ms)
            least.limited_until_ms = aside_ms;
        if (one.out_until_ms < least.out_until_ms)
            least.out_until_ms = one.out_until_ms;
    }
    return least;
}
