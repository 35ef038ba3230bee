-- What operators do to the catalog by hand, and how deployments are found again in what was logged.

-- An operator retired it: imports leave it so, although their file has it.
ALTER TABLE tollgate.models ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
ALTER TABLE tollgate.deployments ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;
ALTER TABLE tollgate.models ADD CHECK (NOT withdrawn OR status = 'retired');
ALTER TABLE tollgate.deployments ADD CHECK (NOT withdrawn OR status = 'retired');

-- A sealed secret is a nonce of 12 bytes, at least one byte and a tag of 16; what it is for is never empty.
ALTER TABLE tollgate.provider_credentials
    ADD CHECK (length(sealed) > 28),
    ADD CHECK (length(name) BETWEEN 1 AND 200),
    ADD CHECK (origin <> '');
CREATE INDEX provider_credentials_provider ON tollgate.provider_credentials (provider);

-- The typed form of an id, as it stands in logs and answers: prefix, underscore, 26 digits of Crockford's base 32.
CREATE FUNCTION tollgate.typed_id(p_prefix text, p_id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT p_prefix || '_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz',
                                                substr(b.bits, 5 * i + 1, 5)::bit(5)::int + 1, 1), '' ORDER BY i)
      FROM (SELECT '00' || ('x' || replace(p_id::text, '-', ''))::bit(128)::text AS bits) b,
           generate_series(0, 25) AS i
$$;
REVOKE ALL ON FUNCTION tollgate.typed_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tollgate.typed_id TO tollgate_control;
