/*
 * catalog_read: the catalog out of its tables; see catalog_store.h.
 */
#include "common/base/mem.h"
#include "tenants/model/catalog_facts.h"
#include "tenants/model/catalog_file.h"
#include "tenants/store/catalog_store.h"

struct reading {
    struct pg *pg;
    struct catalog *catalog;
    struct store_error *error;
};

static enum store_outcome misread(struct reading *r, const char *what, struct span name)
{
    return store_fail(r->error, STORE_BROKEN, "the catalog's tables hold %s \"%.*s\"", what,
                      SPAN_ARG(name));
}

/* A copy in the catalog's arena; NULL for a null. */
static const char *text(struct reading *r, const struct pg_rows *rows, size_t row, int column)
{
    if (pg_is_null(rows, row, column))
        return NULL;
    return arena_span(r->catalog->arena, pg_get_text(rows, row, column)).at;
}

static const char *date(struct reading *r, const struct pg_rows *rows, size_t row, int column)
{
    return text(r, rows, row, column); /* selected as text, YYYY-MM-DD */
}

static enum catalog_flag flag(const struct pg_rows *rows, size_t row, int column)
{
    if (pg_is_null(rows, row, column))
        return CATALOG_UNKNOWN;
    return pg_get_bool(rows, row, column) ? CATALOG_YES : CATALOG_NO;
}

/* A word of one of the catalog's vocabularies. */
static bool word(struct reading *r, const struct catalog_words *words, struct span name,
                 unsigned *word_out)
{
    *word_out = catalog_word_of(words, name);
    if (*word_out < words->count)
        return true;
    (void)misread(r, words->what, name);
    return false;
}

static enum store_outcome read_providers(struct reading *r)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct catalog_error wrong;
    enum pg_outcome outcome =
        pg_exec(r->pg, &rows,
                "SELECT provider, name, endpoints, variables FROM tollgate.providers "
                "WHERE status <> 'retired' ORDER BY provider COLLATE \"C\"");
    if (outcome != PG_OK)
        return store_judge(r->pg, outcome, "read the providers", r->error);
    size_t count = pg_rows_count(rows);
    r->catalog->providers = arena_array(r->catalog->arena, count, sizeof(struct catalog_provider));
    r->catalog->provider_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        struct catalog_provider *provider = &r->catalog->providers[i];
        provider->slug = text(r, rows, i, 0);
        provider->name = text(r, rows, i, 1);
        if (catalog_read_wire(pg_get_text(rows, i, 2), pg_get_text(rows, i, 3), r->catalog->arena,
                              provider, &wrong) != 0)
            return store_fail(r->error, STORE_BROKEN, "provider %s: %s", provider->slug,
                              wrong.text);
    }
    return STORE_OK;
}

static enum store_outcome read_models(struct reading *r)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum pg_outcome outcome =
        pg_exec(r->pg, &rows,
                "SELECT m.model, coalesce(m.catalog_name, m.name), m.kind, m.openrouter_id, "
                "m.family, m.knowledge, m.release_date::text, m.open_weights, "
                "coalesce(m.catalog_deprecated, m.deprecated), "
                "(SELECT array_agg(a.alias ORDER BY a.alias COLLATE \"C\") "
                "   FROM tollgate.model_aliases a WHERE a.model = m.model AND NOT a.by_operator) "
                "FROM tollgate.models m WHERE (m.status <> 'retired' OR m.withdrawn) "
                "ORDER BY m.model COLLATE \"C\"");
    if (outcome != PG_OK)
        return store_judge(r->pg, outcome, "read the models", r->error);
    struct arena *arena = r->catalog->arena;
    size_t count = pg_rows_count(rows);
    r->catalog->models = arena_array(arena, count, sizeof(struct catalog_model));
    r->catalog->model_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        struct catalog_model *model = &r->catalog->models[i];
        unsigned kind;
        if (!word(r, &catalog_kinds, pg_get_text(rows, i, 2), &kind))
            return STORE_BROKEN;
        model->id = text(r, rows, i, 0);
        model->name = text(r, rows, i, 1);
        model->kind = (enum catalog_kind)kind;
        model->openrouter_id = text(r, rows, i, 3);
        model->family = text(r, rows, i, 4);
        model->knowledge = text(r, rows, i, 5);
        model->release_date = date(r, rows, i, 6);
        model->open_weights = flag(rows, i, 7);
        model->deprecated = pg_get_bool(rows, i, 8);
        model->alias_count = pg_is_null(rows, i, 9) ? 0 : (uint32_t)pg_array_count(rows, i, 9);
        model->aliases = arena_array(arena, model->alias_count, sizeof(char *));
        for (uint32_t n = 0; n < model->alias_count; n++)
            model->aliases[n] = arena_span(arena, pg_array_text(rows, i, 9, n)).at;
    }
    return STORE_OK;
}

