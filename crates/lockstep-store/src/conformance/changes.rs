//! A commit is one change: all of it or nothing, balanced, and in one bucket.

use std::sync::Arc;

use lockstep_core::Command;
use lockstep_core::ledger::Entry;
use lockstep_core::money::Currency;
use lockstep_core::payment::PaymentStatus;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{CallKey, Commit, CommitError};

use super::{Backend, World};

fn is_fault(result: Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Fault(_)))
}

/// When one part can't be written, no part is.
pub async fn a_commit_is_all_or_nothing<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (_, binding, order, payment) = world.everything(&*db, "R1").await;
    let before = db.load(&CallKey::Payment(payment)).await.unwrap();
    let command = World::money_answer(1, "00");
    let decision = world.decide(&before, &command).unwrap();
    let mut commit = world.commit_of(&before, decision, &command);
    // The last part of it, the audit entry, is there already.
    let audited = commit.audit.clone();
    db.commit(Commit { audit: audited, at: Some(world.now), ..Commit::default() }).await.unwrap();
    assert!(db.commit(commit.clone()).await.is_err());
    assert_eq!(db.load(&CallKey::Payment(payment)).await.unwrap(), before);
    assert!(db.totals().await.unwrap().ledger.is_empty());
    assert_eq!(db.load(&CallKey::Collect { order, binding }).await.unwrap().order, before.order);

    commit.audit = None;
    db.commit(commit).await.unwrap();
    let paid = db.payment(world.tenant, payment).await.unwrap().unwrap();
    assert_eq!(paid.status(), PaymentStatus::Succeeded);
    assert_eq!(db.totals().await.unwrap().ledger, [("CNY".to_owned(), 0)]);
}

/// Money is neither made nor lost, in any currency.
pub async fn entries_must_sum_to_zero<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (.., payment) = world.everything(&*db, "R1").await;
    let entry = |amount_minor, code| {
        let currency = Currency::from_code(code).unwrap();
        Entry { payment, account: "receivable".to_owned(), amount_minor, currency }
    };
    let bad = [
        vec![entry(1, "CNY")],
        vec![entry(5, "CNY"), entry(-4, "CNY")],
        vec![entry(5, "CNY"), entry(-5, "USD")],
        vec![entry(i64::MAX, "CNY"), entry(i64::MAX, "CNY"), entry(2, "CNY")],
    ];
    for entries in bad {
        let commit = Commit { entries, at: Some(world.now), ..Commit::default() };
        assert!(is_fault(db.commit(commit).await));
    }
    let entries = vec![entry(5, "CNY"), entry(-5, "CNY"), entry(7, "USD"), entry(-7, "USD")];
    db.commit(Commit { entries, at: Some(world.now), ..Commit::default() }).await.unwrap();
    assert_eq!(db.totals().await.unwrap().ledger, [("CNY".to_owned(), 0), ("USD".to_owned(), 0)]);
}

/// A change that touches two borrowers of different buckets could not be one transaction everywhere.
pub async fn a_change_stays_in_one_bucket<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let nothing = lockstep_core::Slice::default();
    let mut create = |reference: &str| {
        let command = Command::CreateBorrower { tenant: world.tenant, reference: reference.to_owned() };
        let decision = world.decide(&nothing, &command).unwrap();
        world.commit_of(&nothing, decision, &command)
    };
    let (mut one, two) = (create("R1"), create("R2"));
    one.changes.extend(two.changes);
    assert!(is_fault(db.commit(one).await));
}

/// The number of events is the version; a change that says otherwise is a mistake of the program.
pub async fn versions_count_events<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let order = world.order(&*db, borrower, "L1-1").await;
    let before = db.load(&CallKey::Order(order)).await.unwrap();
    let decision = world.decide(&before, &Command::CancelOrder).unwrap();
    let commit = world.commit_of(&before, decision, &Command::CancelOrder);
    let mut without = commit.clone();
    without.changes[0].events.clear();
    assert!(is_fault(db.commit(without).await));
    let timeless = Commit { at: None, audit: None, ..commit.clone() };
    assert!(is_fault(db.commit(timeless).await));
    db.commit(commit).await.unwrap();
}

/// F24: counters and moments near 2^31 and 2^63 are numbers like others.
pub async fn large_numbers_fit<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (.., payment) = world.everything(&*db, "R1").await;
    let currency = Currency::CNY;
    for amount_minor in [(1_i64 << 31) - 10, (1 << 31) + 10, i64::MAX - 10] {
        let entry =
            |amount_minor| Entry { payment, account: "receivable".to_owned(), amount_minor, currency };
        let entries = vec![entry(amount_minor), entry(-amount_minor)];
        let at = Some(Timestamp::from_millis(amount_minor));
        db.commit(Commit { entries, at, ..Commit::default() }).await.unwrap();
    }
    assert_eq!(db.totals().await.unwrap().ledger, [("CNY".to_owned(), 0)]);
}
