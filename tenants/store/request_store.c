/*
 * request_store: see request_store.h.
 *
 * usage_events and request_log are partitioned by the UTC day of the event's id, which is the day
 * of its time: each statement bounds event_day beside the time, so that only those days are read.
 */
#include "tenants/store/request_store.h"

#include "common/base/log.h"

#define MEMBERS                                                                                    \
    {"id", VIEW_ID, ID_GENERATION}, {"time", VIEW_TIME, 0}, {"model_asked", VIEW_TEXT, 0},         \
        {"model", VIEW_TEXT, 0}, {"provider", VIEW_TEXT, 0},                                       \
        {"deployment", VIEW_ID, ID_DEPLOYMENT}, {"key", VIEW_ID, ID_KEY},                          \
        {"key_name", VIEW_TEXT, 0}, {"project", VIEW_ID, ID_PROJECT}, {"outcome", VIEW_TEXT, 0},   \
        {"mode", VIEW_TEXT, 0}, {"test", VIEW_BOOL, 0}, {"input_tokens", VIEW_INT, 0},             \
        {"cache_read_tokens", VIEW_INT, 0}, {"cache_write_tokens", VIEW_INT, 0},                   \
        {"output_tokens", VIEW_INT, 0}, {"reasoning_tokens", VIEW_INT, 0},                         \
        {"charge", VIEW_USD, 0}, {"attempts", VIEW_INT, 0}, {"first_token_ms", VIEW_INT, 0},       \
        {"total_ms", VIEW_INT, 0}, {"error", VIEW_TEXT, 0},                                        \
    {                                                                                              \
        "client_request_id", VIEW_TEXT, 0                                                          \
    }

#define MEMBERS_SQL                                                                                \
    "e.event_id, e.event_time, e.model_asked, e.model, d.provider, e.deployment_id, e.key_id,"     \
    " k.name, e.project_id, o.name, e.mode, e.test, e.input_tokens, e.cache_read_tokens,"          \
    " e.cache_write_5m_tokens + e.cache_write_1h_tokens, e.output_tokens, e.reasoning_tokens,"     \
    " e.charge_pico, coalesce(jsonb_array_length(l.attempts), 0), l.first_token_ms, l.total_ms,"   \
    " l.error, l.client_request_id"

#define BESIDE                                                                                     \
    " JOIN tollgate.outcomes o ON o.outcome = e.outcome"                                           \
    " LEFT JOIN tollgate.request_log l ON l.event_id = e.event_id AND l.event_day = e.event_day"   \
    " LEFT JOIN tollgate.deployments d ON d.deployment_id = e.deployment_id"                       \
    " LEFT JOIN tollgate.api_keys k ON k.key_id = e.key_id"

/* The ids that a client's or provider's id stands for are found first, as is the outcome. Only the
 * client's has an index: a provider's is looked for among the tenant's own requests. */
