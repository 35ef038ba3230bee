/*
 * pg_copy: see pg_copy.h. The format stands in PostgreSQL's manual under COPY, binary format.
 */
#include "common/pg/pg_copy.h"

#include <string.h>

#include "common/base/mem.h"
#include "common/pg/pg_inside.h"
#include "common/pg/pg_numeric.h"

#define SEND_BYTES 65536u          /* sent when so much has come together */
#define PENDING_BYTES (256u << 20) /* more in one value is a bug of the caller's */
#define EPOCH_2000_MS INT64_C(946684800000)
#define EPOCH_2000_DAYS 10957
#define INT8_TYPE 20
#define TEXT_TYPE 25
#define NULL_VALUE UINT32_MAX

struct pg_copy {
    struct pg *pg; /* borrowed; its connection is gone when it was lost on the way */
    struct buf pending;
    int columns_left; /* of the row begun last */
};

static void put(struct pg_copy *copy, uint64_t value, size_t bytes)
{
    uint8_t at[8];

    pg_store(at, value, bytes);
    (void)buf_add(&copy->pending, at, bytes);
}

enum pg_outcome pg_copy_begin(struct pg *pg, const char *sql, struct pg_copy **copy_out)
{
    static const char head[] = "PGCOPY\n\377\r\n"; /* and its NUL: 11 bytes */
    struct pg_copy *copy;

    if (pg->connection == NULL)
        return PG_CONNECTION_LOST;
    pg->error = (struct pg_error){.sqlstate = ""};
    if (PQsendQuery(pg->connection, sql) != 1)
        return pg_lost(pg);
    if (!pg_flush(pg))
        return PG_CONNECTION_LOST;
    PGresult *result = pg_next_result(pg);
    if (result == NULL)
        return pg_lost(pg);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        enum pg_outcome outcome = pg_judge(pg, result);
        PQclear(result);
        must(outcome != PG_OK); /* the statement was no COPY */
        enum pg_outcome rest = pg_finish(pg, NULL);
        return rest == PG_OK ? outcome : rest;
    }
    PQclear(result);
    copy = mem_new(sizeof(*copy));
    copy->pg = pg;
    copy->pending = buf_make(PENDING_BYTES);
    (void)buf_add(&copy->pending, head, sizeof(head));
    put(copy, 0, 4); /* flags */
    put(copy, 0, 4); /* no extension */
    *copy_out = copy;
    return PG_OK;
}

/* Gives what has come together to libpq and waits until the network took it. */
static void send_pending(struct pg_copy *copy)
{
    struct pg *pg = copy->pg;

    must(!buf_failed(&copy->pending));
    if (pg->connection != NULL && copy->pending.size > 0) {
        int r = PQputCopyData(pg->connection, copy->pending.at, (int)copy->pending.size);
        if (r == 0 && pg_flush(pg)) /* full; libpq took nothing of it */
            r = PQputCopyData(pg->connection, copy->pending.at, (int)copy->pending.size);
        if (r != 1 && pg->connection != NULL)
            (void)pg_lost(pg);
        else if (pg->connection != NULL)
            (void)!pg_flush(pg);
    }
    buf_clear(&copy->pending);
}

void pg_copy_row(struct pg_copy *copy, int columns)
{
    must(copy->columns_left == 0 && columns > 0 && columns < INT16_MAX);
    if (copy->pending.size >= SEND_BYTES)
        send_pending(copy);
    copy->columns_left = columns;
    put(copy, (uint64_t)columns, 2);
}

/* The length that stands before each value. */
static void begin_value(struct pg_copy *copy, uint32_t size)
{
    must(copy->columns_left > 0);
    copy->columns_left--;
    put(copy, size, 4);
}

static void put_fixed(struct pg_copy *copy, uint64_t value, uint32_t bytes)
{
    begin_value(copy, bytes);
    put(copy, value, bytes);
}

static void put_bytes(struct pg_copy *copy, const void *at, size_t size)
{
    must(size < INT32_MAX);
    begin_value(copy, (uint32_t)size);
    (void)buf_add(&copy->pending, at, size);
}

void pg_copy_null(struct pg_copy *copy)
{
    begin_value(copy, NULL_VALUE);
}

void pg_copy_bool(struct pg_copy *copy, bool value)
{
    put_fixed(copy, value, 1);
}

void pg_copy_int16(struct pg_copy *copy, int16_t value)
{
    put_fixed(copy, (uint64_t)value, 2);
}

void pg_copy_int32(struct pg_copy *copy, int32_t value)
{
    put_fixed(copy, (uint64_t)value, 4);
}

void pg_copy_int64(struct pg_copy *copy, int64_t value)
{
    put_fixed(copy, (uint64_t)value, 8);
}