static enum store_outcome read_quarantine(struct reading *r, const struct pg_rows *rows, size_t row,
                                          int column, struct catalog_deployment *deployment)
{
    for (size_t i = 0; i < pg_array_count(rows, row, column); i++) {
        unsigned reason;
        if (!word(r, &catalog_reasons, pg_array_text(rows, row, column, i), &reason))
            return STORE_BROKEN;
        deployment->quarantine |= 1u << reason;
    }
    return STORE_OK;
}

static enum store_outcome read_deployment(struct reading *r, const struct pg_rows *rows, size_t row,
                                          struct catalog_deployment *deployment)
{
    struct catalog_error wrong;
    unsigned dialect, auth, status;
    if (!word(r, &catalog_dialects, pg_get_text(rows, row, 5), &dialect) ||
        !word(r, &catalog_auths, pg_get_text(rows, row, 8), &auth) ||
        !word(r, &catalog_statuses, pg_get_text(rows, row, 9), &status))
        return STORE_BROKEN;
    *deployment = (struct catalog_deployment){
        .key = text(r, rows, row, 1),
        .provider = text(r, rows, row, 2),
        .upstream_id = text(r, rows, row, 3),
        .failure_domain = text(r, rows, row, 4),
        .dialect = (enum catalog_dialect)dialect,
        .base_url = text(r, rows, row, 6),
        .query = text(r, rows, row, 7),
        .auth = (enum catalog_auth)auth,
        .status = (enum catalog_status)status,
        .first_party = pg_get_bool(rows, row, 10),
        .scope = text(r, rows, row, 11),
        .variant = text(r, rows, row, 12),
        .snapshot = text(r, rows, row, 13),
        .limits = {pg_get_int64(rows, row, 14), pg_get_int64(rows, row, 15),
                   pg_get_int64(rows, row, 16)},
        .region = text(r, rows, row, 18),
        .quantization = text(r, rows, row, 19),
        .trains = flag(rows, row, 20),
        .retains = flag(rows, row, 21),
        .prices_as_of = date(r, rows, row, 23),
        .source = text(r, rows, row, 24),
        .quarantine_detail = text(r, rows, row, 25),
    };
    if (catalog_read_capabilities(pg_get_text(rows, row, 17), r->catalog->arena,
                                  &deployment->capabilities, &wrong) != 0)
        return store_fail(r->error, STORE_BROKEN, "deployment %s: %s", deployment->key, wrong.text);
    return read_quarantine(r, rows, row, 22, deployment);
}

/* The rows come in the order of the models, so each model's deployments stand together. */
static enum store_outcome place_deployments(struct reading *r, const struct pg_rows *rows,
                                            struct catalog_deployment *all)
{
    size_t row = 0, count = pg_rows_count(rows);
    for (uint32_t m = 0; m < r->catalog->model_count; m++) {
        struct catalog_model *model = &r->catalog->models[m];
        model->deployments = all + row;
        for (; row < count && span_is(pg_get_text(rows, row, 0), model->id); row++) {
            enum store_outcome outcome = read_deployment(r, rows, row, &all[row]);
            if (outcome != STORE_OK)
                return outcome;
            model->deployment_count++;
        }
    }
    return row == count
               ? STORE_OK
               : misread(r, "a deployment of the retired model", pg_get_text(rows, row, 0));
}

