//! Who may do what on the server: group roles with the least they need, and policies that keep lenders apart.

use deadpool_postgres::{Object, Transaction};

use super::failure::Failure;
use super::groups::Groups;
use super::row;

const RIGHTS: &str = include_str!("rights.sql");

/// Makes the group roles where that is allowed, and grants them. A server takes on the lender's role only when it says so,
/// so that role's rights don't come with its own.
const ROLES: &str = "DO $$
DECLARE
    name TEXT;
    taken_on TEXT := CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END;
BEGIN
    FOREACH name IN ARRAY ARRAY['lockstep_server', 'lockstep_reader', 'lockstep_tenant'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- Another database of this server is being made ready at the same time.
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role('lockstep_server', 'lockstep_tenant', taken_on) THEN
        GRANT lockstep_tenant TO lockstep_server;
    END IF;
    IF NOT pg_has_role(current_user, 'lockstep_tenant', taken_on) THEN
        GRANT lockstep_tenant TO CURRENT_USER;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    -- Somebody else has to make or join them. Until then the wall does not stand, and the program says so.
    RAISE WARNING '%', SQLERRM;
END $$";

/// Puts the rights in force, unless the roles are missing and this one may not make any.
pub(super) async fn put_in_force(work: &Transaction<'_>) -> Result<(), Failure> {
    work.batch_execute(ROLES).await?;
    let sql = "SELECT count(*) = 3 FROM pg_roles
               WHERE rolname IN ('lockstep_server', 'lockstep_reader', 'lockstep_tenant')";
    if row::get(&work.query_one(sql, &[]).await?, 0)? {
        work.batch_execute(RIGHTS).await?;
    }
    Ok(())
}

const NO_ROLE: &str = "the wall between lenders does not stand: the role lockstep_tenant is missing, or this one can't take it on";
/// Citus reaches its machines as the role that asks, and this one may not log in; what is set with `set_config` stays behind.
const APART: &str =
    "the wall between lenders does not stand on a distributed database: only the program keeps lenders apart";

/// Said where the wall does not stand.
pub(super) fn no_wall(groups: &Groups) -> &'static str {
    if groups.are_distributed() { APART } else { NO_ROLE }
}

/// What the role of these connections may do beyond what serving needs, one sentence each.
pub(super) async fn excess(client: &Object) -> Result<Vec<String>, Failure> {
    let sql = "SELECT r.rolsuper, r.rolbypassrls AND NOT r.rolsuper,
                      (r.rolcreaterole OR r.rolcreatedb) AND NOT r.rolsuper,
                      NOT r.rolsuper AND EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('payments')
                                                                          AND pg_has_role(c.relowner, 'USAGE'))
               FROM pg_roles r WHERE r.rolname = current_user";
    let found = client.query_one(sql, &[]).await?;
    let sentences = [
        "it is a superuser: it may change and delete whatever it likes",
        "it is exempt from row-level security",
        "it may make roles or databases",
        "it owns the tables: it may change the schema, and give itself every right to them",
    ];
    let mut said = Vec::new();
    for (place, sentence) in sentences.into_iter().enumerate() {
        if row::get::<bool>(&found, place)? {
            said.push(sentence.to_owned());
        }
    }
    Ok(said)
}
