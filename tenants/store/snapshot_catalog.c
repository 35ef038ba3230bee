/*
 * snapshot_catalog: the half of a snapshot that tells what can be called, where and at what price;
 * see snapshot_read.h.
 */
#include "tenants/store/snapshot_inside.h"

static const char *const row_status_names[] = {"published", "quarantined", "retired"};
static const struct words row_status_words = {"status", row_status_names,
                                              array_size(row_status_names)};

#define DEPLOYMENT_ORDER "d.model COLLATE \"C\", d.priority, d.catalog_key COLLATE \"C\""

static bool read_provider(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                          void *row)
{
    struct provider_row *provider = row;
    *provider = (struct provider_row){snapshot_text(r, rows, i, 0), snapshot_text(r, rows, i, 1),
                                      pg_get_bool(rows, i, 2)};
    places_put(&r->providers, provider->slug, i);
    return true;
}

static bool read_model(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                       void *row)
{
    struct model_row *model = row;
    unsigned status;
    if (!snapshot_word(r, &row_status_words, pg_get_text(rows, i, 4), &status))
        return false;
    model->id = snapshot_text(r, rows, i, 0);
    model->name = snapshot_text(r, rows, i, 1);
    model->kind = snapshot_text(r, rows, i, 2);
    model->facts = snapshot_text(r, rows, i, 3);
    model->status = (enum row_status)status;
    model->deprecated = pg_get_bool(rows, i, 5);
    model->released_ms = pg_is_null(rows, i, 6) ? 0 : pg_get_day(rows, i, 6) * INT64_C(86400000);
    places_put(&r->models, model->id, i);
    return true;
}

static bool read_alias(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                       void *row)
{
    struct alias_row *alias = row;
    alias->alias = snapshot_text(r, rows, i, 0);
    return places_find(&r->models, pg_get_text(rows, i, 1), &alias->model) ||
           snapshot_misread(r, "model of an alias", pg_get_text(rows, i, 1));
}

static int8_t policy(const struct pg_rows *rows, size_t row, int column)
{
    if (pg_is_null(rows, row, column))
        return -1;
    return pg_get_bool(rows, row, column) ? 1 : 0;
}

static bool read_deployment(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                            void *row)
{
    struct deployment_row *deployment = row;
    unsigned status, abort_policy;
    if (!snapshot_word(r, &row_status_words, pg_get_text(rows, i, 26), &status) ||
        !snapshot_word(r, &abort_policy_words, pg_get_text(rows, i, 27), &abort_policy))
        return false;
    if (!places_find(&r->models, pg_get_text(rows, i, 1), &deployment->model) ||
        !places_find(&r->providers, pg_get_text(rows, i, 2), &deployment->provider))
        return snapshot_misread(r, "deployment of model", pg_get_text(rows, i, 1));
    deployment->id = pg_get_uuid(rows, i, 0);
    deployment->upstream_id = snapshot_text(r, rows, i, 3);
    deployment->failure_domain = snapshot_text(r, rows, i, 4);
    deployment->dialect = snapshot_text(r, rows, i, 5);
    deployment->auth = snapshot_text(r, rows, i, 6);
    deployment->base_url = snapshot_text(r, rows, i, 7);
    deployment->query = snapshot_text(r, rows, i, 8);
    deployment->capabilities = snapshot_text(r, rows, i, 9);
    deployment->region = snapshot_text(r, rows, i, 10);
    deployment->quantization = snapshot_text(r, rows, i, 11);
    deployment->trains = policy(rows, i, 12);
    deployment->retains = policy(rows, i, 13);
    deployment->reasoning = pg_get_bool(rows, i, 14);
    deployment->free_on_purpose = pg_get_bool(rows, i, 15);
    deployment->deprecated = pg_get_bool(rows, i, 16);
    deployment->context_limit = pg_get_int64(rows, i, 17);
    deployment->input_limit = pg_get_int64(rows, i, 18);
    deployment->output_limit = pg_get_int64(rows, i, 19);
    deployment->connect_timeout_ms = (int32_t)pg_get_int64(rows, i, 20);
    deployment->first_token_timeout_ms = (int32_t)pg_get_int64(rows, i, 21);
    deployment->idle_timeout_ms = (int32_t)pg_get_int64(rows, i, 22);
    deployment->total_timeout_ms = (int32_t)pg_get_int64(rows, i, 23);
    deployment->priority = (int32_t)pg_get_int64(rows, i, 24);
    deployment->weight = (int32_t)pg_get_int64(rows, i, 25);
    deployment->no_temperature = pg_get_bool(rows, i, 28);
    deployment->draining = pg_get_bool(rows, i, 29);
    deployment->probe_interval_s = (int32_t)pg_get_int64(rows, i, 30);
    deployment->probe_daily_cap_pico = pg_get_int64(rows, i, 31);
    deployment->status = (enum row_status)status;
    deployment->abort_policy = (enum abort_policy)abort_policy;
    struct model_row *model = &r->rows->models[deployment->model];
    if (model->deployment_count++ == 0)
        model->first_deployment = i;
    return true;
}

