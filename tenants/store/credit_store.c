/*
 * credit_store: see credit_store.h. Locks the wallet first and the grants after it, as the lock
 * order of migrations/0006_leases.sql says.
 */
#include "tenants/store/credit_store.h"

#include "common/base/json_writer.h"

#define IDEM_KEY_MAX 240
#define AUDIT_MAX_BYTES 8192

/* Credits have a name space of their own among the ledger's keys. */
#define IDEM_PREFIX "credit:"

static enum store_outcome lock_wallet(struct pg *pg, struct uuid tenant,
                                      struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "lock the wallet",
        "SELECT 1 FROM tollgate.wallets WHERE tenant_id = $1 FOR UPDATE", PG_UUID(tenant));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such tenant");
    return outcome;
}

static enum store_outcome find_given(struct pg *pg, const struct credit_new *credit,
                                     struct credit_made *made_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "look for the credit",
        "SELECT grant_id, txn_id, tenant_id = $2 AND amount_pico = $3 FROM tollgate.credit_grants "
        "WHERE idem_key = '" IDEM_PREFIX "' || $1",
        PG_TEXT(credit->idem_key), PG_UUID(credit->tenant), PG_NUMERIC(credit->amount_pico));
    if (outcome != STORE_OK || pg_rows_count(rows) == 0)
        return outcome;
    if (!pg_get_bool(rows, 0, 2))
        return store_fail(error_out, STORE_CONFLICT,
                          "the key \"%.*s\" was used for another tenant or amount",
                          SPAN_ARG(credit->idem_key));
    *made_out = (struct credit_made){pg_get_uuid(rows, 0, 0), pg_get_uuid(rows, 0, 1), true};
    return STORE_OK;
}

static enum store_outcome post(struct pg *pg, const struct credit_new *credit,
                               const struct credit_made *made, struct store_error *error_out)
{
    char grant[ID_TEXT_SIZE];
    id_format(ID_GRANT, made->grant, grant);
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "make the accounts",
                   "INSERT INTO tollgate.accounts (tenant_id, kind, currency) VALUES "
                   "($1, 'promo', 'USD'), ($1, 'promo_expense', 'USD') ON CONFLICT DO NOTHING",
                   PG_UUID(credit->tenant));
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "make the ledger transaction",
                             "INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, tenant_id, "
                             "effective_at, ref) VALUES ($1, '" IDEM_PREFIX
                             "' || $2, 'manual_credit', $3, now(), "
                             "jsonb_build_object('credit', $4::text))",
                             PG_UUID(made->txn), PG_TEXT(credit->idem_key), PG_UUID(credit->tenant),
                             PG_STRING(grant));
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "make the ledger entries",
            "INSERT INTO tollgate.ledger_entries (txn_id, account_id, tenant_id, currency, "
            "amount_pico) SELECT $1, account_id, tenant_id, currency, "
            "CASE kind WHEN 'promo_expense' THEN $3::numeric ELSE -$3::numeric END "
            "FROM tollgate.accounts WHERE tenant_id = $2 AND currency = 'USD' "
            "AND kind IN ('promo', 'promo_expense')",
            PG_UUID(made->txn), PG_UUID(credit->tenant), PG_NUMERIC(credit->amount_pico));
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "raise the wallet",
            "UPDATE tollgate.wallets SET promo_pico = promo_pico + $2 WHERE tenant_id = $1",
            PG_UUID(credit->tenant), PG_NUMERIC(credit->amount_pico));
    return outcome;
}

static enum store_outcome audit_credit(struct pg *pg, const struct store_actor *actor,
                                       const struct credit_new *credit, struct uuid grant,
                                       struct store_error *error_out)
{
    cleanup(buf_done) struct buf after = buf_make(AUDIT_MAX_BYTES);
    struct json_writer w = json_writer_make(&after);
    char subject[ID_TEXT_SIZE], amount[MONEY_TEXT_MAX];
    money_format(credit->amount_pico, amount);
    json_begin(&w, '{');
    json_put_cstring(&w, "usd", amount);
    json_put_string(&w, "reason", credit->reason);
    json_end(&w, '}');
    id_format(ID_GRANT, grant, subject);
    return store_audit(pg, actor,
                       &(struct store_mutation){.action = "credit.add",
                                                .tenant = credit->tenant,
                                                .subject = span_of(subject),
                                                .after = buf_span(&after)},
                       error_out);
}

static enum store_outcome give(struct pg *pg, const struct store_actor *actor,
                               const struct credit_new *credit, const struct credit_made *made,
                               struct store_error *error_out)
{
    enum store_outcome outcome = post(pg, credit, made, error_out);
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "note the grant",
            "INSERT INTO tollgate.credit_grants (grant_id, tenant_id, kind, amount_pico, "
            "expires_at, idem_key, txn_id, reason, created_by) "
            "VALUES ($1, $2, 'promo', $3, $4, '" IDEM_PREFIX "' || $5, $6, $7, $8)",
            PG_UUID(made->grant), PG_UUID(credit->tenant), PG_NUMERIC(credit->amount_pico),
            credit->expires_ms == INT64_MAX ? PG_NULL : PG_TIME(credit->expires_ms),
            PG_TEXT(credit->idem_key), PG_UUID(made->txn), PG_TEXT(credit->reason),
            PG_STRING(actor->name));
    if (outcome == STORE_OK)
        outcome = audit_credit(pg, actor, credit, made->grant, error_out);
    return outcome;
}

enum store_outcome credit_store_add(struct pg *pg, const struct store_actor *actor,
                                    const struct credit_new *credit, struct credit_made *made_out,
                                    struct store_error *error_out)
{
    struct credit_made made = {uuid_new(), uuid_new(), false};
    if (credit->amount_pico <= 0)
        return store_fail(error_out, STORE_REFUSED, "a credit is more than 0");
    if (credit->idem_key.size == 0 || credit->idem_key.size > IDEM_KEY_MAX)
        return store_fail(error_out, STORE_REFUSED, "an idempotency key has 1 to %d bytes",
                          IDEM_KEY_MAX);
    enum store_outcome outcome = lock_wallet(pg, credit->tenant, error_out);
    if (outcome == STORE_OK)
        outcome = find_given(pg, credit, &made, error_out);
    if (outcome == STORE_OK && !made.repeated)
        outcome = give(pg, actor, credit, &made, error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    return outcome;
}
