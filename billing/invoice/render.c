/*
 * render: see render.h. Two readings, head and lines, and one function for each form.
 */
#include "billing/invoice/render.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json_writer.h"

enum head_column {
    H_TENANT,
    H_NAME,
    H_NO,
    H_START,
    H_END,
    H_CURRENCY,
    H_STATUS,
    H_NUMBER,
    H_USAGE_PICO,
    H_SUBTOTAL,
    H_TAX,
    H_CREDITS,
    H_CREDITS_PICO,
    H_TOTAL,
    H_PAID,
    H_ROUNDING_PICO,
    H_TXN,
    H_CREATED,
    H_FINALIZED,
    H_DUE
};

static const char head_sql[] =
    "SELECT i.tenant_id, t.name, i.period_no, lower(i.period), upper(i.period), i.currency::text,"
    " i.status, i.number, i.usage_pico, i.subtotal_minor, i.tax_minor, i.credits_minor,"
    " i.credits_pico, i.total_minor, i.paid_minor, i.rounding_pico, i.txn_id, i.created_at,"
    " i.finalized_at, i.due_at FROM tollgate.invoices i JOIN tollgate.tenants t USING (tenant_id)"
    " WHERE i.invoice_id = $1";

enum line_column {
    L_NO,
    L_KIND,
    L_DESCRIPTION,
    L_MODEL,
    L_KEY,
    L_KEY_NAME,
    L_METER,
    L_TIER,
    L_VERSION,
    L_QUANTITY,
    L_PRICE,
    L_PICO,
    L_MINOR
};

static const char lines_sql[] =
    "SELECT l.line_no, l.kind, l.description, l.model, l.key_id, k.name, l.meter, l.context_tier,"
    " l.price_version_id, l.quantity, l.pico_per_unit, l.amount_pico, l.amount_minor"
    " FROM tollgate.invoice_lines l LEFT JOIN tollgate.api_keys k USING (key_id)"
    " WHERE l.invoice_id = $1 ORDER BY l.line_no";

struct document {
    struct uuid invoice;
    const struct pg_rows *head, *lines;
    struct buf *out;
};

/* What a member's value is. */
enum what { WHAT_MINOR, WHAT_EXACT, WHAT_WHOLE, WHAT_TIME };

static struct span value(const struct pg_rows *rows, size_t row, int column, enum what what,
                         char text_out[MONEY_TEXT_MAX])
{
    _Static_assert(CLOCK_TEXT_SIZE <= MONEY_TEXT_MAX, "one room for both");
    switch (what) {
    case WHAT_MINOR:
        money_format_minor(pg_get_int64(rows, row, column), text_out);
        break;
    case WHAT_EXACT:
        money_format(pg_get_int128(rows, row, column), text_out);
        break;
    case WHAT_WHOLE:
        money_format_integer(pg_get_int128(rows, row, column), text_out);
        break;
    case WHAT_TIME:
        clock_format(pg_get_unix_ms(rows, row, column), text_out);
        break;
    }
    return span_of(text_out);
}

static void put_value(struct json_writer *w, const char *name, const struct pg_rows *rows,
                      size_t row, int column, enum what what)
{
    char text[MONEY_TEXT_MAX];
    if (!pg_is_null(rows, row, column))
        json_put_string(w, name, value(rows, row, column, what, text));
}

static void put_text(struct json_writer *w, const char *name, const struct pg_rows *rows,
                     size_t row, int column)
{
    if (!pg_is_null(rows, row, column))
        json_put_string(w, name, pg_get_text(rows, row, column));
}

static void put_id(struct json_writer *w, const char *name, const struct pg_rows *rows, size_t row,
                   int column, enum id_kind kind)
{
    char text[ID_TEXT_SIZE];
    if (pg_is_null(rows, row, column))
        return;
    id_format(kind, pg_get_uuid(rows, row, column), text);
    json_put_cstring(w, name, text);
}

