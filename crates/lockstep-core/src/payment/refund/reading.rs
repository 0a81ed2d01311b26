//! What a channel's words about a refund mean.

use super::{Refund, RefundTry};
use crate::catalogue::{self, Disposition, Reason};
use crate::channel::Capability;
use crate::decision::Slice;
use crate::payment::{FailureProof, Payment};

/// What a channel claims about a try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) code: &'a str,
    pub(super) channel_ref: Option<&'a String>,
    pub(super) amount_minor: Option<i64>,
}

/// What a claim means, read through the catalogue.
pub(super) enum Meaning {
    Moved { defect: Option<String> },
    NotMoved { reason: Reason, proof: FailureProof },
    Unknown { reason: Reason },
    NotFound,
}

/// One try of one refund of one payment.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) slice: &'a Slice,
    pub(super) payment: &'a Payment,
    pub(super) refund: &'a Refund,
    pub(super) one: &'a RefundTry,
}

impl<'a> Case<'a> {
    pub(super) fn find(slice: &'a Slice, payment: &'a Payment, (number, try_no): (u16, u16)) -> Option<Self> {
        let refund = payment.refund(number)?;
        Some(Self { slice, payment, refund, one: refund.try_of(try_no)? })
    }

    pub(super) fn which(&self) -> (u16, u16) {
        (self.refund.number, self.one.number)
    }

    pub(super) fn meaning(&self, claim: Claim<'_>, capability: &Capability) -> Meaning {
        let verdict = catalogue::look_up(capability.scheme, claim.code);
        let moved = match verdict.disposition {
            Disposition::Succeeded => Meaning::Moved { defect: None },
            Disposition::DefectiveSuccess => Meaning::Moved { defect: Some(claim.code.to_owned()) },
            Disposition::NotFound => return Meaning::NotFound,
            Disposition::Unknown | Disposition::QueryAgain => {
                return Meaning::Unknown { reason: verdict.reason };
            }
            Disposition::Declined => {
                return match FailureProof::declined(&verdict, claim.code) {
                    Some(proof) => Meaning::NotMoved { reason: verdict.reason, proof },
                    None => Meaning::Unknown { reason: verdict.reason },
                };
            }
        };
        // Another amount than ours is not a success we can believe.
        match claim.amount_minor {
            Some(amount) if amount != self.refund.amount_minor => {
                Meaning::Unknown { reason: Reason::AmountInvalid }
            }
            _ => moved,
        }
    }
}
