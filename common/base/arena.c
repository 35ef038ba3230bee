/*
 * arena: see arena.h.
 */
#include "common/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"

#define ARENA_ALIGN 16u

struct chunk {
    struct chunk *older;
    size_t size, used;
    _Alignas(ARENA_ALIGN) char at[];
};

struct arena {
    struct chunk *newest;  /* owned, linked through older */
    struct chunk *current; /* the one with the most room, or NULL */
    size_t chunk_bytes, max_bytes;
    size_t allocated; /* the sizes of all chunks */
    size_t used;      /* what was handed out */
    size_t kept;      /* of what is left, for sizes that are ours */
};

struct arena *arena_new(size_t chunk_bytes, size_t max_bytes)
{
    struct arena *arena = mem_new(sizeof(*arena));

    must(chunk_bytes > 0 && chunk_bytes <= max_bytes && max_bytes < SIZE_MAX / 2);
    arena->chunk_bytes = chunk_bytes;
    arena->max_bytes = max_bytes;
    return arena;
}

/* Frees all chunks but `keep`, which may be NULL. */
static void free_chunks(struct arena *arena, struct chunk *keep)
{
    struct chunk *chunk = arena->newest;

    while (chunk != NULL) {
        struct chunk *older = chunk->older;
        if (chunk != keep)
            mem_free(chunk);
        chunk = older;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    free_chunks(arena, NULL);
    mem_free(arena);
}

void arena_wipe(struct arena *arena)
{
    for (struct chunk *chunk = arena == NULL ? NULL : arena->newest; chunk != NULL;
         chunk = chunk->older)
        explicit_bzero(chunk->at, chunk->used);
}

static size_t chunk_room(const struct chunk *chunk)
{
    return chunk == NULL ? 0 : chunk->size - chunk->used;
}

static struct chunk *add_chunk(struct arena *arena, size_t at_least)
{
    size_t left = arena->max_bytes - arena->allocated;
    size_t size = at_least > arena->chunk_bytes ? at_least : arena->chunk_bytes;

    must(at_least <= left);
    if (size > left)
        size = left;
    struct chunk *chunk = mem_resize(NULL, sizeof(*chunk) + size);
    chunk->older = arena->newest;
    chunk->size = size;
    chunk->used = 0;
    arena->newest = chunk;
    arena->allocated += size;
    return chunk;
}

void *arena_take(struct arena *arena, size_t size)
{
    struct chunk *chunk = arena->current;

    must(size <= arena->max_bytes);
    if (chunk == NULL || chunk_room(chunk) < size)
        chunk = add_chunk(arena, size);

    char *at = chunk->at + chunk->used;
    size_t rounded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (rounded > chunk_room(chunk))
        rounded = chunk_room(chunk);
    chunk->used += rounded;
    arena->used += rounded;
    if (chunk_room(chunk) >= chunk_room(arena->current))
        arena->current = chunk;
    memset(at, 0, size);
    return at;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    must(size == 0 || count <= SIZE_MAX / size);
    return arena_take(arena, count * size);
}

size_t arena_room(const struct arena *arena)
{
    size_t fresh = arena->max_bytes - arena->allocated;
    size_t here = chunk_room(arena->current);
    size_t most = here > fresh ? here : fresh;

    return most > arena->kept ? most - arena->kept : 0;
}

void arena_keep(struct arena *arena, size_t bytes)
{
    arena->kept = bytes;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

char *arena_strdup(struct arena *arena, const char *s)
{
    struct span copy = arena_span(arena, span_of(s));

    return (char *)(uintptr_t)copy.at;
}

struct span arena_span(struct arena *arena, struct span text)
{
    char *copy = arena_take(arena, text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    return span_make(copy, text.size);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list list, again;

    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    must(size >= 0);
    char *text = arena_take(arena, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

/* The oldest chunk is kept when it has the ordinary size: one large request must not make its
 * pooled arena large for good. */
void arena_reset(struct arena *arena)
{
    struct chunk *keep = arena->newest;

    while (keep != NULL && (keep->older != NULL || keep->size != arena->chunk_bytes))
        keep = keep->older;
    free_chunks(arena, keep);
    arena->newest = arena->current = keep;
    arena->allocated = 0;
    arena->used = 0;
    if (keep != NULL) {
        keep->older = NULL;
        keep->used = 0;
        arena->allocated = keep->size;
    }
}
