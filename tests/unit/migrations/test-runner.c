/* The runner of migrations against a real PostgreSQL. */
#include "migrations/runner.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "tests/support/testing_schema.h"

static char url[TEST_URL_SIZE];
static char directory[] = "/tmp/tollgate-migrations.XXXXXX";

static int make(void **state)
{
    (void)state;
    if (make_database(url) != 0 || mkdtemp(directory) == NULL)
        return -1;
    if (url[0] != '\0')
        make_roles(url);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    (void)rmdir(directory);
    return drop_database(url);
}

static void put_file(const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", directory, name);
    if (text == NULL)
        assert_int_equal(unlink(path), 0);
    else
        assert_int_equal(file_write_atomic(path, span_of(text), 0600), 0);
    mem_free(path);
}

/* Empties the directory and the database's schema, so that each test begins with nothing. */
static struct pg *fresh(void)
{
    DIR *listing = opendir(directory);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (entry->d_name[0] != '.')
            put_file(entry->d_name, NULL);
    }
    closedir(listing);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_script(pg, "DROP SCHEMA IF EXISTS tollgate CASCADE"), PG_OK);
    return pg;
}

static int up(struct pg *pg, uint32_t *applied_out, struct buf *error)
{
    static const struct runner_listener listener = {0};
    struct migrations migrations;
    int r = migrations_load(directory, &migrations, error);
    if (r < 0)
        return r;
    r = runner_prepare(pg, error);
    if (r == 0)
        r = runner_up(pg, &migrations, &listener, applied_out, error);
    migrations_done(&migrations);
    return r;
}

static void assert_refused(struct pg *pg, const char *what, const char *saying)
{
    struct buf error = buf_make(4096);
    uint32_t applied = 99;
    int r = up(pg, &applied, &error);
    if (r >= 0 || strstr(buf_span(&error).at, saying) == NULL)
        fail_msg("%s: %d, \"%s\"", what, r, r < 0 ? error.at : "");
    assert_int(what, applied, 99);
    buf_done(&error);
}

static void assert_applied(struct pg *pg, const char *what, uint32_t wanted)
{
    struct buf error = buf_make(4096);
    uint32_t applied = 99;
    int r = up(pg, &applied, &error);
    if (r < 0)
        fail_msg("%s: %s", what, error.at);
    assert_int(what, applied, wanted);
    buf_done(&error);
}

static void files_are_applied_once_and_in_order(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = fresh();
    put_file("0001_one.sql", "CREATE TABLE tollgate.t (n int); INSERT INTO tollgate.t VALUES (1);");
    put_file("0002_two.sql", "INSERT INTO tollgate.t SELECT n + 1 FROM tollgate.t;");
    put_file("README.md", "not a migration");
    assert_applied(pg, "both", 2);
    assert_applied(pg, "none again", 0);
    put_file("0010_three.sql", "INSERT INTO tollgate.t VALUES (3);");
    assert_applied(pg, "the new one", 1);
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(pg, &rows, "SELECT count(*), sum(n) FROM tollgate.t"), PG_OK);
    assert_int_equal(pg_get_int64(rows, 0, 0), 3);
    assert_int_equal(pg_get_int64(rows, 0, 1), 6);
    pg_rows_free(rows);
    pg_close(pg);
}

static void an_error_names_file_and_line_and_leaves_nothing_of_its_file(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = fresh();
    put_file("0001_one.sql", "CREATE TABLE tollgate.t (n int);");
    put_file("0002_two.sql",
             "INSERT INTO tollgate.t VALUES (1);\n-- here\nSELECT nothing\nFROM t;");
    assert_refused(pg, "a broken statement", "0002_two.sql:3:");
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(pg, &rows, "SELECT count(*) FROM tollgate.t"), PG_OK);
    assert_int_equal(pg_get_int64(rows, 0, 0), 0);
    pg_rows_free(rows);
    put_file("0002_two.sql", "INSERT INTO tollgate.t VALUES (1);");
    assert_applied(pg, "the mended file", 1);
    pg_close(pg);
}

