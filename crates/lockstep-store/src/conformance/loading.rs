//! Every key loads the slice that its commands need.

use std::sync::Arc;

use lockstep_core::Command;
use lockstep_core::Slice;
use lockstep_core::binding::BindingCommand;
use lockstep_core::decision::MAX_STAND_INS;
use lockstep_engine::port::CallKey;

use super::{Backend, World, fold_of};

/// What is a lender's is not found in another's name.
pub async fn another_lenders_is_not_found<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (borrower, binding, order, payment) = world.everything(&*db, "R1").await;
    let (own, other) = (world.tenant, World::new(2).tenant);
    for (tenant, there) in [(own, true), (other, false)] {
        assert_eq!(db.borrower(tenant, borrower).await.unwrap().is_some(), there);
        assert_eq!(db.binding(tenant, binding).await.unwrap().is_some(), there);
        assert_eq!(db.order(tenant, order).await.unwrap().is_some(), there);
        assert_eq!(db.payment(tenant, payment).await.unwrap().is_some(), there);
        for id in [borrower.to_string(), binding.to_string(), order.to_string(), payment.to_string()] {
            assert_eq!(!db.timeline(tenant, &id, 10).await.unwrap().is_empty(), there, "{id}");
        }
    }
}

/// An empty store knows nothing, and says so without an error.
pub async fn nothing_is_found_in_an_empty_store<B: Backend>(db: Arc<B>) {
    let (world, elsewhere) = (World::new(1), other_ids().await);
    for key in elsewhere {
        assert_eq!(db.load(&key).await.unwrap(), Slice::default(), "{key:?}");
    }
    assert!(db.timeline(world.tenant, "nonsense", 10).await.unwrap().is_empty());
    assert!(db.interrupted().await.unwrap().is_empty());
}

async fn other_ids() -> Vec<CallKey> {
    use lockstep_core::id::{BindingId, BorrowerId, OrderId, PaymentId};
    let mut world = World::new(99);
    let mut mint = world.mint();
    let (borrower, order) = (BorrowerId::mint(&mut mint), OrderId::mint(&mut mint));
    let (binding, payment) = (BindingId::mint(&mut mint), PaymentId::mint(&mut mint));
    vec![
        CallKey::BorrowerByReference { tenant: world.tenant, reference: "nobody".to_owned() },
        CallKey::Borrower(borrower),
        CallKey::NewBinding { borrower, fingerprint: "f".to_owned() },
        CallKey::NewOrder { borrower, reference: "r".to_owned() },
        CallKey::Binding(binding),
        CallKey::Order(order),
        CallKey::Collect { order, binding },
        CallKey::Payment(payment),
    ]
}

/// What was committed comes back under every key, whole and with nothing beside it.
pub async fn every_key_loads_its_slice<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (borrower, binding, order, payment) = world.everything(&*db, "R1").await;
    let all = Slice {
        borrower: db.borrower(world.tenant, borrower).await.unwrap(),
        binding: db.binding(world.tenant, binding).await.unwrap(),
        order: db.order(world.tenant, order).await.unwrap(),
        payment: db.payment(world.tenant, payment).await.unwrap(),
        stand_ins: Vec::new(),
    };
    assert!(all.borrower.is_some() && all.binding.is_some() && all.order.is_some() && all.payment.is_some());
    let (reference, fingerprint) = ("L1-1".to_owned(), "fingerprint".to_owned());
    let only = |borrower, binding, order, payment| Slice {
        borrower: all.borrower.clone().filter(|_| borrower),
        binding: all.binding.clone().filter(|_| binding),
        order: all.order.clone().filter(|_| order),
        payment: all.payment.clone().filter(|_| payment),
        stand_ins: Vec::new(),
    };
    let tenant = world.tenant;
    let cases = [
        (
            CallKey::BorrowerByReference { tenant, reference: "R1".to_owned() },
            only(true, false, false, false),
        ),
        (CallKey::Borrower(borrower), only(true, false, false, false)),
        (CallKey::NewBinding { borrower, fingerprint }, only(true, true, false, false)),
        (CallKey::NewOrder { borrower, reference }, only(true, false, true, false)),
        (CallKey::Binding(binding), only(true, true, false, false)),
        (CallKey::Order(order), only(false, false, true, false)),
        (CallKey::Collect { order, binding }, only(false, true, true, false)),
        (CallKey::Payment(payment), only(false, true, true, true)),
    ];
    for (key, expected) in cases {
        assert_eq!(db.load(&key).await.unwrap(), expected, "{key:?}");
    }
    let other = World::new(2).tenant;
    let key = CallKey::BorrowerByReference { tenant: other, reference: "R1".to_owned() };
    assert_eq!(db.load(&key).await.unwrap(), Slice::default());
}

