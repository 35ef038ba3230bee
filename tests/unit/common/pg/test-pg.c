#include "tests/support/testing_pg.h"

#include <poll.h>
#include <signal.h>

#include "common/base/mem.h"
#include "common/pg/pg_inside.h"

static char url[TEST_URL_SIZE];

static int set_up(void **state)
{
    (void)state;
    return make_database(url);
}

static int tear_down(void **state)
{
    (void)state;
    return drop_database(url);
}

static void script(struct pg *pg, const char *sql)
{
    if (pg_script(pg, sql) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(pg)->message);
}

/* The outcome of one statement without parameters. */
static enum pg_outcome run(struct pg *pg, const char *sql)
{
    return pg_exec_once(pg, NULL, sql, (const struct pg_param[]){{.kind = PG_PARAM_END}});
}

static void values_of_every_type_read_back_as_sent(void **state)
{
    struct pg_rows *rows = NULL;
    struct uuid id = uuid_new();

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    int128 large = int128_of("-12345678901234567890123456789012345678");
    assert_int_equal(pg_exec(pg, &rows,
                             "SELECT $1::text, $2::bytea, $3::bool, $4::int8, $5::int4, $6::int2,"
                             " $7::numeric(38,0), $8::uuid, $9::timestamptz, $10::jsonb, $11::text,"
                             " $12::date, 1.5::float8, 0.25::float4, $13::name",
                             PG_TEXT(span_of("h\xc3\xa9 \"\\'")), PG_BYTES(span_make("a\0\xff", 3)),
                             PG_BOOL(true), PG_INT(INT64_MIN), PG_INT(-7), PG_INT(INT16_MAX),
                             PG_NUMERIC(large), PG_UUID(id), PG_TIME(INT64_C(-1)),
                             PG_STRING("{\"a\": 1}"), PG_STRING(NULL), PG_STRING("1969-12-31"),
                             PG_STRING("")),
                     PG_OK);
    assert_int("rows", pg_rows_count(rows), 1);
    assert_span("text", pg_get_text(rows, 0, 0), "h\xc3\xa9 \"\\'");
    assert_true(span_equal(pg_get_bytes(rows, 0, 1), span_make("a\0\xff", 3)));
    assert_true(pg_get_bool(rows, 0, 2));
    assert_int("int8", pg_get_int64(rows, 0, 3), INT64_MIN);
    assert_int("int4", pg_get_int64(rows, 0, 4), -7);
    assert_int("int2", pg_get_int64(rows, 0, 5), INT16_MAX);
    assert_money("numeric", pg_get_int128(rows, 0, 6), "-12345678901234567890123456789012345678");
    assert_money("an integer as int128", pg_get_int128(rows, 0, 4), "-7");
    assert_true(uuid_equal(pg_get_uuid(rows, 0, 7), id));
    assert_int("the millisecond before the epoch", pg_get_unix_ms(rows, 0, 8), -1);
    assert_span("jsonb", pg_get_text(rows, 0, 9), "{\"a\": 1}");
    assert_true(pg_is_null(rows, 0, 10));
    assert_false(pg_is_null(rows, 0, 14));
    assert_span("a null reads as empty", pg_get_text(rows, 0, 10), "");
    assert_int("date", pg_get_day(rows, 0, 11), -1);
    assert_true(pg_get_double(rows, 0, 12) == 1.5);
    assert_true(pg_get_double(rows, 0, 13) == 0.25);
    pg_rows_free(rows);
    pg_close(pg);
}

static void nulls_read_as_zero(void **state)
{
    struct pg_rows *rows = NULL;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, &rows,
                             "SELECT $1::int8, $2::numeric, $3::uuid, $4::bool, $5::timestamptz,"
                             " $6::bytea, $7::text[], 'infinity'::timestamptz,"
                             " '-infinity'::timestamptz, $8::float8, $9::date",
                             PG_NULL, PG_NULL, PG_UUID_OR_NULL((struct uuid){{0}}), PG_NULL,
                             PG_NULL, PG_NULL, PG_NULL, PG_NULL, PG_NULL),
                     PG_OK);
    assert_int("int8", pg_get_int64(rows, 0, 0), 0);
    assert_money("numeric", pg_get_int128(rows, 0, 1), "0");
    assert_true(uuid_is_zero(pg_get_uuid(rows, 0, 2)));
    assert_false(pg_get_bool(rows, 0, 3));
    assert_int("time", pg_get_unix_ms(rows, 0, 4), 0);
    assert_int("bytes", pg_get_bytes(rows, 0, 5).size, 0);
    assert_int("array", pg_array_count(rows, 0, 6), 0);
    assert_int("for ever", pg_get_unix_ms(rows, 0, 7), INT64_MAX);
    assert_int("since ever", pg_get_unix_ms(rows, 0, 8), INT64_MIN);
    assert_true(pg_get_double(rows, 0, 9) == 0);
    assert_int("date", pg_get_day(rows, 0, 10), 0);
    pg_rows_free(rows);
    pg_close(pg);
}

