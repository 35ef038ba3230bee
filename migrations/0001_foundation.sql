-- The schema, the helpers that every table leans on, and the snapshot's version.
--
-- The roles tollgate_owner (runs this), tollgate_gateway, tollgate_billing and tollgate_control are made
-- by an administrator beforehand: deploy/postgres/roles.sql does it, docs/database.md tells how to prepare
-- a database by hand. The schema itself is made by the runner, which keeps its own table in it.

-- The UTC day in a UUIDv7, which is what events are partitioned by.
CREATE FUNCTION tollgate.uuid7_day(id uuid) RETURNS date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT (timestamp '1970-01-01'
            + (('x' || lpad(substr(replace(id::text, '-', ''), 1, 12), 16, '0'))::bit(64)::int8)
              * interval '1 millisecond')::date
$$;

-- Rows that are written once. Attached to every table of money that has happened.
CREATE FUNCTION tollgate.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '25006';
END $$;

-- Who is asking, set by the control plane for each transaction (SET LOCAL).
CREATE FUNCTION tollgate.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('tollgate.tenant', true), '')::uuid
$$;
CREATE FUNCTION tollgate.is_operator() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('tollgate.operator', true), '') = 'on'
$$;

-- One row: commits that change what gateways see serialise on it, so that a version never hides an
-- earlier change that commits later.
CREATE TABLE tollgate.snapshot_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version int8 NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tollgate.snapshot_version (version) VALUES (1);

CREATE FUNCTION tollgate.bump_snapshot() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = tollgate, pg_temp AS $$
BEGIN
    UPDATE snapshot_version SET version = version + 1, changed_at = now();
    NOTIFY tollgate_snapshot;
    RETURN NULL;
END $$;

-- This cell's identity and settings that all programs share.
CREATE TABLE tollgate.settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL
);
