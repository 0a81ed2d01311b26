//! fold(events) == state, for random lives.

use std::sync::Arc;

use lockstep_store::conformance::fold::a_random_life_folds_to_its_state;
use lockstep_store::{SqliteStore, Upkeep};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_random_life_folds(seed in any::<u64>(), steps in 1_usize..80) {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(SqliteStore::open(folder.path().join("test.db")).unwrap());
        futures::executor::block_on(a_random_life_folds_to_its_state(Arc::clone(&db), seed, steps));
        let problems = futures::executor::block_on(db.integrity_check()).unwrap();
        prop_assert!(problems.is_empty(), "{problems:?}");
    }
}