static void arrays_travel_both_ways(void **state)
{
    struct pg_rows *rows = NULL;
    const struct span texts[] = {span_of("a,b"), span_of("\"quoted\\\""), span_of(""),
                                 {NULL, 0},      span_of("NULL"),         span_of("{x} y")};
    static const int64_t numbers[] = {1, INT64_MIN, INT64_MAX};
    const int128 numerics[] = {(int128)INT64_MAX * 10, -1};
    const struct uuid ids[] = {uuid_new(), uuid_new()};

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, &rows,
                             "SELECT $1::text[], $2::int8[], $3::uuid[], $4::text[],"
                             " (SELECT sum(n) FROM unnest($5::numeric[]) n)",
                             PG_TEXTS(texts, array_size(texts)),
                             PG_INTS(numbers, array_size(numbers)), PG_UUIDS(ids, array_size(ids)),
                             PG_TEXTS(NULL, 0), PG_NUMERICS(numerics, array_size(numerics))),
                     PG_OK);
    assert_int("texts", pg_array_count(rows, 0, 0), array_size(texts));
    for (size_t i = 0; i < array_size(texts); i++)
        assert_true(span_equal(pg_array_text(rows, 0, 0, i), texts[i]));
    assert_null(pg_array_text(rows, 0, 0, 3).at);
    assert_non_null(pg_array_text(rows, 0, 0, 2).at);
    for (size_t i = 0; i < array_size(numbers); i++)
        assert_int("number", pg_array_int64(rows, 0, 1, i), numbers[i]);
    for (size_t i = 0; i < array_size(ids); i++)
        assert_true(uuid_equal(pg_array_uuid(rows, 0, 2, i), ids[i]));
    assert_int("an empty array", pg_array_count(rows, 0, 3), 0);
    assert_money("numerics", pg_get_int128(rows, 0, 4), "92233720368547758069");
    pg_rows_free(rows);
    pg_close(pg);
}

static void every_refusal_of_the_server_has_its_outcome(void **state)
{
    static const struct {
        const char *what, *sql;
        enum pg_outcome outcome;
        const char *sqlstate, *constraint;
    } rows[] = {
        {"the same key again", "INSERT INTO t VALUES (1, 1)", PG_UNIQUE_VIOLATION, "23505",
         "t_pkey"},
        {"a parent that is not there", "INSERT INTO t VALUES (2, 99)", PG_FOREIGN_KEY_VIOLATION,
         "23503", "t_parent_fkey"},
        {"a failed check", "INSERT INTO t VALUES (-1, 1)", PG_CHECK_VIOLATION, "23514",
         "t_id_check"},
        {"no partition", "INSERT INTO parts VALUES (5)", PG_CHECK_VIOLATION, "23514", ""},
        {"a missing value", "INSERT INTO t VALUES (3, NULL)", PG_NOT_NULL_VIOLATION, "23502", ""},
        {"overlapping ranges", "INSERT INTO r VALUES ('[2,4)')", PG_EXCLUSION_VIOLATION, "23P01",
         "r_at_excl"},
        {"a number that is none", "SELECT 'x'::int8", PG_BAD_DATA, "22P02", ""},
        {"too large a number",
         "SELECT 1::int8 << 62 << 1 UNION SELECT '99999999999999999999'::int8", PG_BAD_DATA,
         "22003", ""},
        {"a table that is not there", "SELECT * FROM nowhere", PG_OTHER, "42P01", ""},
        {"no SQL", "SELEKT", PG_OTHER, "42601", ""},
        {"a raised error", "DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", PG_OTHER, "P0001", ""},
        {"a raised deadlock", "DO $$ BEGIN RAISE deadlock_detected; END $$", PG_SERIALIZATION,
         "40P01", ""},
    };

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    script(pg, "CREATE TABLE t (id int8 PRIMARY KEY CHECK (id > 0),"
               " parent int8 NOT NULL REFERENCES t (id)); INSERT INTO t VALUES (1, 1);"
               "CREATE TABLE parts (id int8) PARTITION BY RANGE (id);"
               "CREATE TABLE r (at int8range, EXCLUDE USING gist (at WITH &&));"
               "INSERT INTO r VALUES ('[1,3)')");
    for (size_t i = 0; i < array_size(rows); i++) {
        enum pg_outcome outcome = run(pg, rows[i].sql);
        assert_int(rows[i].what, outcome, rows[i].outcome);
        assert_span(rows[i].what, span_of(pg_error(pg)->sqlstate), rows[i].sqlstate);
        assert_span(rows[i].what, span_of(pg_error(pg)->constraint), rows[i].constraint);
        assert_true(pg_error(pg)->message[0] != '\0');
        assert_true(pg_alive(pg));
    }
    script(pg, "DROP TABLE t, parts, r");
    pg_close(pg);
}

