//! What can happen to a binding.

use serde::{Deserialize, Serialize};

use super::{
    Binding, Instrument, Mandate, MandateState, MandateTerms, Observation, Proof, StandIn, Verification, join,
};
use crate::catalogue::Reason;
use crate::channel::{ChannelId, Period};
use crate::id::{BindingId, BorrowerId, MandateId, PaymentId, TenantId};
use crate::time::{Day, Timestamp};
use crate::payment::card_scheme;

/// What can happen to a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BindingEvent {
    /// Binding began.
    Created {
        /// Its id.
        id: BindingId,
        /// The lender.
        tenant: TenantId,
        /// Whose it is.
        borrower: BorrowerId,
        /// What is bound.
        instrument: Instrument,
        /// Channels in order of preference.
        preferred: Vec<ChannelId>,
        /// When.
        at: Timestamp,
    },
    /// A mandate on a channel is wanted.
    MandateWanted {
        /// Its id.
        id: MandateId,
        /// The channel.
        channel: ChannelId,
        /// What the borrower agrees to.
        terms: MandateTerms,
    },
    /// The channel was asked to check the elements and text a code.
    CodeAsked {
        /// The channel.
        channel: ChannelId,
        /// When.
        at: Timestamp,
    },
    /// The bank texted a code to the reserved phone.
    CodeSent {
        /// The channel.
        channel: ChannelId,
        /// The channel's own name for this signing.
        channel_ref: Option<String>,
        /// When.
        at: Timestamp,
        /// First moment at which the code is dead.
        expires_at: Timestamp,
        /// Wrong entries allowed.
        tries: u8,
    },
    /// A signature went out (with the code, or with the micro-deposit as proof).
    SignatureSent {
        /// The channel.
        channel: ChannelId,
        /// When.
        at: Timestamp,
    },
    /// The code was wrong; the borrower may try again.
    CodeWrong {
        /// The channel.
        channel: ChannelId,
    },
    /// The code entered never reached the channel; it may be entered again while it lives.
    SignatureNotSent {
        /// The channel.
        channel: ChannelId,
    },
    /// Nobody knows whether the signature arrived.
    SignatureUnknown {
        /// The channel.
        channel: ChannelId,
        /// When.
        at: Timestamp,
    },
    /// The channel was asked about the signature and had no answer yet.
    SignatureStillUnknown {
        /// The channel.
        channel: ChannelId,
    },
    /// The mandate holds.
    MandateLive {
        /// The channel.
        channel: ChannelId,
        /// The channel's number for it.
        agreement_no: String,
        /// When.
        at: Timestamp,
    },
    /// The channel or bank said no to the mandate.
    MandateRefused {
        /// The channel.
        channel: ChannelId,
        /// Why.
        reason: Reason,
        /// The channel's own code, if it gave one.
        code: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// A mandate that held holds no longer.
    MandateEnded {
        /// The channel.
        channel: ChannelId,
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// A micro-deposit is being sent.
    DepositSent {
        /// The paying out.
        payment: PaymentId,
    },
    /// The micro-deposit arrived.
    DepositArrived {
        /// How much it was.
        amount_minor: i64,
        /// First moment at which it is too late to say so.
        expires_at: Timestamp,
        /// Wrong answers allowed.
        tries: u8,
    },
    /// The borrower named another amount.
    AmountWrong,
    /// The proof did not work.
    VerificationFailed {
        /// Why.
        reason: Reason,
        /// When.
        at: Timestamp,
    },
    /// The instrument is the borrower's.
    Proven {
        /// By what.
        proof: Proof,
        /// When.
        at: Timestamp,
    },
    /// A dated fact about the instrument came in.
    Observed {
        /// The fact.
        observation: Observation,
    },
    /// An attempt opened whose amount counts against a limit of the day or month.
    AmountReserved {
        /// The channel.
        channel: ChannelId,
        /// The day it counts on.
        day: Day,
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// That attempt moved nothing, for certain.
    AmountReleased {
        /// The channel.
        channel: ChannelId,
        /// The day it was counted on.
        day: Day,
        /// How much, in minor units.
        amount_minor: i64,
    },
    /// The bank said that a limit of the day or month is reached.
    LimitReached {
        /// The channel.
        channel: ChannelId,
        /// Which limit.
        period: Period,
        /// First moment of the next period.
        until: Timestamp,
        /// The amount it was said about, in minor units.
        from_minor: i64,
    },
    /// The borrower agreed that it may be debited where another instrument of theirs can't.
    StandInAgreed {
        /// When.
        at: Timestamp,
    },
    /// The borrower took that back.
    StandInWithdrawn {
        /// When.
        at: Timestamp,
    },

    /// The bank or channel declined a debit, for no technical reason.
    DebitDeclined {
        /// When.
        at: Timestamp,
    },
    /// Given up.
    Unbound {
        /// When.
        at: Timestamp,
    },
}

impl Binding {
    /// The state after an event.
    pub fn evolve(state: Option<Self>, event: &BindingEvent) -> Option<Self> {
        if let BindingEvent::Created { id, tenant, borrower, instrument, preferred, at } = event {
            debug_assert!(state.is_none(), "a binding is created once");
            return Some(Self {
                id: *id,
                tenant: *tenant,
                borrower: *borrower,
                instrument: instrument.clone(),
                verification: Verification::Unproven,
                mandates: std::collections::BTreeMap::new(),
                preferred: preferred.clone(),
                observed: None,
                usage: std::collections::BTreeMap::new(),
                stand_in: None,
                declines: Vec::new(),
                unbound_at: None,
                version: 1,
                created_at: *at,
            });
        }
        state.map(|mut binding| {
            binding.version += 1;
            binding.apply(event);
            binding
        })
    }

    fn apply(&mut self, event: &BindingEvent) {
        match event {
            BindingEvent::Created { .. } => {}
            BindingEvent::MandateWanted { id, channel, terms } => {
                let (channel, terms) = (channel.clone(), terms.clone());
                // Codes asked for in vain count on: wanting the mandate again gives a guesser no new ones.
                let rounds = self
                    .mandates
                    .get(&channel)
                    .filter(|mandate| mandate.in_vain())
                    .map_or(0, |one| one.rounds);
                let mandate =
                    Mandate { id: *id, channel: channel.clone(), terms, state: MandateState::Wanted, rounds };
                self.mandates.insert(channel, mandate);
            }
            BindingEvent::DepositSent { payment } => {
                self.verification = Verification::DepositSending { payment: *payment };
            }
            BindingEvent::DepositArrived { amount_minor, expires_at, tries } => {
                if let Verification::DepositSending { payment } = self.verification {
                    self.verification = Verification::AwaitingAmount {
                        payment,
                        amount_minor: *amount_minor,
                        expires_at: *expires_at,
                        tries_left: *tries,
                    };
                }
            }
            BindingEvent::AmountWrong => {
                if let Verification::AwaitingAmount { tries_left, .. } = &mut self.verification {
                    *tries_left = tries_left.saturating_sub(1);
                }
            }
            BindingEvent::VerificationFailed { reason, at } => {
                self.verification = Verification::Failed { reason: *reason, at: *at };
            }
            BindingEvent::Proven { proof, at } => {
                self.verification = Verification::Proven { proof: *proof, at: *at };
            }
            BindingEvent::Observed { observation } => {
                self.observed = join(self.observed.take(), Some(observation.clone()));
            }
            BindingEvent::AmountReserved { channel, day, amount_minor } => {
                self.usage.entry(channel.clone()).or_default().reserve(*day, *amount_minor);
            }
            BindingEvent::AmountReleased { channel, day, amount_minor } => {
                if let Some(usage) = self.usage.get_mut(channel) {
                    usage.release(*day, *amount_minor);
                }
            }
            BindingEvent::LimitReached { channel, period, until, from_minor } => {
                self.usage.entry(channel.clone()).or_default().reached(*period, *until, *from_minor);
            }
            BindingEvent::StandInAgreed { at } => self.stand_in = Some(StandIn { agreed_at: *at }),
            BindingEvent::StandInWithdrawn { .. } => self.stand_in = None,
            BindingEvent::DebitDeclined { at } => {
                self.declines.retain(|known| known.plus(card_scheme::REMEMBERED) > *at);
                if self.declines.len() >= card_scheme::REMEMBERED_AT_MOST {
                    self.declines.remove(0);
                }
                self.declines.push(*at);
            }
            BindingEvent::Unbound { at } => self.unbound_at = Some(*at),
            BindingEvent::CodeAsked { channel, .. }
            | BindingEvent::CodeSent { channel, .. }
            | BindingEvent::SignatureSent { channel, .. }
            | BindingEvent::CodeWrong { channel }
            | BindingEvent::SignatureNotSent { channel }
            | BindingEvent::SignatureUnknown { channel, .. }
            | BindingEvent::SignatureStillUnknown { channel }
            | BindingEvent::MandateLive { channel, .. }
            | BindingEvent::MandateRefused { channel, .. }
            | BindingEvent::MandateEnded { channel, .. } => {
                if let Some(mandate) = self.mandates.get_mut(channel) {
                    mandate.apply(event);
                }
            }
        }
    }
}

impl Mandate {
    /// Whether it was asked for and has never held.
    fn in_vain(&self) -> bool {
        matches!(self.state, MandateState::Wanted | MandateState::Refused { .. })
    }

    fn apply(&mut self, event: &BindingEvent) {
        match event {
            BindingEvent::CodeAsked { at, .. } => {
                self.rounds = self.rounds.saturating_add(1);
                self.state = MandateState::RequestingCode { since: *at };
            }
            BindingEvent::CodeSent { channel_ref, at, expires_at, tries, .. } => {
                self.state = MandateState::AwaitingCode {
                    channel_ref: channel_ref.clone(),
                    sent_at: *at,
                    expires_at: *expires_at,
                    tries_left: *tries,
                };
            }
            BindingEvent::SignatureSent { at, .. } => {
                let (channel_ref, sent_at, expires_at, tries_left) = match &self.state {
                    MandateState::AwaitingCode { channel_ref, sent_at, expires_at, tries_left } => {
                        (channel_ref.clone(), *sent_at, *expires_at, tries_left.saturating_sub(1))
                    }
                    _ => (None, *at, *at, 0),
                };
                self.state =
                    MandateState::Signing { channel_ref, since: *at, sent_at, expires_at, tries_left };
            }
            BindingEvent::CodeWrong { .. } => self.back_to_code(0),
            BindingEvent::SignatureNotSent { .. } => self.back_to_code(1),
            BindingEvent::SignatureUnknown { at, .. } => {
                self.state = MandateState::SigningUnknown { since: *at, asked: 0 };
            }
            BindingEvent::SignatureStillUnknown { .. } => {
                if let MandateState::SigningUnknown { asked, .. } = &mut self.state {
                    *asked += 1;
                }
            }
            BindingEvent::MandateLive { agreement_no, at, .. } => {
                self.state = MandateState::Live { agreement_no: agreement_no.clone(), since: *at };
            }
            BindingEvent::MandateRefused { reason, at, .. } => {
                self.state = MandateState::Refused { reason: *reason, at: *at };
            }
            BindingEvent::MandateEnded { reason, at, .. } => {
                self.state = MandateState::Ended { reason: *reason, at: *at };
            }
            _ => {}
        }
    }

    /// The borrower may enter a code again: the one sent, while it lives and has tries left.
    fn back_to_code(&mut self, given_back: u8) {
        if let MandateState::Signing { channel_ref, sent_at, expires_at, tries_left, .. } = &self.state {
            self.state = MandateState::AwaitingCode {
                channel_ref: channel_ref.clone(),
                sent_at: *sent_at,
                expires_at: *expires_at,
                tries_left: tries_left.saturating_add(given_back),
            };
        }
    }
}
