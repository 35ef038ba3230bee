/*
 * command_show_event: one event, all the way: meters and prices, what the tenant pays, attempts,
 * the ledger transaction and the tenant's share of it, the lines of its invoice.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "billing/commands.h"
#include "billing/consume/versions.h"
#include "billing/database.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"

enum { SHOWN_MAX = 4 << 20, NAME_WIDTH = 22 };

/* Everything but the lines, as JSON made by the database, so that every number is exact. */
static const char json_sql[] =
    "SELECT (jsonb_strip_nulls(to_jsonb(e) - 'event_day' || jsonb_build_object("
    "'outcome', (SELECT name FROM tollgate.outcomes o WHERE o.outcome = e.outcome),"
    " 'usage_from', (ARRAY['none', 'provider', 'counted', 'crash'])[e.usage_from + 1],"
    " 'charge', trim_scale(e.charge_pico / 1e12)::text,"
    " 'cost', trim_scale(e.cost_pico / 1e12)::text,"
    " 'rates', (SELECT jsonb_agg(jsonb_build_object('meter', r.meter, 'mode', r.mode,"
    " 'context_over', r.context_over, 'pico_per_unit', r.pico_per_unit)"
    " ORDER BY r.meter, r.mode, r.context_over)"
    " FROM tollgate.price_rates r WHERE r.price_version_id = e.price_version_id),"
    " 'plan', (SELECT jsonb_build_object('plan', v.plan, 'markup_ppm', v.markup_ppm,"
    " 'discount_ppm', v.discount_ppm, 'fixed_pico', v.fixed_pico)"
    " FROM tollgate.plan_versions v WHERE v.plan_version_id = e.plan_version_id),"
    " 'ledger', (SELECT jsonb_build_object('txn_id', t.txn_id, 'idem_key', t.idem_key,"
    " 'created_at', t.created_at, 'of_the_tenant', (SELECT jsonb_agg(jsonb_build_object("
    " 'account', a.kind, 'period_no', n.period_no, 'amount_pico', n.amount_pico)"
    " ORDER BY a.kind, n.period_no) FROM tollgate.ledger_entries n"
    " JOIN tollgate.accounts a USING (account_id)"
    " WHERE n.txn_id = t.txn_id AND a.tenant_id = e.tenant_id))"
    " FROM tollgate.ledger_txns t WHERE t.txn_id = e.txn_id),"
    " 'invoice', (SELECT jsonb_build_object('invoice_id', i.invoice_id, 'number', i.number,"
    " 'status', i.status, 'lines', (SELECT jsonb_agg(jsonb_build_object('line', l.line_no,"
    " 'kind', l.kind, 'description', l.description, 'amount_pico', l.amount_pico)"
    " ORDER BY l.line_no) FROM tollgate.invoice_lines l WHERE l.invoice_id = i.invoice_id"
    " AND l.model = e.model AND l.key_id = e.key_id AND l.price_version_id = e.price_version_id"
    " AND l.context_tier = e.context_tier AND (l.kind = 'late_usage') = e.late"
    " AND coalesce(l.meter, '') = ANY(array_append($2::text[], ''))))"
    " FROM tollgate.invoices i WHERE i.tenant_id = e.tenant_id AND i.period_no = e.period_no"
    " AND i.kind = 'usage' AND i.status <> 'void' LIMIT 1),"
    " 'log', (SELECT to_jsonb(l) - 'event_id' - 'event_day' - 'tenant_id' - 'key_id'"
    " FROM tollgate.request_log l WHERE l.event_id = e.event_id"
    " AND l.event_day = e.event_day))))::text"
    " FROM tollgate.usage_events e"
    " WHERE e.event_id = $1 AND e.event_day = tollgate.uuid7_day($1)";

#define OTHER(m) ", coalesce((other_meters->>'" m "')::int8, 0)"
enum event_column {
    E_TIME,
    E_TENANT,
    E_KEY,
    E_ASKED,
    E_MODEL,
    E_DEPLOYMENT,
    E_OUTCOME,
    E_FROM,
    E_MODE,
    E_TIER,
    E_VERSION,
    E_PERIOD,
    E_LATE,
    E_BASE,
    E_DISCOUNT,
    E_CHARGE,
    E_TOLD,
    E_OVERRUN,
    E_COST,
    E_PLAN,
    E_MARKUP,
    E_TXN,
    E_METERS
};

