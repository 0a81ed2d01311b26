//! The stored events of an entity lead to its stored state, for whatever sequence of commands.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::audit::Who;
use lockstep_core::binding::{BindingCommand, CodeRef, SignAnswer};
use lockstep_core::id::{BindingId, OrderId, PaymentId, TenantId};
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, Payment, PaymentCommand, QueryAnswer, RefundCommand,
    RefundReason,
};
use lockstep_core::{Command, Slice};
use lockstep_engine::port::{CallKey, OwnedBy, Page, PaymentFilter};

use super::{Backend, Lost, World, channel, fold_of};

/// One repayment from the borrower's first word to the money.
pub async fn a_repayment_folds_to_its_state<B: Backend>(db: Arc<B>) {
    let mut world = World::new(1);
    let (borrower, binding, order, payment) = world.everything(&*db, "R1").await;
    world.run(&*db, &CallKey::Payment(payment), World::money_answer(1, "00")).await.unwrap();
    let folded = fold_of(&*db, world.tenant, &borrower.to_string()).await;
    assert_eq!(
        folded,
        Slice { borrower: db.borrower(world.tenant, borrower).await.unwrap(), ..Slice::default() }
    );
    check(&*db, world.tenant, &[binding], &[order], &[payment]).await;
    let versions = db.timeline(world.tenant, &payment.to_string(), 100).await.unwrap();
    assert!(versions.iter().map(|row| row.version).eq(1..=versions.len() as u64));
    assert!(versions.iter().all(|row| row.body.starts_with(r#"{"v":1,"kind":"payment","event":{"#)));
}

async fn check<B: Backend>(
    db: &B,
    tenant: TenantId,
    bindings: &[BindingId],
    orders: &[OrderId],
    payments: &[PaymentId],
) {
    for id in bindings {
        assert_eq!(
            fold_of(db, tenant, &id.to_string()).await.binding,
            db.binding(tenant, *id).await.unwrap(),
            "{id}"
        );
    }
    for id in orders {
        assert_eq!(
            fold_of(db, tenant, &id.to_string()).await.order,
            db.order(tenant, *id).await.unwrap(),
            "{id}"
        );
    }
    for id in payments {
        assert_eq!(
            fold_of(db, tenant, &id.to_string()).await.payment,
            db.payment(tenant, *id).await.unwrap(),
            "{id}"
        );
    }
}

/// The same for a random sequence of commands; the number chooses it. Also: money is conserved, and an order
/// has at most one live payment.
pub async fn a_random_life_folds_to_its_state<B: Backend>(db: Arc<B>, seed: u64, steps: usize) {
    let mut world = World::new(seed);
    let borrower = world.borrower(&*db, "R1").await;
    let bindings = [world.binding(&*db, borrower, "f1").await, world.binding(&*db, borrower, "f2").await];
    let orders = [world.order(&*db, borrower, "L1-1").await, world.order(&*db, borrower, "L1-2").await];
    let mut payments: Vec<PaymentId> = Vec::new();
    for _ in 0..steps {
        let jump = world.below(1_200);
        world.now = world.now.plus(Duration::from_secs(jump));
        let binding = bindings[usize::try_from(world.below(2)).unwrap_or(0)];
        let order = orders[usize::try_from(world.below(2)).unwrap_or(0)];
        let newest = payments.last().copied();
        let (key, command) = match world.below(10) {
            0 => (CallKey::Collect { order, binding }, World::collect()),
            1 => (
                CallKey::Binding(binding),
                Command::Binding(binding_command(&mut world, &*db, binding).await),
            ),
            2 if world.below(4) == 0 => (CallKey::Order(order), Command::CancelOrder),
            _ => match newest {
                Some(payment) => {
                    (CallKey::Payment(payment), payment_command(&mut world, &*db, payment).await)
                }
                None => (CallKey::Collect { order, binding }, World::collect()),
            },
        };
        match world.run(&*db, &key, command).await {
            Ok(after) => {
                payments.extend(after.payment.map(|payment| payment.id).filter(|id| !payments.contains(id)))
            }
            Err(Lost::Refused(_)) => {}
            Err(Lost::Store(error)) => panic!("{error}"),
        }
    }
    check(&*db, world.tenant, &bindings, &orders, &payments).await;
    assert!(db.totals().await.unwrap().ledger.iter().all(|(_, sum)| *sum == 0));
    for order in orders {
        let filter = PaymentFilter {
            owner: OwnedBy { tenant: world.tenant, borrower: None },
            order: Some(order),
            status: None,
            from: None,
            until: None,
        };
        let of_order = db.payments(&filter, &Page { after: None, limit: 200 }).await.unwrap().rows;
        assert!(of_order.iter().filter(|payment| payment.status().is_live()).count() <= 1);
    }
}

const CODES: [&str; 6] = ["00", "51", "96", "03", "34", "no such code"];

fn code(world: &mut World) -> String {
    CODES[usize::try_from(world.below(6)).unwrap_or(0)].to_owned()
}

async fn payment_command<B: Backend>(world: &mut World, db: &B, id: PaymentId) -> Command {
    let payment = db.payment(world.tenant, id).await.unwrap().unwrap();
    let attempts = u16::try_from(payment.attempts.len()).unwrap_or(0);
    let attempt = attempts.saturating_sub(u16::try_from(world.below(2)).unwrap_or(0)).max(1);
    Command::Payment(match world.below(13) {
        0 => PaymentCommand::TryNow,
        1 => PaymentCommand::Try { attempts },
        2 => PaymentCommand::MoneyAnswered {
            attempt,
            answer: MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut },
        },
        3 => PaymentCommand::MoneyAnswered {
            attempt,
            answer: MoneyAnswer::NotSent { why: NotSent::NoConnection },
        },
        4 => PaymentCommand::MoneyAnswered {
            attempt,
            answer: MoneyAnswer::Answered { code: code(world), channel_ref: None, amount_minor: None },
        },
        5 => {
            let original = OriginalOutcome { code: code(world), channel_ref: None, amount_minor: None };
            let original = (world.below(2) == 0).then_some(original);
            PaymentCommand::QueryAnswered {
                attempt,
                answer: QueryAnswer::Answered { code: code(world), original },
            }
        }
        6 => PaymentCommand::Deadline { attempt },
        7 => PaymentCommand::Noticed {
            attempt,
            channel: channel("unionpay"),
            code: code(world),
            channel_ref: Some("C1".to_owned()),
            amount_minor: None,
        },
        8 => PaymentCommand::Cancel,
        9 => PaymentCommand::Refund(RefundCommand::Ask {
            amount_minor: Some(1 + i64::try_from(world.below(9_000)).unwrap_or(0)),
            reason: RefundReason::surplus(),
            attempt: None,
            by: Who::Cli,
        }),
        choice => refund_command(world, &payment, choice),
    })
}

/// An answer about the newest refund's newest try.
fn refund_command(world: &mut World, payment: &Payment, choice: u64) -> PaymentCommand {
    let Some(refund) = payment.refunds.last() else { return PaymentCommand::TryNow };
    let (refund, try_no) = (refund.number, u16::try_from(refund.tries.len()).unwrap_or(0));
    let answer = match choice {
        10 => MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut },
        _ => MoneyAnswer::Answered { code: code(world), channel_ref: None, amount_minor: None },
    };
    PaymentCommand::Refund(RefundCommand::Answered { refund, try_no, answer })
}

async fn binding_command<B: Backend>(world: &mut World, db: &B, id: BindingId) -> BindingCommand {
    let binding = db.binding(world.tenant, id).await.unwrap().unwrap();
    let channel = channel(if world.below(2) == 0 { "unionpay" } else { "netsunion" });
    let request_no = binding.mandates.get(&channel).map_or_else(String::new, |mandate| mandate.request_no());
    let answer = match world.below(3) {
        0 => SignAnswer::NoAnswer { why: NoAnswer::ConnectionLost },
        1 => SignAnswer::Answered { code: code(world), channel_ref: None, agreement_no: None },
        _ => SignAnswer::Answered {
            code: "00".to_owned(),
            channel_ref: None,
            agreement_no: Some("A2".to_owned()),
        },
    };
    match world.below(20) {
        0 => BindingCommand::Unbind,
        1..=4 => BindingCommand::SendCode { channel },
        5..=8 => BindingCommand::CodeAnswered { channel, request_no, answer },
        9..=12 => BindingCommand::ConfirmCode { channel, code: CodeRef("memory:2".to_owned()) },
        13..=16 => BindingCommand::SignAnswered { channel, request_no, answer },
        _ => BindingCommand::MandateAnswered { channel, request_no, answer },
    }
}
