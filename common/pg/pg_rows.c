/*
 * pg_rows: see pg_rows.h. Results come in the binary format; the types are told apart by their
 * fixed ids (PostgreSQL's catalog/pg_type.dat).
 */
#include "common/pg/pg_rows.h"

#include "common/base/mem.h"
#include "common/pg/pg_inside.h"
#include "common/pg/pg_numeric.h"

enum {
    BOOL_TYPE = 16,
    BYTEA_TYPE = 17,
    INT8_TYPE = 20,
    INT2_TYPE = 21,
    INT4_TYPE = 23,
    FLOAT4_TYPE = 700,
    FLOAT8_TYPE = 701,
    DATE_TYPE = 1082,
    TIMESTAMPTZ_TYPE = 1184,
    NUMERIC_TYPE = 1700,
    UUID_TYPE = 2950,
    JSONB_TYPE = 3802,
};

#define EPOCH_2000_MS INT64_C(946684800000)
#define EPOCH_2000_DAYS 10957

struct pg_rows {
    PGresult *result;
};

struct pg_rows *pg_rows_make(PGresult *result)
{
    struct pg_rows *rows = mem_new(sizeof(*rows));

    rows->result = result;
    return rows;
}

void pg_rows_free(struct pg_rows *rows)
{
    if (rows == NULL)
        return;
    PQclear(rows->result);
    mem_free(rows);
}

void pg_rows_free_at(struct pg_rows **rows)
{
    pg_rows_free(*rows);
}

size_t pg_rows_count(const struct pg_rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

static void check(const struct pg_rows *rows, size_t row, int column)
{
    must(row < pg_rows_count(rows) && column >= 0 && column < PQnfields(rows->result));
}

bool pg_is_null(const struct pg_rows *rows, size_t row, int column)
{
    check(rows, row, column);
    return PQgetisnull(rows->result, (int)row, column) == 1;
}

static struct span value_at(const struct pg_rows *rows, size_t row, int column)
{
    check(rows, row, column);
    return span_make(PQgetvalue(rows->result, (int)row, column),
                     (size_t)PQgetlength(rows->result, (int)row, column));
}

/* The bytes of a value that has one fixed type; size 0 when it is null. */
static struct span fixed(const struct pg_rows *rows, size_t row, int column, Oid type)
{
    struct span value = value_at(rows, row, column);

    must(PQftype(rows->result, column) == type);
    return value;
}

static int64_t integer(struct span value)
{
    switch (value.size) {
    case 0:
        return 0;
    case 2:
        return (int16_t)pg_load(value.at, 2);
    case 4:
        return (int32_t)pg_load(value.at, 4);
    default:
        must(value.size == 8);
        return (int64_t)pg_load(value.at, 8);
    }
}

int64_t pg_get_int64(const struct pg_rows *rows, size_t row, int column)
{
    Oid type = PQftype(rows->result, column);

    must(type == INT8_TYPE || type == INT4_TYPE || type == INT2_TYPE);
    return integer(value_at(rows, row, column));
}

int128 pg_get_int128(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = value_at(rows, row, column);
    int128 whole = 0;

    if (PQftype(rows->result, column) != NUMERIC_TYPE)
        return pg_get_int64(rows, row, column);
    if (value.size > 0)
        must(pg_numeric_decode(value, &whole) == 0);
    return whole;
}

double pg_get_double(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = value_at(rows, row, column);
    Oid type = PQftype(rows->result, column);

    must(type == FLOAT8_TYPE || type == FLOAT4_TYPE);
    if (value.size == 4) {
        uint32_t bits = (uint32_t)pg_load(value.at, 4);
        float narrow;
        memcpy(&narrow, &bits, sizeof(narrow));
        return (double)narrow;
    }
    uint64_t bits = value.size == 0 ? 0 : pg_load(value.at, 8);
    double wide;
    memcpy(&wide, &bits, sizeof(wide));
    return wide;
}

bool pg_get_bool(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = fixed(rows, row, column, BOOL_TYPE);

    return value.size == 1 && value.at[0] != 0;
}

static struct uuid uuid_of(struct span value)
{
    struct uuid id = {{0}};

    if (value.size == 0)
        return id;
    must(value.size == sizeof(id.at));
    memcpy(id.at, value.at, sizeof(id.at));
    return id;
}

struct uuid pg_get_uuid(const struct pg_rows *rows, size_t row, int column)
{
    return uuid_of(fixed(rows, row, column, UUID_TYPE));
}

int64_t pg_get_unix_ms(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = fixed(rows, row, column, TIMESTAMPTZ_TYPE);

    if (value.size == 0)
        return 0;
    int64_t us = (int64_t)pg_load(value.at, 8);
    if (us == INT64_MIN || us == INT64_MAX)
        return us;
    int64_t ms = us / 1000 - (us % 1000 < 0);
    return ms + EPOCH_2000_MS;
}

int32_t pg_get_day(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = fixed(rows, row, column, DATE_TYPE);

    return value.size == 0 ? 0 : (int32_t)(uint32_t)pg_load(value.at, 4) + EPOCH_2000_DAYS;
}

struct span pg_get_text(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = value_at(rows, row, column);
    Oid type = PQftype(rows->result, column);

    must(type != BOOL_TYPE && type != BYTEA_TYPE && type != INT8_TYPE && type != INT4_TYPE &&
         type != INT2_TYPE && type != NUMERIC_TYPE && type != UUID_TYPE &&
         type != TIMESTAMPTZ_TYPE && type != DATE_TYPE);
    if (type == JSONB_TYPE && value.size > 0) {
        must(value.at[0] == 1); /* the version of the binary form */
        value = span_part(value, 1, SIZE_MAX);
    }
    return value;
}

struct span pg_get_bytes(const struct pg_rows *rows, size_t row, int column)
{
    return fixed(rows, row, column, BYTEA_TYPE);
}

/* An array: dimensions, a flag, the item's type, per dimension size and lower bound; then each item
 * with its length, -1 for null. */
#define ARRAY_HEAD 20

size_t pg_array_count(const struct pg_rows *rows, size_t row, int column)
{
    struct span value = value_at(rows, row, column);

    if (value.size < ARRAY_HEAD) /* null, or empty: no dimension at all */
        return 0;
    must(pg_load(value.at, 4) == 1);
    return pg_load(value.at + 12, 4);
}

static struct span item(const struct pg_rows *rows, size_t row, int column, size_t index)
{
    struct span rest = value_at(rows, row, column);

    must(index < pg_array_count(rows, row, column));
    rest = span_part(rest, ARRAY_HEAD, SIZE_MAX);
    for (;; index--) {
        must(rest.size >= 4);
        bool null = pg_load(rest.at, 4) == UINT32_MAX;
        size_t size = null ? 0 : pg_load(rest.at, 4);
        must(size <= rest.size - 4);
        if (index == 0)
            return span_make(null ? NULL : rest.at + 4, size);
        rest = span_part(rest, 4 + size, SIZE_MAX);
    }
}

struct span pg_array_text(const struct pg_rows *rows, size_t row, int column, size_t index)
{
    return item(rows, row, column, index);
}

int64_t pg_array_int64(const struct pg_rows *rows, size_t row, int column, size_t index)
{
    return integer(item(rows, row, column, index));
}

struct uuid pg_array_uuid(const struct pg_rows *rows, size_t row, int column, size_t index)
{
    return uuid_of(item(rows, row, column, index));
}
