/* Imports of a catalog, and what a gateway then reads. */
#include "common/base/clock.h"
#include "tenants/model/catalog_file.h"
#include "tenants/store/catalog_store.h"
#include "tenants/store/snapshot_read.h"
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];

static int make(void **state)
{
    (void)state;
    return make_schema(url);
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

#define NOTICE INT64_MIN

/* Provider p, model a/m with one deployment at this price of input; a/n beside it when wanted. */
static struct catalog *small_catalog(const char *usd, bool with_other)
{
    static const char model[] =
        "%s{\"id\":\"a/%s\",\"name\":\"M\",\"kind\":\"chat\",\"aliases\":[\"%s-alias\"],"
        "\"deprecated\":false,\"deployments\":[{\"key\":\"p/%s#1\",\"provider\":\"p\","
        "\"upstream_id\":\"%s\",\"failure_domain\":\"p\",\"dialect\":\"openai\","
        "\"limits\":{\"context\":1000,\"output\":100},\"capabilities\":{\"input\":[\"text\"],"
        "\"output\":[\"text\"],\"reasoning\":%s},\"rates\":[{\"meter\":\"input\",\"usd\":\"%s\"},"
        "{\"meter\":\"output\",\"usd\":\"8\"}],\"prices_as_of\":\"2026-06-30\",\"source\":\"test\"}"
        "]}";
    struct buf text = buf_make(1 << 16);
    struct catalog_error wrong;
    struct catalog *catalog = NULL;
    buf_add_string(&text, "{\"format\":\"tollgate.catalog.v1\",\"source\":\"test\",\"providers\":["
                          "{\"slug\":\"p\",\"name\":\"P\",\"endpoints\":[{\"dialect\":\"openai\","
                          "\"base_url\":\"https://p.example/v1\",\"auth\":\"bearer\"}],"
                          "\"variables\":[]}],\"models\":[");
    buf_printf(&text, model, "", "m", "m", "m", "m", "true", usd);
    if (with_other)
        buf_printf(&text, model, ",", "n", "n", "n", "n", "false", "1");
    buf_add_string(&text, "]}");
    if (catalog_parse(buf_span(&text), &catalog, &wrong) != 0)
        fail_msg("%s", wrong.text);
    buf_done(&text);
    return catalog;
}

/* Imports and commits; takes the catalog. Answers how many changes there were. */
static uint32_t import_at(struct pg *pg, struct catalog *new, int64_t from_ms,
                          enum store_outcome wanted)
{
    struct store_error error = {""};
    struct catalog *old = NULL;
    struct catalog_import_result result;
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, catalog_store_lock(pg, &error), error);
    assert_store(STORE_OK, catalog_store_read(pg, &old, &error), error);
    struct catalog_changes changes = catalog_diff(old, new, arena);
    uint32_t count = changes.count;
    const struct catalog_import import = {new, &changes, from_ms};
    assert_store(wanted, catalog_store_apply(pg, &test_operator, &import, &result, &error), error);
    if (wanted == STORE_OK)
        assert_store(STORE_OK, store_commit(pg, &error), error);
    store_rollback(pg);
    catalog_free(old);
    catalog_free(new);
    arena_free(arena);
    return count;
}

static void prices_become_versions_ten_minutes_ahead(void **state)
{
    (void)state;
    need_database(url);
    static const char versions[] =
        "SELECT string_agg(r.pico_per_unit || '@' || round(extract(epoch from lower(v.effective) - "
        "(SELECT min(lower(effective)) FROM tollgate.price_versions)) / 600) || "
        "CASE WHEN upper_inf(v.effective) THEN '-' ELSE '' END, ' ' ORDER BY lower(v.effective)) "
        "FROM tollgate.price_versions v JOIN tollgate.price_rates r USING (price_version_id) "
        "JOIN tollgate.deployments d USING (deployment_id) "
        "WHERE v.book = 'list' AND r.meter = 'input' AND d.catalog_key = 'p/m#1'";
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    assert_true(import_at(pg, small_catalog("2", true), NOTICE, STORE_OK) > 0);
    assert_sql(all, versions, "2000000@0-");
    assert_int_equal(import_at(pg, small_catalog("2", true), NOTICE, STORE_OK), 0);
    assert_int_equal(import_at(pg, small_catalog("3", true), NOTICE, STORE_OK), 1);
    assert_sql(all, versions, "2000000@0 3000000@1-");
    assert_int_equal(import_at(pg, small_catalog("3", true), NOTICE, STORE_OK), 0);
    /* A second change before the first holds begins right behind it. */
    assert_int_equal(import_at(pg, small_catalog("4", true), NOTICE, STORE_OK), 1);
    assert_sql(all, versions, "2000000@0 3000000@1 4000000@1-");
    /* And at once is refused, because a change is planned already. */
    assert_int_equal(import_at(pg, small_catalog("5", true), clock_wall_ms(), STORE_REFUSED), 1);
    assert_sql(all, "SELECT count(*)::text FROM tollgate.price_versions WHERE book = 'cost'", "4");
    pg_close(pg);
    pg_close(all);
}

