//! Every key loads the slice that its commands need.

use std::sync::Arc;

use lockstep_core::Slice;
use lockstep_engine::port::CallKey;

use super::{Backend, World};

/// An empty store knows nothing, and says so without an error.
pub async fn nothing_is_found_in_an_empty_store<B: Backend>(db: Arc<B>) {
    let elsewhere = other_ids().await;
    for key in elsewhere {
        assert_eq!(db.load(&key).await.unwrap(), Slice::default(), "{key:?}");
    }
    assert!(db.timeline("nonsense", 10).await.unwrap().is_empty());
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
        borrower: db.borrower(borrower).await.unwrap(),
        binding: db.binding(binding).await.unwrap(),
        order: db.order(order).await.unwrap(),
        payment: db.payment(payment).await.unwrap(),
    };
    assert!(all.borrower.is_some() && all.binding.is_some() && all.order.is_some() && all.payment.is_some());
    let (reference, fingerprint) = ("L1-1".to_owned(), "fingerprint".to_owned());
    let only = |borrower, binding, order, payment| Slice {
        borrower: all.borrower.clone().filter(|_| borrower),
        binding: all.binding.clone().filter(|_| binding),
        order: all.order.clone().filter(|_| order),
        payment: all.payment.clone().filter(|_| payment),
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