static void json_line(struct json_writer *w, const struct pg_rows *l, size_t at)
{
    json_begin(w, '{');
    json_put_int64(w, "line", pg_get_int64(l, at, L_NO));
    put_text(w, "kind", l, at, L_KIND);
    put_text(w, "description", l, at, L_DESCRIPTION);
    put_text(w, "model", l, at, L_MODEL);
    put_id(w, "key", l, at, L_KEY, ID_KEY);
    put_text(w, "key_name", l, at, L_KEY_NAME);
    put_text(w, "meter", l, at, L_METER);
    if (!pg_is_null(l, at, L_TIER))
        json_put_int64(w, "context_tier", pg_get_int64(l, at, L_TIER));
    put_id(w, "price_version", l, at, L_VERSION, ID_PRICE_VERSION);
    put_value(w, "quantity", l, at, L_QUANTITY, WHAT_WHOLE);
    put_value(w, "unit_price", l, at, L_PRICE, WHAT_EXACT);
    put_value(w, "unit_price_pico", l, at, L_PRICE, WHAT_WHOLE);
    put_value(w, "amount", l, at, L_MINOR, WHAT_MINOR);
    put_value(w, "amount_exact", l, at, L_PICO, WHAT_EXACT);
    put_value(w, "amount_pico", l, at, L_PICO, WHAT_WHOLE);
    json_end(w, '}');
}

static void json_head(struct json_writer *w, const struct document *d)
{
    const struct pg_rows *h = d->head;
    char text[ID_TEXT_SIZE], txn[UUID_TEXT_SIZE];
    id_format(ID_INVOICE, d->invoice, text);
    json_put_cstring(w, "invoice", text);
    put_text(w, "number", h, 0, H_NUMBER);
    put_text(w, "status", h, 0, H_STATUS);
    put_id(w, "tenant", h, 0, H_TENANT, ID_TENANT);
    put_text(w, "tenant_name", h, 0, H_NAME);
    put_text(w, "currency", h, 0, H_CURRENCY);
    json_name(w, "period");
    json_begin(w, '{');
    json_put_int64(w, "no", pg_get_int64(h, 0, H_NO));
    put_value(w, "start", h, 0, H_START, WHAT_TIME);
    put_value(w, "end", h, 0, H_END, WHAT_TIME);
    json_end(w, '}');
    put_value(w, "created_at", h, 0, H_CREATED, WHAT_TIME);
    put_value(w, "finalized_at", h, 0, H_FINALIZED, WHAT_TIME);
    put_value(w, "due_at", h, 0, H_DUE, WHAT_TIME);
    put_value(w, "usage_exact", h, 0, H_USAGE_PICO, WHAT_EXACT);
    put_value(w, "usage_pico", h, 0, H_USAGE_PICO, WHAT_WHOLE);
    put_value(w, "credits_exact", h, 0, H_CREDITS_PICO, WHAT_EXACT);
    put_value(w, "credits_pico", h, 0, H_CREDITS_PICO, WHAT_WHOLE);
    put_value(w, "rounding_pico", h, 0, H_ROUNDING_PICO, WHAT_WHOLE);
    put_value(w, "subtotal", h, 0, H_SUBTOTAL, WHAT_MINOR);
    put_value(w, "tax", h, 0, H_TAX, WHAT_MINOR);
    put_value(w, "credits", h, 0, H_CREDITS, WHAT_MINOR);
    put_value(w, "total", h, 0, H_TOTAL, WHAT_MINOR);
    put_value(w, "paid", h, 0, H_PAID, WHAT_MINOR);
    if (pg_is_null(h, 0, H_TXN))
        return;
    uuid_format(pg_get_uuid(h, 0, H_TXN), txn);
    json_put_cstring(w, "ledger_transaction", txn);
}

