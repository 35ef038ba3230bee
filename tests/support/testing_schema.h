/*
 * testing_schema: a fresh database with our roles in it, and with all migrations where a test wants
 * them.
 *
 * Roles belong to the whole cluster, so they are made once and stay. Beside the test program lies
 * tollgate-migrate, which is run as deploy/up runs it.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_SCHEMA_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_SCHEMA_H

#include <libgen.h>
#include <unistd.h>

#include "tests/support/testing_pg.h"

/* The same database for another user: postgresql://USER@… */
static inline void url_for(const char *url, const char *user, char url_out[TEST_URL_SIZE])
{
    const char *at = strchr(url, '@');
    assert_non_null(at);
    snprintf(url_out, TEST_URL_SIZE, "postgresql://%s%s", user, at);
}

static inline struct pg *open_as(const char *url, const char *user)
{
    char theirs[TEST_URL_SIZE];
    url_for(url, user, theirs);
    return open_database(theirs);
}

static inline void make_roles(const char *url)
{
    struct pg *pg = open_database(url);
    enum pg_outcome outcome = pg_script(
        pg, "DO $$ DECLARE r text; BEGIN"
            " PERFORM pg_advisory_xact_lock(7014199);"
            " FOREACH r IN ARRAY ARRAY['tollgate_owner', 'tollgate_gateway', 'tollgate_billing',"
            " 'tollgate_control'] LOOP"
            "  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN"
            "   BEGIN EXECUTE format('CREATE ROLE %I LOGIN', r);"
            /* Tests of other databases make them too, and a lock holds in one database only. */
            "   EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END; END IF;"
            "  IF r = 'tollgate_owner' THEN"
            "   EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO %I',"
            "                  current_database(), r); END IF;"
            " END LOOP; END $$");
    if (outcome != PG_OK)
        fail_msg("the roles could not be made: %s", pg_error(pg)->message);
    pg_close(pg);
}

/* For a group's setup: leaves the URL empty when there is no cluster. */
static inline int make_schema(char url_out[TEST_URL_SIZE])
{
    char self[512] = "", command[2048], owner[TEST_URL_SIZE];
    if (make_database(url_out) != 0)
        return -1;
    if (url_out[0] == '\0')
        return 0;
    make_roles(url_out);
    url_for(url_out, "tollgate_owner", owner);
    ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (size <= 0)
        return -1;
    snprintf(command, sizeof(command),
             "'%s/tollgate-migrate' up --dir migrations --database '%s' "
             ">/dev/null",
             dirname(self), owner);
    return system(command) == 0 ? 0 : -1;
}

#endif
