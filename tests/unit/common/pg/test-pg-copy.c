#include "tests/support/testing_pg.h"

#include "common/pg/pg_copy.h"

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

static const char table[] =
    "CREATE TABLE c (n int2, a int4, b int8, id uuid, at timestamptz, day date, t text, y bytea,"
    " flag bool, money numeric(38,0), j jsonb, ns int8[], ts text[])";
static const char copy_sql[] = "COPY c FROM STDIN (FORMAT binary)";

static void put_row(struct pg_copy *copy, struct uuid id, int128 money)
{
    static const int64_t numbers[] = {1, -1};
    const struct span texts[] = {span_of("a"), span_of("")};

    pg_copy_row(copy, 13);
    pg_copy_int16(copy, -2);
    pg_copy_int32(copy, INT32_MIN);
    pg_copy_int64(copy, INT64_MAX);
    pg_copy_uuid(copy, id);
    pg_copy_time(copy, INT64_C(1795269660123));
    pg_copy_day(copy, -1);
    pg_copy_text(copy, span_of("t\xc3\xa4xt"));
    pg_copy_bytes(copy, span_make("\0\1", 2));
    pg_copy_bool(copy, true);
    pg_copy_numeric(copy, money);
    pg_copy_jsonb(copy, span_of("{\"k\":[1]}"));
    pg_copy_int64s(copy, numbers, array_size(numbers));
    pg_copy_texts(copy, texts, array_size(texts));
}

static void put_nulls(struct pg_copy *copy)
{
    pg_copy_row(copy, 13);
    pg_copy_uuid_or_null(copy, (struct uuid){{0}});
    pg_copy_string(copy, NULL);
    for (int i = 2; i < 11; i++)
        pg_copy_null(copy);
    pg_copy_int64s(copy, NULL, 0);
    pg_copy_texts(copy, NULL, 0);
}

static void rows_of_every_type_arrive(void **state)
{
    struct uuid id = uuid_new();
    struct pg_copy *copy;
    struct pg_rows *rows;
    int64_t count;
    int128 money = int128_of("-99999999999999999999999999999999999999");

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_script(pg, table), PG_OK);
    assert_int_equal(pg_copy_begin(pg, copy_sql, &copy), PG_OK);
    put_row(copy, id, money);
    put_nulls(copy);
    assert_int_equal(pg_copy_end(copy, &count), PG_OK);
    assert_int("rows", count, 2);

    assert_int_equal(pg_exec(pg, &rows, "SELECT * FROM c ORDER BY n NULLS LAST"), PG_OK);
    assert_int("n", pg_get_int64(rows, 0, 0), -2);
    assert_int("a", pg_get_int64(rows, 0, 1), INT32_MIN);
    assert_int("b", pg_get_int64(rows, 0, 2), INT64_MAX);
    assert_true(uuid_equal(pg_get_uuid(rows, 0, 3), id));
    assert_int("at", pg_get_unix_ms(rows, 0, 4), INT64_C(1795269660123));
    assert_int("day", pg_get_day(rows, 0, 5), -1);
    assert_span("t", pg_get_text(rows, 0, 6), "t\xc3\xa4xt");
    assert_true(span_equal(pg_get_bytes(rows, 0, 7), span_make("\0\1", 2)));
    assert_true(pg_get_bool(rows, 0, 8));
    assert_money("money", pg_get_int128(rows, 0, 9), "-99999999999999999999999999999999999999");
    assert_span("j", pg_get_text(rows, 0, 10), "{\"k\": [1]}");
    assert_int("ns", pg_array_int64(rows, 0, 11, 1), -1);
    assert_span("ts", pg_array_text(rows, 0, 12, 0), "a");
    for (int column = 0; column < 11; column++)
        assert_true(pg_is_null(rows, 1, column));
    assert_int("an empty array", pg_array_count(rows, 1, 11), 0);
    pg_rows_free(rows);
    pg_close(pg);
}

/* Many rows of different sizes: the data leaves in pieces. */
static void a_long_copy_arrives_whole(void **state)
{
    enum { ROWS = 20000 };
    static char text[5000];
    struct pg_copy *copy;
    struct pg_rows *rows;
    int64_t count, bytes = 0;
    int128 sum = 0;

    (void)state;
    need_database(url);
    memset(text, 'x', sizeof(text));
    struct pg *pg = open_database(url);
    assert_int_equal(pg_script(pg, "CREATE TABLE long (m numeric(38,0), t text)"), PG_OK);
    assert_int_equal(pg_copy_begin(pg, "COPY long FROM STDIN (FORMAT binary)", &copy), PG_OK);
    for (int i = 0; i < ROWS; i++) {
        int128 money = (int128)i * i * i * 1000000000 * (i % 2 == 0 ? 1 : -3);
        size_t size = (size_t)(i * 7919) % sizeof(text);
        pg_copy_row(copy, 2);
        pg_copy_numeric(copy, money);
        pg_copy_text(copy, span_make(text, size));
        sum += money;
        bytes += (int64_t)size;
    }
    assert_int_equal(pg_copy_end(copy, &count), PG_OK);
    assert_int("rows", count, ROWS);
    assert_int_equal(pg_exec(pg, &rows, "SELECT sum(m), sum(length(t)) FROM long"), PG_OK);
    assert_true(pg_get_int128(rows, 0, 0) == sum);
    assert_int("bytes", pg_get_int64(rows, 0, 1), bytes);
    pg_rows_free(rows);
    pg_close(pg);
}

