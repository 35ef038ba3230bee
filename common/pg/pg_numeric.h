/*
 * pg_numeric: int128 to and from the binary form of numeric: groups of four decimal digits (see
 * numeric_send in PostgreSQL's utils/adt/numeric.c).
 */
#ifndef TOLLGATE_COMMON_PG_PG_NUMERIC_H
#define TOLLGATE_COMMON_PG_PG_NUMERIC_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/money.h"
#include "common/base/span.h"

#define PG_NUMERIC_MAX 28 /* 8 bytes of head and 10 groups: 39 digits */

/* Returns the bytes written. */
size_t pg_numeric_encode(int128 value, uint8_t at[PG_NUMERIC_MAX]);
/* 0, -EINVAL (damaged, NaN, infinite, or with decimals), -ERANGE. */
must_use int pg_numeric_decode(struct span bytes, int128 *value_out);

#endif
