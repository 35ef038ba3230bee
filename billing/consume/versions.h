/*
 * versions: the price and plan versions that events name, and which tenants may use which, kept in
 * memory by id.
 *
 * Versions never change but for their end, so they are kept; what is not here is noted as missing,
 * and versions_fetch() brings all that is missing with one statement a kind. One thread.
 */
#ifndef TOLLGATE_BILLING_CONSUME_VERSIONS_H
#define TOLLGATE_BILLING_CONSUME_VERSIONS_H

#include "billing/rate/rate.h"
#include "common/pg/pg.h"

struct versions;

/* One plan a tenant was, is or will be on. */
struct subscription {
    struct uuid plan;
    int64_t from_ms, until_ms;
};

struct plan_terms {
    struct plan_version version;
    const struct provider_discount {
        struct span provider;
        int32_t discount_ppm;
    } * discounts; /* each replaces the plan's own at that provider */
    uint32_t discount_count;
};

must_use struct versions *versions_new(void);
void versions_free(struct versions *versions);

/* NULL: not here; noted as missing. */
must_use const struct price_version *versions_price(struct versions *versions, struct uuid id);
must_use const struct plan_terms *versions_plan(struct versions *versions, struct uuid id);
/* Whether the tenant was on the plan within `slack_ms` of that time. False also when the tenant is
 * not here or another plan is known; then it is noted as missing. */
must_use bool versions_subscribed(struct versions *versions, struct uuid tenant, struct uuid plan,
                                  int64_t at_ms, int64_t slack_ms);

/* What the versions say together with the provider's own discount. */
must_use struct rate_terms versions_terms(const struct plan_terms *plan, struct span provider);

/* Anything asked for and not found since the last fetch. */
must_use bool versions_missing(const struct versions *versions);
/* Reads what is missing. Forgets everything first when it is older than five minutes, so that a
 * range that was closed meanwhile is seen. */
must_use enum pg_outcome versions_fetch(struct versions *versions, struct pg *pg, int64_t now_ms);

/* For tests and the fetch: copies in. */
void versions_put_price(struct versions *versions, const struct price_version *price);
void versions_put_plan(struct versions *versions, const struct plan_terms *plan);
void versions_put_subscriptions(struct versions *versions, struct uuid tenant,
                                const struct subscription *subscriptions, uint32_t count);
/* What versions_fetch() asks the database for; borrowed until the next question. */
struct versions_wanted {
    const struct uuid *ids;
    size_t count;
};
enum versions_kind { VERSIONS_PRICES, VERSIONS_PLANS, VERSIONS_TENANTS, VERSIONS_KINDS };
must_use struct versions_wanted versions_wanted(const struct versions *versions,
                                                enum versions_kind kind);
/* Forgets what is wanted. */
void versions_unwant(struct versions *versions);
/* Forgets what is kept when it is too old or too much. */
void versions_age(struct versions *versions, int64_t now_ms, int64_t max_age_ms);

#endif
