//! Which problem a refusal of our own rules is.

use lockstep_core::refusal::Refusal;

use super::{Kind, Problem};

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let problem = Self::saying(Kind::of(refusal), &refusal.sentence());
        match refusal {
            Refusal::BorrowerExists { borrower } => problem.with_existing(borrower),
            Refusal::AlreadyBound { binding } => problem.with_existing(binding),
            Refusal::OrderExists { order } => problem.with_existing(order),
            Refusal::PaymentUnderWay { payment } => problem.with_existing(payment),
            Refusal::NoLiveMandate { offers, .. } => problem.with_offers(offers),
            _ => problem,
        }
    }
}

impl Kind {
    /// The kind of a refusal. Every refusal is named here, so a new one asks for its page and status.
    fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::BorrowerNotFound => Self::BorrowerNotFound,
            Refusal::BorrowerExists { .. } => Self::BorrowerExists,
            Refusal::BindingNotFound => Self::BindingNotFound,
            Refusal::AlreadyBound { .. } => Self::AlreadyBound,
            Refusal::BindingUnbound => Self::BindingUnbound,
            Refusal::BindingNotUsable { .. } => Self::BindingNotUsable,
            Refusal::ChannelNotFound { .. } => Self::ChannelNotFound,
            Refusal::ChannelCannotSign { .. } => Self::ChannelCannotSign,
            Refusal::NoPayOutChannel => Self::NoPayOutChannel,
            Refusal::MandateExists { .. } => Self::MandateExists,
            Refusal::NoMandateOn { .. } => Self::NoMandateOn,
            Refusal::NoLiveMandate { .. } => Self::NoLiveMandate,
            Refusal::SigningUnderWay => Self::SigningUnderWay,
            Refusal::NoCodeExpected => Self::NoCodeExpected,
            Refusal::CodeDead => Self::CodeDead,
            Refusal::CodeTooSoon { .. } => Self::CodeTooSoon,
            Refusal::TooManyCodes => Self::TooManyCodes,
            Refusal::NoAmountExpected => Self::NoAmountExpected,
            Refusal::OrderNotFound => Self::OrderNotFound,
            Refusal::OrderExists { .. } => Self::OrderExists,
            Refusal::OrderCollected => Self::OrderCollected,
            Refusal::OrderCancelled => Self::OrderCancelled,
            Refusal::NotTheBorrowers => Self::NotTheBorrowers,
            Refusal::PaymentUnderWay { .. } => Self::PaymentUnderWay,
            Refusal::AmountNotAllowed => Self::AmountNotAllowed,
            Refusal::PaymentNotFound => Self::PaymentNotFound,
            Refusal::OutcomeUnknown => Self::OutcomeUnknown,
            Refusal::PaymentEnded => Self::PaymentEnded,
            Refusal::AttemptUnderWay => Self::AttemptUnderWay,
            Refusal::AttemptNotFound => Self::AttemptNotFound,
            Refusal::OutcomeKnown => Self::OutcomeKnown,
            Refusal::NotOverdue => Self::NotOverdue,
            Refusal::NoProposal => Self::NoProposal,
            Refusal::ProposalStands => Self::ProposalStands,
            Refusal::ProposalDiffers => Self::ProposalDiffers,
            Refusal::SameApprover => Self::SameApprover,
            Refusal::ReversalUnderWay { .. } => Self::ReversalUnderWay,
            Refusal::NotRefundable => Self::NotRefundable,
            Refusal::NothingTaken => Self::NothingTaken,
            Refusal::RefundTooMuch { .. } => Self::RefundTooMuch,
            Refusal::NoRefundChannel => Self::NoRefundChannel,
            Refusal::TooManyRefunds => Self::TooManyRefunds,
            Refusal::RefundNotFound => Self::RefundNotFound,
            Refusal::RefundNotProposed => Self::RefundNotProposed,
            Refusal::SecondPersonNeeded => Self::SecondPersonNeeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::channel::ChannelId;
    use lockstep_core::id::{BindingId, Bucket, Mint};
    use lockstep_core::money::Currency;
    use lockstep_core::time::Timestamp;

    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_not_found_means_404() {
        let channel = || ChannelId::try_from("unionpay").unwrap();
        let mut mint = Mint::new(Bucket::of_tenant("x"), Timestamp::from_millis(0), [0; 16]);
        let refusals = [
            Refusal::BorrowerNotFound,
            Refusal::BindingNotFound,
            Refusal::OrderNotFound,
            Refusal::PaymentNotFound,
            Refusal::AlreadyBound { binding: BindingId::mint(&mut mint) },
            Refusal::ChannelNotFound { channel: channel() },
            Refusal::ChannelCannotSign { channel: channel() },
            Refusal::MandateExists { channel: channel() },
            Refusal::NoMandateOn { channel: channel() },
            Refusal::CodeTooSoon { free_at: Timestamp::from_millis(0) },
            Refusal::OutcomeUnknown,
            Refusal::AttemptNotFound,
            Refusal::OutcomeKnown,
            Refusal::NotOverdue,
            Refusal::NoProposal,
            Refusal::ProposalStands,
            Refusal::ProposalDiffers,
            Refusal::SameApprover,
            Refusal::ReversalUnderWay { free_at: None },
            Refusal::AmountNotAllowed,
            Refusal::RefundNotFound,
            Refusal::RefundTooMuch { refundable_minor: 0, currency: Currency::CNY },
            Refusal::SecondPersonNeeded,
        ];
        for refusal in refusals {
            let entry = Kind::of(&refusal).entry();
            assert_eq!(entry.code, refusal.code());
            assert_eq!(entry.status == 404, refusal.is_not_found(), "{refusal:?}");
        }
    }
}
