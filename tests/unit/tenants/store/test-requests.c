/* The request log: filters, cursors that miss nothing, and who sees what of one request. */
#include "tenants/store/request_store.h"

#include <stdio.h>

#include "tests/unit/tenants/store/usage_seed.h"

static char url[TEST_URL_SIZE];
static struct test_usage made;
static const struct uuid nobody = {{0}};

static int make(void **state)
{
    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] == '\0')
        return 0;
    struct pg *control = open_as(url, "tollgate_control"), *owner = open_as(url, "tollgate_owner");
    made = make_two_tenants_usage(control, owner);
    pg_close(control);
    pg_close(owner);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

enum { L_LIMIT, L_CURSOR, L_SECOND, L_TENANT, L_FROM, L_TO, L_FILTERS, L_END = 15, L_ALL };
enum { C_TIME = 1, C_ATTEMPTS = 18, C_CHARGE = 17, C_CURSOR = 23, C_ID };

/* The parameters of a list without filters. */
static void ask(struct pg_param params[L_ALL], struct uuid tenant, int64_t limit)
{
    for (int i = 0; i < L_END; i++)
        params[i] = PG_NULL;
    params[L_LIMIT] = PG_INT(limit);
    params[L_TENANT] = PG_UUID(tenant);
    params[L_FROM] = PG_TIME(TEST_USAGE_FROM_MS);
    params[L_TO] = PG_TIME(TEST_USAGE_END_MS);
    params[L_END] = (struct pg_param){.kind = PG_PARAM_END};
}

static struct pg_rows *list(struct pg *pg, const struct view *view, const struct pg_param *params)
{
    struct store_error error = {""};
    struct pg_rows *rows = NULL;
    assert_store(STORE_OK, view_read(pg, view, params, &rows, &error), error);
    return rows;
}

static void every_filter_finds_what_it_says(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what;
        int at; /* $n - 1 */
        const char *value, *where;
    } rows[] = {
        {"all", 0, NULL, "true"},
        {"a model", 6, "a/m", "model = 'a/m'"},
        {"an outcome", 9, "client_left", "outcome = 4"},
        {"no such outcome", 9, "nonsense", "false"},
        {"a provider", 10, "q", "deployment_id::text LIKE '%2'"},
        {"no such provider", 10, "z", "false"},
        {"failed", 11, "true", "outcome IN (2, 3, 6, 7, 9)"},
        {"not failed", 11, "false", "outcome IN (1, 4, 5, 8)"},
        {"the least charge", 12, "500000000", "charge_pico >= 500000000"},
        {"the client's id", 14, "client-17", "source_offset = 17"},
        {"the provider's id", 14, "provider-18", "source_offset = 18"},
        {"an id of nobody", 14, "client-0", "false"},
        {"an id of another tenant", 14, "client-2001", "false"},
    };
    struct pg *pg = open_as(url, "tollgate_control");
    act_as(pg, nobody);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_param params[L_ALL];
        char sql[300];
        ask(params, made.one.made.tenant, 5000);
        if (rows[i].value != NULL)
            params[rows[i].at] = PG_STRING(rows[i].value);
        struct pg_rows *newest = list(pg, &request_newest_view, params),
                       *filtered = list(pg, &request_filtered_view, params),
                       *dearest = list(pg, &request_dearest_view, params), *wanted = NULL;
        snprintf(sql, sizeof(sql),
                 "SELECT count(*) FROM tollgate.usage_events WHERE tenant_id = $1 AND (%s)",
                 rows[i].where);
        const struct pg_param of[] = {PG_UUID(made.one.made.tenant), {.kind = PG_PARAM_END}};
        assert_int(sql, pg_exec_once(pg, &wanted, sql, of), PG_OK);
        assert_int(rows[i].what, pg_rows_count(newest), pg_get_int64(wanted, 0, 0));
        assert_int(rows[i].what, pg_rows_count(filtered), pg_get_int64(wanted, 0, 0));
        assert_int(rows[i].what, pg_rows_count(dearest), pg_get_int64(wanted, 0, 0));
        pg_rows_free(newest);
        pg_rows_free(filtered);
        pg_rows_free(dearest);
        pg_rows_free(wanted);
    }
    pg_close(pg);
}

