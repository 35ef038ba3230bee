/*
 * books: what a batch must know of wallets and leases, as read at its start, and what it does to
 * them.
 *
 * Nothing is locked when they are read; the updates at the batch's end hold only if what was read
 * still stands (docs/billing.md, "Posting"), else the batch is settled again. Memory is the
 * arena's.
 */
#ifndef TOLLGATE_BILLING_LEDGER_BOOKS_H
#define TOLLGATE_BILLING_LEDGER_BOOKS_H

#include <stdint.h>

#include "billing/consume/batch.h"
#include "common/base/money.h"
#include "common/pg/pg.h"

enum wallet_mode { WALLET_PREPAID, WALLET_POSTPAID, WALLET_HYBRID };
enum lease_state { LEASE_OPEN, LEASE_CLOSING, LEASE_CLOSED, LEASE_LOST };

struct wallet {
    struct uuid tenant;
    enum wallet_mode mode;
    char currency[4];
    int128 promo_pico, prepaid_pico;
    int32_t period_no;
    int64_t period_start_ms, period_end_ms; /* of the open period */
    bool end_set;                           /* its end was set by hand, not by the anchor day */
    int32_t anchor_day;
    /* What the batch does. */
    int128 use_promo_pico, use_prepaid_pico, use_accrued_pico, lower_held_pico;
};

struct lease {
    struct uuid id, tenant;
    bool of_balance; /* else of a budget */
    int64_t granted_pico, returned_pico;
    int128 posted_pico;
    int64_t posted_count, closed_count; /* -1: not closed yet */
    int128 closed_pico;
    enum lease_state state;
    /* What the batch does. */
    int128 add_pico;   /* charges that lower the hold */
    int64_t add_count; /* events */
    int128 freed_pico; /* the rest of an ended lease */
    bool ends;
};

/* A lease that was closed and never granted: its row keeps a grant that comes late from counting.
 */
struct buried_lease {
    struct uuid id, tenant, gateway;
};

struct books {
    struct map *wallets, *leases;
    struct wallet **wallet_list; /* sorted by tenant */
    struct lease **lease_list;   /* sorted by id */
    size_t wallet_count, lease_count;
    struct buried_lease *buried; /* room for one per item of the batch */
    size_t buried_count;
};

/* Reads what the batch's items name. The caller calls books_done() whatever the outcome. */
must_use enum pg_outcome books_read(struct books *books, struct pg *pg, struct batch *batch);
void books_done(struct books *books);

must_use struct wallet *books_wallet(const struct books *books, struct uuid tenant);
must_use struct lease *books_lease(const struct books *books, struct uuid id);

/* For tests: puts them in without a database. */
void books_init(struct books *books);
void books_put_wallet(struct books *books, struct wallet *wallet);
void books_put_lease(struct books *books, struct lease *lease);

/* Writes what the batch does, within its transaction, as the last thing before the sources:
 * wallets, promo grants, budgets, leases. PG_SERIALIZATION when something is not as it was read. */
must_use enum pg_outcome books_write(const struct books *books, struct pg *pg, struct arena *arena);

/* The first anchor day at 00:00 UTC after that time. */
must_use int64_t books_period_end(int64_t after_ms, int32_t anchor_day);

#endif
