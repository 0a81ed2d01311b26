//! Events of a payment in words. Amounts stay out: a micro-deposit's is a secret of its borrower.

use lockstep_core::channel::{ChannelBook, ChannelId};
use lockstep_core::payment::{Outcome, PaymentEvent, ReversalState, Source, Stopped};

use crate::wire::Words;

/// What kind of event, as it is stored.
pub(super) fn type_of(event: &PaymentEvent) -> &'static str {
    match event {
        PaymentEvent::Created { .. } => "created",
        PaymentEvent::AttemptOpened { .. } => "attempt_opened",
        PaymentEvent::AttemptUnknown { .. } => "attempt_unknown",
        PaymentEvent::StillUnknown { .. } => "still_unknown",
        PaymentEvent::DeadlinePassed { .. } => "deadline_passed",
        PaymentEvent::Noticed { .. } => "noticed",
        PaymentEvent::ReversalSent { .. } => "reversal_sent",
        PaymentEvent::ReversalBack { .. } => "reversal_back",
        PaymentEvent::NotInStatement { .. } => "not_in_statement",
        PaymentEvent::OutcomeProposed { .. } => "outcome_proposed",
        PaymentEvent::ProposalWithdrawn { .. } => "proposal_withdrawn",
        PaymentEvent::OutcomeApproved { .. } => "outcome_approved",
        PaymentEvent::DecisionContradicted { .. } => "decision_contradicted",
        PaymentEvent::DefectSettled { .. } => "defect_settled",
        PaymentEvent::SentBack { .. } => "sent_back",
        PaymentEvent::AttemptSucceeded { .. } => "attempt_succeeded",
        PaymentEvent::AttemptFailed { .. } => "attempt_failed",
        PaymentEvent::Waiting { .. } => "waiting",
        PaymentEvent::Succeeded { .. } => "succeeded",
        PaymentEvent::Failed { .. } => "failed",
        PaymentEvent::Cancelled { .. } => "cancelled",
        PaymentEvent::Refund { event, .. } => super::refunds::type_of(event),
    }
}

/// The event in words.
pub(super) fn of(event: &PaymentEvent, channels: &ChannelBook) -> Words {
    let (zh, en) = match event {
        PaymentEvent::Created { .. } => both("已受理。", "The payment was accepted."),
        PaymentEvent::AttemptOpened { number, channel, binding: Some(_), .. } => {
            let name = name_of(channel, channels);
            (
                format!("第 {number} 次扣款改用借款人同意的备用账户，发往{}。", name.zh),
                format!("Attempt {number} was opened on {} with the stand-in instrument.", name.en),
            )
        }
        PaymentEvent::AttemptOpened { number, channel, binding: None, .. } => {
            let name = name_of(channel, channels);
            (
                format!("第 {number} 次扣款发往{}。", name.zh),
                format!("Attempt {number} was opened on {}.", name.en),
            )
        }
        PaymentEvent::AttemptUnknown { number, reason, .. } => {
            let title = reason.entry().title;
            let zh = format!("第 {number} 次扣款结果未知（{}），正在向渠道查询。", plain(title.zh));
            (
                zh,
                format!(
                    "The outcome of attempt {number} is not known ({}); the channel is being asked.",
                    plain(title.en)
                ),
            )
        }
        PaymentEvent::StillUnknown { number, .. } => (
            format!("已就第 {number} 次扣款查询渠道，尚无结果。"),
            format!("The channel was asked about attempt {number} and could not tell yet."),
        ),
        PaymentEvent::DeadlinePassed { number, .. } => (
            format!("第 {number} 次扣款的结果超过时限仍未知，已报警。"),
            format!("The outcome of attempt {number} is overdue; an alarm was raised."),
        ),
        PaymentEvent::Noticed { number, .. } => (
            format!("渠道就第 {number} 次扣款发来通知，以查询结果为准。"),
            format!("The channel sent a notice about attempt {number}; it is checked by asking."),
        ),
        PaymentEvent::ReversalSent { number, .. } => (
            format!("第 {number} 次扣款长时间无结果，已向渠道发起冲正。"),
            format!("Attempt {number} had no result for too long; the channel was told to reverse it."),
        ),
        PaymentEvent::ReversalBack { number, state, .. } => reversal_words(*number, state),
        PaymentEvent::NotInStatement { number, day, .. } => (
            format!("渠道 {day} 的对账文件中没有第 {number} 次扣款。"),
            format!("The channel's statement of {day} doesn't list attempt {number}."),
        ),
        PaymentEvent::OutcomeProposed { number, outcome, by, .. } => {
            let (zh, en) = outcome_words(*outcome);
            (
                format!("{by} 提出认定：第 {number} 次扣款{zh}，待另一人复核。"),
                format!("{by} says that attempt {number} {en}; a second person has to agree."),
            )
        }
        PaymentEvent::ProposalWithdrawn { number, by, .. } => (
            format!("{by} 撤回了对第 {number} 次扣款的认定。"),
            format!("{by} withdrew what was proposed about attempt {number}."),
        ),
        PaymentEvent::OutcomeApproved { number, outcome, proposed_by, approved_by, .. } => {
            let (zh, en) = outcome_words(*outcome);
            (
                format!("双人复核认定：第 {number} 次扣款{zh}（{proposed_by} 提出，{approved_by} 复核）。"),
                format!(
                    "Decided by two people: attempt {number} {en} (proposed by {proposed_by}, approved by \
                     {approved_by})."
                ),
            )
        }
        PaymentEvent::DecisionContradicted { number, .. } => (
            format!("渠道事后给出的结果与第 {number} 次扣款的人工认定相反，已报警。"),
            format!(
                "The channel has contradicted what people decided about attempt {number}; an alarm was raised."
            ),
        ),
        PaymentEvent::DefectSettled { number, .. } => (
            format!("渠道确认第 {number} 次扣款有效，已入账。"),
            format!("The channel confirmed that attempt {number} stands."),
        ),
        PaymentEvent::SentBack { number, .. } => (
            format!("渠道未能入账，第 {number} 次扣款已原路退回。"),
            format!("The channel could not book attempt {number} and sent the money back."),
        ),
        PaymentEvent::AttemptSucceeded { number, source, defect, .. } => {
            let (zh, en) = source_words(*source);
            let flaw = match defect {
                Some(_) => ("，但渠道称交易有缺陷，待确认", ", but the channel calls the transaction flawed"),
                None => ("", ""),
            };
            (
                format!("第 {number} 次扣款成功（{zh}）{}。", flaw.0),
                format!("Attempt {number} moved the money ({en}){}.", flaw.1),
            )
        }
        PaymentEvent::AttemptFailed { number, reason, code, .. } => {
            let title = reason.entry().title;
            let code = code.as_deref().map_or_else(String::new, |code| format!(" [{code}]"));
            let zh = format!("第 {number} 次未扣款：{}{code}。", plain(title.zh));
            (zh, format!("Attempt {number} took nothing: {}{code}.", plain(title.en)))
        }
        PaymentEvent::Waiting { until, reason, .. } => {
            let until = until.to_rfc3339();
            let why = reason.map(|reason| reason.entry().title);
            let zh = why.map_or_else(String::new, |title| format!("（{}）", plain(title.zh)));
            let en = why.map_or_else(String::new, |title| format!(" ({})", plain(title.en)));
            (format!("等待至 {until} 再扣款{zh}。"), format!("The next attempt is planned for {until}{en}."))
        }
        PaymentEvent::Succeeded { .. } => both("支付成功。", "The payment succeeded."),
        PaymentEvent::Failed { reason, stopped, .. } => {
            let (title, (zh, en)) = (reason.entry().title, stopped_words(*stopped));
            let zh = format!("支付失败：{}（{zh}）。", plain(title.zh));
            (zh, format!("The payment failed: {} ({en}).", plain(title.en)))
        }
        PaymentEvent::Cancelled { .. } => both("支付已取消。", "The payment was cancelled."),
        PaymentEvent::Refund { number, event, .. } => {
            return super::refunds::words_of(*number, event, channels);
        }
    };
    Words { zh, en }
}

