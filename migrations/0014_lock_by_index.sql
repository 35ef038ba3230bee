-- Locks the same rows in the same order as before, found by their keys however many wallets there are.
CREATE OR REPLACE FUNCTION tollgate.books_lock(p_tenants uuid[], p_leases uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = tollgate, pg_temp AS $$
BEGIN
    PERFORM 1 FROM wallets w
      WHERE w.tenant_id = ANY (ARRAY(SELECT unnest(p_tenants) UNION
                SELECT l.tenant_id FROM leases l WHERE l.lease_id = ANY (p_leases) AND l.scope = 'balance'))
      ORDER BY w.tenant_id FOR NO KEY UPDATE;
    PERFORM 1 FROM budgets b
      WHERE (b.scope, b.scope_id, b.window_start) IN (SELECT l.scope, l.scope_id, l.window_start FROM leases l
                                                       WHERE l.lease_id = ANY (p_leases) AND l.scope <> 'balance')
      ORDER BY b.scope, b.scope_id, b.window_start FOR NO KEY UPDATE;
    PERFORM 1 FROM leases l WHERE l.lease_id = ANY (p_leases) ORDER BY l.lease_id FOR NO KEY UPDATE;
END $$;
