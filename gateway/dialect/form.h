/*
 * form: a request that came as multipart/form-data, read as the JSON object that its fields stand
 * for, so that one reader (ask.h) knows all requests; and its body for a provider.
 *
 * A field is a member of that name and a string; those that are numbers, flags or JSON by their
 * name are such. Fields of lists (`image[]`) and files are no members. One request, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_FORM_H
#define TOLLGATE_GATEWAY_DIALECT_FORM_H

#include "gateway/dialect/ask.h"
#include "gateway/dialect/multipart.h"

enum { FORM_FIELDS_MAX_BYTES = 512 << 10 }; /* of all fields as JSON; files aside */

struct form {
    struct multipart multipart; /* borrows the body */
    struct span content_type;   /* of the whole, for the provider; in the arena */
    struct span json;           /* in the arena */
};

/* ASK_OK, ASK_MALFORMED or ASK_INVALID. `form_out` is to live as long as what is made of it. */
must_use enum ask_outcome form_read(struct span content_type, struct span body, enum ask_kind kind,
                                    struct arena *arena, struct form *form_out,
                                    struct ask_refusal *refusal_out);

/* The body with the provider's name of the model, and without our own fields: pieces in the arena,
 * the rest borrowed. Returns how many; *bytes_out is their sum. */
must_use uint32_t form_patch(const struct form *form, const struct ask *ask,
                             struct span upstream_model, struct arena *arena,
                             const struct span **pieces_out, size_t *bytes_out);

#endif
