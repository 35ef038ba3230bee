/*
 * arena: memory that is freed all at once, with the request or the snapshot that owns it.
 *
 * Grows by chunks and has a hard maximum; one owner, one thread (a finished arena may be shared
 * read-only). Not for things that are freed one by one.
 */
#ifndef TOLLGATE_COMMON_BASE_ARENA_H
#define TOLLGATE_COMMON_BASE_ARENA_H

#include "common/base/attr.h"
#include "common/base/span.h"

struct arena;

/* An empty arena that takes chunks of `chunk_bytes` and never more than `max_bytes` in all. */
must_use struct arena *arena_new(size_t chunk_bytes, size_t max_bytes);
void arena_free(struct arena *arena);
/* Overwrites all that was taken: before arena_free() where secrets stand in it. NULL is allowed. */
void arena_wipe(struct arena *arena);

/* Zeroed memory, aligned for every type. Ends the process past the maximum: callers bound what
 * comes from outside, see arena_room(). */
must_use void *arena_take(struct arena *arena, size_t size);
must_use void *arena_array(struct arena *arena, size_t count, size_t size);

/* Bytes still to be had in one piece, but for what is kept: what a size from outside is measured
 * against. */
must_use size_t arena_room(const struct arena *arena);
/* From now on arena_room() tells `bytes` less, so that what came from outside leaves that much for
 * what our own code bounds. Nothing else looks at it. */
void arena_keep(struct arena *arena, size_t bytes);
must_use size_t arena_used(const struct arena *arena);

/* Copies with a NUL behind them. */
must_use char *arena_strdup(struct arena *arena, const char *s);
must_use struct span arena_span(struct arena *arena, struct span text);
must_use char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);

/* Gives everything back but one chunk, so that a pooled request allocates nothing. */
void arena_reset(struct arena *arena);

#endif
