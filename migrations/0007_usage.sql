-- Usage: money and ids in usage_events, everything else in request_log, sums in rollups.
CREATE TABLE tollgate.outcomes (
    outcome int2 PRIMARY KEY,
    name text NOT NULL UNIQUE
);
INSERT INTO tollgate.outcomes VALUES
    (1, 'finished'), (2, 'provider_failed'), (3, 'provider_died'), (4, 'client_left'), (5, 'client_left_early'),
    (6, 'crash'), (7, 'blank'), (8, 'cached'), (9, 'not_dispatched');

-- Where events come from: a partition of a topic of a cluster, or a journal. The next position to read moves
-- by compare-and-swap in the transaction that posts what stood before it.
CREATE TABLE tollgate.sources (
    source_id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('kafka', 'journal')),
    identity text NOT NULL UNIQUE,           -- kafka:<cluster>:<topic>:<partition> | journal:<uuid>
    topic text,
    part int4,
    next_segment int8 NOT NULL DEFAULT 0,    -- journals: segment number; Kafka: how many gaps were accepted
    next_offset int8 NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    mark bytea,                              -- Kafka: SHA-256 of the message before next_offset (docs/events.md)
    epoch int8 NOT NULL DEFAULT 0,
    events int8 NOT NULL DEFAULT 0,
    duplicates int8 NOT NULL DEFAULT 0,
    dead_letters int8 NOT NULL DEFAULT 0,
    others int8 NOT NULL DEFAULT 0,          -- lease records, refusals, progress
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped', 'drained', 'gone')),
    alarm text,
    last_event_at timestamptz,
    moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tollgate.usage_events (
    event_id uuid NOT NULL,
    event_day date NOT NULL,
    kind int2 NOT NULL DEFAULT 0 CHECK (kind IN (0, 1, 2)),  -- usage, void, adjustment
    corrects uuid,
    tenant_id uuid NOT NULL,
    project_id uuid NOT NULL,
    key_id uuid NOT NULL,
    gateway_id uuid NOT NULL,
    lease_id uuid,
    event_time timestamptz NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    period_no int4 NOT NULL,
    late boolean NOT NULL DEFAULT false,
    model_asked text NOT NULL,
    model text NOT NULL,
    deployment_id uuid,
    outcome int2 NOT NULL REFERENCES tollgate.outcomes,
    usage_from int2 NOT NULL,                -- 0 none, 1 provider, 2 counted, 3 crash
    mode text NOT NULL DEFAULT 'standard',
    byok boolean NOT NULL DEFAULT false,
    test boolean NOT NULL DEFAULT false,
    input_tokens int8 NOT NULL, cache_read_tokens int8 NOT NULL, cache_write_5m_tokens int8 NOT NULL,
    cache_write_1h_tokens int8 NOT NULL, output_tokens int8 NOT NULL, reasoning_tokens int8 NOT NULL,
    other_meters jsonb,
    context_tier int8 NOT NULL DEFAULT 0,
    price_version_id uuid,
    cost_version_id uuid,
    plan_version_id uuid,
    cost_pico int8 NOT NULL,
    base_pico int8 NOT NULL,
    discount_pico int8 NOT NULL DEFAULT 0,
    charge_pico int8 NOT NULL,               -- what the tenant pays
    told_pico int8 NOT NULL,                 -- what the client was told
    overrun_pico int8 NOT NULL DEFAULT 0,    -- ours: it exceeded its reservation or hold
    source_id int4 NOT NULL,
    source_segment int8 NOT NULL,
    source_offset int8 NOT NULL,
    txn_id uuid NOT NULL,                    -- the batch's ledger transaction
    PRIMARY KEY (event_id, event_day),
    CHECK (event_day = tollgate.uuid7_day(event_id)),
    CHECK (kind <> 0 OR (input_tokens >= 0 AND cache_read_tokens >= 0 AND cache_write_5m_tokens >= 0
        AND cache_write_1h_tokens >= 0 AND output_tokens >= 0 AND reasoning_tokens BETWEEN 0 AND output_tokens
        AND charge_pico >= 0 AND corrects IS NULL)),
    CHECK (kind = 0 OR corrects IS NOT NULL)
) PARTITION BY RANGE (event_day);
CREATE INDEX usage_events_tenant ON tollgate.usage_events (tenant_id, event_time);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tollgate.usage_events
    FOR EACH ROW EXECUTE FUNCTION tollgate.refuse_change();

CREATE TABLE tollgate.event_voids (
    corrects uuid PRIMARY KEY,               -- at most one void per event
    event_id uuid NOT NULL UNIQUE,
    reason text NOT NULL,
    actor text NOT NULL
);

-- What a person asks about a request; dropped by retention, holds no money.
CREATE TABLE tollgate.request_log (
    event_id uuid NOT NULL,
    event_day date NOT NULL,
    tenant_id uuid NOT NULL,
    key_id uuid NOT NULL,
    client_request_id text,
    provider_request_id text,
    app text, session_id text, end_user text, trace_id text, parent_id text,
    tags jsonb,
    attempts jsonb,
    usage_verbatim text,                     -- the provider's usage object as it came
    normaliser text,
    error text,
    first_token_ms int4,
    total_ms int4,
    overhead_us int4,
    PRIMARY KEY (event_id, event_day)
) PARTITION BY RANGE (event_day);

-- Partitions by UTC day, made ahead; there is no default one, so that a key is global and a day can always
-- be made. Answers how many were made.
CREATE FUNCTION tollgate.ensure_partitions(p_from date, p_to date) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
DECLARE
    d date := p_from;
    made int := 0;
    parent text;
