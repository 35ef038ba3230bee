/* Rows of a real database as JSON and CSV. */
#include "tenants/store/view.h"

#include "common/base/mem.h"
#include "tests/support/testing_pg.h"

static char url[TEST_URL_SIZE];

static int make(void **state)
{
    (void)state;
    return make_database(url);
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

static const struct view_column columns[] = {
    {.name = "text", .kind = VIEW_TEXT},   {.name = "id", .kind = VIEW_ID, .id = ID_KEY},
    {.name = "int", .kind = VIEW_INT},     {.name = "bool", .kind = VIEW_BOOL},
    {.name = "usd", .kind = VIEW_USD},     {.name = "cents", .kind = VIEW_CENTS},
    {.name = "price", .kind = VIEW_PRICE}, {.name = "time", .kind = VIEW_TIME},
    {.name = "date", .kind = VIEW_DATE},   {.name = "double", .kind = VIEW_DOUBLE},
    {.name = "json", .kind = VIEW_JSON},   {.name = "texts", .kind = VIEW_TEXTS},
    {.name = "etag", .kind = VIEW_ETAG},
};

#define TYPED(text, id, num, flag, usd, cents, price, at, day, real, json, texts, revision)        \
    "SELECT " text "::text, " id "::uuid, " num "::int4, " flag "::bool, " usd                     \
    "::numeric(38,0), " cents "::int8, " price "::int8, " at "::timestamptz, " day "::date, " real \
    "::float8, " json "::jsonb, " texts "::text[], " revision "::int8"

static const struct view all_null =
    VIEW(TYPED("NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL",
               "NULL", "NULL", "NULL"),
         columns, 0);
static const struct view plain =
    VIEW(TYPED("'a\"b'", "'0193c000-0000-7000-8000-000000000001'", "-5", "true", "635250000",
               "1234", "1250000", "'2026-11-21 10:00:00.123456+00'", "'2026-02-28'", "0.1",
               "'{\"a\": [1]}'", "'{x,\"y z\"}'", "7"),
         columns, 0);
static const struct view extreme =
    VIEW(TYPED("'=1+1'", "'0193c000-0000-7000-8000-000000000001'", "0", "false",
               "'-99999999999999999999999999999999999999'", "-5", "0", "'infinity'", "'9999-12-31'",
               "'NaN'", "'null'", "'{}'", "0"),
         columns, 0);
static const struct view nothing =
    VIEW(TYPED("NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL",
               "NULL", "NULL", "NULL") " WHERE false",
         columns, 0);

static void a_row_is_shown_as_its_columns_say(void **state)
{
    static const struct {
        const char *what;
        const struct view *view;
        const char *json, *csv;
    } rows[] = {
        {"nulls", &all_null,
         "{\"text\":null,\"id\":null,\"int\":null,\"bool\":null,\"usd\":null,\"cents\":null,"
         "\"price\":null,\"time\":null,\"date\":null,\"double\":null,\"json\":null,\"texts\":null,"
         "\"etag\":null}",
         ",,,,,,,,,,,\r\n"},
        {"plain", &plain,
         "{\"text\":\"a\\\"b\",\"id\":\"key_01jf000000e008000000000001\",\"int\":-5,\"bool\":true,"
         "\"usd\":\"0.00063525\",\"cents\":\"12.34\",\"price\":\"1.25\","
         "\"time\":\"2026-11-21T10:00:00.123Z\",\"date\":\"2026-02-28\",\"double\":0.1,"
         "\"json\":{\"a\": [1]},\"texts\":[\"x\",\"y z\"],\"etag\":\"7\"}",
         "\"a\"\"b\",key_01jf000000e008000000000001,-5,true,0.00063525,12.34,1.25,"
         "2026-11-21T10:00:00.123Z,2026-02-28,0.1,\"{\"\"a\"\": [1]}\",x y z\r\n"},
        {"extreme", &extreme,
         "{\"text\":\"=1+1\",\"id\":\"key_01jf000000e008000000000001\",\"int\":0,\"bool\":false,"
         "\"usd\":\"-99999999999999999999999999.999999999999\",\"cents\":\"-0.05\",\"price\":\"0\","
         "\"time\":null,\"date\":\"9999-12-31\",\"double\":null,\"json\":null,\"texts\":[],"
         "\"etag\":\"0\"}",
         "'=1+1,key_01jf000000e008000000000001,0,false,"
         "-99999999999999999999999999.999999999999,-0.05,0,,9999-12-31,,null,\r\n"},
    };

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct pg_param none[] = {{.kind = PG_PARAM_END}};
        struct pg_rows *got = NULL;
        struct store_error error;
        struct buf json cleanup(buf_done) = buf_make(4096);
        struct buf csv cleanup(buf_done) = buf_make(4096);
        struct json_writer w = json_writer_make(&json);
        assert_int(rows[i].what, view_read(pg, rows[i].view, none, &got, &error), STORE_OK);
        view_write_row(rows[i].view, got, 0, &w);
        view_write_csv_row(rows[i].view, got, 0, &csv);
        assert_span(rows[i].what, buf_span(&json), rows[i].json);
        assert_span(rows[i].what, buf_span(&csv), rows[i].csv);
        pg_rows_free(got);
    }
    pg_close(pg);
}

