//! Diagnosis: which party failed, why, who acts, what to do next, and whether the money is safe. In words.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Actor, Layer, Reason};
use crate::channel::ChannelBook;
use crate::payment::{Attempt, AttemptState, Payment, PaymentState, Refund, RefundState, Stopped, Excuse, excuse};
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
    /// It moved, and all of it went back.
    GivenBack,
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
    let (cause, money, next_try_at) = conclusion(payment, channels);
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

fn conclusion(payment: &Payment, channels: &ChannelBook) -> (Reason, MoneyState, Option<Timestamp>) {
    match &payment.state {
        PaymentState::Waiting { until, reason } => {
            let cause = reason.unwrap_or(Reason::NotDueYet);
            (cause, MoneyState::NotTaken, Some(*until))
        }
        PaymentState::Trying { .. } => (Reason::ChannelProcessing, MoneyState::NotKnownYet, None),
        PaymentState::Unknown { .. } => (Reason::OutcomeUnknown, MoneyState::NotKnownYet, None),
        PaymentState::Succeeded { attempt, .. } => {
            let flawed =
                payment.attempt(*attempt).and_then(|attempt| Some((attempt, attempt.open_defect()?)));
            let cause = flawed.map_or(Reason::Success, |(attempt, code)| {
                let scheme = channels.get(&attempt.channel).map(|capability| capability.scheme);
                let verdict = scheme.map(|scheme| crate::catalogue::look_up(scheme, code));
                verdict.map_or(Reason::DefectiveSuccess, |verdict| verdict.reason)
            });
            // Money that should have gone back and did not is what people have to act on.
            if matches!(payment.refunds.last(), Some(Refund { state: RefundState::Failed { .. }, .. })) {
                return (Reason::RefundNotAllowed, MoneyState::Taken, None);
            }
            let given_back =
                payment.refunded_minor() > 0 && payment.refunded_minor() >= payment.taken_minor();
            let money = if given_back { MoneyState::GivenBack } else { MoneyState::Taken };
            (cause, money, None)
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
        evidence.push(Evidence { at: attempt.opened_at, text: opened(attempt, zh, en) });
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
    evidence.extend(payment.refunds.iter().map(|refund| of_refund(payment, refund)));
    evidence
}

fn of_refund(payment: &Payment, refund: &Refund) -> Evidence {
    let (number, money) = (refund.number, payment.money_of(refund));
    let (at, zh, en) = match &refund.state {
        RefundState::Proposed => {
            (refund.asked_at, "等待另一位人员复核".to_owned(), "waits for a second person".to_owned())
        }
        RefundState::Waiting { until, reason } => {
            let title = reason.map(|reason| reason.entry().title);
            let zh =
                title.map_or_else(String::new, |title| format!("（{}）", title.zh.trim_end_matches('。')));
            let en = title.map_or_else(String::new, |title| format!(" ({})", title.en.trim_end_matches('.')));
            let until = until.to_rfc3339();
            (refund.asked_at, format!("将于 {until} 再试{zh}"), format!("is tried again at {until}{en}"))
        }
        RefundState::Trying { .. } => (refund.asked_at, "已发往渠道".to_owned(), "is on its way".to_owned()),
        RefundState::Unknown { since, .. } => (
            *since,
            "结果未知，正在向渠道查询".to_owned(),
            "has no known outcome; the channel is being asked".to_owned(),
        ),
        RefundState::Succeeded { at } => (*at, "已退回".to_owned(), "went back".to_owned()),
        RefundState::Failed { reason, at } => {
            let title = reason.entry().title;
            let (zh, en) = (title.zh.trim_end_matches('。'), title.en.trim_end_matches('.'));
            (
                *at,
                format!("未能退回，需要人工处理：{zh}"),
                format!("did not go back and needs a person: {en}"),
            )
        }
        RefundState::Withdrawn { at, .. } => {
            (*at, "复核前已撤回".to_owned(), "was withdrawn before it was approved".to_owned())
        }
    };
    let text =
        Sentence::new(format!("第 {number} 笔退款 {money} {zh}"), format!("refund {number} of {money} {en}"));
    Evidence { at, text }
}

fn opened(attempt: &Attempt, zh: &str, en: &str) -> Sentence {
    let number = attempt.number;
    match attempt.binding {
        None => {
            Sentence::new(format!("第 {number} 次扣款发往{zh}"), format!("attempt {number} opened on {en}"))
        }
        Some(_) => Sentence::new(
            format!("第 {number} 次扣款改用借款人同意的备用账户，发往{zh}"),
            format!("attempt {number} opened on {en} with the stand-in instrument the borrower agreed to"),
        ),
    }
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
        AttemptState::Unknown { since, asked, overdue, proposal, .. } => {
            let late = if *overdue {
                ("，已超过时限并报警", ", past its deadline, alarm raised")
            } else {
                ("", "")
            };
            let undone =
                attempt.reversal.as_ref().map_or(("", ""), |_| ("，已发起冲正", ", a reversal was sent"));
            let said = proposal.as_ref().map_or(("", ""), |_| {
                (
                    "，已有人工认定待复核",
                    ", one person has said what became of it and a second one has to agree",
                )
            });
            let text = Sentence::new(
                format!("{zh}未给出明确结果，已查询 {asked} 次{}{}{}", undone.0, late.0, said.0),
                format!(
                    "no clear answer from {en}; asked {asked} times since{}{}{}",
                    undone.1, late.1, said.1
                ),
            );
            (*since, text)
        }
        AttemptState::Succeeded { at, .. } => {
            let contradicted =
                attempt.decided.as_ref().is_some_and(|decided| decided.contradicted_at.is_some());
            let how = if attempt.open_defect().is_some() {
                (
                    "，渠道称交易有缺陷，待确认",
                    "; the channel calls the transaction flawed and has to confirm it",
                )
            } else if contradicted {
                (
                    "（双人复核认定），但渠道事后证明并未扣款",
                    " as two people decided, but the channel has proven that it did not",
                )
            } else if attempt.moved_by_people() {
                ("（双人复核认定）", " as two people decided")
            } else {
                ("", "")
            };
            let zh = format!("第 {number} 次扣款成功{}", how.0);
            (*at, Sentence::new(zh, format!("attempt {number} moved the money{}", how.1)))
        }
        AttemptState::Failed { reason, code, proof, at } => {
            let title = reason.entry().title;
            let code = code.as_deref().map_or_else(String::new, |code| format!(" [{code}]"));
            let proof = proof.words();
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