BEGIN
    IF p_to - p_from > 400 THEN RAISE EXCEPTION 'more than 400 days asked for'; END IF;
    PERFORM pg_advisory_xact_lock(7014115);
    WHILE d <= p_to LOOP
        FOREACH parent IN ARRAY ARRAY['usage_events', 'request_log'] LOOP
            IF to_regclass(format('tollgate.%I', parent || '_' || to_char(d, 'YYYYMMDD'))) IS NULL THEN
                EXECUTE format('CREATE TABLE tollgate.%I PARTITION OF tollgate.%I FOR VALUES FROM (%L) TO (%L)',
                               parent || '_' || to_char(d, 'YYYYMMDD'), parent, d, d + 1);
                made := made + 1;
            END IF;
        END LOOP;
        d := d + 1;
    END LOOP;
    RETURN made;
END $$;

-- Grain: every member below; grain is their hash (made by billing), so that the key stays narrow.
-- Histograms: bucket k of first_NN counts events with a time to first token below 8 * 2^k ms, the last one the rest.
CREATE TABLE tollgate.usage_hourly (
    hour timestamptz NOT NULL,
    grain uuid NOT NULL,
    tenant_id uuid NOT NULL, project_id uuid NOT NULL, key_id uuid NOT NULL,
    period_no int4 NOT NULL,
    late boolean NOT NULL,
    model text NOT NULL, deployment_id uuid,
    outcome int2 NOT NULL, mode text NOT NULL, byok boolean NOT NULL, test boolean NOT NULL,
    price_version_id uuid, cost_version_id uuid, plan_version_id uuid,
    context_tier int8 NOT NULL,
    requests int8 NOT NULL, attempts int8 NOT NULL, counted int8 NOT NULL,
    input_tokens int8 NOT NULL, cache_read_tokens int8 NOT NULL, cache_write_5m_tokens int8 NOT NULL,
    cache_write_1h_tokens int8 NOT NULL, output_tokens int8 NOT NULL, reasoning_tokens int8 NOT NULL,
    other_meters jsonb,
    base_pico numeric(38,0) NOT NULL, discount_pico numeric(38,0) NOT NULL, charge_pico numeric(38,0) NOT NULL,
    cost_pico numeric(38,0) NOT NULL, overrun_pico numeric(38,0) NOT NULL,
    first_token_ms_sum int8 NOT NULL, total_ms_sum int8 NOT NULL,
    first_00 int4 NOT NULL, first_01 int4 NOT NULL, first_02 int4 NOT NULL, first_03 int4 NOT NULL,
    first_04 int4 NOT NULL, first_05 int4 NOT NULL, first_06 int4 NOT NULL, first_07 int4 NOT NULL,
    first_08 int4 NOT NULL, first_09 int4 NOT NULL, first_10 int4 NOT NULL, first_11 int4 NOT NULL,
    first_12 int4 NOT NULL, first_13 int4 NOT NULL, first_14 int4 NOT NULL, first_15 int4 NOT NULL,
    total_00 int4 NOT NULL, total_01 int4 NOT NULL, total_02 int4 NOT NULL, total_03 int4 NOT NULL,
    total_04 int4 NOT NULL, total_05 int4 NOT NULL, total_06 int4 NOT NULL, total_07 int4 NOT NULL,
    total_08 int4 NOT NULL, total_09 int4 NOT NULL, total_10 int4 NOT NULL, total_11 int4 NOT NULL,
    total_12 int4 NOT NULL, total_13 int4 NOT NULL, total_14 int4 NOT NULL, total_15 int4 NOT NULL,
    PRIMARY KEY (hour, grain)
) WITH (fillfactor = 70);
CREATE INDEX usage_hourly_tenant ON tollgate.usage_hourly (tenant_id, hour);
CREATE INDEX usage_hourly_period ON tollgate.usage_hourly (tenant_id, period_no);

-- By end user, by session, and by one tag at a time.
CREATE TABLE tollgate.usage_hourly_by (
    hour timestamptz NOT NULL,
    grain uuid NOT NULL,
    tenant_id uuid NOT NULL,
    dimension text NOT NULL,                 -- end_user | session | tag:<key>
    value text NOT NULL,
    requests int8 NOT NULL, input_tokens int8 NOT NULL, output_tokens int8 NOT NULL,
    charge_pico numeric(38,0) NOT NULL,
    PRIMARY KEY (hour, grain)
) WITH (fillfactor = 70);
CREATE INDEX usage_hourly_by_tenant ON tollgate.usage_hourly_by (tenant_id, dimension, hour);

CREATE TABLE tollgate.dead_letters (
    dead_letter_id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id int4 NOT NULL REFERENCES tollgate.sources,
    source_segment int8 NOT NULL,
    source_offset int8 NOT NULL,
    event_id uuid,
    tenant_id uuid,
    reason text NOT NULL,                    -- decode | validate | rate | no_partition | unknown_version | conflict | quarantine
    detail text NOT NULL,
    payload bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolution text,
    UNIQUE (source_id, source_segment, source_offset)
);

-- Lossy counts of refused requests, for consoles and limits.
CREATE TABLE tollgate.refusals (
    minute timestamptz NOT NULL,
    tenant_id uuid NOT NULL,
    key_id uuid NOT NULL,
    code text NOT NULL,
    requests int8 NOT NULL,
    PRIMARY KEY (minute, key_id, code)
);
