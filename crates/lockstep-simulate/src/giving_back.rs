//! The lender gives money back: whole or in parts, from two desks at once, with a second person where one is needed.

use futures::future::join;
use lockstep_core::Command;
use lockstep_core::audit::Who;
use lockstep_core::id::{ApiKeyId, Bucket, Mint, PaymentId};
use lockstep_core::payment::{PaymentCommand, RefundCommand, RefundReason, RefundStatus};
use lockstep_engine::port::{CallKey, Queries, Seeds};

use crate::chance::Chance;
use crate::lender::{Call, Lender};

/// Most refunds that are asked of one payment.
const MOST: u64 = 4;
/// What is asked back, in minor units; `None` is all that is left. The sums of a few go beyond what was taken.
const AMOUNTS: [Option<i64>; 5] = [None, Some(1), Some(4_000), Some(6_000), Some(10_000)];

/// Asks money of a payment back, now and then, and decides about what waits for a second person.
pub async fn give_back(lender: &Lender, chance: &Chance, name: &str, payment: PaymentId) {
    if !lender.swarm.refunds {
        return;
    }
    for place in 0..chance.below(MOST + 1) {
        lender.wait(chance.between(1_000, if chance.one_in(2) { 600_000 } else { 14_400_000 })).await;
        let ask = |desk: &str| call(payment, &format!("{name}: refund {place} {desk}"), asking(chance));
        let (here, there) = (ask("here"), ask("there"));
        if chance.one_in(3) {
            join(lender.press(chance, &here, Vec::new), lender.press(chance, &there, Vec::new)).await;
        } else {
            lender.press(chance, &here, Vec::new).await;
        }
        decide(lender, chance, &format!("{name}: {place}"), payment).await;
    }
}

fn asking(chance: &Chance) -> RefundCommand {
    let reason = RefundReason::try_from("goodwill".to_owned()).unwrap_or_else(|_| RefundReason::surplus());
    let amount_minor = AMOUNTS[usize::try_from(chance.below(AMOUNTS.len() as u64)).unwrap_or(0)];
    RefundCommand::Ask { amount_minor, reason, attempt: None, by: Who::Cli }
}

/// A second person says yes to most that waits, takes some back, and leaves some lying.
async fn decide(lender: &Lender, chance: &Chance, name: &str, payment: PaymentId) {
    let Ok(Some(found)) = lender.rows.payment(lender.tenant, payment).await else { return };
    let mut mint = Mint::new(Bucket::of_tenant("second person"), lender.swarm.start, chance.draw());
    let by = Who::ApiKey { key: ApiKeyId::mint(&mut mint) };
    let proposed = found.refunds.iter().filter(|refund| refund.status() == RefundStatus::Proposed);
    for refund in proposed.map(|refund| refund.number) {
        let by = by.clone();
        let command = match chance.below(8) {
            0 => RefundCommand::Withdraw { refund, by },
            1 => continue,
            _ => RefundCommand::Approve { refund, by },
        };
        let call = call(payment, &format!("{name}: decide {refund}"), command);
        lender.press(chance, &call, Vec::new).await;
    }
}

fn call(payment: PaymentId, idempotency: &str, command: RefundCommand) -> Call {
    let command = Command::Payment(PaymentCommand::Refund(command));
    let content = format!("{command:?}");
    Call { key: CallKey::Payment(payment), command, idempotency: idempotency.to_owned(), content }
}
