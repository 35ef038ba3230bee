/* What operators do to models, deployments and prices by hand, and that imports leave it. */
#include "common/base/clock.h"
#include "tenants/store/model_store.h"
#include "tenants/store/price_store.h"
#include "tenants/store/provider_credential_store.h"
#include "tenants/store/provider_store.h"
#include "tests/support/testing_catalog.h"

static void every_list_runs_with_and_without_its_filters(void **state)
{
    const struct pg_param none = PG_NULL, id = PG_UUID(deployment), word = PG_STRING("m");
    const struct {
        const char *what;
        const struct view *view;
        struct pg_param params[10];
        int64_t rows;
    } rows[] = {
        {"models", &model_list_view, {none, none, none, none, PG_BOOL(true), none}, 1},
        {"models of a kind",
         &model_list_view,
         {word, PG_STRING("chat"), PG_STRING("p"), PG_STRING("published"), PG_BOOL(false),
          PG_UUID(tenant.made.tenant)},
         1},
        {"models of another kind",
         &model_list_view,
         {none, PG_STRING("image"), none, none, PG_BOOL(true), none},
         0},
        {"models of another provider",
         &model_list_view,
         {none, none, PG_STRING("q"), none, PG_BOOL(true), none},
         0},
        {"deployments", &deployment_list_view, {none, none, none, none, none}, 1},
        {"deployments of a model",
         &deployment_list_view,
         {PG_STRING("P"), PG_STRING("a/m"), PG_STRING("p"), PG_STRING("published"), PG_BOOL(false)},
         1},
        {"retired deployments",
         &deployment_list_view,
         {none, none, none, PG_STRING("retired"), none},
         0},
        {"drained deployments", &deployment_list_view, {none, none, none, none, PG_BOOL(true)}, 0},
        {"providers", &provider_list_view, {none, none}, 1},
        {"providers by name", &provider_list_view, {PG_STRING("P"), PG_STRING("active")}, 1},
        {"providers that are off", &provider_list_view, {none, PG_STRING("disabled")}, 0},
        {"health",
         &provider_health_view,
         {PG_UUID(provider_health_from(clock_wall_ms() - 3600000)), none, none},
         0},
        {"prices", &price_list_view, {none, none, none, none, none, none}, 2},
        {"prices of a book",
         &price_list_view,
         {id, PG_STRING("a/m"), PG_STRING("p"), PG_STRING("list"), none, PG_STRING("current")},
         1},
        {"prices to come",
         &price_list_view,
         {none, none, none, none, none, PG_STRING("future")},
         0},
        {"credentials", &provider_credential_list_view, {none, none}, 0},
        {"credentials of a provider",
         &provider_credential_list_view,
         {PG_STRING("p"), PG_STRING("active")},
         0},
    };

    (void)state;
    need_database(url);
    begin_as((struct uuid){{0}});
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_param params[16] = {PG_INT(50), PG_NULL, PG_NULL};
        struct pg_rows *found;

        memcpy(params + 3, rows[i].params, sizeof(rows[i].params));
        found = show(rows[i].view, params);
        assert_int(rows[i].what, pg_rows_count(found), rows[i].rows);
        pg_rows_free(found);
    }
    store_rollback(control);
}