static void a_cell_is_never_a_formula_and_never_breaks_its_row(void **state)
{
    static const struct view_column one[] = {{.name = "t", .kind = VIEW_TEXT}};
    static const struct view view = VIEW("SELECT $1::text", one, 0);
    static const struct {
        const char *text, *cell;
    } rows[] = {
        {"", "\r\n"},
        {"plain", "plain\r\n"},
        {"a,b", "\"a,b\"\r\n"},
        {"a\"b", "\"a\"\"b\"\r\n"},
        {"\"", "\"\"\"\"\r\n"},
        {"a\nb", "\"a\nb\"\r\n"},
        {"=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"\r\n"},
        {"+1", "'+1\r\n"},
        {"-1", "'-1\r\n"},
        {"@SUM(1)", "'@SUM(1)\r\n"},
        {"\tx", "'\tx\r\n"},
        {"\rx", "\"'\rx\"\r\n"},
        {"a=b", "a=b\r\n"},
    };

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct pg_param params[] = {PG_STRING(rows[i].text), {.kind = PG_PARAM_END}};
        struct pg_rows *got = NULL;
        struct store_error error;
        struct buf csv cleanup(buf_done) = buf_make(4096);
        assert_int(rows[i].text, view_read(pg, &view, params, &got, &error), STORE_OK);
        view_write_csv_row(&view, got, 0, &csv);
        assert_span(rows[i].text, buf_span(&csv), rows[i].cell);
        pg_rows_free(got);
    }
    pg_close(pg);
}

static void the_head_names_the_columns_without_the_etag(void **state)
{
    struct buf csv cleanup(buf_done) = buf_make(4096);

    (void)state;
    view_write_csv_head(&plain, &csv);
    assert_span("head", buf_span(&csv),
                "text,id,int,bool,usd,cents,price,time,date,double,json,texts\r\n");
}

static void an_object_is_its_first_row(void **state)
{
    const struct pg_param none[] = {{.kind = PG_PARAM_END}};
    struct arena *arena = arena_new(4096, 65536), *small = arena_new(64, 64);
    struct store_error error = {""};
    struct span json = {NULL, 0};

    (void)state;
    need_database(url);
    struct pg *pg = open_database(url);
    assert_int("there", view_object(pg, &plain, none, arena, &json, &error), STORE_OK);
    in_row("an object", span_starts(json, "{\"text\":\"a\\\"b\",") && span_ends(json, "}"));
    assert_int("not there", view_object(pg, &nothing, none, arena, &json, &error), STORE_NOT_FOUND);
    assert_int("no room", view_object(pg, &plain, none, small, &json, &error), STORE_BROKEN);
    pg_close(pg);
    arena_free(arena);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_shown_as_its_columns_say),
        cmocka_unit_test(a_cell_is_never_a_formula_and_never_breaks_its_row),
        cmocka_unit_test(the_head_names_the_columns_without_the_etag),
        cmocka_unit_test(an_object_is_its_first_row),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
