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
-- A JSON array keeps the members apart, absent ones too, whatever they hold.
CREATE FUNCTION tollgate.audit_hash(p_previous bytea, p_at timestamptz, p_tenant uuid, p_actor text, p_address text,
        p_action text, p_subject text, p_before jsonb, p_after jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(p_previous || convert_to(jsonb_build_array((extract(epoch from p_at) * 1000000)::int8, p_tenant, p_actor,
        p_address, p_action, p_subject, p_before, p_after)::text, 'UTF8'))
$$;
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
            audit_hash(previous, stamp, p_tenant, p_actor, p_address, p_action, p_subject, p_before, p_after));
END $$;

-- The sequence number of the first row whose hash or whose link to the row before is not right; NULL when all are.
CREATE FUNCTION tollgate.audit_first_broken() RETURNS int8
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    SELECT seq FROM (
        SELECT a.*, lag(a.hash, 1, '\x'::bytea) OVER (ORDER BY a.seq) AS before_hash FROM audit_log a) l
     WHERE l.prev_hash <> l.before_hash
        OR l.hash <> audit_hash(l.prev_hash, l.at, l.tenant_id, l.actor, l.address, l.action, l.subject, l.before, l.after)
     ORDER BY seq LIMIT 1
$$;