static void a_list_goes_on_behind_its_cursor(void **state)
{
    (void)state;
    need_database(url);
    begin_as((struct uuid){{0}});
    const struct pg_param none = PG_NULL;
    struct pg_rows *rows = SHOW(&deployment_list_view, PG_INT(1), PG_STRING("a/m"),
                                PG_STRING("p/m#0"), none, none, none, none, none);
    assert_int("the key behind", pg_rows_count(rows), 1);
    pg_rows_free(rows);
    rows = SHOW(&deployment_list_view, PG_INT(1), PG_STRING("a/m"), PG_STRING("p/m#1"), none, none,
                none, none, none);
    assert_int("nothing behind the last", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    rows = SHOW(&model_list_view, PG_INT(1), PG_STRING("a/m"), PG_NULL, none, none, none, none,
                PG_BOOL(false), none);
    assert_int("no model behind the last", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    store_rollback(control);
}

/* Column `column` of the model as a tenant or an operator (zero) sees it; INT64_MIN without a row
 * or a value. */
static int64_t model_cell(struct uuid who, int column)
{
    begin_as(who);
    struct pg_rows *rows =
        SHOW(&model_view, PG_STRING("a/m"), PG_BOOL(!uuid_is_zero(who)), PG_UUID_OR_NULL(who));
    int64_t value = pg_rows_count(rows) == 0 || pg_is_null(rows, 0, column)
                        ? INT64_MIN
                        : pg_get_int64(rows, 0, column);
    pg_rows_free(rows);
    store_rollback(control);
    return value;
}

enum { AT_DEPLOYMENTS = 11, AT_SELLABLE = 12, AT_INPUT_FROM = 14 };

static void change_deployment(const struct deployment_change *change)
{
    struct store_error error = {""};
    int64_t revision = 0;

    begin_as((struct uuid){{0}});
    assert_store(STORE_OK, deployment_store_lock(control, deployment, &revision, &error), error);
    assert_store(STORE_OK, deployment_store_update(control, deployment, change, &error), error);
    commit();
}

static const char how_it_is[] =
    "SELECT concat_ws(' ', status, released, withdrawn, coalesce(status_reason, '-')) "
    "FROM tollgate.deployments";

static void an_operators_word_on_a_deployment_stays(void **state)
{
    static const struct {
        const char *what, *status, *reason, *then, *after_import;
    } rows[] = {
        {"quarantined by hand", "quarantined", "it lies", "quarantined f f it lies",
         "quarantined f f it lies"},
        {"and released", "published", NULL, "published t f -", "published t f -"},
        {"retired by hand", "retired", "too dear", "retired t t too dear", "retired t t too dear"},
        {"and published", "published", NULL, "published t f -", "published t f -"},
        {"a draft", "draft", NULL, "draft t f -", "draft t f -"},
        {"and published again", "published", NULL, "published t f -", "published t f -"},
    };

    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct deployment_change change = {.probe_interval_s = PG_NULL,
                                                 .probe_daily_cap = PG_NULL,
                                                 .status = PG_STRING(rows[i].status),
                                                 .priority = PG_NULL,
                                                 .weight = PG_NULL,
                                                 .abort_policy = PG_NULL,
                                                 .free_on_purpose = PG_NULL,
                                                 .connect_timeout_ms = PG_NULL,
                                                 .first_token_timeout_ms = PG_NULL,
                                                 .idle_timeout_ms = PG_NULL,
                                                 .total_timeout_ms = PG_NULL,
                                                 .sets_reason = rows[i].reason != NULL,
                                                 .status_reason = PG_STRING(rows[i].reason),
                                                 .trains = PG_NULL,
                                                 .retains = PG_NULL};

        change_deployment(&change);
        assert_sql(all, how_it_is, rows[i].then);
        assert_int(rows[i].what, import(200 + (int)i), 1);
        assert_sql(all, how_it_is, rows[i].after_import);
        assert_int("a second import changes nothing", import(200 + (int)i), 0);
    }
}

static void a_model_is_seen_by_members_while_it_is_published(void **state)
{
    struct store_error error = {""};
    const struct model_change hide = {.name = PG_NULL,
                                      .status = PG_STRING("retired"),
                                      .deprecated = PG_NULL,
                                      .sets_reason = true,
                                      .status_reason = PG_STRING("gone")};
    const struct model_change show_again = {.name = PG_NULL,
                                            .status = PG_STRING("published"),
                                            .deprecated = PG_NULL,
                                            .status_reason = PG_NULL};
    struct uuid nobody = {{0}};

    (void)state;
    need_database(url);
    assert_int("one can be had", model_cell(tenant.made.tenant, AT_SELLABLE), 1);
    assert_int("at the list price", model_cell(tenant.made.tenant, AT_INPUT_FROM), 2000000);
    begin_as(nobody);
    assert_store(STORE_OK, model_store_update(control, span_of("a/m"), &hide, &error), error);
    commit();
    assert_int("members", model_cell(tenant.made.tenant, AT_DEPLOYMENTS), INT64_MIN);
    assert_int("operators", model_cell(nobody, AT_DEPLOYMENTS), 1);
    assert_int("it can't be had", model_cell(nobody, AT_SELLABLE), 0);
    assert_true(import(300) > 0);
    assert_sql(all, "SELECT status || ' ' || status_reason FROM tollgate.models", "retired gone");
    begin_as(nobody);
    assert_store(STORE_OK, model_store_update(control, span_of("a/m"), &show_again, &error), error);
    commit();
    assert_int("members again", model_cell(tenant.made.tenant, AT_SELLABLE), 1);
}

static void a_models_name_by_hand_stays_until_it_is_the_catalogs_again(void **state)
{
    static const struct {
        const char *what, *name;
        bool deprecated;
        const char *then;
    } rows[] = {
        {"another name", "Mine", true, "Mine t M f"},
        {"a third", "Yours", true, "Yours t M f"},
        {"the catalog's own", "M", false, "M f"},
    };
    static const char how[] =
        "SELECT concat_ws(' ', name, deprecated, catalog_name, catalog_deprecated) "
        "FROM tollgate.models";

    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct store_error error = {""};
        const struct model_change change = {.name = PG_STRING(rows[i].name),
                                            .status = PG_NULL,
                                            .deprecated = PG_BOOL(rows[i].deprecated),
                                            .status_reason = PG_NULL};

        begin_as((struct uuid){{0}});
        assert_store(STORE_OK, model_store_update(control, span_of("a/m"), &change, &error), error);
        commit();
        assert_sql(all, how, rows[i].then);
        assert_int(rows[i].what, import(400 + (int)i), 1);
        assert_sql(all, how, rows[i].then);
        assert_int("a second import changes nothing", import(400 + (int)i), 0);
    }
}

