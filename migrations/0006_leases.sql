-- Leases: allowances of a balance or a budget, held by one gateway. docs/leases.md tells the protocol;
-- tests/spin/lease.pml is its model. The functions are all that a gateway may do here.
CREATE TABLE tollgate.gateways (
    gateway_id uuid PRIMARY KEY,
    host text NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped', 'away', 'recovered', 'lost')),
    report jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE tollgate.leases (
    lease_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tollgate.tenants,
    scope text NOT NULL CHECK (scope IN ('balance', 'key', 'project', 'end_user')),
    scope_id uuid NOT NULL,
    window_start timestamptz NOT NULL DEFAULT '-infinity',
    gateway_id uuid NOT NULL REFERENCES tollgate.gateways,
    granted_pico int8 NOT NULL CHECK (granted_pico >= 0),
    returned_pico int8 NOT NULL DEFAULT 0 CHECK (returned_pico >= 0),
    posted_pico numeric(38,0) NOT NULL DEFAULT 0,   -- charges of posted events that lowered the hold
    posted_count int8 NOT NULL DEFAULT 0,
    closed_count int8,                       -- from the LEASE closed record
    closed_pico numeric(38,0),
    reported_spent_pico int8 NOT NULL DEFAULT 0,
    reported_reserved_pico int8 NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closing', 'closed', 'lost')),
    opened_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    CHECK (returned_pico <= granted_pico)
) WITH (fillfactor = 70);
CREATE INDEX leases_open ON tollgate.leases (scope, scope_id, window_start) WHERE state IN ('open', 'closing');
CREATE INDEX leases_gateway ON tollgate.leases (gateway_id) WHERE state IN ('open', 'closing');

-- What a lease still holds of its scope.
CREATE FUNCTION tollgate.lease_hold(l tollgate.leases) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN l.state IN ('closed', 'lost') THEN 0
           ELSE greatest(l.granted_pico - l.returned_pico - l.posted_pico, 0) END
$$;

-- Grants a lease once: asking again with the same id answers what was granted then, so a lost answer of a
-- COMMIT neither orphans nor doubles it. Grants max(need, min(recent, free / 8)), or nothing when `need`
-- does not fit (then granted is 0, free_pico tells what would, and holders are asked to give back).
CREATE FUNCTION tollgate.lease_grant(p_lease uuid, p_gateway uuid, p_tenant uuid, p_scope text, p_scope_id uuid,
        p_window_start timestamptz, p_limit numeric, p_need int8, p_recent int8, p_life interval,
        OUT granted int8, OUT free_pico numeric, OUT held_pico numeric)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
#variable_conflict use_column
DECLARE
    size int8;
BEGIN
    SELECT l.granted_pico, 0, 0 INTO granted, free_pico, held_pico FROM leases l WHERE l.lease_id = p_lease;
    IF FOUND THEN RETURN; END IF;
    IF p_scope = 'balance' THEN
        SELECT w.promo_pico + w.prepaid_pico - w.accrued_pico - w.receivable_pico + w.credit_limit_pico - w.held_pico,
               w.held_pico INTO free_pico, held_pico
          FROM wallets w WHERE w.tenant_id = p_tenant FOR UPDATE;
    ELSE
        INSERT INTO budgets (scope, scope_id, window_start, tenant_id, limit_pico)
            VALUES (p_scope, p_scope_id, p_window_start, p_tenant, p_limit)
            ON CONFLICT (scope, scope_id, window_start) DO UPDATE SET limit_pico = excluded.limit_pico
                WHERE budgets.limit_pico <> excluded.limit_pico;
        SELECT b.limit_pico - b.spent_pico - b.held_pico, b.held_pico INTO free_pico, held_pico
          FROM budgets b WHERE b.scope = p_scope AND b.scope_id = p_scope_id AND b.window_start = p_window_start
          FOR UPDATE;
    END IF;
    IF free_pico IS NULL THEN free_pico := 0; held_pico := 0; END IF;
    -- The same id may have been granted while this call waited for the row.
    SELECT l.granted_pico INTO size FROM leases l WHERE l.lease_id = p_lease;
    IF FOUND THEN granted := size; RETURN; END IF;
    IF p_need <= 0 OR free_pico < p_need THEN
        granted := 0;
        PERFORM pg_notify('tollgate_give_back', p_scope || ' ' || p_scope_id::text);
        RETURN;
    END IF;
    size := greatest(p_need, least(p_recent, trunc(free_pico / 8), 9000000000000000000)::int8);
    INSERT INTO leases (lease_id, tenant_id, scope, scope_id, window_start, gateway_id, granted_pico, expires_at)
        VALUES (p_lease, p_tenant, p_scope, p_scope_id, p_window_start, p_gateway, size, now() + p_life);
    IF p_scope = 'balance' THEN
        UPDATE wallets w SET held_pico = w.held_pico + size WHERE w.tenant_id = p_tenant;
    ELSE
        UPDATE budgets b SET held_pico = b.held_pico + size
         WHERE b.scope = p_scope AND b.scope_id = p_scope_id AND b.window_start = p_window_start;
    END IF;
    granted := size;
    free_pico := free_pico - size;
    held_pico := held_pico + size;
END $$;

-- Renews what is open and notes what the gateway reports, for display. Answers the ids still open.
CREATE FUNCTION tollgate.lease_renew(p_gateway uuid, p_leases uuid[], p_spent int8[], p_reserved int8[], p_life interval)
    RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    UPDATE leases l SET expires_at = now() + p_life, reported_spent_pico = r.spent, reported_reserved_pico = r.reserved
      FROM (SELECT * FROM unnest(p_leases, p_spent, p_reserved) AS u(lease_id, spent, reserved) ORDER BY 1) r
     WHERE l.lease_id = r.lease_id AND l.gateway_id = p_gateway AND l.state = 'open'
    RETURNING l.lease_id
$$;

-- Gives back a part that no reservation touched. `p_total` is the sum ever returned of this lease, so that
-- the same message twice is one return. Answers what the hold was lowered by.
CREATE FUNCTION tollgate.lease_give_back(p_lease uuid, p_gateway uuid, p_total int8) RETURNS int8
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
DECLARE
    l leases;
    part int8;
BEGIN
    SELECT * INTO l FROM leases WHERE lease_id = p_lease AND gateway_id = p_gateway AND state = 'open';
    IF NOT FOUND THEN RETURN 0; END IF;
    -- The scope's row is locked before the lease's, the order that every other path takes.
    IF l.scope = 'balance' THEN
        PERFORM 1 FROM wallets WHERE tenant_id = l.tenant_id FOR UPDATE;
    ELSE
        PERFORM 1 FROM budgets WHERE scope = l.scope AND scope_id = l.scope_id AND window_start = l.window_start FOR UPDATE;
    END IF;
    SELECT * INTO l FROM leases WHERE lease_id = p_lease AND state = 'open' FOR UPDATE;
    IF NOT FOUND THEN RETURN 0; END IF;
    part := least(p_total, trunc(l.granted_pico - l.posted_pico))::int8 - l.returned_pico;
    IF part <= 0 THEN RETURN 0; END IF;
    UPDATE leases SET returned_pico = returned_pico + part WHERE lease_id = p_lease;
    IF l.scope = 'balance' THEN
        UPDATE wallets SET held_pico = held_pico - part WHERE tenant_id = l.tenant_id;
    ELSE
        UPDATE budgets SET held_pico = held_pico - part
         WHERE scope = l.scope AND scope_id = l.scope_id AND window_start = l.window_start;
    END IF;
    RETURN part;
END $$;

-- A gateway says that it is there, once a second.
CREATE FUNCTION tollgate.gateway_report(p_gateway uuid, p_host text, p_version text, p_state text, p_report jsonb)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    INSERT INTO gateways (gateway_id, host, version, state, report) VALUES (p_gateway, p_host, p_version, p_state, p_report)
    ON CONFLICT (gateway_id) DO UPDATE SET seen_at = now(), state = excluded.state, report = excluded.report
        WHERE gateways.state <> 'lost'
$$;
