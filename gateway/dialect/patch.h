/*
 * patch: a JSON text changed in a few places, every other byte as it was.
 *
 * Edits are spans of a document's text; the result is a list of pieces of the old text and of what
 * was put in, so nothing large is copied. Pure; one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_PATCH_H
#define TOLLGATE_GATEWAY_DIALECT_PATCH_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "common/base/span.h"

enum { PATCH_EDITS_MAX = 128, PATCH_PIECES_MAX = 2 * PATCH_EDITS_MAX + 1 };

struct patch_edit {
    size_t from, to;  /* this part of the text … */
    struct span with; /* … becomes this; borrowed until the pieces are no longer used */
};

struct patch {
    const struct json_doc *doc; /* borrowed */
    struct patch_edit edits[PATCH_EDITS_MAX];
    uint32_t count;
};

/* No edits yet. */
void patch_begin(struct patch *patch, const struct json_doc *doc);

/* A value becomes other JSON text. */
void patch_replace(struct patch *patch, uint32_t node, struct span with);

/* The same, with what is written in the arena. */
void patch_replace_int64(struct patch *patch, uint32_t node, int64_t value, struct arena *arena);
void patch_replace_text(struct patch *patch, uint32_t node, struct span text, struct arena *arena);

/* Cuts those members of an object for which `cut(context, name node)` says so (may be NULL), with
 * the comma that belongs to each, and puts `members` ("a":1,"b":2; may be empty) in front of the
 * rest. An object is to be given once; edits may not overlap. False when there are too many. */
must_use bool patch_object(struct patch *patch, uint32_t object,
                           bool (*cut)(const void *context, uint32_t name), const void *context,
                           struct span members);

/* The result, in order: pieces_out has room for PATCH_PIECES_MAX; *size_out is their sum. Returns
 * how many. Sorts the edits. */
must_use uint32_t patch_pieces(struct patch *patch, struct span *pieces_out, size_t *size_out);

#endif
