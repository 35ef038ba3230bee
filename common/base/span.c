/*
 * span: see span.h.
 */
#include "common/base/span.h"

#include <errno.h>
#include <strings.h>

#include "common/base/mem.h"

bool span_is_nocase(struct span a, const char *s)
{
    size_t size = strlen(s);

    /* strncasecmp follows the locale; no program of ours leaves the C locale. */
    return a.size == size && (size == 0 || strncasecmp(a.at, s, size) == 0);
}

bool span_starts(struct span a, const char *prefix)
{
    size_t size = strlen(prefix);

    return a.size >= size && (size == 0 || memcmp(a.at, prefix, size) == 0);
}

bool span_ends(struct span a, const char *suffix)
{
    size_t size = strlen(suffix);

    return a.size >= size && (size == 0 || memcmp(a.at + a.size - size, suffix, size) == 0);
}

struct span span_part(struct span a, size_t from, size_t size)
{
    if (a.at == NULL)
        return a;
    if (from > a.size)
        from = a.size;
    if (size > a.size - from)
        size = a.size - from;
    return span_make(a.at + from, size);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct span span_trim(struct span a)
{
    while (a.size > 0 && is_blank(a.at[a.size - 1]))
        a.size--;
    while (a.size > 0 && is_blank(a.at[0])) {
        a.at++;
        a.size--;
    }
    return a;
}

struct span span_cut(struct span *rest, char separator)
{
    struct span whole = *rest;
    ptrdiff_t at = span_index(whole, separator);

    if (at < 0) {
        *rest = span_make(NULL, 0);
        return whole;
    }
    size_t before = (size_t)at;
    *rest = span_make(whole.at + before + 1, whole.size - before - 1);
    return span_make(whole.at, before);
}

ptrdiff_t span_index(struct span a, char byte)
{
    if (a.size == 0)
        return -1;
    const char *found = memchr(a.at, byte, a.size);
    return found == NULL ? -1 : found - a.at;
}

int span_int64(struct span a, int64_t *value_out)
{
    bool negative = a.size > 0 && a.at[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    bool too_large = false;

    if (a.size == (negative ? 1u : 0u))
        return -EINVAL;
    for (size_t i = negative; i < a.size; i++) {
        if (a.at[i] < '0' || a.at[i] > '9')
            return -EINVAL;
        uint64_t digit = (uint64_t)(a.at[i] - '0');
        if (value > (limit - digit) / 10)
            too_large = true;
        else
            value = value * 10 + digit;
    }
    if (too_large)
        return -ERANGE;
    *value_out = (int64_t)(negative ? 0 - value : value);
    return 0;
}

char *span_dup(struct span a)
{
    return mem_dup(a.at, a.size);
}
