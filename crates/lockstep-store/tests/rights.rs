//! Who may do what on a real server: the least rights of the server and of readers, and the wall between lenders.

mod roles;
mod server;

use std::sync::Arc;

use lockstep_core::id::TenantId;
use lockstep_engine::port::{
    AuditFilter, CallKey, Directory, Fault, OrderFilter, OwnedBy, Page, PaymentFilter, Queries, Store, Tenant,
};
use lockstep_store::conformance::World;
use lockstep_store::{OpenError, PostgresStore, Upkeep};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

const PAGE: Page = Page { after: None, limit: 200 };

/// A database with two lenders in it, each with a payment; a connection of its owner, and the server's address.
async fn two_lenders() -> (Client, String, [TenantId; 2]) {
    let url = server::empty_database().await;
    PostgresStore::migrate(&url, false).await.unwrap();
    let owner = server::connect(&url).await;
    let url = roles::as_role(&url, "server", "IN ROLE lockstep_server").await;
    let db = PostgresStore::open(&url).await.unwrap();
    let mut tenants = Vec::new();
    for seed in [1, 2] {
        let mut world = World::new(seed);
        let (id, name) = (world.tenant, format!("lender {seed}"));
        db.add_tenant(Tenant { id, name, created_at: world.now }).await.unwrap();
        world.everything(&db, "R1").await;
        tenants.push(id);
    }
    (owner, url, [tenants[0], tenants[1]])
}

