/*
 * catalog_apply: an import's changes written to the tables; see catalog_store.h.
 *
 * Each table gets all its rows in one statement: tens of thousands of rates would otherwise each
 * announce the snapshot anew.
 */
#include "tenants/store/catalog_rows.h"
#include "tenants/store/catalog_store.h"

#define IMPORT_LOCK 7014117

struct applying {
    struct pg *pg;
    const struct store_actor *actor;
    const struct catalog_rows *rows;
    struct store_error *error;
};

/* A deployment may stand in several changes, so rows are told apart by key first. What operators
 * set is written by the first import only, or where the new side states it. */
static const char upsert_deployments[] =
    "INSERT INTO tollgate.deployments AS d (deployment_id, catalog_key, model, provider, "
    "upstream_id, failure_domain, dialect, base_url, query, auth, maturity, first_party, "
    "offer_scope, variant, model_snapshot, context_limit, input_limit, output_limit, capabilities, "
    "region, quantization, trains, retains, first_token_timeout_ms, quarantine, status_reason, "
    "prices_as_of, source, status) "
    "SELECT DISTINCT ON (catalog_key) deployment_id, catalog_key, model, provider, upstream_id, "
    "failure_domain, dialect, base_url, query, auth, maturity, first_party, offer_scope, variant, "
    "model_snapshot, context_limit, input_limit, output_limit, capabilities, region, quantization, "
    "trains, retains, first_token_timeout_ms, quarantine, status_reason, prices_as_of, source, "
    "CASE WHEN cardinality(quarantine) > 0 THEN 'quarantined' ELSE 'published' END "
    "FROM jsonb_to_recordset($1::jsonb) AS r(deployment_id uuid, catalog_key text, model text, "
    "provider text, upstream_id text, failure_domain text, dialect text, base_url text, "
    "query text, auth text, maturity text, first_party boolean, offer_scope text, variant text, "
    "model_snapshot text, context_limit int8, input_limit int8, output_limit int8, "
    "capabilities jsonb, region text, quantization text, trains boolean, retains boolean, "
    "first_token_timeout_ms int4, quarantine text[], status_reason text, prices_as_of date, "
    "source text) "
    "ON CONFLICT (catalog_key) DO UPDATE SET model = excluded.model, provider = excluded.provider, "
    "upstream_id = excluded.upstream_id, failure_domain = excluded.failure_domain, "
    "dialect = excluded.dialect, base_url = excluded.base_url, query = excluded.query, "
    "auth = excluded.auth, maturity = excluded.maturity, first_party = excluded.first_party, "
    "offer_scope = excluded.offer_scope, variant = excluded.variant, "
    "model_snapshot = excluded.model_snapshot, context_limit = excluded.context_limit, "
    "input_limit = excluded.input_limit, output_limit = excluded.output_limit, "
    "capabilities = excluded.capabilities, region = coalesce(excluded.region, d.region), "
    "quantization = coalesce(excluded.quantization, d.quantization), "
    "trains = coalesce(excluded.trains, d.trains), "
    "retains = coalesce(excluded.retains, d.retains), quarantine = excluded.quarantine, "
    "status_reason = CASE WHEN d.withdrawn OR d.status = 'draft' "
    "    OR (d.status = 'quarantined' AND cardinality(d.quarantine) = 0) "
    "  THEN coalesce(d.status_reason, excluded.status_reason) ELSE excluded.status_reason END, "
    "prices_as_of = excluded.prices_as_of, source = excluded.source, revision = d.revision + 1, "
    "status = CASE WHEN d.withdrawn THEN 'retired' WHEN d.status = 'draft' THEN 'draft' "
    "  WHEN d.status = 'quarantined' AND cardinality(d.quarantine) = 0 THEN 'quarantined' "
    "  WHEN d.released THEN 'published' ELSE excluded.status END";

static const char upsert_providers[] =
    "INSERT INTO tollgate.providers AS p (provider, name, endpoints, variables) "
    "SELECT provider, name, endpoints, variables FROM jsonb_to_recordset($1::jsonb) "
    "AS r(provider text, name text, endpoints jsonb, variables jsonb) "
    "ON CONFLICT (provider) DO UPDATE SET name = excluded.name, endpoints = excluded.endpoints, "
    "variables = excluded.variables, revision = p.revision + 1, "
    "status = CASE WHEN p.status = 'retired' THEN 'active' ELSE p.status END";

