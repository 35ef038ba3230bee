/*
 * totals: from an invoice's exact sum to what is owed in cents, and what that books.
 *
 * Pure. Usage was booked as it came: a part against promo and prepaid credit, the rest as accrued.
 * A prepaid tenant's other lines are taken from its credit too, so that its invoice is a statement:
 * credits equal the sum of the lines to the pico and nothing is owed. Only a fee that its credit
 * does not suffice for is owed. What is owed is rounded once.
 */
#ifndef TOLLGATE_BILLING_INVOICE_TOTALS_H
#define TOLLGATE_BILLING_INVOICE_TOTALS_H

#include "common/base/attr.h"
#include "common/base/money.h"

struct totals_basis {
    int128 total_pico;      /* of all lines */
    int128 charge_pico;     /* of the events among them */
    int128 paid_pico;       /* of those, taken from promo and prepaid credit as they came */
    int128 accrued_pico;    /* the rest of them; paid + accrued = charge */
    int128 promo_pico;      /* promo credit left */
    int128 free_pico;       /* promo and prepaid credit that no lease holds */
    int64_t subtotal_minor; /* the total in cents, as the lines add up to */
    int32_t tax_ppm;
    bool prepaid; /* what closing adds is taken from credit, where that suffices */
};

struct totals {
    int64_t subtotal_minor, tax_minor, credits_minor, total_minor; /* total = sub + tax - credits */
    int128 credits_pico;                                           /* all that credit paid */
    int128 rounding_pico;                      /* cents owed - exact amount; within half a cent */
    int128 burn_promo_pico, burn_prepaid_pico; /* taken from credit now; below 0: given back */
};

/* 0, or -EINVAL when paid + accrued is not the charge. */
must_use int totals_make(const struct totals_basis *basis, struct totals *totals_out);

#endif
