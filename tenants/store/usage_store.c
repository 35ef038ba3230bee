/*
 * usage_store: see usage_store.h.
 */
#include "tenants/store/usage_store.h"

#include "tenants/store/request_store.h"

/* Aggregates over rollups, each once; SHOWN below makes the columns of them. */
#define SUMS                                                                                       \
    "coalesce(sum(requests), 0)::int8 AS requests,"                                                \
    " coalesce(sum(requests) FILTER (WHERE outcome IN (" REQUEST_FAILED_OUTCOMES ")), 0)::int8"    \
    " AS errors, coalesce(sum(attempts), 0)::int8 AS attempts,"                                    \
    " coalesce(sum(input_tokens), 0)::int8 AS input_tokens,"                                       \
    " coalesce(sum(cache_read_tokens), 0)::int8 AS cache_read_tokens,"                             \
    " coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens), 0)::int8 AS "                   \
    "cache_write_tokens,"                                                                          \
    " coalesce(sum(output_tokens), 0)::int8 AS output_tokens,"                                     \
    " coalesce(sum(reasoning_tokens), 0)::int8 AS reasoning_tokens,"                               \
    " coalesce(sum(base_pico), 0) AS base, coalesce(sum(discount_pico), 0) AS discount,"           \
    " coalesce(sum(charge_pico), 0) AS charge, coalesce(sum(cost_pico), 0) AS cost,"               \
    " ARRAY[sum(first_00), sum(first_01), sum(first_02), sum(first_03),"                           \
    " sum(first_04), sum(first_05), sum(first_06), sum(first_07),"                                 \
    " sum(first_08), sum(first_09), sum(first_10), sum(first_11),"                                 \
    " sum(first_12), sum(first_13), sum(first_14), sum(first_15)]::int8[] AS firsts,"              \
    " ARRAY[sum(total_00), sum(total_01), sum(total_02), sum(total_03),"                           \
    " sum(total_04), sum(total_05), sum(total_06), sum(total_07),"                                 \
    " sum(total_08), sum(total_09), sum(total_10), sum(total_11),"                                 \
    " sum(total_12), sum(total_13), sum(total_14), sum(total_15)]::int8[] AS totals"

#define SHOWN                                                                                      \
    "s.requests, s.errors, s.errors::float8 / nullif(s.requests, 0), s.attempts, s.input_tokens,"  \
    " s.cache_read_tokens, s.cache_write_tokens, s.output_tokens, s.reasoning_tokens, s.base,"     \
    " s.discount, s.charge, CASE WHEN $8 THEN s.cost END,"                                         \
    " tollgate.histogram_bound(s.firsts, 50), tollgate.histogram_bound(s.firsts, 95),"             \
    " tollgate.histogram_bound(s.totals, 50), tollgate.histogram_bound(s.totals, 95)"

/* $1 tenant, $2 from, $3 to, $4 model, $5 key, $6 project, $7 outcome. */
#define MATCHES                                                                                    \
    " FROM tollgate.usage_hourly u LEFT JOIN tollgate.deployments d USING (deployment_id)"         \
    " WHERE ($1::uuid IS NULL OR u.tenant_id = $1) AND u.hour >= $2::timestamptz"                  \
    " AND u.hour < $3::timestamptz AND ($4::text IS NULL OR u.model = $4)"                         \
    " AND ($5::uuid IS NULL OR u.key_id = $5) AND ($6::uuid IS NULL OR u.project_id = $6)"         \
    " AND ($7::text IS NULL OR u.outcome = (SELECT o.outcome FROM tollgate.outcomes o"             \
    " WHERE o.name = $7))"

#define TOTAL_COLUMNS                                                                              \
    {"requests", VIEW_INT, 0}, {"errors", VIEW_INT, 0}, {"error_rate", VIEW_DOUBLE, 0},            \
        {"attempts", VIEW_INT, 0}, {"input_tokens", VIEW_INT, 0},                                  \
        {"cache_read_tokens", VIEW_INT, 0}, {"cache_write_tokens", VIEW_INT, 0},                   \
        {"output_tokens", VIEW_INT, 0}, {"reasoning_tokens", VIEW_INT, 0}, {"base", VIEW_USD, 0},  \
        {"discount", VIEW_USD, 0}, {"charge", VIEW_USD, 0}, {"cost", VIEW_USD, 0},                 \
        {"first_token_p50_ms", VIEW_INT, 0}, {"first_token_p95_ms", VIEW_INT, 0},                  \
        {"total_p50_ms", VIEW_INT, 0},                                                             \
    {                                                                                              \
        "total_p95_ms", VIEW_INT, 0                                                                \
    }

