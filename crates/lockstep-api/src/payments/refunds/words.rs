//! Events of a refund in words.

use lockstep_core::channel::ChannelBook;
use lockstep_core::payment::{RefundEvent, RefundWay};

use crate::payments::words::{both, name_of, plain, source_words};
use crate::wire::Words;

/// What kind of event, for the timeline.
pub(crate) fn type_of(event: &RefundEvent) -> &'static str {
    match event {
        RefundEvent::Opened { .. } => "refund_opened",
        RefundEvent::Approved { .. } => "refund_approved",
        RefundEvent::Withdrawn { .. } => "refund_withdrawn",
        RefundEvent::TryOpened { .. } => "refund_try_opened",
        RefundEvent::TryUnknown { .. } => "refund_unknown",
        RefundEvent::StillUnknown { .. } => "refund_still_unknown",
        RefundEvent::DeadlinePassed { .. } => "refund_deadline_passed",
        RefundEvent::Noticed { .. } => "refund_noticed",
        RefundEvent::TrySucceeded { .. } => "refund_succeeded",
        RefundEvent::TryFailed { .. } => "refund_try_failed",
        RefundEvent::Waiting { .. } => "refund_waiting",
        RefundEvent::Failed { .. } => "refund_failed",
    }
}

/// The event of a refund in words.
pub(crate) fn words_of(number: u16, event: &RefundEvent, channels: &ChannelBook) -> Words {
    let (zh, en) = match event {
        RefundEvent::Opened { attempt, reason, asked_by, held, .. } => {
            let reason = reason.as_str();
            let (who_zh, who_en) = match asked_by {
                Some(_) => ("已受理", "was accepted"),
                None => ("已自动发起", "opened by itself"),
            };
            let (held_zh, held_en) = match held {
                true => ("，等待复核", " and waits for a second person"),
                false => ("", ""),
            };
            (
                format!("第 {number} 笔退款{who_zh}（退回第 {attempt} 次扣款，原因 {reason}）{held_zh}。"),
                format!("Refund {number} of attempt {attempt} ({reason}) {who_en}{held_en}."),
            )
        }
        RefundEvent::Approved { .. } => {
            (format!("第 {number} 笔退款已复核通过。"), format!("Refund {number} was approved."))
        }
        RefundEvent::Withdrawn { .. } => {
            (format!("第 {number} 笔退款已撤回。"), format!("Refund {number} was withdrawn."))
        }
        RefundEvent::TryOpened { try_no, channel, way } => {
            let name = name_of(channel, channels);
            let (zh, en) = match way {
                RefundWay::Back => ("原路退回", "as a refund of the debit"),
                RefundWay::PayOut => ("以付款方式退到原账户", "as a credit to the same account"),
            };
            (
                format!("第 {number} 笔退款第 {try_no} 次发往{}（{zh}）。", name.zh),
                format!("Try {try_no} of refund {number} was sent to {} ({en}).", name.en),
            )
        }
        RefundEvent::TryUnknown { reason, .. } => {
            let title = reason.entry().title;
            (
                format!("第 {number} 笔退款结果未知（{}），正在向渠道查询。", plain(title.zh)),
                format!(
                    "The outcome of refund {number} is not known ({}); the channel is being asked.",
                    plain(title.en)
                ),
            )
        }
        RefundEvent::StillUnknown { .. } => (
            format!("已就第 {number} 笔退款查询渠道，尚无结果。"),
            format!("The channel was asked about refund {number} and could not tell yet."),
        ),
        RefundEvent::DeadlinePassed { .. } => (
            format!("第 {number} 笔退款的结果超过时限仍未知，已报警。"),
            format!("The outcome of refund {number} is overdue; an alarm was raised."),
        ),
        RefundEvent::Noticed { .. } => (
            format!("渠道就第 {number} 笔退款发来通知，以查询结果为准。"),
            format!("The channel sent a notice about refund {number}; it is checked by asking."),
        ),
        RefundEvent::TrySucceeded { source, excess_minor, .. } => {
            let (zh, en) = source_words(*source);
            let (more_zh, more_en) = match excess_minor {
                0 => both("", ""),
                _ => {
                    both("，且退回金额超过扣款金额，已报警", "; more went back than was taken, alarm raised")
                }
            };
            (
                format!("第 {number} 笔退款已退回（{zh}）{more_zh}。"),
                format!("Refund {number} went back ({en}){more_en}."),
            )
        }
        RefundEvent::TryFailed { reason, code, .. } => {
            let title = reason.entry().title;
            let code = code.as_deref().map_or_else(String::new, |code| format!(" [{code}]"));
            (
                format!("第 {number} 笔退款本次未退回：{}{code}。", plain(title.zh)),
                format!("This try of refund {number} moved nothing: {}{code}.", plain(title.en)),
            )
        }
        RefundEvent::Waiting { until, reason } => {
            let (until, title) = (until.to_rfc3339(), reason.entry().title);
            (
                format!("第 {number} 笔退款将于 {until} 再试（{}）。", plain(title.zh)),
                format!("Refund {number} is tried again at {until} ({}).", plain(title.en)),
            )
        }
        RefundEvent::Failed { reason } => {
            let title = reason.entry().title;
            (
                format!("第 {number} 笔退款未能退回，需要人工处理：{}。", plain(title.zh)),
                format!("Refund {number} did not go back and needs a person: {}.", plain(title.en)),
            )
        }
    };
    Words { zh, en }
}
