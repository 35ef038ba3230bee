/*
 * command_show: what a person needs to check the road: one event, one tenant's ledger.
 */
#include <stdio.h>

#include "billing/commands.h"
#include "billing/database.h"
#include "common/base/id.h"
#include "common/pg/pg.h"

/* The database makes the JSON, so that every number is written exactly. */
static int print_json(struct pg *pg, enum pg_outcome outcome, struct pg_rows *rows,
                      const char *missing)
{
    if (outcome != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    if (pg_rows_count(rows) == 0 || pg_is_null(rows, 0, 0))
        return command_failed("%s", missing);
    printf("%.*s\n", SPAN_ARG(pg_get_text(rows, 0, 0)));
    return 0;
}

int command_show_event(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome;
    struct uuid id;
    if (command_id(ID_GENERATION, word, &id) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    outcome = pg_exec(
        pg, &rows,
        "SELECT jsonb_pretty(jsonb_strip_nulls(to_jsonb(e) - 'event_day' || jsonb_build_object("
        "'outcome', (SELECT name FROM tollgate.outcomes o WHERE o.outcome = e.outcome),"
        " 'usage_from', (ARRAY['none', 'provider', 'counted', 'crash'])[e.usage_from + 1],"
        " 'charge_usd', trim_scale(e.charge_pico / 1e12), 'cost_usd', trim_scale(e.cost_pico / "
        "1e12),"
        " 'rates', (SELECT jsonb_agg(jsonb_build_object('meter', r.meter, 'mode', r.mode,"
        " 'context_over', r.context_over, 'pico_per_unit', r.pico_per_unit) ORDER BY r.meter)"
        " FROM tollgate.price_rates r WHERE r.price_version_id = e.price_version_id),"
        " 'plan', (SELECT jsonb_build_object('plan', v.plan, 'markup_ppm', v.markup_ppm,"
        " 'discount_ppm', v.discount_ppm, 'fixed_pico', v.fixed_pico)"
        " FROM tollgate.plan_versions v WHERE v.plan_version_id = e.plan_version_id),"
        " 'ledger', (SELECT jsonb_build_object('idem_key', t.idem_key, 'created_at', t.created_at)"
        " FROM tollgate.ledger_txns t WHERE t.txn_id = e.txn_id),"
        " 'invoice', (SELECT coalesce(i.number, i.status) FROM tollgate.invoices i"
        " WHERE i.tenant_id = e.tenant_id AND i.period_no = e.period_no AND i.status <> 'void'),"
        " 'log', (SELECT to_jsonb(l) - 'event_id' - 'event_day' - 'tenant_id' - 'key_id'"
        " FROM tollgate.request_log l WHERE l.event_id = e.event_id"
        " AND l.event_day = e.event_day))))"
        " FROM tollgate.usage_events e"
        " WHERE e.event_id = $1 AND e.event_day = tollgate.uuid7_day($1)",
        PG_UUID(id));
    return print_json(pg, outcome, rows, "no such event is posted");
}

int command_show_ledger(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome;
    struct uuid id;
    if (command_id(ID_TENANT, word, &id) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    outcome = pg_exec(
        pg, &rows,
        "SELECT jsonb_pretty(jsonb_build_object('wallet', to_jsonb(w), 'accounts',"
        " coalesce((SELECT jsonb_agg(jsonb_build_object('account', b.kind, 'period_no', "
        "b.period_no,"
        " 'balance_pico', b.pico, 'entries', b.entries) ORDER BY b.kind, b.period_no) FROM"
        " (SELECT a.kind, e.period_no, sum(e.amount_pico) AS pico, count(*) AS entries"
        " FROM tollgate.ledger_entries e JOIN tollgate.accounts a USING (account_id)"
        " WHERE a.tenant_id = w.tenant_id GROUP BY 1, 2) b), '[]'),"
        " 'leases', coalesce((SELECT jsonb_agg(to_jsonb(l) || jsonb_build_object('hold_pico',"
        " tollgate.lease_hold(l)) ORDER BY l.opened_at) FROM tollgate.leases l"
        " WHERE l.tenant_id = w.tenant_id AND l.state IN ('open', 'closing')), '[]')))"
        " FROM tollgate.wallets w WHERE w.tenant_id = $1",
        PG_UUID(id));
    return print_json(pg, outcome, rows, "no such tenant");
}
