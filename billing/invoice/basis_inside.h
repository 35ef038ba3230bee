/*
 * basis_inside: what basis.c and basis_plans.c share.
 */
#ifndef TOLLGATE_BILLING_INVOICE_BASIS_INSIDE_H
#define TOLLGATE_BILLING_INVOICE_BASIS_INSIDE_H

#include "billing/invoice/basis.h"

/* Names the sums' plans, and fills in the fees and the terms of the plan at the period's end. 0 or
 * -EIO. */
must_use int basis_plans(struct pg *pg, const struct open_period *period, int64_t until_ms,
                         struct arena *arena, struct usage_sum *sums, struct invoice_basis *basis);

#endif