static enum store_outcome read_rates(struct reading *r, struct catalog_deployment *all,
                                     size_t count)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum pg_outcome outcome =
        pg_exec(r->pg, &rows,
                "SELECT d.catalog_key, r.meter, r.mode, r.context_over, r.pico_per_unit "
                "FROM tollgate.deployments d JOIN tollgate.models m USING (model) "
                "JOIN tollgate.price_versions v ON v.deployment_id = d.deployment_id "
                "  AND v.book = 'cost' AND v.tenant_id IS NULL AND upper_inf(v.effective) "
                "JOIN tollgate.price_rates r USING (price_version_id) "
                "WHERE (d.status <> 'retired' OR d.withdrawn) "
                "  AND (m.status <> 'retired' OR m.withdrawn) ORDER BY d.model COLLATE \"C\", "
                "d.catalog_key COLLATE \"C\"");
    if (outcome != PG_OK)
        return store_judge(r->pg, outcome, "read the prices", r->error);
    size_t total = pg_rows_count(rows), row = 0;
    struct price_rate *rates = arena_array(r->catalog->arena, total, sizeof(*rates));
    for (size_t i = 0; i < count; i++) {
        all[i].rates = rates + row;
        for (; row < total && span_is(pg_get_text(rows, row, 0), all[i].key); row++) {
            enum meter meter;
            enum price_mode mode;
            if (meter_parse(pg_get_text(rows, row, 1), &meter) < 0 ||
                price_mode_parse(pg_get_text(rows, row, 2), &mode) < 0)
                return misread(r, "the meter", pg_get_text(rows, row, 1));
            rates[row] =
                (struct price_rate){(uint8_t)meter, (uint8_t)mode, pg_get_int64(rows, row, 3),
                                    pg_get_int64(rows, row, 4)};
            all[i].rate_count++;
        }
    }
    must(row == total);
    return STORE_OK;
}

static enum store_outcome read_deployments(struct reading *r)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum pg_outcome outcome =
        pg_exec(r->pg, &rows,
                "SELECT d.model, d.catalog_key, d.provider, d.upstream_id, d.failure_domain, "
                "d.dialect, d.base_url, d.query, d.auth, d.maturity, d.first_party, "
                "d.offer_scope, d.variant, d.model_snapshot, d.context_limit, d.input_limit, "
                "d.output_limit, d.capabilities, d.region, d.quantization, d.trains, d.retains, "
                "d.quarantine, d.prices_as_of::text, d.source, d.status_reason "
                "FROM tollgate.deployments d JOIN tollgate.models m USING (model) "
                "WHERE (d.status <> 'retired' OR d.withdrawn) "
                "  AND (m.status <> 'retired' OR m.withdrawn) "
                "ORDER BY d.model COLLATE \"C\", d.catalog_key COLLATE \"C\"");
    if (outcome != PG_OK)
        return store_judge(r->pg, outcome, "read the deployments", r->error);
    size_t count = pg_rows_count(rows);
    struct catalog_deployment *all = arena_array(r->catalog->arena, count, sizeof(*all));
    enum store_outcome placed = place_deployments(r, rows, all);
    return placed == STORE_OK ? read_rates(r, all, count) : placed;
}

enum store_outcome catalog_store_read(struct pg *pg, struct catalog **catalog_out,
                                      struct store_error *error_out)
{
    struct reading reading = {pg, catalog_new(), error_out};
    enum store_outcome outcome = read_providers(&reading);
    if (outcome == STORE_OK)
        outcome = read_models(&reading);
    if (outcome == STORE_OK)
        outcome = read_deployments(&reading);
    if (outcome != STORE_OK) {
        catalog_free(reading.catalog);
        return outcome;
    }
    catalog_finish(reading.catalog);
    *catalog_out = reading.catalog;
    return STORE_OK;
}
