/* Sums of usage: rows add up to the total exactly, whatever they are grouped by, and nobody sees
 * another's. */
#include "tenants/store/usage_store.h"

#include "common/base/clock.h"
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

static struct usage_question ask(struct uuid tenant)
{
    return (struct usage_question){.tenant = tenant,
                                   .from_ms = TEST_USAGE_FROM_MS,
                                   .to_ms = TEST_USAGE_END_MS,
                                   .top = 2,
                                   .with_cost = true,
                                   .model = PG_NULL,
                                   .key = PG_NULL,
                                   .project = PG_NULL,
                                   .outcome = PG_NULL};
}

/* Columns of the sums, counted from requests. */
enum { S_REQUESTS, S_ERRORS, S_RATE, S_ATTEMPTS, S_BASE = 9, S_CHARGE = 11, S_COST, S_P50 };
enum { R_BUCKET, R_GROUP, R_LABEL, R_OTHER, R_SUMS };

static bool is_sum(int column)
{
    return column != S_RATE && column < S_P50;
}

static void rows_add_up(struct pg *pg, const struct usage_question *question, const char *what)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL, *total = NULL;
    struct store_error error = {""};
    assert_store(STORE_OK, usage_read(pg, question, &rows, &error), error);
    assert_store(STORE_OK, usage_total(pg, question, &total, &error), error);
    for (int column = 0; column < S_P50; column++) {
        int128 sum = 0;
        if (!is_sum(column))
            continue;
        for (size_t i = 0; i < pg_rows_count(rows); i++)
            sum += pg_get_int128(rows, i, R_SUMS + column);
        in_row(what, sum == pg_get_int128(total, 0, column));
    }
}

static void whatever_they_are_grouped_by_rows_add_up_to_the_total(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    act_as(pg, nobody);
    for (int group = 0; group < USAGE_GROUPS; group++) {
        for (int bucket = USAGE_BUCKET_NONE; bucket <= USAGE_MONTH; bucket++) {
            for (int64_t top = 1; top < 4; top++) {
                struct usage_question question =
                    ask(group == USAGE_TENANT ? nobody : made.one.made.tenant);
                question.group = (enum usage_group)group;
                question.bucket = (enum usage_bucket)bucket;
                question.top = top;
                rows_add_up(pg, &question, usage_group_name(question.group));
            }
        }
    }
    pg_close(pg);
}

static void sums_are_those_of_the_events(void **state)
{
    (void)state;
    need_database(url);
    cleanup(pg_rows_free_at) struct pg_rows *total = NULL, *events = NULL;
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct usage_question question = ask(made.one.made.tenant);
    act_as(pg, made.one.made.tenant);
    assert_store(STORE_OK, usage_total(pg, &question, &total, &error), error);
    assert_int("events",
               pg_exec(pg, &events,
                       "SELECT count(*), count(*) FILTER (WHERE outcome IN (2, 3, 6, 7, 9)),"
                       " sum(base_pico), sum(charge_pico), sum(cost_pico)"
                       " FROM tollgate.usage_events"),
               PG_OK);
    assert_int("requests", pg_get_int64(total, 0, S_REQUESTS), 1000);
    assert_int("errors", pg_get_int64(total, 0, S_ERRORS), pg_get_int64(events, 0, 1));
    in_row("base", pg_get_int128(total, 0, S_BASE) == pg_get_int128(events, 0, 2));
    in_row("charge", pg_get_int128(total, 0, S_CHARGE) == pg_get_int128(events, 0, 3));
    in_row("cost", pg_get_int128(total, 0, S_COST) == pg_get_int128(events, 0, 4));
    in_row("rate", pg_get_double(total, 0, S_RATE) > 0.5 && pg_get_double(total, 0, S_RATE) < 0.6);
    pg_close(pg);
}

