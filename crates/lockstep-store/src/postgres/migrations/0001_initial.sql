-- Every row of a borrower carries `bucket` first in its primary key, so the same schema can be distributed by it.
-- Each column ends with its data class: C1 internal, C2 personal (only masked or encrypted), C3 never at rest.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids and counters are 64 bits or text.

CREATE TABLE tenants (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    name            TEXT COLLATE "C" NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    settings        TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);

CREATE TABLE api_keys (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    hash            TEXT COLLATE "C" NOT NULL,   -- C1
    name            TEXT COLLATE "C" NOT NULL,   -- C1
    scopes          TEXT COLLATE "C" NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    revoked_at      BIGINT,            -- C1
    last_used_at    BIGINT,            -- C1
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, created_at, id);

CREATE TABLE endpoints (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    url             TEXT COLLATE "C" NOT NULL,   -- C1
    secrets         TEXT COLLATE "C" NOT NULL,   -- C1 encrypted by the caller
    kinds           TEXT COLLATE "C" NOT NULL,   -- C1
    enabled         BOOLEAN NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE INDEX endpoints_by_tenant ON endpoints (tenant, created_at, id);

CREATE TABLE borrowers (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    reference       TEXT COLLATE "C" NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX borrowers_by_reference ON borrowers (bucket, tenant, reference);
CREATE INDEX borrowers_by_tenant ON borrowers (tenant, created_at, id);

CREATE TABLE bindings (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    fingerprint     TEXT COLLATE "C" NOT NULL,   -- C2 keyed hash of the whole number
    unbound_at      BIGINT,            -- C1
    version         BIGINT NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL,   -- C2 number masked, the rest C1
    -- Whether the borrower has agreed that this instrument may stand in for the others.
    stand_in        BOOLEAN NOT NULL DEFAULT FALSE,   -- C1
    PRIMARY KEY (bucket, id)
);
-- An instrument is bound once per borrower until it is given up.
CREATE UNIQUE INDEX bindings_living ON bindings (bucket, borrower_id, fingerprint) WHERE unbound_at IS NULL;
CREATE INDEX bindings_by_tenant ON bindings (tenant, created_at, id);
CREATE INDEX bindings_by_borrower ON bindings (borrower_id, created_at, id);

CREATE TABLE orders (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    reference       TEXT COLLATE "C" NOT NULL,   -- C1
    status          TEXT COLLATE "C" NOT NULL CHECK (status IN ('open', 'collecting', 'collected', 'cancelled')),   -- C1
    due_at          BIGINT NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX orders_by_reference ON orders (bucket, borrower_id, reference);
CREATE INDEX orders_by_tenant ON orders (tenant, created_at, id);
CREATE INDEX orders_by_tenant_status ON orders (tenant, status, created_at, id);
CREATE INDEX orders_by_tenant_reference ON orders (tenant, reference, created_at, id);
CREATE INDEX orders_by_borrower ON orders (borrower_id, created_at, id);

CREATE TABLE payments (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    binding_id      TEXT COLLATE "C" NOT NULL,   -- C1
    order_id        TEXT COLLATE "C",               -- C1
    status          TEXT COLLATE "C" NOT NULL
        CHECK (status IN ('waiting', 'trying', 'unknown', 'succeeded', 'failed', 'cancelled')),   -- C1
    live            BOOLEAN NOT NULL CHECK (live = (status IN ('waiting', 'trying', 'unknown'))),   -- C1
    amount_minor    BIGINT NOT NULL CHECK (amount_minor > 0),   -- C1
    currency        TEXT COLLATE "C" NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    updated_at      BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
-- Money rule: at most one payment of an order is under way, whatever the program above believes.
CREATE UNIQUE INDEX payments_live ON payments (bucket, order_id) WHERE live AND order_id IS NOT NULL;
CREATE INDEX payments_by_tenant ON payments (tenant, created_at, id);
CREATE INDEX payments_by_tenant_status ON payments (tenant, status, created_at, id);
CREATE INDEX payments_by_borrower ON payments (borrower_id, created_at, id);
CREATE INDEX payments_by_order ON payments (order_id, created_at, id);

CREATE TABLE events (
    bucket          INTEGER NOT NULL,   -- C1
    entity_id       TEXT COLLATE "C" NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    at              BIGINT NOT NULL,   -- C1
    body            TEXT COLLATE "C" NOT NULL,   -- C2 numbers masked, the rest C1
    PRIMARY KEY (bucket, entity_id, version)
);

CREATE TABLE effects (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    kind            TEXT COLLATE "C" NOT NULL,   -- C1
    delivery        TEXT COLLATE "C" NOT NULL CHECK (delivery IN ('once', 'repeatable')),   -- C1
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('ready', 'sending')),   -- C1
    due_at          BIGINT NOT NULL,   -- C1
    sending_at      BIGINT,            -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    body            TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE INDEX effects_sending ON effects (id) WHERE state = 'sending';

CREATE TABLE deliveries (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    message         TEXT COLLATE "C" NOT NULL,   -- C1
    endpoint_id     TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    subject_id      TEXT COLLATE "C" NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    notice          TEXT COLLATE "C" NOT NULL,   -- C2 numbers masked, the rest C1
    tries           INTEGER NOT NULL,   -- C1
    due_at          BIGINT NOT NULL,   -- C1
    created_at      BIGINT NOT NULL,   -- C1
    updated_at      BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),   -- C1
    last_status     INTEGER,            -- C1
    PRIMARY KEY (bucket, id)
);
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (endpoint_id, subject_id, version) WHERE state = 'pending';
CREATE INDEX deliveries_by_tenant ON deliveries (tenant, created_at, id);
CREATE INDEX deliveries_by_tenant_state ON deliveries (tenant, state, created_at, id);

CREATE TABLE answers (
    bucket          INTEGER NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    key             TEXT COLLATE "C" NOT NULL,   -- C1
    fingerprint     TEXT COLLATE "C" NOT NULL,   -- C1
    status          INTEGER NOT NULL,   -- C1
    body            TEXT COLLATE "C" NOT NULL,   -- C1
    at              BIGINT NOT NULL,   -- C1
    PRIMARY KEY (bucket, tenant, key)
);
CREATE INDEX answers_by_age ON answers (at);

CREATE TABLE ledger_entries (
    bucket          INTEGER NOT NULL,   -- C1
    payment_id      TEXT COLLATE "C" NOT NULL,   -- C1
    line            INTEGER NOT NULL,   -- C1
    account         TEXT COLLATE "C" NOT NULL,   -- C1
    amount_minor    BIGINT NOT NULL CHECK (amount_minor <> 0),   -- C1
    currency        TEXT COLLATE "C" NOT NULL,   -- C1
    at              BIGINT NOT NULL,   -- C1
    PRIMARY KEY (bucket, payment_id, line)
);
CREATE INDEX ledger_sums ON ledger_entries (currency, amount_minor);

CREATE TABLE audit (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    at              BIGINT NOT NULL,   -- C1
    who             TEXT COLLATE "C" NOT NULL,   -- C1
    action          TEXT COLLATE "C" NOT NULL,   -- C1
    subject         TEXT COLLATE "C" NOT NULL,   -- C1
    outcome         TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE INDEX audit_by_tenant ON audit (tenant, at, id);
CREATE INDEX audit_by_subject ON audit (tenant, subject, at, id);

CREATE TABLE inbox (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    channel         TEXT COLLATE "C" NOT NULL,   -- C1
    message_id      TEXT COLLATE "C" NOT NULL,   -- C1
    body            TEXT COLLATE "C" NOT NULL,   -- C1 an adapter strips what is more
    received_at     BIGINT NOT NULL,   -- C1
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN ('new', 'done', 'parked')),   -- C1
    tries           INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
);
CREATE UNIQUE INDEX inbox_by_message ON inbox (channel, message_id);
CREATE INDEX inbox_new ON inbox (received_at, id) WHERE state = 'new';
-- Parked messages take turns: the one tried least often comes first, so no number of them hides another.
CREATE INDEX inbox_parked ON inbox (tries, received_at, id) WHERE state = 'parked';

CREATE TABLE data_keys (
    bucket          INTEGER NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    wrapped_key     TEXT COLLATE "C" NOT NULL,   -- C1 encrypted by the master key
    PRIMARY KEY (bucket, borrower_id)
);

-- Hashes of destroyed keys, so that a change prepared before an erasure can't bring its key back.
CREATE TABLE erased_keys (
    bucket          INTEGER NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    key_hash        TEXT COLLATE "C" NOT NULL,   -- C1
    PRIMARY KEY (bucket, borrower_id, key_hash)
);

CREATE TABLE vault_items (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    borrower_id     TEXT COLLATE "C" NOT NULL,   -- C1
    bytes           BYTEA    NOT NULL,   -- C2 encrypted by the borrower's key
    PRIMARY KEY (bucket, id)
);
CREATE INDEX vault_items_by_borrower ON vault_items (bucket, borrower_id);

-- Facts about this installation.
CREATE TABLE meta (
    key             TEXT COLLATE "C" NOT NULL PRIMARY KEY,   -- C1
    value           TEXT COLLATE "C" NOT NULL                -- C1
);

-- A lender's own rules about channels; one row per lender, replaced as a whole.
CREATE TABLE routing_rules (
    bucket          INTEGER NOT NULL,   -- C1
    tenant          TEXT COLLATE "C" NOT NULL,   -- C1
    version         BIGINT NOT NULL,   -- C1
    rules           TEXT COLLATE "C" NOT NULL,   -- C1
    updated_at      BIGINT NOT NULL,   -- C1
    PRIMARY KEY (bucket, tenant)
);

CREATE INDEX bindings_standing_in ON bindings (bucket, borrower_id, id)
    WHERE stand_in AND unbound_at IS NULL;

-- Due effects are read lender by lender, so that a long line of one can't hide the others'.
CREATE INDEX effects_of_tenant ON effects (tenant, due_at, id) WHERE state = 'ready';

-- One row per transaction of changes, written first. After a connection was lost at COMMIT, whoever wants to know inserts
-- the same row as void: that waits for the lost transaction to end. If the row is void afterwards, whoever made it so, the
-- transaction was not committed and never will be. Swept by age.
CREATE TABLE batches (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT COLLATE "C" NOT NULL,   -- C1
    void            BOOLEAN NOT NULL,   -- C1
    at              BIGINT NOT NULL DEFAULT (extract(epoch FROM now()) * 1000),   -- C1 the server's clock
    PRIMARY KEY (bucket, id)
);
CREATE INDEX batches_by_age ON batches (at);

-- Whoever opens the database for writing counts this up; a transaction of changes holds it still and is refused when it
-- is not its own any more. So a process that was stopped and replaced can't write when it wakes up.
CREATE TABLE fence (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),   -- C1
    epoch           BIGINT NOT NULL   -- C1
);
INSERT INTO fence (id, epoch) VALUES (1, 0);

-- What was written is never changed, and never removed: nobody has the right to, this role included.
REVOKE UPDATE, DELETE, TRUNCATE ON events, ledger_entries, audit FROM PUBLIC, CURRENT_USER;
