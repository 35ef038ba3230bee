/*
 * model_store: see model_store.h.
 */
#include "tenants/store/model_store.h"

#include "tenants/store/catalog_sql.h"

/* ---- models ---- */

#define MODEL_COLUMNS                                                                              \
    {"id", VIEW_TEXT, 0}, {"name", VIEW_TEXT, 0}, {"kind", VIEW_TEXT, 0},                          \
        {"family", VIEW_TEXT, 0}, {"status", VIEW_TEXT, 0}, {"status_reason", VIEW_TEXT, 0},       \
        {"deprecated", VIEW_BOOL, 0}, {"open_weights", VIEW_BOOL, 0},                              \
        {"release_date", VIEW_DATE, 0}, {"context_limit", VIEW_INT, 0},                            \
        {"output_limit", VIEW_INT, 0}, {"deployments", VIEW_INT, 0}, {"sellable", VIEW_INT, 0},    \
        {"providers", VIEW_TEXTS, 0}, {"input_from", VIEW_PRICE, 0},                               \
        {"output_from", VIEW_PRICE, 0},                                                            \
    {                                                                                              \
        "etag", VIEW_ETAG, 0                                                                       \
    }

static const struct view_column model_columns[] = {MODEL_COLUMNS};
static const struct view_column model_detail_columns[] = {
    MODEL_COLUMNS, {"aliases", VIEW_TEXTS, 0}, {"facts", VIEW_JSON, 0}};

#define MODEL_SELECT                                                                               \
    "SELECT m.model, m.name, m.kind, m.family, m.status, m.status_reason, m.deprecated, "          \
    "m.open_weights, m.release_date, (m.facts #>> '{limits,context}')::int8, "                     \
    "(m.facts #>> '{limits,output}')::int8, o.deployments, o.sellable, o.providers, "              \
    "o.input_from, o.output_from, m.revision"

/* o: what the deployments of a model come to. Of a price, the lowest tier in standard mode. */
#define MODEL_FROM(published, tenant)                                                              \
    " FROM tollgate.models m LEFT JOIN LATERAL ("                                                  \
    "  SELECT count(*) AS deployments, "                                                           \
    "    count(*) FILTER (WHERE d.live AND m.status = 'published' AND d.sold) AS sellable, "       \
    "    coalesce(array_agg(DISTINCT d.provider ORDER BY d.provider), '{}') AS providers, "        \
    "    min(d.input) FILTER (WHERE d.live) AS input_from, "                                       \
    "    min(d.output) FILTER (WHERE d.live) AS output_from "                                      \
    "  FROM (SELECT d.provider, d.status = 'published' AND s.status = 'active' AS live, "          \
    "      " CATALOG_SQL_SOLD " AS sold, r.input, r.output "                                       \
    "    FROM tollgate.deployments d JOIN tollgate.providers s USING (provider) "                  \
    "    " CATALOG_SQL_LIST_PRICE(                                                                 \
        tenant) "    LEFT JOIN LATERAL (SELECT min(t.pico_per_unit) FILTER (WHERE t.meter = "      \
                "'input') AS input, "                                                              \
                "        min(t.pico_per_unit) FILTER (WHERE t.meter = 'output') AS output "        \
                "      FROM tollgate.price_rates t WHERE t.price_version_id = p.price_version_id " \
                "      AND t.mode = 'standard' AND t.context_over = 0) r ON true "                 \
                "    WHERE d.model = m.model AND (NOT " published                                  \
                "::boolean OR d.status = 'published')) d"                                          \
                ") o ON true "

static const char model_list_sql[] = MODEL_SELECT ", m.model COLLATE \"C\" AS place" MODEL_FROM(
    "$8",
    "$9") "WHERE ($2::text IS NULL OR m.model COLLATE \"C\" > $2) AND $3::text IS NULL "
          "AND ($4::text IS NULL OR position(lower($4) IN lower(m.model || ' ' || m.name)) > 0) "
          "AND ($5::text IS NULL OR m.kind = $5) "
          "AND ($6::text IS NULL OR EXISTS (SELECT 1 FROM tollgate.deployments d WHERE d.model = "
          "m.model "
          "  AND d.provider = $6 AND (NOT $8 OR d.status = 'published'))) "
          "AND ($7::text IS NULL OR m.status = $7) AND (NOT $8 OR m.status = 'published') "
          "ORDER BY place LIMIT $1";
