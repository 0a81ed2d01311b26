//! Diagnosis: which party failed, why, who acts, what to do next, and whether the money is safe. In words.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Actor, Layer, Reason};
use crate::channel::ChannelBook;
use crate::payment::{Attempt, AttemptState, Excuse, Payment, PaymentState, Stopped, excuse};
use crate::text::Sentence;
use crate::time::Timestamp;

/// Where the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyState {
    /// Nothing was taken; there is proof.
    NotTaken,
    /// It moved, once.
    Taken,
    /// Not known yet; the channel is being asked.
    NotKnownYet,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at: Timestamp,
    /// What, in words.
    pub text: Sentence,
}

/// What a borrower and a support agent can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Which party failed; `none` when nothing did.
    pub layer: Layer,
    /// The cause.
    pub cause: Reason,
    /// Who has to act.
    pub actor: Actor,
    /// How sure the catalogue is that the code means this, in percent.
    pub confidence_pct: u8,
    /// Where the money is.
    pub money: MoneyState,
    /// The cause in a few words.
    pub title: Sentence,
    /// For the borrower.
    pub borrower: Sentence,
    /// For a support agent.
    pub support: Sentence,
    /// One imperative line.
    pub next_step: Sentence,
    /// A slot for a deep link, e.g. `bind_other_card`.
    pub action: Option<String>,
    /// When it is tried again, if it is.
    pub next_try_at: Option<Timestamp>,
    /// What this rests on, oldest first.
    pub evidence: Vec<Evidence>,
}

/// Diagnoses a payment. Every payment has a diagnosis, also one that went well.
pub fn diagnose(payment: &Payment, channels: &ChannelBook) -> Diagnosis {
    let (cause, money, next_try_at) = conclusion(payment);
    let entry = cause.entry();
    Diagnosis {
        layer: entry.layer,
        cause,
        actor: entry.actor,
        confidence_pct: confidence(payment, cause, channels),
        money,
        title: entry.title.into(),
        borrower: entry.borrower.into(),
        support: entry.support.into(),
        next_step: entry.next_step.into(),
        action: entry.action.map(str::to_owned),
        next_try_at,
        evidence: evidence(payment, channels),
    }
}

fn conclusion(payment: &Payment) -> (Reason, MoneyState, Option<Timestamp>) {
    match &payment.state {
        PaymentState::Waiting { until, reason } => {
            let cause = reason.unwrap_or(Reason::NotDueYet);
            (cause, MoneyState::NotTaken, Some(*until))
        }
        PaymentState::Trying { .. } => (Reason::ChannelProcessing, MoneyState::NotKnownYet, None),
        PaymentState::Unknown { .. } => (Reason::OutcomeUnknown, MoneyState::NotKnownYet, None),
        PaymentState::Succeeded { attempt, .. } => {
            let defect = payment.attempt(*attempt).is_some_and(|attempt| {
                matches!(&attempt.state, AttemptState::Succeeded { defect: Some(_), .. })
            });
            (if defect { Reason::DefectiveSuccess } else { Reason::Success }, MoneyState::Taken, None)
        }
        PaymentState::Failed { reason, .. } => (*reason, MoneyState::NotTaken, None),
        PaymentState::Cancelled { .. } => (Reason::CancelledByLender, MoneyState::NotTaken, None),
    }
}

fn confidence(payment: &Payment, cause: Reason, channels: &ChannelBook) -> u8 {
    let coded = payment.attempts.iter().rev().find_map(|attempt| match &attempt.state {
        AttemptState::Failed { reason, code: Some(code), .. } if *reason == cause => Some((attempt, code)),
        _ => None,
    });
    let scheme = |attempt: &Attempt| channels.get(&attempt.channel).map(|capability| capability.scheme);
    coded
        .and_then(|(attempt, code)| Some(crate::catalogue::look_up(scheme(attempt)?, code).confidence_pct))
        .unwrap_or(100)
}