static const char event_sql[] =
    "SELECT e.event_time, e.tenant_id, e.key_id, e.model_asked, e.model, e.deployment_id, o.name,"
    " (ARRAY['none', 'provider', 'counted', 'crash'])[e.usage_from + 1], e.mode, e.context_tier,"
    " e.price_version_id, e.period_no, e.late, e.base_pico, e.discount_pico, e.charge_pico,"
    " e.told_pico, e.overrun_pico, e.cost_pico, p.name, p.markup_ppm, e.txn_id,"
    " input_tokens, output_tokens, reasoning_tokens, cache_read_tokens, cache_write_5m_tokens,"
    " cache_write_1h_tokens" OTHER("input_audio") OTHER("output_audio") OTHER("input_image")
        OTHER("output_image") OTHER("image") OTHER("request") OTHER("web_search") OTHER("second")
            OTHER("character") //
    " FROM tollgate.usage_events e JOIN tollgate.outcomes o USING (outcome)"
    " LEFT JOIN tollgate.plan_versions p USING (plan_version_id)"
    " WHERE e.event_id = $1 AND e.event_day = tollgate.uuid7_day($1)";

struct priced_lines {
    struct rated_sum at[METERS];
    struct span meters[METERS]; /* their names, for asking which lines of an invoice they are in */
    uint32_t count;
};

/* What was counted at the prices that were stamped; no lines where nothing is charged. */
static int price(struct pg *pg, const struct pg_rows *event, struct priced_lines *lines)
{
    struct versions *versions;
    const struct price_version *version;
    struct meters meters = {.present = 0};
    enum price_mode mode;
    int r = 0;
    lines->count = 0;
    if (pg_get_int64(event, 0, E_BASE) == 0 || pg_is_null(event, 0, E_VERSION) ||
        price_mode_parse(pg_get_text(event, 0, E_MODE), &mode) < 0)
        return 0;
    for (int m = 0; m < METERS; m++)
        meters_set(&meters, (enum meter)m, pg_get_int64(event, 0, E_METERS + m));
    versions = versions_new();
    version = versions_price(versions, pg_get_uuid(event, 0, E_VERSION));
    if (version == NULL && versions_fetch(versions, pg, 1) != PG_OK)
        r = -EIO;
    version = versions_price(versions, pg_get_uuid(event, 0, E_VERSION));
    if (r == 0 && version != NULL &&
        rate_sums(&meters, mode, version, pg_get_int64(event, 0, E_TIER), lines->at,
                  &lines->count) != RATE_OK)
        lines->count = 0;
    for (uint32_t i = 0; i < lines->count; i++)
        lines->meters[i] = span_of(meter_name(lines->at[i].meter));
    versions_free(versions);
    return r;
}

static int json_event(struct pg *pg, struct uuid id, const struct priced_lines *lines,
                      struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct json_writer w = json_writer_make(out);
    char typed[ID_TEXT_SIZE], amount[MONEY_TEXT_MAX];
    struct span object;
    if (pg_exec(pg, &rows, json_sql, PG_UUID(id), PG_TEXTS(lines->meters, lines->count)) != PG_OK)
        return -EIO;
    object = pg_get_text(rows, 0, 0);
    id_format(ID_GENERATION, id, typed);
    json_begin(&w, '{');
    json_put_cstring(&w, "id", typed);
    json_write_raw(&w, span_part(object, 1, object.size - 2));
    json_name(&w, "lines");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < lines->count; i++) {
        const struct rated_sum *line = &lines->at[i];
        json_begin(&w, '{');
        json_put_cstring(&w, "meter", meter_name(line->meter));
        json_put_cstring(&w, "priced_as", meter_name(line->priced_as));
        json_put_int64(&w, "quantity", line->quantity);
        json_put_int64(&w, "pico_per_unit", line->pico_per_unit);
        json_put_int64(&w, "amount_pico", (int64_t)line->amount_pico);
        money_format(line->amount_pico, amount);
        json_put_cstring(&w, "amount", amount);
        json_end(&w, '}');
    }
    json_end(&w, ']');
    json_end(&w, '}');
    buf_add_byte(out, '\n');
    return 0;
}

static void put(struct buf *out, const char *name, struct span text)
{
    buf_printf(out, "%-*s %.*s\n", NAME_WIDTH, name, SPAN_ARG(text));
}