static void the_rest_beyond_the_top_is_one_row(void **state)
{
    (void)state;
    need_database(url);
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct usage_question question = ask(made.one.made.tenant);
    question.group = USAGE_DEPLOYMENT;
    act_as(pg, nobody);
    assert_store(STORE_OK, usage_read(pg, &question, &rows, &error), error);
    assert_int("rows", pg_rows_count(rows), 3);
    in_row("dearest first",
           pg_get_int128(rows, 0, R_SUMS + S_CHARGE) >= pg_get_int128(rows, 1, R_SUMS + S_CHARGE));
    assert_int("other", pg_get_bool(rows, 2, R_OTHER), true);
    in_row("no group", pg_is_null(rows, 2, R_GROUP) && pg_is_null(rows, 2, R_LABEL));
    pg_rows_free(rows);
    rows = NULL;
    question.top = 50;
    assert_store(STORE_OK, usage_read(pg, &question, &rows, &error), error);
    assert_int("all four", pg_rows_count(rows), 4);
    bool none = false, named = false;
    for (size_t i = 0; i < 4; i++) {
        none = none ||
               (pg_is_null(rows, i, R_GROUP) && span_is(pg_get_text(rows, i, R_LABEL), "none"));
        named = named || span_is(pg_get_text(rows, i, R_LABEL), "a/m @ q");
        assert_int("not other", pg_get_bool(rows, i, R_OTHER), false);
    }
    in_row("labels", none && named);
    pg_close(pg);
}

static int64_t requests_of(struct pg *pg, const struct usage_question *question)
{
    cleanup(pg_rows_free_at) struct pg_rows *total = NULL;
    struct store_error error = {""};
    assert_store(STORE_OK, usage_total(pg, question, &total, &error), error);
    return pg_get_int64(total, 0, S_REQUESTS);
}

static void filters_narrow_and_nobody_sees_anothers(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct usage_question question = ask(made.one.made.tenant);
    act_as(pg, made.two.made.tenant);
    assert_int("another's", requests_of(pg, &question), 0);
    question.tenant = nobody;
    assert_int("all that it may see", requests_of(pg, &question), 300);
    act_as(pg, nobody);
    assert_int("all", requests_of(pg, &question), 1300);
    question = ask(made.one.made.tenant);
    question.key = PG_UUID(made.second_key);
    assert_int("a key", requests_of(pg, &question), 500);
    question.key = PG_NULL;
    question.project = PG_UUID(made.second_project);
    question.model = PG_TEXT(span_of("a/m"));
    assert_int("a project and a model", requests_of(pg, &question), 250);
    question.outcome = PG_TEXT(span_of("finished"));
    question.project = question.model = PG_NULL;
    assert_int("an outcome", requests_of(pg, &question), 111);
    question.to_ms = question.from_ms;
    assert_int("no time", requests_of(pg, &question), 0);
    pg_close(pg);
}

static void nothing_used_is_no_rows_and_no_rate(void **state)
{
    (void)state;
    need_database(url);
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL, *total = NULL;
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct usage_question question = ask(made.one.made.tenant);
    question.from_ms -= INT64_C(864000000);
    question.to_ms = question.from_ms + 3600000;
    question.with_cost = false;
    act_as(pg, nobody);
    assert_store(STORE_OK, usage_read(pg, &question, &rows, &error), error);
    assert_store(STORE_OK, usage_total(pg, &question, &total, &error), error);
    assert_int("rows", pg_rows_count(rows), 0);
    assert_money("charge", pg_get_int128(total, 0, S_CHARGE), "0");
    in_row("null", pg_is_null(total, 0, S_RATE) && pg_is_null(total, 0, S_COST) &&
                       pg_is_null(total, 0, S_P50));
    pg_close(pg);
}

static void a_percentile_is_the_upper_bound_of_its_bucket(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what, *sql, *wanted;
    } rows[] = {
        {"nothing", "'{0,0,0}', 50", "none"},
        {"all in the first", "'{9,0,0}', 95", "8"},
        {"half and half", "'{5,5,0}', 50", "8"},
        {"just above half", "'{49,51,0}', 50", "16"},
        {"the tail", "'{94,1,5}', 95", "16"},
        {"into the tail", "'{94,0,6}', 95", "32"},
        {"the last", "'{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1}', 50", "262144"},
    };
    struct pg *pg = open_as(url, "tollgate_control");
    for (size_t i = 0; i < array_size(rows); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT coalesce(tollgate.histogram_bound(%s)::text, 'none')",
                 rows[i].sql);
        struct pg_rows *got = NULL;
        static const struct pg_param none = {.kind = PG_PARAM_END};
        assert_int(rows[i].what, pg_exec_once(pg, &got, sql, &none), PG_OK);
        assert_span(rows[i].what, pg_get_text(got, 0, 0), rows[i].wanted);
        pg_rows_free(got);
    }
    pg_close(pg);
}

