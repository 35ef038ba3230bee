/*
 * runner: see runner.h.
 */
#include "migrations/runner.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "migrations/split.h"

#define OWNER "tollgate_owner"
#define LOCK_NUMBER 7014100

static const char *const state_names[] = {
    [MIGRATION_APPLIED] = "applied", [MIGRATION_PENDING] = "pending",
    [MIGRATION_CHANGED] = "changed", [MIGRATION_GONE] = "gone",
    [MIGRATION_SKIPPED] = "skipped",
};

const char *migration_state_name(enum migration_state state)
{
    return state_names[state];
}

static int failed(struct pg *pg, const char *doing, struct buf *error)
{
    const struct pg_error *said = pg_error(pg);
    (void)buf_printf(error, "%s: %s", doing, said->message);
    if (said->sqlstate[0] != '\0')
        (void)buf_printf(error, " (%s)", said->sqlstate);
    return -EIO;
}

/* Names what is missing, for a person who prepares a database by hand. */
static int check_roles(struct pg *pg, struct buf *error)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT string_agg(name, ', ' ORDER BY name) FROM unnest(ARRAY['tollgate_owner', "
                "'tollgate_gateway', 'tollgate_billing', 'tollgate_control']) AS name "
                "WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name)") != PG_OK)
        return failed(pg, "look for the roles", error);
    if (pg_is_null(rows, 0, 0))
        return 0;
    (void)buf_printf(error, "the database has no role %.*s: see docs/database.md",
                     SPAN_ARG(pg_get_text(rows, 0, 0)));
    return -EIO;
}

static int become_owner(struct pg *pg, struct buf *error)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT current_user = '" OWNER "', pg_has_role('" OWNER "', 'MEMBER'), "
                "current_user::text") != PG_OK)
        return failed(pg, "look who we are", error);
    if (pg_get_bool(rows, 0, 0))
        return 0;
    if (!pg_get_bool(rows, 0, 1)) {
        (void)buf_printf(error, "the user %.*s is not " OWNER " and not a member of it",
                         SPAN_ARG(pg_get_text(rows, 0, 2)));
        return -EIO;
    }
    if (pg_script(pg, "SET ROLE " OWNER) != PG_OK)
        return failed(pg, "become " OWNER, error);
    return 0;
}

int runner_prepare(struct pg *pg, struct buf *error)
{
    int r = check_roles(pg, error);
    if (r == 0)
        r = become_owner(pg, error);
    if (r == 0 && pg_script(pg, "SELECT pg_advisory_xact_lock(7014101);"
                                "CREATE SCHEMA IF NOT EXISTS tollgate;"
                                "CREATE TABLE IF NOT EXISTS tollgate.tollgate_migrations ("
                                "    number int4 PRIMARY KEY,"
                                "    name text NOT NULL,"
                                "    sha256 text NOT NULL,"
                                "    applied_at timestamptz NOT NULL DEFAULT now(),"
                                "    applied_by text NOT NULL DEFAULT session_user)") != PG_OK)
        r = failed(pg, "make the schema and the table of migrations", error);
    return r;
}

/* Merges two lists in the order of their numbers: the files and what the table says. */
static void merge(const struct migrations *migrations, const struct pg_rows *rows,
                  struct migration_report *report)
{
    size_t row = 0, rows_count = pg_rows_count(rows);
    uint32_t i = 0;
    while (i < migrations->count || row < rows_count) {
        struct migration_status *status = &report->items[report->count++];
        const struct migration *file = i < migrations->count ? &migrations->items[i] : NULL;
        bool in_table = row < rows_count;
        uint32_t number = in_table ? (uint32_t)pg_get_int64(rows, row, 0) : UINT32_MAX;
        if (file != NULL && file->number < number) {
            status->state = in_table ? MIGRATION_SKIPPED : MIGRATION_PENDING;
            status->number = file->number;
            status->name = file->name;
            i++;
            continue;
        }
        status->number = number;
        status->applied_ms = pg_get_unix_ms(rows, row, 3);
        if (file == NULL || file->number > number) {
            status->state = MIGRATION_GONE;
            status->name = pg_get_text(rows, row, 1).at;
        } else {
            status->state = span_is(pg_get_text(rows, row, 2), file->sha256) ? MIGRATION_APPLIED
                                                                             : MIGRATION_CHANGED;
            status->name = file->name;
            i++;
        }
        row++;
    }
}

int runner_status(struct pg *pg, const struct migrations *migrations,
                  struct migration_report *report_out, struct buf *error)
{
    struct migration_report report = {0};
    if (pg_exec(pg, &report.rows,
                "SELECT number, name, sha256, applied_at FROM tollgate.tollgate_migrations "
                "ORDER BY number") != PG_OK)
        return failed(pg, "read the table of migrations", error);
    report.items =
        mem_array(migrations->count + pg_rows_count(report.rows) + 1, sizeof(*report.items));
    merge(migrations, report.rows, &report);
    for (uint32_t i = 0; i < report.count; i++) {
        report.applied += report.items[i].state == MIGRATION_APPLIED;
        report.pending += report.items[i].state == MIGRATION_PENDING;
    }
    report.wrong = report.count - report.applied - report.pending;
    *report_out = report;
    return 0;
}

