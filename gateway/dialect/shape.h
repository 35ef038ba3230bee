/*
 * shape: the frame that a stream sends over and over, but for one string in it.
 *
 * A frame that was read whole, and in which one string is what it says, is remembered as what
 * stands before and behind that string. Another frame with the same bytes around a string is the
 * same JSON but for that string, so it need not be read again. Exact, not a guess: whatever differs
 * anywhere else, or has an escape or a character beyond ASCII in the string, is read the long way.
 * One stream, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_SHAPE_H
#define TOLLGATE_GATEWAY_DIALECT_SHAPE_H

#include "common/base/attr.h"
#include "common/base/span.h"

/* Larger frames are not worth it. */
enum { SHAPE_MAX_BYTES = 1024 };

struct shape {
    char text[SHAPE_MAX_BYTES]; /* what stands before, then what stands behind */
    size_t before, behind;      /* their sizes; 0 and 0: nothing is known */
    size_t cut_from_end, cut;   /* bytes behind the string that the client does not see */
};

/* Remembers a frame's data with `inside` (without its quotes) as the string that varies, and the
 * part [cut_from, cut_to) of data that is left out (0, 0: none), which stands behind it. Forgets
 * what it knew when this one does not fit. */
void shape_learn(struct shape *shape, struct span data, struct span inside, size_t cut_from,
                 size_t cut_to);

/* Whether a frame's data is of that shape; *inside_out is its string then. */
must_use bool shape_fits(const struct shape *shape, struct span data, struct span *inside_out);

#endif
