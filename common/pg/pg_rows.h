/*
 * pg_rows: what a statement returned, by row and column from 0.
 *
 * A column of another type than the reader's is a bug of ours and ends the process. A null reads as
 * zero, false or empty; ask pg_is_null() where that matters.
 */
#ifndef TOLLGATE_COMMON_PG_PG_ROWS_H
#define TOLLGATE_COMMON_PG_PG_ROWS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/span.h"

struct pg_rows;

void pg_rows_free(struct pg_rows *rows);
void pg_rows_free_at(struct pg_rows **rows); /* for cleanup() */
must_use size_t pg_rows_count(const struct pg_rows *rows);

must_use bool pg_is_null(const struct pg_rows *rows, size_t row, int column);
must_use int64_t pg_get_int64(const struct pg_rows *rows, size_t row,
                              int column); /* int2, int4, int8 */
/* A numeric without decimals, or one of the integers. */
must_use int128 pg_get_int128(const struct pg_rows *rows, size_t row, int column);
must_use double pg_get_double(const struct pg_rows *rows, size_t row,
                              int column); /* float8, float4 */
must_use bool pg_get_bool(const struct pg_rows *rows, size_t row, int column);
must_use struct uuid pg_get_uuid(const struct pg_rows *rows, size_t row, int column);
/* timestamptz in Unix milliseconds, rounded down; infinities are INT64_MIN and INT64_MAX. */
must_use int64_t pg_get_unix_ms(const struct pg_rows *rows, size_t row, int column);
/* date in days since 1970-01-01. */
must_use int32_t pg_get_day(const struct pg_rows *rows, size_t row, int column);
/* text, varchar, name, enum, json, jsonb: borrowed from the rows. */
must_use struct span pg_get_text(const struct pg_rows *rows, size_t row, int column);
must_use struct span pg_get_bytes(const struct pg_rows *rows, size_t row, int column); /* bytea */

/* One-dimensional arrays. An item is found by walking, so large ones are better unnested. */
must_use size_t pg_array_count(const struct pg_rows *rows, size_t row, int column);
must_use struct span pg_array_text(const struct pg_rows *rows, size_t row, int column,
                                   size_t index); /* at == NULL for a null item */
must_use int64_t pg_array_int64(const struct pg_rows *rows, size_t row, int column, size_t index);
must_use struct uuid pg_array_uuid(const struct pg_rows *rows, size_t row, int column,
                                   size_t index);

#endif
