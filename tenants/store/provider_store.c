/*
 * provider_store: see provider_store.h.
 */
#include "tenants/store/provider_store.h"

static const struct view_column provider_columns[] = {
    {"id", VIEW_TEXT, 0},        {"name", VIEW_TEXT, 0},       {"status", VIEW_TEXT, 0},
    {"endpoints", VIEW_JSON, 0}, {"variables", VIEW_JSON, 0},  {"deployments", VIEW_INT, 0},
    {"published", VIEW_INT, 0},  {"credentials", VIEW_INT, 0}, {"etag", VIEW_ETAG, 0},
};

#define PROVIDER_SELECT                                                                            \
    "SELECT s.provider, s.name, s.status, s.endpoints, s.variables, d.deployments, d.published, "  \
    "(SELECT count(*) FROM tollgate.provider_credentials c WHERE c.provider = s.provider "         \
    "  AND c.status = 'active' AND c.tenant_id IS NULL), s.revision"
#define PROVIDER_FROM                                                                              \
    " FROM tollgate.providers s LEFT JOIN LATERAL (SELECT count(*) AS deployments, "               \
    "  count(*) FILTER (WHERE d.status = 'published') AS published "                               \
    "  FROM tollgate.deployments d WHERE d.provider = s.provider AND d.status <> 'retired') d "    \
    "ON true "

static const char provider_list_sql[] = PROVIDER_SELECT
    ", s.provider COLLATE \"C\" AS place" PROVIDER_FROM
    "WHERE ($2::text IS NULL OR s.provider COLLATE \"C\" > $2) AND $3::text IS NULL "
    "AND ($4::text IS NULL OR position(lower($4) IN lower(s.provider || ' ' || s.name)) > 0) "
    "AND ($5::text IS NULL OR s.status = $5) ORDER BY place LIMIT $1";
const struct view provider_list_view = VIEW(provider_list_sql, provider_columns, 1);

static const char provider_sql[] = PROVIDER_SELECT PROVIDER_FROM "WHERE s.provider = $1";
const struct view provider_view = VIEW(provider_sql, provider_columns, 0);

/* ---- health ---- */

static const struct view_column health_columns[] = {
    {"provider", VIEW_TEXT, 0},        {"deployment", VIEW_ID, ID_DEPLOYMENT},
    {"model", VIEW_TEXT, 0},           {"status", VIEW_TEXT, 0},
    {"attempts", VIEW_INT, 0},         {"failures", VIEW_INT, 0},
    {"failure_rate", VIEW_DOUBLE, 0},  {"p50_ms", VIEW_INT, 0},
    {"p95_ms", VIEW_INT, 0},           {"first_token_p95_ms", VIEW_INT, 0},
    {"last_failure_at", VIEW_TIME, 0}, {"last_failure", VIEW_TEXT, 0},
};

/* a: the attempts of the requests asked for, one row each. The first token is the request's, and so
 * counts for the attempt that delivered it. The time is that of the request's id. */
static const char health_sql[] =
    "WITH a AS MATERIALIZED (SELECT x ->> 'deployment' AS deployment, "
    "    (x ->> 'ms')::int8 AS ms, coalesce((x ->> 'status')::int8, 0) AS status, "
    "    coalesce(x ->> 'reason', '') AS reason, "
    "    CASE WHEN (x ->> 'delivered')::boolean THEN l.first_token_ms END AS first_token_ms, "
    "    l.event_id "
    "  FROM tollgate.request_log l CROSS JOIN LATERAL jsonb_array_elements(l.attempts) AS x "
    "  WHERE l.event_day >= tollgate.uuid7_day($4::uuid) AND l.event_id >= $4::uuid "
    "    AND jsonb_typeof(l.attempts) = 'array'), "
    "judged AS (SELECT *, reason NOT IN ('', 'ok', 'cancelled', 'journal') AND NOT "
    "    (status BETWEEN 400 AND 499 AND status NOT IN (401, 402, 403, 408, 429)) AS failed FROM "
    "a), "
    "sums AS (SELECT deployment, count(*) AS attempts, count(*) FILTER (WHERE failed) AS failures, "
    "    percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS p50, "
    "    percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) AS p95, "
    "    percentile_disc(0.95) WITHIN GROUP (ORDER BY first_token_ms) AS first_p95, "
    "    max(('x' || substr(replace(event_id::text, '-', ''), 1, 12))::bit(48)::int8) "
    "      FILTER (WHERE failed) AS failed_ms, "
    "    (array_agg(reason || CASE WHEN status > 0 THEN ' (' || status || ')' ELSE '' END "
    "      ORDER BY event_id DESC) FILTER (WHERE failed))[1] AS last_failure "
    "  FROM judged GROUP BY deployment) "
    "SELECT d.provider, d.deployment_id, d.model, d.status, s.attempts, s.failures, "
    "round(s.failures::numeric / s.attempts, 6)::float8, s.p50, s.p95, s.first_p95, "
    "to_timestamp(s.failed_ms::numeric / 1000), s.last_failure, "
    "d.provider COLLATE \"C\" AS place, d.deployment_id::text COLLATE \"C\" AS id "
    "FROM sums s JOIN tollgate.deployments d "
    "  ON tollgate.typed_id('dep', d.deployment_id) = s.deployment "
    "WHERE ($2::text IS NULL OR (d.provider COLLATE \"C\", d.deployment_id::text COLLATE \"C\") > "
    "  ($2, $3::text)) "
    "AND ($5::text IS NULL OR d.provider = $5) "
    "AND (NOT coalesce($6::boolean, false) OR s.failures > 0) "
    "ORDER BY place, id LIMIT $1";
const struct view provider_health_view = VIEW(health_sql, health_columns, 2);

struct uuid provider_health_from(int64_t unix_ms)
{
    static const uint8_t zeros[10];
    return uuid_make(unix_ms, zeros);
}

/* ---- changes ---- */

enum store_outcome provider_store_lock(struct pg *pg, struct span provider, int64_t *revision_out,
                                       struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "lock the provider",
                   "SELECT revision FROM tollgate.providers WHERE provider = $1 FOR UPDATE",
                   PG_TEXT(provider));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such provider");
    *revision_out = pg_get_int64(rows, 0, 0);
    return STORE_OK;
}

enum store_outcome provider_store_update(struct pg *pg, struct span provider,
                                         struct pg_param status, struct store_error *error_out)
{
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "change the provider",
                   "UPDATE tollgate.providers SET status = coalesce($2::text, status), "
                   "revision = revision + 1 WHERE provider = $1 AND status <> 'retired'",
                   PG_TEXT(provider), status);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        return store_fail(error_out, STORE_REFUSED,
                          "the provider is retired: the catalog does not have it any more");
    return outcome;
}
