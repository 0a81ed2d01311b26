//! Refusals: our own rules say no. A value with a stable code, one plain sentence and one next step.

use crate::channel::ChannelId;
use crate::id::{BindingId, BorrowerId, OrderId, PaymentId};
use crate::money::{Currency, Money};
use crate::payment::route::Offer;
use crate::text::Sentence;
use crate::time::Timestamp;

/// Why our rules say no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No such borrower for this lender.
    BorrowerNotFound,
    /// The lender already has a borrower of this reference.
    BorrowerExists {
        /// That borrower.
        borrower: BorrowerId,
    },
    /// No such binding for this lender.
    BindingNotFound,
    /// The borrower has bound this instrument already.
    AlreadyBound {
        /// That binding.
        binding: BindingId,
    },
    /// The binding was given up.
    BindingUnbound,
    /// The instrument can't pay until the borrower does something.
    BindingNotUsable {
        /// Why.
        reason: crate::catalogue::Reason,
    },
    /// There is no channel of this name.
    ChannelNotFound {
        /// The name.
        channel: ChannelId,
    },
    /// The channel doesn't sign this kind of instrument.
    ChannelCannotSign {
        /// The channel.
        channel: ChannelId,
    },
    /// No channel can send a micro-deposit to this account.
    NoPayOutChannel,
    /// A mandate on this channel exists or is being signed.
    MandateExists {
        /// The channel.
        channel: ChannelId,
    },
    /// There is no mandate on this channel.
    NoMandateOn {
        /// The channel.
        channel: ChannelId,
    },
    /// No mandate of the binding holds (or none that covers this payment).
    NoLiveMandate {
        /// Why the best candidate is out.
        reason: crate::catalogue::Reason,
        /// What the borrower could sign instead.
        offers: Vec<Offer>,
    },
    /// A signature is under way.
    SigningUnderWay,
    /// No code is expected.
    NoCodeExpected,
    /// The code is dead.
    CodeDead,
    /// A new code was asked for too soon.
    CodeTooSoon {
        /// When one may be asked for.
        free_at: Timestamp,
    },
    /// Too many codes for one mandate.
    TooManyCodes,
    /// No amount is expected.
    NoAmountExpected,
    /// No such order for this lender.
    OrderNotFound,
    /// The borrower already has an order of this reference.
    OrderExists {
        /// That order.
        order: OrderId,
    },
    /// Everything was collected.
    OrderCollected,
    /// The order was cancelled.
    OrderCancelled,
    /// The binding belongs to another borrower than the order.
    NotTheBorrowers,
    /// A payment for this order is under way.
    PaymentUnderWay {
        /// That payment.
        payment: PaymentId,
    },
    /// More than what is still owed, or nothing.
    AmountNotAllowed,
    /// No such payment for this lender.
    PaymentNotFound,
    /// The outcome of an attempt is unknown; nothing may be started or cancelled before it is known.
    OutcomeUnknown,
    /// The payment has ended.
    PaymentEnded,
    /// An attempt is under way.
    AttemptUnderWay,
    /// The payment has no such attempt.
    AttemptNotFound,
    /// The outcome of the attempt is known; there is nothing for people to decide.
    OutcomeKnown,
    /// The attempt's deadline has not passed: the channel is still being asked.
    NotOverdue,
    /// Nobody has said yet what became of the attempt.
    NoProposal,
    /// Somebody has said what became of the attempt; that has to be approved or withdrawn first.
    ProposalStands,
    /// The approver said something else than the proposal.
    ProposalDiffers,
    /// Whoever proposed can't approve.
    SameApprover,
    /// A reversal of the attempt may still be executed.
    ReversalUnderWay {
        /// When it can't any more, unless another one is sent; `None` while one is on its way.
        free_at: Option<Timestamp>,
    },
    /// Money was paid out, not taken: nothing can be given back.
    NotRefundable,
    /// Nothing was taken, so nothing can be given back.
    NothingTaken,
    /// More than what can still be given back, or nothing.
    RefundTooMuch {
        /// What can still be given back of that attempt.
        refundable_minor: i64,
        /// Of which currency.
        currency: Currency,
    },
    /// No channel can give this money back.
    NoRefundChannel,
    /// The payment has more refunds than anybody can want.
    TooManyRefunds,
    /// The payment has no such refund.
    RefundNotFound,
    /// The refund doesn't wait for anybody's approval.
    RefundNotProposed,
    /// Who asked for it can't be the one who approves it.
    SecondPersonNeeded,
}

