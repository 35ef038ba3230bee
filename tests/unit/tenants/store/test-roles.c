/* What each role may see and do: row-level security, privileges, append-only tables. */
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];
static struct test_tenant one, two;

static int make(void **state)
{
    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] == '\0')
        return 0;
    struct pg *pg = open_as(url, "tollgate_control"), *owner = open_as(url, "tollgate_owner");
    one = make_test_tenant(pg, "One", BILLING_PREPAID, 0);
    two = make_test_tenant(pg, "Two", BILLING_PREPAID, 0);
    give_credit(pg, one.made.tenant, 1000);
    give_credit(pg, two.made.tenant, 2000);
    int r =
        pg_script(owner,
                  "INSERT INTO tollgate.providers (provider, name) VALUES ('p', 'P');"
                  "INSERT INTO tollgate.models (model, name, kind) VALUES ('a/m', 'M', 'chat');"
                  "INSERT INTO tollgate.deployments (deployment_id, catalog_key, model, "
                  "provider, upstream_id, failure_domain, dialect, base_url, auth) VALUES "
                  "(gen_random_uuid(), 'p/m#0', 'a/m', 'p', 'm', 'p', 'openai', 'https://x', "
                  "'bearer');"
                  "INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, "
                  "effective, source, created_by) SELECT gen_random_uuid(), deployment_id, b, "
                  "tstzrange(now(), NULL), 's', 't' FROM tollgate.deployments, "
                  "unnest(ARRAY['cost', 'list']) b;"
                  "INSERT INTO tollgate.price_rates (price_version_id, meter, pico_per_unit) "
                  "SELECT price_version_id, 'input', 7 FROM tollgate.price_versions;"
                  "INSERT INTO tollgate.routing_presets (preset_id, tenant_id, name, created_by) "
                  "SELECT gen_random_uuid(), tenant_id, 'p', 't' FROM tollgate.tenants;"
                  "INSERT INTO tollgate.routing_preset_versions (preset_id, tenant_id, version, "
                  "body, created_by) SELECT preset_id, tenant_id, 1, '{}', 't' "
                  "FROM tollgate.routing_presets;"
                  "INSERT INTO tollgate.tenant_routing (tenant_id) "
                  "SELECT tenant_id FROM tollgate.tenants;") == PG_OK
            ? 0
            : -1;
    pg_close(pg);
    pg_close(owner);
    return r;
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

static const char *const tenants_tables[] = {
    "tenants",
    "projects",
    "members",
    "api_keys",
    "api_key_secrets",
    "subscriptions",
    "accounts",
    "ledger_txns",
    "wallets",
    "ledger_entries",
    "credit_grants",
    "budgets",
    "leases",
    "invoices",
    "invoice_lines",
    "usage_events",
    "usage_hourly",
    "request_log",
    "refusals",
    "usage_hourly_by",
    "dead_letters",
    "audit_log",
    "reconcile_runs",
    "price_versions",
    "price_rates",
    "plan_versions",
    "operators",
    "settings",
    "sources",
    "gateways",
    "provider_credentials",
    "routing_presets",
    "routing_preset_versions",
    "tenant_routing",
};

static int64_t count_of(struct pg *pg, const char *table)
{
    char sql[128];
    struct pg_rows *rows = NULL;
    static const struct pg_param none = {.kind = PG_PARAM_END};
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM tollgate.%s", table);
    if (pg_exec_once(pg, &rows, sql, &none) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(pg)->message);
    int64_t count = pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    return count;
}

static void without_a_tenant_control_sees_nothing(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    for (size_t i = 0; i < array_size(tenants_tables); i++)
        assert_int(tenants_tables[i], count_of(pg, tenants_tables[i]), 0);
    pg_close(pg);
}

