/*
 * decimal: the text of a decimal number as an exact, scaled whole number.
 *
 * What money and the JSON accessors stand on: no floating point in between.
 */
#ifndef TOLLGATE_COMMON_BASE_DECIMAL_H
#define TOLLGATE_COMMON_BASE_DECIMAL_H

#include "common/base/attr.h"
#include "common/base/money.h"
#include "common/base/span.h"

struct decimal {
    bool negative;
    struct span whole;    /* digits before the point, at least one */
    struct span fraction; /* digits behind it, maybe none */
    int64_t exponent;     /* clipped to +-10^15; 0 when there was none */
};

/* [-] digits [. digits] [e [+-] digits]: 0 or -EINVAL. Borrows the text. */
must_use int decimal_parse(struct span text, struct decimal *decimal_out);

enum decimal_rounding {
    DECIMAL_EXACT,   /* a remainder is refused */
    DECIMAL_HALF_UP, /* halves away from zero */
};

/* The number times 10^scale as a whole: 0, -EINVAL for a remainder when exact, -ERANGE past
 * 10^38. */
must_use int decimal_scaled(const struct decimal *decimal, int scale,
                            enum decimal_rounding rounding, int128 *value_out);

#endif