static void a_text_with_a_nul_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, NULL, "SELECT $1::text", PG_TEXT(span_make("a\0b", 3))),
                     PG_BAD_DATA);
    assert_string_equal(pg_error(pg)->sqlstate, "22021");
    assert_int_equal(pg_exec(pg, NULL, "SELECT $1::text", PG_STRING("a")), PG_OK);
    pg_close(pg);
}

static void a_statement_may_not_take_longer_than_its_timeout(void **state)
{
    struct pg_settings settings = {
        .url = url, .application_name = "test", .statement_timeout_ms = 50, .lock_timeout_ms = 20};
    struct pg_error error;
    struct pg *pg, *other;

    (void)state;
    need_database(url);
    assert_int_equal(pg_open(&settings, &pg, &error), PG_OK);
    assert_int_equal(run(pg, "SELECT pg_sleep(20)"), PG_TIMEOUT);
    assert_string_equal(pg_error(pg)->sqlstate, "57014");
    other = open_database(url);
    script(other, "CREATE TABLE locked (id int8)");
    script(other, "BEGIN; LOCK TABLE locked");
    assert_int_equal(run(pg, "SELECT * FROM locked"), PG_TIMEOUT);
    assert_string_equal(pg_error(pg)->sqlstate, "55P03");
    assert_true(pg_alive(pg));
    pg_close(other);
    pg_close(pg);
}

static void the_session_is_what_was_asked_for(void **state)
{
    struct pg_settings settings = {
        .url = url, .application_name = "tollgate-test", .schema = "pg_catalog"};
    struct pg_rows *rows;
    struct pg_error error;
    struct pg *pg;

    (void)state;
    need_database(url);
    assert_int_equal(pg_open(&settings, &pg, &error), PG_OK);
    assert_int_equal(pg_exec(pg, &rows,
                             "SELECT current_setting('application_name'),"
                             " current_setting('search_path'), current_setting('client_encoding')"),
                     PG_OK);
    assert_span("its name", pg_get_text(rows, 0, 0), "tollgate-test");
    assert_span("its schema", pg_get_text(rows, 0, 1), "pg_catalog");
    assert_span("its encoding", pg_get_text(rows, 0, 2), "UTF8");
    pg_rows_free(rows);
    pg_close(pg);
}

static void a_server_that_is_not_there_is_an_outcome(void **state)
{
    static const struct {
        const char *what, *url;
    } rows[] = {
        {"nobody listens", "postgresql://tester@127.0.0.1:1/test"},
        {"no such socket", "host=/nonexistent user=tester dbname=test"},
        {"no connection string", "postgresql://[broken"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_settings settings = {.url = rows[i].url, .application_name = "test"};
        struct pg_error error = {.sqlstate = "x"};
        struct pg *pg;
        assert_int(rows[i].what, pg_open(&settings, &pg, &error), PG_CONNECTION_LOST);
        assert_string_equal(error.sqlstate, "");
        assert_true(error.message[0] != '\0');
    }
}

static void a_lost_connection_stays_lost(void **state)
{
    struct pg_notification notification;
    struct pg_rows *rows = NULL;
    bool got;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url), *killer = open_database(url);
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_int_equal(pg_exec(pg, &rows, "SELECT pg_backend_pid()"), PG_OK);
    assert_int_equal(pg_exec(killer, NULL, "SELECT pg_terminate_backend($1::int4, 10000)",
                             PG_INT(pg_get_int64(rows, 0, 0))),
                     PG_OK);
    pg_rows_free(rows);
    assert_int_equal(pg_exec(pg, NULL, "SELECT 1"), PG_CONNECTION_LOST);
    assert_false(pg_alive(pg));
    assert_false(pg_in_transaction(pg));
    assert_true(pg_error(pg)->message[0] != '\0');
    assert_int_equal(pg_exec(pg, NULL, "SELECT 1"), PG_CONNECTION_LOST);
    assert_int_equal(pg_commit(pg), PG_CONNECTION_LOST);
    assert_int_equal(pg_notified(pg, &notification, &got), PG_CONNECTION_LOST);
    assert_int("no descriptor", pg_fd(pg), -1);
    pg_rollback(pg);
    pg_close(pg);
    pg_close(killer);
}

