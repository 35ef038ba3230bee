/*
 * tollgate-migrate: the program that brings a database to the state this build expects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/options.h"
#include "common/pg/pg_url.h"
#include "migrations/runner.h"

#ifndef TOLLGATE_MIGRATIONS_DIR
#define TOLLGATE_MIGRATIONS_DIR "migrations"
#endif

#define EXIT_PENDING 3
#define ERROR_MAX 4096

struct config {
    char *database, *database_url_file, *dir;
};

#define AT(member) offsetof(struct config, member)
static const struct option table[] = {
    PG_URL_SETTINGS(AT),
    {"dir", OPTION_PATH, AT(dir), 1, 4000, TOLLGATE_MIGRATIONS_DIR,
     "The directory of the migrations, NNNN_name.sql.", NULL},
};

static const struct options options = {
    .program = "tollgate-migrate",
    .usage = "up|status",
    .about =
        "Brings a PostgreSQL database to the state that this version of Tollgate expects.\n\n"
        "  up      applies what is pending, one transaction for each file\n"
        "  status  shows each migration: applied, pending, changed, gone, skipped\n\n"
        "Connect as tollgate_owner, or as a member of it. How to make the roles in a database\n"
        "that exists already stands in docs/database.md. Two runs at the same time do no harm:\n"
        "the second waits. A migration that was applied is never changed; a new one mends it.\n\n"
        "Ends with 0 when all is applied, 3 when `status` finds some pending, else 1.",
    .table = table,
    .count = array_size(table),
};

static int complain(const char *what)
{
    fprintf(stderr, "tollgate-migrate: %s\n", what);
    return EXIT_FAILURE;
}

static void on_runner_file(void *context, const char *name)
{
    (void)context;
    printf("applying %s\n", name);
    fflush(stdout);
}

static void on_runner_wait(void *context)
{
    (void)context;
    fprintf(stderr, "tollgate-migrate: another run is at work, waiting for it\n");
}

static int up(struct pg *pg, const struct migrations *migrations, struct buf *error)
{
    static const struct runner_listener listener = {on_runner_file, on_runner_wait, NULL};
    uint32_t applied = 0;
    if (runner_up(pg, migrations, &listener, &applied, error) < 0)
        return complain(buf_span(error).at);
    if (applied == 0)
        printf("nothing to apply: %u migrations are in\n", migrations->count);
    else
        printf("applied %u of %u migrations\n", applied, migrations->count);
    return EXIT_SUCCESS;
}

static int status(struct pg *pg, const struct migrations *migrations, struct buf *error)
{
    struct migration_report report;
    if (runner_status(pg, migrations, &report, error) < 0)
        return complain(buf_span(error).at);
    for (uint32_t i = 0; i < report.count; i++) {
        const struct migration_status *item = &report.items[i];
        char when[CLOCK_TEXT_SIZE] = "";
        if (item->applied_ms != 0)
            clock_format(item->applied_ms, when);
        printf("%-8s %-32s %s\n", migration_state_name(item->state), item->name, when);
    }
    printf("%u applied, %u pending, %u wrong\n", report.applied, report.pending, report.wrong);
    int code = report.wrong > 0 ? EXIT_FAILURE : report.pending > 0 ? EXIT_PENDING : EXIT_SUCCESS;
    runner_report_done(&report);
    return code;
}

static int run(const struct config *config, const char *command, struct buf *error)
{
    struct buf url = buf_make(ERROR_MAX);
    struct migrations migrations = {0};
    struct pg *pg = NULL;
    struct pg_error said;
    int code;
    if (!pg_url_read(config->database_url_file, config->database, &url, error) ||
        migrations_load(config->dir, &migrations, error) < 0) {
        buf_done(&url);
        return complain(buf_span(error).at);
    }
    const struct pg_settings settings = {.url = url.at, .application_name = options.program};
    if (pg_open(&settings, &pg, &said) != PG_OK)
        code = complain(said.message);
    else if (runner_prepare(pg, error) < 0)
        code = complain(buf_span(error).at);
    else
        code = strcmp(command, "up") == 0 ? up(pg, &migrations, error)
                                          : status(pg, &migrations, error);
    pg_close(pg);
    migrations_done(&migrations);
    explicit_bzero(url.at, url.size);
    buf_done(&url);
    return code;
}

int main(int argc, char **argv)
{
    (void)argc;
    struct config config = {0};
    struct buf error = buf_make(ERROR_MAX);
    const char *given[2];
    struct options_arguments arguments = {given, array_size(given), 0};
    int code = EXIT_SUCCESS;
    enum options_outcome outcome =
        options_read(&options, argv, environ, &config, &arguments, &error);
    if (outcome == OPTIONS_BAD)
        code = complain(buf_span(&error).at);
    else if (outcome == OPTIONS_GO && (arguments.count != 1 || (strcmp(given[0], "up") != 0 &&
                                                                strcmp(given[0], "status") != 0)))
        code = complain("say what to do: up or status; --help tells more");
    else if (outcome == OPTIONS_GO)
        code = run(&config, given[0], &error);
    options_done(&options, &config);
    buf_done(&error);
    return code;
}
