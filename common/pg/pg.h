/*
 * pg: one connection to PostgreSQL; the wall behind which libpq stands.
 *
 * Blocking calls with a deadline, for control and billing threads, never for a worker's loop. One
 * thread per connection. Values travel as parameters only, never as parts of the text. Outcomes are
 * enums: a violated constraint is an answer. Nothing here logs or retries.
 */
#ifndef TOLLGATE_COMMON_PG_PG_H
#define TOLLGATE_COMMON_PG_PG_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/span.h"
#include "common/pg/pg_param.h"
#include "common/pg/pg_rows.h"

struct pg;

enum pg_outcome {
    PG_OK,
    PG_UNIQUE_VIOLATION,      /* 23505 */
    PG_FOREIGN_KEY_VIOLATION, /* 23503 */
    PG_CHECK_VIOLATION,       /* 23514, also "no partition for this row" */
    PG_EXCLUSION_VIOLATION,   /* 23P01 */
    PG_NOT_NULL_VIOLATION,    /* 23502 */
    PG_SERIALIZATION,         /* 40001, deadlock, a stale plan: run the transaction again */
    PG_TIMEOUT,               /* statement or lock timeout: 57014, 55P03 */
    PG_DENIED,                /* 42501: privilege or row-level security */
    PG_BAD_DATA,              /* class 22: a value that its type cannot hold */
    PG_CONNECTION_LOST,       /* close it; of a commit: nobody knows whether it happened */
    PG_OTHER,                 /* see pg_error() */
};

struct pg_settings {
    const char *url;              /* postgresql://… or key=value pairs */
    const char *application_name; /* as pg_stat_activity shows it */
    const char *schema;           /* the search path; NULL leaves the server's */
    int64_t connect_timeout_s;    /* 0: 10 */
    int64_t statement_timeout_ms; /* 0: none; we give up 5 s after the server should have */
    int64_t lock_timeout_ms;      /* 0: none */
};

struct pg_error {
    char sqlstate[6]; /* empty when the server did not speak */
    char message[256];
    char constraint[64]; /* the violated constraint, or empty */
};

/* Connects and sets the session up. On PG_OK the caller owns *pg_out, else *error_out says why. */
must_use enum pg_outcome pg_open(const struct pg_settings *settings, struct pg **pg_out,
                                 struct pg_error *error_out);
void pg_close(struct pg *pg);
/* For cleanup(), and where the pointer lives on: it is NULL then. */
void pg_close_at(struct pg **pg);

/* False once the connection is lost. */
must_use bool pg_alive(const struct pg *pg);
/* What the last call that was not PG_OK said; borrowed until the next call. */
must_use const struct pg_error *pg_error(const struct pg *pg);
must_use const char *pg_outcome_name(enum pg_outcome outcome);

/* pg_exec(pg, &rows, "SELECT … WHERE id = $1", PG_UUID(id)): one statement. The text is a constant
 * of the source and is prepared once per connection. Set on PG_OK only, *rows_out is the caller's
 * (pg_rows_free); rows_out may be NULL. */
#define pg_exec(pg, rows_out, sql, ...)                                                            \
    pg_exec_params((pg), (rows_out), (sql),                                                        \
                   (const struct pg_param[]){__VA_ARGS__ __VA_OPT__(, ){.kind = PG_PARAM_END}})
must_use enum pg_outcome pg_exec_params(struct pg *pg, struct pg_rows **rows_out, const char *sql,
                                        const struct pg_param *params);
/* The same for a text that was put together at run time: it is not prepared. */
must_use enum pg_outcome pg_exec_once(struct pg *pg, struct pg_rows **rows_out, const char *sql,
                                      const struct pg_param *params);
/* Several statements without parameters or rows, as in a migration's file. */
must_use enum pg_outcome pg_script(struct pg *pg, const char *sql);
/* Rows that the last statement inserted, updated, deleted or selected. */
must_use int64_t pg_affected(const struct pg *pg);

enum pg_isolation { PG_READ_COMMITTED, PG_REPEATABLE_READ, PG_SERIALIZABLE, PG_READ_ONLY };
/* PG_READ_ONLY is a repeatable read that may not write. */
must_use enum pg_outcome pg_begin(struct pg *pg, enum pg_isolation isolation);
/* PG_OTHER when a statement had failed and the server rolled back instead. */
must_use enum pg_outcome pg_commit(struct pg *pg);
/* Leaves no transaction open, whatever happened; harmless without one. */
void pg_rollback(struct pg *pg);
must_use bool pg_in_transaction(const struct pg *pg);

/* A name of up to 63 bytes: letters, digits and underscores. */
must_use enum pg_outcome pg_listen(struct pg *pg, const char *channel);
/* Readable when pg_notified() may have something. It changes with the connection only. */
must_use int pg_fd(const struct pg *pg);

struct pg_notification {
    const char *channel, *payload; /* borrowed until the next call on the connection */
};
/* Takes the next notification without waiting; *got_out is false when there is none. */
must_use enum pg_outcome pg_notified(struct pg *pg, struct pg_notification *notification_out,
                                     bool *got_out);

#endif
