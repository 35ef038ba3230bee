/*
 * basis: see basis.h. The plans' part is basis_plans.c.
 */
#include "billing/invoice/basis.h"

#include <errno.h>
#include <stdio.h>

#include "billing/consume/versions.h"
#include "billing/invoice/basis_inside.h"
#include "billing/invoice/period.h"

int basis_lock(struct pg *pg, struct uuid tenant, struct open_period *period_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct open_period p = {.tenant = tenant};
    if (pg_exec(pg, &rows,
                "SELECT w.currency::text, t.seller, t.billing_mode, w.period_no, t.anchor_day,"
                " w.period_start, w.period_end, w.promo_pico, w.promo_pico + w.prepaid_pico"
                " - w.held_pico FROM tollgate.wallets w JOIN tollgate.tenants t USING (tenant_id)"
                " WHERE w.tenant_id = $1 FOR UPDATE OF w",
                PG_UUID(tenant)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return -ENOENT;
    snprintf(p.currency, sizeof(p.currency), "%.*s", SPAN_ARG(pg_get_text(rows, 0, 0)));
    snprintf(p.seller, sizeof(p.seller), "%.*s", SPAN_ARG(pg_get_text(rows, 0, 1)));
    p.prepaid = span_is(pg_get_text(rows, 0, 2), "prepaid");
    p.no = (int32_t)pg_get_int64(rows, 0, 3);
    p.anchor_day = (int32_t)pg_get_int64(rows, 0, 4);
    p.start_ms = pg_get_unix_ms(rows, 0, 5);
    p.end_ms = pg_is_null(rows, 0, 6) ? period_month_end(p.start_ms, p.anchor_day)
                                      : pg_get_unix_ms(rows, 0, 6);
    p.promo_pico = pg_get_int128(rows, 0, 7);
    p.free_pico = pg_get_int128(rows, 0, 8);
    *period_out = p;
    return 0;
}

/* Entries of the tenant's accounts, by kind; of usage alone where a period is asked for. */
#define LEDGER(what, kinds, more)                                                                  \
    " (SELECT coalesce(" what "sum(e.amount_pico), 0) FROM tollgate.accounts a"                    \
    " JOIN tollgate.ledger_entries e USING (account_id) WHERE a.tenant_id = $1"                    \
    " AND a.kind IN (" kinds ")" more ")"
#define OF_PERIOD " AND e.period_no = $2"

int basis_sums(struct pg *pg, const struct open_period *period, struct basis_sums *sums_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(
            pg, &rows,
            "SELECT (SELECT coalesce(sum(charge_pico + overrun_pico), 0)"
            " FROM tollgate.usage_events WHERE tenant_id = $1 AND period_no = $2),"
            " r.due, r.charge, r.cost, w.promo_pico + w.prepaid_pico, w.accrued_pico," LEDGER(
                "-", "'rev_usage', 'price_variance'",
                OF_PERIOD) "," LEDGER("-", "'promo', 'prepaid'",
                                      "") "," LEDGER("", "'accrued'",
                                                     "") "," LEDGER("", "'promo', 'prepaid'",
                                                                    OF_PERIOD) "," LEDGER("",
                                                                                          "'accrued"
                                                                                          "'",
                                                                                          OF_PERIOD) " FROM tollgate.wallets w, (SELECT coalesce(sum(charge_pico + overrun_pico), 0)"
                                                                                                     " AS due, coalesce(sum(charge_pico), 0) AS charge, coalesce(sum(cost_pico), 0)"
                                                                                                     " AS cost FROM tollgate.usage_hourly WHERE tenant_id = $1 AND period_no = $2) r"
                                                                                                     " WHERE w.tenant_id = $1",
            PG_UUID(period->tenant), PG_INT(period->no)) != PG_OK)
        return -EIO;
    *sums_out = (struct basis_sums){.events_pico = pg_get_int128(rows, 0, 0),
                                    .rollup_pico = pg_get_int128(rows, 0, 1),
                                    .charge_pico = pg_get_int128(rows, 0, 2),
                                    .cost_pico = pg_get_int128(rows, 0, 3),
                                    .wallet_credit_pico = pg_get_int128(rows, 0, 4),
                                    .wallet_accrued_pico = pg_get_int128(rows, 0, 5),
                                    .ledger_pico = pg_get_int128(rows, 0, 6),
                                    .ledger_credit_pico = pg_get_int128(rows, 0, 7),
                                    .ledger_accrued_pico = pg_get_int128(rows, 0, 8),
                                    .paid_pico = pg_get_int128(rows, 0, 9),
                                    .period_accrued_pico = pg_get_int128(rows, 0, 10)};
    return 0;
}

static bool same(const char *what, const char *a_name, int128 a, const char *b_name, int128 b,
                 struct buf *why)
{
    char a_text[MONEY_TEXT_MAX], b_text[MONEY_TEXT_MAX];
    if (a == b)
        return true;
    money_format_integer(a, a_text);
    money_format_integer(b, b_text);
    buf_printf(why, "%s%s: %s %s, %s %s pico", why->size > 0 ? "; " : "", what, a_name, a_text,
               b_name, b_text);
    return false;
}

bool basis_reconciles(const struct open_period *period, const struct basis_sums *s, struct buf *why)
{
    struct buf parts = buf_make(1024);
    bool ok = same("usage", "events", s->events_pico, "rollups", s->rollup_pico, &parts);
    ok = same("usage", "events", s->events_pico, "revenue", s->ledger_pico, &parts) && ok;
    ok = same("paid", "charges", s->charge_pico, "ledger", s->paid_pico + s->period_accrued_pico,
              &parts) &&
         ok;
    ok = same("credit", "wallet", s->wallet_credit_pico, "ledger", s->ledger_credit_pico, &parts) &&
         ok;
    ok = same("accrued", "wallet", s->wallet_accrued_pico, "ledger", s->ledger_accrued_pico,
              &parts) &&
         ok;
    if (!ok)
        buf_printf(why, "period %d does not reconcile (%s)", period->no, parts.at);
    buf_done(&parts);
    return ok;
}

/* The columns of the meters, in the order of enum meter. */
#define OTHER(m) ", coalesce(sum((other_meters->>'" m "')::int8), 0)::int8"
#define COLUMN(m) ", sum(" m "_tokens)::int8"
enum { FIRST_METER = 11 };

/* Only what can be charged: of one outcome either all events are or none. */
static const char sums_sql[] =
    "SELECT late, model, key_id, price_version_id, plan_version_id, mode, context_tier,"
    " sum(base_pico), sum(discount_pico), sum(charge_pico), sum(overrun_pico)" COLUMN("input")
        COLUMN("output") COLUMN("reasoning") COLUMN("cache_read") COLUMN("cache_write_5m") COLUMN(
            "cache_write_1h") OTHER("input_audio") OTHER("output_audio") OTHER("input_image")
            OTHER("output_image") OTHER("image") OTHER("request") OTHER("web_search")
                OTHER("second") OTHER(
                    "character") " FROM tollgate.usage_hourly WHERE tenant_id = $1 AND period_no = "
                                 "$2 AND NOT test"
                                 " AND (base_pico <> 0 OR charge_pico <> 0 OR overrun_pico <> 0)"
                                 " GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7";

static void take_sum(struct arena *arena, const struct pg_rows *rows, size_t at,
                     struct usage_sum *sum)
{
    if (price_mode_parse(pg_get_text(rows, at, 5), &sum->mode) < 0)
        sum->mode = MODE_STANDARD; /* then the prices do not explain it, and it stays whole */
    sum->late = pg_get_bool(rows, at, 0);
    sum->model = arena_span(arena, pg_get_text(rows, at, 1));
    sum->key = pg_get_uuid(rows, at, 2);
    sum->price_version = pg_get_uuid(rows, at, 3);
    sum->plan_version = pg_get_uuid(rows, at, 4);
    sum->context_tier = pg_get_int64(rows, at, 6);
    sum->base_pico = pg_get_int128(rows, at, 7);
    sum->discount_pico = pg_get_int128(rows, at, 8);
    sum->charge_pico = pg_get_int128(rows, at, 9);
    sum->overrun_pico = pg_get_int128(rows, at, 10);
    for (int m = 0; m < METERS; m++)
        sum->meters.count[m] = pg_get_int64(rows, at, FIRST_METER + m);
}

/* A version's rates, copied to the arena, which outlives `versions`. */
static const struct price_version *copy_price(const struct price_version *price,
                                              struct arena *arena)
{
    struct price_version *copy = arena_take(arena, sizeof(*copy));
    struct price_rate *rates = arena_array(arena, price->rate_count + 1, sizeof(*rates));
    *copy = *price;
    for (uint32_t i = 0; i < price->rate_count; i++)
        rates[i] = price->rates[i];
    copy->rates = rates;
    return copy;
}

static int find_prices(struct pg *pg, struct arena *arena, struct usage_sum *sums, size_t count)
{
    struct versions *versions = versions_new();
    bool missing = false;
    int r = 0;
    for (size_t i = 0; i < count; i++)
        missing = versions_price(versions, sums[i].price_version) == NULL || missing;
    if (missing && versions_fetch(versions, pg, 1) != PG_OK)
        r = -EIO;
    for (size_t i = 0; i < count && r == 0; i++) {
        const struct price_version *price = NULL;
        if (i > 0 && uuid_equal(sums[i].price_version, sums[i - 1].price_version))
            sums[i].price = sums[i - 1].price;
        else
            price = versions_price(versions, sums[i].price_version);
        if (price != NULL)
            sums[i].price = copy_price(price, arena);
    }
    versions_free(versions);
    return r;
}

int basis_read(struct pg *pg, const struct open_period *period, int64_t until_ms,
               struct arena *arena, struct invoice_basis *basis_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct invoice_basis basis = {.volume_threshold_pico = -1};
    struct usage_sum *sums;
    int r;
    if (pg_exec(pg, &rows, sums_sql, PG_UUID(period->tenant), PG_INT(period->no)) != PG_OK)
        return -EIO;
    basis.sum_count = pg_rows_count(rows);
    sums = arena_array(arena, basis.sum_count + 1, sizeof(*sums));
    for (size_t i = 0; i < basis.sum_count; i++)
        take_sum(arena, rows, i, &sums[i]);
    basis.sums = sums;
    r = find_prices(pg, arena, sums, basis.sum_count);
    if (r == 0)
        r = basis_plans(pg, period, until_ms, arena, sums, &basis);
    if (r == 0)
        *basis_out = basis;
    return r;
}
