/*
 * pg_inside: what the files of common/pg share: the connection, waiting, and outcomes of libpq's
 * results. Not for use outside this folder.
 */
#ifndef TOLLGATE_COMMON_PG_PG_INSIDE_H
#define TOLLGATE_COMMON_PG_PG_INSIDE_H

#include <libpq-fe.h>

#include "common/base/buf.h"
#include "common/pg/pg.h"

struct map;

struct pg {
    PGconn *connection;
    struct map *statements; /* constant text -> its struct statement */
    struct statement *newest;
    uint32_t statement_count;
    int64_t patience_ms; /* how long one wait may last; 0: for ever */
    int64_t affected;
    struct pg_error error;
    PGnotify *notify; /* the one handed out last */
    struct buf room;  /* rendered parameters */
};

/* Big-endian numbers of the wire. */
must_use uint64_t pg_load(const char *at, size_t bytes);
void pg_store(uint8_t *at, uint64_t value, size_t bytes);

/* Sends what libpq holds back. False when the connection is lost or too slow. */
must_use bool pg_flush(struct pg *pg);
/* Waits for the next result; NULL at the end of a statement or when the connection is lost. */
must_use PGresult *pg_next_result(struct pg *pg);
/* Reads results to the end. The last that was not fine decides; the last fine one with rows is left
 * in *kept_out, when that is not NULL. */
must_use enum pg_outcome pg_finish(struct pg *pg, PGresult **kept_out);
/* Takes the message from libpq. */
enum pg_outcome pg_lost(struct pg *pg);
must_use enum pg_outcome pg_judge(struct pg *pg, const PGresult *result);
/* Takes the result. */
must_use struct pg_rows *pg_rows_make(PGresult *result);

#define PG_PARAMS_MAX 64
struct rendered {
    int count;
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX], formats[PG_PARAMS_MAX];
    Oid types[PG_PARAMS_MAX];
};
/* Borrows from params and from `room`. False, with an error message, for a text with a NUL or more
 * parameters than there may be. */
must_use bool pg_render(const struct pg_param *params, struct buf *room, struct rendered *out,
                        struct pg_error *error_out);

#endif