static void render_json(const struct document *d)
{
    struct json_writer w = json_writer_make(d->out);
    json_begin(&w, '{');
    json_head(&w, d);
    json_name(&w, "lines");
    json_begin(&w, '[');
    for (size_t i = 0; i < pg_rows_count(d->lines); i++)
        json_line(&w, d->lines, i);
    json_end(&w, ']');
    json_end(&w, '}');
    buf_add_byte(d->out, '\n');
}

void render_csv_field(struct buf *out, struct span text)
{
    bool formula = text.size > 0 && memchr("=+-@\t\r\n", text.at[0], 7) != NULL;
    bool plain = !formula;
    for (size_t i = 0; i < text.size && plain; i++)
        plain = text.at[i] != '"' && text.at[i] != ',' && text.at[i] != '\n' && text.at[i] != '\r';
    if (plain) {
        buf_add_span(out, text);
        return;
    }
    buf_add_byte(out, '"');
    if (formula)
        buf_add_byte(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"')
            buf_add_byte(out, '"');
        buf_add_byte(out, text.at[i]);
    }
    buf_add_byte(out, '"');
}

static void csv_text(const struct document *d, const struct pg_rows *rows, size_t row, int column)
{
    buf_add_byte(d->out, ',');
    render_csv_field(d->out, pg_get_text(rows, row, column));
}

/* Numbers and times are ours and stand as they are, minus signs too. */
static void csv_value(const struct document *d, const struct pg_rows *rows, size_t row, int column,
                      enum what what)
{
    char text[MONEY_TEXT_MAX];
    buf_add_byte(d->out, ',');
    if (!pg_is_null(rows, row, column))
        buf_add_span(d->out, value(rows, row, column, what, text));
}

static void csv_id(const struct document *d, const struct pg_rows *rows, size_t row, int column,
                   enum id_kind kind)
{
    char text[ID_TEXT_SIZE];
    buf_add_byte(d->out, ',');
    if (pg_is_null(rows, row, column))
        return;
    id_format(kind, pg_get_uuid(rows, row, column), text);
    buf_add_string(d->out, text);
}

static void csv_line(const struct document *d, size_t at)
{
    const struct pg_rows *l = d->lines;
    char id[ID_TEXT_SIZE];
    id_format(ID_INVOICE, d->invoice, id);
    buf_add_string(d->out, id);
    csv_text(d, d->head, 0, H_NUMBER);
    csv_text(d, d->head, 0, H_STATUS);
    csv_value(d, d->head, 0, H_START, WHAT_TIME);
    csv_value(d, d->head, 0, H_END, WHAT_TIME);
    csv_value(d, l, at, L_NO, WHAT_WHOLE);
    csv_text(d, l, at, L_KIND);
    csv_text(d, l, at, L_DESCRIPTION);
    csv_text(d, l, at, L_MODEL);
    csv_id(d, l, at, L_KEY, ID_KEY);
    csv_text(d, l, at, L_KEY_NAME);
    csv_text(d, l, at, L_METER);
    csv_value(d, l, at, L_TIER, WHAT_WHOLE);
    csv_id(d, l, at, L_VERSION, ID_PRICE_VERSION);
    csv_value(d, l, at, L_QUANTITY, WHAT_WHOLE);
    csv_value(d, l, at, L_PRICE, WHAT_EXACT);
    csv_value(d, l, at, L_PICO, WHAT_EXACT);
    csv_value(d, l, at, L_MINOR, WHAT_MINOR);
    csv_text(d, d->head, 0, H_CURRENCY);
    buf_add_string(d->out, "\r\n");
}

static void render_csv(const struct document *d)
{
    buf_add_string(d->out,
                   "invoice,number,status,period_start,period_end,line,kind,description,model,key,"
                   "key_name,meter,context_tier,price_version,quantity,unit_price,amount_exact,"
                   "amount,currency\r\n");
    for (size_t i = 0; i < pg_rows_count(d->lines); i++)
        csv_line(d, i);
}

