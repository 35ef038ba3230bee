-- Billing counts once a second what waits for an operator.
CREATE INDEX dead_letters_open ON tollgate.dead_letters (dead_letter_id) WHERE resolved_at IS NULL;