static const char upsert_models[] =
    "INSERT INTO tollgate.models AS m (model, name, kind, openrouter_id, family, knowledge, "
    "release_date, open_weights, deprecated, facts) "
    "SELECT DISTINCT ON (model) model, name, kind, openrouter_id, family, knowledge, release_date, "
    "open_weights, "
    "deprecated, facts FROM jsonb_to_recordset($1::jsonb) AS r(model text, name text, kind text, "
    "openrouter_id text, family text, knowledge text, release_date date, open_weights boolean, "
    "deprecated boolean, facts jsonb) "
    "ON CONFLICT (model) DO UPDATE SET "
    "name = CASE WHEN m.catalog_name IS NULL THEN excluded.name ELSE m.name END, "
    "catalog_name = CASE WHEN m.catalog_name IS NULL THEN NULL ELSE excluded.name END, "
    "deprecated = CASE WHEN m.catalog_deprecated IS NULL THEN excluded.deprecated "
    "  ELSE m.deprecated END, "
    "catalog_deprecated = CASE WHEN m.catalog_deprecated IS NULL THEN NULL "
    "  ELSE excluded.deprecated END, "
    "kind = excluded.kind, openrouter_id = excluded.openrouter_id, family = excluded.family, "
    "knowledge = excluded.knowledge, release_date = excluded.release_date, "
    "open_weights = excluded.open_weights, "
    "facts = excluded.facts, revision = m.revision + 1, "
    "status = CASE WHEN m.status = 'retired' AND NOT m.withdrawn THEN 'published' "
    "  ELSE m.status END";

/* The names of the models that changed are written anew; an operator's name wins over a new one. */
static const char drop_aliases[] =
    "DELETE FROM tollgate.model_aliases a USING jsonb_to_recordset($1::jsonb) AS r(model text) "
    "WHERE a.model = r.model AND NOT a.by_operator";
static const char insert_aliases[] =
    "INSERT INTO tollgate.model_aliases AS a (alias, model) "
    "SELECT DISTINCT ON (alias) alias, model "
    "FROM jsonb_to_recordset($1::jsonb) AS r(alias text, model text) "
    "ON CONFLICT (alias) DO UPDATE SET model = excluded.model WHERE NOT a.by_operator";

static const char retire_deployments[] =
    "UPDATE tollgate.deployments SET status = 'retired', withdrawn = false, "
    "revision = revision + 1, status_reason = 'not in the catalog any more' "
    "WHERE (status <> 'retired' OR withdrawn) "
    "AND catalog_key IN (SELECT jsonb_array_elements_text($1::jsonb -> 'deployments'))";
static const char retire_models[] =
    "UPDATE tollgate.models SET status = 'retired', withdrawn = false, revision = revision + 1, "
    "status_reason = 'not in the catalog any more' WHERE (status <> 'retired' OR withdrawn) "
    "AND model IN (SELECT jsonb_array_elements_text($1::jsonb -> 'models'))";
static const char retire_providers[] =
    "UPDATE tollgate.providers SET status = 'retired', revision = revision + 1 "
    "WHERE status <> 'retired' "
    "AND provider IN (SELECT jsonb_array_elements_text($1::jsonb -> 'providers'))";

/* When the new version of each deployment and book begins: at once where there was none, else at
 * the time given, or with notice and behind what is planned already. Kept for this transaction. */