static void what_is_gone_is_retired_and_may_come_back(void **state)
{
    (void)state;
    need_database(url);
    static const char other[] = "SELECT d.status || ' ' || m.status FROM tollgate.deployments d "
                                "JOIN tollgate.models m USING (model) WHERE model = 'a/n'";
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    (void)import_at(pg, small_catalog("4", true), NOTICE, STORE_OK);
    assert_sql(all, other, "published published");
    assert_true(import_at(pg, small_catalog("4", false), NOTICE, STORE_OK) > 0);
    assert_sql(all, other, "retired retired");
    assert_int_equal(import_at(pg, small_catalog("4", false), NOTICE, STORE_OK), 0);
    assert_true(import_at(pg, small_catalog("4", true), NOTICE, STORE_OK) > 0);
    assert_sql(all, other, "published published");
    assert_int_equal(import_at(pg, small_catalog("4", true), NOTICE, STORE_OK), 0);
    pg_close(pg);
    pg_close(all);
}

static void what_operators_set_stays(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    (void)import_at(pg, small_catalog("4", true), NOTICE, STORE_OK);
    assert_int_equal(pg_script(all, "UPDATE tollgate.deployments SET priority = 7, weight = 5, "
                                    "region = 'eu', total_timeout_ms = 1, trains = false, "
                                    "retains = false WHERE catalog_key = 'p/m#1'"),
                     PG_OK);
    assert_int_equal(import_at(pg, small_catalog("4", true), NOTICE, STORE_OK), 0);
    (void)import_at(pg, small_catalog("6", true), NOTICE, STORE_OK);
    assert_sql(all,
               "SELECT concat_ws(' ', priority, weight, region, total_timeout_ms, trains, retains, "
               "first_token_timeout_ms) FROM tollgate.deployments WHERE catalog_key = 'p/m#1'",
               "7 5 eu 1 f f 300000");
    pg_close(pg);
    pg_close(all);
}

static void a_gateway_reads_one_consistent_view(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct snapshot_rows *rows = NULL;
    int64_t version = 0;
    struct pg *pg = open_as(url, "tollgate_control"), *gateway = open_as(url, "tollgate_gateway");
    (void)import_at(pg, small_catalog("6", true), NOTICE, STORE_OK);
    struct test_tenant tenant = make_test_tenant(pg, "Reader", BILLING_POSTPAID, 5 * PICO_PER_UNIT);
    assert_store(STORE_OK, snapshot_read(gateway, &rows, &error), error);
    assert_store(STORE_OK, snapshot_read_version(gateway, &version, &error), error);
    assert_int_equal(rows->version, version);
    assert_int_equal(rows->tenant_count, 1);
    assert_int_equal(rows->tenants[0].billing_mode, BILLING_POSTPAID);
    assert_int_equal(rows->key_count, 1);
    assert_true(uuid_equal(rows->keys[0].id, tenant.key.id));
    assert_true(rows->keys[0].all_models);
    assert_int_equal(rows->keys[0].expires_ms, INT64_MAX);
    assert_int_equal(rows->secret_count, 1);
    struct sha256 hash = key_hash(&tenant.key.secret);
    assert_memory_equal(rows->secrets[0].hash.at, hash.at, sizeof(hash.at));
    assert_span("the public part", rows->secrets[0].public_part, tenant.key.secret.public_part);
    assert_int_equal(rows->tenants[0].subscription_count, 1);
    const struct plan_version *plan = &rows->plans[rows->subscriptions[0].plan];
    assert_span("the plan", plan->plan, "pro");
    assert_int_equal(plan->markup_ppm, 50000);
    assert_int_equal(rows->model_count, 2);
    assert_span("the first model", rows->models[0].id, "a/m");
    assert_int_equal(rows->alias_count, 2);
    assert_span("the alias", rows->aliases[0].alias, "m-alias");
    const struct deployment_row *deployment = &rows->deployments[rows->models[0].first_deployment];
    assert_int_equal(rows->models[0].deployment_count, 1);
    assert_span("the base", deployment->base_url, "https://p.example/v1");
    assert_int_equal(deployment->first_token_timeout_ms, 300000);
    assert_true(deployment->reasoning);
    assert_true(deployment->price_count >= 4);
    for (uint32_t i = 0; i < deployment->price_count; i++) {
        const struct price_version *price = &rows->prices[deployment->first_price + i];
        assert_true(uuid_equal(price->deployment, deployment->id));
        assert_int_equal(price->rate_count, 2);
        assert_true(price->from_ms < price->until_ms);
    }
    assert_int_equal(rows->prices[deployment->first_price].book, BOOK_COST);
    assert_int_equal(rows->prices[deployment->first_price].rates[0].meter, METER_INPUT);
    snapshot_rows_free(rows);
    pg_close(pg);
    pg_close(gateway);
}