static void the_month_is_forecast_from_what_of_it_is_over(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct usage_month month;
    struct pg *pg = open_as(url, "tollgate_control");
    act_as(pg, made.one.made.tenant);
    assert_store(STORE_OK, usage_month(pg, made.one.made.tenant, TEST_USAGE_END_MS, &month, &error),
                 error);
    in_row("called", month.ever_called && month.has_forecast && month.to_date_pico > 0);
    /* 9.5 of 31 days. */
    in_row("linear", month.forecast_pico == money_divide_half_up(month.to_date_pico * 310, 95));
    const int64_t first_day = INT64_C(1772323200000) + 3600000; /* 2026-03-01T01:00:00Z */
    assert_store(STORE_OK, usage_month(pg, made.one.made.tenant, first_day, &month, &error), error);
    in_row("the first day", !month.has_forecast && month.to_date_pico == 0);
    assert_store(STORE_OK, usage_month(pg, uuid_new(), TEST_USAGE_END_MS, &month, &error), error);
    in_row("never", !month.ever_called);
    pg_close(pg);
}

static void set_sources(struct pg *owner, const char *values)
{
    char sql[1024];
    snprintf(sql, sizeof(sql),
             "DELETE FROM tollgate.sources; DELETE FROM tollgate.gateways;"
             "INSERT INTO tollgate.sources (kind, identity, state, behind, measured_at,"
             " caught_up_at, last_event_at) SELECT kind, gen_random_uuid()::text, state, behind,"
             " now() - measured::interval, now() - caught::interval, now() - last::interval"
             " FROM (VALUES %s) v(kind, state, behind, measured, caught, last)",
             values);
    run_sql(owner, sql);
}

static void fresh_is_what_the_slowest_source_has_posted(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what, *sources;
        int64_t age_s; /* -1: unknown */
    } rows[] = {
        {"read to the end", "('kafka', 'active', 0, '1s', '1s', '1h')", 1},
        {"the slowest of two",
         "('kafka', 'active', 0, '1s', '1s', '1h'), ('kafka', 'active', 9, '1s', '50s', '40s')",
         40},
        {"stopped", "('kafka', 'stopped', 9, '1s', '1h', '2h')", 3600},
        {"never measured", "('kafka', 'active', NULL::int, NULL, NULL, NULL)", -1},
        {"a deleted journal is no matter",
         "('journal', 'active', 0, '1s', '1s', '1h'), ('journal', 'active', 0, '9h', '9h', '9h')",
         1},
        {"drained is no matter",
         "('kafka', 'active', 0, '1s', '1s', '1h'), ('kafka', 'drained', 0, '9h', '9h', '9h')", 1},
    };
    struct store_error error = {""};
    struct pg *owner = open_as(url, "tollgate_owner"), *pg = open_as(url, "tollgate_control");
    int64_t fresh_ms;
    for (size_t i = 0; i < array_size(rows); i++) {
        set_sources(owner, rows[i].sources);
        int64_t now_ms = clock_wall_ms();
        act_as(pg, made.one.made.tenant);
        assert_store(STORE_OK, usage_fresh(pg, &fresh_ms, &error), error);
        if (rows[i].age_s < 0)
            in_row(rows[i].what, fresh_ms == INT64_MIN);
        else
            in_row(rows[i].what, fresh_ms <= now_ms - rows[i].age_s * 1000 + 900 &&
                                     fresh_ms >= now_ms - rows[i].age_s * 1000 - 900);
    }
    run_sql(owner, "INSERT INTO tollgate.gateways (gateway_id, host, version, seen_at) VALUES"
                   " (gen_random_uuid(), 'h', '1', now() - interval '20 seconds')");
    act_as(pg, made.one.made.tenant);
    assert_store(STORE_OK, usage_fresh(pg, &fresh_ms, &error), error);
    in_row("a silent gateway may hold what was not shipped", fresh_ms < clock_wall_ms() - 19000);
    pg_close(owner);
    pg_close(pg);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_they_are_grouped_by_rows_add_up_to_the_total),
        cmocka_unit_test(sums_are_those_of_the_events),
        cmocka_unit_test(the_rest_beyond_the_top_is_one_row),
        cmocka_unit_test(filters_narrow_and_nobody_sees_anothers),
        cmocka_unit_test(nothing_used_is_no_rows_and_no_rate),
        cmocka_unit_test(a_percentile_is_the_upper_bound_of_its_bucket),
        cmocka_unit_test(the_month_is_forecast_from_what_of_it_is_over),
        cmocka_unit_test(fresh_is_what_the_slowest_source_has_posted),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
