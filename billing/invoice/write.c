/*
 * write: see write.h. The postings are in write_final.c.
 */
#include "billing/invoice/write.h"

#include <errno.h>

#include "common/base/mem.h"

enum { LINES_AT_ONCE = 5000 };

/* An older draft gives its id and makes room. */
static int find_draft(struct pg *pg, struct invoice_write *w, bool *found_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT invoice_id FROM tollgate.invoices WHERE tenant_id = $1 AND period_no = $2"
                " AND kind = 'usage' AND status IN ('draft', 'grace') ORDER BY created_at LIMIT 1",
                PG_UUID(w->period.tenant), PG_INT(w->period.no)) != PG_OK)
        return -EIO;
    *found_out = pg_rows_count(rows) > 0;
    w->invoice = *found_out ? pg_get_uuid(rows, 0, 0) : uuid_new();
    if (*found_out && pg_exec(pg, NULL, "DELETE FROM tollgate.invoice_lines WHERE invoice_id = $1",
                              PG_UUID(w->invoice)) != PG_OK)
        return -EIO;
    return 0;
}

#define HEAD                                                                                       \
    PG_UUID(w->invoice), PG_UUID(w->period.tenant), PG_INT(w->period.no),                          \
        PG_TIME(w->period.start_ms), PG_TIME(w->until_ms), PG_STRING(w->period.currency),          \
        PG_STRING(w->grace ? "grace" : "draft"), PG_NUMERIC(w->lines.total_pico),                  \
        PG_INT(t->subtotal_minor), PG_INT(t->tax_minor), PG_INT(t->credits_minor),                 \
        PG_NUMERIC(t->credits_pico), PG_INT(t->total_minor), PG_NUMERIC(t->rounding_pico)

static int write_head(struct pg *pg, const struct invoice_write *w, bool found)
{
    const struct totals *t = &w->totals;
    enum pg_outcome outcome;
    if (found)
        outcome = pg_exec(pg, NULL,
                          "UPDATE tollgate.invoices SET tenant_id = $2, period_no = $3,"
                          " period = tstzrange($4, $5), currency = $6, status = $7,"
                          " usage_pico = $8, subtotal_minor = $9, tax_minor = $10,"
                          " credits_minor = $11, credits_pico = $12, total_minor = $13,"
                          " rounding_pico = $14, created_at = now() WHERE invoice_id = $1",
                          HEAD);
    else
        outcome = pg_exec(pg, NULL,
                          "INSERT INTO tollgate.invoices (invoice_id, tenant_id, period_no, period,"
                          " currency, status, usage_pico, subtotal_minor, tax_minor,"
                          " credits_minor, credits_pico, total_minor, rounding_pico)"
                          " VALUES ($1, $2, $3, tstzrange($4, $5), $6, $7, $8, $9, $10, $11, $12,"
                          " $13, $14)",
                          HEAD);
    return outcome == PG_OK ? 0 : -EIO;
}

/* Lines by column, as unnest() takes them. */
struct columns {
    struct span *kinds, *descriptions, *models, *meters;
    struct uuid *keys, *versions;
    int64_t *numbers, *tiers, *quantities, *prices, *minor;
    int128 *pico;
    size_t count;
};

static struct columns columns_new(void)
{
    struct columns c = {.count = 0};
    c.kinds = mem_array(LINES_AT_ONCE, sizeof(*c.kinds));
    c.descriptions = mem_array(LINES_AT_ONCE, sizeof(*c.descriptions));
    c.models = mem_array(LINES_AT_ONCE, sizeof(*c.models));
    c.meters = mem_array(LINES_AT_ONCE, sizeof(*c.meters));
    c.keys = mem_array(LINES_AT_ONCE, sizeof(*c.keys));
    c.versions = mem_array(LINES_AT_ONCE, sizeof(*c.versions));
    c.numbers = mem_array(LINES_AT_ONCE, sizeof(*c.numbers));
    c.tiers = mem_array(LINES_AT_ONCE, sizeof(*c.tiers));
    c.quantities = mem_array(LINES_AT_ONCE, sizeof(*c.quantities));
    c.prices = mem_array(LINES_AT_ONCE, sizeof(*c.prices));
    c.minor = mem_array(LINES_AT_ONCE, sizeof(*c.minor));
    c.pico = mem_array(LINES_AT_ONCE, sizeof(*c.pico));
    return c;
}

