//! The conformance suite on SQLite, with threads and inline.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lockstep_store::{SqliteStore, Upkeep};

/// Polls on this thread; when nothing can go on, what waits is flushed. As the simulator does.
fn drive<F: Future>(db: &SqliteStore, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        assert!(db.flush() > 0, "waits for something that nobody does");
    }
}

mod threads {
    use super::*;

    fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<SqliteStore>) -> F) {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(SqliteStore::open(folder.path().join("test.db")).unwrap());
        futures::executor::block_on(case(Arc::clone(&db)));
        assert_eq!(futures::executor::block_on(db.integrity_check()).unwrap(), Vec::<String>::new());
    }

    lockstep_store::for_each_case!(super::run);
}

mod inline {
    use super::*;

    fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<SqliteStore>) -> F) {
        let db = Arc::new(SqliteStore::in_memory().unwrap());
        drive(&db, case(Arc::clone(&db)));
        assert_eq!(drive(&db, db.integrity_check()).unwrap(), Vec::<String>::new());
    }

    lockstep_store::for_each_case!(super::run);
}
