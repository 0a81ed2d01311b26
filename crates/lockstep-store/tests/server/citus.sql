-- A stand-in for Citus, for machines that can't have it: it spreads nothing, but keeps the books that Citus keeps
-- (`pg_dist_partition`, which shard a bucket belongs to), and refuses what Citus refuses when a table is distributed:
-- uniqueness without the distribution column, triggers, foreign keys that leave the shard. What Citus thinks of a
-- statement it can't say.
SET allow_system_table_mods = on;

CREATE TABLE pg_catalog.pg_dist_partition (
    logicalrelid REGCLASS NOT NULL PRIMARY KEY,
    partmethod   "char"   NOT NULL,
    partkey      TEXT,
    colocationid INTEGER  NOT NULL
);
GRANT SELECT ON pg_catalog.pg_dist_partition TO PUBLIC;
CREATE TABLE pg_catalog.stand_in_calls (number BIGINT GENERATED ALWAYS AS IDENTITY, said TEXT NOT NULL);

INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
SELECT 424242, 'citus', oid, 'pg_catalog'::regnamespace, FALSE, '13.1-1' FROM pg_roles WHERE rolname = current_user;

CREATE FUNCTION pg_catalog.stand_in_checks(wanted REGCLASS) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = wanted) THEN
        RAISE EXCEPTION 'table "%" is already distributed', wanted;
    END IF;
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = wanted AND NOT tgisinternal) THEN
        RAISE EXCEPTION 'cannot distribute relation "%" because it has triggers', wanted;
    END IF;
END $$;

CREATE FUNCTION pg_catalog.create_reference_table(table_name REGCLASS) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stand_in_checks(table_name);
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = table_name
               AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = c.confrelid AND p.partmethod = 'n'))
    THEN
        RAISE EXCEPTION 'a reference table may only reference reference tables: %', table_name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (table_name, 'n', NULL, 1);
    INSERT INTO stand_in_calls (said) VALUES (format('reference %s', table_name));
END $$;

CREATE FUNCTION pg_catalog.create_distributed_table(
    table_name REGCLASS, distribution_column TEXT, distribution_type TEXT DEFAULT 'hash', colocate_with TEXT DEFAULT 'default'
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    place SMALLINT;
    wrong TEXT;
BEGIN
    PERFORM stand_in_checks(table_name);
    SELECT attnum INTO STRICT place FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column;
    SELECT indexrelid::regclass::text INTO wrong FROM pg_index
    WHERE indrelid = table_name AND (indisunique OR indisprimary OR indisexclusion) AND NOT place = ANY (indkey::int2[]);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'cannot create constraint on "%": index % does not contain the distribution column', table_name, wrong;
    END IF;
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.contype = 'f' AND (c.conrelid = table_name AND NOT place = ANY (c.conkey)
               AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = c.confrelid AND p.partmethod = 'n')
               OR c.confrelid = table_name AND NOT place = ANY (c.confkey))) THEN
        RAISE EXCEPTION 'cannot create foreign key constraint: % leaves its shard', table_name;
    END IF;
    IF colocate_with NOT IN ('default', 'none')
       AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass AND partmethod = 'h') THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    END IF;
    INSERT INTO pg_dist_partition VALUES (table_name, 'h', distribution_column, 2);
    INSERT INTO stand_in_calls (said) VALUES (format('%s by %s with %s', table_name, distribution_column, colocate_with));
END $$;

-- Thirty-two shards, as by default.
CREATE FUNCTION pg_catalog.get_shard_id_for_distribution_column(table_name REGCLASS, distribution_value INTEGER DEFAULT NULL)
RETURNS BIGINT LANGUAGE sql AS $$ SELECT 102008 + (hashint4(distribution_value)::bigint + 2147483648) / 134217728 $$;
