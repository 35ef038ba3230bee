-- Prices and plans: versions that never change, found by what the gateway stamped.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA tollgate;

CREATE TABLE tollgate.meters (
    meter text PRIMARY KEY CHECK (meter ~ '^[a-z][a-z0-9_]{0,31}$'),
    unit text NOT NULL,
    about text NOT NULL
);
INSERT INTO tollgate.meters VALUES
    ('input', 'token', 'prompt tokens that were neither read from nor written to a cache'),
    ('output', 'token', 'generated tokens, reasoning among them'),
    ('reasoning', 'token', 'the part of output that was reasoning, where it has a price of its own'),
    ('cache_read', 'token', 'prompt tokens read from the provider''s cache'),
    ('cache_write_5m', 'token', 'prompt tokens written to the provider''s cache for 5 minutes'),
    ('cache_write_1h', 'token', 'prompt tokens written to the provider''s cache for an hour'),
    ('input_audio', 'token', 'audio tokens of the prompt'),
    ('output_audio', 'token', 'audio tokens generated'),
    ('input_image', 'token', 'image tokens of the prompt'),
    ('output_image', 'token', 'image tokens generated'),
    ('image', 'image', 'pictures made'),
    ('request', 'request', 'calls'),
    ('web_search', 'search', 'searches a hosted tool made'),
    ('second', 'second', 'seconds of audio or video'),
    ('character', 'character', 'characters of text spoken');

CREATE TABLE tollgate.price_versions (
    price_version_id uuid PRIMARY KEY,
    deployment_id uuid NOT NULL REFERENCES tollgate.deployments,
    book text NOT NULL CHECK (book IN ('cost', 'list')),
    tenant_id uuid REFERENCES tollgate.tenants,  -- NULL: everybody's; set: a contract's override
    currency char(3) NOT NULL DEFAULT 'USD',
    effective tstzrange NOT NULL CHECK (NOT isempty(effective) AND lower_inc(effective) AND NOT lower_inf(effective)),
    prices_as_of date,
    source text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (book = 'list' OR tenant_id IS NULL),
    EXCLUDE USING gist (deployment_id WITH =, book WITH =,
                        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) WITH =,
                        currency WITH =, effective WITH &&)
);
CREATE TABLE tollgate.price_rates (
    price_version_id uuid NOT NULL REFERENCES tollgate.price_versions,
    meter text NOT NULL REFERENCES tollgate.meters,
    mode text NOT NULL DEFAULT 'standard' CHECK (mode IN ('standard', 'batch', 'flex', 'priority')),
    context_over int8 NOT NULL DEFAULT 0 CHECK (context_over >= 0),
    pico_per_unit int8 NOT NULL CHECK (pico_per_unit >= 0),
    PRIMARY KEY (price_version_id, meter, mode, context_over)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.price_rates
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();

-- A version's range may be closed, once; nothing else of it changes.
CREATE FUNCTION tollgate.only_close_range() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'effective' IS DISTINCT FROM to_jsonb(OLD) - 'effective'
       OR lower(NEW.effective) <> lower(OLD.effective) OR NOT upper_inf(OLD.effective) THEN
        RAISE EXCEPTION 'of a version of % only an open range may be closed', TG_TABLE_NAME USING ERRCODE = '25006';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_close BEFORE UPDATE OR DELETE ON tollgate.price_versions
    FOR EACH ROW EXECUTE FUNCTION tollgate.only_close_range();

CREATE TABLE tollgate.plan_versions (
    plan_version_id uuid PRIMARY KEY,
    plan text NOT NULL CHECK (plan ~ '^[a-z][a-z0-9_-]{0,31}$'),
    name text NOT NULL,
    listed boolean NOT NULL DEFAULT true,    -- false: a contract's, seen only by who subscribed to it
    currency char(3) NOT NULL DEFAULT 'USD',
    markup_ppm int4 NOT NULL CHECK (markup_ppm BETWEEN 0 AND 10000000),
    discount_ppm int4 NOT NULL DEFAULT 0 CHECK (discount_ppm BETWEEN 0 AND 1000000),
    fixed_pico int8 NOT NULL DEFAULT 0 CHECK (fixed_pico >= 0),
    monthly_fee_minor int8 NOT NULL DEFAULT 0 CHECK (monthly_fee_minor >= 0),
    volume_threshold_pico numeric(38,0) CHECK (volume_threshold_pico >= 0),
    volume_discount_ppm int4 NOT NULL DEFAULT 0 CHECK (volume_discount_ppm BETWEEN 0 AND 1000000),
    margin_floor_ppm int4 NOT NULL DEFAULT 0 CHECK (margin_floor_ppm BETWEEN 0 AND 10000000),
    minimum_charge_minor int8 NOT NULL DEFAULT 0 CHECK (minimum_charge_minor >= 0),
    byok_fee_ppm int4 NOT NULL DEFAULT 50000,
    byok_free_requests int8 NOT NULL DEFAULT 1000000,
    topup_fee_ppm int4 NOT NULL DEFAULT 55000,
    topup_fee_minimum_minor int8 NOT NULL DEFAULT 80,
    effective tstzrange NOT NULL CHECK (NOT isempty(effective) AND lower_inc(effective) AND NOT lower_inf(effective)),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((volume_discount_ppm = 0) = (volume_threshold_pico IS NULL)),
    EXCLUDE USING gist (plan WITH =, currency WITH =, effective WITH &&)
);
CREATE TRIGGER only_close BEFORE UPDATE OR DELETE ON tollgate.plan_versions
    FOR EACH ROW EXECUTE FUNCTION tollgate.only_close_range();

-- A discount that holds for one provider only; added to nothing, it replaces the plan's.
CREATE TABLE tollgate.plan_provider_discounts (
    plan_version_id uuid NOT NULL REFERENCES tollgate.plan_versions,
    provider text NOT NULL REFERENCES tollgate.providers,
    discount_ppm int4 NOT NULL CHECK (discount_ppm BETWEEN 0 AND 1000000),
    PRIMARY KEY (plan_version_id, provider)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.plan_provider_discounts
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();

CREATE TABLE tollgate.subscriptions (
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    plan_version_id uuid NOT NULL REFERENCES tollgate.plan_versions,
    effective tstzrange NOT NULL CHECK (NOT isempty(effective) AND lower_inc(effective) AND NOT lower_inf(effective)),
    EXCLUDE USING gist (tenant_id WITH =, effective WITH &&)
);
CREATE INDEX subscriptions_plan ON tollgate.subscriptions (plan_version_id);
CREATE TRIGGER only_close BEFORE UPDATE OR DELETE ON tollgate.subscriptions
    FOR EACH ROW EXECUTE FUNCTION tollgate.only_close_range();