static void text_total(const struct document *d, const char *name, int column)
{
    char text[MONEY_TEXT_MAX];
    buf_printf(d->out, "%-64s %22s\n", name, value(d->head, 0, column, WHAT_MINOR, text).at);
}

static void text_line(const struct document *d, size_t at)
{
    const struct pg_rows *l = d->lines;
    char quantity[MONEY_TEXT_MAX] = "", price[MONEY_TEXT_MAX] = "", exact[MONEY_TEXT_MAX],
         minor[MONEY_TEXT_MAX];
    buf_printf(d->out, "%4" PRId64 "  %.*s", pg_get_int64(l, at, L_NO),
               SPAN_ARG(pg_get_text(l, at, L_DESCRIPTION)));
    if (!pg_is_null(l, at, L_KEY_NAME))
        buf_printf(d->out, " [%.*s]", SPAN_ARG(pg_get_text(l, at, L_KEY_NAME)));
    buf_add_byte(d->out, '\n');
    if (!pg_is_null(l, at, L_QUANTITY)) {
        (void)value(l, at, L_QUANTITY, WHAT_WHOLE, quantity);
        (void)value(l, at, L_PRICE, WHAT_EXACT, price);
    }
    (void)value(l, at, L_PICO, WHAT_EXACT, exact);
    (void)value(l, at, L_MINOR, WHAT_MINOR, minor);
    buf_printf(d->out, "      %14s %s %-16s %24s %16s\n", quantity, quantity[0] == '\0' ? " " : "x",
               price, exact, minor);
}

static void render_text(const struct document *d)
{
    const struct pg_rows *h = d->head;
    char start[MONEY_TEXT_MAX], end[MONEY_TEXT_MAX], id[ID_TEXT_SIZE], exact[MONEY_TEXT_MAX];
    struct span number = pg_get_text(h, 0, H_NUMBER);
    id_format(ID_INVOICE, d->invoice, id);
    (void)value(h, 0, H_START, WHAT_TIME, start);
    (void)value(h, 0, H_END, WHAT_TIME, end);
    buf_printf(d->out,
               "Invoice %.*s  %s  %.*s\n%.*s, period %" PRId64 ": %s to %s (UTC), in %.*s\n",
               SPAN_ARG(number.size > 0 ? number : span_of("without a number")), id,
               SPAN_ARG(pg_get_text(h, 0, H_STATUS)), SPAN_ARG(pg_get_text(h, 0, H_NAME)),
               pg_get_int64(h, 0, H_NO), start, end, SPAN_ARG(pg_get_text(h, 0, H_CURRENCY)));
    for (size_t i = 0; i < pg_rows_count(d->lines); i++)
        text_line(d, i);
    buf_printf(d->out, "\n%-64s %22s\n", "Exact", value(h, 0, H_USAGE_PICO, WHAT_EXACT, exact).at);
    text_total(d, "Subtotal", H_SUBTOTAL);
    text_total(d, "Credits applied", H_CREDITS);
    text_total(d, "Tax", H_TAX);
    text_total(d, "Total", H_TOTAL);
}

int render_invoice(struct pg *pg, struct uuid invoice, enum render_format format, struct buf *out)
{
    static void (*const renderers[])(const struct document *) = {
        [RENDER_JSON] = render_json, [RENDER_CSV] = render_csv, [RENDER_TEXT] = render_text};
    struct pg_rows *head cleanup(pg_rows_free_at) = NULL;
    struct pg_rows *lines cleanup(pg_rows_free_at) = NULL;
    struct document document = {.invoice = invoice, .out = out};
    if (pg_exec(pg, &head, head_sql, PG_UUID(invoice)) != PG_OK ||
        pg_exec(pg, &lines, lines_sql, PG_UUID(invoice)) != PG_OK)
        return -EIO;
    if (pg_rows_count(head) == 0)
        return -ENOENT;
    document.head = head;
    document.lines = lines;
    renderers[format](&document);
    return buf_failed(out) ? -EMSGSIZE : 0;
}
