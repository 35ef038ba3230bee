-- The pages of usage and requests, quicker.

-- As before, without a query of its own for each row.
CREATE OR REPLACE FUNCTION tollgate.histogram_bound(p_counts int8[], p_percent int) RETURNS int8
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    n int8;
    total int8 := 0;
    upto int8 := 0;
    bound int8 := 8;
BEGIN
    FOREACH n IN ARRAY p_counts LOOP total := total + n; END LOOP;
    IF total = 0 THEN RETURN NULL; END IF;
    FOREACH n IN ARRAY p_counts LOOP
        upto := upto + n;
        IF upto * 100 >= total * p_percent THEN RETURN bound; END IF;
        bound := bound * 2;
    END LOOP;
    RETURN NULL;
END $$;

-- The dearest requests of a tenant, and those above a charge. Runs of tests/bench/events with and without it
-- differed by less than runs of the same did.
CREATE INDEX usage_events_charge ON tollgate.usage_events (tenant_id, charge_pico);