impl Refusal {
    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BorrowerNotFound => "borrower_not_found",
            Self::BorrowerExists { .. } => "borrower_exists",
            Self::BindingNotFound => "binding_not_found",
            Self::AlreadyBound { .. } => "already_bound",
            Self::BindingUnbound => "binding_unbound",
            Self::BindingNotUsable { .. } => "binding_not_usable",
            Self::ChannelNotFound { .. } => "channel_not_found",
            Self::ChannelCannotSign { .. } => "channel_cannot_sign",
            Self::NoPayOutChannel => "no_pay_out_channel",
            Self::MandateExists { .. } => "mandate_exists",
            Self::NoMandateOn { .. } => "no_mandate_on_channel",
            Self::NoLiveMandate { .. } => "no_live_mandate",
            Self::SigningUnderWay => "signing_under_way",
            Self::NoCodeExpected => "no_code_expected",
            Self::CodeDead => "code_dead",
            Self::CodeTooSoon { .. } => "code_too_soon",
            Self::TooManyCodes => "too_many_codes",
            Self::NoAmountExpected => "no_amount_expected",
            Self::OrderNotFound => "order_not_found",
            Self::OrderExists { .. } => "order_exists",
            Self::OrderCollected => "order_collected",
            Self::OrderCancelled => "order_cancelled",
            Self::NotTheBorrowers => "not_the_borrowers",
            Self::PaymentUnderWay { .. } => "payment_under_way",
            Self::AmountNotAllowed => "amount_not_allowed",
            Self::PaymentNotFound => "payment_not_found",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::PaymentEnded => "payment_ended",
            Self::AttemptUnderWay => "attempt_under_way",
            Self::AttemptNotFound => "attempt_not_found",
            Self::OutcomeKnown => "outcome_known",
            Self::NotOverdue => "not_overdue",
            Self::NoProposal => "no_proposal",
            Self::ProposalStands => "proposal_stands",
            Self::ProposalDiffers => "proposal_differs",
            Self::SameApprover => "same_approver",
            Self::ReversalUnderWay { .. } => "reversal_under_way",
            Self::NotRefundable => "not_refundable",
            Self::NothingTaken => "nothing_taken",
            Self::RefundTooMuch { .. } => "refund_too_much",
            Self::NoRefundChannel => "no_refund_channel",
            Self::TooManyRefunds => "too_many_refunds",
            Self::RefundNotFound => "refund_not_found",
            Self::RefundNotProposed => "refund_not_proposed",
            Self::SecondPersonNeeded => "second_person_needed",
        }
    }

    /// Whether the thing asked for does not exist (for this lender).
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::BorrowerNotFound
                | Self::BindingNotFound
                | Self::OrderNotFound
                | Self::PaymentNotFound
                | Self::AttemptNotFound
                | Self::RefundNotFound
        )
    }

    /// What to say: the fact and the next step, in both languages.
    pub fn sentence(&self) -> Sentence {
        let (zh, en) = match self {
            Self::BorrowerNotFound => {
                ("没有这位借款人，请核对借款人编号。", "There is no such borrower. Check the borrower id.")
            }
            Self::BorrowerExists { .. } => (
                "该编号的借款人已存在，请直接使用已有借款人。",
                "A borrower with this reference exists. Use that borrower.",
            ),
            Self::BindingNotFound => {
                ("没有这条绑定，请核对绑定编号。", "There is no such binding. Check the binding id.")
            }
            Self::AlreadyBound { .. } => (
                "这张卡（账户）已经绑定，请直接使用已有绑定。",
                "This instrument is bound already. Use that binding.",
            ),
            Self::BindingUnbound => {
                ("该绑定已解绑，请重新绑定。", "The binding was given up. Bind the instrument again.")
            }
            Self::BindingNotUsable { reason } => {
                let entry = reason.entry();
                return Sentence::new(
                    format!("{}。{}", entry.title.zh.trim_end_matches('。'), entry.next_step.zh),
                    format!("{}. {}", entry.title.en.trim_end_matches('.'), entry.next_step.en),
                );
            }
            Self::ChannelNotFound { channel } => {
                return Sentence::new(
                    format!("没有名为 {channel} 的支付渠道，可用渠道见 GET /v1/channels。"),
                    format!("There is no channel named {channel}. GET /v1/channels lists them."),
                );
            }
            Self::ChannelCannotSign { channel } => {
                return Sentence::new(
                    format!("渠道 {channel} 不支持为这类账户签约，请换一个渠道。"),
                    format!(
                        "Channel {channel} does not sign this kind of instrument. Choose another channel."
                    ),
                );
            }
            Self::NoPayOutChannel => (
                "所选渠道都不能向该账户打款，请加上一个支持付款的渠道。",
                "None of the channels can send a micro-deposit. Name one that pays out.",
            ),
            Self::MandateExists { channel } => {
                return Sentence::new(
                    format!("渠道 {channel} 上已有生效或正在签约的协议，无需重复签约。"),
                    format!(
                        "A mandate on {channel} holds or is being signed. There is no need to sign again."
                    ),
                );
            }
            Self::NoMandateOn { channel } => {
                return Sentence::new(
                    format!("渠道 {channel} 上没有可用的协议，请先签约。"),
                    format!("There is no mandate on {channel}. Add one first."),
                );
            }
            Self::NoLiveMandate { reason, offers } => {
                let entry = reason.entry();
                let names: Vec<_> = offers.iter().map(|offer| offer.channel.as_str()).collect();
                let (zh, en) = match names.is_empty() {
                    true => (String::new(), String::new()),
                    false => (
                        format!("可签约的渠道：{}。", names.join("、")),
                        format!(" It can be signed on: {}.", names.join(", ")),
                    ),
                };
                // Signing helps where no mandate is; a rule, a limit or an expiry has a way out of its own.
                if *reason != crate::catalogue::Reason::NoLiveMandate {
                    return Sentence::new(
                        format!(
                            "本次不能扣款：{}。{}{zh}",
                            entry.title.zh.trim_end_matches('。'),
                            entry.next_step.zh
                        ),
                        format!(
                            "This can't be collected: {}. {}{en}",
                            entry.title.en.trim_end_matches('.'),
                            entry.next_step.en
                        ),
                    );
                }
                return Sentence::new(
                    format!(
                        "没有可用于本次扣款的代扣协议（{}），请先签约。{zh}",
                        entry.title.zh.trim_end_matches('。')
                    ),
                    format!(
                        "No mandate covers this payment ({}). Sign one first.{en}",
                        entry.title.en.trim_end_matches('.')
                    ),
                );
            }
            Self::SigningUnderWay => {
                ("签约正在进行，请稍候查询结果。", "A signature is under way. Wait for its result.")
            }
            Self::NoCodeExpected => {
                ("当前不需要验证码，请先请求发送。", "No code is expected now. Ask for one first.")
            }
            Self::CodeDead => ("验证码已失效，请重新获取。", "The code is dead. Ask for a new one."),
            Self::CodeTooSoon { free_at } => {
                return Sentence::new(
                    format!("验证码刚刚发送过，请在 {} 之后再试。", free_at.to_rfc3339()),
                    format!("A code was sent just now. Ask again after {}.", free_at.to_rfc3339()),
                );
            }
            Self::TooManyCodes => (
                "验证码发送次数过多，请联系客服处理。",
                "Too many codes were sent for this mandate. Contact support.",
            ),
            Self::NoAmountExpected => ("当前不需要确认打款金额。", "No amount is expected now."),
            Self::OrderNotFound => {
                ("没有这笔还款单，请核对编号。", "There is no such order. Check the order id.")
            }
            Self::OrderExists { .. } => (
                "该借款人已有相同编号的还款单。",
                "The borrower has an order with this reference. Use that order.",
            ),
            Self::OrderCollected => {
                ("这笔还款单已结清，无需再扣款。", "The order has been collected in full. Nothing is owed.")
            }
            Self::OrderCancelled => ("这笔还款单已取消。", "The order was cancelled."),
            Self::NotTheBorrowers => (
                "该绑定不属于这笔还款单的借款人，请选择本人的绑定。",
                "The binding belongs to another borrower than the order. Choose one of this borrower's.",
            ),
            Self::PaymentUnderWay { .. } => (
                "这笔还款单已有一笔支付在进行，请等待其结果。",
                "A payment for this order is under way. Wait for its result.",
            ),
            Self::AmountNotAllowed => (
                "金额须大于零且不超过未还金额，币种须与还款单一致。",
                "The amount must be greater than zero, at most what is still owed, and in the order's currency.",
            ),
            Self::PaymentNotFound => {
                ("没有这笔支付，请核对编号。", "There is no such payment. Check the payment id.")
            }
            Self::OutcomeUnknown => (
                "上一次扣款的结果还在向银行确认，确认前不会再扣、也不能取消。",
                "The bank is still being asked about the last attempt. Nothing is debited or cancelled before it answers.",
            ),
            Self::PaymentEnded => ("这笔支付已经结束。", "The payment has ended."),
            Self::AttemptUnderWay => {
                ("正在扣款，请等待结果。", "An attempt is under way. Wait for its result.")
            }
            Self::AttemptNotFound => (
                "这笔支付没有这次尝试，请核对序号。",
                "The payment has no such attempt. Check the attempt's number.",
            ),
            Self::OutcomeKnown => (
                "这次扣款的结果已经查明，无需人工认定。",
                "The outcome of this attempt is known. There is nothing left to decide.",
            ),
            Self::NotOverdue => (
                "这次扣款尚未超过查询时限，系统仍在向渠道查询，请稍后再试。",
                "The attempt's deadline has not passed and the channel is still being asked. Come back after the alarm.",
            ),
            Self::NoProposal => (
                "还没有人提出认定结果，请先提出。",
                "Nobody has said yet what became of this attempt. Propose an outcome first.",
            ),
            Self::ProposalStands => (
                "已有待复核的认定结果，请先复核或撤回。",
                "A proposal about this attempt stands. Approve or withdraw it first.",
            ),
            Self::ProposalDiffers => (
                "复核结果与提出的认定不一致，请核实；如不同意，请撤回该认定。",
                "Your outcome differs from the proposed one. Check again; if you disagree, withdraw the proposal.",
            ),
            Self::SameApprover => (
                "提出人不能复核自己的认定，请由另一人用其本人的密钥复核。",
                "Whoever proposed can't approve. A second person has to, with a key of their own.",
            ),
            Self::ReversalUnderWay { free_at } => {
                let after = free_at.map(Timestamp::to_rfc3339);
                let zh = after.as_ref().map_or("得到应答后".to_owned(), |at| format!("在 {at} 之后"));
                let en = after.map_or("once it has come back".to_owned(), |at| format!("after {at}"));
                return Sentence::new(
                    format!("冲正仍可能被执行，暂不能认定为已扣款，请{zh}再试。"),
                    format!(
                        "A reversal may still be executed, so the money can't count as moved yet. Approve {en}."
                    ),
                );
            }
            Self::NotRefundable => (
                "这笔支付是打款而不是扣款，没有可退的钱。",
                "This payment sent money out and took none. There is nothing to give back.",
            ),
            Self::NothingTaken => (
                "没有扣到款，无需退款；请核对支付编号和尝试序号。",
                "No money was taken, so none can go back. Check the payment and the attempt's number.",
            ),
            Self::RefundTooMuch { refundable_minor, currency } => {
                let left = Money { amount_minor: *refundable_minor, currency: *currency };
                return Sentence::new(
                    format!("退款金额须大于零且不超过可退金额，目前最多可退 {left}。"),
                    format!(
                        "A refund must be greater than zero and at most what can still go back: {left} now."
                    ),
                );
            }
            Self::NoRefundChannel => (
                "扣款渠道已不能退这笔钱，也没有其他渠道可向该账户付款，请改用其他方式退还。",
                "The channel can't give this money back any more and no other can credit the account. Return it another way.",
            ),
            Self::TooManyRefunds => (
                "这笔支付的退款次数已达上限，请合并金额或改用其他方式退还。",
                "This payment has too many refunds. Return the rest another way.",
            ),
            Self::RefundNotFound => {
                ("没有这笔退款，请核对退款序号。", "There is no such refund. Check its number.")
            }
            Self::RefundNotProposed => (
                "这笔退款不在待复核状态，请查看它的最新状态。",
                "The refund doesn't wait for approval. Look at where it stands now.",
            ),
            Self::SecondPersonNeeded => (
                "发起人不能复核自己的退款，请由另一个密钥复核。",
                "Who asked for a refund can't approve it. Approve it with another key.",
            ),
        };
        Sentence::new(zh, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Reason;

    #[test]
    fn signing_is_the_advice_only_where_a_mandate_is_missing() {
        let said = |reason| Refusal::NoLiveMandate { reason, offers: Vec::new() }.sentence();
        assert!(said(Reason::NoLiveMandate).en.contains("Sign one first."));
        for reason in [Reason::ExcludedByRule, Reason::SingleLimitExceeded] {
            let (sentence, entry) = (said(reason), reason.entry());
            assert!(
                !sentence.en.contains("Sign one first") && !sentence.zh.contains("请先签约"),
                "{sentence:?}"
            );
            assert!(sentence.en.contains(entry.next_step.en) && sentence.zh.contains(entry.next_step.zh));
        }
    }
}