void pg_copy_numeric(struct pg_copy *copy, int128 value)
{
    uint8_t at[PG_NUMERIC_MAX];

    put_bytes(copy, at, pg_numeric_encode(value, at));
}

void pg_copy_uuid(struct pg_copy *copy, struct uuid value)
{
    put_bytes(copy, value.at, sizeof(value.at));
}

void pg_copy_uuid_or_null(struct pg_copy *copy, struct uuid value)
{
    if (uuid_is_zero(value))
        pg_copy_null(copy);
    else
        pg_copy_uuid(copy, value);
}

void pg_copy_time(struct pg_copy *copy, int64_t unix_ms)
{
    must(unix_ms > INT64_MIN / 2000 && unix_ms < INT64_MAX / 2000);
    pg_copy_int64(copy, (unix_ms - EPOCH_2000_MS) * 1000);
}

void pg_copy_day(struct pg_copy *copy, int32_t unix_day)
{
    pg_copy_int32(copy, unix_day - EPOCH_2000_DAYS);
}

void pg_copy_text(struct pg_copy *copy, struct span value)
{
    put_bytes(copy, value.at, value.size);
}

void pg_copy_string(struct pg_copy *copy, const char *value)
{
    if (value == NULL)
        pg_copy_null(copy);
    else
        pg_copy_text(copy, span_of(value));
}

void pg_copy_bytes(struct pg_copy *copy, struct span value)
{
    put_bytes(copy, value.at, value.size);
}

void pg_copy_jsonb(struct pg_copy *copy, struct span json)
{
    must(json.size < INT32_MAX - 1);
    begin_value(copy, (uint32_t)json.size + 1);
    put(copy, 1, 1); /* the version of the form */
    (void)buf_add_span(&copy->pending, json);
}

/* The head of an array: dimensions, a flag for nulls, the items' type, then size and lower bound.
 * Returns nothing; the items follow, each with its length. */
static void begin_array(struct pg_copy *copy, size_t count, size_t item_bytes, uint32_t type)
{
    size_t head = count == 0 ? 12 : 20;

    must(item_bytes < INT32_MAX - head);
    begin_value(copy, (uint32_t)(head + item_bytes));
    put(copy, count == 0 ? 0 : 1, 4);
    put(copy, 0, 4);
    put(copy, type, 4);
    if (count > 0) {
        put(copy, count, 4);
        put(copy, 1, 4);
    }
}

void pg_copy_int64s(struct pg_copy *copy, const int64_t *values, size_t count)
{
    must(count < INT32_MAX / 16);
    begin_array(copy, count, count * 12, INT8_TYPE);
    for (size_t i = 0; i < count; i++) {
        put(copy, 8, 4);
        put(copy, (uint64_t)values[i], 8);
    }
}

void pg_copy_texts(struct pg_copy *copy, const struct span *values, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += 4 + values[i].size;
    begin_array(copy, count, bytes, TEXT_TYPE);
    for (size_t i = 0; i < count; i++) {
        put(copy, values[i].size, 4);
        (void)buf_add_span(&copy->pending, values[i]);
    }
}

static void free_copy(struct pg_copy *copy)
{
    buf_done(&copy->pending);
    mem_free(copy);
}

/* Ends the copy, for good when `refusal` is NULL. */
static enum pg_outcome finish(struct pg_copy *copy, const char *refusal)
{
    struct pg *pg = copy->pg;
    int r = 0;

    while (pg->connection != NULL && (r = PQputCopyEnd(pg->connection, refusal)) == 0) {
        if (!pg_flush(pg))
            break;
    }
    if (r < 0)
        (void)pg_lost(pg);
    pg->affected = 0;
    enum pg_outcome outcome = pg->connection == NULL ? PG_CONNECTION_LOST : pg_finish(pg, NULL);
    free_copy(copy);
    return outcome;
}

enum pg_outcome pg_copy_end(struct pg_copy *copy, int64_t *rows_out)
{
    struct pg *pg = copy->pg;

    must(copy->columns_left == 0);
    put(copy, UINT16_MAX, 2); /* the trailer */
    send_pending(copy);
    enum pg_outcome outcome = finish(copy, NULL);
    if (outcome == PG_OK && rows_out != NULL)
        *rows_out = pg->affected;
    return outcome;
}

void pg_copy_cancel(struct pg_copy *copy)
{
    struct pg *pg = copy->pg;
    enum pg_outcome outcome = finish(copy, "cancelled by the client");

    must(outcome != PG_OK);
    if (outcome != PG_CONNECTION_LOST)
        pg->error = (struct pg_error){.sqlstate = ""};
}
