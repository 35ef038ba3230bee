-- Documents. A finalized invoice never changes; numbers are gapless, taken last inside the finalizing transaction.
CREATE TABLE tollgate.document_counters (
    series text PRIMARY KEY,                 -- seller and year
    last int8 NOT NULL
);
CREATE TABLE tollgate.invoices (
    invoice_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    period_no int4 NOT NULL,
    period tstzrange NOT NULL,
    kind text NOT NULL DEFAULT 'usage',
    currency char(3) NOT NULL,
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'grace', 'finalized', 'paid', 'past_due', 'void', 'uncollectible')),
    number text UNIQUE,
    usage_pico numeric(38,0) NOT NULL DEFAULT 0,    -- the lines' exact sum
    subtotal_minor int8 NOT NULL DEFAULT 0,
    tax_minor int8 NOT NULL DEFAULT 0,
    credits_minor int8 NOT NULL DEFAULT 0,
    credits_pico numeric(38,0) NOT NULL DEFAULT 0,  -- a prepaid statement: credits applied, equal to the usage
    total_minor int8 NOT NULL DEFAULT 0,
    paid_minor int8 NOT NULL DEFAULT 0,
    rounding_pico numeric(38,0) NOT NULL DEFAULT 0 CHECK (abs(rounding_pico) <= 5000000000),
    txn_id uuid REFERENCES tollgate.ledger_txns,
    created_at timestamptz NOT NULL DEFAULT now(),
    finalized_at timestamptz,
    due_at timestamptz,
    CHECK ((number IS NULL) = (status IN ('draft', 'grace'))),
    CHECK (total_minor = subtotal_minor + tax_minor - credits_minor),
    CHECK (status <> 'paid' OR paid_minor = total_minor),
    CHECK (total_minor >= 0 AND paid_minor BETWEEN 0 AND total_minor),
    EXCLUDE USING gist (tenant_id WITH =, kind WITH =, period WITH &&) WHERE (status <> 'void' AND kind = 'usage')
);
CREATE TABLE tollgate.invoice_lines (
    invoice_id uuid NOT NULL REFERENCES tollgate.invoices,
    line_no int4 NOT NULL,
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('usage', 'discount', 'markup', 'late_usage', 'volume_discount', 'subscription',
        'proration', 'fee', 'byok_fee', 'minimum', 'adjustment', 'overrun')),
    description text NOT NULL,
    model text,
    key_id uuid,
    meter text,
    context_tier int8,
    price_version_id uuid,
    quantity numeric(38,0),
    pico_per_unit int8,
    amount_pico numeric(38,0) NOT NULL,
    amount_minor int8 NOT NULL,
    PRIMARY KEY (invoice_id, line_no)
);
CREATE FUNCTION tollgate.invoice_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'draft' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'only a draft invoice may be deleted' USING ERRCODE = '25006';
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('draft', 'grace'), ('grace', 'draft'),
        ('grace', 'finalized'), ('draft', 'finalized'), ('draft', 'void'), ('grace', 'void'), ('finalized', 'paid'),
        ('finalized', 'past_due'), ('finalized', 'void'), ('past_due', 'paid'), ('past_due', 'void'),
        ('past_due', 'uncollectible'), ('uncollectible', 'paid')) THEN
        RAISE EXCEPTION 'an invoice does not go from % to %', OLD.status, NEW.status USING ERRCODE = '23514';
    END IF;
    IF OLD.number IS NOT NULL AND (OLD.number, OLD.total_minor, OLD.subtotal_minor, OLD.tax_minor, OLD.credits_minor,
            OLD.usage_pico, OLD.period, OLD.tenant_id, OLD.currency)
        IS DISTINCT FROM (NEW.number, NEW.total_minor, NEW.subtotal_minor, NEW.tax_minor, NEW.credits_minor,
            NEW.usage_pico, NEW.period, NEW.tenant_id, NEW.currency) THEN
        RAISE EXCEPTION 'a finalized invoice does not change' USING ERRCODE = '25006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE UPDATE OR DELETE ON tollgate.invoices
    FOR EACH ROW EXECUTE FUNCTION tollgate.invoice_moves();
CREATE FUNCTION tollgate.lines_of_drafts_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT 1 FROM tollgate.invoices
            WHERE invoice_id = OLD.invoice_id AND status NOT IN ('draft', 'grace')) THEN
        RAISE EXCEPTION 'the lines of an invoice do not change' USING ERRCODE = '25006';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER drafts_only BEFORE UPDATE OR DELETE ON tollgate.invoice_lines
    FOR EACH ROW EXECUTE FUNCTION tollgate.lines_of_drafts_only();

CREATE TABLE tollgate.reconcile_runs (
    run_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    tenant_id uuid,
    period_no int4,
    events_pico numeric(38,0), rollup_pico numeric(38,0), ledger_pico numeric(38,0), invoice_pico numeric(38,0),
    ok boolean NOT NULL,
    detail text NOT NULL DEFAULT ''
);
