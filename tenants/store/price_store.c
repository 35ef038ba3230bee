/*
 * price_store: see price_store.h.
 */
#include "tenants/store/price_store.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_judge.h"
#include "tenants/store/catalog_sql.h"

#define RATES_BYTES_MAX ((size_t)64 << 10)
#define JUDGE_BYTES ((size_t)64 << 10)

static const struct view_column price_columns[] = {
    {"id", VIEW_ID, ID_PRICE_VERSION},
    {"deployment", VIEW_ID, ID_DEPLOYMENT},
    {"model", VIEW_TEXT, 0},
    {"provider", VIEW_TEXT, 0},
    {"book", VIEW_TEXT, 0},
    {"tenant", VIEW_ID, ID_TENANT},
    {"currency", VIEW_TEXT, 0},
    {"effective_from", VIEW_TIME, 0},
    {"effective_until", VIEW_TIME, 0},
    {"state", VIEW_TEXT, 0},
    {"rates", VIEW_JSON, 0},
    {"source", VIEW_TEXT, 0},
    {"created_by", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0},
};

#define STATE                                                                                      \
    "CASE WHEN lower(v.effective) > now() THEN 'future' "                                          \
    "WHEN v.effective @> now() THEN 'current' ELSE 'past' END"
#define PRICE_SELECT                                                                               \
    "SELECT v.price_version_id, v.deployment_id, d.model, d.provider, v.book, v.tenant_id, "       \
    "v.currency::text, lower(v.effective), upper(v.effective), " STATE                             \
    ", " CATALOG_SQL_RATES("v.price_version_id") ", v.source, v.created_by, v.created_at"
#define PRICE_FROM                                                                                 \
    " FROM tollgate.price_versions v JOIN tollgate.deployments d USING (deployment_id) "

static const char price_list_sql[] =
    PRICE_SELECT ", v.price_version_id::text" PRICE_FROM
                 "WHERE ($2::uuid IS NULL OR v.price_version_id < $2) AND $3::text IS NULL "
                 "AND ($4::uuid IS NULL OR v.deployment_id = $4) "
                 "AND ($5::text IS NULL OR d.model = $5) "
                 "AND ($6::text IS NULL OR d.provider = $6) "
                 "AND ($7::text IS NULL OR v.book = $7) "
                 "AND ($8::uuid IS NULL OR v.tenant_id = $8) "
                 "AND ($9::text IS NULL OR " STATE " = $9) "
                 "ORDER BY v.price_version_id DESC LIMIT $1";
const struct view price_list_view = VIEW(price_list_sql, price_columns, 1);

static const char price_sql[] = PRICE_SELECT PRICE_FROM "WHERE v.price_version_id = $1";
const struct view price_view = VIEW(price_sql, price_columns, 0);

static const struct view_column change_columns[] = {
    {"meter", VIEW_TEXT, 0},   {"mode", VIEW_TEXT, 0},   {"context_over", VIEW_INT, 0},
    {"before", VIEW_PRICE, 0}, {"after", VIEW_PRICE, 0},
};

static const char change_sql[] =
    "SELECT meter, mode, context_over, o.pico_per_unit, n.pico_per_unit "
    "FROM (SELECT meter, mode, context_over, pico_per_unit FROM tollgate.price_rates "
    "      WHERE price_version_id = $1) o "
    "FULL JOIN jsonb_to_recordset($2::jsonb) AS n(meter text, mode text, context_over int8, "
    "  pico_per_unit int8) USING (meter, mode, context_over) "
    "WHERE o.pico_per_unit IS DISTINCT FROM n.pico_per_unit "
    "ORDER BY mode = 'standard' DESC, mode, meter, context_over";
const struct view rate_change_view = VIEW(change_sql, change_columns, 0);

