/*
 * run_watch: usage with its totals, invoices with their lines, the audit log's chain, status.
 */
#include "tenants/ctl/runs.h"

#include "common/base/mem.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"

enum { FRESH_MAX = 256 };

/* ---- usage ---- */

/* Without buckets or groups their columns say nothing. */
static bool says_something(const struct ctl *ctl, const struct column *column)
{
    if (strcmp(column->path, "bucket") == 0)
        return !json_string_is(&ctl->doc, json_find(&ctl->doc, 0, "bucket"), "none");
    if (strcmp(column->path, "label") == 0)
        return !json_string_is(&ctl->doc, json_find(&ctl->doc, 0, "group"), "none");
    return true;
}

/* What is past the top of a grouping has no label of its own. */
static void add_usage_row(struct ctl *ctl, const struct view *view, uint32_t row,
                          struct table *table)
{
    bool other = false;
    (void)!json_bool(&ctl->doc, json_find(&ctl->doc, row, "other"), &other);
    for (size_t i = 0; i < view->count; i++) {
        if (other && strcmp(view->columns[i].path, "label") == 0)
            table_cell(table, span_of("other"));
        else
            show_cell(ctl, &view->columns[i], row, "total", table);
    }
}

static void show_usage_rows(struct ctl *ctl, const struct view *view)
{
    const struct json_doc *doc = &ctl->doc;
    uint32_t data = json_find(doc, 0, "data");
    struct table *table = show_table(ctl, view);
    for (uint32_t i = json_first(doc, data); i != JSON_NONE && !table_full(table);
         i = json_after(doc, data, i))
        add_usage_row(ctl, view, i, table);
    add_usage_row(ctl, view, json_find(doc, 0, "total"), table);
    show_print(ctl, table);
    table_free(table);
}

/* The sum is a row of its own below the others; without buckets and groups there is nothing else.
 */
static void show_usage(struct ctl *ctl)
{
    const struct view *whole = ctl->line->command->view;
    struct column columns[TABLE_COLUMNS_MAX];
    struct view view = {.columns = columns};
    uint32_t total = json_find(&ctl->doc, 0, "total");
    cleanup(buf_done) struct buf fresh = buf_make(FRESH_MAX);
    for (size_t i = 0; i < whole->count; i++) {
        if (says_something(ctl, &whole->columns[i]))
            columns[view.count++] = whole->columns[i];
    }
    if (view.count + 2 == whole->count)
        show_object(ctl, columns, view.count, total);
    else
        show_usage_rows(ctl, &view);
    cell_add(&ctl->doc, json_find(&ctl->doc, 0, "fresh_at"), CELL_TIME, ctl->local, &fresh);
    fprintf(ctl->out, "Usage up to %s is in it.\n", fresh.at);
}

int run_usage(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK && ctl->csv)
        request_add_query(&path, "format", span_of("csv"));
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    if (ctl->json || ctl->csv)
        show_raw(ctl, buf_span(&ctl->answer.body));
    else
        show_usage(ctl);
    return CTL_OK;
}

/* ---- invoices ---- */

int run_invoice_show(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"NO", "line_no", CELL_NUMBER, false},
        {"LINE", "description", CELL_TEXT, false},
        {"QUANTITY", "quantity", CELL_COUNT, false},
        {"PER MILLION", "per_million", CELL_MONEY, false},
        {"EXACT", "amount", CELL_MONEY, false},
        {"AMOUNT", "cents", CELL_MONEY, false},
        {"MODEL", "model", CELL_TEXT, true},
        {"KEY", "key", CELL_ID, true},
        {"METER", "meter", CELL_TEXT, true},
        {"TIER", "context_tier", CELL_COUNT, true},
        {"PRICE", "price_version", CELL_ID, true},
    };
    static const struct view lines = {VIEW_COLUMNS(columns)};
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK && ctl->csv)
        request_add_query(&path, "format", span_of("csv"));
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    if (ctl->json || ctl->csv) {
        show_raw(ctl, buf_span(&ctl->answer.body));
        return CTL_OK;
    }
    show_record(ctl, ctl->line->command->view);
    putc('\n', ctl->out);
    struct table *table = show_table(ctl, &lines);
    show_rows(ctl, &lines, json_find(&ctl->doc, 0, "lines"), table);
    show_print(ctl, table);
    table_free(table);
    return CTL_OK;
}

/* ---- audit and status ---- */

