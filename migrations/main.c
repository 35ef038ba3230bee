/*
 * tollgate-migrate: the program that brings a database to the state this build expects.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/options.h"
#include "migrations/runner.h"

#ifndef TOLLGATE_MIGRATIONS_DIR
#define TOLLGATE_MIGRATIONS_DIR "migrations"
#endif

#define EXIT_PENDING 3
#define ERROR_MAX 4096

struct config {
    char *database, *database_url_file, *dir;
};

static const struct option table[] = {
    {"database", OPTION_TEXT, offsetof(struct config, database), 0, 2000, NULL,
     "The database as a URL without a password (PGPASSWORD or ~/.pgpass has it).", NULL},
    {"database-url-file", OPTION_PATH, offsetof(struct config, database_url_file), 0, 4000, NULL,
     "A file whose first line is the URL, password included; readable by its owner only.", NULL},
    {"dir", OPTION_PATH, offsetof(struct config, dir), 1, 4000, TOLLGATE_MIGRATIONS_DIR,
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

/* The URL from the file or from the setting; a sentence in `error` when there is none. */
static bool database_url(const struct config *config, struct buf *url, struct buf *error)
{
    if (config->database_url_file != NULL && config->database_url_file[0] != '\0') {
        int r = file_read_secret(config->database_url_file, url);
        if (r < 0)
            (void)buf_printf(error, "%s: %s", config->database_url_file,
                             r == -EPERM ? "others may read it: chmod 600" : strerror(-r));
        return r == 0;
    }
    if (config->database == NULL || config->database[0] == '\0') {
        (void)buf_add_string(error, "say which database: --database-url-file FILE or --database "
                                    "URL");
        return false;
    }
    return buf_add_string(url, config->database) == 0;
}

static int run(const struct config *config, const char *command, struct buf *error)
{
    struct buf url = buf_make(ERROR_MAX);
    struct migrations migrations = {0};
    struct pg *pg = NULL;
    struct pg_error said;
    int code;
    if (!database_url(config, &url, error) ||
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
