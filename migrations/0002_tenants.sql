-- Who may call, and who steers.
CREATE TABLE tollgate.tenants (
    tenant_id uuid PRIMARY KEY,
    parent_id uuid REFERENCES tollgate.tenants,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    home_cell text NOT NULL DEFAULT 'c1',
    seller text NOT NULL DEFAULT 'default',
    currency char(3) NOT NULL DEFAULT 'USD',
    billing_mode text NOT NULL DEFAULT 'prepaid' CHECK (billing_mode IN ('prepaid', 'postpaid', 'hybrid')),
    anchor_day int2 NOT NULL DEFAULT 1 CHECK (anchor_day BETWEEN 1 AND 28),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'past_due', 'closed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1
);

CREATE TABLE tollgate.projects (
    project_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
    budget_pico numeric(38,0) CHECK (budget_pico >= 0),
    budget_window text CHECK (budget_window IN ('total', 'day', 'week', 'month')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, name),
    CHECK ((budget_pico IS NULL) = (budget_window IS NULL))
);

CREATE TABLE tollgate.members (
    member_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    name text NOT NULL DEFAULT '',
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'developer', 'viewer')),
    password_hash text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('invited', 'active', 'disabled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX members_email ON tollgate.members (tenant_id, lower(email));

CREATE TABLE tollgate.operators (
    operator_id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL DEFAULT '',
    password_hash text,
    token_sha256 bytea UNIQUE CHECK (length(token_sha256) = 32),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX operators_email ON tollgate.operators (lower(email));

CREATE TABLE tollgate.api_keys (
    key_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    project_id uuid NOT NULL REFERENCES tollgate.projects,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('live', 'test', 'mgmt')),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'revoked')),
    status_reason text,
    expires_at timestamptz,
    allowed_models text[],                   -- NULL: all
    budget_pico numeric(38,0) CHECK (budget_pico >= 0),
    budget_window text CHECK (budget_window IN ('total', 'day', 'week', 'month')),
    requests_per_minute int8 CHECK (requests_per_minute > 0),
    tokens_per_minute int8 CHECK (tokens_per_minute > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1,
    CHECK ((budget_pico IS NULL) = (budget_window IS NULL))
);
CREATE INDEX api_keys_tenant ON tollgate.api_keys (tenant_id);

-- Only the hash of a secret is kept. At most two live ones per key: rotation with overlap.
CREATE TABLE tollgate.api_key_secrets (
    public_part text PRIMARY KEY CHECK (length(public_part) = 16),
    key_id uuid NOT NULL REFERENCES tollgate.api_keys,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_key_secrets_key ON tollgate.api_key_secrets (key_id);
CREATE FUNCTION tollgate.two_live_secrets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM tollgate.api_keys WHERE key_id = NEW.key_id FOR UPDATE;
    IF (SELECT count(*) FROM tollgate.api_key_secrets
        WHERE key_id = NEW.key_id AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > now())) > 2 THEN
        RAISE EXCEPTION 'a key has at most two live secrets' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER two_live AFTER INSERT OR UPDATE ON tollgate.api_key_secrets
    FOR EACH ROW EXECUTE FUNCTION tollgate.two_live_secrets();
