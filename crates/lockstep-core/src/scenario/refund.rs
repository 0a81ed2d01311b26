//! The lines about refunds.

use super::Stage;
use super::pay::{after, cents};
use super::words::{amount, moment};
use super::world::Key;
use crate::audit::Who;
use crate::channel::{Capability, ChannelBook, ChannelId};
use crate::command::Command;
use crate::effect::{Alarm, Effect, RefundWake, Wake};
use crate::id::{ApiKeyId, Bucket, Mint, PaymentId};
use crate::payment::{PaymentCommand, RefundCommand, RefundEvent, RefundReason, RefundWay, SurplusPolicy};
use crate::time::Timestamp;

impl Stage {
    /// `refund R1 [30.00] [of 2] [for goodwill] [by K2]`, `approve R1/1 by K2`, `revoke R1/1 [by K2]`,
    /// `policy held`, `policy above 50.00`
    pub(super) fn refund_verb(&mut self, verb: &str, words: &[&str]) -> String {
        let by = who(after(words, "by").unwrap_or("K1"));
        match verb {
            "policy" => self.policy(words),
            "refund" => {
                let sum =
                    words.get(1).filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
                let reason = after(words, "for").unwrap_or("goodwill").to_owned();
                let command = RefundCommand::Ask {
                    amount_minor: sum.map(|sum| if *sum == "0.00" { 0 } else { cents(sum) }),
                    reason: RefundReason::try_from(reason).expect("a code"),
                    attempt: after(words, "of").map(|number| number.parse().expect("a number")),
                    by,
                };
                self.refund_run(Key::Payment(self.names.payments[words[0]]), command)
            }
            _ => {
                let (payment, number) = words[0].split_once('/').expect("a refund");
                let refund = number.parse().expect("a number");
                let key = Key::Payment(self.names.payments[payment]);
                self.refund_run(
                    key,
                    match verb {
                        "approve" => RefundCommand::Approve { refund, by },
                        _ => RefundCommand::Withdraw { refund, by },
                    },
                )
            }
        }
    }

    fn policy(&mut self, words: &[&str]) -> String {
        match words {
            ["held"] => self.world.refunds.surplus = SurplusPolicy::Held,
            ["above", sum] => self.world.refunds.approve_above_minor = Some(cents(sum)),
            ["tries", number] => self.world.refunds.max_tries = number.parse().expect("a number"),
            // The channels forget how to refund.
            ["nowhere"] => {
                let book = self.world.book.iter().cloned();
                self.world.book = ChannelBook::new(book.map(|one| Capability { refund: None, ..one }));
            }
            other => panic!("no policy {other:?}"),
        }
        String::new()
    }

    pub(super) fn refund_run(&mut self, key: Key, command: RefundCommand) -> String {
        self.run(key, Command::Payment(PaymentCommand::Refund(command)))
    }

    /// `R1/1-2` is the second try of the first refund of payment `R1`.
    pub(super) fn refund_try(&self, name: &str) -> Option<(Key, u16, u16)> {
        let (payment, rest) = name.split_once('/')?;
        let (refund, try_no) = rest.split_once('-').expect("a try");
        let number = |text: &str| text.parse().expect("a number");
        Some((Key::Payment(self.names.payments[payment]), number(refund), number(try_no)))
    }

    pub(super) fn refund_channel(&self, name: &str) -> Option<ChannelId> {
        let (key, refund, try_no) = self.refund_try(name)?;
        let Key::Payment(payment) = key else { return None };
        let one = self.world.payments[&payment].refund(refund)?.try_of(try_no);
        Some(one.unwrap_or_else(|| panic!("no try {name}")).channel.clone())
    }
}

/// A key of the lender, by its name in the scenario.
pub(crate) fn who(name: &str) -> Who {
    let mut mint = Mint::new(Bucket::of_tenant(name), Timestamp::from_millis(0), [0; 16]);
    Who::ApiKey { key: ApiKeyId::mint(&mut mint) }
}

/// An event of the refund of this name.
pub(super) fn event_words(name: &str, event: &RefundEvent) -> Option<String> {
    Some(match event {
        RefundEvent::Opened { attempt, amount_minor, reason, held, .. } => {
            let held = if *held { ", held" } else { "" };
            let (sum, reason) = (amount(*amount_minor), reason.as_str());
            format!("{name} gives back {sum} of {attempt} for {reason}{held}")
        }
        RefundEvent::Approved { .. } => format!("{name} approved"),
        RefundEvent::Withdrawn { .. } => format!("{name} withdrawn"),
        RefundEvent::TryOpened { .. } => return None,
        RefundEvent::TryUnknown { reason, .. } => format!("unknown: {reason}"),
        RefundEvent::StillUnknown { .. } => "still unknown".to_owned(),
        RefundEvent::DeadlinePassed { try_no } => format!("{name}-{try_no} overdue"),
        RefundEvent::Noticed { code, .. } => format!("noticed {code}"),
        RefundEvent::TrySucceeded { try_no, excess_minor: 0, .. } => format!("{name}-{try_no} moved"),
        RefundEvent::TrySucceeded { try_no, excess_minor, .. } => {
            format!("{name}-{try_no} moved, {} too much", amount(*excess_minor))
        }
        RefundEvent::TryFailed { try_no, reason, proof, .. } => {
            format!("{name}-{try_no} failed: {reason} ({})", proof.kind())
        }
        RefundEvent::Waiting { until, reason } => format!("waits until {} for {reason}", moment(*until)),
        RefundEvent::Failed { reason } => format!("{name} not possible: {reason}"),
    })
}

/// An effect about a refund.
pub(super) fn effect_words(name_of: &dyn Fn(PaymentId) -> String, effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Refund(order) => {
            let way = match order.way {
                RefundWay::Back => "refunds",
                RefundWay::PayOut => "pays out on",
            };
            format!("{way} {} {}/{}-{}", order.channel, name_of(order.payment), order.refund, order.try_no)
        }
        Effect::QueryRefund(query) => {
            let (channel, name) = (&query.channel, name_of(query.payment));
            format!("asks {channel} about {name}/{}-{}", query.refund, query.try_no)
        }
        Effect::Wake(Wake::Refund { wake: RefundWake::Ask { .. }, .. }) => "asks later".to_owned(),
        Effect::Alarm(Alarm::Refund { trouble, .. }) => {
            let word = serde_json::to_value(trouble).expect("a word");
            format!("alarm: refund {}", word.as_str().unwrap_or_default())
        }
        _ => return None,
    })
}
