-- Row-level security on every table that has a tenant, and each role the least it needs.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
             WHERE n.nspname = 'tollgate' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        EXECUTE format('ALTER TABLE tollgate.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE tollgate.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON tollgate.%I TO tollgate_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY billing_all ON tollgate.%I TO tollgate_billing USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY tenant_only ON tollgate.%I TO tollgate_control
            USING (tollgate.is_operator() OR tenant_id = tollgate.current_tenant())
            WITH CHECK (tollgate.is_operator() OR tenant_id = tollgate.current_tenant())', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['tenants', 'projects', 'api_keys', 'api_key_secrets', 'provider_credentials',
                             'price_versions', 'subscriptions'] LOOP
        EXECUTE format('CREATE POLICY gateway_reads ON tollgate.%I FOR SELECT TO tollgate_gateway USING (true)', t);
    END LOOP;
END $$;
-- A contract's price is its tenant's; everybody's list price is every tenant's; what we pay is ours. Without a
-- tenant nothing is seen.
DROP POLICY tenant_only ON tollgate.price_versions;
CREATE POLICY operators_write ON tollgate.price_versions TO tollgate_control
    USING (tollgate.is_operator()) WITH CHECK (tollgate.is_operator());
CREATE POLICY list_prices ON tollgate.price_versions FOR SELECT TO tollgate_control
    USING (book = 'list' AND (tenant_id = tollgate.current_tenant()
                              OR (tenant_id IS NULL AND tollgate.current_tenant() IS NOT NULL)));

