/* What the control plane shows and changes, in a real database, as an operator and as a tenant. */
#include "common/base/clock.h"
#include "tenants/store/billing_view.h"
#include "tenants/store/key_view.h"
#include "tenants/store/project_store.h"
#include "tenants/store/tenant_view.h"
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

static void run_sql(struct pg *pg, const char *sql, struct uuid tenant, struct uuid key)
{
    if (pg_exec(pg, NULL, sql, PG_UUID(tenant), PG_UUID(key)) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(pg)->message);
}

/* An hour of usage of a key: 3 requests, charged 0.007, which cost us 0.005. */
static void use(struct pg *all, const struct test_tenant *tenant, const char *hours_ago)
{
    char sql[2000] =
        "INSERT INTO tollgate.usage_hourly SELECT date_trunc('hour', now() - interval '",
         rest[1600];
    snprintf(rest, sizeof(rest),
             "%s hours'), gen_random_uuid(), $1, (SELECT project_id FROM tollgate.api_keys WHERE "
             "key_id = $2), $2, 1, false, 'm', NULL, 1, 'standard', false, false, NULL, NULL, "
             "NULL, 0, 3, 3, 0, 10, 0, 0, 0, 10, 0, NULL, 6000000000, 0, 7000000000, 5000000000, "
             "0, 30, 60, 3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 3,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
             hours_ago);
    strncat(sql, rest, sizeof(sql) - strlen(sql) - 1);
    run_sql(all, sql, tenant->made.tenant, tenant->key.id);
}

static const struct store_actor *as_member(struct store_actor *actor, struct uuid tenant)
{
    *actor = (struct store_actor){.name = "mem_test", .tenant = tenant};
    return actor;
}

/* The view's object must be there, and hold `part`. */
static void assert_shows(struct pg *pg, const struct store_actor *actor, const struct view *view,
                         const struct pg_param *params, const char *part)
{
    struct store_error error = {""};
    struct arena *arena = arena_new(4096, 1 << 20);
    struct span json = span_of("");
    assert_store(STORE_OK, store_begin(pg, actor, &error), error);
    enum store_outcome outcome = view_object(pg, view, params, arena, &json, &error);
    store_rollback(pg);
    if (part == NULL) {
        assert_store(STORE_NOT_FOUND, outcome, error);
    } else {
        assert_store(STORE_OK, outcome, error);
        if (memmem(json.at, json.size, part, strlen(part)) == NULL)
            fail_msg("\"%s\" is not in %.*s", part, SPAN_ARG(json));
    }
    arena_free(arena);
}
#define shows(pg, actor, view, part, ...)                                                          \
    assert_shows((pg), (actor), (view),                                                            \
                 (const struct pg_param[]){__VA_ARGS__, {.kind = PG_PARAM_END}}, (part))

/* A list's first row, page by page of one row, must be these, by one column. */
static void assert_pages(struct pg *pg, const struct view *view, const struct pg_param *further,
                         int column, const char *wanted)
{
    struct store_error error = {""};
    struct pg_param params[16] = {PG_INT(1), PG_NULL, PG_NULL};
    char cursor[2][100], got[1000] = "";
    for (size_t i = 0; i < 12 && further[i].kind != PG_PARAM_END; i++)
        params[3 + i] = further[i];
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    for (int page = 0; page < 10; page++) {
        struct pg_rows *rows = NULL;
        assert_store(STORE_OK, view_read(pg, view, params, &rows, &error), error);
        if (pg_rows_count(rows) == 0) {
            pg_rows_free(rows);
            break;
        }
        struct span text = pg_get_text(rows, 0, column);
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s", page == 0 ? "" : " ",
                 SPAN_ARG(text));
        for (int i = 0; i < view->cursor_columns; i++) {
            struct span part = pg_get_text(rows, 0, (int)view->count + i);
            snprintf(cursor[i], sizeof(cursor[i]), "%.*s", SPAN_ARG(part));
            params[1 + i] = PG_STRING(cursor[i]);
        }
        pg_rows_free(rows);
    }
    store_rollback(pg);
    assert_string_equal(got, wanted);
}
#define pages(pg, view, column, wanted, ...)                                                       \
    assert_pages((pg), (view), (const struct pg_param[]){__VA_ARGS__, {.kind = PG_PARAM_END}},     \
                 (column), (wanted))

