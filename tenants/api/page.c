/*
 * page: lists and single objects of a view, and the cursors between pages.
 *
 * A cursor is where the page before ended, sealed: it says nothing to the client, and what comes
 * back is ours or is refused. It is bound to the list it came from.
 */
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "common/base/seal.h"
#include "tenants/api/inside.h"

enum {
    CURSOR_BYTES_MAX = 512,
    CURSOR_PARTS = 2,
    FURTHER_MAX = 12,
    CURSOR_VERSION = '1',
};

bool page_is_csv(const struct api *api)
{
    const struct field_value *format = api_query(api, "format");

    return format->state == FIELD_SET && format->choice == 1;
}

/* What the cursor is sealed for: this route, this statement. */
static struct span context_of(const struct api *api, const struct view *view)
{
    struct sha256 sum = digest_sha256(span_of(view->sql));
    char hex[sizeof(sum.at) * 2 + 1];

    digest_hex(sum.at, sizeof(sum.at), hex);
    return span_of(arena_printf(api->arena, "cursor %s %s", api->route->path, hex));
}

/* ---- cursors ---- */

static void write_cursor(const struct api *api, const struct view *view, const struct pg_rows *rows,
                         size_t row, struct buf *out)
{
    cleanup(buf_done) struct buf parts = buf_make(CURSOR_BYTES_MAX);
    cleanup(buf_done) struct buf sealed = buf_make(CURSOR_BYTES_MAX + SEAL_OVERHEAD);

    buf_add_byte(&parts, CURSOR_VERSION);
    for (int i = 0; i < view->cursor_columns; i++) {
        buf_add_span(&parts, pg_get_text(rows, row, (int)view->count + i));
        buf_add_byte(&parts, '\0');
    }
    /* Columns that lists are ordered by are short. */
    must(!buf_failed(&parts));
    must(seal_shut(api->seal, context_of(api, view), buf_span(&parts), &sealed) == 0);
    digest_base64url(buf_span(&sealed), out);
}

static bool open_cursor(const struct api *api, const struct view *view, struct span text,
                        struct pg_param parts_out[CURSOR_PARTS])
{
    cleanup(buf_done) struct buf sealed = buf_make(CURSOR_BYTES_MAX + SEAL_OVERHEAD);
    cleanup(buf_done) struct buf parts = buf_make(CURSOR_BYTES_MAX);

    if (digest_unbase64url(text, &sealed) < 0 ||
        seal_open(api->seal, span_of(seal_key_id(api->seal)), context_of(api, view),
                  buf_span(&sealed), &parts) < 0)
        return false;
    struct span rest = arena_span(api->arena, buf_span(&parts));
    if (rest.size == 0 || rest.at[0] != CURSOR_VERSION)
        return false;
    rest = span_part(rest, 1, SIZE_MAX);
    for (int i = 0; i < view->cursor_columns; i++) {
        if (rest.size == 0)
            return false;
        parts_out[i] = PG_TEXT(span_cut(&rest, '\0'));
    }
    return rest.size == 0;
}

/* ---- lists ---- */

static size_t rows_wanted(const struct api *api)
{
    const struct field_value *limit = api_query(api, "limit");

    if (limit->state == FIELD_SET)
        return (size_t)limit->number;
    return page_is_csv(api) ? API_CSV_ROWS_MAX : API_PAGE_ROWS;
}

static void write_json(struct api *api, const struct view *view, const struct pg_rows *rows,
                       size_t wanted)
{
    struct json_writer *w = api_json(api);
    size_t count = pg_rows_count(rows), shown = count < wanted ? count : wanted;

    json_begin(w, '{');
    json_name(w, "data");
    json_begin(w, '[');
    for (size_t i = 0; i < shown; i++)
        view_write_row(view, rows, i, w);
    json_end(w, ']');
    json_name(w, "next_cursor");
    if (count > wanted && view->cursor_columns > 0) {
        cleanup(buf_done) struct buf cursor = buf_make(2 * CURSOR_BYTES_MAX);
        write_cursor(api, view, rows, shown - 1, &cursor);
        json_write_string(w, buf_span(&cursor));
    } else {
        json_write_null(w);
    }
    json_end(w, '}');
}

/* "keys.csv" for "/tenants/{tenant}/keys". */
static const char *file_name(const struct api *api)
{
    struct span rest = span_of(api->route->path), last = rest;

    while (rest.at != NULL) {
        struct span segment = span_cut(&rest, '/');
        if (segment.size > 0 && segment.at[0] != '{')
            last = segment;
    }
    return arena_printf(api->arena, "%.*s.csv", SPAN_ARG(last));
}

static void write_csv(struct api *api, const struct view *view, const struct pg_rows *rows,
                      size_t wanted)
{
    struct buf *out = api_text(api, "text/csv; charset=utf-8; header=present", file_name(api));
    size_t count = pg_rows_count(rows);

    view_write_csv_head(view, out);
    for (size_t i = 0; i < count && i < wanted; i++)
        view_write_csv_row(view, rows, i, out);
}

enum api_outcome api_list(struct api *api, const struct view *view, const struct pg_param *further)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct field_value *cursor = api_query(api, "cursor");
    struct pg_param params[1 + CURSOR_PARTS + FURTHER_MAX + 1] = {{0}};
    struct store_error error;
    size_t wanted = rows_wanted(api), count = 0;

    must((api->route->flags & API_LIST) != 0 && view->cursor_columns <= CURSOR_PARTS);
    params[0] = PG_INT(wanted + 1);
    params[1] = params[2] = PG_NULL;
    if (cursor->state == FIELD_SET && !open_cursor(api, view, cursor->text, params + 1))
        return api_fail(api, PROBLEM_BAD_CURSOR,
                        "the cursor is not a next_cursor of this list: begin again without it");
    for (; further[count].kind != PG_PARAM_END; count++) {
        must(count < FURTHER_MAX);
        params[1 + CURSOR_PARTS + count] = further[count];
    }
    params[1 + CURSOR_PARTS + count].kind = PG_PARAM_END;
    enum store_outcome outcome = view_read(api->pg, view, params, &rows, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (page_is_csv(api))
        write_csv(api, view, rows, wanted);
    else
        write_json(api, view, rows, wanted);
    return API_OK;
}

/* ---- single objects ---- */

static void tell_etag(struct api *api, const struct view *view, const struct pg_rows *rows)
{
    for (size_t i = 0; i < view->count; i++) {
        if (view->columns[i].kind == VIEW_ETAG)
            api_etag(api, pg_get_int64(rows, 0, (int)i));
    }
}

enum api_outcome api_one(struct api *api, const struct view *view, const char *what,
                         const struct pg_param *params)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct store_error error;
    enum store_outcome outcome = view_read(api->pg, view, params, &rows, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (pg_rows_count(rows) == 0)
        return api_fail(api, PROBLEM_NOT_FOUND, "there is no such %s", what);
    tell_etag(api, view, rows);
    view_write_row(view, rows, 0, api_json(api));
    return API_OK;
}
