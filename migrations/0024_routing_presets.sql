-- Where a tenant's requests go: presets by name with all their versions, the tenant's own rules, which preset holds where
-- a request names none; and what operators do to a deployment for a while: drain it, probe it.

-- A preset is its newest version, whatever number that has; deleted ones keep theirs, and give their name free.
CREATE TABLE tollgate.routing_presets (
    preset_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    current_version int4 NOT NULL DEFAULT 1 CHECK (current_version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    deleted_at timestamptz,
    revision int8 NOT NULL DEFAULT 1,
    UNIQUE (tenant_id, preset_id)
);
CREATE UNIQUE INDEX routing_presets_name ON tollgate.routing_presets (tenant_id, name) WHERE deleted_at IS NULL;

-- The body as it was written (docs/presets.md): json keeps its order and its numbers.
CREATE TABLE tollgate.routing_preset_versions (
    preset_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    version int4 NOT NULL CHECK (version > 0),
    body json NOT NULL CHECK (length(body::text) <= 65536),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    PRIMARY KEY (preset_id, version),
    FOREIGN KEY (tenant_id, preset_id) REFERENCES tollgate.routing_presets (tenant_id, preset_id)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.routing_preset_versions
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();

-- The rules that hold for all of a tenant's requests. Without a row: as the defaults say.
CREATE TABLE tollgate.tenant_routing (
    tenant_id uuid PRIMARY KEY REFERENCES tollgate.tenants,
    continue_on_failure boolean NOT NULL DEFAULT false,  -- a stream goes on at another deployment, after content too
    hedge boolean NOT NULL DEFAULT false,                -- a second attempt beside one that is late
    strategy text CHECK (strategy ~ '^[a-z][a-z_-]{0,31}$'),  -- NULL: the gateway's own
    zdr boolean NOT NULL DEFAULT false,
    data_collection text NOT NULL DEFAULT 'allow' CHECK (data_collection IN ('allow', 'deny')),
    regions text[] CHECK (cardinality(regions) BETWEEN 1 AND 16),  -- NULL: anywhere
    preset_id uuid,
    revision int8 NOT NULL DEFAULT 1,
    FOREIGN KEY (tenant_id, preset_id) REFERENCES tollgate.routing_presets (tenant_id, preset_id)
);

-- The preset of requests that name none: the key's, else the project's, else the tenant's.
ALTER TABLE tollgate.projects
    ADD COLUMN preset_id uuid,
    ADD FOREIGN KEY (tenant_id, preset_id) REFERENCES tollgate.routing_presets (tenant_id, preset_id);
ALTER TABLE tollgate.api_keys
    ADD COLUMN preset_id uuid,
    ADD FOREIGN KEY (tenant_id, preset_id) REFERENCES tollgate.routing_presets (tenant_id, preset_id);
CREATE INDEX projects_preset ON tollgate.projects (preset_id) WHERE preset_id IS NOT NULL;
CREATE INDEX api_keys_preset ON tollgate.api_keys (preset_id) WHERE preset_id IS NOT NULL;

-- A deployment that is drained takes no new requests; those under way end. Probes are requests of our own, at most one
-- every so many seconds (0: none) and for at most so much a day and gateway.
ALTER TABLE tollgate.deployments
    ADD COLUMN drained_at timestamptz,
    ADD COLUMN drained_by text,
    ADD COLUMN drain_reason text CHECK (length(drain_reason) BETWEEN 1 AND 500),
    ADD COLUMN probe_interval_s int4 NOT NULL DEFAULT 0 CHECK (probe_interval_s = 0 OR probe_interval_s BETWEEN 5 AND 86400),
    ADD COLUMN probe_daily_cap_pico int8 NOT NULL DEFAULT 100000000000 CHECK (probe_daily_cap_pico >= 0),
    ADD CHECK ((drained_at IS NULL) = (drained_by IS NULL) AND (drained_at IS NULL) = (drain_reason IS NULL));

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['routing_presets', 'routing_preset_versions', 'tenant_routing'] LOOP
        EXECUTE format('ALTER TABLE tollgate.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE tollgate.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON tollgate.%I TO tollgate_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY gateway_reads ON tollgate.%I FOR SELECT TO tollgate_gateway USING (true)', t);
        EXECUTE format('CREATE POLICY tenant_only ON tollgate.%I TO tollgate_control
            USING (tollgate.is_operator() OR tenant_id = tollgate.current_tenant())
            WITH CHECK (tollgate.is_operator() OR tenant_id = tollgate.current_tenant())', t);
        EXECUTE format('GRANT SELECT ON tollgate.%I TO tollgate_gateway', t);
        EXECUTE format('GRANT SELECT, INSERT ON tollgate.%I TO tollgate_control', t);
    END LOOP;
    -- A new version always moves its preset on as well.
    FOREACH t IN ARRAY ARRAY['routing_presets', 'tenant_routing'] LOOP
        EXECUTE format('GRANT UPDATE ON tollgate.%I TO tollgate_control', t);
        EXECUTE format('CREATE TRIGGER announces AFTER INSERT OR UPDATE OR DELETE ON tollgate.%I
            FOR EACH STATEMENT EXECUTE FUNCTION tollgate.bump_snapshot()', t);
    END LOOP;
END $$;