static void columns_done(struct columns *c)
{
    mem_free(c->kinds);
    mem_free(c->descriptions);
    mem_free(c->models);
    mem_free(c->meters);
    mem_free(c->keys);
    mem_free(c->versions);
    mem_free(c->numbers);
    mem_free(c->tiers);
    mem_free(c->quantities);
    mem_free(c->prices);
    mem_free(c->minor);
    mem_free(c->pico);
}

static const struct span none = {NULL, 0};

static void columns_add(struct columns *c, const struct invoice_line *line, size_t at)
{
    size_t n = c->count++;
    c->numbers[n] = (int64_t)at + 1;
    c->kinds[n] = span_of(line_kind_name(line->kind));
    c->descriptions[n] = line->description;
    c->models[n] = line->model.size > 0 ? line->model : none;
    c->keys[n] = line->key;
    c->meters[n] = line->meter < METERS ? span_of(meter_name(line->meter)) : none;
    c->tiers[n] = line->context_tier;
    c->versions[n] = line->price_version;
    c->quantities[n] = line->quantity;
    c->prices[n] = line->pico_per_unit;
    c->pico[n] = line->amount_pico;
    c->minor[n] = line->amount_minor;
}

#define ZERO_ID "'00000000-0000-0000-0000-000000000000'"

static int write_columns(struct pg *pg, const struct invoice_write *w, const struct columns *c)
{
    return pg_exec(pg, NULL,
                   "INSERT INTO tollgate.invoice_lines (invoice_id, tenant_id, line_no, kind,"
                   " description, model, key_id, meter, context_tier, price_version_id, quantity,"
                   " pico_per_unit, amount_pico, amount_minor) SELECT $1, $2, n, kind, text, model,"
                   " nullif(key, " ZERO_ID "), meter,"
                   " CASE WHEN model IS NOT NULL THEN tier END, nullif(version, " ZERO_ID "),"
                   " CASE WHEN meter IS NOT NULL THEN quantity END,"
                   " CASE WHEN meter IS NOT NULL THEN price END, pico, minor"
                   " FROM unnest($3::int8[], $4::text[], $5::text[], $6::text[], $7::uuid[],"
                   " $8::text[], $9::int8[], $10::uuid[], $11::int8[], $12::int8[],"
                   " $13::numeric[], $14::int8[]) AS u(n, kind, text, model, key, meter, tier,"
                   " version, quantity, price, pico, minor)",
                   PG_UUID(w->invoice), PG_UUID(w->period.tenant), PG_INTS(c->numbers, c->count),
                   PG_TEXTS(c->kinds, c->count), PG_TEXTS(c->descriptions, c->count),
                   PG_TEXTS(c->models, c->count), PG_UUIDS(c->keys, c->count),
                   PG_TEXTS(c->meters, c->count), PG_INTS(c->tiers, c->count),
                   PG_UUIDS(c->versions, c->count), PG_INTS(c->quantities, c->count),
                   PG_INTS(c->prices, c->count), PG_NUMERICS(c->pico, c->count),
                   PG_INTS(c->minor, c->count)) == PG_OK
               ? 0
               : -EIO;
}

static int write_lines(struct pg *pg, const struct invoice_write *w)
{
    struct columns c = columns_new();
    int r = 0;
    for (size_t i = 0; i < w->lines.count && r == 0; i++) {
        columns_add(&c, &w->lines.at[i], i);
        if (c.count < LINES_AT_ONCE && i + 1 < w->lines.count)
            continue;
        r = write_columns(pg, w, &c);
        c.count = 0;
    }
    columns_done(&c);
    return r;
}

int write_invoice(struct pg *pg, struct invoice_write *w)
{
    bool found;
    int r = find_draft(pg, w, &found);
    if (r == 0)
        r = write_head(pg, w, found);
    return r == 0 ? write_lines(pg, w) : r;
}
