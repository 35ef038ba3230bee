/*
 * usage_seed: see usage_seed.h.
 */
#include "tests/unit/tenants/store/usage_seed.h"

#include "common/base/buf.h"

void run_sql(struct pg *pg, const char *sql)
{
    if (pg_script(pg, sql) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(pg)->message);
}

/* A function for the session: the id of a request that began then. */
#define TEST_USAGE_ID                                                                              \
    "CREATE OR REPLACE FUNCTION pg_temp.request_id(at timestamptz, n bigint) RETURNS uuid"         \
    " LANGUAGE sql AS $$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::int8), 12, '0')"     \
    " || '7' || '000' || '8' || '000' || lpad(to_hex(n), 12, '0'))::uuid $$;"

static void make_test_catalog(struct pg *owner)
{
    run_sql(owner,
            "SELECT tollgate.ensure_partitions('2026-03-05', '2026-03-12');"
            "INSERT INTO tollgate.providers (provider, name) VALUES ('p', 'Pea'), ('q', 'Queue');"
            "INSERT INTO tollgate.models (model, name, kind) VALUES ('a/m', 'M', 'chat'),"
            " ('b/n', 'N', 'chat');"
            "INSERT INTO tollgate.deployments (deployment_id, catalog_key, model, provider,"
            " upstream_id, failure_domain, dialect, base_url, auth)"
            " SELECT ('01900000-0000-7000-8001-00000000000' || n)::uuid, 'd' || n, m, p, 'm', p,"
            " 'openai', 'https://x', 'bearer' FROM (VALUES (1, 'a/m', 'p'), (2, 'a/m', 'q'),"
            " (3, 'b/n', 'p')) v(n, m, p);");
}

void make_test_usage(struct pg *owner, struct uuid tenant, int first, int count)
{
    run_sql(owner, TEST_USAGE_ID);
    enum pg_outcome outcome = pg_exec(
        owner, NULL,
        "INSERT INTO tollgate.usage_events (event_id, event_day, tenant_id, project_id, key_id,"
        " gateway_id, event_time, period_no, model_asked, model, deployment_id, outcome,"
        " usage_from, test, input_tokens, cache_read_tokens, cache_write_5m_tokens,"
        " cache_write_1h_tokens, output_tokens, reasoning_tokens, cost_pico, base_pico,"
        " discount_pico, charge_pico, told_pico, source_id, source_segment, source_offset, txn_id)"
        " SELECT pg_temp.request_id(v.at, v.i), tollgate.uuid7_day(pg_temp.request_id(v.at, v.i)),"
        " k.tenant_id, k.project_id, k.key_id, k.key_id, v.at, 1, 'ask', coalesce(d.model, ''),"
        " d.deployment_id, v.outcome, 1, v.i % 11 = 0, v.i, v.i % 7, v.i % 5, v.i % 3, v.i % 90,"
        " v.i % 90 / 2, v.charge / 2, v.charge, v.charge / 10, v.charge, v.charge, 1, 0, v.i,"
        " k.key_id FROM (SELECT i, timestamptz '2026-03-10 12:00Z' - interval '1 second'"
        " - ((i::int8 * 7919 * 31) % 259200) * interval '1 second' AS at, (i % 9 + 1)::int2"
        " AS outcome, CASE WHEN i % 9 + 1 IN (1, 3, 4) THEN (i::int8 * 104729 % 1000) *"
        " 1000003 ELSE 0 END AS charge FROM generate_series($2::int, $3::int) i) v"
        " JOIN LATERAL (SELECT k.tenant_id, k.project_id, k.key_id FROM tollgate.api_keys k"
        " WHERE k.tenant_id = $1 ORDER BY k.name OFFSET v.i % (SELECT count(*) FROM"
        " tollgate.api_keys k WHERE k.tenant_id = $1) LIMIT 1) k ON true"
        " LEFT JOIN tollgate.deployments d ON d.catalog_key = 'd' || (v.i % 4)",
        PG_UUID(tenant), PG_INT(first), PG_INT(first + count - 1));
    if (outcome == PG_OK)
        outcome = pg_exec(
            owner, NULL,
            "INSERT INTO tollgate.request_log (event_id, event_day, tenant_id, key_id,"
            " client_request_id, provider_request_id, attempts, error, first_token_ms, total_ms)"
            " SELECT e.event_id, e.event_day, e.tenant_id, e.key_id, 'client-' || e.source_offset,"
            " 'provider-' || e.source_offset, CASE WHEN e.source_offset % 2 = 0 THEN '[{}, {}]'"
            " ELSE '[{}]' END::jsonb, CASE WHEN e.outcome <> 1 THEN 'server' END,"
            " e.source_offset % 400, e.source_offset % 4000 FROM tollgate.usage_events e"
            " WHERE e.tenant_id = $1 AND e.source_offset BETWEEN $2 AND $3"
            /* What retention took. */
            " AND e.source_offset % 13 <> 0",
            PG_UUID(tenant), PG_INT(first), PG_INT(first + count - 1));
    if (outcome != PG_OK)
        fail_msg("%s", pg_error(owner)->message);
}

