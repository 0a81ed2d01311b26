//! Money rules that the database keeps by itself, whatever the program above believes.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::audit::Who;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, PaymentCommand, QueryAnswer, RefundCommand, RefundReason,
};
use lockstep_core::{Command, Slice};
use lockstep_engine::port::{CallKey, CommitError};

use super::{Backend, World};

/// Asks for 60 of the 100 that a payment took.
fn ask() -> Command {
    let reason = RefundReason::try_from("goodwill".to_owned()).unwrap();
    let (amount_minor, attempt) = (Some(6_000), None);
    Command::Payment(PaymentCommand::Refund(RefundCommand::Ask {
        amount_minor,
        reason,
        attempt,
        by: Who::Cli,
    }))
}

async fn paid<B: Backend>(world: &mut World, db: &B) -> PaymentId {
    let (.., payment) = world.everything(db, "R1").await;
    world.run(db, &CallKey::Payment(payment), World::money_answer(1, "00")).await.unwrap();
    payment
}

/// A second attempt beside a living one is refused, and nothing of it is kept.
pub async fn a_payment_has_one_living_attempt<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (.., payment) = world.everything(&*db, "R1").await;
    let key = CallKey::Payment(payment);
    let answer = MoneyAnswer::NotSent { why: NotSent::NoConnection };
    let never_sent = Command::Payment(PaymentCommand::MoneyAnswered { attempt: 1, answer });
    let failed = world.run(&*db, &key, never_sent).await.unwrap();
    // As if the program had forgotten the second attempt when it decided to open one.
    let again = Command::Payment(PaymentCommand::TryNow);
    let forgetful = world.decide(&failed, &again).unwrap();
    let trying = world.run(&*db, &key, again.clone()).await.unwrap();
    let commit = world.commit_of(&trying, forgetful, &again);
    let refused = db.commit(commit).await.unwrap_err();
    assert!(format!("{refused:?}").contains("two attempts under way"), "{refused:?}");
    assert_eq!(db.load(&key).await.unwrap(), trying);
}

/// Two refunds of which each fits and both don't: the second one is refused, and nothing of it is kept.
pub async fn no_more_goes_back_than_was_taken<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let payment = paid(&mut world, &*db).await;
    let key = CallKey::Payment(payment);
    let before = db.load(&key).await.unwrap();
    // As if the program had forgotten the first one when it decided about the second.
    let forgetful = world.decide(&before, &ask()).unwrap();
    let after_the_first = world.run(&*db, &key, ask()).await.unwrap();
    let told = db.timeline(world.tenant, &payment.to_string(), 100).await.unwrap();
    let open = db.totals().await.unwrap().open_effects;
    let commit = world.commit_of(&after_the_first, forgetful, &ask());
    let refused = db.commit(commit).await.unwrap_err();
    assert!(matches!(refused, CommitError::Fault(_)), "{refused:?}");
    assert!(format!("{refused:?}").contains("more would go back"), "{refused:?}");
    assert_eq!(db.load(&key).await.unwrap(), after_the_first);
    assert_eq!(db.timeline(world.tenant, &payment.to_string(), 100).await.unwrap(), told);
    assert_eq!(db.totals().await.unwrap().open_effects, open);
}

/// A channel that denies a refund beyond its own window and has made it after all: a fact, and it is written down. It makes
/// room for no further refund.
pub async fn a_channel_that_broke_its_word_is_written_down<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let payment = paid(&mut world, &*db).await;
    let key = CallKey::Payment(payment);
    let run = async |world: &mut World, command: RefundCommand| -> Slice {
        world.run(&*db, &key, Command::Payment(PaymentCommand::Refund(command))).await.unwrap()
    };
    world.run(&*db, &key, ask()).await.unwrap();
    let silence = MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
    run(&mut world, RefundCommand::Answered { refund: 1, try_no: 1, answer: silence }).await;
    world.now = world.now.plus(Duration::from_secs(3_600));
    let denied = QueryAnswer::Answered { code: "34".to_owned(), original: None };
    run(&mut world, RefundCommand::QueryAnswered { refund: 1, try_no: 1, answer: denied }).await;
    world.now = world.now.plus(Duration::from_secs(86_400));
    run(&mut world, RefundCommand::Try { refund: 1, tries: 1 }).await;
    let original = OriginalOutcome { code: "00".to_owned(), channel_ref: None, amount_minor: None };
    let moved = QueryAnswer::Answered { code: "00".to_owned(), original: Some(original) };
    run(&mut world, RefundCommand::QueryAnswered { refund: 1, try_no: 1, answer: moved }).await;
    let once_more = MoneyAnswer::Answered { code: "00".to_owned(), channel_ref: None, amount_minor: None };
    let after = run(&mut world, RefundCommand::Answered { refund: 1, try_no: 2, answer: once_more }).await;
    let stored = after.payment.clone().unwrap();
    assert_eq!((stored.taken_minor(), stored.refunded_minor()), (10_000, 12_000));
    assert_eq!(db.load(&key).await.unwrap().payment, after.payment);

    let mut without = after.clone();
    without.payment.iter_mut().for_each(|payment| payment.refunds.clear());
    let forgetful = world.decide(&without, &ask()).unwrap();
    let commit = world.commit_of(&after, forgetful, &ask());
    let refused = db.commit(commit).await.unwrap_err();
    assert!(format!("{refused:?}").contains("more would go back"), "{refused:?}");
}
