//! Of changes that exclude each other exactly one stands, and the others learn that they lost.

use std::sync::Arc;

use futures::future::{join, join_all};
use lockstep_core::Command;
use lockstep_core::binding::BindingCommand;
use lockstep_core::payment::PaymentStatus;
use lockstep_engine::port::{CallKey, Change, Changed, Commit, CommitError};

use super::{Backend, Lost, World};

fn conflict<T: std::fmt::Debug>(result: Result<T, CommitError>) -> &'static str {
    match result.unwrap_err() {
        CommitError::Conflict(what) => what,
        other => panic!("expected a lost race, got {other}"),
    }
}

/// A change decided from an old state doesn't happen.
pub async fn a_stale_version_loses<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let order = world.order(&*db, borrower, "L1-1").await;
    let before = db.load(&CallKey::Order(order)).await.unwrap();
    let decision = world.decide(&before, &Command::CancelOrder).unwrap();
    let first = world.commit_of(&before, decision.clone(), &Command::CancelOrder);
    let second = world.commit_of(&before, decision, &Command::CancelOrder);
    db.commit(first).await.unwrap();
    assert_eq!(conflict(db.commit(second).await), "order");
    assert_eq!(db.timeline(world.tenant, &order.to_string(), 10).await.unwrap().len(), 2);
}

/// Whatever kind of entity it is: of two changes of one version the second is refused.
pub async fn every_entity_is_guarded_by_its_version<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (borrower, binding, order, payment) = world.everything(&*db, "R1").await;
    let slice = db.load(&CallKey::Payment(payment)).await.unwrap();
    let states = [
        (
            "borrower",
            borrower.to_string(),
            db.borrower(world.tenant, borrower).await.unwrap().map(Change::Borrower),
        ),
        ("binding", binding.to_string(), slice.binding.map(Change::Binding)),
        ("order", order.to_string(), slice.order.map(Change::Order)),
        ("payment", payment.to_string(), slice.payment.map(Change::Payment)),
    ];
    for (kind, id, state) in states {
        // What it was told first, told again: nothing about it changes but its version.
        let told = db.timeline(world.tenant, &id, 1).await.unwrap();
        let event = crate::decode_event(&told[0].body).unwrap();
        let (state, base_version) = one_later(state.unwrap());
        let changes = vec![Changed { state, base_version, events: vec![event] }];
        let commit = Commit { changes, at: Some(world.now), ..Commit::default() };
        db.commit(commit.clone()).await.unwrap();
        assert_eq!(conflict(db.commit(commit).await), kind);
        let told = db.timeline(world.tenant, &id, 100).await.unwrap();
        assert_eq!(told.len() as u64, base_version + 1);
    }
}

/// The same a version later, and the version before.
fn one_later(mut state: Change) -> (Change, u64) {
    let version = match &mut state {
        Change::Borrower(one) => &mut one.version,
        Change::Binding(one) => &mut one.version,
        Change::Order(one) => &mut one.version,
        Change::Payment(one) => &mut one.version,
    };
    *version += 1;
    let before = *version - 1;
    (state, before)
}

/// Two that wait together, travel together; the loser loses alone.
pub async fn of_two_in_one_batch_one_wins<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let order = world.order(&*db, borrower, "L1-1").await;
    let before = db.load(&CallKey::Order(order)).await.unwrap();
    let decision = world.decide(&before, &Command::CancelOrder).unwrap();
    let first = world.commit_of(&before, decision.clone(), &Command::CancelOrder);
    let second = world.commit_of(&before, decision, &Command::CancelOrder);
    let third = {
        let key = CallKey::NewOrder { borrower, reference: "L1-2".to_owned() };
        let slice = db.load(&key).await.unwrap();
        let money = before.order.as_ref().unwrap().money;
        let command =
            Command::CreateOrder { reference: "L1-2".to_owned(), money, due_at: world.now, partial: None };
        let decision = world.decide(&slice, &command).unwrap();
        world.commit_of(&slice, decision, &command)
    };
    let (one, (two, three)) = join(db.commit(first), join(db.commit(second), db.commit(third))).await;
    assert!(one.is_ok() != two.is_ok(), "exactly one of {one:?} and {two:?}");
    assert!(three.is_ok(), "{three:?}");
    let order = db.order(world.tenant, order).await.unwrap().unwrap();
    assert_eq!(order.version, 2);
}