/* The rates of one version, which SQL has put side by side into four arrays. */
static bool read_rates(struct snapshot_reading *r, const struct pg_rows *rows, size_t row,
                       struct price_version *version)
{
    uint32_t count = pg_is_null(rows, row, 6) ? 0 : (uint32_t)pg_array_count(rows, row, 6);
    struct price_rate *rates = snapshot_room(r, count, sizeof(*rates));
    if (rates == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        enum meter meter;
        enum price_mode mode;
        if (meter_parse(pg_array_text(rows, row, 6, i), &meter) < 0 ||
            price_mode_parse(pg_array_text(rows, row, 7, i), &mode) < 0)
            return snapshot_misread(r, "meter", pg_array_text(rows, row, 6, i));
        rates[i].meter = (uint8_t)meter;
        rates[i].mode = (uint8_t)mode;
        rates[i].context_over = pg_array_int64(rows, row, 8, i);
        rates[i].pico_per_unit = pg_array_int64(rows, row, 9, i);
    }
    version->rates = rates;
    version->rate_count = count;
    return true;
}

/* Gives each deployment its run of the versions; both come in the same order. */
static enum store_outcome place_prices(struct snapshot_reading *r)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < r->rows->deployment_count; i++) {
        struct deployment_row *deployment = &r->rows->deployments[i];
        struct span model = r->rows->models[deployment->model].id;
        bool doubled = price_doubles_one_hour_writes(model, deployment->dialect);
        deployment->first_price = next;
        while (next < r->rows->price_count &&
               uuid_equal(r->rows->prices[next].deployment, deployment->id)) {
            r->rows->prices[next].one_hour_write_twice_input = doubled;
            deployment->price_count++;
            next++;
        }
    }
    return next == r->rows->price_count
               ? STORE_OK
               : store_fail(r->error, STORE_BROKEN, "prices and deployments do not meet");
}

static bool read_price(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                       void *row)
{
    struct price_version *price = row;
    price->id = pg_get_uuid(rows, i, 0);
    price->deployment = pg_get_uuid(rows, i, 1);
    price->book = pg_get_bool(rows, i, 2) ? BOOK_LIST : BOOK_COST;
    price->tenant = pg_get_uuid(rows, i, 3);
    price->from_ms = pg_get_unix_ms(rows, i, 4);
    price->until_ms = snapshot_until(rows, i, 5);
    return read_rates(r, rows, i, price);
}

static bool read_credential(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                            void *row)
{
    struct credential_row *credential = row;
    if (!places_find(&r->providers, pg_get_text(rows, i, 1), &credential->provider))
        return snapshot_misread(r, "credential of provider", pg_get_text(rows, i, 1));
    credential->id = pg_get_uuid(rows, i, 0);
    credential->deployment = pg_get_uuid(rows, i, 2);
    credential->tenant = pg_get_uuid(rows, i, 3);
    credential->origin = snapshot_text(r, rows, i, 4);
    credential->variables = snapshot_text(r, rows, i, 5);
    credential->sealed = arena_span(r->rows->arena, pg_get_bytes(rows, i, 6));
    credential->master_key_id = snapshot_text(r, rows, i, 7);
    return true;
}

