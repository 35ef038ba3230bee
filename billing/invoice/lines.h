/*
 * lines: what stands on an invoice: from sums of usage to lines that add up, to the pico and to the
 * cent.
 *
 * Pure. Usage lines are exact products of quantity and price; discounts, markup and what was not
 * charged are lines of their own, so that the sum of all is the sum of the events' charges. Texts
 * and lines live in the arena of whoever calls. docs/billing.md, "Invoices", has the rules.
 */
#ifndef TOLLGATE_BILLING_INVOICE_LINES_H
#define TOLLGATE_BILLING_INVOICE_LINES_H

#include "billing/rate/rate.h"
#include "common/base/arena.h"
#include "common/base/money.h"

enum line_kind {
    LINE_USAGE,
    LINE_DISCOUNT, /* the plan's, or a provider's */
    LINE_MARKUP,   /* and fixed fees per request */
    LINE_LATE_USAGE,
    LINE_VOLUME_DISCOUNT,
    LINE_SUBSCRIPTION, /* a whole month, in advance */
    LINE_PRORATION,    /* a part of one, or its return */
    LINE_MINIMUM,
    LINE_OVERRUN, /* used, but not charged: above the reservation */
    LINE_KINDS
};

/* The rollups of one period that are priced alike. */
struct usage_sum {
    bool late; /* its time is in a period that was closed before */
    struct span model;
    struct uuid key, price_version, plan_version;
    enum price_mode mode;
    int64_t context_tier;
    struct meters meters;
    int128 base_pico, discount_pico, charge_pico, overrun_pico;
    const struct price_version *price; /* borrowed; NULL: not known, then one line is made of it */
    struct span plan;                  /* its name */
    int32_t markup_ppm;
};

/* A fee of whole cents, in words. */
struct invoice_fee {
    enum line_kind kind;
    struct span description;
    int64_t amount_minor;
};

struct invoice_basis {
    const struct usage_sum *sums;
    size_t sum_count;
    const struct invoice_fee *fees;
    size_t fee_count;
    int128 cost_pico; /* of all that the tenant did in the period */
    /* Of the plan that holds at the period's end. */
    int128 volume_threshold_pico; /* of base; -1: no volume discount */
    int32_t volume_discount_ppm, margin_floor_ppm;
    int64_t minimum_minor; /* for this period */
};

struct invoice_line {
    enum line_kind kind;
    struct span description, model;
    struct uuid key, price_version; /* zero where it has none */
    enum meter meter;               /* METERS: not of one meter */
    int64_t context_tier, quantity, pico_per_unit;
    int128 amount_pico;
    int64_t amount_minor; /* set by lines_round() */
};

struct invoice_lines {
    struct invoice_line *at; /* the arena's */
    size_t count;
    int128 total_pico;           /* of all lines */
    int128 charge_pico;          /* of the events: the part that was booked as they came */
    int128 fees_pico;            /* subscription, proration, minimum */
    int128 volume_discount_pico; /* >= 0 */
    size_t unsplit;              /* sums that could not be split by meter */
};

enum { INVOICE_LINES_MAX = 200000 };

/* 0, -EFBIG for more than INVOICE_LINES_MAX lines, -ERANGE for a total that cents cannot hold. */
must_use int lines_make(const struct invoice_basis *basis, struct arena *arena,
                        struct invoice_lines *lines_out);

/* Gives each line its cents by largest remainder (the earlier line at a tie), so that they add up
 * to the total, rounded half away from zero; returns that. */
int64_t lines_round(struct invoice_lines *lines);

/* The discount on the gross charges of the base above the threshold, to the pico, and never so much
 * that less than cost × (1 + floor) is left. >= 0. */
must_use int128 lines_volume_discount(const struct invoice_basis *basis, int128 base_pico,
                                      int128 charge_pico);

must_use const char *line_kind_name(enum line_kind kind);

#endif