fn evidence(payment: &Payment, channels: &ChannelBook) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for attempt in &payment.attempts {
        let (zh, en) = match channels.get(&attempt.channel) {
            Some(capability) => (capability.name.zh.as_str(), capability.name.en.as_str()),
            None => (attempt.channel.as_str(), attempt.channel.as_str()),
        };
        evidence.push(Evidence {
            at: attempt.opened_at,
            text: Sentence::new(
                format!("第 {} 次扣款发往{zh}", attempt.number),
                format!("attempt {} opened on {en}", attempt.number),
            ),
        });
        evidence.extend(outcome(attempt, zh, en));
    }
    evidence.extend(excuse::of(payment).into_iter().flat_map(not_the_borrowers_fault));
    evidence.sort_by_key(|evidence| evidence.at);
    if let PaymentState::Failed { stopped, at, .. } = &payment.state {
        let (zh, en) = match stopped {
            Stopped::Final => (
                "在有人处理之前再扣也不会成功，因此停止",
                "stopped: trying again is hopeless before somebody acts",
            ),
            Stopped::AttemptsUsedUp => ("允许的扣款次数已用完", "stopped: all attempts allowed were used"),
            Stopped::WindowOver => ("允许的扣款时间已过", "stopped: the time allowed is over"),
            Stopped::InParts => ("改为分笔扣款", "the order goes on in smaller payments"),
        };
        evidence.push(Evidence { at: *at, text: Sentence::new(zh, en) });
    }
    evidence
}

/// Why the delay need not be counted against the borrower, and from when it is.
fn not_the_borrowers_fault(excuse: Excuse) -> Vec<Evidence> {
    let title = excuse.reason.entry().title;
    let (zh, en) = (title.zh.trim_end_matches('。'), title.en.trim_end_matches('.'));
    let began = Sentence::new(
        format!("未能按时扣款是技术原因（{zh}），不是借款人的责任，这段时间可不计逾期"),
        format!(
            "not collected in time for a technical reason ({en}): not the borrower's fault, need not count as late"
        ),
    );
    let ended = Sentence::new(
        "此后银行给出了借款人自身的原因，延误不再计为技术原因",
        "the bank then named a cause of the borrower's own; from here on the delay is no longer a technical one",
    );
    let ended = excuse.until.map(|at| Evidence { at, text: ended });
    std::iter::once(Evidence { at: excuse.since, text: began }).chain(ended).collect()
}

fn outcome(attempt: &Attempt, zh: &str, en: &str) -> Option<Evidence> {
    let number = attempt.number;
    let (at, text) = match &attempt.state {
        AttemptState::Sending => return None,
        AttemptState::Unknown { since, asked, overdue, .. } => {
            let late = if *overdue {
                ("，已超过时限并报警", ", past its deadline, alarm raised")
            } else {
                ("", "")
            };
            let text = Sentence::new(
                format!("{zh}未给出明确结果，已查询 {asked} 次{}", late.0),
                format!("no clear answer from {en}; asked {asked} times since{}", late.1),
            );
            (*since, text)
        }
        AttemptState::Succeeded { at, .. } => (
            *at,
            Sentence::new(format!("第 {number} 次扣款成功"), format!("attempt {number} moved the money")),
        ),
        AttemptState::Failed { reason, code, proof, at } => {
            let title = reason.entry().title;
            let code = code.as_deref().map_or_else(String::new, |code| format!(" [{code}]"));
            let proof = match proof.kind() {
                "final_decline" => ("明确拒绝", "final decline"),
                "not_found_after_window" => {
                    ("超过最晚执行时间后仍查无此单", "no such order after the late-execution window")
                }
                _ => ("请求未发出", "the request never left"),
            };
            let text = Sentence::new(
                format!(
                    "第 {number} 次未扣款：{}{code}（依据：{}）",
                    title.zh.trim_end_matches('。'),
                    proof.0
                ),
                format!(
                    "attempt {number} took nothing: {}{code} (proof: {})",
                    title.en.trim_end_matches('.'),
                    proof.1
                ),
            );
            (*at, text)
        }
    };
    Some(Evidence { at, text })
}