static void ids_of_key_project_and_event_are_filters_too(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct pg_param params[L_ALL];
    act_as(pg, made.one.made.tenant);
    ask(params, made.one.made.tenant, 5000);
    params[7] = PG_UUID(made.second_key);
    struct pg_rows *rows = list(pg, &request_newest_view, params);
    assert_int("a key", pg_rows_count(rows), 500);
    assert_span("its name", pg_get_text(rows, 0, 7), "second");
    struct uuid id = pg_get_uuid(rows, 0, 0);
    pg_rows_free(rows);
    ask(params, made.one.made.tenant, 5000);
    params[8] = PG_UUID(made.one.made.project);
    rows = list(pg, &request_newest_view, params);
    assert_int("a project", pg_rows_count(rows), 500);
    pg_rows_free(rows);
    ask(params, made.one.made.tenant, 5000);
    params[13] = PG_UUID(id);
    rows = list(pg, &request_newest_view, params);
    assert_int("an event", pg_rows_count(rows), 1);
    pg_rows_free(rows);
    ask(params, made.two.made.tenant, 5000);
    rows = list(pg, &request_newest_view, params);
    assert_int("another tenant's", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    pg_close(pg);
}

static bool in_order(const struct view *view, const struct pg_rows *rows, size_t i)
{
    int column = view == &request_dearest_view ? C_CHARGE : C_TIME;
    int64_t before =
        column == C_TIME ? pg_get_unix_ms(rows, i - 1, column) : pg_get_int64(rows, i - 1, column);
    int64_t now =
        column == C_TIME ? pg_get_unix_ms(rows, i, column) : pg_get_int64(rows, i, column);
    return before >= now;
}

struct walk {
    bool seen[1001]; /* of the requests that were there at the beginning */
    int64_t met;
};

static void note_page(struct walk *walk, const struct view *view, const struct pg_rows *page)
{
    for (size_t i = 0; i < pg_rows_count(page); i++) {
        struct uuid id = pg_get_uuid(page, i, 0);
        int number = id.at[14] << 8 | id.at[15];
        in_row("order", i == 0 || in_order(view, page, i));
        if (number > 1000)
            continue;
        in_row("once", !walk->seen[number]);
        walk->seen[number] = true;
        walk->met++;
    }
}

/* The next page begins behind the last row of this one, which must outlive the parameters. */
static void go_on(struct pg_param *params, const struct pg_rows *page)
{
    size_t count = pg_rows_count(page);
    if (count == 0)
        return;
    params[L_CURSOR] = PG_TEXT(pg_get_text(page, count - 1, C_CURSOR));
    params[L_SECOND] = PG_TEXT(pg_get_text(page, count - 1, C_ID));
}

/* Between pages new requests are posted: those that were there at the beginning come once each. */
static void a_walk_by_pages_meets_everything_exactly_once(void **state)
{
    (void)state;
    need_database(url);
    static const struct view *const views[] = {&request_newest_view, &request_dearest_view,
                                               &request_filtered_view};
    struct pg *pg = open_as(url, "tollgate_control"), *owner = open_as(url, "tollgate_owner");
    int next = 5000;
    for (size_t v = 0; v < array_size(views); v++) {
        struct pg_param params[L_ALL];
        struct pg_rows *page = NULL, *last = NULL;
        struct walk walk = {.met = 0};
        ask(params, made.one.made.tenant, 37);
        do {
            act_as(pg, made.one.made.tenant);
            page = list(pg, views[v], params);
            store_rollback(pg);
            note_page(&walk, views[v], page);
            pg_rows_free(last);
            last = page;
            go_on(params, page);
            make_test_usage(owner, made.one.made.tenant, next, 5);
            make_test_rollups(owner);
            next += 5;
        } while (pg_rows_count(page) > 0);
        pg_rows_free(last);
        assert_int("all of them", walk.met, 1000);
    }
    pg_close(pg);
    pg_close(owner);
}

/* Page by page the same rows in the same order, whatever is filtered and wherever a page ends. */
static void what_rollups_narrow_down_is_what_all_events_say(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what;
        int at;
        const char *value;
        int64_t limit;
    } rows[] = {
        {"an outcome", 9, "client_left", 3},
        {"failed", 11, "true", 17},
        {"a provider", 10, "q", 1},
        {"a model", 6, "b/n", 50},
        {"a charge", 12, "300000000", 7},
        {"no such model", 6, "z", 7},
        {"a charge of few", 12, "990000000", 2},
    };
    struct pg *pg = open_as(url, "tollgate_control");
    act_as(pg, nobody);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_param params[L_ALL];
        struct pg_rows *last = NULL, *wanted = NULL, *got = NULL;
        size_t count;
        ask(params, made.two.made.tenant, rows[i].limit);
        params[rows[i].at] = PG_STRING(rows[i].value);
        do {
            wanted = list(pg, &request_newest_view, params);
            got = list(pg, &request_filtered_view, params);
            count = pg_rows_count(wanted);
            assert_int(rows[i].what, pg_rows_count(got), count);
            for (size_t n = 0; n < count; n++)
                in_row(rows[i].what, uuid_equal(pg_get_uuid(got, n, 0), pg_get_uuid(wanted, n, 0)));
            pg_rows_free(last);
            pg_rows_free(got);
            last = wanted;
            go_on(params, wanted);
        } while (count > 0);
        pg_rows_free(last);
    }
    pg_close(pg);
}