static const char plan_prices[] =
    "CREATE TEMPORARY TABLE catalog_prices ON COMMIT DROP AS "
    "SELECT d.deployment_id, r.key, b.book, "
    "  CASE b.book WHEN 'cost' THEN r.version_cost ELSE r.version_list END AS version_id, "
    "  r.has_rates, r.prices_as_of, coalesce(r.source, 'catalog') AS source, v.price_version_id AS "
    "old_id, "
    "  CASE WHEN v.price_version_id IS NULL THEN coalesce(p.at, p.now) "
    "       WHEN p.at IS NOT NULL THEN p.at "
    "       ELSE greatest(p.now + p.notice, lower(v.effective) + interval '1 millisecond') END AS "
    "begins, "
    "  lower(v.effective) AS old_begins "
    "FROM (SELECT DISTINCT ON (key) * FROM jsonb_to_recordset($1::jsonb) AS r(key text, "
    "        version_cost uuid, version_list uuid, has_rates boolean, prices_as_of date, "
    "        source text)) r "
    "JOIN tollgate.deployments d ON d.catalog_key = r.key "
    "CROSS JOIN (VALUES ('cost'), ('list')) AS b(book) "
    "CROSS JOIN (SELECT date_trunc('milliseconds', now()) AS now, $2::timestamptz AS at, "
    "            $3::int8 * interval '1 millisecond' AS notice) p "
    "LEFT JOIN tollgate.price_versions v ON v.deployment_id = d.deployment_id AND v.book = b.book "
    "  AND v.tenant_id IS NULL AND v.currency = 'USD' AND upper_inf(v.effective)";

static const char find_planned[] =
    "SELECT key, old_begins::text FROM catalog_prices WHERE begins <= old_begins LIMIT 1";

static const char close_versions[] =
    "UPDATE tollgate.price_versions v SET effective = tstzrange(lower(v.effective), c.begins) "
    "FROM catalog_prices c WHERE v.price_version_id = c.old_id";

static const char insert_versions[] =
    "INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, effective, "
    "prices_as_of, source, created_by) "
    "SELECT version_id, deployment_id, book, tstzrange(begins, NULL), prices_as_of, source, $1 "
    "FROM catalog_prices WHERE has_rates";

static const char insert_rates[] =
    "INSERT INTO tollgate.price_rates (price_version_id, meter, mode, context_over, pico_per_unit) "
    "SELECT DISTINCT c.version_id, r.meter, r.mode, r.context_over, r.pico_per_unit "
    "FROM jsonb_to_recordset($1::jsonb) AS r(key text, meter text, mode text, context_over int8, "
    "  pico_per_unit int8) JOIN catalog_prices c USING (key)";

/* Runs one statement over one JSON text; counts its rows. */
static enum store_outcome over(struct applying *a, const char *doing, const char *sql,
                               const struct buf *json, int64_t *count_out)
{
    enum pg_outcome outcome = pg_exec(a->pg, NULL, sql, PG_TEXT(buf_span(json)));
    if (outcome == PG_OK && count_out != NULL)
        *count_out += pg_affected(a->pg);
    return store_judge(a->pg, outcome, doing, a->error);
}

static enum store_outcome write_rows(struct applying *a, struct catalog_import_result *result)
{
    const struct catalog_rows *rows = a->rows;
    const struct {
        const char *doing, *sql;
        const struct buf *json;
        int64_t *count;
    } steps[] = {
        {"write providers", upsert_providers, &rows->providers, &result->providers},
        {"write models", upsert_models, &rows->models, &result->models},
        {"write deployments", upsert_deployments, &rows->deployments, &result->deployments},
        {"retire deployments", retire_deployments, &rows->gone, &result->retired},
        {"retire models", retire_models, &rows->gone, &result->retired},
        {"retire providers", retire_providers, &rows->gone, &result->retired},
        {"drop aliases", drop_aliases, &rows->models, NULL},
        {"write aliases", insert_aliases, &rows->aliases, NULL},
    };
    enum store_outcome outcome = STORE_OK;
    for (size_t i = 0; i < array_size(steps) && outcome == STORE_OK; i++)
        outcome = over(a, steps[i].doing, steps[i].sql, steps[i].json, steps[i].count);
    return outcome;
}

static enum store_outcome refuse_planned(struct applying *a)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum pg_outcome outcome = pg_exec(a->pg, &rows, find_planned);
    if (outcome != PG_OK)
        return store_judge(a->pg, outcome, "look for planned prices", a->error);
    if (pg_rows_count(rows) == 0)
        return STORE_OK;
    return store_fail(a->error, STORE_REFUSED,
                      "%.*s has a price that begins at %.*s: the new one can't begin before it",
                      SPAN_ARG(pg_get_text(rows, 0, 0)), SPAN_ARG(pg_get_text(rows, 0, 1)));
}

