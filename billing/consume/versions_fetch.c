/*
 * versions_fetch: brings missing versions from the database, one statement a kind.
 */
#include <stdlib.h>

#include "billing/consume/versions.h"
#include "common/base/log.h"
#include "common/base/mem.h"

enum { MAX_AGE_MS = 300000, RATES_MAX = 512, ROWS_MAX = 256 };

/* Rows come version by version; `first` is where the one begins that row `at` belongs to. */
static struct price_version price_head(const struct pg_rows *rows, size_t at)
{
    struct price_version price = {
        .id = pg_get_uuid(rows, at, 0),
        .deployment = pg_get_uuid(rows, at, 1),
        .book = span_is(pg_get_text(rows, at, 2), "cost") ? BOOK_COST : BOOK_LIST,
        .tenant = pg_get_uuid(rows, at, 3),
        .from_ms = pg_get_unix_ms(rows, at, 4),
        .until_ms = pg_get_unix_ms(rows, at, 5),
        .one_hour_write_twice_input =
            price_doubles_one_hour_writes(pg_get_text(rows, at, 6), pg_get_text(rows, at, 7))};
    return price;
}

static bool read_rate(const struct pg_rows *rows, size_t at, struct price_rate *rate_out)
{
    enum meter meter;
    enum price_mode mode;
    if (pg_is_null(rows, at, 8))
        return false;
    if (meter_parse(pg_get_text(rows, at, 8), &meter) < 0 ||
        price_mode_parse(pg_get_text(rows, at, 9), &mode) < 0) {
        log_event(LOG_WARN, "price.unknown_meter", LOG_SP("meter", pg_get_text(rows, at, 8)));
        return false;
    }
    *rate_out = (struct price_rate){.meter = (uint8_t)meter,
                                    .mode = (uint8_t)mode,
                                    .context_over = pg_get_int64(rows, at, 10),
                                    .pico_per_unit = pg_get_int64(rows, at, 11)};
    return true;
}

static void put_prices(struct versions *versions, const struct pg_rows *rows)
{
    struct price_rate rates[RATES_MAX];
    size_t count = pg_rows_count(rows);
    for (size_t at = 0; at < count;) {
        struct price_version price = price_head(rows, at);
        for (; at < count && uuid_equal(pg_get_uuid(rows, at, 0), price.id); at++)
            if (price.rate_count < RATES_MAX && read_rate(rows, at, &rates[price.rate_count]))
                price.rate_count++;
        price.rates = rates;
        versions_put_price(versions, &price);
    }
}

static void put_plans(struct versions *versions, const struct pg_rows *rows)
{
    struct provider_discount discounts[ROWS_MAX];
    size_t count = pg_rows_count(rows);
    for (size_t at = 0; at < count;) {
        struct plan_terms plan = {.version = {.id = pg_get_uuid(rows, at, 0),
                                              .plan = pg_get_text(rows, at, 1),
                                              .from_ms = pg_get_unix_ms(rows, at, 2),
                                              .until_ms = pg_get_unix_ms(rows, at, 3),
                                              .markup_ppm = (int32_t)pg_get_int64(rows, at, 4),
                                              .discount_ppm = (int32_t)pg_get_int64(rows, at, 5),
                                              .fixed_pico = pg_get_int64(rows, at, 6)}};
        for (; at < count && uuid_equal(pg_get_uuid(rows, at, 0), plan.version.id); at++)
            if (!pg_is_null(rows, at, 7) && plan.discount_count < ROWS_MAX)
                discounts[plan.discount_count++] = (struct provider_discount){
                    pg_get_text(rows, at, 7), (int32_t)pg_get_int64(rows, at, 8)};
        plan.discounts = discounts;
        versions_put_plan(versions, &plan);
    }
}

static void put_subscriptions(struct versions *versions, const struct pg_rows *rows)
{
    struct subscription all[ROWS_MAX];
    size_t count = pg_rows_count(rows);
    for (size_t at = 0; at < count;) {
        struct uuid tenant = pg_get_uuid(rows, at, 0);
        uint32_t n = 0;
        for (; at < count && uuid_equal(pg_get_uuid(rows, at, 0), tenant); at++)
            if (n < ROWS_MAX)
                all[n++] =
                    (struct subscription){pg_get_uuid(rows, at, 1), pg_get_unix_ms(rows, at, 2),
                                          pg_get_unix_ms(rows, at, 3)};
        versions_put_subscriptions(versions, tenant, all, n);
    }
}

/* How the wanted of one kind are read: by their ids, $1. */
static const struct {
    const char *sql;
    void (*put)(struct versions *versions, const struct pg_rows *rows);
} queries[VERSIONS_KINDS] = {
    [VERSIONS_PRICES] =
        {"SELECT v.price_version_id, v.deployment_id, v.book, v.tenant_id, lower(v.effective),"
         " coalesce(upper(v.effective), 'infinity'), d.model, d.dialect, r.meter, r.mode,"
         " r.context_over, r.pico_per_unit"
         " FROM tollgate.price_versions v JOIN tollgate.deployments d USING (deployment_id)"
         " LEFT JOIN tollgate.price_rates r USING (price_version_id)"
         " WHERE v.price_version_id = ANY($1::uuid[]) ORDER BY v.price_version_id",
         put_prices},
    [VERSIONS_PLANS] = {"SELECT v.plan_version_id, v.plan, lower(v.effective),"
                        " coalesce(upper(v.effective), 'infinity'), v.markup_ppm, v.discount_ppm,"
                        " v.fixed_pico, p.provider, p.discount_ppm"
                        " FROM tollgate.plan_versions v"
                        " LEFT JOIN tollgate.plan_provider_discounts p USING (plan_version_id)"
                        " WHERE v.plan_version_id = ANY($1::uuid[]) ORDER BY v.plan_version_id",
                        put_plans},
    [VERSIONS_TENANTS] =
        {"SELECT tenant_id, plan_version_id, lower(effective),"
         " coalesce(upper(effective), 'infinity') FROM tollgate.subscriptions"
         " WHERE tenant_id = ANY($1::uuid[]) ORDER BY tenant_id, lower(effective) DESC",
         put_subscriptions},
};

enum pg_outcome versions_fetch(struct versions *versions, struct pg *pg, int64_t now_ms)
{
    versions_age(versions, now_ms, MAX_AGE_MS);
    for (int kind = 0; kind < VERSIONS_KINDS; kind++) {
        struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
        struct versions_wanted wanted = versions_wanted(versions, (enum versions_kind)kind);
        enum pg_outcome outcome;
        if (wanted.count == 0)
            continue;
        outcome = pg_exec(pg, &rows, queries[kind].sql, PG_UUIDS(wanted.ids, wanted.count));
        if (outcome != PG_OK)
            return outcome;
        queries[kind].put(versions, rows);
    }
    versions_unwant(versions);
    return PG_OK;
}