void make_test_rollups(struct pg *owner)
{
    cleanup(buf_done) struct buf sql = buf_make(16384);
    buf_add_string(
        &sql,
        "DELETE FROM tollgate.usage_hourly; INSERT INTO tollgate.usage_hourly"
        " SELECT date_trunc('hour', e.event_time), gen_random_uuid(), e.tenant_id, e.project_id,"
        " e.key_id, 1, false, e.model, e.deployment_id, e.outcome, e.mode, false, e.test, NULL,"
        " NULL, NULL, 0, count(*), sum(coalesce(jsonb_array_length(l.attempts), 0)), 0,"
        " sum(input_tokens), sum(cache_read_tokens), sum(cache_write_5m_tokens),"
        " sum(cache_write_1h_tokens), sum(output_tokens), sum(reasoning_tokens), NULL,"
        " sum(base_pico), sum(discount_pico), sum(charge_pico), sum(cost_pico), 0,"
        " coalesce(sum(first_token_ms), 0), coalesce(sum(total_ms), 0)");
    static const char *const columns[] = {"first_token_ms", "total_ms"};
    for (size_t c = 0; c < array_size(columns); c++)
        for (int k = 0; k < 16; k++)
            buf_printf(&sql, ", count(*) FILTER (WHERE %s < %d AND %s >= %d)", columns[c],
                       k == 15 ? INT32_MAX : 8 << k, columns[c], k == 0 ? 0 : 8 << (k - 1));
    buf_add_string(&sql, " FROM tollgate.usage_events e LEFT JOIN tollgate.request_log l"
                         " USING (event_id, event_day) GROUP BY 1, e.tenant_id, e.project_id,"
                         " e.key_id, e.model, e.deployment_id, e.outcome, e.mode, e.test;");
    run_sql(owner, sql.at);
}

struct test_usage make_two_tenants_usage(struct pg *control, struct pg *owner)
{
    struct test_usage made = {.one = make_test_tenant(control, "One", BILLING_PREPAID, 0),
                              .two = make_test_tenant(control, "Two", BILLING_PREPAID, 0),
                              .second_key = uuid_new(),
                              .second_project = uuid_new()};
    if (pg_exec(owner, NULL,
                "WITH p AS (INSERT INTO tollgate.projects (project_id, tenant_id, name) VALUES"
                " ($1, $2, 'second') RETURNING project_id, tenant_id) INSERT INTO"
                " tollgate.api_keys (key_id, tenant_id, project_id, name, kind) SELECT $3,"
                " tenant_id, project_id, 'second', 'live' FROM p",
                PG_UUID(made.second_project), PG_UUID(made.one.made.tenant),
                PG_UUID(made.second_key)) != PG_OK)
        fail_msg("%s", pg_error(owner)->message);
    make_test_catalog(owner);
    make_test_usage(owner, made.one.made.tenant, 1, 1000);
    make_test_usage(owner, made.two.made.tenant, 2001, 300);
    make_test_rollups(owner);
    return made;
}

void act_as(struct pg *pg, struct uuid tenant)
{
    struct store_error error = {""};
    const struct store_actor actor = {.name = "test", .tenant = tenant};
    store_rollback(pg);
    assert_store(STORE_OK, store_begin(pg, &actor, &error), error);
}
