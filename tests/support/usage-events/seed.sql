-- The tenants, keys, prices and leases that usage-events invents events of. psql variable: tenants.
-- Ids are made of a kind and a number, as in usage-events.c.
\set ON_ERROR_STOP on
\set QUIET on
CREATE FUNCTION pg_temp.id(kind int, n int) RETURNS uuid LANGUAGE sql AS $$
    SELECT ('01900000-0000-7000-8' || lpad(to_hex(kind), 3, '0') || '-' || lpad(to_hex(n), 12, '0'))::uuid
$$;
INSERT INTO tollgate.providers (provider, name) VALUES ('bench', 'Bench') ON CONFLICT DO NOTHING;
INSERT INTO tollgate.models (model, name, kind) SELECT 'bench/model-' || n, 'Model ' || n, 'chat'
  FROM generate_series(0, 19) n;
INSERT INTO tollgate.deployments (deployment_id, catalog_key, model, provider, upstream_id, failure_domain, dialect, base_url, auth)
SELECT pg_temp.id(1, n), 'bench:' || n, 'bench/model-' || n, 'bench', 'model-' || n, 'bench', 'openai', 'http://127.0.0.1', 'none'
  FROM generate_series(0, 19) n;
INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, effective, source, created_by)
SELECT pg_temp.id(b.kind, n), pg_temp.id(1, n), b.book, tstzrange('2020-01-01', NULL), 'bench', 'bench'
  FROM generate_series(0, 19) n, (VALUES (2, 'list'), (3, 'cost')) b(kind, book);
INSERT INTO tollgate.price_rates (price_version_id, meter, pico_per_unit)
SELECT pg_temp.id(b.kind, n), m.meter, m.pico * (n + 1)
  FROM generate_series(0, 19) n, (VALUES (2), (3)) b(kind), (VALUES ('input', 100000), ('output', 400000), ('cache_read', 25000)) m(meter, pico);
INSERT INTO tollgate.plan_versions (plan_version_id, plan, name, markup_ppm, effective, created_by)
VALUES (pg_temp.id(4, 0), 'bench', 'Bench', 50000, tstzrange('2020-01-01', NULL), 'bench');
INSERT INTO tollgate.tenants (tenant_id, name) SELECT pg_temp.id(5, n), 'Tenant ' || n FROM generate_series(0, :tenants - 1) n;
INSERT INTO tollgate.subscriptions (tenant_id, plan_version_id, effective)
SELECT pg_temp.id(5, n), pg_temp.id(4, 0), tstzrange('2020-01-01', NULL) FROM generate_series(0, :tenants - 1) n;
INSERT INTO tollgate.projects (project_id, tenant_id, name) SELECT pg_temp.id(6, n), pg_temp.id(5, n), 'Default' FROM generate_series(0, :tenants - 1) n;
INSERT INTO tollgate.api_keys (key_id, tenant_id, project_id, name, kind)
SELECT pg_temp.id(7, n), pg_temp.id(5, n), pg_temp.id(6, n), 'Key', 'live' FROM generate_series(0, :tenants - 1) n;
INSERT INTO tollgate.wallets (tenant_id, currency, prepaid_pico, held_pico, period_start)
SELECT pg_temp.id(5, n), 'USD', 1000000000000000000, 900000000000000000, date_trunc('month', now()) FROM generate_series(0, :tenants - 1) n;
INSERT INTO tollgate.gateways (gateway_id, host, version) VALUES (pg_temp.id(8, 0), 'bench', '0') ON CONFLICT DO NOTHING;
INSERT INTO tollgate.leases (lease_id, tenant_id, scope, scope_id, gateway_id, granted_pico, expires_at)
SELECT pg_temp.id(9, n), pg_temp.id(5, n), 'balance', pg_temp.id(5, n), pg_temp.id(8, 0), 900000000000000000, now() + interval '1 day'
  FROM generate_series(0, :tenants - 1) n;
-- The opening balance, so that wallets and ledger agree.
INSERT INTO tollgate.accounts (tenant_id, kind, currency)
SELECT pg_temp.id(5, n), k, 'USD' FROM generate_series(0, :tenants - 1) n, (VALUES ('prepaid'), ('cash')) a(k);
INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, effective_at) VALUES (pg_temp.id(10, 0), 'bench:opening', 'purchase', now());
INSERT INTO tollgate.ledger_entries (txn_id, account_id, tenant_id, currency, amount_pico)
SELECT pg_temp.id(10, 0), account_id, tenant_id, 'USD', CASE kind WHEN 'cash' THEN 1000000000000000000 ELSE -1000000000000000000 END
  FROM tollgate.accounts WHERE kind IN ('prepaid', 'cash') AND tenant_id IS NOT NULL;
