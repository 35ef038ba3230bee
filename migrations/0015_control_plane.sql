-- What the control plane's API stands on: sessions, lockout, answers kept for their Idempotency-Key, scopes of
-- management keys.

ALTER TABLE tollgate.api_keys
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{}',  -- of management keys: "keys:write", …
    ADD COLUMN created_by text NOT NULL DEFAULT '',
    ADD CHECK (kind = 'mgmt' OR scopes = '{}');

-- A person that is signed in. Only hashes of the token are kept; it rotates, and the one before it is good for a
-- moment longer, because calls are made in parallel.
CREATE TABLE tollgate.sessions (
    session_id uuid PRIMARY KEY,
    token_sha256 bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
    previous_sha256 bytea UNIQUE CHECK (length(previous_sha256) = 32),
    previous_until timestamptz,
    operator_id uuid REFERENCES tollgate.operators,
    member_id uuid REFERENCES tollgate.members,
    tenant_id uuid REFERENCES tollgate.tenants,
    bearer boolean NOT NULL DEFAULT false,   -- a command line's: sent as a bearer token, never as a cookie
    address text NOT NULL,
    user_agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((operator_id IS NULL) <> (member_id IS NULL)),
    CHECK ((member_id IS NULL) = (tenant_id IS NULL)),
    CHECK ((previous_sha256 IS NULL) = (previous_until IS NULL))
);
CREATE INDEX sessions_person ON tollgate.sessions (coalesce(operator_id, member_id)) WHERE ended_at IS NULL;

-- Logins that failed, by e-mail and by address; gone after a success or a while.
CREATE TABLE tollgate.login_failures (
    subject text PRIMARY KEY CHECK (length(subject) <= 400),  -- email:… | address:…
    failures int4 NOT NULL CHECK (failures > 0),
    last_at timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz
);

-- The answer to a POST, given again to the same key and body. Kept sealed: it may show a new key's secret.
CREATE TABLE tollgate.idempotency_keys (
    caller text NOT NULL,                    -- opr_… | mem_… | key_…
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    tenant_id uuid,
    request_sha256 bytea NOT NULL CHECK (length(request_sha256) = 32),  -- method, path, query, body
    answer bytea,                            -- sealed; NULL only inside the transaction that makes it
    master_key_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotency_keys_age ON tollgate.idempotency_keys (created_at);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['sessions', 'login_failures', 'idempotency_keys'] LOOP
        EXECUTE format('ALTER TABLE tollgate.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE tollgate.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON tollgate.%I TO tollgate_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY operators_only ON tollgate.%I TO tollgate_control
            USING (tollgate.is_operator()) WITH CHECK (tollgate.is_operator())', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON tollgate.%I TO tollgate_control', t);
    END LOOP;
END $$;
CREATE POLICY tenant_only ON tollgate.idempotency_keys TO tollgate_control
    USING (tenant_id = tollgate.current_tenant()) WITH CHECK (tenant_id = tollgate.current_tenant());
