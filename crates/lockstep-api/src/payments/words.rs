//! Events of a payment in words. Amounts stay out: a micro-deposit's is a secret of its borrower.

use lockstep_core::channel::{ChannelBook, ChannelId};
use lockstep_core::payment::{PaymentEvent, Source, Stopped};

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
        PaymentEvent::AttemptSucceeded { .. } => "attempt_succeeded",
        PaymentEvent::AttemptFailed { .. } => "attempt_failed",
        PaymentEvent::Waiting { .. } => "waiting",
        PaymentEvent::Succeeded { .. } => "succeeded",
        PaymentEvent::Failed { .. } => "failed",
        PaymentEvent::Cancelled { .. } => "cancelled",
    }
}

/// The event in words.
pub(super) fn of(event: &PaymentEvent, channels: &ChannelBook) -> Words {
    let (zh, en) = match event {
        PaymentEvent::Created { .. } => both("已受理。", "The payment was accepted."),
        PaymentEvent::AttemptOpened { number, channel, .. } => {
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
        PaymentEvent::AttemptSucceeded { number, source, .. } => {
            let (zh, en) = source_words(*source);
            (format!("第 {number} 次扣款成功（{zh}）。"), format!("Attempt {number} moved the money ({en})."))
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
    };
    Words { zh, en }
}

fn both(zh: &str, en: &str) -> (String, String) {
    (zh.to_owned(), en.to_owned())
}

fn plain(title: &str) -> &str {
    title.trim_end_matches(['。', '.'])
}

fn name_of(channel: &ChannelId, channels: &ChannelBook) -> Words {
    match channels.get(channel) {
        Some(capability) => Words { zh: capability.name.zh.clone(), en: capability.name.en.clone() },
        None => Words { zh: channel.to_string(), en: channel.to_string() },
    }
}

fn source_words(source: Source) -> (&'static str, &'static str) {
    match source {
        Source::Answer => ("渠道应答", "by the channel's answer"),
        Source::Query => ("查询确认", "by the answer to a question"),
        Source::Notice => ("渠道通知", "by the channel's notice"),
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