static void history_does_not_change(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = fresh();
    put_file("0001_one.sql", "SELECT 1");
    put_file("0003_three.sql", "SELECT 3");
    assert_applied(pg, "two", 2);
    put_file("0001_one.sql", "SELECT 11");
    assert_refused(pg, "changed", "0001_one.sql was changed after it was applied");
    put_file("0001_one.sql", "SELECT 1");
    put_file("0002_two.sql", "SELECT 2");
    assert_refused(pg, "skipped", "0002_two.sql is not applied, but one with a higher number is");
    put_file("0002_two.sql", NULL);
    put_file("0003_three.sql", NULL);
    assert_refused(pg, "gone", "0003_three.sql was applied, but its file is not there");
    pg_close(pg);
}

static void misnamed_and_doubled_files_are_refused(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = fresh();
    assert_refused(pg, "an empty directory", "no migrations there");
    static const char *const names[] = {"1_one.sql", "0001-one.sql", "0001_One.sql", "0000_x.sql",
                                        "0001_.sql"};
    for (size_t i = 0; i < array_size(names); i++) {
        put_file(names[i], "SELECT 1");
        assert_refused(pg, names[i], "a migration is named NNNN_name.sql");
        put_file(names[i], NULL);
    }
    put_file("0001_one.sql", "SELECT 1");
    put_file("0001_two.sql", "SELECT 1");
    assert_refused(pg, "the same number", "have the same number");
    pg_close(pg);
}

static void *run_up(void *outcome_out)
{
    struct pg *pg = open_database(url);
    struct buf error = buf_make(4096);
    uint32_t applied = 0;
    *(int *)outcome_out = up(pg, &applied, &error) < 0 ? -1 : (int)applied;
    buf_done(&error);
    pg_close(pg);
    return NULL;
}

static void two_runners_at_once_apply_each_file_once(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = fresh();
    struct buf error = buf_make(4096);
    assert_int_equal(runner_prepare(pg, &error), 0);
    put_file("0001_one.sql", "CREATE TABLE tollgate.t (n int); SELECT pg_sleep(0.1)");
    put_file("0002_two.sql", "INSERT INTO tollgate.t VALUES (1)");
    pthread_t threads[2];
    int outcomes[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_up, &outcomes[i]), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(outcomes[0] >= 0 && outcomes[1] >= 0);
    assert_int_equal(outcomes[0] + outcomes[1], 2);
    buf_done(&error);
    pg_close(pg);
}

static void our_own_migrations_apply(void **state)
{
    (void)state;
    need_database(url);
    static const struct runner_listener listener = {0};
    struct pg *pg = fresh();
    struct buf error = buf_make(4096);
    struct migrations migrations;
    struct migration_report report;
    uint32_t applied = 0;
    assert_int_equal(migrations_load("migrations", &migrations, &error), 0);
    assert_int_equal(runner_prepare(pg, &error), 0);
    if (runner_up(pg, &migrations, &listener, &applied, &error) < 0)
        fail_msg("%s", error.at);
    assert_int_equal(applied, migrations.count);
    assert_int_equal(runner_status(pg, &migrations, &report, &error), 0);
    assert_int_equal(report.applied, migrations.count);
    assert_int_equal(report.pending + report.wrong, 0);
    runner_report_done(&report);
    migrations_done(&migrations);
    buf_done(&error);
    pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_applied_once_and_in_order),
        cmocka_unit_test(an_error_names_file_and_line_and_leaves_nothing_of_its_file),
        cmocka_unit_test(history_does_not_change),
        cmocka_unit_test(misnamed_and_doubled_files_are_refused),
        cmocka_unit_test(two_runners_at_once_apply_each_file_once),
        cmocka_unit_test(our_own_migrations_apply),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
