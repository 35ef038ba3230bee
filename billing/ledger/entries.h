/*
 * entries: one ledger transaction in the making: amounts summed by account, always in balance.
 *
 * Pure. Debits are positive. What is added is a whole posting (docs/billing.md, "Accounts"), never
 * one side of it, so the sum is 0 whatever is added. Keys live in the arena given.
 */
#ifndef TOLLGATE_BILLING_LEDGER_ENTRIES_H
#define TOLLGATE_BILLING_LEDGER_ENTRIES_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/money.h"

enum account_kind {
    ACCOUNT_PREPAID,
    ACCOUNT_PROMO,
    ACCOUNT_ACCRUED,
    ACCOUNT_RECEIVABLE,
    ACCOUNT_TAX_PAYABLE,
    ACCOUNT_REV_USAGE,
    ACCOUNT_REV_SUB,
    ACCOUNT_ROUNDING,
    ACCOUNT_COGS,
    ACCOUNT_PROVIDER_PAYABLE,
    ACCOUNT_OVERRUN,
    ACCOUNT_PRICE_VARIANCE,
    ACCOUNT_KINDS
};

/* What an amount is booked to. */
struct account_key {
    struct uuid tenant; /* zero: the house's */
    char currency[4];
    uint8_t kind;      /* enum account_kind */
    uint8_t zero[3];   /* so that keys compare as bytes */
    int32_t period_no; /* 0 outside periods */
};

struct entry {
    struct account_key key;
    int128 amount_pico; /* never 0 in what entries_sorted() gives */
};

struct entries;

must_use struct entries *entries_new(struct arena *arena, size_t expected);
void entries_free(struct entries *entries);

/* A use of the service: who pays how, what it cost, and what we miss of it. */
struct usage_posting {
    struct uuid tenant;
    const char *currency;
    int32_t period_no;
    int128 promo_pico, prepaid_pico,
        accrued_pico;    /* what the tenant pays, by where it comes from */
    int128 overrun_pico; /* due, but ours */
    int128 told_pico;    /* what the client was told; the rest of what is due is price variance */
    int128 cost_pico;
};
void entries_add_usage(struct entries *entries, const struct usage_posting *posting);

/* Moves an amount: debits one account of the tenant and credits another. */
void entries_move(struct entries *entries, struct account_key debit, struct account_key credit,
                  int128 amount_pico);
must_use struct account_key account_key_make(struct uuid tenant, enum account_kind kind,
                                             const char *currency, int32_t period_no);

/* All that is not 0, sorted by key; borrowed from the arena. */
must_use const struct entry *entries_sorted(const struct entries *entries, size_t *count_out);
/* The sum over all, which is 0. */
must_use int128 entries_sum(const struct entries *entries);

must_use const char *account_kind_name(enum account_kind kind);

#endif
