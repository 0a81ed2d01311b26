-- Who may do what. Not a step of the schema but a description: put in force after every step, and by `lockstep migrate`, so
-- that it also takes hold where somebody else has to make the roles first. A new table has to be named here.

DO $$
DECLARE
    name TEXT;
    own  TEXT;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO lockstep_server, lockstep_reader, lockstep_tenant', current_schema());
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM lockstep_server, lockstep_reader, lockstep_tenant',
                   current_schema());
    -- The second wall: whoever reads or changes as a lender meets only that lender's rows, and none when nobody said whose.
    FOREACH name IN ARRAY ARRAY['tenants', 'api_keys', 'endpoints', 'borrowers', 'bindings', 'orders', 'payments',
                                'effects', 'deliveries', 'answers', 'audit', 'routing_rules'] LOOP
        -- Only once: it takes a lock for which everybody else has to stop.
        CONTINUE WHEN EXISTS (SELECT FROM pg_policies
                              WHERE schemaname = current_schema() AND tablename = name AND policyname = 'lockstep_own');
        own := CASE name WHEN 'tenants' THEN 'id' ELSE 'tenant' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY lockstep_own ON %1$I TO lockstep_tenant
                        USING (%2$I = current_setting(''lockstep.tenant'', TRUE))
                        WITH CHECK (%2$I = current_setting(''lockstep.tenant'', TRUE))', name, own);
        EXECUTE format('CREATE POLICY lockstep_serving ON %I TO lockstep_server USING (TRUE) WITH CHECK (TRUE)', name);
        EXECUTE format('CREATE POLICY lockstep_reading ON %I FOR SELECT TO lockstep_reader USING (TRUE)', name);
    END LOOP;
END $$;

-- The server: rows, never the schema. What was written is never changed, and only what the sweepers and erasing need goes.
GRANT SELECT, INSERT ON events, ledger_entries, audit, erased_keys TO lockstep_server;
GRANT SELECT, INSERT, UPDATE ON tenants, api_keys, borrowers, bindings, orders, payments, inbox, meta, routing_rules
    TO lockstep_server;
GRANT SELECT, INSERT, DELETE ON answers, vault_items, batches TO lockstep_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON endpoints, effects, deliveries, data_keys TO lockstep_server;
GRANT SELECT, UPDATE ON fence, leases TO lockstep_server;
GRANT SELECT, INSERT, UPDATE, DELETE ON nodes TO lockstep_server;
GRANT SELECT, INSERT, DELETE ON health_news TO lockstep_server;
GRANT SELECT ON schema_migrations, schema_floor TO lockstep_server;

-- Reading, for people and reports: no secrets, not even encrypted or hashed ones.
GRANT SELECT ON tenants, borrowers, bindings, orders, payments, events, effects, deliveries, ledger_entries, audit, inbox,
    meta, routing_rules, batches, fence, leases, nodes, health_news, schema_migrations,
    schema_floor TO lockstep_reader;
GRANT SELECT (bucket, id, tenant, name, scopes, created_at, revoked_at, last_used_at) ON api_keys TO lockstep_reader;
GRANT SELECT (bucket, id, tenant, url, kinds, enabled, created_at) ON endpoints TO lockstep_reader;
GRANT SELECT (bucket, tenant, key, status, at) ON answers TO lockstep_reader;

-- A lender: what the API shows and lets it set. The server takes this role on for it, for one transaction.
GRANT SELECT ON tenants, borrowers, bindings, orders, payments TO lockstep_tenant;
GRANT SELECT, INSERT ON audit TO lockstep_tenant;
GRANT SELECT, INSERT, UPDATE ON api_keys, routing_rules TO lockstep_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON endpoints TO lockstep_tenant;
GRANT SELECT, UPDATE, DELETE ON deliveries TO lockstep_tenant;
