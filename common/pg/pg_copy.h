/*
 * pg_copy: COPY … FROM STDIN (FORMAT binary), row by row.
 *
 * The first error is kept and the rest is dropped, so only the end needs a look. The types written
 * must be exactly those of the columns: the server does not convert binary data.
 */
#ifndef TOLLGATE_COMMON_PG_PG_COPY_H
#define TOLLGATE_COMMON_PG_PG_COPY_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/span.h"
#include "common/pg/pg.h"

struct pg_copy;

/* `sql` is the whole COPY statement. On PG_OK the caller owns *copy_out and uses the connection for
 * nothing else until pg_copy_end() or pg_copy_cancel(). */
must_use enum pg_outcome pg_copy_begin(struct pg *pg, const char *sql, struct pg_copy **copy_out);

/* Begins a row of so many columns; the one before must be complete. */
void pg_copy_row(struct pg_copy *copy, int columns);
void pg_copy_null(struct pg_copy *copy);
void pg_copy_bool(struct pg_copy *copy, bool value);
void pg_copy_int16(struct pg_copy *copy, int16_t value);
void pg_copy_int32(struct pg_copy *copy, int32_t value);
void pg_copy_int64(struct pg_copy *copy, int64_t value);
void pg_copy_numeric(struct pg_copy *copy, int128 value);
void pg_copy_uuid(struct pg_copy *copy, struct uuid value);
void pg_copy_uuid_or_null(struct pg_copy *copy, struct uuid value);
void pg_copy_time(struct pg_copy *copy, int64_t unix_ms); /* timestamptz */
void pg_copy_day(struct pg_copy *copy, int32_t unix_day); /* date */
void pg_copy_text(struct pg_copy *copy, struct span value);
void pg_copy_string(struct pg_copy *copy, const char *value); /* NULL is null */
void pg_copy_bytes(struct pg_copy *copy, struct span value);
void pg_copy_jsonb(struct pg_copy *copy, struct span json);
void pg_copy_int64s(struct pg_copy *copy, const int64_t *values, size_t count);    /* int8[] */
void pg_copy_texts(struct pg_copy *copy, const struct span *values, size_t count); /* text[] */

/* Ends the data and the copy; frees `copy` whatever the outcome. */
must_use enum pg_outcome pg_copy_end(struct pg_copy *copy, int64_t *rows_out);
/* Makes the server refuse what was sent (an open transaction is then failed); frees `copy`. */
void pg_copy_cancel(struct pg_copy *copy);

#endif