async fn refused(client: &Client, sql: &str) {
    let error = client.batch_execute(sql).await.expect_err(sql);
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{sql}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_may_change_rows_but_not_history_and_not_the_schema() {
    let (_, url, _) = two_lenders().await;
    let server = server::connect(&url).await;
    for sql in [
        "CREATE TABLE mine (x INT)",
        "ALTER TABLE payments ADD COLUMN x INT",
        "DROP TABLE payments",
        "DROP POLICY lockstep_own ON payments",
        "ALTER TABLE payments DISABLE ROW LEVEL SECURITY",
        "UPDATE events SET body = ''",
        "DELETE FROM events",
        "TRUNCATE events",
        "UPDATE ledger_entries SET amount_minor = 1",
        "DELETE FROM ledger_entries",
        "UPDATE audit SET outcome = ''",
        "DELETE FROM audit",
        "DELETE FROM payments",
        "DELETE FROM tenants",
        "DELETE FROM erased_keys",
        "TRUNCATE effects",
        "UPDATE schema_migrations SET checksum = ''",
        "INSERT INTO schema_migrations VALUES (99, '', '')",
    ] {
        refused(&server, sql).await;
    }
    let db = PostgresStore::open(&url).await.unwrap();
    assert_eq!(db.role_cautions().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_everything_but_secrets() {
    let (_, url, _) = two_lenders().await;
    let url = url.replacen("//server@", "//lockstep@", 1);
    let reader = server::connect(&roles::as_role(&url, "reader", "IN ROLE lockstep_reader").await).await;
    for sql in [
        "SELECT * FROM vault_items",
        "SELECT * FROM data_keys",
        "SELECT * FROM erased_keys",
        "SELECT hash FROM api_keys",
        "SELECT secrets FROM endpoints",
        "SELECT body FROM answers",
        "UPDATE payments SET version = version",
        "SET ROLE lockstep_tenant",
        "SET ROLE lockstep_server",
    ] {
        refused(&reader, sql).await;
    }
    let sql = "SELECT count(DISTINCT tenant), (SELECT count(*) FROM events), (SELECT count(id) FROM api_keys)
               FROM payments";
    let found = reader.query_one(sql, &[]).await.unwrap();
    assert!(found.get::<_, i64>(0) == 2 && found.get::<_, i64>(1) > 0);
}

/// What a statement that forgot its `WHERE` finds.
async fn tenants_found(client: &Client, table: &str, whose: Option<TenantId>) -> Vec<String> {
    let own = if table == "tenants" { "id" } else { "tenant" };
    client.batch_execute("BEGIN; SET LOCAL ROLE lockstep_tenant").await.unwrap();
    if let Some(whose) = whose {
        let sql = "SELECT set_config('lockstep.tenant', $1, TRUE)";
        client.query_one(sql, &[&whose.to_string()]).await.unwrap();
    }
    let found = client.query(&format!("SELECT DISTINCT {own} FROM {table}"), &[]).await.unwrap();
    client.batch_execute("ROLLBACK").await.unwrap();
    found.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_wall_there_is_one_lender_and_none_unless_named() {
    let (_, url, [one, two]) = two_lenders().await;
    let server = server::connect(&url).await;
    for table in ["tenants", "borrowers", "bindings", "orders", "payments", "audit"] {
        assert_eq!(tenants_found(&server, table, Some(one)).await, [one.to_string()], "{table}");
        assert_eq!(tenants_found(&server, table, Some(two)).await, [two.to_string()], "{table}");
        assert!(tenants_found(&server, table, None).await.is_empty(), "{table}");
    }
    let as_one = format!("BEGIN; SET LOCAL ROLE lockstep_tenant; SET LOCAL lockstep.tenant = '{one}'; ");
    for sql in [
        "SELECT * FROM events",
        "SELECT * FROM vault_items",
        "SELECT * FROM data_keys",
        "UPDATE payments SET version = version",
    ] {
        refused(&server, &format!("{as_one}{sql}")).await;
        server.batch_execute("ROLLBACK").await.unwrap();
    }
    let another = format!("INSERT INTO audit VALUES (1, 'a', '{two}', 1, '{{}}', 'a', 's', 'o')");
    refused(&server, &format!("{as_one}{another}")).await;
    server.batch_execute("ROLLBACK").await.unwrap();
}

fn is_denied<T: std::fmt::Debug>(what: &str, result: Result<T, Fault>) {
    let fault = result.expect_err(what);
    assert!(format!("{fault:?}").contains("permission denied"), "{what}: {fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_read_for_a_lender_is_read_behind_the_wall() {
    let (owner, url, [tenant, _]) = two_lenders().await;
    let db = PostgresStore::open(&url).await.unwrap();
    let owner_of = OwnedBy { tenant, borrower: None };
    let filter =
        PaymentFilter { owner: owner_of.clone(), order: None, status: None, from: None, until: None };
    let payment = db.payments(&filter, &PAGE).await.unwrap().rows.remove(0);
    let orders = OrderFilter {
        owner: owner_of.clone(),
        status: None,
        reference: None,
        due_from: None,
        due_until: None,
    };
    // Without the role's rights, only what goes past the wall still works.
    for table in [
        "tenants",
        "api_keys",
        "endpoints",
        "borrowers",
        "bindings",
        "orders",
        "payments",
        "deliveries",
        "audit",
        "routing_rules",
    ] {
        owner.batch_execute(&format!("REVOKE ALL ON {table} FROM lockstep_tenant")).await.unwrap();
    }
    is_denied("payment", db.payment(tenant, payment.id).await);
    is_denied("binding", db.binding(tenant, payment.binding).await);
    is_denied("borrower", db.borrower(tenant, payment.borrower).await);
    is_denied("order", db.order(tenant, payment.purpose.order().unwrap()).await);
    is_denied("payments", db.payments(&filter, &PAGE).await);
    is_denied("bindings", db.bindings(&owner_of, &PAGE).await);
    is_denied("borrowers", db.borrowers(tenant, None, &PAGE).await);
    is_denied("orders", db.orders(&orders, &PAGE).await);
    is_denied("timeline", db.timeline(tenant, &payment.id.to_string(), 10).await);
    is_denied("audit", db.audit(&AuditFilter { tenant, subject: None }, &PAGE).await);
    is_denied("deliveries", db.deliveries(tenant, None, &PAGE).await);
    is_denied("tenant", db.tenant(tenant).await);
    is_denied("keys", db.keys(tenant).await);
    is_denied("endpoints", db.endpoints(tenant).await);
    is_denied("rules", db.routing_rules(tenant).await);
    // The engine's own loop is exempt.
    assert!(db.load(&CallKey::Payment(payment.id)).await.unwrap().payment.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_nobody_behind_the_wall() {
    let (_, url, [tenant, _]) = two_lenders().await;
    let db = Arc::new(PostgresStore::open(&url).await.unwrap());
    let filter = PaymentFilter {
        owner: OwnedBy { tenant, borrower: None },
        order: None,
        status: None,
        from: None,
        until: None,
    };
    for round in 0..200_u64 {
        let reads = (0..8).map(|_| db.payments(&filter, &PAGE));
        let limit = std::time::Duration::from_micros(round * 10);
        let _ = tokio::time::timeout(limit, futures::future::join_all(reads)).await;
    }
    // On every connection of the pool, the server is itself again.
    let all = futures::future::join_all((0..64).map(|_| db.tenants())).await;
    assert!(all.into_iter().all(|found| found.unwrap().len() == 2));
    let mut world = World::new(3);
    world.everything(&*db, "R1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_named_among_the_rights() {
    let (owner, ..) = two_lenders().await;
    let sql = "SELECT c.relname::text FROM pg_class c
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
                 AND (NOT has_table_privilege('lockstep_server', c.oid, 'SELECT')
                      OR NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_attribute a
                                                          WHERE a.attrelid = c.oid AND a.attname = 'tenant'))";
    let forgotten: Vec<String> = owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(forgotten, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_who_has_to_migrate() {
    let url = server::empty_database().await;
    let owner = server::connect(&url).await;
    owner
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', current_schema()); END $$",
        )
        .await
        .unwrap();
    let server = roles::as_role(&url, "stranger", "").await;
    let refused = PostgresStore::open(&server).await.unwrap_err();
    assert!(matches!(refused, OpenError::MayNotMigrate), "{refused}");
    PostgresStore::migrate(&url, false).await.unwrap();
    owner.batch_execute("GRANT lockstep_server TO stranger").await.unwrap();
    PostgresStore::open(&server).await.unwrap();
}

/// Who owns the tables but may not make roles, and was not given the lender's: everything works, and the doctor has something
/// to say.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_without_the_roles_is_told_so() {
    let (_, url, _) = two_lenders().await;
    let url = url.replacen("//server@", "//lockstep@", 1);
    let plain = roles::as_role(&url, "plain", "").await;
    let (base, _) = plain.split_once("&options").unwrap();
    server::connect(&url).await.batch_execute("CREATE SCHEMA plain AUTHORIZATION plain").await.unwrap();
    let db = PostgresStore::open(&format!("{base}&options=-c%20search_path%3Dplain")).await.unwrap();
    let cautions = db.role_cautions().await.unwrap().join("; ");
    assert!(cautions.contains("owns the tables") && cautions.contains("lockstep_tenant"), "{cautions}");
    World::new(1).everything(&db, "R1").await;
}