const struct view model_list_view = VIEW(model_list_sql, model_columns, 1);

#define ONE_MODEL "WHERE m.model = $1 AND (NOT $2 OR m.status = 'published')"

static const char model_sql[] = MODEL_SELECT MODEL_FROM("$2", "$3") ONE_MODEL;
const struct view model_view = VIEW(model_sql, model_columns, 0);

static const char model_detail_sql[] =
    MODEL_SELECT ", (SELECT coalesce(array_agg(a.alias ORDER BY a.alias COLLATE \"C\"), '{}') "
                 "FROM tollgate.model_aliases a WHERE a.model = m.model), "
                 "m.facts" MODEL_FROM("$2", "$3") ONE_MODEL;
const struct view model_detail_view = VIEW(model_detail_sql, model_detail_columns, 0);

static const struct view_column offer_columns[] = {{"deployment", VIEW_ID, ID_DEPLOYMENT},
                                                   {"provider", VIEW_TEXT, 0},
                                                   {"region", VIEW_TEXT, 0},
                                                   {"quantization", VIEW_TEXT, 0},
                                                   {"status", VIEW_TEXT, 0},
                                                   {"status_reason", VIEW_TEXT, 0},
                                                   {"context_limit", VIEW_INT, 0},
                                                   {"output_limit", VIEW_INT, 0},
                                                   {"price", VIEW_ID, ID_PRICE_VERSION},
                                                   {"rates", VIEW_JSON, 0}};

static const char offer_sql[] =
    "SELECT d.deployment_id, d.provider, d.region, d.quantization, d.status, d.status_reason, "
    "d.context_limit, d.output_limit, p.price_version_id, " CATALOG_SQL_RATES(
        "p.price_version_id") " FROM tollgate.models m JOIN tollgate.deployments d USING "
                              "(model) " CATALOG_SQL_LIST_PRICE("$3") ONE_MODEL
    " AND (NOT $2 OR d.status = 'published') "
    "ORDER BY d.priority, d.catalog_key COLLATE \"C\" LIMIT 1000";
const struct view offer_view = VIEW(offer_sql, offer_columns, 0);

/* ---- deployments ---- */

static const struct view_column deployment_columns[] = {
    {"id", VIEW_ID, ID_DEPLOYMENT},
    {"model", VIEW_TEXT, 0},
    {"provider", VIEW_TEXT, 0},
    {"upstream_id", VIEW_TEXT, 0},
    {"catalog_key", VIEW_TEXT, 0},
    {"dialect", VIEW_TEXT, 0},
    {"base_url", VIEW_TEXT, 0},
    {"auth", VIEW_TEXT, 0},
    {"maturity", VIEW_TEXT, 0},
    {"region", VIEW_TEXT, 0},
    {"quantization", VIEW_TEXT, 0},
    {"variant", VIEW_TEXT, 0},
    {"trains", VIEW_BOOL, 0},
    {"retains", VIEW_BOOL, 0},
    {"context_limit", VIEW_INT, 0},
    {"input_limit", VIEW_INT, 0},
    {"output_limit", VIEW_INT, 0},
    {"priority", VIEW_INT, 0},
    {"weight", VIEW_INT, 0},
    {"connect_timeout_ms", VIEW_INT, 0},
    {"first_token_timeout_ms", VIEW_INT, 0},
    {"idle_timeout_ms", VIEW_INT, 0},
    {"total_timeout_ms", VIEW_INT, 0},
    {"abort_policy", VIEW_TEXT, 0},
    {"drained_at", VIEW_TIME, 0},
    {"drained_by", VIEW_TEXT, 0},
    {"drain_reason", VIEW_TEXT, 0},
    {"probe_interval_s", VIEW_INT, 0},
    {"probe_daily_cap", VIEW_USD, 0},
    {"status", VIEW_TEXT, 0},
    {"status_reason", VIEW_TEXT, 0},
    {"quarantine", VIEW_TEXTS, 0},
    {"released", VIEW_BOOL, 0},
    {"free_on_purpose", VIEW_BOOL, 0},
    {"has_price", VIEW_BOOL, 0},
    {"has_credential", VIEW_BOOL, 0},
    {"etag", VIEW_ETAG, 0},
};

