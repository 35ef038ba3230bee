/*
 * command_show_ledger: a tenant's wallet, accounts, last transactions and open leases.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "billing/commands.h"
#include "billing/database.h"
#include "common/base/clock.h"

enum { SHOWN_MAX = 4 << 20 };

#define ACCOUNTS                                                                                   \
    "(SELECT a.kind, e.period_no, sum(e.amount_pico) AS pico, count(*) AS entries"                 \
    " FROM tollgate.accounts a JOIN tollgate.ledger_entries e USING (account_id)"                  \
    " WHERE a.tenant_id = $1 GROUP BY 1, 2)"
#define LAST_TXNS                                                                                  \
    "(SELECT t.* FROM tollgate.ledger_txns t WHERE EXISTS (SELECT 1 FROM tollgate.accounts a"      \
    " JOIN tollgate.ledger_entries e USING (account_id) WHERE a.tenant_id = $1"                    \
    " AND e.txn_id = t.txn_id) ORDER BY t.created_at DESC, t.txn_id DESC LIMIT 20)"

/* The database makes the JSON, so that every number is exact. Leases: what a wallet holds is them.
 */
static const char json_sql[] =
    "SELECT jsonb_build_object('wallet', to_jsonb(w) || jsonb_build_object('free_pico',"
    " w.promo_pico + w.prepaid_pico - w.accrued_pico - w.receivable_pico + w.credit_limit_pico"
    " - w.held_pico), 'accounts', coalesce((SELECT jsonb_agg(jsonb_build_object('account', k.kind,"
    " 'balance_pico', k.pico, 'balance', trim_scale(k.pico / 1e12)::text, 'entries', k.entries,"
    " 'periods', k.periods) ORDER BY k.kind) FROM (SELECT kind, sum(pico) AS pico,"
    " sum(entries) AS entries, jsonb_agg(jsonb_build_object('period_no', period_no, 'amount_pico',"
    " pico) ORDER BY period_no) AS periods FROM " ACCOUNTS " p GROUP BY 1) k), '[]'),"
    " 'transactions', coalesce((SELECT jsonb_agg(jsonb_build_object('txn_id', t.txn_id,"
    " 'kind', t.kind, 'idem_key', t.idem_key, 'created_at', t.created_at, 'entries',"
    " (SELECT jsonb_agg(jsonb_build_object('account', a.kind, 'period_no', e.period_no,"
    " 'amount_pico', e.amount_pico) ORDER BY a.kind) FROM tollgate.ledger_entries e"
    " JOIN tollgate.accounts a USING (account_id)"
    " WHERE e.txn_id = t.txn_id AND a.tenant_id = $1))"
    " ORDER BY t.created_at DESC, t.txn_id DESC) FROM " LAST_TXNS " t), '[]'),"
    " 'leases', coalesce((SELECT jsonb_agg(to_jsonb(l) || jsonb_build_object('hold_pico',"
    " tollgate.lease_hold(l)) ORDER BY l.opened_at) FROM tollgate.leases l"
    " WHERE l.tenant_id = $1 AND l.state IN ('open', 'closing')), '[]'))::text"
    " FROM tollgate.wallets w WHERE w.tenant_id = $1";

static void put_money(struct buf *out, const char *name, int128 pico)
{
    char usd[MONEY_TEXT_MAX];
    money_format(pico, usd);
    buf_printf(out, "  %-20s %24s\n", name, usd);
}

/* 0, -ENOENT, -EIO. */
static int text_wallet(struct pg *pg, struct uuid tenant, struct buf *out)
{
    static const char *const names[] = {"promo credit", "prepaid",        "accrued", "receivable",
                                        "credit limit", "held by leases", "free"};
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char id[ID_TEXT_SIZE], start[CLOCK_TEXT_SIZE];
    if (pg_exec(pg, &rows,
                "SELECT t.name, t.billing_mode, w.currency::text, w.period_no, w.period_start,"
                " w.promo_pico, w.prepaid_pico, w.accrued_pico, w.receivable_pico,"
                " w.credit_limit_pico, w.held_pico, w.promo_pico + w.prepaid_pico - w.accrued_pico"
                " - w.receivable_pico + w.credit_limit_pico - w.held_pico"
                " FROM tollgate.wallets w JOIN tollgate.tenants t USING (tenant_id)"
                " WHERE w.tenant_id = $1",
                PG_UUID(tenant)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return -ENOENT;
    id_format(ID_TENANT, tenant, id);
    clock_format(pg_get_unix_ms(rows, 0, 4), start);
    buf_printf(out, "%s  %.*s (%.*s), period %" PRId64 " since %s\n\nWallet, in %.*s\n", id,
               SPAN_ARG(pg_get_text(rows, 0, 0)), SPAN_ARG(pg_get_text(rows, 0, 1)),
               pg_get_int64(rows, 0, 3), start, SPAN_ARG(pg_get_text(rows, 0, 2)));
    for (int i = 0; i < (int)array_size(names); i++)
        put_money(out, names[i], pg_get_int128(rows, 0, 5 + i));
    return 0;
}

static int text_accounts(struct pg *pg, struct uuid tenant, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT kind, sum(pico), sum(entries)::int8 FROM " ACCOUNTS " p GROUP BY 1"
                " ORDER BY 1",
                PG_UUID(tenant)) != PG_OK)
        return -EIO;
    buf_add_string(out, "\nAccounts (debit positive, credit negative)\n");
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char usd[MONEY_TEXT_MAX];
        money_format(pg_get_int128(rows, i, 1), usd);
        buf_printf(out, "  %-20.*s %24s  %" PRId64 " entries\n", SPAN_ARG(pg_get_text(rows, i, 0)),
                   usd, pg_get_int64(rows, i, 2));
    }
    return 0;
}

