/*
 * map: see map.h. Linear probing, at most three quarters full, removal by shifting back.
 */
#include "common/base/map.h"

#include <pthread.h>
#include <stdint.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/base/digest.h"
#include "common/base/mem.h"

struct slot {
    struct span key;
    uint64_t hash;
    void *value; /* NULL: the slot is free */
};

struct map {
    struct slot *slots;
    size_t mask; /* number of slots - 1, a power of two less one */
    size_t size;
};

static uint64_t seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void draw_seed(void)
{
    digest_random(&seed, sizeof(seed));
}

uint64_t map_hash(struct span key)
{
    pthread_once(&seed_once, draw_seed);
    return XXH3_64bits_withSeed(key.at, key.size, seed);
}

struct map *map_new(size_t expected)
{
    struct map *map = mem_new(sizeof(*map));
    size_t slots = 8;

    must(expected < SIZE_MAX / 64);
    while (slots / 4 * 3 < expected)
        slots *= 2;
    map->mask = slots - 1;
    map->slots = mem_array(slots, sizeof(*map->slots));
    return map;
}

void map_free(struct map *map)
{
    if (map == NULL)
        return;
    mem_free(map->slots);
    mem_free(map);
}

/* The slot that holds the key, or the free one where it would stand. */
static struct slot *find(const struct map *map, struct span key, uint64_t hash)
{
    size_t at = hash & map->mask;

    while (map->slots[at].value != NULL &&
           !(map->slots[at].hash == hash && span_equal(map->slots[at].key, key)))
        at = (at + 1) & map->mask;
    return &map->slots[at];
}

static void grow(struct map *map)
{
    struct slot *old = map->slots;
    size_t old_count = map->mask + 1;

    map->mask = old_count * 2 - 1;
    map->slots = mem_array(old_count * 2, sizeof(*map->slots));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].value != NULL)
            *find(map, old[i].key, old[i].hash) = old[i];
    }
    mem_free(old);
}

void *map_put(struct map *map, struct span key, void *value)
{
    uint64_t hash = map_hash(key);
    struct slot *slot = find(map, key, hash);
    void *before = slot->value;

    must(value != NULL);
    if (before == NULL && map->size >= (map->mask + 1) / 4 * 3) {
        grow(map);
        slot = find(map, key, hash);
    }
    map->size += before == NULL;
    *slot = (struct slot){.key = key, .hash = hash, .value = value};
    return before;
}

void *map_get(const struct map *map, struct span key)
{
    return find(map, key, map_hash(key))->value;
}

void *map_remove(struct map *map, struct span key)
{
    struct slot *slot = find(map, key, map_hash(key));
    void *value = slot->value;

    if (value == NULL)
        return NULL;
    size_t hole = (size_t)(slot - map->slots);
    for (size_t at = (hole + 1) & map->mask; map->slots[at].value != NULL;
         at = (at + 1) & map->mask) {
        size_t home = map->slots[at].hash & map->mask;
        /* It may move into the hole unless its home lies behind the hole. */
        if (((at - home) & map->mask) >= ((at - hole) & map->mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct slot){.value = NULL};
    map->size--;
    return value;
}

size_t map_size(const struct map *map)
{
    return map->size;
}

bool map_next(const struct map *map, size_t *cursor, struct span *key_out, void **value_out)
{
    while (*cursor <= map->mask) {
        const struct slot *slot = &map->slots[(*cursor)++];
        if (slot->value != NULL) {
            *key_out = slot->key;
            *value_out = slot->value;
            return true;
        }
    }
    return false;
}
