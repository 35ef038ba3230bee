/*
 * credit_store: credit that an operator gives by hand: ledger, wallet and grant in one go. Needs an
 * open transaction of an operator.
 */
#ifndef TOLLGATE_TENANTS_STORE_CREDIT_STORE_H
#define TOLLGATE_TENANTS_STORE_CREDIT_STORE_H

#include "tenants/store/store.h"

struct credit_new {
    struct uuid tenant;
    int128 amount_pico;   /* > 0 */
    int64_t expires_ms;   /* INT64_MAX: never */
    struct span idem_key; /* 1 to 240 bytes: the same key is the same credit */
    struct span reason;   /* may be empty */
};
struct credit_made {
    struct uuid grant, txn;
    bool repeated; /* it had been given before; nothing was changed */
};

/* Dr promo_expense, Cr promo; the wallet and a grant beside it. STORE_CONFLICT when the idem_key
 * was used for another tenant or amount. */
must_use enum store_outcome credit_store_add(struct pg *pg, const struct store_actor *actor,
                                             const struct credit_new *credit,
                                             struct credit_made *made_out,
                                             struct store_error *error_out);

#endif
