/*
 * show: see show.h.
 */
#include "tenants/ctl/show.h"

#include <unistd.h>

#include "tenants/ctl/cell.h"
#include "tenants/ctl/clean.h"

enum { CELL_MAX = 1 << 20, CLEAN_TIMES = 6 };

void show_raw(struct ctl *ctl, struct span bytes)
{
    cleanup(buf_done) struct buf clean = buf_make(bytes.size * CLEAN_TIMES + 1);
    if (bytes.size == 0)
        return;
    if (isatty(fileno(ctl->out)) != 0) {
        clean_add(&clean, bytes, true);
        bytes = buf_span(&clean);
    }
    fwrite(bytes.at, 1, bytes.size, ctl->out);
    if (bytes.at[bytes.size - 1] != '\n')
        putc('\n', ctl->out);
}

/* ---- records ---- */

/* One member; a text of several lines takes several rows. */
static void add_member(struct ctl *ctl, const struct column *column, uint32_t object,
                       struct table *table)
{
    cleanup(buf_done) struct buf text = buf_make(CELL_MAX);
    uint32_t node = cell_find(&ctl->doc, object, column->path);
    if (node == JSON_NONE || (column->kind == CELL_JSON && column->wide && !ctl->wide))
        return;
    cell_add(&ctl->doc, node, column->kind, ctl->local, &text);
    struct span rest = buf_span(&text);
    for (const char *title = column->title; rest.at != NULL; title = "") {
        table_cell(table, span_of(title));
        table_cell(table, span_cut(&rest, '\n'));
    }
}

static struct table *record_new(void)
{
    struct table *table = table_new();
    table_column(table, "", 0);
    table_column(table, "", TABLE_STATUS);
    return table;
}

static void record_print(const struct ctl *ctl, const struct table *table)
{
    const struct table_style style = {.out = ctl->out, .colour = ctl->colour, .wide = true};
    if (table_rows(table) > 0)
        table_print(table, &style);
}

void show_object(struct ctl *ctl, const struct column *columns, size_t count, uint32_t object)
{
    struct table *table = record_new();
    for (size_t i = 0; i < count; i++)
        add_member(ctl, &columns[i], object, table);
    record_print(ctl, table);
    table_free(table);
}

void show_record(struct ctl *ctl, const struct view *view)
{
    if (ctl->json) {
        show_raw(ctl, buf_span(&ctl->answer.body));
        return;
    }
    uint32_t object = view->root == NULL ? 0 : json_find(&ctl->doc, 0, view->root);
    struct table *table = record_new();
    bool beside = false;
    for (size_t i = 0; i < view->before_count; i++) {
        add_member(ctl, &view->before[i], 0, table);
        beside = beside || json_find(&ctl->doc, 0, view->before[i].path) != JSON_NONE;
    }
    for (size_t i = 0; i < view->count; i++)
        add_member(ctl, &view->columns[i], object, table);
    record_print(ctl, table);
    table_free(table);
    fflush(ctl->out);
    if (view->note != NULL && (beside || view->before_count == 0))
        fprintf(stderr, "%s\n", view->note);
}

/* ---- tables ---- */

static bool is_shown(const struct ctl *ctl, const struct column *column)
{
    return ctl->wide || !column->wide;
}

static unsigned flags_of(enum cell_kind kind)
{
    switch (kind) {
    case CELL_MONEY:
        return TABLE_POINT;
    case CELL_COUNT:
    case CELL_SHARE:
    case CELL_NUMBER:
        return TABLE_RIGHT;
    case CELL_STATUS:
        return TABLE_STATUS;
    case CELL_TEXT:
    case CELL_LIST:
    case CELL_RATES:
    case CELL_OFFERS:
    case CELL_JSON:
        return TABLE_CUT;
    case CELL_ID:
    case CELL_TIME:
    case CELL_DAY:
        break;
    }
    return 0;
}

struct table *show_table(const struct ctl *ctl, const struct view *view)
{
    struct table *table = table_new();
    for (size_t i = 0; i < view->count; i++) {
        if (is_shown(ctl, &view->columns[i]))
            table_column(table, view->columns[i].title, flags_of(view->columns[i].kind));
    }
    return table;
}

void show_cell(const struct ctl *ctl, const struct column *column, uint32_t object,
               const char *missing, struct table *table)
{
    cleanup(buf_done) struct buf text = buf_make(CELL_MAX);
    uint32_t node = cell_find(&ctl->doc, object, column->path);
    if (!is_shown(ctl, column))
        return;
    if (node == JSON_NONE)
        buf_add_string(&text, missing);
    else
        cell_add(&ctl->doc, node, column->kind, ctl->local, &text);
    table_cell(table, buf_span(&text));
}

static void add_row(const struct ctl *ctl, const struct view *view, uint32_t object,
                    struct table *table)
{
    for (size_t i = 0; i < view->count; i++)
        show_cell(ctl, &view->columns[i], object, "-", table);
}

void show_rows(const struct ctl *ctl, const struct view *view, uint32_t array, struct table *table)
{
    const struct json_doc *doc = &ctl->doc;
    for (uint32_t i = json_first(doc, array); i != JSON_NONE && !table_full(table);
         i = json_after(doc, array, i))
        add_row(ctl, view, i, table);
}

void show_print(const struct ctl *ctl, const struct table *table)
{
    const struct table_style style = {
        .out = ctl->out, .colour = ctl->colour, .wide = ctl->wide, .headings = true};
    if (table_rows(table) > 0)
        table_print(table, &style);
    fflush(ctl->out);
}
