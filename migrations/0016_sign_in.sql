-- What sessions and the lockout need besides: tokens that follow from one another, and a window in which failures count.

ALTER TABLE tollgate.sessions
    -- What the next token and the x-csrf-token are derived with; worth nothing without the token.
    ADD COLUMN secret bytea NOT NULL CHECK (length(secret) = 32);
-- All sessions of a person, ended ones too: when it was seen last.
DROP INDEX tollgate.sessions_person;
CREATE INDEX sessions_person ON tollgate.sessions (coalesce(operator_id, member_id), seen_at);
-- A tenant's members end sessions of their colleagues: when a password is reset, when one is disabled.
CREATE POLICY tenant_only ON tollgate.sessions TO tollgate_control
    USING (tenant_id = tollgate.current_tenant()) WITH CHECK (tenant_id = tollgate.current_tenant());

ALTER TABLE tollgate.login_failures
    ADD COLUMN since timestamptz NOT NULL DEFAULT now();
