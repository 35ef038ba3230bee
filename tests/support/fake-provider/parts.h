/*
 * parts: the fields of a multipart/form-data body (RFC 7578), and of a form. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_PARTS_H
#define TOLLGATE_FAKE_PROVIDER_PARTS_H

#include "common/base/arena.h"
#include "http.h"

/* The content of the first part with that name, and how many there are (names may end in "[]").
 * The empty span when there is none, or when the body is no multipart one. */
must_use struct span parts_find(const struct http_request *request, const char *name,
                                size_t *count_out);

/* The value of a field of an application/x-www-form-urlencoded body, decoded into the arena. */
must_use struct span form_find(struct span body, const char *name, struct arena *arena);

#endif
