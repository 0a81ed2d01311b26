//! The conformance suite on the store in memory.

use std::sync::Arc;

use lockstep_store::MemoryStore;
use lockstep_store::conformance::fold::a_random_life_folds_to_its_state;

fn run<F: Future<Output = ()>>(case: impl FnOnce(Arc<MemoryStore>) -> F) {
    futures::executor::block_on(case(Arc::new(MemoryStore::new())));
}

lockstep_store::for_each_case!(super::run);

#[test]
fn random_lives_fold() {
    for seed in 0..24 {
        let db = Arc::new(MemoryStore::new());
        futures::executor::block_on(a_random_life_folds_to_its_state(Arc::clone(&db), seed, 60));
        let mut entities = Vec::new();
        db.each_history(|entity, _| entities.push(entity));
        assert!(entities.len() >= 5 && entities.into_iter().all(|entity| db.folds(entity)));
    }
}
