/*
 * testing_pg: a fresh database per test program, in the cluster that TEST_DATABASE names (see
 * tests/support/postgres.sh).
 *
 * Without it a test says so and is skipped: begin it with `need_database(url)`.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_PG_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_PG_H

#include <stdio.h>

#include "common/base/digest.h"
#include "common/pg/pg.h"
#include "tests/support/testing.h"

#define TEST_URL_SIZE 512

#define need_database(url)                                                                         \
    do {                                                                                           \
        if ((url)[0] == '\0') {                                                                    \
            print_message("TEST_DATABASE is not set (tests/support/postgres.sh sets it)\n");       \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

static inline struct pg *open_database(const char *url)
{
    struct pg_settings settings = {
        .url = url, .application_name = "test", .statement_timeout_ms = 20000};
    struct pg_error error;
    struct pg *pg = NULL;

    if (pg_open(&settings, &pg, &error) != PG_OK)
        fail_msg("%s: %s %s", url, error.sqlstate, error.message);
    return pg;
}

static inline int run_on_database(const char *verb, const char *name, const char *how)
{
    char sql[128];
    struct pg *pg = open_database(getenv("TEST_DATABASE"));

    snprintf(sql, sizeof(sql), "%s DATABASE %s%s", verb, name, how);
    enum pg_outcome outcome = pg_script(pg, sql);
    if (outcome != PG_OK)
        print_error("%s: %s\n", sql, pg_error(pg)->message);
    pg_close(pg);
    return outcome == PG_OK ? 0 : -1;
}

/* Makes a database and its URL; leaves the URL empty when there is no cluster. For a group's setup.
 */
static inline int make_database(char url_out[TEST_URL_SIZE])
{
    const char *cluster = getenv("TEST_DATABASE");
    uint8_t random[8];
    char name[2 + 2 * sizeof(random) + 1] = "t_";

    url_out[0] = '\0';
    if (cluster == NULL)
        return 0;
    const char *slash = strrchr(cluster, '/');
    assert_non_null(slash);
    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), name + 2);
    snprintf(url_out, TEST_URL_SIZE, "%.*s/%s", (int)(slash - cluster), cluster, name);
    return run_on_database("CREATE", name, "");
}

static inline int drop_database(const char *url)
{
    return url[0] == '\0' ? 0 : run_on_database("DROP", strrchr(url, '/') + 1, " WITH (FORCE)");
}

#endif