-- A tenant does not give itself a plan, credit, a limit or another status.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tenants', 'subscriptions', 'wallets', 'budgets', 'accounts', 'ledger_txns', 'ledger_entries',
                             'credit_grants'] LOOP
        EXECUTE format('DROP POLICY tenant_only ON tollgate.%I', t);
        EXECUTE format('CREATE POLICY operators_write ON tollgate.%I TO tollgate_control
            USING (tollgate.is_operator()) WITH CHECK (tollgate.is_operator())', t);
        EXECUTE format('CREATE POLICY tenant_reads ON tollgate.%I FOR SELECT TO tollgate_control
            USING (tenant_id = tollgate.current_tenant())', t);
    END LOOP;

    -- Tables without a tenant that are the operators' alone.
    FOREACH t IN ARRAY ARRAY['operators', 'settings', 'sources', 'gateways', 'document_counters', 'event_voids',
                             'price_rates', 'plan_versions', 'plan_provider_discounts'] LOOP
        EXECUTE format('ALTER TABLE tollgate.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE tollgate.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY owner_all ON tollgate.%I TO tollgate_owner USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY billing_all ON tollgate.%I TO tollgate_billing USING (true) WITH CHECK (true)', t);
        EXECUTE format('CREATE POLICY gateway_reads ON tollgate.%I FOR SELECT TO tollgate_gateway USING (true)', t);
        EXECUTE format('CREATE POLICY operators_only ON tollgate.%I TO tollgate_control
            USING (tollgate.is_operator()) WITH CHECK (tollgate.is_operator())', t);
    END LOOP;
END $$;
-- The rates and the plans of what a tenant may see; the policies of the tables asked decide.
CREATE POLICY list_prices ON tollgate.price_rates FOR SELECT TO tollgate_control
    USING (EXISTS (SELECT 1 FROM tollgate.price_versions v WHERE v.price_version_id = price_rates.price_version_id));
CREATE POLICY listed_plans ON tollgate.plan_versions FOR SELECT TO tollgate_control
    USING ((listed AND tollgate.current_tenant() IS NOT NULL)
           OR EXISTS (SELECT 1 FROM tollgate.subscriptions s WHERE s.plan_version_id = plan_versions.plan_version_id));
CREATE POLICY listed_plans ON tollgate.plan_provider_discounts FOR SELECT TO tollgate_control
    USING (EXISTS (SELECT 1 FROM tollgate.plan_versions p WHERE p.plan_version_id = plan_provider_discounts.plan_version_id));

-- The functions of btree_gist stay public: they are not ours to revoke, and indexes call them.
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname = 'tollgate' AND pg_has_role(p.proowner, 'USAGE')
                AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA tollgate TO tollgate_gateway, tollgate_billing, tollgate_control;
GRANT EXECUTE ON FUNCTION tollgate.uuid7_day, tollgate.current_tenant, tollgate.is_operator
    TO tollgate_gateway, tollgate_billing, tollgate_control;

GRANT SELECT ON tollgate.snapshot_version, tollgate.settings, tollgate.tenants, tollgate.projects, tollgate.api_keys,
    tollgate.api_key_secrets, tollgate.providers, tollgate.models, tollgate.model_aliases, tollgate.deployments,
    tollgate.provider_credentials, tollgate.meters, tollgate.price_versions, tollgate.price_rates,
    tollgate.plan_versions, tollgate.plan_provider_discounts, tollgate.subscriptions, tollgate.sources,
    tollgate.gateways TO tollgate_gateway;
GRANT EXECUTE ON FUNCTION tollgate.lease_grant, tollgate.lease_renew, tollgate.lease_give_back, tollgate.gateway_report
    TO tollgate_gateway;

GRANT SELECT ON ALL TABLES IN SCHEMA tollgate TO tollgate_billing;
REVOKE SELECT ON tollgate.operators, tollgate.members, tollgate.api_key_secrets, tollgate.provider_credentials
    FROM tollgate_billing;
GRANT INSERT ON tollgate.usage_events, tollgate.request_log, tollgate.ledger_txns, tollgate.ledger_entries,
    tollgate.accounts, tollgate.event_voids, tollgate.invoices, tollgate.invoice_lines, tollgate.reconcile_runs,
    tollgate.credit_grants TO tollgate_billing;
GRANT INSERT, UPDATE ON tollgate.sources, tollgate.usage_hourly, tollgate.usage_hourly_by, tollgate.dead_letters,
    tollgate.refusals, tollgate.document_counters, tollgate.leases, tollgate.budgets TO tollgate_billing;
GRANT UPDATE ON tollgate.wallets, tollgate.invoices, tollgate.credit_grants, tollgate.gateways TO tollgate_billing;
GRANT INSERT ON tollgate.gateways TO tollgate_billing;
GRANT DELETE ON tollgate.invoices, tollgate.invoice_lines TO tollgate_billing;
GRANT EXECUTE ON FUNCTION tollgate.ensure_partitions, tollgate.audit, tollgate.lease_hold, tollgate.lease_free,
    tollgate.lease_bury, tollgate.books_lock, tollgate.gateway_declare_lost TO tollgate_billing;

-- No partition exists yet, and none is ever granted by itself: reading one directly would pass by the policies of
-- its parent. Later migrations grant by name.
GRANT SELECT ON ALL TABLES IN SCHEMA tollgate TO tollgate_control;
GRANT INSERT, UPDATE ON tollgate.tenants, tollgate.projects, tollgate.members, tollgate.operators, tollgate.api_keys,
    tollgate.api_key_secrets, tollgate.providers, tollgate.models, tollgate.model_aliases, tollgate.deployments,
    tollgate.provider_credentials, tollgate.price_versions, tollgate.plan_versions, tollgate.subscriptions,
    tollgate.wallets, tollgate.settings TO tollgate_control;
GRANT INSERT ON tollgate.price_rates, tollgate.plan_provider_discounts, tollgate.accounts, tollgate.ledger_txns,
    tollgate.ledger_entries, tollgate.credit_grants TO tollgate_control;
GRANT DELETE ON tollgate.model_aliases TO tollgate_control;
GRANT EXECUTE ON FUNCTION tollgate.audit, tollgate.audit_first_broken, tollgate.lease_hold, tollgate.gateway_declare_lost
    TO tollgate_control;

-- What gateways see announces its changes.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['tenants', 'projects', 'api_keys', 'api_key_secrets', 'providers', 'models', 'model_aliases',
                             'deployments', 'provider_credentials', 'price_versions', 'price_rates', 'plan_versions',
                             'plan_provider_discounts', 'subscriptions', 'settings'] LOOP
        EXECUTE format('CREATE TRIGGER announces AFTER INSERT OR UPDATE OR DELETE ON tollgate.%I
            FOR EACH STATEMENT EXECUTE FUNCTION tollgate.bump_snapshot()', t);
    END LOOP;
END $$;
