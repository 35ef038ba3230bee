-- Every mutation, hash-chained: each row's hash covers the one before it.
CREATE TABLE tollgate.audit_log (
    seq int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    tenant_id uuid,
    actor text NOT NULL,
    address text,
    action text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();
CREATE FUNCTION tollgate.audit(p_tenant uuid, p_actor text, p_address text, p_action text, p_subject text,
        p_before jsonb, p_after jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
DECLARE
    previous bytea;
    stamp timestamptz := clock_timestamp();
BEGIN
    PERFORM pg_advisory_xact_lock(7014116);
    SELECT a.hash INTO previous FROM audit_log a ORDER BY a.seq DESC LIMIT 1;
    previous := coalesce(previous, '\x'::bytea);
    INSERT INTO audit_log (at, tenant_id, actor, address, action, subject, before, after, prev_hash, hash)
    VALUES (stamp, p_tenant, p_actor, p_address, p_action, p_subject, p_before, p_after, previous,
            sha256(previous || convert_to(concat_ws(E'\x1f', extract(epoch from stamp)::text, p_tenant::text, p_actor,
                p_address, p_action, p_subject, p_before::text, p_after::text), 'UTF8')));
END $$;
