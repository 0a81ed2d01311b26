//! The store on tables that are distributed, as far as one server can show it: with a stand-in that keeps Citus' books and
//! refuses what Citus refuses of tables (`server/citus.sql`). What Citus makes of each statement is not tested here.

mod server;

use std::sync::Arc;

use lockstep_core::fleet::Buckets;
use lockstep_core::id::Bucket;
use lockstep_engine::port::{Directory, Fleet, Store, Tenant};
use lockstep_store::conformance::World;
use lockstep_store::{OpenError, PostgresStore, Upkeep};
use tokio_postgres::Client;

async fn distributed() -> String {
    let url = server::database_with_citus().await;
    PostgresStore::migrate(&url, false).await.unwrap();
    PostgresStore::distribute(&url, false, |_| {}).await.unwrap();
    url
}

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_distributed_by_its_bucket_or_copied() {
    let url = server::database_with_citus().await;
    let early = PostgresStore::distribute(&url, false, |_| {}).await.unwrap_err();
    assert!(matches!(early, OpenError::NotMigrated { missing: 1 }), "{early}");
    PostgresStore::migrate(&url, false).await.unwrap();
    let client = server::connect(&url).await;

    let mut dry = Vec::new();
    PostgresStore::distribute(&url, true, |sql| dry.push(sql.to_owned())).await.unwrap();
    assert!(texts(&client, "SELECT said FROM stand_in_calls").await.is_empty(), "dry does nothing");
    let mut told = Vec::new();
    PostgresStore::distribute(&url, false, |sql| told.push(sql.to_owned())).await.unwrap();
    assert_eq!(told, dry);

    let forgotten = "SELECT c.relname::text FROM pg_class c
                     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
                       AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = c.oid)";
    assert_eq!(texts(&client, forgotten).await, Vec::<String>::new(), "name them in distribute.rs");
    let calls = texts(&client, "SELECT said FROM stand_in_calls ORDER BY number").await;
    assert_eq!(calls.len(), told.len());
    let spread: Vec<&String> = calls.iter().filter(|call| !call.starts_with("reference ")).collect();
    assert_eq!(spread[0], "leases by bucket with none");
    assert!(spread[1..].iter().all(|call| call.ends_with(" by bucket with leases")), "{spread:?}");

    PostgresStore::distribute(&url, false, |sql| panic!("a second time: {sql}")).await.unwrap();
    assert!(PostgresStore::migrate(&url, false).await.unwrap().is_empty());
}