static int text_txns(struct pg *pg, struct uuid tenant, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct uuid last = {{0}};
    if (pg_exec(pg, &rows,
                "SELECT t.txn_id, t.created_at, t.kind, t.idem_key, a.kind, e.period_no,"
                " e.amount_pico FROM " LAST_TXNS " t JOIN tollgate.ledger_entries e USING (txn_id)"
                " JOIN tollgate.accounts a USING (account_id) WHERE a.tenant_id = $1"
                " ORDER BY 2 DESC, 1 DESC, 5, 6",
                PG_UUID(tenant)) != PG_OK)
        return -EIO;
    buf_add_string(out, "\nLast transactions, the tenant's entries\n");
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char usd[MONEY_TEXT_MAX], at[CLOCK_TEXT_SIZE];
        if (i == 0 || !uuid_equal(last, pg_get_uuid(rows, i, 0))) {
            clock_format(pg_get_unix_ms(rows, i, 1), at);
            buf_printf(out, "  %s  %.*s  %.*s\n", at, SPAN_ARG(pg_get_text(rows, i, 2)),
                       SPAN_ARG(pg_get_text(rows, i, 3)));
        }
        last = pg_get_uuid(rows, i, 0);
        money_format(pg_get_int128(rows, i, 6), usd);
        buf_printf(out, "    %-18.*s %24s  period %" PRId64 "\n", SPAN_ARG(pg_get_text(rows, i, 4)),
                   usd, pg_get_int64(rows, i, 5));
    }
    return 0;
}

static int text_leases(struct pg *pg, struct uuid tenant, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT l.lease_id, l.scope, l.state, l.granted_pico, l.posted_pico,"
                " tollgate.lease_hold(l)::numeric, l.expires_at FROM tollgate.leases l"
                " WHERE l.tenant_id = $1 AND l.state IN ('open', 'closing')"
                " ORDER BY l.opened_at LIMIT 100",
                PG_UUID(tenant)) != PG_OK)
        return -EIO;
    buf_printf(out, "\nLeases open: %zu\n", pg_rows_count(rows));
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        char id[ID_TEXT_SIZE], granted[MONEY_TEXT_MAX], posted[MONEY_TEXT_MAX],
            held[MONEY_TEXT_MAX], until[CLOCK_TEXT_SIZE];
        id_format(ID_LEASE, pg_get_uuid(rows, i, 0), id);
        money_format(pg_get_int128(rows, i, 3), granted);
        money_format(pg_get_int128(rows, i, 4), posted);
        money_format(pg_get_int128(rows, i, 5), held);
        clock_format(pg_get_unix_ms(rows, i, 6), until);
        buf_printf(out, "  %s  %.*s, %.*s: granted %s, posted %s, holds %s, until %s\n", id,
                   SPAN_ARG(pg_get_text(rows, i, 1)), SPAN_ARG(pg_get_text(rows, i, 2)), granted,
                   posted, held, until);
    }
    return 0;
}

static int text_all(struct pg *pg, struct uuid tenant, struct buf *out)
{
    int r = text_wallet(pg, tenant, out);
    if (r == 0)
        r = text_accounts(pg, tenant, out);
    if (r == 0)
        r = text_txns(pg, tenant, out);
    return r == 0 ? text_leases(pg, tenant, out) : r;
}

static int json_all(struct pg *pg, struct uuid tenant, struct buf *out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows, json_sql, PG_UUID(tenant)) != PG_OK)
        return -EIO;
    if (pg_rows_count(rows) == 0)
        return -ENOENT;
    buf_add_span(out, pg_get_text(rows, 0, 0));
    buf_add_byte(out, '\n');
    return 0;
}

int command_show_ledger(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    cleanup(buf_done) struct buf out = buf_make(SHOWN_MAX);
    struct uuid tenant;
    int r;
    if (command_id(ID_TENANT, word, &tenant) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    r = command_format(config) == CONFIG_TEXT ? text_all(pg, tenant, &out)
                                              : json_all(pg, tenant, &out);
    if (r == -ENOENT)
        return command_failed("there is no such tenant");
    if (r < 0)
        return command_failed("%s", pg_error(pg)->message);
    fwrite(out.at, 1, out.size, stdout);
    return 0;
}