static bool is_true(const struct ctl *ctl, const char *member)
{
    bool value = false;
    return json_bool(&ctl->doc, json_find(&ctl->doc, 0, member), &value) == 0 && value;
}

int run_audit_verify(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"HOLDS", "ok", CELL_STATUS, false},
        {"ROWS", "rows", CELL_COUNT, false},
        {"FIRST BROKEN", "first_broken", CELL_NUMBER, false},
    };
    static const struct view view = {VIEW_COLUMNS(columns)};
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    show_record(ctl, &view);
    return is_true(ctl, "ok") ? CTL_OK
                              : ctl_fail(ctl, CTL_REFUSED, "a row of the audit log was changed");
}

static void show_part(struct ctl *ctl, const char *title, const char *member,
                      const struct view *view)
{
    struct table *table = show_table(ctl, view);
    show_rows(ctl, view, json_find(&ctl->doc, 0, member), table);
    if (table_rows(table) > 0)
        fprintf(ctl->out, "\n%s\n", title);
    show_print(ctl, table);
    table_free(table);
}

static void show_problems(struct ctl *ctl)
{
    uint32_t problems = json_find(&ctl->doc, 0, "problems");
    for (uint32_t i = json_first(&ctl->doc, problems); i != JSON_NONE;
         i = json_after(&ctl->doc, problems, i)) {
        cleanup(buf_done) struct buf text = buf_make(REQUEST_MAX_BYTES);
        cell_text(&ctl->doc, i, &text);
        fprintf(ctl->out, "PROBLEM %s\n", text.size == 0 ? "" : text.at);
    }
}

static void show_status(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"OK", "ok", CELL_STATUS, false},
        {"CHECKED", "checked_at", CELL_TIME, false},
        {"DATABASE", "database.version", CELL_TEXT, false},
        {"MIGRATION", "database.migration", CELL_TEXT, false},
        {"BYTES", "database.size_bytes", CELL_COUNT, false},
        {"SNAPSHOT", "snapshot.version", CELL_COUNT, false},
        {"CHANGED", "snapshot.changed_at", CELL_TIME, false},
        {"CONTROL", "control.version", CELL_TEXT, false},
        {"STARTED", "control.started_at", CELL_TIME, false},
        {"WAITING", "control.waiting", CELL_COUNT, false},
        {"DEAD LETTERS", "dead_letters_open", CELL_COUNT, false},
        {"LEASES", "leases_open", CELL_COUNT, false},
        {"HELD", "leases_held", CELL_MONEY, false},
        {"USAGE UP TO", "fresh_at", CELL_TIME, false},
    };
    static const struct column gateway_columns[] = {
        {"ID", "id", CELL_ID, false},
        {"HOST", "host", CELL_TEXT, false},
        {"VERSION", "version", CELL_TEXT, false},
        {"STATE", "state", CELL_STATUS, false},
        {"ALIVE", "alive", CELL_TEXT, false},
        {"SEEN", "seen_at", CELL_TIME, false},
        {"STARTED", "started_at", CELL_TIME, true},
        {"REPORT", "report", CELL_JSON, true},
    };
    static const struct column source_columns[] = {
        {"SOURCE", "identity", CELL_TEXT, false},
        {"KIND", "kind", CELL_TEXT, false},
        {"STATE", "state", CELL_STATUS, false},
        {"BEHIND", "behind", CELL_COUNT, false},
        {"EVENTS", "events", CELL_COUNT, false},
        {"DUPLICATES", "duplicates", CELL_COUNT, true},
        {"DEAD", "dead_letters", CELL_COUNT, false},
        {"ALARM", "alarm", CELL_TEXT, false},
        {"LAST EVENT", "last_event_at", CELL_TIME, true},
    };
    static const struct view gateways = {VIEW_COLUMNS(gateway_columns)};
    static const struct view sources = {VIEW_COLUMNS(source_columns)};
    show_object(ctl, columns, array_size(columns), 0);
    show_part(ctl, "Gateways", "gateways", &gateways);
    show_part(ctl, "Sources of events", "sources", &sources);
    show_problems(ctl);
}

int run_status(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    if (ctl->json)
        show_raw(ctl, buf_span(&ctl->answer.body));
    else
        show_status(ctl);
    return is_true(ctl, "ok") ? CTL_OK : ctl_fail(ctl, CTL_REFUSED, "not all is well");
}
