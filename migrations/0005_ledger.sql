-- Double entry, append-only, zero-sum; and the wallet that leases are granted from.
CREATE TABLE tollgate.accounts (
    account_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid REFERENCES tollgate.tenants,
    kind text NOT NULL CHECK (kind IN ('prepaid', 'promo', 'accrued', 'receivable', 'tax_payable', 'cash', 'fees_psp',
        'rev_usage', 'rev_sub', 'rev_fee', 'breakage', 'promo_expense', 'rounding', 'cogs', 'provider_payable',
        'bad_debt', 'overrun', 'price_variance')),
    currency char(3) NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_id, kind, currency)
);
CREATE TABLE tollgate.ledger_txns (
    txn_id uuid PRIMARY KEY,
    idem_key text NOT NULL UNIQUE,
    kind text NOT NULL,
    tenant_id uuid,                          -- NULL: a batch of many tenants' usage
    effective_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ref jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE tollgate.ledger_entries (
    txn_id uuid NOT NULL REFERENCES tollgate.ledger_txns,
    account_id int8 NOT NULL REFERENCES tollgate.accounts,
    tenant_id uuid,                          -- the account's, for row-level security
    currency char(3) NOT NULL,
    period_no int4 NOT NULL DEFAULT 0,       -- the tenant's billing period the amount belongs to; 0 outside periods
    amount_pico numeric(38,0) NOT NULL CHECK (amount_pico <> 0),  -- debit > 0, credit < 0
    PRIMARY KEY (txn_id, account_id, period_no)
);
CREATE INDEX ledger_entries_account ON tollgate.ledger_entries (account_id, period_no);
CREATE FUNCTION tollgate.zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM tollgate.ledger_entries
               WHERE txn_id IN (SELECT DISTINCT txn_id FROM new_rows)
               GROUP BY txn_id, currency HAVING sum(amount_pico) <> 0) THEN
        RAISE EXCEPTION 'the ledger transaction does not balance' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER zero_sum AFTER INSERT ON tollgate.ledger_entries REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.zero_sum();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.ledger_txns
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();

-- What a tenant may still spend. free = promo + prepaid - accrued - receivable + credit_limit - held.
-- period_no and period_start are the tenant's open billing period: a batch of usage and the finalizer meet
-- on this row, the batch last and conditionally on what it read.
CREATE TABLE tollgate.wallets (
    tenant_id uuid PRIMARY KEY REFERENCES tollgate.tenants,
    currency char(3) NOT NULL,
    promo_pico numeric(38,0) NOT NULL DEFAULT 0,
    prepaid_pico numeric(38,0) NOT NULL DEFAULT 0,
    accrued_pico numeric(38,0) NOT NULL DEFAULT 0,
    receivable_pico numeric(38,0) NOT NULL DEFAULT 0,
    credit_limit_pico numeric(38,0) NOT NULL DEFAULT 0 CHECK (credit_limit_pico >= 0),
    held_pico numeric(38,0) NOT NULL DEFAULT 0 CHECK (held_pico >= 0),
    period_no int4 NOT NULL DEFAULT 1 CHECK (period_no > 0),
    period_start timestamptz NOT NULL,
    period_end timestamptz CHECK (period_end > period_start)  -- NULL: at the tenant's next anchor day
) WITH (fillfactor = 50);

-- Windows of spend limits: of a key, a project or an end user. Rows are made as windows begin (UTC).
CREATE TABLE tollgate.budgets (
    scope text NOT NULL CHECK (scope IN ('key', 'project', 'end_user')),
    scope_id uuid NOT NULL,
    window_start timestamptz NOT NULL,       -- -infinity for a budget without a window
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    limit_pico numeric(38,0) NOT NULL CHECK (limit_pico >= 0),
    spent_pico numeric(38,0) NOT NULL DEFAULT 0,
    held_pico numeric(38,0) NOT NULL DEFAULT 0 CHECK (held_pico >= 0),
    PRIMARY KEY (scope, scope_id, window_start)
) WITH (fillfactor = 50);

CREATE TABLE tollgate.credit_grants (
    grant_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    kind text NOT NULL CHECK (kind IN ('paid', 'promo', 'refund', 'rebate')),
    amount_pico numeric(38,0) NOT NULL CHECK (amount_pico > 0),
    used_pico numeric(38,0) NOT NULL DEFAULT 0 CHECK (used_pico BETWEEN 0 AND amount_pico),
    expires_at timestamptz,
    idem_key text NOT NULL UNIQUE,
    txn_id uuid NOT NULL REFERENCES tollgate.ledger_txns,
    reason text NOT NULL DEFAULT '',
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