#define DEPLOYMENT_SELECT                                                                          \
    "SELECT d.deployment_id, d.model, d.provider, d.upstream_id, d.catalog_key, d.dialect, "       \
    "d.base_url, d.auth, d.maturity, d.region, d.quantization, d.variant, d.trains, d.retains, "   \
    "d.context_limit, d.input_limit, d.output_limit, d.priority, d.weight, d.connect_timeout_ms, " \
    "d.first_token_timeout_ms, d.idle_timeout_ms, d.total_timeout_ms, d.abort_policy, "            \
    "d.drained_at, d.drained_by, d.drain_reason, d.probe_interval_s, d.probe_daily_cap_pico, "     \
    "d.status, "                                                                                   \
    "d.status_reason, d.quarantine, d.released, d.free_on_purpose, " CATALOG_SQL_SOLD ", "         \
    "EXISTS (SELECT 1 FROM tollgate.provider_credentials c WHERE c.provider = d.provider "         \
    "  AND c.status = 'active' AND c.tenant_id IS NULL "                                           \
    "  AND (c.deployment_id IS NULL OR c.deployment_id = d.deployment_id)), d.revision"
#define DEPLOYMENT_FROM " FROM tollgate.deployments d " CATALOG_SQL_LIST_PRICE("NULL")

static const char deployment_list_sql[] = DEPLOYMENT_SELECT
    ", d.model COLLATE \"C\" AS place, d.catalog_key COLLATE \"C\" AS key" DEPLOYMENT_FROM
    "WHERE ($2::text IS NULL OR (d.model COLLATE \"C\", d.catalog_key COLLATE \"C\") > ($2, "
    "$3::text)) "
    "AND ($4::text IS NULL OR position(lower($4) IN "
    "  lower(d.model || ' ' || d.provider || ' ' || d.upstream_id)) > 0) "
    "AND ($5::text IS NULL OR d.model = $5) AND ($6::text IS NULL OR d.provider = $6) "
    "AND ($7::text IS NULL OR d.status = $7) "
    "AND ($8::boolean IS NULL OR (d.drained_at IS NOT NULL) = $8) ORDER BY place, key LIMIT $1";
const struct view deployment_list_view = VIEW(deployment_list_sql, deployment_columns, 2);

static const char deployment_sql[] = DEPLOYMENT_SELECT DEPLOYMENT_FROM "WHERE d.deployment_id = $1";
const struct view deployment_view = VIEW(deployment_sql, deployment_columns, 0);

/* ---- changes ---- */

static enum store_outcome revision_of(const struct pg_rows *rows, const char *what,
                                      int64_t *revision_out, struct store_error *error_out)
{
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such %s", what);
    *revision_out = pg_get_int64(rows, 0, 0);
    return STORE_OK;
}

enum store_outcome model_store_lock(struct pg *pg, struct span model, int64_t *revision_out,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "lock the model",
        "SELECT revision FROM tollgate.models WHERE model = $1 FOR UPDATE", PG_TEXT(model));
    return outcome == STORE_OK ? revision_of(rows, "model", revision_out, error_out) : outcome;
}

enum store_outcome deployment_store_lock(struct pg *pg, struct uuid deployment,
                                         int64_t *revision_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "lock the deployment",
                   "SELECT revision FROM tollgate.deployments WHERE deployment_id = $1 FOR UPDATE",
                   PG_UUID(deployment));
    return outcome == STORE_OK ? revision_of(rows, "deployment", revision_out, error_out) : outcome;
}

#define REASON(status, sets, reason)                                                               \
    "status_reason = CASE WHEN " sets "::boolean THEN " reason "::text "                           \
    "  WHEN " status " = 'published' THEN NULL ELSE status_reason END, "