/* A backend that is stopped answers nothing, not even that it is too late. */
static void a_server_that_falls_silent_is_given_up(void **state)
{
    struct pg_rows *rows;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, &rows, "SELECT pg_backend_pid()"), PG_OK);
    pid_t backend = (pid_t)pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    if (kill(backend, SIGSTOP) < 0) {
        pg_close(pg);
        print_message("the server runs on another machine or as another user\n");
        skip();
    }
    pg->patience_ms = 100;
    enum pg_outcome outcome = pg_exec(pg, NULL, "SELECT 1");
    assert_int("resumed", kill(backend, SIGCONT), 0);
    assert_int_equal(outcome, PG_CONNECTION_LOST);
    assert_string_equal(pg_error(pg)->message, "no answer within 100 ms");
    assert_false(pg_alive(pg));
    pg_close(pg);
}

static void a_transaction_commits_or_leaves_nothing(void **state)
{
    struct pg_rows *rows;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    script(pg, "CREATE TABLE tx (id int8 PRIMARY KEY)");

    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_true(pg_in_transaction(pg));
    assert_int_equal(pg_exec(pg, NULL, "INSERT INTO tx VALUES ($1), ($2)", PG_INT(1), PG_INT(2)),
                     PG_OK);
    assert_int("inserted", pg_affected(pg), 2);
    assert_int_equal(pg_commit(pg), PG_OK);
    assert_false(pg_in_transaction(pg));

    assert_int_equal(pg_begin(pg, PG_SERIALIZABLE), PG_OK);
    assert_int_equal(pg_exec(pg, NULL, "INSERT INTO tx VALUES ($1), ($2)", PG_INT(3), PG_INT(1)),
                     PG_UNIQUE_VIOLATION);
    assert_int_equal(pg_commit(pg), PG_OTHER);
    assert_string_equal(pg_error(pg)->sqlstate, "25P02");
    assert_false(pg_in_transaction(pg));

    assert_int_equal(pg_begin(pg, PG_REPEATABLE_READ), PG_OK);
    assert_int_equal(pg_exec(pg, NULL, "DELETE FROM tx"), PG_OK);
    assert_int("deleted", pg_affected(pg), 2);
    pg_rollback(pg);
    pg_rollback(pg);

    assert_int_equal(pg_begin(pg, PG_READ_ONLY), PG_OK);
    assert_int_equal(run(pg, "DELETE FROM tx"), PG_OTHER);
    assert_string_equal(pg_error(pg)->sqlstate, "25006");
    pg_rollback(pg);
    assert_string_equal(pg_error(pg)->sqlstate, "25006"); /* it still says why */

    assert_int_equal(pg_exec(pg, &rows, "SELECT id FROM tx ORDER BY id"), PG_OK);
    assert_int("rows", pg_rows_count(rows), 2);
    assert_int("selected", pg_affected(pg), 2);
    assert_int("first", pg_get_int64(rows, 0, 0), 1);
    pg_rows_free(rows);
    pg_close(pg);
}

static void two_serializable_transactions_do_not_both_win(void **state)
{
    (void)state;
    need_database(url);
    struct pg *a = open_database(url), *b = open_database(url);
    script(a, "CREATE TABLE ser (id int8 PRIMARY KEY, v int8); INSERT INTO ser VALUES (1, 0)");
    assert_int_equal(pg_begin(a, PG_REPEATABLE_READ), PG_OK);
    assert_int_equal(pg_begin(b, PG_REPEATABLE_READ), PG_OK);
    assert_int_equal(run(b, "SELECT * FROM ser"), PG_OK);
    assert_int_equal(run(a, "UPDATE ser SET v = 1"), PG_OK);
    assert_int_equal(pg_commit(a), PG_OK);
    assert_int_equal(run(b, "UPDATE ser SET v = 2"), PG_SERIALIZATION);
    pg_rollback(b);
    pg_close(a);
    pg_close(b);
}

