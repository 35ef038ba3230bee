/*
 * period: months by the anchor day, and the fees that fall due in a period.
 *
 * Pure; all in UTC. A monthly fee is due in advance when a month begins: the invoice of [start,
 * until) holds the fee of each month that begins in (start, until]. The fee of the month in which a
 * tenant begins is not a close's matter: it is due when the subscription is made. A plan changed
 * within a period gives back what is left of the old one's month and charges the new one's rest.
 */
#ifndef TOLLGATE_BILLING_INVOICE_PERIOD_H
#define TOLLGATE_BILLING_INVOICE_PERIOD_H

#include "billing/invoice/lines.h"

/* The anchor day at 00:00 UTC: the last one at or before, and the first one after that time. */
must_use int64_t period_month_start(int64_t at_ms, int32_t anchor_day);
must_use int64_t period_month_end(int64_t at_ms, int32_t anchor_day);

/* The share of a monthly amount that falls on [from, until). */
must_use int64_t period_share(int64_t monthly_minor, int64_t from_ms, int64_t until_ms,
                              int32_t anchor_day);

/* A plan that the tenant is on, from a time to another (INT64_MAX: open). */
struct period_plan {
    int64_t from_ms, until_ms;
    struct span name; /* "Pro" */
    int64_t fee_minor;
};

struct period_span {
    int64_t start_ms, until_ms;
    int64_t first_ms; /* the start of the tenant's first period: fees before were no close's */
    int32_t anchor_day;
};

/* `plans` in order of time. The fees are the arena's. */
void period_fees(const struct period_span *period, const struct period_plan *plans, size_t count,
                 struct arena *arena, struct invoice_fee **fees_out, size_t *count_out);

#endif
