//! The conformance suite on PostgreSQL, a real server.

mod server;

use std::sync::Arc;

use lockstep_store::{PostgresStore, Upkeep};

fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<PostgresStore>) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Arc::new(PostgresStore::open(&server::empty_database().await).await.unwrap());
        case(Arc::clone(&db)).await;
        assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    });
}

lockstep_store::for_each_case!(crate::run);