static void a_prepared_statement_survives_a_changed_table(void **state)
{
    static const char sql[] = "SELECT * FROM changing WHERE id = $1";
    struct pg_rows *rows;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    script(pg, "CREATE TABLE changing (id int8); INSERT INTO changing VALUES (1)");
    for (int i = 0; i < 10; i++)
        assert_int_equal(pg_exec(pg, NULL, sql, PG_INT(1)), PG_OK);
    script(pg, "ALTER TABLE changing ADD COLUMN more text DEFAULT 'x'");
    assert_int_equal(pg_exec(pg, &rows, sql, PG_INT(1)), PG_OK);
    assert_span("the new column", pg_get_text(rows, 0, 1), "x");
    pg_rows_free(rows);

    script(pg, "ALTER TABLE changing ADD COLUMN again text DEFAULT 'y'");
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_int_equal(pg_exec(pg, NULL, sql, PG_INT(1)), PG_SERIALIZATION);
    pg_rollback(pg);
    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_int_equal(pg_exec(pg, NULL, sql, PG_INT(1)), PG_OK);
    assert_int_equal(pg_commit(pg), PG_OK);

    script(pg, "DEALLOCATE ALL");
    assert_int_equal(pg_exec(pg, NULL, sql, PG_INT(1)), PG_OK);
    pg_close(pg);
}

static void one_text_serves_nulls_and_bytes(void **state)
{
    static const char sql[] = "SELECT coalesce($1, ''::bytea)";
    struct pg_rows *rows;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, NULL, sql, PG_NULL), PG_OK);
    assert_int_equal(pg_exec(pg, &rows, sql, PG_BYTES(span_make("\\x\0", 3))), PG_OK);
    assert_int("bytes", pg_get_bytes(rows, 0, 0).size, 3);
    pg_rows_free(rows);
    assert_int_equal(pg_exec(pg, NULL, sql, PG_NULL), PG_OK);
    assert_int_equal(pg_exec(pg, &rows, "SELECT count(*) FROM pg_prepared_statements"), PG_OK);
    assert_int("prepared: two forms and this", pg_get_int64(rows, 0, 0), 3);
    pg_rows_free(rows);
    pg_close(pg);
}

static void notifications_arrive_on_the_descriptor(void **state)
{
    struct pg_notification notification;
    bool got = true;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url), *sender = open_database(url);
    assert_int_equal(pg_listen(pg, "snapshot_changed"), PG_OK);
    assert_int_equal(pg_notified(pg, &notification, &got), PG_OK);
    assert_false(got);
    assert_int_equal(
        pg_exec(sender, NULL, "SELECT pg_notify('snapshot_changed', $1)", PG_STRING("41")), PG_OK);
    assert_int_equal(
        pg_exec(sender, NULL, "SELECT pg_notify('snapshot_changed', $1)", PG_STRING("42")), PG_OK);
    for (int wanted = 41; wanted <= 42; got ? wanted++ : wanted) {
        assert_int_equal(pg_notified(pg, &notification, &got), PG_OK);
        if (got) {
            assert_string_equal(notification.channel, "snapshot_changed");
            assert_int("payload", atoi(notification.payload), wanted);
            continue;
        }
        struct pollfd it = {.fd = pg_fd(pg), .events = POLLIN};
        assert_int("it becomes readable", poll(&it, 1, 10000), 1);
    }
    pg_close(pg);
    pg_close(sender);
}

static void a_large_parameter_passes(void **state)
{
    size_t size = 20u << 20;
    struct pg_rows *rows;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    char *text = mem_new(size);
    memset(text, 'x', size);
    assert_int_equal(pg_exec(pg, &rows, "SELECT length($1), $1", PG_TEXT(span_make(text, size))),
                     PG_OK);
    assert_int("its length", pg_get_int64(rows, 0, 0), size);
    assert_true(span_equal(pg_get_text(rows, 0, 1), span_make(text, size)));
    pg_rows_free(rows);
    mem_free(text);
    pg_close(pg);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_read_back_as_sent),
        cmocka_unit_test(nulls_read_as_zero),
        cmocka_unit_test(arrays_travel_both_ways),
        cmocka_unit_test(every_refusal_of_the_server_has_its_outcome),
        cmocka_unit_test(a_text_with_a_nul_is_refused_before_it_is_sent),
        cmocka_unit_test(a_statement_may_not_take_longer_than_its_timeout),
        cmocka_unit_test(the_session_is_what_was_asked_for),
        cmocka_unit_test(a_server_that_is_not_there_is_an_outcome),
        cmocka_unit_test(a_lost_connection_stays_lost),
        cmocka_unit_test(a_server_that_falls_silent_is_given_up),
        cmocka_unit_test(a_transaction_commits_or_leaves_nothing),
        cmocka_unit_test(two_serializable_transactions_do_not_both_win),
        cmocka_unit_test(a_prepared_statement_survives_a_changed_table),
        cmocka_unit_test(one_text_serves_nulls_and_bytes),
        cmocka_unit_test(notifications_arrive_on_the_descriptor),
        cmocka_unit_test(a_large_parameter_passes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
