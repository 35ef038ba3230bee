-- Leases: allowances of a balance or a budget, held by one gateway. docs/leases.md tells the protocol;
-- tests/spin/lease.pml is its model. The functions are all that a gateway may do here.
--
-- Lock order, the same on every path, so that no two of them wait for each other in a ring:
--   1. wallets by tenant_id, 2. budgets by scope, scope_id, window_start, 3. leases by lease_id,
--   4. credit_grants, only those of a tenant whose wallet is locked.
-- Billing takes them at the very end of a batch, after its events, rollups and dead letters (books_lock), so
-- that grants wait for no more than those last statements. An UPDATE with a join takes rows in any order: who
-- changes several locks them in order first.
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
    CHECK (returned_pico <= granted_pico),
    CHECK ((closed_count IS NULL) = (closed_pico IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX leases_open ON tollgate.leases (scope, scope_id, window_start) WHERE state IN ('open', 'closing');
CREATE INDEX leases_gateway ON tollgate.leases (gateway_id) WHERE state IN ('open', 'closing');

-- What a lease still holds of its scope.
CREATE FUNCTION tollgate.lease_hold(l tollgate.leases) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN l.state IN ('closed', 'lost') THEN 0
           ELSE greatest(l.granted_pico - l.returned_pico - l.posted_pico, 0) END
$$;

-- Grants a lease once: asking again with the same id answers what was granted then, so a lost answer of a
-- COMMIT neither orphans nor doubles it; of one that has ended it answers 0. Grants max(need, min(recent, free / 8)), or nothing when `need`
-- does not fit (then granted is 0, free_pico tells what would, and holders are asked to give back).
CREATE FUNCTION tollgate.lease_grant(p_lease uuid, p_gateway uuid, p_tenant uuid, p_scope text, p_scope_id uuid,
        p_window_start timestamptz, p_limit numeric, p_need int8, p_recent int8, p_life interval,
        OUT granted int8, OUT free_pico numeric, OUT held_pico numeric)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
#variable_conflict use_column
DECLARE
    size int8;
BEGIN
    SELECT CASE l.state WHEN 'open' THEN l.granted_pico ELSE 0 END, 0, 0 INTO granted, free_pico, held_pico
      FROM leases l WHERE l.lease_id = p_lease;
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
    SELECT CASE l.state WHEN 'open' THEN l.granted_pico ELSE 0 END INTO size FROM leases l WHERE l.lease_id = p_lease;
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

-- Ends a lease that a gateway wrote down but was never granted, as far as the database knows: its close came and
-- there is no such row. The row that this leaves makes a grant that is still on its way answer 0. True when it
-- was so; false when the lease exists.
CREATE FUNCTION tollgate.lease_bury(p_lease uuid, p_gateway uuid, p_tenant uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    WITH made AS (
        INSERT INTO leases (lease_id, tenant_id, scope, scope_id, gateway_id, granted_pico, closed_count, closed_pico,
                state, expires_at, closed_at)
        SELECT p_lease, t.tenant_id, 'balance', t.tenant_id, g.gateway_id, 0, 0, 0, 'closed', now(), now()
          FROM tenants t, gateways g WHERE t.tenant_id = p_tenant AND g.gateway_id = p_gateway
        ON CONFLICT (lease_id) DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM made)
$$;

-- Renews what is open and notes what the gateway reports, for display. Answers the ids still open. The rows are
-- locked in the order of their ids first: an UPDATE with a join takes them in any order.
CREATE FUNCTION tollgate.lease_renew(p_gateway uuid, p_leases uuid[], p_spent int8[], p_reserved int8[], p_life interval)
    RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    WITH mine AS MATERIALIZED (
        SELECT l.lease_id FROM leases l
         WHERE l.lease_id = ANY (p_leases) AND l.gateway_id = p_gateway AND l.state = 'open'
         ORDER BY l.lease_id FOR UPDATE)
    UPDATE leases l SET expires_at = now() + p_life, reported_spent_pico = r.spent, reported_reserved_pico = r.reserved
      FROM mine m JOIN unnest(p_leases, p_spent, p_reserved) AS r(lease_id, spent, reserved) USING (lease_id)
     WHERE l.lease_id = m.lease_id
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
    IF l.scope = 'balance' THEN
        PERFORM 1 FROM wallets WHERE tenant_id = l.tenant_id FOR UPDATE;
    ELSE
        PERFORM 1 FROM budgets WHERE scope = l.scope AND scope_id = l.scope_id AND window_start = l.window_start FOR UPDATE;
    END IF;
    -- What stood there before the wait may have changed in it.
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

-- A gateway says that it is there, once a second. One that was away, or declared lost, comes back so; the leases
-- that were taken from it stay lost, and it learns so from lease_renew.
CREATE FUNCTION tollgate.gateway_report(p_gateway uuid, p_host text, p_version text, p_state text, p_report jsonb)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    INSERT INTO gateways (gateway_id, host, version, state, report) VALUES (p_gateway, p_host, p_version, p_state, p_report)
    ON CONFLICT (gateway_id) DO UPDATE SET seen_at = now(), state = excluded.state, report = excluded.report,
        host = excluded.host, version = excluded.version
$$;

-- Locks all that a change of these tenants' wallets and of these leases touches, in the order above.
CREATE FUNCTION tollgate.books_lock(p_tenants uuid[], p_leases uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = tollgate, pg_temp AS $$
BEGIN
    PERFORM 1 FROM wallets w
      WHERE w.tenant_id = ANY (p_tenants)
         OR w.tenant_id IN (SELECT l.tenant_id FROM leases l WHERE l.lease_id = ANY (p_leases) AND l.scope = 'balance')
      ORDER BY w.tenant_id FOR NO KEY UPDATE;
    PERFORM 1 FROM budgets b
      WHERE (b.scope, b.scope_id, b.window_start) IN (SELECT l.scope, l.scope_id, l.window_start FROM leases l
                                                       WHERE l.lease_id = ANY (p_leases) AND l.scope <> 'balance')
      ORDER BY b.scope, b.scope_id, b.window_start FOR NO KEY UPDATE;
    PERFORM 1 FROM leases l WHERE l.lease_id = ANY (p_leases) ORDER BY l.lease_id FOR NO KEY UPDATE;
END $$;

-- Lowers what scopes hold by the rest of these leases and ends them in `p_state`. The caller has locked
-- them all (books_lock).
CREATE FUNCTION tollgate.lease_free(p_leases uuid[], p_state text) RETURNS numeric
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
DECLARE
    part record;
    freed numeric := 0;
BEGIN
    IF p_state NOT IN ('closed', 'lost') THEN RAISE EXCEPTION 'a lease is not freed into %', p_state; END IF;
    FOR part IN SELECT l.scope, l.scope_id, l.window_start, sum(lease_hold(l)) AS hold
                  FROM leases l WHERE l.lease_id = ANY (p_leases) AND l.scope <> 'balance' AND l.state IN ('open', 'closing')
                 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LOOP
        UPDATE budgets b SET held_pico = greatest(b.held_pico - part.hold, 0)
         WHERE b.scope = part.scope AND b.scope_id = part.scope_id AND b.window_start = part.window_start;
        freed := freed + part.hold;
    END LOOP;
    FOR part IN SELECT l.tenant_id, sum(lease_hold(l)) AS hold
                  FROM leases l WHERE l.lease_id = ANY (p_leases) AND l.scope = 'balance' AND l.state IN ('open', 'closing')
                 GROUP BY 1 ORDER BY 1 LOOP
        UPDATE wallets w SET held_pico = greatest(w.held_pico - part.hold, 0) WHERE w.tenant_id = part.tenant_id;
        freed := freed + part.hold;
    END LOOP;
    UPDATE leases l SET state = p_state, closed_at = now()
     WHERE l.lease_id = ANY (p_leases) AND l.state IN ('open', 'closing');
    RETURN freed;
END $$;

-- Frees the holds of a gateway that stays away without its journal: see docs/leases.md. With `p_after` it does so only
-- for one not seen for that long, time in which Postgres itself was down not counted; without, an operator
-- decided it. Never before its leases have expired, for until then the gateway may go on spending them, unless
-- `p_force`. Answers the leases freed and their sum; no row when the gateway is not to be declared lost.
CREATE FUNCTION tollgate.gateway_declare_lost(p_gateway uuid, p_after interval, p_force boolean,
        OUT leases_freed int8, OUT freed_pico numeric) RETURNS SETOF record
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
DECLARE
    g gateways;
    ids uuid[];
BEGIN
    SELECT * INTO g FROM gateways WHERE gateway_id = p_gateway;
    IF NOT FOUND OR (p_after IS NOT NULL AND now() - greatest(g.seen_at, pg_postmaster_start_time()) < p_after) THEN
        RETURN;
    END IF;
    IF NOT p_force AND EXISTS (SELECT 1 FROM leases l WHERE l.gateway_id = p_gateway AND l.state IN ('open', 'closing')
                                  AND l.expires_at > now()) THEN
        RETURN;
    END IF;
    SELECT coalesce(array_agg(l.lease_id), '{}') INTO ids FROM leases l
     WHERE l.gateway_id = p_gateway AND l.state IN ('open', 'closing');
    PERFORM books_lock('{}', ids);
    -- It may have renewed, and billing may have closed, while we waited for the rows.
    IF NOT p_force AND EXISTS (SELECT 1 FROM leases l WHERE l.lease_id = ANY (ids) AND l.state IN ('open', 'closing')
                                  AND l.expires_at > now()) THEN
        RETURN;
    END IF;
    SELECT count(*) INTO leases_freed FROM leases l WHERE l.lease_id = ANY (ids) AND l.state IN ('open', 'closing');
    freed_pico := lease_free(ids, 'lost');
    UPDATE gateways SET state = 'lost' WHERE gateway_id = p_gateway;
    RETURN NEXT;
END $$;
