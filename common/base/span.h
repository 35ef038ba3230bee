/*
 * span: a borrowed run of bytes, the way text travels without being copied.
 *
 * A span owns nothing and lives as long as what it points into. It is not NUL-terminated.
 */
#ifndef TOLLGATE_COMMON_BASE_SPAN_H
#define TOLLGATE_COMMON_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/attr.h"

struct span {
    const char *at;
    size_t size;
};

static inline struct span span_make(const char *at, size_t size)
{
    return (struct span){at, size};
}

/* A span over a C string without its NUL; NULL gives the empty span. */
static inline struct span span_of(const char *s)
{
    return (struct span){s, s == NULL ? 0 : strlen(s)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
    return span_equal(a, span_of(s));
}

/* ASCII letters compare alike in both cases. */
must_use bool span_is_nocase(struct span a, const char *s);
must_use bool span_starts(struct span a, const char *prefix);
must_use bool span_ends(struct span a, const char *suffix);

/* The part from `from`, at most `size` bytes; clipped to what is there. */
must_use struct span span_part(struct span a, size_t from, size_t size);

/* Without leading and trailing blanks and tabs. */
must_use struct span span_trim(struct span a);

/* Cuts at the first `separator`: returns what stands before it and moves *rest behind it.
 * Without a separator the whole is returned and *rest is left empty with at == NULL. */
must_use struct span span_cut(struct span *rest, char separator);

/* Index of the byte, or -1. */
must_use ptrdiff_t span_index(struct span a, char byte);

/* A decimal int64 with optional minus, digits only, no blanks. 0, or -EINVAL, -ERANGE. */
must_use int span_int64(struct span a, int64_t *value_out);

/* A NUL-terminated copy; the caller owns it. */
must_use char *span_dup(struct span a);

/* For printf's "%.*s". */
#define SPAN_ARG(a) (int)(a).size, (a).at

#endif
