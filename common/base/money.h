/*
 * money: whole pico (1e-12 of the currency unit), and nothing that is not whole.
 *
 * int64 per event, __int128 for products and sums in memory, numeric(38,0) in the database. ppm is
 * one millionth. No floating point anywhere. The rules of rounding stand in docs/billing.md.
 */
#ifndef TOLLGATE_COMMON_BASE_MONEY_H
#define TOLLGATE_COMMON_BASE_MONEY_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

typedef __int128 int128;
typedef unsigned __int128 uint128;

#define PICO_PER_UNIT INT64_C(1000000000000)
#define PICO_PER_CENT INT64_C(10000000000)
#define PPM_ONE INT64_C(1000000)
#define MONEY_TEXT_MAX 48

/* numerator / denominator (> 0), rounded to nearest, halves away from zero. */
must_use int128 money_divide_half_up(int128 numerator, int128 denominator);

/* Narrows; 0, or -ERANGE when it does not fit int64. */
must_use int money_narrow(int128 value, int64_t *value_out);

/* Exact decimal text of pico as units: 7004000000 -> "0.007004", -1 -> "-0.000000000001", 0 -> "0".
 * Trailing zeros are dropped. Writes at most MONEY_TEXT_MAX bytes with the NUL; returns the length.
 */
size_t money_format(int128 pico, char text_out[MONEY_TEXT_MAX]);

/* Whole decimal digits of an int128, for numeric(38,0) columns. */
size_t money_format_integer(int128 value, char text_out[MONEY_TEXT_MAX]);

/* Cents as "12.34". */
size_t money_format_minor(int64_t minor, char text_out[MONEY_TEXT_MAX]);

/* Decimal text ("1.25", "-3", "2e-6" is refused) as pico, exact. 0, -EINVAL, -ERANGE; more than 12
 * decimals is -EINVAL unless the excess is zeros. */
must_use int money_parse(struct span text, int64_t *pico_out);

/* A price in USD per 1,000,000 units, as a JSON number's text (exponents allowed), rounded half up
 * to 6 decimals, as whole pico per unit: "0.02" -> 20000. 0, -EINVAL (negative included), -ERANGE.
 */
must_use int money_parse_price_per_million(struct span text, int64_t *pico_per_unit_out);

#endif