void price_store_rates_json(const struct price_new *price, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '[');
    for (uint32_t i = 0; i < price->rate_count; i++) {
        const struct price_rate *rate = &price->rates[i];
        json_begin(&w, '{');
        json_put_cstring(&w, "meter", meter_name((enum meter)rate->meter));
        json_put_cstring(&w, "mode", price_mode_name((enum price_mode)rate->mode));
        json_put_int64(&w, "context_over", rate->context_over);
        json_put_int64(&w, "pico_per_unit", rate->pico_per_unit);
        json_end(&w, '}');
    }
    json_end(&w, ']');
}

/* ---- new ones ---- */

/* A price that leaves out what its kind of model is counted by would sell what cannot be charged:
 * the rules by which imports quarantine are told here at once. */
static enum store_outcome judge_rates(const struct price_new *price, struct span kind,
                                      bool free_on_purpose, struct store_error *error_out)
{
    cleanup(buf_done) struct buf why = buf_make(sizeof(error_out->text));
    struct price_rate rates[PRICE_RATES_MAX];
    struct catalog_deployment d = {.key = "the deployment",
                                   .provider = "",
                                   .upstream_id = "",
                                   .rates = rates,
                                   .rate_count = price->rate_count};
    unsigned word = catalog_word_of(&catalog_kinds, kind);
    must(price->rate_count <= PRICE_RATES_MAX);
    memcpy(rates, price->rates, price->rate_count * sizeof(*rates));
    if (free_on_purpose && !catalog_priced(&d))
        return STORE_OK;
    if (!catalog_priced(&d))
        return store_fail(error_out, STORE_REFUSED,
                          "there is no standard price above 0, and the deployment is not free on "
                          "purpose");
    if (word >= catalog_kinds.count)
        return STORE_OK;
    struct arena *arena = arena_new(JUDGE_BYTES / 4, JUDGE_BYTES);
    struct catalog_model model = {
        .id = "", .kind = (enum catalog_kind)word, .deployments = &d, .deployment_count = 1};
    catalog_judge(&model, arena);
    if (d.quarantine_detail != NULL)
        buf_add_string(&why, d.quarantine_detail);
    arena_free(arena);
    if (d.quarantine == 0)
        return STORE_OK;
    return store_fail(error_out, STORE_REFUSED, "by these rates a %.*s model cannot be sold: %.*s",
                      SPAN_ARG(kind), SPAN_ARG(buf_span(&why)));
}

static enum store_outcome check_rates(struct pg *pg, const struct price_new *price,
                                      struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look at the deployment",
                   "SELECT m.kind, d.free_on_purpose FROM tollgate.deployments d "
                   "JOIN tollgate.models m USING (model) WHERE d.deployment_id = $1 FOR SHARE OF d",
                   PG_UUID(price->deployment));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such deployment");
    return judge_rates(price, pg_get_text(rows, 0, 0), pg_get_bool(rows, 0, 1), error_out);
}

static struct pg_param book_of(const struct price_new *price)
{
    return PG_STRING(price->book == BOOK_LIST ? "list" : "cost");
}

/* Only an open range that began before may be closed. */
static enum store_outcome refuse_overlap(const struct pg_rows *last, int64_t from_ms,
                                         struct store_error *error_out)
{
    char when[CLOCK_TEXT_SIZE];

    clock_format(pg_get_unix_ms(last, 0, 1), when);
    if (pg_get_unix_ms(last, 0, 1) >= from_ms)
        return store_fail(error_out, STORE_CONFLICT,
                          "another price begins at %s: the new one has to begin behind it", when);
    if (pg_is_null(last, 0, 2))
        return STORE_OK;
    clock_format(pg_get_unix_ms(last, 0, 2), when);
    return store_fail(error_out, STORE_CONFLICT,
                      "the price before ends at %s already: the new one can't begin before that",
                      when);
}