/// Instruments that may stand in come with a payment: agreed to, of the same borrower, not given up, not too many. One
/// that an attempt has used comes whatever was agreed since, and what happens to it is stored with it.
pub async fn stand_ins_come_with_a_payment<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (borrower, own, order, payment) = world.everything(&*db, "R1").await;
    let ids = |slice: &Slice| slice.stand_ins.iter().map(|binding| binding.id).collect::<Vec<_>>();
    let agree = || Command::Binding(BindingCommand::AgreeStandIn);
    let second = world.binding(&*db, borrower, "second").await;
    assert!(ids(&db.load(&CallKey::Payment(payment)).await.unwrap()).is_empty(), "nobody has agreed");
    world.run(&*db, &CallKey::Binding(second), agree()).await.unwrap();
    world.run(&*db, &CallKey::Binding(own), agree()).await.unwrap();
    let (stranger, ..) = world.everything(&*db, "R2").await;
    let theirs = world.binding(&*db, stranger, "theirs").await;
    world.run(&*db, &CallKey::Binding(theirs), agree()).await.unwrap();
    assert_eq!(ids(&db.load(&CallKey::Payment(payment)).await.unwrap()), [second]);
    assert_eq!(ids(&db.load(&CallKey::Collect { order, binding: own }).await.unwrap()), [second]);
    assert!(ids(&db.load(&CallKey::Binding(own)).await.unwrap()).is_empty(), "only where one may be used");

    // No funds on the own card: the second is tried, consent is taken back, and the answer still finds it.
    let after = world.run(&*db, &CallKey::Payment(payment), World::money_answer(1, "64")).await.unwrap();
    assert_eq!(after.payment.unwrap().attempts[1].binding, Some(second));
    let withdraw = Command::Binding(BindingCommand::WithdrawStandIn);
    world.run(&*db, &CallKey::Binding(second), withdraw).await.unwrap();
    let before = db.binding(world.tenant, second).await.unwrap().unwrap();
    world.run(&*db, &CallKey::Payment(payment), World::money_answer(2, "00")).await.unwrap();
    let told = db.binding(world.tenant, second).await.unwrap().unwrap();
    assert_eq!(told.version, before.version + 1);
    assert!(told.observed.is_some());
    assert_eq!(fold_of(&*db, world.tenant, &second.to_string()).await.binding, Some(told));

    for number in 0..MAX_STAND_INS + 2 {
        let more = world.binding(&*db, borrower, &format!("more {number}")).await;
        world.run(&*db, &CallKey::Binding(more), agree()).await.unwrap();
        if number == 0 {
            world.run(&*db, &CallKey::Binding(more), Command::Binding(BindingCommand::Unbind)).await.unwrap();
        }
    }
    let loaded = db.load(&CallKey::Collect { order, binding: own }).await.unwrap();
    assert_eq!(loaded.stand_ins.len(), MAX_STAND_INS);
    assert!(loaded.stand_ins.iter().all(|one| one.may_stand_in() && one.borrower == borrower));
}