/// Money rule: the database itself refuses a second live payment of an order.
pub async fn an_order_has_one_live_payment<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let binding = world.binding(&*db, borrower, "fingerprint").await;
    let order = world.order(&*db, borrower, "L1-1").await;
    let key = CallKey::Collect { order, binding };
    let before = db.load(&key).await.unwrap();
    let (one, two) = (world.decide(&before, &World::collect()), world.decide(&before, &World::collect()));
    let one = world.commit_of(&before, one.unwrap(), &World::collect());
    // As if the program had forgotten to change the order: only the payment itself is left to stop it.
    let mut two = world.commit_of(&before, two.unwrap(), &World::collect());
    two.changes.retain(|changed| matches!(changed.state, Change::Payment(_)));
    db.commit(one).await.unwrap();
    assert_eq!(conflict(db.commit(two).await), "live payment of the order");
    assert_eq!(db.load(&key).await.unwrap().order.unwrap().version, 2);
}

/// An instrument is bound once while the binding lives, and again afterwards.
pub async fn an_instrument_is_bound_once<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let key = CallKey::NewBinding { borrower, fingerprint: "f".to_owned() };
    let before = db.load(&key).await.unwrap();
    let (one, two) = (world.bind(borrower, "f"), world.bind(borrower, "f"));
    let first = world.decide(&before, &one).unwrap();
    let second = world.decide(&before, &two).unwrap();
    let first = world.commit_of(&before, first, &one);
    let second = world.commit_of(&before, second, &two);
    db.commit(first).await.unwrap();
    assert_eq!(conflict(db.commit(second).await), "living binding of the instrument");
    let id = db.load(&key).await.unwrap().binding.unwrap().id;
    world.run(&*db, &CallKey::Binding(id), Command::Binding(BindingCommand::Unbind)).await.unwrap();
    assert_eq!(db.load(&key).await.unwrap().binding, None);
    world.run(&*db, &key, two).await.unwrap();
}

/// A lender's own names are unique: for borrowers within the lender, for orders within the borrower.
pub async fn references_are_unique<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let tenant = world.tenant;
    let command = Command::CreateBorrower { tenant, reference: "R1".to_owned() };
    let nothing = lockstep_core::Slice::default();
    let (one, two) = (world.decide(&nothing, &command).unwrap(), world.decide(&nothing, &command).unwrap());
    let one = world.commit_of(&nothing, one, &command);
    let two = world.commit_of(&nothing, two, &command);
    db.commit(one).await.unwrap();
    assert_eq!(conflict(db.commit(two).await), "borrower reference");

    let key = CallKey::BorrowerByReference { tenant, reference: "R1".to_owned() };
    let borrower = db.load(&key).await.unwrap().borrower.unwrap().id;
    let before = db.load(&CallKey::Borrower(borrower)).await.unwrap();
    world.order(&*db, borrower, "L1-1").await;
    let money =
        lockstep_core::money::Money { amount_minor: 1, currency: lockstep_core::money::Currency::CNY };
    let command =
        Command::CreateOrder { reference: "L1-1".to_owned(), money, due_at: world.now, partial: None };
    let decision = world.decide(&before, &command).unwrap();
    let commit = world.commit_of(&before, decision, &command);
    assert_eq!(conflict(db.commit(commit).await), "order reference");
    let other = world.borrower(&*db, "R2").await;
    world.order(&*db, other, "L1-1").await;
}

/// Sixty-four callers at once on eight orders: eight payments, and every loser was told.
pub async fn many_writers_lose_nothing<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let borrower = world.borrower(&*db, "R1").await;
    let binding = world.binding(&*db, borrower, "fingerprint").await;
    let mut orders = Vec::new();
    for number in 0..8 {
        orders.push(world.order(&*db, borrower, &format!("L1-{number}")).await);
    }
    let now = world.now;
    let callers = (0..64_u64).map(|caller| {
        let (db, order) = (Arc::clone(&db), orders[caller as usize % orders.len()]);
        let mut world = World::new(1_000 + caller);
        world.now = now;
        async move { world.run(&*db, &CallKey::Collect { order, binding }, World::collect()).await }
    });
    let results = join_all(callers).await;
    let won = results.iter().filter(|result| result.is_ok()).count();
    let told = results
        .iter()
        .filter(|result| matches!(result, Err(Lost::Store(CommitError::Conflict(_)) | Lost::Refused(_))));
    assert_eq!((won, told.count()), (8, 56));
    for order in orders {
        let payment = match db.order(world.tenant, order).await.unwrap().unwrap().state {
            lockstep_core::order::OrderState::Collecting { payment } => payment,
            other => panic!("{other:?}"),
        };
        assert_eq!(db.payment(world.tenant, payment).await.unwrap().unwrap().status(), PaymentStatus::Trying);
    }
}