static void a_refused_copy_leaves_a_usable_connection(void **state)
{
    struct uuid id = uuid_new();
    struct pg_copy *copy;
    int64_t count;

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_script(pg, "CREATE TABLE u (id uuid PRIMARY KEY)"), PG_OK);

    assert_int_equal(pg_copy_begin(pg, "COPY nowhere FROM STDIN (FORMAT binary)", &copy), PG_OTHER);
    assert_string_equal(pg_error(pg)->sqlstate, "42P01");

    assert_int_equal(pg_begin(pg, PG_READ_COMMITTED), PG_OK);
    assert_int_equal(pg_copy_begin(pg, "COPY u FROM STDIN (FORMAT binary)", &copy), PG_OK);
    for (int i = 0; i < 2; i++) {
        pg_copy_row(copy, 1);
        pg_copy_uuid(copy, id);
    }
    assert_int_equal(pg_copy_end(copy, &count), PG_UNIQUE_VIOLATION);
    assert_string_equal(pg_error(pg)->constraint, "u_pkey");
    pg_rollback(pg);

    assert_int_equal(pg_copy_begin(pg, "COPY u FROM STDIN (FORMAT binary)", &copy), PG_OK);
    pg_copy_row(copy, 1);
    pg_copy_int64(copy, 1); /* not what the column is */
    assert_int_equal(pg_copy_end(copy, &count), PG_BAD_DATA);

    assert_int_equal(pg_copy_begin(pg, "COPY u FROM STDIN (FORMAT binary)", &copy), PG_OK);
    pg_copy_row(copy, 1);
    pg_copy_uuid(copy, id);
    pg_copy_cancel(copy);
    assert_true(pg_alive(pg));
    assert_int_equal(pg_exec(pg, NULL, "SELECT * FROM u"), PG_OK);
    assert_int("nothing stayed", pg_affected(pg), 0);
    pg_close(pg);
}

/* The server refuses the first rows while we still send: nothing may block or get lost. */
static void a_copy_that_fails_early_ends_with_its_reason(void **state)
{
    static char text[100000];
    struct pg_copy *copy;
    int64_t count;

    (void)state;
    need_database(url);
    memset(text, 'x', sizeof(text));
    struct pg *pg = open_database(url);
    assert_int_equal(pg_script(pg, "CREATE TABLE early (t text CHECK (length(t) < 10))"), PG_OK);
    assert_int_equal(pg_copy_begin(pg, "COPY early FROM STDIN (FORMAT binary)", &copy), PG_OK);
    for (int i = 0; i < 300; i++) {
        pg_copy_row(copy, 1);
        pg_copy_text(copy, span_make(text, sizeof(text)));
    }
    assert_int_equal(pg_copy_end(copy, &count), PG_CHECK_VIOLATION);
    assert_string_equal(pg_error(pg)->constraint, "early_t_check");
    assert_int_equal(pg_exec(pg, NULL, "SELECT 1"), PG_OK);
    pg_close(pg);
}

static void a_connection_lost_in_a_copy_is_told_at_its_end(void **state)
{
    static char text[100000];
    struct pg_copy *copy;
    struct pg_rows *rows;
    int64_t count;

    (void)state;
    need_database(url);
    memset(text, 'x', sizeof(text));
    struct pg *pg = open_database(url), *killer = open_database(url);
    assert_int_equal(pg_script(pg, "CREATE TABLE gone (t text)"), PG_OK);
    assert_int_equal(pg_exec(pg, &rows, "SELECT pg_backend_pid()"), PG_OK);
    assert_int_equal(pg_copy_begin(pg, "COPY gone FROM STDIN (FORMAT binary)", &copy), PG_OK);
    for (int i = 0; i < 300; i++) {
        pg_copy_row(copy, 1);
        pg_copy_text(copy, span_make(text, sizeof(text)));
        if (i == 100)
            assert_int_equal(pg_exec(killer, NULL, "SELECT pg_terminate_backend($1::int4, 10000)",
                                     PG_INT(pg_get_int64(rows, 0, 0))),
                             PG_OK);
    }
    assert_int_equal(pg_copy_end(copy, &count), PG_CONNECTION_LOST);
    assert_false(pg_alive(pg));
    pg_rows_free(rows);
    pg_close(pg);
    pg_close(killer);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_every_type_arrive),
        cmocka_unit_test(a_long_copy_arrives_whole),
        cmocka_unit_test(a_refused_copy_leaves_a_usable_connection),
        cmocka_unit_test(a_copy_that_fails_early_ends_with_its_reason),
        cmocka_unit_test(a_connection_lost_in_a_copy_is_told_at_its_end),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
