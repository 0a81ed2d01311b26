-- Every row of a borrower carries `bucket` first in its primary key, so the same schema can be distributed by it.
-- Each column ends with its data class: C1 internal, C2 personal (only masked or encrypted), C3 never at rest.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Ids and counters are 64 bits or text.

CREATE TABLE tenants (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    name            TEXT    NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    settings        TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;

CREATE TABLE api_keys (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    hash            TEXT    NOT NULL,   -- C1
    name            TEXT    NOT NULL,   -- C1
    scopes          TEXT    NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    revoked_at      INTEGER,            -- C1
    last_used_at    INTEGER,            -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, created_at, id);

CREATE TABLE endpoints (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    url             TEXT    NOT NULL,   -- C1
    secrets         TEXT    NOT NULL,   -- C1 encrypted by the caller
    kinds           TEXT    NOT NULL,   -- C1
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE INDEX endpoints_by_tenant ON endpoints (tenant, created_at, id);

CREATE TABLE borrowers (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    reference       TEXT    NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE UNIQUE INDEX borrowers_by_reference ON borrowers (bucket, tenant, reference);
CREATE INDEX borrowers_by_tenant ON borrowers (tenant, created_at, id);

CREATE TABLE bindings (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    fingerprint     TEXT    NOT NULL,   -- C2 keyed hash of the whole number
    unbound_at      INTEGER,            -- C1
    version         INTEGER NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL,   -- C2 number masked, the rest C1
    PRIMARY KEY (bucket, id)
) STRICT;
-- An instrument is bound once per borrower until it is given up.
CREATE UNIQUE INDEX bindings_living ON bindings (bucket, borrower_id, fingerprint) WHERE unbound_at IS NULL;
CREATE INDEX bindings_by_tenant ON bindings (tenant, created_at, id);
CREATE INDEX bindings_by_borrower ON bindings (borrower_id, created_at, id);

CREATE TABLE orders (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    reference       TEXT    NOT NULL,   -- C1
    status          TEXT    NOT NULL CHECK (status IN ('open', 'collecting', 'collected', 'cancelled')),   -- C1
    due_at          INTEGER NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE UNIQUE INDEX orders_by_reference ON orders (bucket, borrower_id, reference);
CREATE INDEX orders_by_tenant ON orders (tenant, created_at, id);
CREATE INDEX orders_by_tenant_status ON orders (tenant, status, created_at, id);
CREATE INDEX orders_by_tenant_reference ON orders (tenant, reference, created_at, id);
CREATE INDEX orders_by_borrower ON orders (borrower_id, created_at, id);

CREATE TABLE payments (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    binding_id      TEXT    NOT NULL,   -- C1
    order_id        TEXT,               -- C1
    status          TEXT    NOT NULL
        CHECK (status IN ('waiting', 'trying', 'unknown', 'succeeded', 'failed', 'cancelled')),   -- C1
    live            INTEGER NOT NULL CHECK (live = (status IN ('waiting', 'trying', 'unknown'))),   -- C1
    amount_minor    INTEGER NOT NULL CHECK (amount_minor > 0),   -- C1
    currency        TEXT    NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    updated_at      INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
-- Money rule: at most one payment of an order is under way, whatever the program above believes.
CREATE UNIQUE INDEX payments_live ON payments (bucket, order_id) WHERE live = 1 AND order_id IS NOT NULL;
CREATE INDEX payments_by_tenant ON payments (tenant, created_at, id);
CREATE INDEX payments_by_tenant_status ON payments (tenant, status, created_at, id);
CREATE INDEX payments_by_borrower ON payments (borrower_id, created_at, id);
CREATE INDEX payments_by_order ON payments (order_id, created_at, id);

CREATE TABLE events (
    bucket          INTEGER NOT NULL,   -- C1
    entity_id       TEXT    NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    at              INTEGER NOT NULL,   -- C1
    body            TEXT    NOT NULL,   -- C2 numbers masked, the rest C1
    PRIMARY KEY (bucket, entity_id, version)
) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE effects (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    kind            TEXT    NOT NULL,   -- C1
    delivery        TEXT    NOT NULL CHECK (delivery IN ('once', 'repeatable')),   -- C1
    state           TEXT    NOT NULL CHECK (state IN ('ready', 'sending')),   -- C1
    due_at          INTEGER NOT NULL,   -- C1
    sending_at      INTEGER,            -- C1
    tenant          TEXT    NOT NULL,   -- C1
    body            TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE INDEX effects_due ON effects (due_at, id) WHERE state = 'ready';
CREATE INDEX effects_sending ON effects (id) WHERE state = 'sending';

CREATE TABLE deliveries (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    message         TEXT    NOT NULL,   -- C1
    endpoint_id     TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    subject_id      TEXT    NOT NULL,   -- C1
    version         INTEGER NOT NULL,   -- C1
    notice          TEXT    NOT NULL,   -- C2 numbers masked, the rest C1
    tries           INTEGER NOT NULL,   -- C1
    due_at          INTEGER NOT NULL,   -- C1
    created_at      INTEGER NOT NULL,   -- C1
    updated_at      INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),   -- C1
    last_status     INTEGER,            -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (endpoint_id, subject_id, version) WHERE state = 'pending';
CREATE INDEX deliveries_by_tenant ON deliveries (tenant, created_at, id);
CREATE INDEX deliveries_by_tenant_state ON deliveries (tenant, state, created_at, id);

CREATE TABLE answers (
    bucket          INTEGER NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    key             TEXT    NOT NULL,   -- C1
    fingerprint     TEXT    NOT NULL,   -- C1
    status          INTEGER NOT NULL,   -- C1
    body            TEXT    NOT NULL,   -- C1
    at              INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, tenant, key)
) STRICT;
CREATE INDEX answers_by_age ON answers (at);

CREATE TABLE ledger_entries (
    bucket          INTEGER NOT NULL,   -- C1
    payment_id      TEXT    NOT NULL,   -- C1
    line            INTEGER NOT NULL,   -- C1
    account         TEXT    NOT NULL,   -- C1
    amount_minor    INTEGER NOT NULL CHECK (amount_minor <> 0),   -- C1
    currency        TEXT    NOT NULL,   -- C1
    at              INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, payment_id, line)
) STRICT;
CREATE INDEX ledger_sums ON ledger_entries (currency, amount_minor);
CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END;
CREATE TRIGGER ledger_remains BEFORE DELETE ON ledger_entries
    BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END;

CREATE TABLE audit (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    tenant          TEXT    NOT NULL,   -- C1
    at              INTEGER NOT NULL,   -- C1
    who             TEXT    NOT NULL,   -- C1
    action          TEXT    NOT NULL,   -- C1
    subject         TEXT    NOT NULL,   -- C1
    outcome         TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE INDEX audit_by_tenant ON audit (tenant, at, id);
CREATE INDEX audit_by_subject ON audit (tenant, subject, at, id);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;

CREATE TABLE inbox (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    channel         TEXT    NOT NULL,   -- C1
    message_id      TEXT    NOT NULL,   -- C1
    body            TEXT    NOT NULL,   -- C1 an adapter strips what is more
    received_at     INTEGER NOT NULL,   -- C1
    state           TEXT    NOT NULL CHECK (state IN ('new', 'done', 'parked')),   -- C1
    tries           INTEGER NOT NULL,   -- C1
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE UNIQUE INDEX inbox_by_message ON inbox (channel, message_id);
CREATE INDEX inbox_new ON inbox (received_at, id) WHERE state = 'new';
-- Parked messages take turns: the one tried least often comes first, so no number of them hides another.
CREATE INDEX inbox_parked ON inbox (tries, received_at, id) WHERE state = 'parked';

CREATE TABLE data_keys (
    bucket          INTEGER NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    wrapped_key     TEXT    NOT NULL,   -- C1 encrypted by the master key
    PRIMARY KEY (bucket, borrower_id)
) STRICT;

-- Hashes of destroyed keys, so that a change prepared before an erasure can't bring its key back.
CREATE TABLE erased_keys (
    bucket          INTEGER NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    key_hash        TEXT    NOT NULL,   -- C1
    PRIMARY KEY (bucket, borrower_id, key_hash)
) STRICT;

CREATE TABLE vault_items (
    bucket          INTEGER NOT NULL,   -- C1
    id              TEXT    NOT NULL,   -- C1
    borrower_id     TEXT    NOT NULL,   -- C1
    bytes           BLOB    NOT NULL,   -- C2 encrypted by the borrower's key
    PRIMARY KEY (bucket, id)
) STRICT;
CREATE INDEX vault_items_by_borrower ON vault_items (bucket, borrower_id);

-- Facts about this installation.
CREATE TABLE meta (
    key             TEXT NOT NULL PRIMARY KEY,   -- C1
    value           TEXT NOT NULL                -- C1
) STRICT;

-- What the sandbox remembers across restarts.
CREATE TABLE kv (
    key             TEXT NOT NULL PRIMARY KEY,   -- C1
    value           TEXT NOT NULL                -- C1
) STRICT;
