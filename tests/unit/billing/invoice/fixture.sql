-- fixture: a database with two plans, a model with prices and tenants to be billed, and usage in it
-- as billing posts it.
--
-- One tenant per test keeps tests apart. Usage goes through test_use(), which writes an event, its
-- rollup, its ledger transaction and the wallet, with the charge rated by the test's own words.
CREATE FUNCTION test_id(kind int, n int) RETURNS uuid LANGUAGE sql AS $$
 SELECT ('01900000-0000-7000-8' || lpad(to_hex(kind), 3, '0') || '-'
  || lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE SEQUENCE test_events;
CREATE FUNCTION test_event_id(at timestamptz) RETURNS uuid LANGUAGE sql AS $$
 SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::int8), 12, '0') || '7000'
  || '8000' || lpad(to_hex(nextval('test_events')), 12, '0'))::uuid $$;
INSERT INTO tollgate.providers (provider, name) VALUES ('acme', 'Acme');
INSERT INTO tollgate.models (model, name, kind) VALUES ('acme/one', 'One', 'chat');
INSERT INTO tollgate.deployments (deployment_id, catalog_key, model, provider, upstream_id,
 failure_domain, dialect, base_url, auth) VALUES (test_id(1, 0), 'acme:one', 'acme/one',
 'acme', 'one', 'acme', 'openai', 'http://127.0.0.1', 'none');
INSERT INTO tollgate.price_versions (price_version_id, deployment_id, book, effective, source,
 created_by) VALUES (test_id(2, 0), test_id(1, 0), 'list', tstzrange('2020-01-01', NULL),
 'test', 'test');
INSERT INTO tollgate.price_rates (price_version_id, meter, pico_per_unit) VALUES
 (test_id(2, 0), 'input', 2000000), (test_id(2, 0), 'output', 8000000);
INSERT INTO tollgate.plan_versions (plan_version_id, plan, name, markup_ppm,
 monthly_fee_minor, volume_threshold_pico, volume_discount_ppm, effective, created_by) VALUES
 (test_id(4, 0), 'free', 'Free', 100000, 0, NULL, 0, tstzrange('2020-01-01', NULL), 'test'),
 (test_id(4, 1), 'pro', 'Pro', 50000, 999, 1000000000000000, 20000,
  tstzrange('2020-01-01', NULL), 'test');
CREATE FUNCTION test_tenant(n int, mode text, plan int) RETURNS void LANGUAGE sql AS $$
 INSERT INTO tollgate.tenants (tenant_id, name, billing_mode)
  VALUES (test_id(5, n), 'Tenant ' || n, mode);
 INSERT INTO tollgate.subscriptions VALUES (test_id(5, n), test_id(4, plan),
  tstzrange('2026-01-01', NULL));
 INSERT INTO tollgate.projects (project_id, tenant_id, name)
  VALUES (test_id(6, n), test_id(5, n), 'Default');
 INSERT INTO tollgate.api_keys (key_id, tenant_id, project_id, name, kind)
  VALUES (test_id(7, n), test_id(5, n), test_id(6, n), '=key, "' || n || '"', 'live');
 INSERT INTO tollgate.wallets (tenant_id, currency, period_start)
  VALUES (test_id(5, n), 'USD', '2026-10-01T00:00:00Z');
 INSERT INTO tollgate.accounts (tenant_id, kind, currency) SELECT test_id(5, n), k, 'USD'
  FROM unnest(ARRAY['cash', 'prepaid', 'accrued', 'rev_usage']) k $$;
CREATE FUNCTION test_post(n int, debit text, credit text, pico numeric, period int,
 p_kind text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE txn uuid := gen_random_uuid();
BEGIN
 INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, effective_at)
  VALUES (txn, txn::text, p_kind, now());
 IF pico <> 0 THEN
  INSERT INTO tollgate.ledger_entries (txn_id, account_id, tenant_id, currency, period_no,
   amount_pico) SELECT txn, account_id, tenant_id, 'USD', period,
   CASE a.kind WHEN debit THEN pico ELSE -pico END FROM tollgate.accounts a
   WHERE tenant_id = test_id(5, n) AND a.kind IN (debit, credit);
 END IF;
 RETURN txn;
END $$;
CREATE FUNCTION test_buy(n int, pico numeric) RETURNS void LANGUAGE sql AS $$
 SELECT test_post(n, 'cash', 'prepaid', pico, 0, 'purchase');
 UPDATE tollgate.wallets SET prepaid_pico = prepaid_pico + pico
  WHERE tenant_id = test_id(5, n) $$;
CREATE FUNCTION test_use(n int, plan int, at timestamptz, tokens_in int8, tokens_out int8,
 charge int8, is_late bool) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE w tollgate.wallets; event uuid := test_event_id(at); txn uuid; base int8;
 pays text := 'prepaid'; hourly uuid;
BEGIN
 PERFORM tollgate.ensure_partitions(tollgate.uuid7_day(event), tollgate.uuid7_day(event));
 SELECT * INTO w FROM tollgate.wallets WHERE tenant_id = test_id(5, n);
 IF (SELECT billing_mode FROM tollgate.tenants WHERE tenant_id = test_id(5, n)) = 'postpaid'
  THEN pays := 'accrued'; END IF;
 base := tokens_in * 2000000 + tokens_out * 8000000;
 txn := test_post(n, pays, 'rev_usage', charge, w.period_no, 'usage');
 INSERT INTO tollgate.usage_events (event_id, event_day, tenant_id, project_id, key_id,
  gateway_id, event_time, period_no, late, model_asked, model, deployment_id, outcome,
  usage_from, input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
  output_tokens, reasoning_tokens, price_version_id, plan_version_id, cost_pico, base_pico,
  charge_pico, told_pico, source_id, source_segment, source_offset, txn_id)
 VALUES (event, tollgate.uuid7_day(event), test_id(5, n), test_id(6, n), test_id(7, n),
  test_id(8, 0), at, w.period_no, is_late, 'one', 'acme/one', test_id(1, 0), 1, 1, tokens_in,
  0, 0, 0, tokens_out, 0, test_id(2, 0), test_id(4, plan), base / 2, base, charge, charge, 1,
  0, nextval('test_events'), txn);
 hourly := md5(concat(n, plan, date_trunc('hour', at), w.period_no, is_late))::uuid;
 INSERT INTO tollgate.usage_hourly SELECT date_trunc('hour', at), hourly, test_id(5, n),
  test_id(6, n), test_id(7, n), w.period_no, is_late, 'acme/one', test_id(1, 0), 1,
  'standard', false, false, test_id(2, 0), NULL, test_id(4, plan), 0, 1, 1, 0, tokens_in, 0,
  0, 0, tokens_out, 0, NULL, base, 0, charge, base / 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 ON CONFLICT (hour, grain) DO UPDATE SET requests = usage_hourly.requests + 1,
  input_tokens = usage_hourly.input_tokens + excluded.input_tokens,
  output_tokens = usage_hourly.output_tokens + excluded.output_tokens,
  base_pico = usage_hourly.base_pico + excluded.base_pico,
  cost_pico = usage_hourly.cost_pico + excluded.cost_pico,
  charge_pico = usage_hourly.charge_pico + excluded.charge_pico;
 IF pays = 'accrued' THEN
  UPDATE tollgate.wallets SET accrued_pico = accrued_pico + charge
   WHERE tenant_id = test_id(5, n);
 ELSE
  UPDATE tollgate.wallets SET prepaid_pico = prepaid_pico - charge
   WHERE tenant_id = test_id(5, n);
 END IF;
 RETURN event;
END $$;