static void tenants_are_shown_with_their_money_of_30_days(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "50%_off", BILLING_POSTPAID, 2 * PICO_PER_UNIT);
    struct test_tenant other = make_test_tenant(pg, "Other", BILLING_PREPAID, 0);
    struct store_actor actor;
    const struct store_actor *member = as_member(&actor, ours.made.tenant);
    use(all, &ours, "1");
    use(all, &ours, "2");
    use(all, &ours, "1000");
    const struct pg_param id = PG_UUID(ours.made.tenant), theirs = PG_UUID(other.made.tenant);
    shows(pg, &test_operator, &tenant_view,
          "\"charge_30d\":\"0.014\",\"cost_30d\":\"0.01\","
          "\"requests_30d\":6",
          id);
    shows(pg, member, &tenant_view, "\"charge_30d\":\"0.014\",\"cost_30d\":null", id);
    shows(pg, member, &tenant_view, "\"plan\":\"pro\"", id);
    shows(pg, member, &tenant_view, NULL, theirs);
    shows(pg, member, &balance_view, "\"free\":\"2\",\"promo\":\"0\"", id);
    shows(pg, member, &balance_view, "\"burn_per_day\":\"0.014\",\"days_left\":142.9", id);
    shows(pg, &test_operator, &balance_view, "\"days_left\":null", theirs);
    shows(pg, member, &subscription_view, "\"markup_percent\":\"5\",\"monthly_fee\":\"9.99\"", id);
    pages(pg, &tenant_list_view, 1, "Other 50%_off", PG_NULL, PG_NULL);
    pages(pg, &tenant_list_view, 1, "50%_off", PG_STRING("0%_O"), PG_STRING("active"));
    pages(pg, &tenant_list_view, 1, "", PG_STRING("5__"), PG_NULL);
    pages(pg, &tenant_list_view, 1, "", PG_NULL, PG_STRING("closed"));
    pages(pg, &subscription_list_view, 0, "pro", id);
    pg_close(pg);
    pg_close(all);
}

static void a_tenant_renames_itself_and_nothing_else(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Before", BILLING_PREPAID, 0);
    struct test_tenant other = make_test_tenant(pg, "Stranger", BILLING_PREPAID, 0);
    struct store_actor member;
    (void)as_member(&member, ours.made.tenant);
    const struct {
        const char *what;
        const struct store_actor *actor;
        struct tenant_change change;
        enum store_outcome outcome;
    } rows[] = {
        {"its own name",
         &member,
         {.tenant = ours.made.tenant, .has_name = true, .name = span_of("After")},
         STORE_OK},
        {"another's",
         &member,
         {.tenant = other.made.tenant, .has_name = true, .name = span_of("After")},
         STORE_NOT_FOUND},
        {"its status", &member, {.tenant = ours.made.tenant, .has_status = true}, STORE_DENIED},
        {"its limit",
         &member,
         {.tenant = ours.made.tenant, .has_credit_limit = true},
         STORE_DENIED},
        {"a limit of a prepaid one",
         &test_operator,
         {.tenant = ours.made.tenant, .has_credit_limit = true, .credit_limit_pico = 1},
         STORE_REFUSED},
        {"its status by us",
         &test_operator,
         {.tenant = ours.made.tenant, .has_status = true, .status = ACCOUNT_SUSPENDED},
         STORE_OK},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t revision;
        assert_store(STORE_OK, store_begin(pg, rows[i].actor, &error), error);
        enum store_outcome outcome =
            tenant_store_lock(pg, rows[i].change.tenant, &revision, &error);
        if (outcome == STORE_OK)
            outcome = tenant_store_change(pg, rows[i].actor, &rows[i].change, &error);
        if (outcome != rows[i].outcome)
            fail_msg("%s: %s", rows[i].what, store_outcome_name(outcome));
        if (outcome == STORE_OK)
            assert_store(STORE_OK, store_commit(pg, &error), error);
        store_rollback(pg);
    }
    assert_sql(all,
               "SELECT name || ' ' || status || ' ' || revision FROM tollgate.tenants "
               "WHERE name IN ('After', 'Stranger') ORDER BY 1",
               "After suspended 3");
    assert_sql(all,
               "SELECT (before->>'name') || ' ' || (after->>'name') FROM tollgate.audit_log "
               "WHERE action = 'tenant.update' AND actor = 'mem_test'",
               "Before After");
    pg_close(pg);
    pg_close(all);
}