static void put_id(struct buf *out, const char *name, enum id_kind kind, const struct pg_rows *rows,
                   int column)
{
    char text[ID_TEXT_SIZE];
    if (pg_is_null(rows, 0, column))
        return;
    id_format(kind, pg_get_uuid(rows, 0, column), text);
    put(out, name, span_of(text));
}

static void put_money(struct buf *out, const char *name, int128 pico)
{
    char usd[MONEY_TEXT_MAX], whole[MONEY_TEXT_MAX];
    money_format(pico, usd);
    money_format_integer(pico, whole);
    buf_printf(out, "%-*s %20s  (%s pico)\n", NAME_WIDTH, name, usd, whole);
}

static void text_head(const struct pg_rows *e, struct uuid id, struct buf *out)
{
    char typed[ID_TEXT_SIZE], plain[UUID_TEXT_SIZE], at[CLOCK_TEXT_SIZE];
    id_format(ID_GENERATION, id, typed);
    uuid_format(id, plain);
    clock_format(pg_get_unix_ms(e, 0, E_TIME), at);
    buf_printf(out, "Event %s (%s)\n", typed, plain);
    put(out, "time", span_of(at));
    put_id(out, "tenant", ID_TENANT, e, E_TENANT);
    put_id(out, "key", ID_KEY, e, E_KEY);
    put(out, "model asked", pg_get_text(e, 0, E_ASKED));
    put(out, "model", pg_get_text(e, 0, E_MODEL));
    put_id(out, "deployment", ID_DEPLOYMENT, e, E_DEPLOYMENT);
    put(out, "outcome", pg_get_text(e, 0, E_OUTCOME));
    put(out, "usage from", pg_get_text(e, 0, E_FROM));
    buf_printf(out, "%-*s %" PRId64 "%s\n", NAME_WIDTH, "billing period",
               pg_get_int64(e, 0, E_PERIOD), pg_get_bool(e, 0, E_LATE) ? ", late" : "");
}

static void text_money(const struct pg_rows *e, const struct priced_lines *lines, struct buf *out)
{
    int64_t base = pg_get_int64(e, 0, E_BASE), discount = pg_get_int64(e, 0, E_DISCOUNT);
    int64_t charge = pg_get_int64(e, 0, E_CHARGE), overrun = pg_get_int64(e, 0, E_OVERRUN);
    buf_add_string(out, "\nPrice\n");
    for (uint32_t i = 0; i < lines->count; i++) {
        char unit[MONEY_TEXT_MAX], amount[MONEY_TEXT_MAX];
        money_format(lines->at[i].pico_per_unit, unit);
        money_format(lines->at[i].amount_pico, amount);
        buf_printf(
            out, "  %-*s %20s  = %" PRId64 " x %s%s%s\n", NAME_WIDTH - 2,
            meter_name(lines->at[i].meter), amount, lines->at[i].quantity, unit,
            lines->at[i].meter == lines->at[i].priced_as ? "" : ", price of ",
            lines->at[i].meter == lines->at[i].priced_as ? "" : meter_name(lines->at[i].priced_as));
    }
    put_money(out, "base", base);
    if (discount != 0)
        put_money(out, "discount", -(int128)discount);
    buf_printf(out, "plan %.*s:\n", SPAN_ARG(pg_get_text(e, 0, E_PLAN)));
    put_money(out, "  markup", (int128)charge + overrun - base + discount);
    if (overrun != 0)
        put_money(out, "not charged", -(int128)overrun);
    put_money(out, "charge", charge);
    put_money(out, "told to the client", pg_get_int64(e, 0, E_TOLD));
    put_money(out, "our cost", pg_get_int64(e, 0, E_COST));
}

static int text_attempts(struct pg *pg, struct uuid id, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT format('%s: status %s, %s, %s ms%s', a.value->>'provider',"
                " a.value->>'status', a.value->>'reason', a.value->>'ms',"
                " CASE WHEN (a.value->>'delivered')::bool THEN ', delivered' ELSE '' END)"
                " FROM tollgate.request_log l, jsonb_array_elements(l.attempts) a"
                " WHERE l.event_id = $1 AND l.event_day = tollgate.uuid7_day($1)",
                PG_UUID(id)) != PG_OK)
        return -EIO;
    buf_add_string(out, "\nAttempts\n");
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        buf_printf(out, "  %.*s\n", SPAN_ARG(pg_get_text(rows, i, 0)));
    return 0;
}

