-- What can be called. The file format is docs/catalog.md; facts that the source does not know are NULL,
-- and NULL never satisfies a policy.
CREATE TABLE tollgate.providers (
    provider text PRIMARY KEY CHECK (provider ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    name text NOT NULL,
    endpoints jsonb NOT NULL DEFAULT '[]',   -- [{dialect, base_url, query, auth}]
    variables jsonb NOT NULL DEFAULT '[]',   -- [{name, what}]: what base URLs leave open
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled', 'retired')),
    revision int8 NOT NULL DEFAULT 1
);

CREATE TABLE tollgate.models (
    model text PRIMARY KEY CHECK (length(model) BETWEEN 1 AND 200),  -- author/slug
    name text NOT NULL,
    kind text NOT NULL,
    openrouter_id text, family text, knowledge text,
    release_date date,
    open_weights boolean,
    deprecated boolean NOT NULL DEFAULT false,
    facts jsonb NOT NULL DEFAULT '{}',       -- {limits, capabilities}: what all its deployments can do
    status text NOT NULL DEFAULT 'published' CHECK (status IN ('draft', 'published', 'quarantined', 'retired')),
    status_reason text,
    revision int8 NOT NULL DEFAULT 1
);
CREATE TABLE tollgate.model_aliases (
    alias text PRIMARY KEY,
    model text NOT NULL REFERENCES tollgate.models,
    by_operator boolean NOT NULL DEFAULT false  -- imports leave it alone
);

CREATE TABLE tollgate.deployments (
    deployment_id uuid PRIMARY KEY,
    catalog_key text NOT NULL UNIQUE,        -- finds the same deployment again on the next import
    model text NOT NULL REFERENCES tollgate.models,
    provider text NOT NULL REFERENCES tollgate.providers,
    upstream_id text NOT NULL,               -- the provider's own name of the model
    failure_domain text NOT NULL,
    dialect text NOT NULL,
    base_url text NOT NULL,                  -- may hold ${VARIABLE}
    query text,
    auth text NOT NULL,                      -- how the credential is sent: bearer, api-key, sigv4, …
    maturity text NOT NULL DEFAULT 'stable' CHECK (maturity IN ('stable', 'beta', 'deprecated')),
    first_party boolean NOT NULL DEFAULT false,
    offer_scope text, variant text, model_snapshot text,  -- "eu", "turbo", "20250929"
    context_limit int8 CHECK (context_limit > 0),
    input_limit int8 CHECK (input_limit > 0),
    output_limit int8 CHECK (output_limit > 0),
    capabilities jsonb NOT NULL DEFAULT '{}',
    region text, quantization text,
    trains boolean, retains boolean,         -- data policy: uses, keeps prompts
    priority int4 NOT NULL DEFAULT 0,        -- operators' order: lower first
    weight int4 NOT NULL DEFAULT 100 CHECK (weight > 0),
    connect_timeout_ms int4 NOT NULL DEFAULT 3000 CHECK (connect_timeout_ms > 0),
    first_token_timeout_ms int4 NOT NULL DEFAULT 60000 CHECK (first_token_timeout_ms > 0),
    idle_timeout_ms int4 NOT NULL DEFAULT 60000 CHECK (idle_timeout_ms > 0),
    total_timeout_ms int4 NOT NULL DEFAULT 600000 CHECK (total_timeout_ms > 0),
    abort_policy text NOT NULL DEFAULT 'cancel' CHECK (abort_policy IN ('cancel', 'drain', 'no_bill')),
    status text NOT NULL DEFAULT 'published' CHECK (status IN ('draft', 'published', 'quarantined', 'retired')),
    status_reason text,
    quarantine text[] NOT NULL DEFAULT '{}', -- why the import put it there, in the catalog's words
    released boolean NOT NULL DEFAULT false, -- an operator took it out of quarantine: imports leave it so
    free_on_purpose boolean NOT NULL DEFAULT false,
    prices_as_of date,
    source text,
    revision int8 NOT NULL DEFAULT 1
);
CREATE INDEX model_aliases_model ON tollgate.model_aliases (model);
CREATE INDEX deployments_model ON tollgate.deployments (model);

-- Provider accounts. The secret is sealed (AES-256-GCM, master key outside the database), its origin bound.
CREATE TABLE tollgate.provider_credentials (
    credential_id uuid PRIMARY KEY,
    provider text NOT NULL REFERENCES tollgate.providers,
    deployment_id uuid REFERENCES tollgate.deployments,
    tenant_id uuid REFERENCES tollgate.tenants,  -- set: the tenant's own key (BYOK)
    name text NOT NULL,
    origin text NOT NULL,
    variables jsonb NOT NULL DEFAULT '{}',
    sealed bytea NOT NULL,
    master_key_id text NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revision int8 NOT NULL DEFAULT 1
);