/* ---- prices ---- */

static const struct price_rate dearer[] = {{METER_INPUT, MODE_STANDARD, 0, 3000000},
                                           {METER_OUTPUT, MODE_STANDARD, 0, 8500000}};

static enum store_outcome publish(const struct price_new *price, struct price_planned *planned,
                                  struct store_error *error)
{
    struct uuid id;

    begin_as((struct uuid){{0}});
    enum store_outcome outcome = price_store_plan(control, price, planned, error);
    if (outcome == STORE_OK)
        outcome = price_store_create(control, &test_operator, price, planned, &id, error);
    if (outcome == STORE_OK)
        commit();
    store_rollback(control);
    return outcome;
}

static void a_new_price_ends_the_one_before_where_it_begins(void **state)
{
    struct store_error error = {""};
    struct price_planned planned;
    int64_t hour = clock_wall_ms() + 3600000;
    struct price_new price = {.deployment = deployment,
                              .book = BOOK_LIST,
                              .from_ms = hour,
                              .rates = dearer,
                              .rate_count = 2,
                              .source = span_of("test")};

    (void)state;
    need_database(url);
    assert_store(STORE_OK, publish(&price, &planned, &error), error);
    in_row("it replaces one", !uuid_is_zero(planned.replaces));
    assert_sql(
        all,
        "SELECT string_agg(r.pico_per_unit::text, ' ' ORDER BY lower(v.effective)) || ' ' || "
        "bool_and(upper(v.effective) = n.begins OR upper_inf(v.effective)) "
        "FROM tollgate.price_versions v JOIN tollgate.price_rates r USING (price_version_id), "
        "(SELECT max(lower(effective)) AS begins FROM tollgate.price_versions "
        " WHERE book = 'list') n WHERE v.book = 'list' AND r.meter = 'input'",
        "2000000 3000000 true");
    begin_as((struct uuid){{0}});
    struct buf json = buf_make(1 << 16);
    price_store_rates_json(&price, &json);
    struct pg_rows *rows =
        SHOW(&rate_change_view, PG_UUID(planned.compared), PG_TEXT(buf_span(&json)));
    assert_int("only input differs", pg_rows_count(rows), 1);
    assert_int("before", pg_get_int64(rows, 0, 3), 2000000);
    assert_int("after", pg_get_int64(rows, 0, 4), 3000000);
    pg_rows_free(rows);
    buf_done(&json);
    store_rollback(control);
    assert_store(STORE_CONFLICT, publish(&price, &planned, &error), error);
    price.from_ms = hour - 1;
    assert_store(STORE_CONFLICT, publish(&price, &planned, &error), error);
}

static void a_contracts_price_is_seen_and_meant_by_its_tenant_only(void **state)
{
    static const struct price_rate cheap[] = {{METER_INPUT, MODE_STANDARD, 0, 1500000},
                                              {METER_OUTPUT, MODE_STANDARD, 0, 8500000}};
    struct store_error error = {""};
    struct price_planned planned;
    struct test_tenant other;
    struct price_new price = {.deployment = deployment,
                              .book = BOOK_LIST,
                              .tenant = tenant.made.tenant,
                              .from_ms = clock_wall_ms(),
                              .rates = cheap,
                              .rate_count = 2,
                              .source = span_of("contract")};

    (void)state;
    need_database(url);
    other = make_test_tenant(control, "Other", BILLING_PREPAID, 0);
    assert_store(STORE_OK, publish(&price, &planned, &error), error);
    in_row("it replaces nothing", uuid_is_zero(planned.replaces));
    in_row("but is compared with everybody's", !uuid_is_zero(planned.compared));
    assert_int("its own", model_cell(tenant.made.tenant, AT_INPUT_FROM), 1500000);
    assert_int("another's", model_cell(other.made.tenant, AT_INPUT_FROM), 2000000);
    assert_int("an operator's", model_cell((struct uuid){{0}}, AT_INPUT_FROM), 2000000);
    begin_as((struct uuid){{0}});
    assert_store(STORE_NOT_FOUND, price_store_know_tenant(control, (struct uuid){{9}}, &error),
                 error);
    assert_store(STORE_OK, price_store_know_tenant(control, other.made.tenant, &error), error);
    store_rollback(control);
}