#define MATCHES                                                                                    \
    "SELECT e.* FROM tollgate.usage_events e WHERE e.tenant_id = $4 AND e.kind = 0"                \
    " AND e.event_time >= $5::timestamptz AND e.event_time < $6::timestamptz"                      \
    " AND e.event_day >= ($5::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " AND e.event_day <= ($6::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " AND ($7::text IS NULL OR e.model = $7) AND ($8::uuid IS NULL OR e.key_id = $8)"              \
    " AND ($9::uuid IS NULL OR e.project_id = $9)"                                                 \
    " AND ($10::text IS NULL OR e.outcome = (SELECT o.outcome FROM tollgate.outcomes o"            \
    " WHERE o.name = $10))"                                                                        \
    " AND ($11::text IS NULL OR e.deployment_id = ANY (ARRAY(SELECT d.deployment_id"               \
    " FROM tollgate.deployments d WHERE d.provider = $11)))"                                       \
    " AND ($12::bool IS NULL OR (e.outcome IN (" REQUEST_FAILED_OUTCOMES ")) = $12)"               \
    " AND ($13::numeric IS NULL OR e.charge_pico >= $13)"                                          \
    " AND ($14::uuid IS NULL OR e.event_id = $14)"                                                 \
    " AND ($15::text IS NULL OR e.event_id = ANY (ARRAY(SELECT l.event_id"                         \
    " FROM tollgate.request_log l WHERE l.client_request_id = $15 AND l.tenant_id = $4"            \
    " AND l.event_day >= ($5::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " AND l.event_day <= ($6::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " UNION ALL SELECT l.event_id FROM tollgate.usage_events x JOIN tollgate.request_log l"        \
    " ON l.event_id = x.event_id AND l.event_day = x.event_day"                                    \
    " WHERE l.provider_request_id = $15 AND x.tenant_id = $4"                                      \
    " AND x.event_time >= $5 AND x.event_time < $6"                                                \
    " AND x.event_day >= ($5::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " AND x.event_day <= ($6::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " LIMIT 1000)))"

#define BEHIND_THE_CURSOR                                                                          \
    " AND ($2::timestamptz IS NULL OR (e.event_time <= $2"                                         \
    " AND e.event_day <= ($2::timestamptz AT TIME ZONE 'UTC')::date"                               \
    " AND (e.event_time, e.event_id) < ($2, $3::uuid)))"
#define NEWEST_FIRST " ORDER BY e.event_time DESC, e.event_id DESC"

static const char newest_sql[] =
    "SELECT " MEMBERS_SQL
    ", e.event_time::text, e.event_id::text FROM (" MATCHES BEHIND_THE_CURSOR NEWEST_FIRST
    " LIMIT $1) e" BESIDE NEWEST_FIRST;

/* What is rare is not looked for in all events: the rollups tell which hours have some of it, and
 * how many, so that only as many hours are read as fill the page. The hour of the cursor counts
 * for nothing, because a part of it stands on the pages before; and a least charge is a charge
 * that the sum of an hour has at least. */
static const char filtered_sql[] =
    "WITH hours AS MATERIALIZED (SELECT h.hour, h.hour + interval '1 hour' AS ends,"
    " (h.hour AT TIME ZONE 'UTC')::date AS day FROM (SELECT u.hour, coalesce(sum(sum(u.requests)"
    " FILTER (WHERE u.hour < date_trunc('hour', least($2, $6::timestamptz), 'UTC')))"
    " OVER (ORDER BY u.hour DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer"
    " FROM tollgate.usage_hourly u WHERE u.tenant_id = $4"
    " AND u.hour >= date_trunc('hour', $5::timestamptz, 'UTC') AND u.hour < $6"
    " AND ($2 IS NULL OR u.hour <= $2) AND ($7::text IS NULL OR u.model = $7)"
    " AND ($8::uuid IS NULL OR u.key_id = $8) AND ($9::uuid IS NULL OR u.project_id = $9)"
    " AND ($10::text IS NULL OR u.outcome = (SELECT o.outcome FROM tollgate.outcomes o"
    " WHERE o.name = $10))"
    " AND ($11::text IS NULL OR u.deployment_id = ANY (ARRAY(SELECT d.deployment_id"
    " FROM tollgate.deployments d WHERE d.provider = $11)))"
    " AND ($12::bool IS NULL OR (u.outcome IN (" REQUEST_FAILED_OUTCOMES ")) = $12)"
    " AND ($13::numeric IS NULL OR u.charge_pico >= $13)"
    " GROUP BY u.hour) h WHERE h.newer < $1 OR $13 IS NOT NULL)"
    " SELECT " MEMBERS_SQL ", e.event_time::text, e.event_id::text FROM (SELECT e.* FROM hours h"
    " CROSS JOIN LATERAL (" MATCHES " AND e.event_time >= h.hour"
    " AND e.event_time < h.ends AND e.event_day = h.day" BEHIND_THE_CURSOR
    " OFFSET 0) e" NEWEST_FIRST " LIMIT $1) e" BESIDE NEWEST_FIRST;

static const char dearest_sql[] =
    "SELECT " MEMBERS_SQL ", e.charge_pico::text, e.event_id::text FROM (" MATCHES
    " AND ($2::int8 IS NULL OR (e.charge_pico, e.event_id) < ($2, $3::uuid))"
    " ORDER BY e.charge_pico DESC, e.event_id DESC LIMIT $1) e" BESIDE
    " ORDER BY e.charge_pico DESC, e.event_id DESC";

static const struct view_column list_columns[] = {MEMBERS};
const struct view request_newest_view = VIEW(newest_sql, list_columns, 2);
const struct view request_filtered_view = VIEW(filtered_sql, list_columns, 2);
const struct view request_dearest_view = VIEW(dearest_sql, list_columns, 2);

/* ---- one ---- */

static const struct view_column detail_columns[] = {
    MEMBERS,
    {"usage_from", VIEW_TEXT, 0},
    {"context_tier", VIEW_INT, 0},
    {"price_version", VIEW_ID, ID_PRICE_VERSION},
    {"plan_version", VIEW_ID, ID_PLAN_VERSION},
    {"plan", VIEW_TEXT, 0},
    {"discount_percent", VIEW_TEXT, 0},
    {"markup_percent", VIEW_TEXT, 0},
    {"fixed", VIEW_USD, 0},
    {"base", VIEW_USD, 0},
    {"discount", VIEW_USD, 0},
    {"markup", VIEW_USD, 0},
    {"told", VIEW_USD, 0},
    {"overrun", VIEW_USD, 0},
    {"cost", VIEW_USD, 0},
    {"overhead_us", VIEW_INT, 0},
    {"provider_request_id", VIEW_TEXT, 0},
    {"session_id", VIEW_TEXT, 0},
    {"end_user", VIEW_TEXT, 0},
    {"app", VIEW_TEXT, 0},
    {"tags", VIEW_JSON, 0},
    {"usage_verbatim", VIEW_TEXT, 0},
    {"posted_at", VIEW_TIME, 0},
    {"transaction", VIEW_ID, ID_TRANSACTION},
};
enum {
    D_ATTEMPTS = array_size(detail_columns), /* behind the view's columns */
    D_METERS,
};

/* In the order of enum meter; those that have no column of their own lie in other_meters. */
#define OTHER(meter) ", coalesce((e.other_meters->>'" meter "')::int8, 0)"
#define METERS_SQL                                                                                 \
    "e.input_tokens, e.output_tokens, e.reasoning_tokens, e.cache_read_tokens,"                    \
    " e.cache_write_5m_tokens, e.cache_write_1h_tokens" OTHER("input_audio") OTHER("output_audio") \
        OTHER("input_image") OTHER("output_image") OTHER("image") OTHER("request")                 \
            OTHER("web_search") OTHER("second") OTHER("character")

/* A plan's fixed part is of what is charged at all; a provider's discount stands for the plan's.
 * What is due is charge + overrun; the markup is what makes it of the base. */
static const char detail_sql[] =
    "SELECT " MEMBERS_SQL ", (ARRAY['none', 'provider', 'counted', 'crash'])[e.usage_from + 1],"
    " e.context_tier, e.price_version_id, e.plan_version_id, p.plan,"
    " trim_scale(coalesce(x.discount_ppm, p.discount_ppm) / 10000.0)::text,"
    " trim_scale(p.markup_ppm / 10000.0)::text, f.fixed, e.base_pico, e.discount_pico,"
    " e.charge_pico + e.overrun_pico - e.base_pico + e.discount_pico - f.fixed, e.told_pico,"
    " e.overrun_pico, CASE WHEN $3 THEN e.cost_pico END, l.overhead_us, l.provider_request_id,"
    " l.session_id, l.end_user, l.app, l.tags, l.usage_verbatim, e.posted_at, e.txn_id,"
    " l.attempts, " METERS_SQL " FROM tollgate.usage_events e" BESIDE
    " LEFT JOIN tollgate.plan_versions p ON p.plan_version_id = e.plan_version_id"
    " LEFT JOIN tollgate.plan_provider_discounts x ON x.plan_version_id = e.plan_version_id"
    " AND x.provider = d.provider CROSS JOIN LATERAL (SELECT CASE WHEN e.test OR e.byok"
    " OR e.outcome NOT IN (1, 3, 4) THEN 0 ELSE coalesce(p.fixed_pico, 0) END AS fixed) f"
    " WHERE e.tenant_id = $1 AND e.event_id = $2 AND e.event_day = tollgate.uuid7_day($2)"
    " AND e.kind = 0";

const struct view request_detail_view = VIEW(detail_sql, detail_columns, 0);

enum { D_MODE = 10, D_PRICE_VERSION = 25, D_BASE = 31 };

bool request_detail_priced(const struct pg_rows *rows, size_t row,
                           struct request_priced *priced_out)
{
    struct request_priced priced = {.price_version = pg_get_uuid(rows, row, D_PRICE_VERSION),
                                    .base_pico = pg_get_int64(rows, row, D_BASE)};
    if (price_mode_parse(pg_get_text(rows, row, D_MODE), &priced.mode) < 0)
        return false;
    for (int m = 0; m < METERS; m++)
        meters_set(&priced.meters, (enum meter)m, pg_get_int64(rows, row, D_METERS + m));
    *priced_out = priced;
    return true;
}

struct span request_detail_attempts(const struct pg_rows *rows, size_t row)
{
    return pg_get_text(rows, row, D_ATTEMPTS);
}

enum store_outcome request_store_price(struct pg *pg, struct uuid id, struct arena *arena,
                                       struct price_version *price_out,
                                       struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct price_version price = {.id = id};
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "read the price",
        "SELECT v.deployment_id, d.model, d.dialect, r.meter, r.mode, r.context_over,"
        " r.pico_per_unit FROM tollgate.price_versions v"
        " JOIN tollgate.deployments d USING (deployment_id)"
        " JOIN tollgate.price_rates r USING (price_version_id) WHERE v.price_version_id = $1",
        PG_UUID(id));
    if (outcome != STORE_OK)
        return outcome;
    size_t count = pg_rows_count(rows);
    if (count == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such price version");
    struct price_rate *rates = arena_array(arena, count, sizeof(*rates));
    for (size_t i = 0; i < count; i++) {
        enum meter meter;
        enum price_mode mode;
        if (meter_parse(pg_get_text(rows, i, 3), &meter) < 0 ||
            price_mode_parse(pg_get_text(rows, i, 4), &mode) < 0) {
            log_event(LOG_WARN, "price.unknown_meter", LOG_SP("meter", pg_get_text(rows, i, 3)));
            continue;
        }
        rates[price.rate_count++] = (struct price_rate){.meter = (uint8_t)meter,
                                                        .mode = (uint8_t)mode,
                                                        .context_over = pg_get_int64(rows, i, 5),
                                                        .pico_per_unit = pg_get_int64(rows, i, 6)};
    }
    price.deployment = pg_get_uuid(rows, 0, 0);
    price.one_hour_write_twice_input =
        price_doubles_one_hour_writes(pg_get_text(rows, 0, 1), pg_get_text(rows, 0, 2));
    price.rates = rates;
    *price_out = price;
    return STORE_OK;
}

enum store_outcome request_store_models(struct pg *pg, const struct uuid *deployments, size_t count,
                                        struct pg_rows **rows_out, struct store_error *error_out)
{
    return store_judge(pg,
                       pg_exec(pg, rows_out,
                               "SELECT deployment_id, model FROM tollgate.deployments"
                               " WHERE deployment_id = ANY ($1::uuid[])",
                               PG_UUIDS(deployments, count)),
                       "find the models of the attempts", error_out);
}
