//! How much may still go back: what was taken, less what went back or still could.

use super::{Refund, RefundState};
use crate::payment::{Attempt, AttemptState, Payment};

impl Refund {
    /// What it has moved or could still move. Nothing else may use that money.
    pub fn claimed_minor(&self) -> i64 {
        self.moved_minor.saturating_add(if self.could_move() { self.amount_minor } else { 0 })
    }

    /// The part of that which should never have been taken.
    pub(super) fn surplus_claimed_minor(&self) -> i64 {
        self.surplus_moved_minor.saturating_add(if self.could_move() { self.surplus_minor } else { 0 })
    }

    /// Whether its amount could still go back (once more).
    pub fn could_move(&self) -> bool {
        self.live_try().is_some()
            || match self.state {
                RefundState::Proposed | RefundState::Waiting { .. } => true,
                RefundState::Trying { .. }
                | RefundState::Unknown { .. }
                | RefundState::Succeeded { .. }
                | RefundState::Failed { .. }
                | RefundState::Withdrawn { .. } => false,
            }
    }
}

impl Payment {
    /// What was taken: every attempt that succeeded. There may be two after a late success.
    pub fn taken_minor(&self) -> i64 {
        self.attempts.iter().map(|attempt| self.taken_by(attempt)).sum()
    }

    /// What one attempt took. The only place that knows how much an attempt moves.
    pub fn taken_by(&self, attempt: &Attempt) -> i64 {
        match attempt.state {
            AttemptState::Succeeded { .. } => self.money.amount_minor,
            AttemptState::Sending | AttemptState::Unknown { .. } | AttemptState::Failed { .. } => 0,
        }
    }

    /// What has gone back.
    pub fn refunded_minor(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.moved_minor).sum()
    }

    /// What has gone back or still could.
    pub fn refund_claimed_minor(&self) -> i64 {
        self.refunds.iter().map(Refund::claimed_minor).sum()
    }

    /// What may still be asked back.
    pub fn refundable_minor(&self) -> i64 {
        self.taken_minor().saturating_sub(self.refund_claimed_minor()).max(0)
    }

    /// What may still be asked back of one attempt: no more than is left of the whole payment.
    pub(super) fn refundable_of(&self, attempt: &Attempt) -> i64 {
        let of_attempt = self.refunds.iter().filter(|refund| refund.attempt == attempt.number);
        let claimed: i64 = of_attempt.map(Refund::claimed_minor).sum();
        let left = self.taken_by(attempt).saturating_sub(claimed);
        left.min(self.refundable_minor()).max(0)
    }

    /// Surplus that no refund has returned or could still return.
    pub(super) fn surplus_unclaimed_minor(&self) -> i64 {
        let found: i64 =
            self.refunds.iter().filter(|refund| refund.asked_by.is_none()).map(|r| r.amount_minor).sum();
        let claimed: i64 = self.refunds.iter().map(Refund::surplus_claimed_minor).sum();
        found.saturating_sub(claimed).max(0)
    }

    /// Surplus that has not gone back yet.
    pub(super) fn surplus_left_minor(&self) -> i64 {
        let found: i64 =
            self.refunds.iter().filter(|refund| refund.asked_by.is_none()).map(|r| r.amount_minor).sum();
        let moved: i64 = self.refunds.iter().map(|refund| refund.surplus_moved_minor).sum();
        found.saturating_sub(moved).max(0)
    }
}
