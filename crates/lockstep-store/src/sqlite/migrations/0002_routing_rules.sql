-- A lender's own rules about channels; one row per lender, replaced as a whole.
CREATE TABLE routing_rules (
    bucket          INTEGER NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    rules           TEXT    NOT NULL,   -- C1
    updated_at      INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, tenant)
) STRICT;

-- Whether the borrower has agreed that this instrument may stand in for the others.
ALTER TABLE bindings ADD COLUMN
    stand_in        INTEGER NOT NULL DEFAULT 0 CHECK (stand_in IN (0, 1));   -- C1
CREATE INDEX bindings_standing_in ON bindings (bucket, borrower_id, id)
    WHERE stand_in = 1 AND unbound_at IS NULL;