static void a_tenant_sees_its_own_rows_and_what_is_for_all(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what;
        int64_t count;
    } rows[] = {
        {"tenants", 1},
        {"projects", 1},
        {"api_keys", 1},
        {"api_key_secrets", 1},
        {"subscriptions", 1},
        {"wallets", 1},
        {"credit_grants", 1},
        {"ledger_txns", 1},
        {"ledger_entries", 2},
        {"plan_versions", 3},
        {"price_versions", 1},
        {"price_rates", 1},
        {"operators", 0},
        {"settings", 0},
        {"sources", 0},
        {"routing_presets", 1},
        {"routing_preset_versions", 1},
        {"tenant_routing", 1},
    };
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    const struct store_actor member = {.name = "mem", .tenant = one.made.tenant};
    assert_store(STORE_OK, store_begin(pg, &member, &error), error);
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, count_of(pg, rows[i].what), rows[i].count);
    assert_sql(pg, "SELECT book FROM tollgate.price_versions", "list");
    store_rollback(pg);
    assert_int("nothing is left behind it", count_of(pg, "tenants"), 0);
    pg_close(pg);
}

static void assert_refused(struct pg *pg, const char *sql, const char *sqlstate)
{
    static const struct pg_param none = {.kind = PG_PARAM_END};
    assert_int_equal(pg_script(pg, "SAVEPOINT before"), PG_OK);
    enum pg_outcome outcome = pg_exec_once(pg, NULL, sql, &none);
    if (outcome == PG_OK || strcmp(pg_error(pg)->sqlstate, sqlstate) != 0)
        fail_msg("%s: %s %s, wanted %s", sql, pg_outcome_name(outcome), pg_error(pg)->sqlstate,
                 sqlstate);
    assert_int_equal(pg_script(pg, "ROLLBACK TO before"), PG_OK);
}

static void a_tenant_changes_neither_others_nor_its_own_money(void **state)
{
    (void)state;
    need_database(url);
    static const char *const unseen[] = {
        "UPDATE tollgate.wallets SET promo_pico = promo_pico + 1",
        "UPDATE tollgate.tenants SET status = 'active'",
        "UPDATE tollgate.budgets SET spent_pico = 0",
        "UPDATE tollgate.api_keys SET name = 'x' WHERE tenant_id <> tollgate.current_tenant()",
        ("UPDATE tollgate.tenant_routing SET hedge = true "
         "WHERE tenant_id <> tollgate.current_tenant()"),
    };
    static const char *const refused[] = {
        "INSERT INTO tollgate.subscriptions SELECT tollgate.current_tenant(), plan_version_id, "
        "tstzrange(now() - interval '2 days', now() - interval '1 day') "
        "FROM tollgate.plan_versions LIMIT 1",
        "INSERT INTO tollgate.accounts (tenant_id, kind, currency) "
        "VALUES (tollgate.current_tenant(), 'cash', 'USD')",
        "INSERT INTO tollgate.projects (project_id, tenant_id, name) "
        "VALUES (gen_random_uuid(), gen_random_uuid(), 'x')",
        "DELETE FROM tollgate.projects",
        "INSERT INTO tollgate.routing_presets (preset_id, tenant_id, name, created_by) "
        "VALUES (gen_random_uuid(), gen_random_uuid(), 'x', 'x')",
        "UPDATE tollgate.routing_preset_versions SET body = '{}'",
        "INSERT INTO tollgate.usage_events DEFAULT VALUES",
        "SELECT tollgate.lease_free('{}', 'closed')",
    };
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    const struct store_actor member = {.name = "mem", .tenant = one.made.tenant};
    assert_store(STORE_OK, store_begin(pg, &member, &error), error);
    for (size_t i = 0; i < array_size(unseen); i++) {
        static const struct pg_param none = {.kind = PG_PARAM_END};
        enum pg_outcome outcome = pg_exec_once(pg, NULL, unseen[i], &none);
        if (outcome == PG_DENIED) { /* no privilege at all: better still */
            store_rollback(pg);
            assert_store(STORE_OK, store_begin(pg, &member, &error), error);
            continue;
        }
        assert_int_equal(outcome, PG_OK);
        assert_int(unseen[i], pg_affected(pg), 0);
    }
    for (size_t i = 0; i < array_size(refused); i++)
        assert_refused(pg, refused[i], "42501");
    store_rollback(pg);
    pg_close(pg);
}