/* ---- one request ---- */

/* A charged request of One with a price and a plan, to look at. */
static struct uuid make_priced(struct pg *owner)
{
    static const struct uuid id = {
        {0x01, 0x9c, 0xd7, 0x77, 0x00, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
    struct uuid price = uuid_new();
    assert_int("price",
               pg_exec(owner, NULL,
                       "INSERT INTO tollgate.price_versions (price_version_id, deployment_id,"
                       " book, effective, source, created_by) VALUES ($1,"
                       " '01900000-0000-7000-8001-000000000001', 'list',"
                       " tstzrange('2026-01-01', NULL), 's', 't')",
                       PG_UUID(price)),
               PG_OK);
    assert_int("rates",
               pg_exec(owner, NULL,
                       "INSERT INTO tollgate.price_rates VALUES ($1, 'input', 'standard', 0, 7),"
                       " ($1, 'output', 'standard', 0, 30), ($1, 'input', 'standard', 1000, 14)",
                       PG_UUID(price)),
               PG_OK);
    assert_int("event",
               pg_exec(owner, NULL,
                       "INSERT INTO tollgate.usage_events (event_id, event_day, tenant_id,"
                       " project_id, key_id, gateway_id, event_time, period_no, model_asked, model,"
                       " deployment_id, outcome, usage_from, input_tokens, cache_read_tokens,"
                       " cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,"
                       " reasoning_tokens, other_meters, price_version_id, plan_version_id,"
                       " cost_pico, base_pico, discount_pico, charge_pico, told_pico, overrun_pico,"
                       " source_id, source_segment, source_offset, txn_id)"
                       " SELECT $1, tollgate.uuid7_day($1), k.tenant_id, k.project_id, k.key_id,"
                       " k.key_id, '2026-03-10 00:00Z', 1, 'm', 'a/m',"
                       " '01900000-0000-7000-8001-000000000001', 1, 1, 100, 0, 0, 0, 10, 4,"
                       " '{\"web_search\": 2}', $2, s.plan_version_id, 500, 1000, 0, 1000, 1050,"
                       " 50, 1, 0, 0, k.key_id FROM tollgate.api_keys k JOIN"
                       " tollgate.subscriptions s USING (tenant_id) WHERE k.key_id = $3",
                       PG_UUID(id), PG_UUID(price), PG_UUID(made.one.key.id)),
               PG_OK);
    return id;
}

static struct pg_rows *detail(struct pg *pg, struct uuid tenant, struct uuid id, bool with_cost)
{
    const struct pg_param params[] = {
        PG_UUID(tenant), PG_UUID(id), PG_BOOL(with_cost), {.kind = PG_PARAM_END}};
    return list(pg, &request_detail_view, params);
}

static void one_request_tells_what_was_due_and_what_was_charged(void **state)
{
    (void)state;
    need_database(url);
    cleanup(buf_done) struct buf text = buf_make(8192);
    struct json_writer w = json_writer_make(&text);
    struct pg *pg = open_as(url, "tollgate_control"), *owner = open_as(url, "tollgate_owner");
    struct uuid id = make_priced(owner);
    act_as(pg, made.one.made.tenant);
    struct pg_rows *rows = detail(pg, made.one.made.tenant, id, false);
    assert_int("one", pg_rows_count(rows), 1);
    view_write_row(&request_detail_view, rows, 0, &w);
    /* Charged 1000 and 50 more were due: of 1000 that is 5 % of markup. */
    static const char *const members[] = {"\"plan\":\"pro\"",
                                          "\"discount_percent\":\"0\"",
                                          "\"markup_percent\":\"5\"",
                                          "\"fixed\":\"0\"",
                                          "\"base\":\"0.000000001\"",
                                          "\"markup\":\"0.00000000005\"",
                                          "\"overrun\":\"0.00000000005\"",
                                          "\"told\":\"0.00000000105\"",
                                          "\"cost\":null",
                                          "\"usage_from\":\"provider\"",
                                          "\"error\":null",
                                          "\"provider\":\"p\""};
    for (size_t i = 0; i < array_size(members); i++)
        in_row(members[i], strstr(text.at, members[i]) != NULL);
    struct request_priced priced;
    assert_int("priced", request_detail_priced(rows, 0, &priced), true);
    assert_int("input", priced.meters.count[METER_INPUT], 100);
    assert_int("reasoning", priced.meters.count[METER_REASONING], 4);
    assert_int("searches", priced.meters.count[METER_WEB_SEARCH], 2);
    assert_int("base", priced.base_pico, 1000);
    assert_int("no attempts", request_detail_attempts(rows, 0).size, 0);
    pg_rows_free(rows);
    rows = detail(pg, made.two.made.tenant, id, true);
    assert_int("not another tenant's", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    act_as(pg, made.two.made.tenant);
    rows = detail(pg, made.one.made.tenant, id, true);
    assert_int("not for another tenant", pg_rows_count(rows), 0);
    pg_rows_free(rows);
    pg_close(pg);
    pg_close(owner);
}

static void a_tenant_may_see_the_price_it_was_charged(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct arena *arena = arena_new(4096, 65536);
    struct pg *pg = open_as(url, "tollgate_control");
    struct price_version price;
    act_as(pg, made.one.made.tenant);
    struct pg_rows *rows = NULL;
    assert_int("find", pg_exec(pg, &rows, "SELECT price_version_id FROM tollgate.price_versions"),
               PG_OK);
    assert_store(STORE_OK, request_store_price(pg, pg_get_uuid(rows, 0, 0), arena, &price, &error),
                 error);
    assert_int("rates", price.rate_count, 3);
    assert_store(STORE_NOT_FOUND, request_store_price(pg, uuid_new(), arena, &price, &error),
                 error);
    pg_rows_free(rows);
    pg_close(pg);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_filter_finds_what_it_says),
        cmocka_unit_test(ids_of_key_project_and_event_are_filters_too),
        cmocka_unit_test(a_walk_by_pages_meets_everything_exactly_once),
        cmocka_unit_test(what_rollups_narrow_down_is_what_all_events_say),
        cmocka_unit_test(one_request_tells_what_was_due_and_what_was_charged),
        cmocka_unit_test(a_tenant_may_see_the_price_it_was_charged),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
