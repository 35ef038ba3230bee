/* What the status page is made from: every problem is a sentence, and nobody but operators reads
 * any. */
#include "tenants/store/status_store.h"

#include "tests/unit/tenants/store/usage_seed.h"

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

static const char healthy[] =
    "DELETE FROM tollgate.dead_letters; DELETE FROM tollgate.sources; DELETE FROM "
    "tollgate.gateways;"
    "INSERT INTO tollgate.gateways (gateway_id, host, version) VALUES"
    " ('01900000-0000-7000-8001-000000000001', 'one', '1');"
    "INSERT INTO tollgate.sources (kind, identity, behind, measured_at, caught_up_at) VALUES"
    " ('kafka', 'kafka:c:t:0', 0, now(), now());";

static void every_problem_is_a_sentence(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what, *change, *said; /* NULL: nothing is said */
    } rows[] = {
        {"all is well", "SELECT 1", NULL},
        {"a gateway is silent", "UPDATE tollgate.gateways SET seen_at = now() - interval '16 s'",
         "Gateway on one has not been heard of since"},
        {"no gateway", "UPDATE tollgate.gateways SET state = 'stopped'", "No gateway is running."},
        {"a source stopped", "UPDATE tollgate.sources SET state = 'stopped', alarm = 'a gap'",
         "Billing has stopped reading kafka:c:t:0: a gap."},
        {"an alarm", "UPDATE tollgate.sources SET alarm = 'odd'", "raised an alarm: odd."},
        {"billing is silent", "UPDATE tollgate.sources SET measured_at = now() - interval '31 s'",
         "Billing has noted nothing since"},
        {"behind for a moment",
         "UPDATE tollgate.sources SET behind = 9, caught_up_at = now() - interval '5 s'", NULL},
        {"behind for long",
         "UPDATE tollgate.sources SET behind = 9, caught_up_at = now() - interval '5 min'",
         "Billing is behind with kafka:c:t:0 by 9 messages since"},
        {"a dead letter",
         "INSERT INTO tollgate.dead_letters (source_id, source_segment, source_offset, reason,"
         " detail, payload) SELECT source_id, 0, 0, 'decode', 'd', '' FROM tollgate.sources",
         "1 dead letter waits for an operator"},
        {"a dead letter that was seen to",
         "INSERT INTO tollgate.dead_letters (source_id, source_segment, source_offset, reason,"
         " detail, payload, resolved_at) SELECT source_id, 0, 0, 'decode', 'd', '', now()"
         " FROM tollgate.sources",
         NULL},
    };
    static const struct uuid nobody = {{0}};
    struct store_error error = {""};
    struct pg *owner = open_as(url, "tollgate_owner"), *pg = open_as(url, "tollgate_control");
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_rows *said = NULL;
        run_sql(owner, healthy);
        run_sql(owner, rows[i].change);
        act_as(pg, nobody);
        assert_store(STORE_OK, status_store_problems(pg, &said, &error), error);
        assert_int(rows[i].what, pg_rows_count(said) > 0, rows[i].said != NULL);
        bool found = rows[i].said == NULL;
        for (size_t n = 0; n < pg_rows_count(said); n++) {
            char *sentence = span_dup(pg_get_text(said, n, 0));
            found = found || strstr(sentence, rows[i].said) != NULL;
            free(sentence);
        }
        in_row(rows[i].what, found);
        pg_rows_free(said);
    }
    pg_close(owner);
    pg_close(pg);
}

static void views_read_and_a_tenant_sees_nothing_of_them(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what;
        const struct view *view;
        size_t rows, of_a_tenant;
    } views[] = {
        {"database", &status_database_view, 1, 1}, {"snapshot", &status_snapshot_view, 1, 1},
        {"sums", &status_sums_view, 1, 1},         {"gateways", &status_gateways_view, 1, 0},
        {"sources", &status_sources_view, 1, 0},
    };
    static const struct pg_param none = {.kind = PG_PARAM_END};
    static const struct uuid nobody = {{0}};
    struct store_error error = {""};
    struct pg *owner = open_as(url, "tollgate_owner"), *pg = open_as(url, "tollgate_control");
    run_sql(owner, healthy);
    for (size_t i = 0; i < array_size(views); i++) {
        cleanup(buf_done) struct buf text = buf_make(65536);
        struct json_writer w = json_writer_make(&text);
        struct pg_rows *rows = NULL;
        act_as(pg, nobody);
        assert_store(STORE_OK, view_read(pg, views[i].view, &none, &rows, &error), error);
        assert_int(views[i].what, pg_rows_count(rows), views[i].rows);
        view_write_row(views[i].view, rows, 0, &w);
        pg_rows_free(rows);
        act_as(pg, uuid_new());
        assert_store(STORE_OK, view_read(pg, views[i].view, &none, &rows, &error), error);
        assert_int(views[i].what, pg_rows_count(rows), views[i].of_a_tenant);
        pg_rows_free(rows);
    }
    pg_close(owner);
    pg_close(pg);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_problem_is_a_sentence),
        cmocka_unit_test(views_read_and_a_tenant_sees_nothing_of_them),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
