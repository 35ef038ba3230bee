/*
 * basis_plans: the plans that usage was charged by, and what the plan at a period's end adds.
 */
#include <errno.h>

#include "billing/invoice/basis_inside.h"
#include "billing/invoice/period.h"

static int name_plans(struct pg *pg, const struct open_period *period, struct arena *arena,
                      struct usage_sum *sums, size_t count)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT plan_version_id, name, markup_ppm FROM tollgate.plan_versions"
                " WHERE plan_version_id IN (SELECT plan_version_id FROM tollgate.usage_hourly"
                " WHERE tenant_id = $1 AND period_no = $2)",
                PG_UUID(period->tenant), PG_INT(period->no)) != PG_OK)
        return -EIO;
    for (size_t p = 0; p < pg_rows_count(rows); p++) {
        struct span name = arena_span(arena, pg_get_text(rows, p, 1));
        struct uuid id = pg_get_uuid(rows, p, 0);
        for (size_t i = 0; i < count; i++) {
            if (!uuid_equal(sums[i].plan_version, id))
                continue;
            sums[i].plan = name;
            sums[i].markup_ppm = (int32_t)pg_get_int64(rows, p, 2);
        }
    }
    return 0;
}

/* When the tenant's first period began: no close charged a fee before. */
static int first_start(struct pg *pg, const struct open_period *period, int64_t *first_ms_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT min(lower(period)) FROM tollgate.invoices WHERE tenant_id = $1"
                " AND kind = 'usage' AND number IS NOT NULL",
                PG_UUID(period->tenant)) != PG_OK)
        return -EIO;
    *first_ms_out = pg_is_null(rows, 0, 0) ? period->start_ms : pg_get_unix_ms(rows, 0, 0);
    return 0;
}

static void take_terms(const struct open_period *period, int64_t until_ms,
                       const struct pg_rows *rows, size_t at, struct invoice_basis *basis)
{
    basis->volume_threshold_pico = pg_is_null(rows, at, 4) ? -1 : pg_get_int128(rows, at, 4);
    basis->volume_discount_ppm = (int32_t)pg_get_int64(rows, at, 5);
    basis->margin_floor_ppm = (int32_t)pg_get_int64(rows, at, 6);
    basis->minimum_minor =
        period_share(pg_get_int64(rows, at, 7), period->start_ms, until_ms, period->anchor_day);
}

int basis_plans(struct pg *pg, const struct open_period *period, int64_t until_ms,
                struct arena *arena, struct usage_sum *sums, struct invoice_basis *basis)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct period_span span = {period->start_ms, until_ms, 0, period->anchor_day};
    struct period_plan *plans;
    struct invoice_fee *fees;
    size_t count;
    int r = name_plans(pg, period, arena, sums, basis->sum_count);
    if (r == 0)
        r = first_start(pg, period, &span.first_ms);
    if (r < 0)
        return r;
    if (pg_exec(pg, &rows,
                "SELECT lower(s.effective), coalesce(upper(s.effective), 'infinity'), v.name,"
                " v.monthly_fee_minor, v.volume_threshold_pico, v.volume_discount_ppm,"
                " v.margin_floor_ppm, v.minimum_charge_minor FROM tollgate.subscriptions s"
                " JOIN tollgate.plan_versions v USING (plan_version_id)"
                " WHERE s.tenant_id = $1 ORDER BY 1",
                PG_UUID(period->tenant)) != PG_OK)
        return -EIO;
    count = pg_rows_count(rows);
    plans = arena_array(arena, count + 1, sizeof(*plans));
    for (size_t i = 0; i < count; i++) {
        plans[i] = (struct period_plan){pg_get_unix_ms(rows, i, 0), pg_get_unix_ms(rows, i, 1),
                                        arena_span(arena, pg_get_text(rows, i, 2)),
                                        pg_get_int64(rows, i, 3)};
        if (plans[i].from_ms < until_ms) /* the last that began before the end */
            take_terms(period, until_ms, rows, i, basis);
    }
    period_fees(&span, plans, count, arena, &fees, &basis->fee_count);
    basis->fees = fees;
    return 0;
}