enum store_outcome price_store_plan(struct pg *pg, const struct price_new *price,
                                    struct price_planned *planned_out,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *open = NULL, *compared = NULL;
    struct price_planned planned = {0};
    enum store_outcome outcome = check_rates(pg, price, error_out);
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, &open, error_out, "look for the price before",
            "SELECT price_version_id, lower(effective), upper(effective) "
            "FROM tollgate.price_versions "
            "WHERE deployment_id = $1 AND book = $2 AND tenant_id IS NOT DISTINCT FROM $3::uuid "
            "AND currency = 'USD' AND (upper_inf(effective) OR upper(effective) > $4) "
            "ORDER BY lower(effective) DESC FOR UPDATE",
            PG_UUID(price->deployment), book_of(price), PG_UUID_OR_NULL(price->tenant),
            PG_TIME(price->from_ms));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(open) > 0) {
        outcome = refuse_overlap(open, price->from_ms, error_out);
        if (outcome != STORE_OK)
            return outcome;
        planned.replaces = pg_get_uuid(open, 0, 0);
    }
    outcome = store_exec(
        pg, &compared, error_out, "look what would be charged",
        "SELECT price_version_id FROM tollgate.price_versions "
        "WHERE deployment_id = $1 AND book = $2 AND currency = 'USD' AND effective @> "
        "$4::timestamptz "
        "AND (tenant_id IS NULL OR tenant_id = $3::uuid) ORDER BY tenant_id NULLS LAST LIMIT 1",
        PG_UUID(price->deployment), book_of(price), PG_UUID_OR_NULL(price->tenant),
        PG_TIME(price->from_ms));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(compared) > 0)
        planned.compared = pg_get_uuid(compared, 0, 0);
    *planned_out = planned;
    return STORE_OK;
}

enum store_outcome price_store_know_tenant(struct pg *pg, struct uuid tenant,
                                           struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    if (uuid_is_zero(tenant))
        return STORE_OK;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look for the tenant",
                   "SELECT 1 FROM tollgate.tenants WHERE tenant_id = $1", PG_UUID(tenant));
    if (outcome == STORE_OK && pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such tenant");
    return outcome;
}

static enum store_outcome insert_version(struct pg *pg, const struct store_actor *actor,
                                         const struct price_new *price, struct uuid id,
                                         struct store_error *error_out)
{
    cleanup(buf_done) struct buf rates = buf_make(RATES_BYTES_MAX);
    price_store_rates_json(price, &rates);
    must(!buf_failed(&rates));
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the price",
        "INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, tenant_id, "
        "effective, source, created_by) VALUES ($1, $2, $3, $4, tstzrange($5, NULL), $6, $7)",
        PG_UUID(id), PG_UUID(price->deployment), book_of(price), PG_UUID_OR_NULL(price->tenant),
        PG_TIME(price->from_ms), PG_TEXT(price->source), PG_STRING(actor->name));
    if (outcome != STORE_OK)
        return outcome;
    return store_exec(
        pg, NULL, error_out, "write the rates",
        "INSERT INTO tollgate.price_rates (price_version_id, meter, mode, context_over, "
        "pico_per_unit) SELECT $1, meter, mode, context_over, pico_per_unit "
        "FROM jsonb_to_recordset($2::jsonb) AS r(meter text, mode text, context_over int8, "
        "pico_per_unit int8)",
        PG_UUID(id), PG_TEXT(buf_span(&rates)));
}

enum store_outcome price_store_create(struct pg *pg, const struct store_actor *actor,
                                      const struct price_new *price,
                                      const struct price_planned *planned, struct uuid *id_out,
                                      struct store_error *error_out)
{
    struct uuid id = uuid_new();
    enum store_outcome outcome = STORE_OK;
    if (!uuid_is_zero(planned->replaces))
        outcome = store_exec(pg, NULL, error_out, "end the price before",
                             "UPDATE tollgate.price_versions SET effective = "
                             "tstzrange(lower(effective), $2) WHERE price_version_id = $1",
                             PG_UUID(planned->replaces), PG_TIME(price->from_ms));
    if (outcome == STORE_OK)
        outcome = insert_version(pg, actor, price, id, error_out);
    if (outcome == STORE_OK)
        *id_out = id;
    return outcome;
}