/// One that was interrupted goes on where it stopped.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_left() {
    let url = server::database_with_citus().await;
    PostgresStore::migrate(&url, false).await.unwrap();
    let client = server::connect(&url).await;
    client
        .batch_execute(
            "SELECT create_reference_table('meta'); SELECT create_distributed_table('leases', 'bucket')",
        )
        .await
        .unwrap();
    let mut told = Vec::new();
    PostgresStore::distribute(&url, false, |sql| told.push(sql.to_owned())).await.unwrap();
    assert!(!told.iter().any(|sql| sql.contains("('meta')") || sql.contains("('leases'")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_citus_is_told_what_is_missing() {
    let url = server::empty_database().await;
    PostgresStore::migrate(&url, false).await.unwrap();
    let error = PostgresStore::distribute(&url, false, |_| {}).await.unwrap_err();
    assert!(matches!(error, OpenError::NoCitus), "{error}");
    assert!(error.to_string().contains("CREATE EXTENSION citus"), "{error}");

    let url = server::database_with_citus().await;
    PostgresStore::migrate(&url, false).await.unwrap();
    let older = "SET allow_system_table_mods = on; UPDATE pg_extension SET extversion = '13.0-1' WHERE extname = 'citus'";
    server::connect(&url).await.batch_execute(older).await.unwrap();
    let error = PostgresStore::distribute(&url, false, |_| {}).await.unwrap_err();
    assert!(matches!(error, OpenError::OldCitus { .. }), "{error}");
}

/// The stand-in refuses what it is there to refuse.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_can_not_be_distributed_is_refused() {
    let client = server::connect(&server::database_with_citus().await).await;
    client
        .batch_execute(
            "CREATE TABLE a (bucket INT, id TEXT PRIMARY KEY); CREATE TABLE b (bucket INT PRIMARY KEY);
             CREATE TABLE c (bucket INT, other INT REFERENCES b);
             CREATE FUNCTION nothing() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TABLE d (bucket INT); CREATE TRIGGER d BEFORE INSERT ON d EXECUTE FUNCTION nothing()",
        )
        .await
        .unwrap();
    for table in ["a", "c", "d"] {
        let sql = format!("SELECT create_distributed_table('{table}', 'bucket')");
        assert!(client.batch_execute(&sql).await.is_err(), "{table}");
    }
    client.batch_execute("SELECT create_distributed_table('b', 'bucket')").await.unwrap();
}

/// Whatever one transaction has written lies in one group of buckets, but for the answers to callers, whose keys choose
/// their bucket.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_stays_with_one_group() {
    let url = distributed().await;
    let db = Arc::new(PostgresStore::open(&url).await.unwrap());
    let mut worlds: Vec<World> = (0..24).map(World::new).collect();
    for world in &worlds {
        let (id, name) = (world.tenant, format!("lender {}", world.tenant));
        db.add_tenant(Tenant { id, name, created_at: world.now }).await.unwrap();
    }
    let all = worlds.iter_mut().map(|world| world.everything(&*db, "R1"));
    futures::future::join_all(all).await;
    let client = server::connect(&url).await;
    let tables = ["borrowers", "bindings", "orders", "payments", "events", "effects", "deliveries"];
    let more = ["ledger_entries", "audit", "data_keys", "vault_items", "batches"];
    let rows: Vec<String> = tables
        .iter()
        .chain(&more)
        .map(|table| {
            format!(
                "SELECT xmin::text AS t, get_shard_id_for_distribution_column('leases', bucket) AS s FROM {table}"
            )
        })
        .collect();
    let rows = rows.join(" UNION ALL ");
    let groups = texts(&client, &format!("SELECT DISTINCT s::text FROM ({rows}) r")).await;
    assert!(groups.len() > 5, "the worlds are spread: {groups:?}");
    let sql = format!("SELECT t FROM ({rows}) r GROUP BY t HAVING count(DISTINCT s) > 1");
    assert_eq!(texts(&client, &sql).await, Vec::<String>::new());
    let cautions = db.role_cautions().await.unwrap().join("; ");
    assert!(cautions.contains("on a distributed database"), "{cautions}");
}

/// Buckets change hands group by group, and all the same.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_the_buckets() {
    let url = distributed().await;
    let address = "http://127.0.0.1:1";
    let (one, first) = PostgresStore::join(&url, "one", address).await.unwrap();
    let (two, second) = PostgresStore::join(&url, "two", address).await.unwrap();
    assert_eq!(first.take(&Buckets::ALL).await.unwrap(), Buckets::ALL);
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), Buckets::NONE, "nothing is free");
    let mut world = World::new(1);
    let borrower = world.borrower(&one, "R1").await;
    world.order(&one, borrower, "L1").await;
    let half: Buckets =
        Bucket::all().filter(|bucket| bucket.number() % 2 == borrower.bucket().number() % 2).collect();
    assert_eq!(first.give(&half).await.unwrap(), half);
    assert_eq!(second.take(&Buckets::ALL).await.unwrap(), half);
    assert!(world.try_order(&one, borrower, "L2").await.is_err());
    world.order(&two, borrower, "L2").await;
    assert!(one.due_effects(world.now, 100).await.unwrap().is_empty());
}

/// A table that a later release has added is distributed with the step that adds it.
#[tokio::test(flavor = "multi_thread")]
async fn new_tables_follow() {
    let url = distributed().await;
    let client = server::connect(&url).await;
    let forget = "SET allow_system_table_mods = on; DELETE FROM pg_dist_partition WHERE logicalrelid = 'vault_items'::regclass";
    client.batch_execute(forget).await.unwrap();
    PostgresStore::migrate(&url, false).await.unwrap();
    let there = "SELECT 'yes' FROM pg_dist_partition WHERE logicalrelid = 'vault_items'::regclass";
    assert_eq!(texts(&client, there).await, ["yes"]);
}

fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<PostgresStore>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Arc::new(PostgresStore::open(&distributed().await).await.unwrap());
        case(Arc::clone(&db)).await;
        assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    });
}

lockstep_store::for_each_case!(super::run);
