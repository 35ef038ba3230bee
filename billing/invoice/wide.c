/*
 * wide: see wide.h. Long multiplication bit by bit, reduced by the divisor at each step: slow and
 * plain, for a figure or two an invoice.
 */
#include "billing/invoice/wide.h"

#include "common/base/mem.h"

enum { BITS = 127 };

int128 wide_multiply_divide(int128 a, int128 b, int128 c)
{
    uint128 quotient = 0, rest = 0, divisor = (uint128)c;
    uint128 whole, part;
    must(a >= 0 && b >= 0 && c > 0 && divisor >> 125 == 0);
    whole = (uint128)a / divisor;
    part = (uint128)a % divisor;
    for (int bit = BITS - 1; bit >= 0; bit--) {
        quotient = quotient * 2;
        rest = rest * 2;
        if (((uint128)b >> bit & 1) != 0) {
            quotient += whole;
            rest += part;
        }
        quotient += rest / divisor;
        rest %= divisor;
    }
    return (int128)(quotient + (rest * 2 >= divisor ? 1 : 0));
}
