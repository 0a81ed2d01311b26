//! The conformance suite on PostgreSQL, a real server: as the owner of the tables, and as the server with the least rights.

mod roles;
mod server;

use std::sync::Arc;

use lockstep_store::{PostgresStore, Upkeep};

fn run<F: Future<Output = ()>>(
    case: impl FnOnce(Arc<PostgresStore>) -> F,
    address: impl AsyncFnOnce(String) -> String,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let url = address(server::empty_database().await).await;
        let db = Arc::new(PostgresStore::open(&url).await.unwrap());
        case(Arc::clone(&db)).await;
        assert_eq!(db.integrity_check().await.unwrap(), Vec::<String>::new());
    });
}

mod as_the_owner {
    use super::*;

    fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<PostgresStore>) -> F) {
        super::run(case, async |url| url);
    }

    lockstep_store::for_each_case!(super::run);
}

mod as_the_server {
    use super::*;

    fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<PostgresStore>) -> F) {
        super::run(case, async |url| {
            PostgresStore::migrate(&url, false).await.unwrap();
            roles::as_role(&url, "server", "IN ROLE lockstep_server").await
        });
    }

    lockstep_store::for_each_case!(super::run);
}
