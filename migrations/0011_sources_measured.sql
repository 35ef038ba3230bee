-- How far each source is behind, as the billing process that reads it saw it last: closing a period waits for that.
ALTER TABLE tollgate.sources
    ADD COLUMN behind int8 CHECK (behind >= 0),  -- messages (kafka) or bytes (journal) that are not posted yet
    ADD COLUMN measured_at timestamptz;          -- when that was seen; NULL: never