/* On top of what the scene before left. */
static void a_gateway_reads_what_a_tenant_says_of_routing(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct snapshot_rows *rows = NULL;
    struct pg *all = open_database(url), *gateway = open_as(url, "tollgate_gateway");
    assert_int_equal(
        pg_script(all,
                  "INSERT INTO tollgate.routing_presets (preset_id, tenant_id, name, created_by, "
                  "current_version, deleted_at) SELECT gen_random_uuid(), tenant_id, n, 't', v, d "
                  "FROM tollgate.tenants, (VALUES ('b', 2, NULL::timestamptz), ('a', 1, NULL), "
                  "('gone', 1, now())) AS x(n, v, d);"
                  "INSERT INTO tollgate.routing_preset_versions (preset_id, tenant_id, version, "
                  "body, created_by) SELECT preset_id, tenant_id, v, "
                  "format('{\"model\": \"a/%s%s\"}', name, v)::json, 't' "
                  "FROM tollgate.routing_presets, generate_series(1, 2) v;"
                  "INSERT INTO tollgate.tenant_routing (tenant_id, hedge, zdr, data_collection, "
                  "strategy, regions, preset_id) SELECT tenant_id, true, true, 'deny', 'latency', "
                  "'{eu,us}', preset_id FROM tollgate.routing_presets WHERE name = 'a';"
                  "UPDATE tollgate.projects SET preset_id = p.preset_id "
                  "FROM tollgate.routing_presets p WHERE p.name = 'b';"
                  "UPDATE tollgate.deployments SET drained_at = now(), drained_by = 't', "
                  "drain_reason = 'r', probe_interval_s = 30, probe_daily_cap_pico = 7 "
                  "WHERE model = 'a/m'"),
        PG_OK);
    assert_store(STORE_OK, snapshot_read(gateway, &rows, &error), error);
    const struct routing_row *routing = &rows->tenants[0].routing;
    assert_true(routing->hedge && routing->zdr && routing->no_collection);
    assert_false(routing->continue_on_failure);
    assert_span("the strategy", routing->strategy, "latency");
    assert_int_equal(routing->region_count, 2);
    assert_span("the last region", routing->regions[1], "us");
    assert_int_equal(rows->preset_count, 2);
    assert_span("by name", rows->presets[0].name, "a");
    assert_int_equal(rows->presets[1].version, 2);
    assert_span("the newest", rows->presets[1].body, "{\"model\": \"a/b2\"}");
    assert_true(uuid_equal(rows->tenants[0].preset, rows->presets[0].id));
    assert_true(uuid_equal(rows->projects[0].preset, rows->presets[1].id));
    assert_true(uuid_is_zero(rows->keys[0].preset));
    const struct deployment_row *deployment = &rows->deployments[rows->models[0].first_deployment];
    assert_true(deployment->draining);
    assert_int_equal(deployment->probe_interval_s, 30);
    assert_int_equal(deployment->probe_daily_cap_pico, 7);
    snapshot_rows_free(rows);
    pg_close(all);
    pg_close(gateway);
}

static void a_word_that_is_not_known_keeps_the_old_snapshot(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct snapshot_rows *rows = NULL;
    struct pg *all = open_database(url), *gateway = open_as(url, "tollgate_gateway");
    assert_int_equal(pg_script(all, "ALTER TABLE tollgate.tenants DROP CONSTRAINT "
                                    "tenants_status_check;"
                                    "UPDATE tollgate.tenants SET status = 'frozen'"),
                     PG_OK);
    assert_store(STORE_BROKEN, snapshot_read(gateway, &rows, &error), error);
    assert_string_equal(error.text, "the database holds the status \"frozen\"");
    assert_null(rows);
    assert_false(pg_in_transaction(gateway));
    pg_close(all);
    pg_close(gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_become_versions_ten_minutes_ahead),
        cmocka_unit_test(what_is_gone_is_retired_and_may_come_back),
        cmocka_unit_test(what_operators_set_stays),
        cmocka_unit_test(a_gateway_reads_one_consistent_view),
        cmocka_unit_test(a_gateway_reads_what_a_tenant_says_of_routing),
        cmocka_unit_test(a_word_that_is_not_known_keeps_the_old_snapshot),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