static int text_ledger(struct pg *pg, const struct pg_rows *e, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char txn[UUID_TEXT_SIZE];
    if (pg_exec(pg, &rows,
                "SELECT t.idem_key, a.kind, sum(n.amount_pico) FROM tollgate.ledger_txns t LEFT "
                "JOIN (tollgate.ledger_entries n"
                " JOIN tollgate.accounts a ON a.account_id = n.account_id AND a.tenant_id = $2)"
                " ON n.txn_id = t.txn_id WHERE t.txn_id = $1 GROUP BY 1, 2 ORDER BY 2",
                PG_UUID(pg_get_uuid(e, 0, E_TXN)), PG_UUID(pg_get_uuid(e, 0, E_TENANT))) != PG_OK)
        return -EIO;
    uuid_format(pg_get_uuid(e, 0, E_TXN), txn);
    if (pg_rows_count(rows) == 0)
        return 0;
    buf_printf(out, "\nLedger transaction %s (%.*s), the tenant's share of it\n", txn,
               SPAN_ARG(pg_get_text(rows, 0, 0)));
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char usd[MONEY_TEXT_MAX];
        money_format(pg_get_int128(rows, i, 2), usd);
        if (!pg_is_null(rows, i, 1))
            buf_printf(out, "  %-*.*s %20s\n", NAME_WIDTH - 2, SPAN_ARG(pg_get_text(rows, i, 1)),
                       usd);
    }
    return 0;
}

static int text_invoice(struct pg *pg, struct uuid id, const struct priced_lines *lines,
                        struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT i.invoice_id, coalesce(i.number, i.status), l.line_no, l.description,"
                " l.amount_pico FROM tollgate.usage_events e JOIN tollgate.invoices i"
                " ON i.tenant_id = e.tenant_id AND i.period_no = e.period_no AND i.kind = 'usage'"
                " AND i.status <> 'void' LEFT JOIN tollgate.invoice_lines l"
                " ON l.invoice_id = i.invoice_id AND l.model = e.model AND l.key_id = e.key_id"
                " AND l.price_version_id = e.price_version_id AND l.context_tier = e.context_tier"
                " AND (l.kind = 'late_usage') = e.late"
                " AND coalesce(l.meter, '') = ANY(array_append($2::text[], ''))"
                " WHERE e.event_id = $1 AND e.event_day = tollgate.uuid7_day($1) ORDER BY 3",
                PG_UUID(id), PG_TEXTS(lines->meters, lines->count)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0) {
        buf_add_string(out, "\nNot on an invoice yet\n");
        return 0;
    }
    buf_printf(out, "\nInvoice %.*s, in which it is part of\n", SPAN_ARG(pg_get_text(rows, 0, 1)));
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char usd[MONEY_TEXT_MAX];
        money_format(pg_get_int128(rows, i, 4), usd);
        if (!pg_is_null(rows, i, 2))
            buf_printf(out, "  line %" PRId64 ": %.*s, in all %s\n", pg_get_int64(rows, i, 2),
                       SPAN_ARG(pg_get_text(rows, i, 3)), usd);
    }
    return 0;
}

static int text_event(struct pg *pg, const struct pg_rows *event, struct uuid id,
                      const struct priced_lines *lines, struct buf *out)
{
    int r;
    text_head(event, id, out);
    text_money(event, lines, out);
    r = text_attempts(pg, id, out);
    if (r == 0)
        r = text_ledger(pg, event, out);
    return r == 0 ? text_invoice(pg, id, lines, out) : r;
}

int command_show_event(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    struct pg_rows *event cleanup(pg_rows_free_at) = NULL;
    cleanup(buf_done) struct buf out = buf_make(SHOWN_MAX);
    struct priced_lines lines;
    struct uuid id;
    int r;
    if (command_id(ID_GENERATION, word, &id) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    if (pg_exec(pg, &event, event_sql, PG_UUID(id)) != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    if (pg_rows_count(event) == 0)
        return command_failed("no such event is posted");
    r = price(pg, event, &lines);
    if (r == 0)
        r = command_format(config) == CONFIG_TEXT ? text_event(pg, event, id, &lines, &out)
                                                  : json_event(pg, id, &lines, &out);
    if (r < 0)
        return command_failed("%s", pg_error(pg)->message);
    fwrite(out.at, 1, out.size, stdout);
    return 0;
}