/* Nothing and the empty group are told apart from no group by a value that no group has. */
#define NO_ID "'00000000-0000-0000-0000-000000000000'::uuid"

/* `value` is what rows are grouped by, never null; `nothing` stands for none; `label` reads s.grp.
 * $9 bucket, $10 top. */
#define GROUPED(value, nothing, label)                                                             \
    "WITH u AS NOT MATERIALIZED (SELECT u.*, CASE $9::text WHEN 'none' THEN NULL"                  \
    " ELSE date_trunc($9, u.hour, 'UTC') END AS bucket, " value " AS grp" MATCHES "),"             \
    " top AS MATERIALIZED (SELECT grp, true AS shown FROM u GROUP BY grp"                          \
    " ORDER BY sum(charge_pico) DESC, sum(requests) DESC, grp LIMIT $10),"                         \
    " s AS (SELECT u.bucket, CASE WHEN top.shown THEN u.grp END AS grp,"                           \
    " top.shown IS NULL AS other, " SUMS " FROM u LEFT JOIN top USING (grp) GROUP BY 1, 2, 3)"     \
    " SELECT s.bucket, nullif(s.grp, " nothing "), CASE WHEN s.grp = " nothing                     \
    " THEN 'none' ELSE " label " END, s.other, " SHOWN                                             \
    " FROM s ORDER BY s.bucket, s.other, s.charge DESC, s.requests DESC, s.grp"

#define BY_TEXT(value, label) GROUPED("coalesce(" value ", '')", "''", label)
#define BY_ID(value, label) GROUPED("coalesce(" value ", " NO_ID ")", NO_ID, label)

static const struct {
    const char *name, *sql;
} groups[USAGE_GROUPS] = {
    [USAGE_GROUP_NONE] = {"none", GROUPED("'all'::text", "'all'", "NULL")},
    [USAGE_MODEL] = {"model", BY_TEXT("u.model", "s.grp")},
    [USAGE_KEY] = {"key", BY_ID("u.key_id",
                                "(SELECT k.name FROM tollgate.api_keys k WHERE k.key_id = s.grp)")},
    [USAGE_PROJECT] = {"project",
                       BY_ID(
                           "u.project_id",
                           "(SELECT p.name FROM tollgate.projects p WHERE p.project_id = s.grp)")},
    [USAGE_OUTCOME] = {"outcome", BY_TEXT("(SELECT o.name FROM tollgate.outcomes o"
                                          " WHERE o.outcome = u.outcome)",
                                          "s.grp")},
    [USAGE_PROVIDER] = {"provider", BY_TEXT("d.provider", "(SELECT p.name FROM tollgate.providers p"
                                                          " WHERE p.provider = s.grp)")},
    [USAGE_DEPLOYMENT] = {"deployment",
                          BY_ID("u.deployment_id",
                                "(SELECT d.model || ' @ ' || d.provider FROM tollgate.deployments d"
                                " WHERE d.deployment_id = s.grp)")},
    [USAGE_TENANT] = {"tenant",
                      BY_ID("u.tenant_id",
                            "(SELECT t.name FROM tollgate.tenants t WHERE t.tenant_id = s.grp)")},
};

static const char total_sql[] = "WITH s AS (SELECT " SUMS MATCHES ") SELECT " SHOWN " FROM s";

enum { ROW_COLUMNS = 21 };

static const struct view_column total_columns[] = {TOTAL_COLUMNS};
#define ROW_OF(a_kind, a_id)                                                                       \
    {                                                                                              \
        {"bucket", VIEW_TIME, 0}, {"group", (a_kind), (a_id)}, {"label", VIEW_TEXT, 0},            \
            {"other", VIEW_BOOL, 0}, TOTAL_COLUMNS                                                 \
    }