static void projects_are_changed_by_their_tenant(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant ours = make_test_tenant(pg, "Projects", BILLING_PREPAID, 0);
    struct store_actor actor;
    const struct store_actor *member = as_member(&actor, ours.made.tenant);
    const struct project_new fresh = {.tenant = ours.made.tenant,
                                      .name = span_of("Blue"),
                                      .budget_window = WINDOW_MONTH,
                                      .budget_pico = 5};
    struct project_state found;
    struct uuid id;
    assert_store(STORE_OK, store_begin(pg, member, &error), error);
    assert_store(STORE_OK, project_store_create(pg, member, &fresh, &id, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    assert_store(STORE_OK, store_begin(pg, member, &error), error);
    assert_store(STORE_CONFLICT, project_store_create(pg, member, &fresh, &id, &error), error);
    assert_string_equal(error.text, "there is a project \"Blue\" already");
    store_rollback(pg);
    assert_store(STORE_OK, store_begin(pg, member, &error), error);
    assert_store(STORE_OK, project_store_find(pg, ours.made.tenant, span_of("Blue"), &id, &error),
                 error);
    assert_store(STORE_OK, project_store_lock(pg, ours.made.tenant, id, &found, &error), error);
    assert_int_equal(found.budget_window, WINDOW_MONTH);
    const struct project_change change = {.tenant = ours.made.tenant,
                                          .project = id,
                                          .has_status = true,
                                          .status = PROJECT_ARCHIVED,
                                          .has_budget = true};
    assert_store(STORE_OK, project_store_change(pg, member, &change, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    const struct pg_param tenant = PG_UUID(ours.made.tenant);
    shows(pg, member, &project_view,
          "\"name\":\"Blue\",\"status\":\"archived\",\"budget\":null,"
          "\"budget_window\":null,\"spent\":null,\"keys\":0",
          tenant, PG_UUID(id));
    shows(pg, member, &project_view, "\"keys\":1", tenant, PG_UUID(ours.made.project));
    pages(pg, &project_list_view, 2, "Blue default", tenant, PG_NULL, PG_NULL);
    pages(pg, &project_list_view, 2, "Blue", tenant, PG_STRING("bL"), PG_STRING("archived"));
    pg_close(pg);
}

static void keys_show_what_they_spent_in_their_window(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Spends", BILLING_PREPAID, 0);
    struct store_actor actor;
    const struct store_actor *member = as_member(&actor, ours.made.tenant);
    const struct pg_param tenant = PG_UUID(ours.made.tenant), key = PG_UUID(ours.key.id);
    const struct span models[] = {span_of("a/b")};
    struct key_state found;
    use(all, &ours, "1");
    use(all, &ours, "5000");
    shows(pg, member, &key_view, "\"budget\":null,\"budget_window\":null,\"spent\":\"0.014\"",
          tenant, key);
    const struct key_change change = {.tenant = ours.made.tenant,
                                      .key = ours.key.id,
                                      .has_budget = true,
                                      .budget_window = WINDOW_DAY,
                                      .budget_pico = 3 * PICO_PER_UNIT,
                                      .has_models = true,
                                      .allowed_models = models,
                                      .allowed_count = 1,
                                      .has_requests = true,
                                      .requests_per_minute = 7,
                                      .has_status = true,
                                      .status = KEY_DISABLED};
    assert_store(STORE_OK, store_begin(pg, member, &error), error);
    assert_store(STORE_OK, key_store_change(pg, member, &change, &error), error);
    assert_store(STORE_OK, key_store_lock(pg, ours.made.tenant, ours.key.id, &found, &error),
                 error);
    assert_int_equal(found.status, KEY_DISABLED);
    assert_int_equal(found.budget_window, WINDOW_DAY);
    assert_int_equal(found.revision, 2);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    run_sql(all,
            "INSERT INTO tollgate.budgets (scope, scope_id, window_start, tenant_id, limit_pico, "
            "spent_pico) VALUES ('key', $2, date_trunc('day', now(), 'UTC'), $1, 1, 4), "
            "('key', $2, date_trunc('day', now(), 'UTC') - interval '1 day', $1, 1, 9) "
            "ON CONFLICT (scope, scope_id, window_start) DO UPDATE SET spent_pico = 4",
            ours.made.tenant, ours.key.id);
    shows(pg, member, &key_view,
          "\"status\":\"disabled\",\"status_reason\":\"disabled by mem_test\"", tenant, key);
    shows(pg, member, &key_view,
          "\"models\":[\"a/b\"],\"scopes\":[],\"budget\":\"3\","
          "\"budget_window\":\"day\",\"spent\":\"0.000000000004\",\"requests_per_minute\":7,"
          "\"tokens_per_minute\":null",
          tenant, key);
    pages(pg, &key_list_view, 4, "key", tenant, PG_STRING(ours.key.secret.public_part), PG_NULL,
          PG_STRING("disabled"), PG_UUID(ours.made.project));
    pages(pg, &key_list_view, 4, "", tenant, PG_NULL, PG_STRING("mgmt"), PG_NULL, PG_NULL);
    pages(pg, &key_list_view, 4, "", tenant, PG_NULL, PG_NULL, PG_STRING("expired"), PG_NULL);
    run_sql(all,
            "UPDATE tollgate.api_keys SET status = 'active', expires_at = now() "
            "WHERE tenant_id = $1 AND key_id = $2",
            ours.made.tenant, ours.key.id);
    pages(pg, &key_list_view, 6, "expired", tenant, PG_NULL, PG_NULL, PG_STRING("expired"),
          PG_NULL);
    pg_close(pg);
    pg_close(all);
}

static void set_total_budget(struct pg *pg, const struct store_actor *actor,
                             const struct test_tenant *tenant)
{
    struct store_error error = {""};
    const struct key_change of_key = {.tenant = tenant->made.tenant,
                                      .key = tenant->key.id,
                                      .has_budget = true,
                                      .budget_window = WINDOW_TOTAL,
                                      .budget_pico = PICO_PER_UNIT};
    const struct project_change of_project = {.tenant = tenant->made.tenant,
                                              .project = tenant->made.project,
                                              .has_budget = true,
                                              .budget_window = WINDOW_TOTAL,
                                              .budget_pico = PICO_PER_UNIT};
    assert_store(STORE_OK, store_begin(pg, actor, &error), error);
    assert_store(STORE_OK, key_store_change(pg, actor, &of_key, &error), error);
    assert_store(STORE_OK, project_store_change(pg, actor, &of_project, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
}

static void a_new_budget_counts_what_its_window_has_spent(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Late budget", BILLING_PREPAID, 0);
    struct store_actor actor;
    const struct store_actor *member = as_member(&actor, ours.made.tenant);
    const struct pg_param tenant = PG_UUID(ours.made.tenant), key = PG_UUID(ours.key.id);
    use(all, &ours, "30");
    use(all, &ours, "3000");
    set_total_budget(pg, member, &ours);
    shows(pg, member, &key_view, "\"budget_window\":\"total\",\"spent\":\"0.014\"", tenant, key);
    shows(pg, member, &project_view, "\"spent\":\"0.014\"", tenant, PG_UUID(ours.made.project));
    /* What gateways spent of it since is more than the hours tell yet. */
    run_sql(all,
            "UPDATE tollgate.budgets SET spent_pico = 20000000000 WHERE tenant_id = $1 "
            "AND scope_id = $2",
            ours.made.tenant, ours.key.id);
    set_total_budget(pg, member, &ours);
    shows(pg, member, &key_view, "\"spent\":\"0.02\"", tenant, key);
    pg_close(pg);
    pg_close(all);
}

static void models_are_found_by_their_aliases(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct arena *arena = arena_new(4096, 1 << 20);
    struct key_models models;
    const struct span names[] = {span_of("short"), span_of("x/one"), span_of("x/two"),
                                 span_of("what"), span_of("x/one")};
    assert_int_equal(
        pg_script(all,
                  "INSERT INTO tollgate.models (model, name, kind) VALUES "
                  "('x/one', 'One', 'chat'), ('x/two', 'Two', 'chat');"
                  "INSERT INTO tollgate.model_aliases (alias, model) VALUES ('short', 'x/two')"),
        PG_OK);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, key_store_models(pg, names, array_size(names), arena, &models, &error),
                 error);
    store_rollback(pg);
    assert_int_equal(models.known_count, 2);
    assert_span("the alias's model", models.known[0], "x/two");
    assert_span("the model", models.known[1], "x/one");
    assert_int_equal(models.unknown_count, 1);
    assert_span("nobody's name", models.unknown[0], "what");
    arena_free(arena);
    pg_close(pg);
    pg_close(all);
}

static void a_management_key_keeps_its_scopes(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant ours = make_test_tenant(pg, "Steers", BILLING_PREPAID, 0);
    const struct key_new fresh = {.tenant = ours.made.tenant,
                                  .project = ours.made.project,
                                  .name = span_of("ci"),
                                  .kind = KEY_MGMT,
                                  .expires_ms = INT64_MAX,
                                  .scopes = 1u << SCOPE_KEYS_READ | 1u << SCOPE_AUDIT_READ};
    struct key_made made;
    struct key_state found;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, key_store_create(pg, &test_operator, &fresh, &made, &error), error);
    assert_store(STORE_OK, key_store_lock(pg, ours.made.tenant, made.id, &found, &error), error);
    assert_int_equal(found.scopes, fresh.scopes);
    assert_int_equal(found.kind, KEY_MGMT);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    shows(pg, &test_operator, &key_view, "\"scopes\":[\"keys:read\",\"audit:read\"]",
          PG_UUID(ours.made.tenant), PG_UUID(made.id));
    shows(pg, &test_operator, &key_view, "\"created_by\":\"test\"", PG_UUID(ours.made.tenant),
          PG_UUID(made.id));
    key_forget(&made.secret);
    pg_close(pg);
}

static void a_version_of_a_plan_ends_the_one_before_it(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Subscribes", BILLING_PREPAID, 0);
    struct store_actor member;
    (void)as_member(&member, ours.made.tenant);
    int64_t now_ms = clock_wall_ms(), day_ms = 86400000;
    const struct {
        const char *what;
        int64_t from_ms;
        enum store_outcome outcome;
    } rows[] = {
        {"the first", INT64_MIN, STORE_OK},
        {"in the past", now_ms - day_ms, STORE_REFUSED},
        {"from tomorrow", now_ms + day_ms, STORE_OK},
        {"the same time again", now_ms + day_ms, STORE_CONFLICT},
        {"before that", now_ms + day_ms / 2, STORE_CONFLICT},
        {"now, while one is to come", INT64_MIN, STORE_CONFLICT},
        {"after that", now_ms + 2 * day_ms, STORE_OK},
    };
    struct uuid version = {{0}}, first = {{0}};
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct plan_version_new fresh = {.plan = span_of("gold"),
                                               .name = span_of("Gold"),
                                               .listed = i != 0,
                                               .markup_ppm = 55000 + (int64_t)i,
                                               .volume_discount_ppm = 1,
                                               .volume_threshold_pico = PICO_PER_UNIT,
                                               .monthly_fee_minor = 1999,
                                               .from_ms = rows[i].from_ms};
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        enum store_outcome outcome = plan_store_add(pg, &test_operator, &fresh, &version, &error);
        if (outcome != rows[i].outcome)
            fail_msg("%s: %s: %s", rows[i].what, store_outcome_name(outcome), error.text);
        if (outcome == STORE_OK)
            assert_store(STORE_OK, store_commit(pg, &error), error);
        store_rollback(pg);
        if (i == 0)
            first = version;
    }
    pages(pg, &plan_list_view, 5, "5.5006 5.5002 5.5", PG_STRING("gold"), PG_NULL);
    pages(pg, &plan_list_view, 5, "5.5", PG_STRING("gold"), PG_STRING("current"));
    shows(pg, &test_operator, &plan_view,
          "\"volume_threshold\":\"1\",\"volume_discount_percent\":"
          "\"0.0001\"",
          PG_UUID(version));
    shows(pg, &member, &plan_view, "\"subscribers\":null,\"created_by\":\"\"", PG_UUID(version));
    shows(pg, &member, &plan_view, NULL, PG_UUID(first)); /* not listed */
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK,
                 plan_store_subscribe(pg, &test_operator, ours.made.tenant, first, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_CONFLICT,
                 plan_store_subscribe(pg, &test_operator, ours.made.tenant, first, &error), error);
    store_rollback(pg);
    shows(pg, &member, &plan_view, "\"listed\":false", PG_UUID(first));
    shows(pg, &test_operator, &plan_view, "\"subscribers\":1", PG_UUID(first));
    pages(pg, &subscription_list_view, 0, "gold pro", PG_UUID(ours.made.tenant));
    pg_close(pg);
    pg_close(all);
}

static void the_ledger_shows_each_tenant_its_own_entries(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Ours", BILLING_PREPAID, 0);
    struct test_tenant other = make_test_tenant(pg, "Theirs", BILLING_PREPAID, 0);
    struct store_actor member;
    const struct pg_param id = PG_UUID(ours.made.tenant);
    (void)as_member(&member, ours.made.tenant);
    give_credit(pg, ours.made.tenant, 5 * PICO_PER_UNIT);
    give_credit(pg, ours.made.tenant, 6 * PICO_PER_UNIT);
    give_credit(pg, other.made.tenant, PICO_PER_UNIT);
    /* A batch of both tenants' usage. */
    run_sql(all,
            "WITH t AS (INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, effective_at) "
            "VALUES ('ffffffff-0000-7000-8000-000000000000', 'batch', 'usage', now()) "
            "RETURNING txn_id), n AS (INSERT INTO tollgate.accounts (tenant_id, kind, currency) "
            "VALUES ($1, 'rev_usage', 'USD'), ($2, 'rev_usage', 'USD') RETURNING account_id, "
            "tenant_id) INSERT INTO tollgate.ledger_entries (txn_id, account_id, tenant_id, "
            "currency, period_no, amount_pico) SELECT txn_id, account_id, tenant_id, 'USD', 1, -7 "
            "FROM t, n UNION ALL SELECT txn_id, account_id, tenant_id, 'USD', 1, 7 FROM t, "
            "tollgate.accounts a WHERE a.kind = 'promo' AND a.tenant_id IN ($1, $2)",
            ours.made.tenant, other.made.tenant);
    pages(pg, &ledger_list_view, 2, "rev_usage promo promo_expense promo promo_expense promo", id,
          PG_NULL, PG_NULL, PG_NULL);
    pages(pg, &ledger_list_view, 1, "usage manual_credit manual_credit", id, PG_NULL, PG_NULL,
          PG_STRING("promo"));
    pages(pg, &ledger_list_view, 2, "", id, PG_NULL, PG_TIME(0), PG_NULL);
    shows(pg, &member, &ledger_list_view,
          "\"account\":\"rev_usage\",\"amount\":\"-0.000000000007\"", PG_INT(1), PG_NULL, PG_NULL,
          id, PG_NULL, PG_NULL, PG_NULL);
    shows(pg, &member, &ledger_list_view, NULL, PG_INT(1), PG_NULL, PG_NULL,
          PG_UUID(other.made.tenant), PG_NULL, PG_NULL, PG_NULL);
    pages(pg, &credit_list_view, 1, "promo promo", id);
    pg_close(pg);
    pg_close(all);
}

static void invoices_are_shown_with_their_lines(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant ours = make_test_tenant(pg, "Billed", BILLING_POSTPAID, 0);
    struct store_actor member;
    struct uuid id = uuid_new();
    (void)as_member(&member, ours.made.tenant);
    run_sql(all,
            "WITH i AS (INSERT INTO tollgate.invoices (invoice_id, tenant_id, period_no, period, "
            "currency, usage_pico, subtotal_minor, credits_minor, total_minor) VALUES ($2, $1, 1, "
            "'[2026-10-01 00:00+00,2026-11-01 00:00+00)', 'USD', 12340000000000, 1234, 234, 1000) "
            "RETURNING invoice_id, tenant_id) INSERT INTO tollgate.invoice_lines (invoice_id, "
            "line_no, tenant_id, kind, description, quantity, pico_per_unit, amount_pico, "
            "amount_minor) SELECT invoice_id, 1, tenant_id, 'usage', '=m', 1000, 1250000, "
            "12340000000000, 1234 FROM i",
            ours.made.tenant, id);
    const struct pg_param tenant = PG_UUID(ours.made.tenant);
    shows(
        pg, &member, &invoice_view,
        "\"period_end\":\"2026-11-01T00:00:00.000Z\",\"currency\":"
        "\"USD\",\"usage\":\"12.34\",\"subtotal\":\"12.34\",\"tax\":\"0.00\",\"credits\":\"2.34\","
        "\"total\":\"10.00\"",
        tenant, PG_UUID(id));
    shows(pg, &member, &invoice_line_view,
          "\"quantity\":\"1000\",\"per_million\":\"1.25\","
          "\"amount\":\"12.34\",\"cents\":\"12.34\"",
          tenant, PG_UUID(id));
    pages(pg, &invoice_list_view, 3, "draft", tenant, PG_STRING("draft"));
    pages(pg, &invoice_list_view, 3, "", tenant, PG_STRING("paid"));
    pg_close(pg);
    pg_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tenants_are_shown_with_their_money_of_30_days),
        cmocka_unit_test(a_tenant_renames_itself_and_nothing_else),
        cmocka_unit_test(projects_are_changed_by_their_tenant),
        cmocka_unit_test(keys_show_what_they_spent_in_their_window),
        cmocka_unit_test(a_new_budget_counts_what_its_window_has_spent),
        cmocka_unit_test(models_are_found_by_their_aliases),
        cmocka_unit_test(a_management_key_keeps_its_scopes),
        cmocka_unit_test(a_version_of_a_plan_ends_the_one_before_it),
        cmocka_unit_test(the_ledger_shows_each_tenant_its_own_entries),
        cmocka_unit_test(invoices_are_shown_with_their_lines),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
