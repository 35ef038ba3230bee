/*
 * multipart: a multipart/form-data body, read once into spans.
 *
 * Follows RFC 7578 and RFC 2046, section 5.1, and is stricter than both: what two readers could
 * take for different parts is refused, because the provider reads the same bytes behind us. So
 * every appearance of the delimiter has to be one, lines end in CRLF, nothing stands before the
 * first part or behind the last, and a part's content is what it is (no transfer encodings). Pure:
 * nothing is decoded or copied. One thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_MULTIPART_H
#define TOLLGATE_GATEWAY_DIALECT_MULTIPART_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum {
    MULTIPART_PARTS_MAX = 128,   /* OpenAI takes 16 images and about 20 fields */
    MULTIPART_HEAD_MAX = 4096,   /* bytes of one part's head */
    MULTIPART_NAME_MAX = 256,    /* bytes of a field's name */
    MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
    MULTIPART_TYPE_MAX = 256     /* bytes of the Content-Type that names the boundary */
};

/* All spans are of the body. */
struct multipart_part {
    struct span name;     /* between its quotes */
    struct span filename; /* likewise, as it stands; at == NULL: a field, no file */
    struct span type;     /* Content-Type; may be empty */
    struct span content;
    size_t from, to; /* of the whole part: from its delimiter to the next one */
};

struct multipart {
    struct span body;
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    uint32_t count;
};

enum multipart_outcome {
    MULTIPART_OK,
    MULTIPART_NO_BOUNDARY, /* the Content-Type is no multipart/form-data, or names none */
    MULTIPART_NOT_BEGUN,   /* the body does not begin with the delimiter */
    MULTIPART_CUT,         /* no end delimiter */
    MULTIPART_AMBIGUOUS,   /* the delimiter where none can be, or something behind the end */
    MULTIPART_BAD_HEAD,    /* a head that cannot be read, or in two ways */
    MULTIPART_HEAD_TOO_LARGE,
    MULTIPART_TOO_MANY,
    MULTIPART_OUTCOMES
};

/* Whether a Content-Type is this one, whatever its parameters. */
must_use bool multipart_is(struct span content_type);

/* Reads the whole body. *multipart_out is filled on MULTIPART_OK; `at_out` (may be NULL) is the
 * offset of what was wrong otherwise. */
must_use enum multipart_outcome multipart_read(struct span content_type, struct span body,
                                               struct multipart *multipart_out, size_t *at_out);
/* "has no boundary", …: for a message that goes on with "at byte N". */
must_use const char *multipart_outcome_text(enum multipart_outcome outcome);

/* The only part of that name, or NULL: none, or (*twice_out, which may be NULL) several. */
must_use const struct multipart_part *multipart_find(const struct multipart *multipart,
                                                     const char *name, bool *twice_out);

/* The body with a few parts changed, every other byte as it was. */
struct multipart_edit {
    const struct multipart_part *part;
    struct span content; /* what its content becomes; borrowed */
    bool cut;            /* or the part is left out */
};

/* Edits stand in the order of their parts, one for each. `pieces_out` has room for 2 × edits + 1;
 * returns how many, *size_out is their sum. */
must_use uint32_t multipart_pieces(const struct multipart *multipart,
                                   const struct multipart_edit *edits, uint32_t edit_count,
                                   struct span *pieces_out, size_t *size_out);

#endif