static const struct view_column row_columns[USAGE_GROUPS][ROW_COLUMNS] = {
    [USAGE_GROUP_NONE] = ROW_OF(VIEW_TEXT, 0),
    [USAGE_MODEL] = ROW_OF(VIEW_TEXT, 0),
    [USAGE_KEY] = ROW_OF(VIEW_ID, ID_KEY),
    [USAGE_PROJECT] = ROW_OF(VIEW_ID, ID_PROJECT),
    [USAGE_OUTCOME] = ROW_OF(VIEW_TEXT, 0),
    [USAGE_PROVIDER] = ROW_OF(VIEW_TEXT, 0),
    [USAGE_DEPLOYMENT] = ROW_OF(VIEW_ID, ID_DEPLOYMENT),
    [USAGE_TENANT] = ROW_OF(VIEW_ID, ID_TENANT),
};

const struct view usage_total_view = VIEW(total_sql, total_columns, 0);

const char *usage_bucket_name(enum usage_bucket bucket)
{
    static const char *const names[] = {[USAGE_BUCKET_NONE] = "none",
                                        [USAGE_HOUR] = "hour",
                                        [USAGE_DAY] = "day",
                                        [USAGE_MONTH] = "month"};
    return names[bucket];
}

const char *usage_group_name(enum usage_group group)
{
    return groups[group].name;
}

struct view usage_view(enum usage_group group)
{
    return (struct view){
        .sql = groups[group].sql, .columns = row_columns[group], .count = ROW_COLUMNS};
}

enum store_outcome usage_read(struct pg *pg, const struct usage_question *question,
                              struct pg_rows **rows_out, struct store_error *error_out)
{
    const struct usage_question *q = question;
    return store_judge(pg,
                       pg_exec(pg, rows_out, groups[q->group].sql, PG_UUID_OR_NULL(q->tenant),
                               PG_TIME(q->from_ms), PG_TIME(q->to_ms), q->model, q->key, q->project,
                               q->outcome, PG_BOOL(q->with_cost),
                               PG_STRING(usage_bucket_name(q->bucket)), PG_INT(q->top)),
                       "read usage", error_out);
}

enum store_outcome usage_total(struct pg *pg, const struct usage_question *question,
                               struct pg_rows **rows_out, struct store_error *error_out)
{
    const struct usage_question *q = question;
    return store_judge(pg,
                       pg_exec(pg, rows_out, total_sql, PG_UUID_OR_NULL(q->tenant),
                               PG_TIME(q->from_ms), PG_TIME(q->to_ms), q->model, q->key, q->project,
                               q->outcome, PG_BOOL(q->with_cost)),
                       "sum usage", error_out);
}

enum store_outcome usage_fresh(struct pg *pg, int64_t *fresh_ms_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(pg, &rows, error_out, "ask how far usage is posted",
                                            "SELECT tollgate.usage_fresh_at()");
    if (outcome == STORE_OK)
        *fresh_ms_out = pg_is_null(rows, 0, 0) ? INT64_MIN : pg_get_unix_ms(rows, 0, 0);
    return outcome;
}

enum store_outcome usage_month(struct pg *pg, struct uuid tenant, int64_t now_ms,
                               struct usage_month *month_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    /* Linear: what was spent, times the month's length, by what of it is over. */
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "sum the month",
        "WITH m AS (SELECT $2::timestamptz AS at, date_trunc('month', $2::timestamptz, 'UTC') AS"
        " begins, (date_trunc('month', $2::timestamptz AT TIME ZONE 'UTC') + interval '1 month')"
        " AT TIME ZONE 'UTC' AS ends), s AS (SELECT coalesce(sum(u.charge_pico), 0) AS charge"
        " FROM tollgate.usage_hourly u, m WHERE u.tenant_id = $1 AND u.hour >= m.begins"
        " AND u.hour <= m.at)"
        " SELECT s.charge, CASE WHEN m.at >= m.begins + interval '1 day' THEN round(s.charge"
        " * extract(epoch FROM m.ends - m.begins) / extract(epoch FROM m.at - m.begins)) END,"
        " EXISTS (SELECT 1 FROM tollgate.usage_hourly u WHERE u.tenant_id = $1) FROM m, s",
        PG_UUID(tenant), PG_TIME(now_ms));
    if (outcome != STORE_OK)
        return outcome;
    *month_out = (struct usage_month){.to_date_pico = pg_get_int128(rows, 0, 0),
                                      .forecast_pico = pg_get_int128(rows, 0, 1),
                                      .has_forecast = !pg_is_null(rows, 0, 1),
                                      .ever_called = pg_get_bool(rows, 0, 2)};
    return STORE_OK;
}