void runner_report_done(struct migration_report *report)
{
    mem_free(report->items);
    pg_rows_free(report->rows);
    *report = (struct migration_report){0};
}

static int take_lock(struct pg *pg, const struct runner_listener *listener, struct buf *error)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows, "SELECT pg_try_advisory_lock($1)", PG_INT(LOCK_NUMBER)) != PG_OK)
        return failed(pg, "take the lock of migrations", error);
    if (pg_get_bool(rows, 0, 0))
        return 0;
    if (listener->on_runner_wait != NULL)
        listener->on_runner_wait(listener->context);
    if (pg_exec(pg, NULL, "SELECT pg_advisory_lock($1)", PG_INT(LOCK_NUMBER)) != PG_OK)
        return failed(pg, "wait for the lock of migrations", error);
    return 0;
}

static int run_statements(struct pg *pg, const struct migration *migration, struct buf *error)
{
    static const struct pg_param none = {.kind = PG_PARAM_END};
    struct split split = split_make(span_of(migration->sql));
    struct span statement;
    uint32_t line;
    while (split_next(&split, &statement, &line)) {
        char *text = span_dup(statement);
        enum pg_outcome outcome = pg_exec_once(pg, NULL, text, &none);
        mem_free(text);
        if (outcome != PG_OK) {
            (void)buf_printf(error, "%s:%u: ", migration->name, line);
            return failed(pg, "the statement that begins here failed", error);
        }
    }
    return 0;
}

static int apply(struct pg *pg, const struct migration *migration, struct buf *error)
{
    if (pg_begin(pg, PG_READ_COMMITTED) != PG_OK)
        return failed(pg, migration->name, error);
    int r = run_statements(pg, migration, error);
    if (r == 0 && pg_exec(pg, NULL,
                          "INSERT INTO tollgate.tollgate_migrations (number, name, sha256) "
                          "VALUES ($1::int4, $2, $3)",
                          PG_INT(migration->number), PG_STRING(migration->name),
                          PG_STRING(migration->sha256)) != PG_OK)
        r = failed(pg, migration->name, error);
    if (r == 0 && pg_commit(pg) != PG_OK)
        r = failed(pg, migration->name, error);
    pg_rollback(pg);
    return r;
}

static int refuse_wrong(const struct migration_report *report, struct buf *error)
{
    static const char *const why[] = {
        [MIGRATION_APPLIED] = "",
        [MIGRATION_PENDING] = "",
        [MIGRATION_CHANGED] = "was changed after it was applied: put it back, and mend what is to "
                              "be mended in a new migration",
        [MIGRATION_GONE] = "was applied, but its file is not there: these are the migrations of an "
                           "older program",
        [MIGRATION_SKIPPED] = "is not applied, but one with a higher number is: give it the next "
                              "free number",
    };
    for (uint32_t i = 0; i < report->count; i++) {
        const struct migration_status *status = &report->items[i];
        if (status->state != MIGRATION_APPLIED && status->state != MIGRATION_PENDING) {
            (void)buf_printf(error, "%s %s", status->name, why[status->state]);
            return -EINVAL;
        }
    }
    return 0;
}

static int apply_pending(struct pg *pg, const struct migrations *migrations,
                         const struct migration_report *report,
                         const struct runner_listener *listener, uint32_t *applied_out,
                         struct buf *error)
{
    uint32_t applied = 0;
    /* Nothing is wrong, so the report has the files in their order and nothing else. */
    for (uint32_t i = 0; i < migrations->count; i++) {
        if (report->items[i].state != MIGRATION_PENDING)
            continue;
        if (listener->on_runner_file != NULL)
            listener->on_runner_file(listener->context, migrations->items[i].name);
        int r = apply(pg, &migrations->items[i], error);
        if (r < 0)
            return r;
        applied++;
    }
    *applied_out = applied;
    return 0;
}

int runner_up(struct pg *pg, const struct migrations *migrations,
              const struct runner_listener *listener, uint32_t *applied_out, struct buf *error)
{
    struct migration_report report = {0};
    int r = take_lock(pg, listener, error);
    if (r < 0)
        return r;
    r = runner_status(pg, migrations, &report, error);
    if (r == 0)
        r = refuse_wrong(&report, error);
    if (r == 0)
        r = apply_pending(pg, migrations, &report, listener, applied_out, error);
    runner_report_done(&report);
    if (pg_alive(pg) &&
        pg_exec(pg, NULL, "SELECT pg_advisory_unlock($1)", PG_INT(LOCK_NUMBER)) != PG_OK)
        r = r < 0 ? r : failed(pg, "give back the lock of migrations", error);
    return r;
}