static void a_price_by_which_nothing_could_be_sold_is_refused(void **state)
{
    static const struct price_rate no_output[] = {{METER_INPUT, MODE_STANDARD, 0, 1}};
    static const struct price_rate zeros[] = {{METER_INPUT, MODE_STANDARD, 0, 0},
                                              {METER_OUTPUT, MODE_STANDARD, 0, 0}};
    static const struct price_rate batch[] = {{METER_INPUT, MODE_BATCH, 0, 5}};
    static const struct {
        const char *what;
        const struct price_rate *rates;
        uint32_t count;
        enum store_outcome outcome;
    } rows[] = {
        {"a chat model without a price of output", no_output, 1, STORE_REFUSED},
        {"nothing but zeros", zeros, 2, STORE_REFUSED},
        {"nothing in standard mode", batch, 1, STORE_REFUSED},
    };

    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct store_error error = {""};
        struct price_planned planned;
        const struct price_new price = {.deployment = deployment,
                                        .book = BOOK_COST,
                                        .from_ms = clock_wall_ms() + 1000,
                                        .rates = rows[i].rates,
                                        .rate_count = rows[i].count,
                                        .source = span_of("test")};

        assert_int(rows[i].what, publish(&price, &planned, &error), rows[i].outcome);
    }
    struct store_error error = {""};
    struct price_planned planned;
    const struct price_new nowhere = {.deployment = {{7}}, .rates = dearer, .rate_count = 2};
    assert_store(STORE_NOT_FOUND, publish(&nowhere, &planned, &error), error);
}

/* ---- credentials and providers ---- */

static void a_provider_is_drained_and_taken_back(void **state)
{
    struct store_error error = {""};
    int64_t revision = 0;

    (void)state;
    need_database(url);
    begin_as((struct uuid){{0}});
    assert_store(STORE_OK, provider_store_lock(control, span_of("p"), &revision, &error), error);
    assert_store(STORE_OK,
                 provider_store_update(control, span_of("p"), PG_STRING("disabled"), &error),
                 error);
    commit();
    assert_int("nothing of it is sold", model_cell(tenant.made.tenant, AT_SELLABLE), 0);
    begin_as((struct uuid){{0}});
    assert_store(STORE_OK,
                 provider_store_update(control, span_of("p"), PG_STRING("active"), &error), error);
    assert_store(STORE_NOT_FOUND, provider_store_lock(control, span_of("q"), &revision, &error),
                 error);
    commit();
    assert_int("and again", model_cell(tenant.made.tenant, AT_SELLABLE), 1);
}

static void a_drain_outlives_imports(void **state)
{
    static const char drained[] =
        "SELECT concat_ws(' ', drained_by, drain_reason, drained_at IS NOT NULL) "
        "FROM tollgate.deployments";
    static const struct deployment_drain drain = {"opr", {"moves", 5}};
    struct store_error error = {""};

    (void)state;
    need_database(url);
    begin_as((struct uuid){{0}});
    assert_store(STORE_OK, deployment_store_drain(control, deployment, &drain, &error), error);
    commit();
    assert_sql(all, drained, "opr moves t");
    assert_true(import(500) > 0);
    assert_sql(all, drained, "opr moves t");
    begin_as((struct uuid){{0}});
    assert_store(STORE_OK, deployment_store_undrain(control, deployment, &error), error);
    commit();
    assert_sql(all, drained, "f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_runs_with_and_without_its_filters),
        cmocka_unit_test(a_list_goes_on_behind_its_cursor),
        cmocka_unit_test(an_operators_word_on_a_deployment_stays),
        cmocka_unit_test(a_model_is_seen_by_members_while_it_is_published),
        cmocka_unit_test(a_models_name_by_hand_stays_until_it_is_the_catalogs_again),
        cmocka_unit_test(a_new_price_ends_the_one_before_where_it_begins),
        cmocka_unit_test(a_contracts_price_is_seen_and_meant_by_its_tenant_only),
        cmocka_unit_test(a_price_by_which_nothing_could_be_sold_is_refused),
        cmocka_unit_test(a_provider_is_drained_and_taken_back),
        cmocka_unit_test(a_drain_outlives_imports),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
