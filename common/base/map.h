/*
 * map: bytes to pointers, by open addressing; keys are borrowed and must outlive the map.
 *
 * Seeded per process against chosen collisions. Built once and then read by many threads, or kept
 * by one thread. Values are not owned.
 */
#ifndef TOLLGATE_COMMON_BASE_MAP_H
#define TOLLGATE_COMMON_BASE_MAP_H

#include "common/base/attr.h"
#include "common/base/span.h"

struct map;

must_use struct map *map_new(size_t expected);
void map_free(struct map *map);

/* Sets or replaces; returns the value that stood there, else NULL. `value` is not NULL. */
void *map_put(struct map *map, struct span key, void *value);
must_use void *map_get(const struct map *map, struct span key);
void *map_remove(struct map *map, struct span key);
must_use size_t map_size(const struct map *map);

/* Walks in no particular order: start with *cursor = 0; false at the end. The map may not change
 * meanwhile. */
must_use bool map_next(const struct map *map, size_t *cursor, struct span *key_out,
                       void **value_out);

/* The seeded 64-bit hash (XXH3) that the map uses. */
must_use uint64_t map_hash(struct span key);

#endif
