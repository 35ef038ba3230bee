/* Credentials of providers as operators keep them, and how providers answered. */
#include "common/base/clock.h"
#include "tenants/store/provider_credential_store.h"
#include "tenants/store/provider_store.h"
#include "tests/support/testing_catalog.h"

static void a_credential_is_kept_changed_and_never_shown(void **state)
{
    struct store_error error = {""};
    struct arena *arena = arena_new(1 << 12, 1 << 20);
    struct credential_places places = {0};
    struct credential_locked locked;
    const char sealed[40] = "sealed";
    struct credential_row_new row = {.id = uuid_new(),
                                     .provider = span_of("p"),
                                     .name = span_of("first"),
                                     .origins = span_of("https://acme.example"),
                                     .variables = span_of("{\"R\":\"acme\"}"),
                                     .sealed = span_make(sealed, sizeof(sealed)),
                                     .master_key_id = "0123456789abcdef"};

    (void)state;
    need_database(url);
    begin_as((struct uuid){{0}});
    assert_store(
        STORE_OK,
        provider_credential_places(control, span_of("p"), row.deployment, arena, &places, &error),
        error);
    assert_int("two places", places.count, 2);
    assert_span("in the catalog's order", places.urls[0], "https://${R}.example/v1");
    assert_store(
        STORE_OK,
        provider_credential_places(control, span_of("p"), deployment, arena, &places, &error),
        error);
    assert_int("one place", places.count, 1);
    assert_store(
        STORE_NOT_FOUND,
        provider_credential_places(control, span_of("q"), row.deployment, arena, &places, &error),
        error);
    assert_store(STORE_NOT_FOUND,
                 provider_credential_places(control, span_of("p"), (struct uuid){{5}}, arena,
                                            &places, &error),
                 error);
    assert_store(STORE_OK, provider_credential_insert(control, &row, &error), error);
    assert_store(STORE_OK, provider_credential_lock(control, row.id, arena, &locked, &error),
                 error);
    assert_span("where it goes", locked.origins, "https://acme.example");
    const struct credential_change off = {
        .name = PG_NULL, .status = PG_STRING("disabled"), .variables = PG_NULL};
    assert_store(STORE_OK, provider_credential_update(control, row.id, &off, &error), error);
    commit();
    assert_sql(all,
               "SELECT concat_ws(' ', status, origin, length(sealed), revision) "
               "FROM tollgate.provider_credentials",
               "disabled https://acme.example 40 2");
    begin_as(tenant.made.tenant);
    struct pg_rows *rows = SHOW(&provider_credential_view, PG_UUID(row.id));
    assert_int("a tenant sees none", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    store_rollback(control);
    arena_free(arena);
}

static void health_counts_attempts_and_not_requests(void **state)
{
    char id[ID_TEXT_SIZE], sql[1024];

    (void)state;
    need_database(url);
    id_format(ID_DEPLOYMENT, deployment, id);
    snprintf(sql, sizeof(sql),
             "SELECT tollgate.ensure_partitions(current_date - 1, current_date + 1)");
    assert_int_equal(pg_script(all, sql), PG_OK);
    for (int i = 0; i < 3; i++) {
        char event[UUID_TEXT_SIZE];

        uuid_format(uuid_new(), event);
        snprintf(sql, sizeof(sql),
                 "INSERT INTO tollgate.request_log (event_id, event_day, tenant_id, key_id, "
                 "first_token_ms, attempts) VALUES ('%s', tollgate.uuid7_day('%s'), '%s', '%s', %d,"
                 "'[{\"deployment\":\"%s\",\"status\":%d,\"reason\":\"%s\",\"ms\":%d},"
                 "{\"deployment\":\"%s\",\"status\":200,\"reason\":\"ok\",\"ms\":100,"
                 "\"delivered\":true}]')",
                 event, event, event, event, 10 * (i + 1), id, i == 0 ? 503 : 400, "status", i * 10,
                 id);
        assert_int_equal(pg_script(all, sql), PG_OK);
    }
    begin_as((struct uuid){{0}});
    struct pg_rows *rows = SHOW(&provider_health_view, PG_INT(50), PG_NULL, PG_NULL,
                                PG_UUID(provider_health_from(clock_wall_ms() - 3600000)),
                                PG_STRING("p"), PG_BOOL(true));
    assert_int("one deployment", pg_rows_count(rows), 1);
    in_row("it", uuid_equal(pg_get_uuid(rows, 0, 1), deployment));
    assert_int("attempts", pg_get_int64(rows, 0, 4), 6);
    assert_int("failures, without the client's own", pg_get_int64(rows, 0, 5), 1);
    assert_int("p95", pg_get_int64(rows, 0, 8), 100);
    assert_int("first token", pg_get_int64(rows, 0, 9), 30);
    in_row("just now", clock_wall_ms() - pg_get_unix_ms(rows, 0, 10) < 60000);
    assert_span("what", pg_get_text(rows, 0, 11), "status (503)");
    pg_rows_free(rows);
    rows = SHOW(&provider_health_view, PG_INT(50), PG_NULL, PG_NULL,
                PG_UUID(provider_health_from(clock_wall_ms() + 3600000)), PG_NULL, PG_NULL);
    assert_int("nothing in the hours asked for", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    store_rollback(control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_credential_is_kept_changed_and_never_shown),
        cmocka_unit_test(health_counts_attempts_and_not_requests),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
