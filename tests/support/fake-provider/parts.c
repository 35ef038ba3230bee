/*
 * parts: see the header.
 */
#include "parts.h"

#define BOUNDARY_BYTES_MAX 72

/* "--" and the boundary; empty when the body is no multipart one. */
static struct span delimiter_of(const struct http_request *request,
                                char text[BOUNDARY_BYTES_MAX + 3])
{
    struct span type = http_header(request, "content-type"), boundary;
    const char *at = type.size == 0 ? NULL : memmem(type.at, type.size, "boundary=", 9);

    if (at == NULL || !span_starts(type, "multipart/form-data"))
        return span_make(NULL, 0);
    boundary = span_part(type, (size_t)(at - type.at) + 9, type.size);
    boundary = span_trim(span_cut(&boundary, ';'));
    if (boundary.size > 2 && boundary.at[0] == '"')
        boundary = span_part(boundary, 1, boundary.size - 2);
    if (boundary.size == 0 || boundary.size > BOUNDARY_BYTES_MAX)
        return span_make(NULL, 0);
    memcpy(text, "--", 2);
    memcpy(text + 2, boundary.at, boundary.size);
    return span_make(text, boundary.size + 2);
}

/* Whether a part's head names it so: name="x" or name="x[]". */
static bool is_named(struct span head, const char *name)
{
    struct span rest = head;
    size_t size = strlen(name);

    while (rest.size > 0) {
        const char *at = memmem(rest.at, rest.size, " name=\"", 7);

        if (at == NULL)
            return false;
        rest = span_part(rest, (size_t)(at - rest.at) + 7, rest.size);
        if (span_starts(rest, name)) {
            struct span behind = span_part(rest, size, rest.size);

            if (span_starts(behind, "\"") || span_starts(behind, "[]\""))
                return true;
        }
    }
    return false;
}

struct span parts_find(const struct http_request *request, const char *name, size_t *count_out)
{
    char text[BOUNDARY_BYTES_MAX + 3];
    struct span delimiter = delimiter_of(request, text), rest = request->body, found = {0};

    *count_out = 0;
    if (delimiter.size == 0)
        return found;
    for (;;) {
        const char *at = memmem(rest.at, rest.size, delimiter.at, delimiter.size), *end, *next;
        struct span part;

        if (at == NULL)
            return found;
        rest = span_part(rest, (size_t)(at - rest.at) + delimiter.size, rest.size);
        end = memmem(rest.at, rest.size, "\r\n\r\n", 4);
        next = memmem(rest.at, rest.size, delimiter.at, delimiter.size);
        if (end == NULL || next == NULL || next < end + 6)
            return found;
        part = span_make(end + 4, (size_t)(next - end) - 6); /* without the line's end */
        if (is_named(span_make(rest.at, (size_t)(end - rest.at)), name) && (*count_out)++ == 0)
            found = part;
    }
}

struct span form_find(struct span body, const char *name, struct arena *arena)
{
    while (body.size > 0) {
        struct span value = span_cut(&body, '&'), key = span_cut(&value, '=');

        if (span_is(key, name))
            return http_decode(value, true, arena_take(arena, value.size + 1));
    }
    return span_make(NULL, 0);
}
