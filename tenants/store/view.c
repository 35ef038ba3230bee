/*
 * view: see view.h.
 */
#include "tenants/store/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/money.h"

#define OBJECT_BYTES_MAX ((size_t)1 << 20)
#define PRICE_UNITS 1000000 /* a price is told per so many units */
#define DAY_MS INT64_C(86400000)
#define DATE_SIZE 10

enum { CELL_TEXT_SIZE = 64 };

enum store_outcome view_read(struct pg *pg, const struct view *view, const struct pg_param *params,
                             struct pg_rows **rows_out, struct store_error *error_out)
{
    return store_judge(pg, pg_exec_params(pg, rows_out, view->sql, params), "read", error_out);
}

static bool is_number(enum view_kind kind)
{
    return kind == VIEW_INT || kind == VIEW_USD || kind == VIEW_CENTS || kind == VIEW_PRICE ||
           kind == VIEW_DOUBLE;
}

/* The shortest of the two that reads back as the same number; empty for what JSON has not. */
static size_t format_double(double value, char text_out[CELL_TEXT_SIZE])
{
    if (!isfinite(value))
        return 0;
    int size = snprintf(text_out, CELL_TEXT_SIZE, "%.15g", value);
    double again = strtod(text_out, NULL);
    if (again < value || again > value)
        size = snprintf(text_out, CELL_TEXT_SIZE, "%.17g", value);
    return (size_t)size;
}

static size_t format_time(int64_t unix_ms, char text_out[CELL_TEXT_SIZE])
{
    return unix_ms == INT64_MIN || unix_ms == INT64_MAX ? 0 : clock_format(unix_ms, text_out);
}

static size_t format_date(int32_t day, char text_out[CELL_TEXT_SIZE])
{
    return clock_format(day * DAY_MS, text_out) < DATE_SIZE ? 0 : DATE_SIZE;
}

/* What the value is as text, for all kinds that are one value. Borrowed from the rows or `room`;
 * empty with at == NULL when it is to be shown as null. */
static struct span text_of(const struct view_column *column, const struct pg_rows *rows, size_t row,
                           int at, char room[CELL_TEXT_SIZE])
{
    size_t size = 0;

    switch (column->kind) {
    case VIEW_TEXT:
    case VIEW_JSON:
        return pg_get_text(rows, row, at);
    case VIEW_ID:
        size = id_format(column->id, pg_get_uuid(rows, row, at), room);
        break;
    case VIEW_INT:
    case VIEW_ETAG:
        size =
            (size_t)snprintf(room, CELL_TEXT_SIZE, "%lld", (long long)pg_get_int64(rows, row, at));
        break;
    case VIEW_BOOL:
        return span_of(pg_get_bool(rows, row, at) ? "true" : "false");
    case VIEW_USD:
        size = money_format(pg_get_int128(rows, row, at), room);
        break;
    case VIEW_CENTS:
        size = money_format_minor(pg_get_int64(rows, row, at), room);
        break;
    case VIEW_PRICE:
        size = money_format(pg_get_int128(rows, row, at) * PRICE_UNITS, room);
        break;
    case VIEW_TIME:
        size = format_time(pg_get_unix_ms(rows, row, at), room);
        break;
    case VIEW_DATE:
        size = format_date(pg_get_day(rows, row, at), room);
        break;
    case VIEW_DOUBLE:
        size = format_double(pg_get_double(rows, row, at), room);
        break;
    case VIEW_TEXTS:
        break;
    }
    return size == 0 ? span_make(NULL, 0) : span_make(room, size);
}

static void write_texts(const struct pg_rows *rows, size_t row, int at, struct json_writer *w)
{
    size_t count = pg_array_count(rows, row, at);

    json_begin(w, '[');
    for (size_t i = 0; i < count; i++)
        json_write_string(w, pg_array_text(rows, row, at, i));
    json_end(w, ']');
}