/* Each may point into those before it. */
static const struct snapshot_table tables[] = {
    SNAPSHOT_TABLE(providers, provider, read_provider, "read the providers",
                   "SELECT provider, name, status <> 'active' FROM tollgate.providers "
                   "ORDER BY provider COLLATE \"C\""),
    SNAPSHOT_TABLE(models, model, read_model, "read the models",
                   "SELECT model, name, kind, facts, status, deprecated, release_date "
                   "FROM tollgate.models WHERE status <> 'draft' ORDER BY model COLLATE \"C\""),
    SNAPSHOT_TABLE(aliases, alias, read_alias, "read the aliases",
                   "SELECT a.alias, a.model FROM tollgate.model_aliases a "
                   "JOIN tollgate.models m USING (model) WHERE m.status <> 'draft' "
                   "ORDER BY a.alias COLLATE \"C\""),
    SNAPSHOT_TABLE(
        deployments, deployment, read_deployment, "read the deployments",
        "SELECT d.deployment_id, d.model, d.provider, d.upstream_id, d.failure_domain, d.dialect, "
        "d.auth, d.base_url, d.query, d.capabilities, d.region, d.quantization, d.trains, "
        "d.retains, coalesce(d.capabilities -> 'reasoning' = 'true', false), d.free_on_purpose, "
        "d.maturity = 'deprecated', d.context_limit, d.input_limit, d.output_limit, "
        "d.connect_timeout_ms, d.first_token_timeout_ms, d.idle_timeout_ms, d.total_timeout_ms, "
        "d.priority, d.weight, d.status, d.abort_policy, "
        "coalesce(d.capabilities -> 'temperature' = 'false', false), d.drained_at IS NOT NULL, "
        "d.probe_interval_s, d.probe_daily_cap_pico FROM tollgate.deployments d "
        "JOIN tollgate.models m USING (model) WHERE d.status <> 'draft' AND m.status <> 'draft' "
        "ORDER BY " DEPLOYMENT_ORDER),
    SNAPSHOT_TABLE(
        prices, price, read_price, "read the prices",
        "SELECT v.price_version_id, v.deployment_id, v.book = 'list', v.tenant_id, "
        "lower(v.effective), upper(v.effective), r.meters, r.modes, r.contexts, r.picos "
        "FROM tollgate.price_versions v JOIN tollgate.deployments d USING (deployment_id) "
        "JOIN tollgate.models m USING (model) "
        "LEFT JOIN LATERAL (SELECT array_agg(meter ORDER BY meter, mode, context_over) AS meters, "
        "    array_agg(mode ORDER BY meter, mode, context_over) AS modes, "
        "    array_agg(context_over ORDER BY meter, mode, context_over) AS contexts, "
        "    array_agg(pico_per_unit ORDER BY meter, mode, context_over) AS picos "
        "  FROM tollgate.price_rates r WHERE r.price_version_id = v.price_version_id) r ON true "
        "WHERE v.currency = 'USD' AND d.status <> 'draft' AND m.status <> 'draft' "
        "  AND (upper_inf(v.effective) OR upper(v.effective) > now() - interval '25 hours') "
        "ORDER BY " DEPLOYMENT_ORDER ", v.book, v.tenant_id NULLS FIRST, lower(v.effective)"),
    SNAPSHOT_TABLE(
        credentials, credential, read_credential, "read the credentials",
        "SELECT credential_id, provider, deployment_id, tenant_id, origin, variables, sealed, "
        "master_key_id FROM tollgate.provider_credentials WHERE status = 'active' "
        "ORDER BY provider COLLATE \"C\", deployment_id, tenant_id, credential_id"),
};

enum store_outcome snapshot_read_catalog(struct snapshot_reading *r)
{
    enum store_outcome outcome = snapshot_read_tables(r, tables, array_size(tables));
    return outcome == STORE_OK ? place_prices(r) : outcome;
}
