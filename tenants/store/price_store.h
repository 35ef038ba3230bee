/*
 * price_store: price versions as they are shown, and new ones made by operators. Imports make
 * theirs by catalog_store.h.
 *
 * A version never changes: a new one closes the open range of the one before it where its own
 * begins. Needs an open transaction; operators' only.
 */
#ifndef TOLLGATE_TENANTS_STORE_PRICE_STORE_H
#define TOLLGATE_TENANTS_STORE_PRICE_STORE_H

#include "tenants/model/price.h"
#include "tenants/store/view.h"

/* Newest first. Behind the list's own: $4 deployment, $5 model, $6 provider, $7 book, $8 tenant, $9
 * state ("past", "current", "future"); each may be null. */
extern const struct view price_list_view;
/* $1 id. */
extern const struct view price_view;

#define PRICE_RATES_MAX 64u

struct price_new {
    struct uuid deployment;
    enum price_book book;
    struct uuid tenant; /* zero: everybody's */
    int64_t from_ms;
    const struct price_rate *rates; /* no two of the same meter, mode and tier */
    uint32_t rate_count;
    struct span source; /* whose word it is; not empty */
};

struct price_planned {
    struct uuid replaces; /* the version whose range is closed; zero: none */
    struct uuid compared; /* what would be charged then without it; zero: nothing */
};

/* STORE_NOT_FOUND when there is no such tenant; zero is everybody. */
must_use enum store_outcome price_store_know_tenant(struct pg *pg, struct uuid tenant,
                                                    struct store_error *error_out);

/* Looks what the new version would replace, and locks that. STORE_NOT_FOUND: no such deployment;
 * STORE_CONFLICT: another version begins then or later; STORE_REFUSED: nothing could be sold by
 * such rates. */
must_use enum store_outcome price_store_plan(struct pg *pg, const struct price_new *price,
                                             struct price_planned *planned_out,
                                             struct store_error *error_out);

/* How rates differ, meter by meter: $1 the version compared or null, $2 price_store_rates_json().
 */
extern const struct view rate_change_view;
void price_store_rates_json(const struct price_new *price, struct buf *out);

/* Closes the planned one and makes the new one. */
must_use enum store_outcome price_store_create(struct pg *pg, const struct store_actor *actor,
                                               const struct price_new *price,
                                               const struct price_planned *planned,
                                               struct uuid *id_out, struct store_error *error_out);

#endif
