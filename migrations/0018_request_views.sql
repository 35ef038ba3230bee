-- What the pages of usage and requests are read by.

-- The upper bound in ms of the bucket that holds the p_percent-th of a histogram of a rollup: bucket k counts what
-- took less than 8 * 2^k ms. The last one has no bound: its answer, 262144, means at least 131072. NULL of nothing.
CREATE FUNCTION tollgate.histogram_bound(p_counts int8[], p_percent int) RETURNS int8
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 8::int8 << (b.k - 1)::int
      FROM (SELECT k, sum(n) OVER (ORDER BY k) AS upto, sum(n) OVER () AS total
              FROM unnest(p_counts) WITH ORDINALITY AS u(n, k)) b
     WHERE b.total > 0 AND b.upto * 100 >= b.total * p_percent
     ORDER BY b.k LIMIT 1
$$;

-- When billing last had all of a source posted; beside last_event_at, which is of a source it is behind with.
ALTER TABLE tollgate.sources ADD COLUMN caught_up_at timestamptz;
UPDATE tollgate.sources SET caught_up_at = measured_at WHERE behind = 0;

-- Usage that ended before this time is posted, as far as the database knows. The least over what may still bring
-- some: of a source, when billing last had all of it, or the newest event that it has of it; of a gateway that is
-- not heard of, when it was heard of last, because what it served since lies in its journal. A journal that billing
-- no longer lists, and was at the end of, is one whose gateway deleted it. NULL: a source was never read to its end.
-- A tenant may ask: it tells no amounts.
CREATE FUNCTION tollgate.usage_fresh_at() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = tollgate, pg_temp AS $$
    WITH measured AS (SELECT max(measured_at) AS at FROM sources),
    known AS (
        SELECT greatest(s.caught_up_at, s.last_event_at) AS at FROM sources s, measured m
         WHERE s.state IN ('active', 'stopped')
           AND (s.kind = 'journal' AND s.behind = 0 AND s.measured_at < m.at - interval '5 seconds') IS NOT TRUE)
    SELECT CASE WHEN bool_or(k.at IS NULL) THEN NULL
           ELSE least(min(k.at), (SELECT min(g.seen_at) FROM gateways g
                                   WHERE g.state = 'active' AND g.seen_at < now() - interval '15 seconds')) END
      FROM known k
$$;

-- A call is looked for by the id that its client gave it. Only few give one, so that the index costs nothing else.
CREATE INDEX request_log_client_request ON tollgate.request_log (client_request_id)
    WHERE client_request_id IS NOT NULL;

REVOKE ALL ON FUNCTION tollgate.histogram_bound, tollgate.usage_fresh_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tollgate.histogram_bound, tollgate.usage_fresh_at TO tollgate_control;