fn outcome_words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Moved => ("已扣款", "moved the money"),
        Outcome::NotMoved => ("未扣款", "took nothing"),
    }
}

fn reversal_words(number: u16, state: &ReversalState) -> (String, String) {
    let (zh, en) = match state {
        ReversalState::Sending => ("正在发送", "is on its way"),
        ReversalState::Unanswered { .. } => ("尚无应答，将再次发送", "got no answer yet and is sent again"),
        ReversalState::Reversed { .. } => ("已成功", "was confirmed"),
        ReversalState::Refused { .. } => {
            ("被渠道拒绝，改为查询原交易", "was refused; the channel is asked about the original")
        }
        ReversalState::NotFound { .. } => ("已应答：渠道没有原交易", "was answered: there is no original"),
    };
    (format!("第 {number} 次扣款的冲正{zh}。"), format!("The reversal of attempt {number} {en}."))
}

pub(super) fn both(zh: &str, en: &str) -> (String, String) {
    (zh.to_owned(), en.to_owned())
}

pub(super) fn plain(title: &str) -> &str {
    title.trim_end_matches(['。', '.'])
}

pub(super) fn name_of(channel: &ChannelId, channels: &ChannelBook) -> Words {
    match channels.get(channel) {
        Some(capability) => Words { zh: capability.name.zh.clone(), en: capability.name.en.clone() },
        None => Words { zh: channel.to_string(), en: channel.to_string() },
    }
}

pub(super) fn source_words(source: Source) -> (&'static str, &'static str) {
    match source {
        Source::Answer => ("渠道应答", "by the channel's answer"),
        Source::Query => ("查询确认", "by the answer to a question"),
        Source::Notice => ("渠道通知", "by the channel's notice"),
        Source::Statement => ("对账文件", "by the channel's statement"),
        Source::People => ("双人复核", "as two people decided"),
    }
}

fn stopped_words(stopped: Stopped) -> (&'static str, &'static str) {
    match stopped {
        Stopped::Final => ("处理前再扣也不会成功", "hopeless before somebody acts"),
        Stopped::AttemptsUsedUp => ("扣款次数已用完", "all attempts were used"),
        Stopped::WindowOver => ("扣款时间已过", "the time allowed is over"),
        Stopped::InParts => ("改为分笔扣款", "the order goes on in smaller payments"),
    }
}
