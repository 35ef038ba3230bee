/*
 * rows_rollup: the hourly sums into temporary tables, and from there added to what is there.
 */
#include "billing/ledger/rows_inside.h"

#include <stdio.h>

#include "common/base/buf.h"
#include "common/pg/pg_copy.h"

enum { SQL_MAX = 16384, HOURLY_COLUMNS = 66 };

static const char *const sums[] = {
    "requests",
    "attempts",
    "counted",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "base_pico",
    "discount_pico",
    "charge_pico",
    "cost_pico",
    "overrun_pico",
    "first_token_ms_sum",
    "total_ms_sum",
};

static void add_sum(struct buf *sql, const char *column)
{
    buf_printf(sql, ", %s = u.%s + excluded.%s", column, column, column);
}

char *rows_upsert_hourly(void)
{
    struct buf sql = buf_make(SQL_MAX);
    char column[16];
    buf_add_string(&sql, "INSERT INTO tollgate.usage_hourly AS u SELECT * FROM in_usage_hourly"
                         " ON CONFLICT (hour, grain) DO UPDATE SET other_meters ="
                         " CASE WHEN excluded.other_meters IS NULL THEN u.other_meters"
                         " WHEN u.other_meters IS NULL THEN excluded.other_meters"
                         " ELSE (SELECT jsonb_object_agg(k, coalesce((u.other_meters->>k)::int8, 0)"
                         " + coalesce((excluded.other_meters->>k)::int8, 0)) FROM"
                         " (SELECT jsonb_object_keys(u.other_meters) UNION"
                         " SELECT jsonb_object_keys(excluded.other_meters)) AS x(k)) END");
    for (size_t i = 0; i < array_size(sums); i++)
        add_sum(&sql, sums[i]);
    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++) {
        snprintf(column, sizeof(column), "first_%02u", i);
        add_sum(&sql, column);
        snprintf(column, sizeof(column), "total_%02u", i);
        add_sum(&sql, column);
    }
    return buf_take(&sql);
}

static void put_grain(struct rows *rows, struct pg_copy *copy, const struct rollup_row *row)
{
    const struct usage_event *event = &row->one->event.usage;
    pg_copy_time(copy, row->hour_ms);
    pg_copy_uuid(copy, row->grain);
    pg_copy_uuid(copy, event->tenant);
    pg_copy_uuid(copy, event->project);
    pg_copy_uuid(copy, event->key);
    pg_copy_int32(copy, row->one->settled.period_no);
    pg_copy_bool(copy, row->one->settled.late);
    pg_copy_text(copy, rows_clean(rows, event->model));
    pg_copy_uuid_or_null(copy, event->deployment);
    pg_copy_int16(copy, (int16_t)event->outcome);
    pg_copy_string(copy, price_mode_name(event->mode));
    pg_copy_bool(copy, event->byok);
    pg_copy_bool(copy, event->test);
    pg_copy_uuid_or_null(copy, event->price_version);
    pg_copy_uuid_or_null(copy, event->cost_version);
    pg_copy_uuid_or_null(copy, event->plan_version);
    pg_copy_int64(copy, row->one->priced.context_tier);
}

static void put_row(struct rows *rows, struct pg_copy *copy, const struct rollup_row *row)
{
    pg_copy_row(copy, HOURLY_COLUMNS);
    put_grain(rows, copy, row);
    pg_copy_int64(copy, row->requests);
    pg_copy_int64(copy, row->attempts);
    pg_copy_int64(copy, row->counted);
    rows_put_meters(rows, copy, row->meters);
    pg_copy_numeric(copy, row->base_pico);
    pg_copy_numeric(copy, row->discount_pico);
    pg_copy_numeric(copy, row->charge_pico);
    pg_copy_numeric(copy, row->cost_pico);
    pg_copy_numeric(copy, row->overrun_pico);
    pg_copy_int64(copy, row->first_ms_sum);
    pg_copy_int64(copy, row->total_ms_sum);
    for (int i = 0; i < ROLLUP_BUCKETS; i++)
        pg_copy_int32(copy, row->first[i]);
    for (int i = 0; i < ROLLUP_BUCKETS; i++)
        pg_copy_int32(copy, row->total[i]);
}

static enum pg_outcome put_hourly(struct rows *rows, const struct rollup *rollup)
{
    struct pg_copy *copy;
    enum pg_outcome outcome =
        pg_copy_begin(rows->pg, "COPY in_usage_hourly FROM STDIN (FORMAT binary)", &copy);
    if (outcome != PG_OK)
        return outcome;
    for (size_t i = 0; i < rollup->row_count; i++)
        put_row(rows, copy, rollup->rows[i]);
    outcome = pg_copy_end(copy, NULL);
    return outcome == PG_OK ? pg_exec(rows->pg, NULL, rows->upsert_hourly) : outcome;
}

static enum pg_outcome put_by(struct rows *rows, const struct rollup *rollup)
{
    struct pg_copy *copy;
    enum pg_outcome outcome =
        pg_copy_begin(rows->pg, "COPY in_usage_hourly_by FROM STDIN (FORMAT binary)", &copy);
    if (outcome != PG_OK)
        return outcome;
    for (size_t i = 0; i < rollup->by_count; i++) {
        const struct rollup_by_row *row = rollup->by_rows[i];
        pg_copy_row(copy, 9);
        pg_copy_time(copy, row->hour_ms);
        pg_copy_uuid(copy, row->grain);
        pg_copy_uuid(copy, row->tenant);
        pg_copy_text(copy, rows_clean(rows, row->dimension));
        pg_copy_text(copy, rows_clean(rows, row->value));
        pg_copy_int64(copy, row->requests);
        pg_copy_int64(copy, row->input_tokens);
        pg_copy_int64(copy, row->output_tokens);
        pg_copy_numeric(copy, row->charge_pico);
    }
    outcome = pg_copy_end(copy, NULL);
    if (outcome != PG_OK)
        return outcome;
    return pg_exec(rows->pg, NULL,
                   "INSERT INTO tollgate.usage_hourly_by AS u SELECT * FROM in_usage_hourly_by"
                   " ON CONFLICT (hour, grain) DO UPDATE SET requests = u.requests +"
                   " excluded.requests, input_tokens = u.input_tokens + excluded.input_tokens,"
                   " output_tokens = u.output_tokens + excluded.output_tokens,"
                   " charge_pico = u.charge_pico + excluded.charge_pico");
}

enum pg_outcome rows_put_rollup(struct rows *rows, const struct rollup *rollup)
{
    enum pg_outcome outcome = PG_OK;
    if (rollup->row_count > 0)
        outcome = put_hourly(rows, rollup);
    if (outcome == PG_OK && rollup->by_count > 0)
        outcome = put_by(rows, rollup);
    return outcome;
}
