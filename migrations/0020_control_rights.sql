-- What tenants do for themselves through the control plane, as narrow as it goes, and what its pages are found by.

-- A tenant names itself; nothing else of its row is its own. Locks the row until the transaction ends and answers its
-- revision; NULL when there is none that the caller may see.
CREATE FUNCTION tollgate.tenant_lock(p_tenant uuid) RETURNS int8
    LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    SELECT t.revision FROM tenants t
     WHERE t.tenant_id = p_tenant AND (is_operator() OR t.tenant_id = current_tenant())
       FOR NO KEY UPDATE
$$;
CREATE FUNCTION tollgate.tenant_rename(p_tenant uuid, p_name text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    WITH renamed AS (
        UPDATE tenants t SET name = p_name, revision = t.revision + 1
         WHERE t.tenant_id = p_tenant AND (is_operator() OR t.tenant_id = current_tenant())
        RETURNING 1)
    SELECT EXISTS (SELECT 1 FROM renamed)
$$;
REVOKE ALL ON FUNCTION tollgate.tenant_lock, tollgate.tenant_rename FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tollgate.tenant_lock, tollgate.tenant_rename TO tollgate_control;

-- A batch of usage is of many tenants: each sees that it was, when entries of its own are in it.
CREATE POLICY tenant_reads_batches ON tollgate.ledger_txns FOR SELECT TO tollgate_control
    USING (tenant_id IS NULL AND EXISTS (SELECT 1 FROM tollgate.ledger_entries e
                                          WHERE e.txn_id = ledger_txns.txn_id
                                            AND e.tenant_id = tollgate.current_tenant()));

-- A tenant's entries from the newest on, and what a key has used.
CREATE INDEX ledger_entries_tenant ON tollgate.ledger_entries (tenant_id, txn_id DESC, account_id DESC, period_no DESC);
CREATE INDEX usage_hourly_key ON tollgate.usage_hourly (key_id, hour);