static enum store_outcome write_prices(struct applying *a, int64_t from_ms, int64_t *count_out)
{
    enum pg_outcome planned =
        pg_exec(a->pg, NULL, plan_prices, PG_TEXT(buf_span(&a->rows->priced)),
                from_ms == INT64_MIN ? PG_NULL : PG_TIME(from_ms), PG_INT(CATALOG_PRICE_NOTICE_MS));
    enum store_outcome outcome = store_judge(a->pg, planned, "plan the prices", a->error);
    if (outcome == STORE_OK)
        outcome = refuse_planned(a);
    if (outcome == STORE_OK)
        outcome = store_judge(a->pg, pg_exec(a->pg, NULL, close_versions), "close price versions",
                              a->error);
    if (outcome == STORE_OK)
        outcome =
            store_judge(a->pg, pg_exec(a->pg, NULL, insert_versions, PG_STRING(a->actor->name)),
                        "insert price versions", a->error);
    if (outcome == STORE_OK) {
        *count_out = pg_affected(a->pg);
        outcome = over(a, "insert rates", insert_rates, &a->rows->rates, NULL);
    }
    return outcome;
}

/* What the snapshot and the console show of the catalog as a whole. */
static enum store_outcome note_import(struct applying *a, const struct catalog *catalog)
{
    return store_judge(
        a->pg,
        pg_exec(a->pg, NULL,
                "INSERT INTO tollgate.settings (name, value) VALUES ('catalog', "
                "jsonb_strip_nulls(jsonb_build_object('source', $1::text, 'facts_as_of', $2::text, "
                "'imported_at', now()))) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                PG_STRING(catalog->source), PG_STRING(catalog->facts_as_of)),
        "note the import", a->error);
}

enum store_outcome catalog_store_lock(struct pg *pg, struct store_error *error_out)
{
    return store_judge(pg,
                       pg_exec(pg, NULL, "SELECT pg_advisory_xact_lock($1)", PG_INT(IMPORT_LOCK)),
                       "wait for another import", error_out);
}

static enum store_outcome audit_import(struct applying *a, const struct catalog_import *import)
{
    cleanup(buf_done) struct buf summary = buf_make(4096);
    struct json_writer w = json_writer_make(&summary);
    json_begin(&w, '{');
    for (unsigned kind = 0; kind < CATALOG_CHANGE_COUNT; kind++) {
        if (import->changes->by_kind[kind] > 0)
            json_put_int64(&w, catalog_change_name((enum catalog_change_kind)kind),
                           import->changes->by_kind[kind]);
    }
    json_end(&w, '}');
    return store_audit(a->pg, a->actor,
                       &(struct store_mutation){.action = "catalog.import",
                                                .subject = span_of(import->catalog->source),
                                                .after = buf_span(&summary)},
                       a->error);
}

enum store_outcome catalog_store_apply(struct pg *pg, const struct store_actor *actor,
                                       const struct catalog_import *import,
                                       struct catalog_import_result *result_out,
                                       struct store_error *error_out)
{
    struct catalog_import_result result = {.prices_from_ms = import->prices_from_ms};
    struct catalog_rows rows = catalog_rows_make(import->changes);
    struct applying a = {pg, actor, &rows, error_out};
    enum store_outcome outcome = STORE_OK;
    if (catalog_rows_failed(&rows))
        outcome = store_fail(error_out, STORE_REFUSED, "the import changes too much at once");
    if (outcome == STORE_OK)
        outcome = write_rows(&a, &result);
    if (outcome == STORE_OK)
        outcome = write_prices(&a, import->prices_from_ms, &result.prices);
    if (outcome == STORE_OK)
        outcome = note_import(&a, import->catalog);
    if (outcome == STORE_OK && import->changes->count > 0)
        outcome = audit_import(&a, import);
    catalog_rows_done(&rows);
    if (outcome == STORE_OK)
        *result_out = result;
    return outcome;
}