static void write_value(const struct view_column *column, const struct pg_rows *rows, size_t row,
                        int at, struct json_writer *w)
{
    char room[CELL_TEXT_SIZE];

    if (pg_is_null(rows, row, at)) {
        json_write_null(w);
        return;
    }
    if (column->kind == VIEW_TEXTS) {
        write_texts(rows, row, at, w);
        return;
    }
    struct span text = text_of(column, rows, row, at, room);
    if (text.at == NULL)
        json_write_null(w);
    else if (column->kind == VIEW_INT || column->kind == VIEW_BOOL || column->kind == VIEW_JSON ||
             column->kind == VIEW_DOUBLE)
        json_write_raw(w, text);
    else
        json_write_string(w, text);
}

void view_write_members(const struct view *view, const struct pg_rows *rows, size_t row,
                        struct json_writer *w)
{
    for (size_t i = 0; i < view->count; i++) {
        json_name(w, view->columns[i].name);
        write_value(&view->columns[i], rows, row, (int)i, w);
    }
}

void view_write_row(const struct view *view, const struct pg_rows *rows, size_t row,
                    struct json_writer *w)
{
    json_begin(w, '{');
    view_write_members(view, rows, row, w);
    json_end(w, '}');
}

/* ---- CSV ---- */

static bool needs_quotes(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("\",\r\n", text.at[i]) != NULL)
            return true;
    }
    return false;
}

static void put_cell(struct buf *out, struct span text, bool number)
{
    bool formula =
        !number && text.size > 0 && text.at[0] != '\0' && strchr("=+-@\t\r", text.at[0]) != NULL;
    bool quoted = needs_quotes(text);

    if (quoted)
        buf_add_byte(out, '"');
    if (formula)
        buf_add_byte(out, '\'');
    while (text.at != NULL) {
        struct span rest = text;
        buf_add_span(out, span_cut(&rest, '"'));
        if (rest.at != NULL)
            buf_add_string(out, "\"\"");
        text = rest;
    }
    if (quoted)
        buf_add_byte(out, '"');
}

static void put_texts(struct buf *out, const struct pg_rows *rows, size_t row, int at)
{
    cleanup(buf_done) struct buf text = buf_make(OBJECT_BYTES_MAX);
    size_t count = pg_array_count(rows, row, at);

    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_byte(&text, ' ');
        buf_add_span(&text, pg_array_text(rows, row, at, i));
    }
    put_cell(out, buf_span(&text), false);
}

void view_write_csv_head(const struct view *view, struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < view->count; i++) {
        if (view->columns[i].kind == VIEW_ETAG)
            continue;
        buf_printf(out, "%s%s", comma, view->columns[i].name);
        comma = ",";
    }
    buf_add_string(out, "\r\n");
}

void view_write_csv_row(const struct view *view, const struct pg_rows *rows, size_t row,
                        struct buf *out)
{
    const char *comma = "";

    for (size_t i = 0; i < view->count; i++) {
        const struct view_column *column = &view->columns[i];
        char room[CELL_TEXT_SIZE];
        if (column->kind == VIEW_ETAG)
            continue;
        buf_add_string(out, comma);
        comma = ",";
        if (pg_is_null(rows, row, (int)i))
            continue;
        if (column->kind == VIEW_TEXTS)
            put_texts(out, rows, row, (int)i);
        else
            put_cell(out, text_of(column, rows, row, (int)i, room), is_number(column->kind));
    }
    buf_add_string(out, "\r\n");
}

enum store_outcome view_object(struct pg *pg, const struct view *view,
                               const struct pg_param *params, struct arena *arena,
                               struct span *json_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    cleanup(buf_done) struct buf text = buf_make(OBJECT_BYTES_MAX);
    struct json_writer w = json_writer_make(&text);
    enum store_outcome outcome = view_read(pg, view, params, &rows, error_out);

    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such row");
    view_write_row(view, rows, 0, &w);
    if (buf_failed(&text) || text.size >= arena_room(arena))
        return store_fail(error_out, STORE_BROKEN, "a row is too large to be shown");
    *json_out = arena_span(arena, buf_span(&text));
    return STORE_OK;
}
