/*
 * runner: brings a database to the state of the migrations, and tells where it stands.
 *
 * Each file runs in a transaction of its own together with the row that notes it, in the table
 * tollgate.tollgate_migrations with the SHA-256 of the file. One runner works at a time (advisory
 * lock). A file that changed after it was applied, or is gone, stops everything: history does not
 * change, a new number mends it.
 */
#ifndef TOLLGATE_MIGRATIONS_RUNNER_H
#define TOLLGATE_MIGRATIONS_RUNNER_H

#include "common/pg/pg.h"
#include "migrations/files.h"

enum migration_state {
    MIGRATION_APPLIED,
    MIGRATION_PENDING,
    MIGRATION_CHANGED, /* applied from a file with other bytes */
    MIGRATION_GONE,    /* applied from a file that is not there any more */
    MIGRATION_SKIPPED, /* pending, though a higher number is applied */
};

struct migration_status {
    uint32_t number;
    enum migration_state state;
    const char *name;   /* borrowed from the migrations or from the report */
    int64_t applied_ms; /* 0 when it is not applied */
};

struct migration_report {
    struct migration_status *items; /* by number; owned */
    uint32_t count, applied, pending, wrong;
    struct pg_rows *rows; /* owned; lends the names of files that are gone */
};

/* Becomes the role tollgate_owner, checks that the other roles are there, and makes the schema and
 * the table where they are missing. 0, or -EIO with one sentence in `error`. */
must_use int runner_prepare(struct pg *pg, struct buf *error);

/* 0 or -EIO. Ends with runner_report_done. */
must_use int runner_status(struct pg *pg, const struct migrations *migrations,
                           struct migration_report *report_out, struct buf *error);
void runner_report_done(struct migration_report *report);
must_use const char *migration_state_name(enum migration_state state);

/* Told before each file, and when another runner is at work and has to be waited for. */
struct runner_listener {
    void (*on_runner_file)(void *context, const char *name);
    void (*on_runner_wait)(void *context);
    void *context;
};

/* Applies what is pending. 0 with the number of files applied, or -EIO, -EINVAL (something is
 * changed, gone or skipped): `error` then names the file and the line of the statement. */
must_use int runner_up(struct pg *pg, const struct migrations *migrations,
                       const struct runner_listener *listener, uint32_t *applied_out,
                       struct buf *error);

#endif