static void the_gateway_reads_its_tables_and_calls_lease_functions_only(void **state)
{
    (void)state;
    need_database(url);
    static const char *const refused[] = {
        "SELECT * FROM tollgate.wallets",
        "SELECT * FROM tollgate.operators",
        "SELECT * FROM tollgate.members",
        "SELECT * FROM tollgate.leases",
        "SELECT * FROM tollgate.budgets",
        "SELECT * FROM tollgate.ledger_entries",
        "SELECT * FROM tollgate.usage_events",
        "SELECT * FROM tollgate.invoices",
        "UPDATE tollgate.tenants SET status = 'active'",
        "INSERT INTO tollgate.settings VALUES ('x', '1')",
        "UPDATE tollgate.snapshot_version SET version = 0",
        "SELECT tollgate.gateway_declare_lost(gen_random_uuid(), NULL, true)",
        "SELECT tollgate.lease_free('{}', 'closed')",
        "SELECT tollgate.audit(NULL, 'x', NULL, 'x', 'x', NULL, NULL)",
        "SELECT tollgate.ensure_partitions(current_date, current_date)",
        "CREATE TABLE tollgate.mine (n int)",
    };
    struct pg *pg = open_as(url, "tollgate_gateway");
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    for (size_t i = 0; i < array_size(refused); i++)
        assert_refused(pg, refused[i], "42501");
    assert_int("tenants", count_of(pg, "tenants"), 2);
    assert_int("prices of both books", count_of(pg, "price_rates"), 2);
    assert_sql(pg,
               "SELECT tollgate.gateway_report(gen_random_uuid(), 'h', 'v', 'active', '{}')::text",
               "");
    pg_rollback(pg);
    pg_close(pg);
}

static void what_has_happened_does_not_change(void **state)
{
    (void)state;
    need_database(url);
    static const char *const refused[] = {
        "UPDATE tollgate.ledger_entries SET amount_pico = 1",
        "DELETE FROM tollgate.ledger_entries",
        "UPDATE tollgate.ledger_txns SET kind = 'x'",
        "DELETE FROM tollgate.price_rates",
        "UPDATE tollgate.price_versions SET source = 'x'",
        "DELETE FROM tollgate.price_versions",
        "UPDATE tollgate.plan_versions SET markup_ppm = 0",
        "DELETE FROM tollgate.subscriptions",
        "UPDATE tollgate.audit_log SET actor = 'x'",
        "DELETE FROM tollgate.audit_log",
        "UPDATE tollgate.routing_preset_versions SET body = '{}'",
    };
    struct pg *pg = open_as(url, "tollgate_owner");
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    for (size_t i = 0; i < array_size(refused); i++)
        assert_refused(pg, refused[i], "25006");
    assert_refused(
        pg,
        "INSERT INTO tollgate.ledger_entries (txn_id, account_id, currency, amount_pico, "
        "period_no) SELECT txn_id, account_id, currency, 1, 9 "
        "FROM tollgate.ledger_entries LIMIT 1",
        "23514");
    pg_rollback(pg);
    pg_close(pg);
}

static void a_partition_is_not_a_way_around_its_parent(void **state)
{
    (void)state;
    need_database(url);
    struct pg *owner = open_as(url, "tollgate_owner"), *pg = open_as(url, "tollgate_control");
    assert_sql(owner, "SELECT tollgate.ensure_partitions('2026-01-01', '2026-01-02')::text", "4");
    assert_sql(owner, "SELECT tollgate.ensure_partitions('2026-01-01', '2026-01-03')::text", "2");
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_refused(pg, "SELECT * FROM tollgate.usage_events_20260101", "42501");
    pg_rollback(pg);
    pg_close(pg);
    pg_close(owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_tenant_control_sees_nothing),
        cmocka_unit_test(a_tenant_sees_its_own_rows_and_what_is_for_all),
        cmocka_unit_test(a_tenant_changes_neither_others_nor_its_own_money),
        cmocka_unit_test(the_gateway_reads_its_tables_and_calls_lease_functions_only),
        cmocka_unit_test(what_has_happened_does_not_change),
        cmocka_unit_test(a_partition_is_not_a_way_around_its_parent),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
