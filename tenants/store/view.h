/*
 * view: what a SELECT of the store shows to the outside: its columns as JSON members and CSV cells.
 *
 * A resource is one text of SQL and one table of columns; lists, single objects, the before and
 * after of the audit log and CSV all come from the same table, so they cannot differ. Money leaves
 * as decimal text, ids typed ("key_…"), times as RFC 3339 in UTC. Any thread with its connection.
 */
#ifndef TOLLGATE_TENANTS_STORE_VIEW_H
#define TOLLGATE_TENANTS_STORE_VIEW_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json_writer.h"
#include "tenants/store/store.h"

enum view_kind {
    VIEW_TEXT,
    VIEW_ID,    /* uuid; `id` says which kind of id */
    VIEW_INT,   /* int2, int4, int8: a JSON number */
    VIEW_BOOL,  /* true or false */
    VIEW_USD,   /* numeric(38,0) or int8 of pico: a decimal string, "0.00063525" */
    VIEW_CENTS, /* int8 of cents: a decimal string, "12.34" */
    VIEW_PRICE, /* int8 of pico per unit: a decimal string of USD per 1,000,000 units, "1.25" */
    VIEW_TIME,  /* timestamptz: "2026-11-21T10:00:00.000Z"; infinities are null */
    VIEW_DATE,  /* date: "2026-11-21" */
    VIEW_DOUBLE,
    VIEW_JSON,  /* json or jsonb, as it is; in CSV as text */
    VIEW_TEXTS, /* text[]: an array; in CSV joined by blanks */
    VIEW_ETAG,  /* the revision (int8): "7"; the value of If-Match. Not in CSV */
};

struct view_column {
    const char *name; /* of the JSON member and the CSV column */
    enum view_kind kind;
    enum id_kind id;
};

/* A null column is null in JSON and empty in CSV. The statement's columns stand in this order; a
 * list's statement has `cursor_columns` (0 to 2) more behind them, as text, by which it is ordered.
 */
struct view {
    const char *sql;
    const struct view_column *columns;
    size_t count;
    int cursor_columns;
};
#define VIEW(text, table, cursors)                                                                 \
    {                                                                                              \
        .sql = (text), .columns = (table), .count = array_size(table), .cursor_columns = (cursors) \
    }

/* Runs the statement; `params` ends with PG_PARAM_END. The rows are the caller's. */
must_use enum store_outcome view_read(struct pg *pg, const struct view *view,
                                      const struct pg_param *params, struct pg_rows **rows_out,
                                      struct store_error *error_out);

/* One row as members of an object that the caller has begun. */
void view_write_members(const struct view *view, const struct pg_rows *rows, size_t row,
                        struct json_writer *w);
/* One row as an object. */
void view_write_row(const struct view *view, const struct pg_rows *rows, size_t row,
                    struct json_writer *w);

/* RFC 4180 with CRLF. A cell that a spreadsheet would take for a formula (= + - @, tab or CR first,
 * unless the column is a number) gets a ' before it. */
void view_write_csv_head(const struct view *view, struct buf *out);
void view_write_csv_row(const struct view *view, const struct pg_rows *rows, size_t row,
                        struct buf *out);

/* The first row as a JSON object in the arena: what the audit log keeps of before and after.
 * STORE_NOT_FOUND when there is no row. The arena has room for it: views of one object are bounded
 * by their columns' checks. */
must_use enum store_outcome view_object(struct pg *pg, const struct view *view,
                                        const struct pg_param *params, struct arena *arena,
                                        struct span *json_out, struct store_error *error_out);

#endif
