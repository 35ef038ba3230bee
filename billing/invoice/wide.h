/*
 * wide: a product of two int128 divided by a third without losing what lies between.
 */
#ifndef TOLLGATE_BILLING_INVOICE_WIDE_H
#define TOLLGATE_BILLING_INVOICE_WIDE_H

#include "common/base/attr.h"
#include "common/base/money.h"

/* a * b / c, halves up. a, b >= 0; 0 < c < 2^125; the result must fit. */
must_use int128 wide_multiply_divide(int128 a, int128 b, int128 c);

#endif
