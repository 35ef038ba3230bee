/*
 * run_request: one request for a person: what it was, its attempts on a line of time, and how its
 * cost comes about.
 */
#include "tenants/ctl/runs.h"

#include "common/base/mem.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/waterfall.h"

enum { TEXT_MAX = 65536 };

/* ---- attempts ---- */

static void add_cell(const struct ctl *ctl, struct table *table, uint32_t object,
                     const char *member, enum cell_kind kind)
{
    cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
    cell_add(&ctl->doc, json_find(&ctl->doc, object, member), kind, ctl->local, &text);
    table_cell(table, buf_span(&text));
}

static int64_t number_of(const struct ctl *ctl, uint32_t object, const char *member)
{
    int64_t value = 0;
    return json_int64(&ctl->doc, json_find(&ctl->doc, object, member), &value) == 0 ? value : 0;
}

/* When the last of them ends, or the request. */
static int64_t longest_ms(const struct ctl *ctl, uint32_t attempts)
{
    int64_t longest = number_of(ctl, 0, "total_ms");
    for (uint32_t i = json_first(&ctl->doc, attempts); i != JSON_NONE;
         i = json_after(&ctl->doc, attempts, i)) {
        int64_t end = number_of(ctl, i, "started_ms") + number_of(ctl, i, "ms");
        longest = end > longest ? end : longest;
    }
    return longest;
}

static void show_attempts(struct ctl *ctl)
{
    uint32_t attempts = json_find(&ctl->doc, 0, "attempt_list");
    int64_t total_ms = longest_ms(ctl, attempts);
    struct table *table = table_new();
    table_column(table, "NO", TABLE_RIGHT);
    table_column(table, "PROVIDER", 0);
    table_column(table, "STATUS", TABLE_RIGHT);
    table_column(table, "START MS", TABLE_RIGHT);
    table_column(table, "MS", TABLE_RIGHT);
    table_column(table, "TIME", 0);
    table_column(table, "RESULT", 0);
    for (uint32_t i = json_first(&ctl->doc, attempts); i != JSON_NONE && !table_full(table);
         i = json_after(&ctl->doc, attempts, i)) {
        char bar[WATERFALL_SIZE];
        bool delivered = false;
        (void)!json_bool(&ctl->doc, json_find(&ctl->doc, i, "delivered"), &delivered);
        add_cell(ctl, table, i, "number", CELL_NUMBER);
        add_cell(ctl, table, i, "provider", CELL_TEXT);
        add_cell(ctl, table, i, "status", CELL_NUMBER);
        add_cell(ctl, table, i, "started_ms", CELL_COUNT);
        add_cell(ctl, table, i, "ms", CELL_COUNT);
        waterfall_bar(number_of(ctl, i, "started_ms"), number_of(ctl, i, "ms"), total_ms, bar);
        table_cell(table, span_of(bar));
        if (delivered)
            table_cell(table, span_of("delivered"));
        else
            add_cell(ctl, table, i, "reason", CELL_TEXT);
    }
    if (table_rows(table) > 0)
        fputs("\nAttempts\n", ctl->out);
    show_print(ctl, table);
    table_free(table);
}

/* ---- cost ---- */

static void say(struct ctl *ctl, const char *before, const char *member, const char *behind)
{
    cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
    cell_add(&ctl->doc, json_find(&ctl->doc, 0, member), CELL_MONEY, false, &text);
    fprintf(ctl->out, "%s%s%s", before, text.at, behind);
}

static void say_percent(struct ctl *ctl, const char *member)
{
    cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
    uint32_t node = json_find(&ctl->doc, 0, member);
    if (json_is_null(&ctl->doc, node))
        return;
    cell_text(&ctl->doc, node, &text);
    fprintf(ctl->out, " (%s %%)", text.size == 0 ? "0" : text.at);
}

static void show_cost(struct ctl *ctl)
{
    static const struct column columns[] = {
        {"METER", "meter", CELL_TEXT, false},
        {"QUANTITY", "quantity", CELL_COUNT, false},
        {"PER MILLION", "per_million", CELL_MONEY, false},
        {"AMOUNT", "amount", CELL_MONEY, false},
        {"PRICED AS", "priced_as", CELL_TEXT, false},
    };
    static const struct view view = {VIEW_COLUMNS(columns)};
    fputs("\nCost\n", ctl->out);
    struct table *table = show_table(ctl, &view);
    show_rows(ctl, &view, json_find(&ctl->doc, 0, "lines"), table);
    show_print(ctl, table);
    table_free(table);
    say(ctl, "charge ", "charge", "");
    say(ctl, " = base ", "base", "");
    say(ctl, " - discount ", "discount", "");
    say_percent(ctl, "discount_percent");
    say(ctl, " + markup ", "markup", "");
    say_percent(ctl, "markup_percent");
    say(ctl, " + fixed ", "fixed", " USD\n");
}

int run_request_show(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    show_record(ctl, ctl->line->command->view);
    if (!ctl->json) {
        show_attempts(ctl);
        show_cost(ctl);
    }
    return CTL_OK;
}
