//! Answers under callers' keys.

use std::sync::Arc;

use futures::future::join;
use lockstep_engine::port::{Answer, CallKey, Commit, CommitError, IdempotencyKey, Loaded, StoredAnswer};

use super::{Backend, World};

fn key(world: &World, text: &str, fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey { tenant: world.tenant, key: text.to_owned(), fingerprint: fingerprint.to_owned() }
}

fn answered(world: &World, text: &str, fingerprint: &str, status: u16) -> Commit {
    let answer = Answer { status, body: format!("{{\"status\":{status}}}") };
    Commit { answer: Some((key(world, text, fingerprint), answer)), at: Some(world.now), ..Commit::default() }
}

/// Two callers with one key: one is remembered, the other told. Another lender's same key is another key.
pub async fn the_first_answer_stays<B: Backend>(db: Arc<B>) {
    let (world, other) = (World::new(1), World::new(2));
    assert_eq!(db.answer(world.tenant, "k1").await.unwrap(), None);
    let (one, two) = (answered(&world, "k1", "f1", 201), answered(&world, "k1", "f2", 400));
    let (one, two) = join(db.commit(one), db.commit(two)).await;
    one.unwrap();
    assert!(matches!(two, Err(CommitError::Conflict("idempotency key"))), "{two:?}");
    let stored = db.answer(world.tenant, "k1").await.unwrap().unwrap();
    let answer = Answer { status: 201, body: "{\"status\":201}".to_owned() };
    assert_eq!(stored, StoredAnswer { fingerprint: "f1".to_owned(), answer });
    assert_eq!(db.answer(other.tenant, "k1").await.unwrap(), None);
    db.commit(answered(&other, "k1", "f1", 200)).await.unwrap();
    assert_eq!(db.answer(world.tenant, "K1").await.unwrap(), None);
}

/// A call whose key is known gets its answer instead of a slice; one whose key is new gets the slice.
pub async fn a_known_key_comes_instead_of_the_slice<B: Backend>(db: Arc<B>) {
    let (mut world, other) = (World::new(1), World::new(2));
    let borrower = world.borrower(&*db, "R1").await;
    let order = CallKey::Order(world.order(&*db, borrower, "L1-1").await);
    db.commit(answered(&world, "k1", "f1", 201)).await.unwrap();
    let stored = db.answer(world.tenant, "k1").await.unwrap().unwrap();
    let found = db.load_unanswered(&order, world.tenant, "k1").await.unwrap();
    assert_eq!(found, Loaded::Answered(stored));
    let slice = Loaded::Slice(Box::new(db.load(&order).await.unwrap()));
    for (tenant, key) in [(world.tenant, "k2"), (other.tenant, "k1")] {
        assert_eq!(db.load_unanswered(&order, tenant, key).await.unwrap(), slice);
    }
}

/// A change that lost its race leaves no answer behind, and a known key undoes the change.
pub async fn a_lost_change_leaves_no_answer<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let order = world.order(&*db, borrower, "L1-1").await;
    let before = db.load(&CallKey::Order(order)).await.unwrap();
    let command = lockstep_core::Command::CancelOrder;
    let decision = world.decide(&before, &command).unwrap();
    let with_key = |world: &World, commit: Commit, text: &str| {
        let answer = answered(world, text, "f", 200).answer;
        Commit { answer, ..commit }
    };
    db.commit(answered(&world, "used", "f", 200)).await.unwrap();
    let commit = world.commit_of(&before, decision.clone(), &command);
    assert!(db.commit(with_key(&world, commit, "used")).await.is_err());
    assert_eq!(db.load(&CallKey::Order(order)).await.unwrap(), before);

    let commit = world.commit_of(&before, decision.clone(), &command);
    db.commit(with_key(&world, commit, "won")).await.unwrap();
    let commit = world.commit_of(&before, decision, &command);
    assert!(db.commit(with_key(&world, commit, "lost")).await.is_err());
    assert!(db.answer(world.tenant, "won").await.unwrap().is_some());
    assert_eq!(db.answer(world.tenant, "lost").await.unwrap(), None);
}
