//! Events written under schema version 1 stay readable, and this program still writes them as they were
//! written.

use std::collections::BTreeSet;

use lockstep_core::Event;
use lockstep_core::binding::BindingEvent;
use lockstep_core::borrower::BorrowerEvent;
use lockstep_core::order::OrderEvent;
use lockstep_core::payment::{PaymentEvent, RefundEvent};
use lockstep_store::{EventBodyError, decode_event, encode_event};

const WRITTEN: &str = include_str!("fixtures/events_v1.jsonl");

/// Every variant once: a new one doesn't compile until it is named here, and doesn't pass until the fixture
/// has it.
macro_rules! variants {
    ($($kind:ident($event:ident): $($variant:ident),+);+) => {
        const VARIANTS: &[&str] = &[$($(concat!(stringify!($kind), ".", stringify!($variant))),+),+];

        fn variant(event: &Event) -> &'static str {
            match event {
                $(Event::$kind(event) => match event {
                    $($event::$variant { .. } => concat!(stringify!($kind), ".", stringify!($variant)),)+
                },)+
                // Stored as an event of the binding it happened to.
                Event::StandIn { .. } => "StandIn",
            }
        }
    };
}

variants! {
    Borrower(BorrowerEvent): Created;
    Binding(BindingEvent): Created, MandateWanted, CodeAsked, CodeSent, SignatureSent, CodeWrong,
        SignatureNotSent, SignatureUnknown, SignatureStillUnknown, MandateLive, MandateRefused, MandateEnded,
        DepositSent, DepositArrived, AmountWrong, VerificationFailed, Proven, Observed, AmountReserved,
        AmountReleased, LimitReached, StandInAgreed, StandInWithdrawn, DebitDeclined, Unbound;
    Order(OrderEvent): Created, PaymentOpened, Collected, PaymentClosed, WentOnInParts, Excused, OwnCauseSeen, SurplusFound, ToBeConfirmed, Confirmed,
        CollectionUndone, SurplusReturned, Refunded, Cancelled;
    Payment(PaymentEvent): Created, AttemptOpened, AttemptUnknown, StillUnknown, DeadlinePassed, Noticed,
        ReversalSent, ReversalBack, NotInStatement, OutcomeProposed, ProposalWithdrawn, OutcomeApproved,
        DecisionContradicted, DefectSettled, SentBack, AttemptSucceeded, AttemptFailed, Waiting, Succeeded, Failed,
        Cancelled, Refund
}

/// The same for what can happen to a refund.
const REFUND_VARIANTS: [&str; 12] = [
    "Opened",
    "Approved",
    "Withdrawn",
    "TryOpened",
    "TryUnknown",
    "StillUnknown",
    "DeadlinePassed",
    "Noticed",
    "TrySucceeded",
    "TryFailed",
    "Waiting",
    "Failed",
];

fn refund_variant(event: &RefundEvent) -> &'static str {
    match event {
        RefundEvent::Opened { .. } => "Opened",
        RefundEvent::Approved { .. } => "Approved",
        RefundEvent::Withdrawn { .. } => "Withdrawn",
        RefundEvent::TryOpened { .. } => "TryOpened",
        RefundEvent::TryUnknown { .. } => "TryUnknown",
        RefundEvent::StillUnknown { .. } => "StillUnknown",
        RefundEvent::DeadlinePassed { .. } => "DeadlinePassed",
        RefundEvent::Noticed { .. } => "Noticed",
        RefundEvent::TrySucceeded { .. } => "TrySucceeded",
        RefundEvent::TryFailed { .. } => "TryFailed",
        RefundEvent::Waiting { .. } => "Waiting",
        RefundEvent::Failed { .. } => "Failed",
    }
}

#[test]
fn events_of_version_1_are_read_and_written_as_ever() {
    let (mut seen, mut of_refunds) = (BTreeSet::new(), BTreeSet::new());
    for line in WRITTEN.lines() {
        let event = decode_event(line).unwrap_or_else(|error| panic!("{line}: {error:?}"));
        assert_eq!(encode_event(&event).unwrap(), line);
        seen.insert(variant(&event));
        if let Event::Payment(PaymentEvent::Refund { event, .. }) = &event {
            of_refunds.insert(refund_variant(event));
        }
    }
    assert_eq!(of_refunds, REFUND_VARIANTS.into_iter().collect());
    assert_eq!(seen, VARIANTS.iter().copied().collect());
}

#[test]
fn an_event_of_a_newer_version_says_so() {
    let newer = r#"{"v":2,"kind":"order","event":{"type":"cancelled","at":1}}"#;
    assert!(matches!(decode_event(newer), Err(EventBodyError::Newer { found: 2 })));
    for damaged in [
        "",
        "{}",
        r#"{"v":1}"#,
        r#"{"v":1,"kind":"loan","event":{}}"#,
        r#"{"v":1,"kind":"order","event":{}}"#,
    ] {
        assert!(matches!(decode_event(damaged), Err(EventBodyError::Unreadable(_))), "{damaged}");
    }
}