#define WITHDRAWN(status)                                                                          \
    "withdrawn = CASE WHEN " status " IS NULL THEN withdrawn ELSE " status " = 'retired' END, "

enum store_outcome model_store_update(struct pg *pg, struct span model,
                                      const struct model_change *change,
                                      struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "change the model",
                      "UPDATE tollgate.models SET name = coalesce($2::text, name), "
                      "catalog_name = CASE WHEN $2 IS NULL THEN catalog_name "
                      "  ELSE nullif(coalesce(catalog_name, name), $2) END, "
                      "catalog_deprecated = CASE WHEN $4::boolean IS NULL THEN catalog_deprecated "
                      "  ELSE nullif(coalesce(catalog_deprecated, deprecated), $4) END, "
                      "status = coalesce($3::text, status), "
                      "deprecated = coalesce($4::boolean, deprecated), " WITHDRAWN("$3")
                          REASON("$3", "$5", "$6") "revision = revision + 1 WHERE model = $1",
                      PG_TEXT(model), change->name, change->status, change->deprecated,
                      PG_BOOL(change->sets_reason), change->status_reason);
}

enum store_outcome deployment_store_update(struct pg *pg, struct uuid deployment,
                                           const struct deployment_change *change,
                                           struct store_error *error_out)
{
    return store_exec(
        pg, NULL, error_out, "change the deployment",
        "UPDATE tollgate.deployments SET status = coalesce($2::text, status), "
        "released = CASE WHEN $2 = 'published' "
        "    THEN released OR status = 'quarantined' OR cardinality(quarantine) > 0 "
        "  WHEN $2 = 'quarantined' THEN false ELSE released END, " WITHDRAWN("$2") REASON(
            "$2", "$3", "$4") "trains = CASE WHEN $5::boolean THEN $6::boolean ELSE trains END, "
                              "retains = CASE WHEN $7::boolean THEN $8::boolean ELSE retains END, "
                              "priority = coalesce($9, priority), weight = coalesce($10, weight), "
                              "connect_timeout_ms = coalesce($11, connect_timeout_ms), "
                              "first_token_timeout_ms = coalesce($12, first_token_timeout_ms), "
                              "idle_timeout_ms = coalesce($13, idle_timeout_ms), "
                              "total_timeout_ms = coalesce($14, total_timeout_ms), "
                              "abort_policy = coalesce($15, abort_policy), "
                              "free_on_purpose = coalesce($16, free_on_purpose), "
                              "probe_interval_s = coalesce($17, probe_interval_s), "
                              "probe_daily_cap_pico = coalesce($18::int8, probe_daily_cap_pico), "
                              "revision = revision + 1 WHERE deployment_id = $1",
        PG_UUID(deployment), change->status, PG_BOOL(change->sets_reason), change->status_reason,
        PG_BOOL(change->sets_trains), change->trains, PG_BOOL(change->sets_retains),
        change->retains, change->priority, change->weight, change->connect_timeout_ms,
        change->first_token_timeout_ms, change->idle_timeout_ms, change->total_timeout_ms,
        change->abort_policy, change->free_on_purpose, change->probe_interval_s,
        change->probe_daily_cap);
}

enum store_outcome deployment_store_drain(struct pg *pg, struct uuid deployment,
                                          const struct deployment_drain *drain,
                                          struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "drain the deployment",
                      "UPDATE tollgate.deployments SET drained_at = coalesce(drained_at, now()), "
                      "drained_by = $2, drain_reason = $3, revision = revision + 1 "
                      "WHERE deployment_id = $1",
                      PG_UUID(deployment), PG_STRING(drain->by), PG_TEXT(drain->reason));
}

enum store_outcome deployment_store_undrain(struct pg *pg, struct uuid deployment,
                                            struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "end the drain",
                      "UPDATE tollgate.deployments SET drained_at = NULL, drained_by = NULL, "
                      "drain_reason = NULL, revision = revision + 1 WHERE deployment_id = $1",
                      PG_UUID(deployment));
}
