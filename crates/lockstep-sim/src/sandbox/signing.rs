//! Signing: four elements, a code to the phone on record, a mandate.

use std::time::Duration;

use lockstep_channels::sandbox::wire::{CancelReply, SignCancel, SignQuestion, SignReply, SignStep};
use lockstep_core::check::check_card;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Sandbox;
use super::bank::{Agreement, AgreementState};
use super::dice::Dice;
use super::finding::{Finding, Stage};
use super::rail::Rail;
use super::world::Elements;

/// One signing that a channel knows of.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Signing {
    account: String,
    code: Option<String>,
    expires_at: Timestamp,
    tries_left: u8,
    channel_ref: String,
    agreement_no: Option<String>,
}

/// A text message with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it was sent.
    pub at: Timestamp,
    /// Which channel had it sent.
    pub channel: Rail,
    /// For which signing.
    pub request_no: String,
    /// The code.
    pub code: String,
}

fn key(rail: Rail, request_no: &str) -> String {
    format!("{}/{request_no}", rail.as_str())
}

/// A channel's own number for something, the same whenever it is made.
pub(super) fn number_of(rail: Rail, what: &str, of: &str) -> String {
    let digest = Sha256::digest(format!("{}/{what}/{of}", rail.as_str()));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    format!("{}{:016}", what, u64::from_be_bytes(bytes) % 10_000_000_000_000_000)
}

fn elements(step: &SignStep) -> Option<Elements<'_>> {
    Some(Elements {
        number: step.card_number.as_ref()?.expose(),
        holder_name: step.holder_name.as_ref().map_or("", |name| name.expose()),
        id_number: step.id_number.as_ref().map_or("", |id| id.expose()),
        mobile: step.mobile.as_ref().map_or("", |mobile| mobile.expose()),
    })
}

impl Sandbox {
    pub(super) fn sign_code(
        &mut self,
        rail: Rail,
        step: &SignStep,
        now: Timestamp,
        dice: &mut Dice,
    ) -> SignReply {
        let reply = |finding, channel_ref| sign_reply(rail, &step.request_no, finding, channel_ref, None);
        let key = key(rail, &step.request_no);
        // The same request again texts nothing again.
        if let Some(signing) = self.signings.get(&key) {
            return reply(Finding::Done, Some(signing.channel_ref.clone()));
        }
        let usable = step.card_number.as_ref().is_some_and(|card| check_card(card).is_usable());
        let Some(elements) = elements(step).filter(|_| usable) else {
            return reply(Finding::NoSuchAccount, None);
        };
        let Some(rules) = rail.capability().sign.as_ref().and_then(|rules| rules.sms_code) else {
            return reply(Finding::Unsupported, None);
        };
        self.bank.meet(&self.world, elements, now);
        let finding = self.bank.check(elements, now);
        if finding != Finding::Done {
            return reply(finding, None);
        }
        let code = dice.code();
        let message =
            Message { at: now, channel: rail, request_no: step.request_no.clone(), code: code.clone() };
        let mut messages = self.messages.get(elements.mobile).cloned().unwrap_or_default();
        messages.push(message);
        self.messages.put(elements.mobile.to_owned(), messages);
        let channel_ref = number_of(rail, "S", &step.request_no);
        let signing = Signing {
            account: elements.number.to_owned(),
            code: Some(code),
            expires_at: now.plus(Duration::from_secs(rules.ttl_s)),
            tries_left: rules.max_tries,
            channel_ref: channel_ref.clone(),
            agreement_no: None,
        };
        self.signings.put(key, signing);
        reply(Finding::Done, Some(channel_ref))
    }

    pub(super) fn sign_confirm(&mut self, rail: Rail, step: &SignStep, now: Timestamp) -> SignReply {
        let key = key(rail, &step.request_no);
        let signed = self.signings.get(&key).and_then(|signing| signing.agreement_no.clone());
        let finding = match (&signed, &step.code) {
            (Some(_), _) => Finding::Done,
            (None, Some(code)) => self.spend_code(&key, code.expose(), now),
            (None, None) => self.accept_deposit(rail, &key, step, now),
        };
        if finding != Finding::Done {
            return sign_reply(rail, &step.request_no, finding, None, None);
        }
        let agreement_no = signed.unwrap_or_else(|| self.agree(rail, &key, &step.request_no));
        let channel_ref = self.signings.get(&key).map(|signing| signing.channel_ref.clone());
        sign_reply(rail, &step.request_no, Finding::Done, channel_ref, Some(agreement_no))
    }

    fn spend_code(&mut self, key: &str, code: &str, now: Timestamp) -> Finding {
        let spent = self.signings.edit(key, |signing| {
            if signing.tries_left == 0 {
                return Finding::CodeTries;
            }
            if now >= signing.expires_at || signing.code.is_none() {
                return Finding::CodeExpired;
            }
            if signing.code.as_deref() == Some(code) {
                signing.code = None;
                return Finding::Done;
            }
            signing.tries_left -= 1;
            if signing.tries_left == 0 { Finding::CodeTries } else { Finding::CodeWrong }
        });
        spent.unwrap_or(Finding::CodeExpired)
    }

    /// Signs without a code: this channel has paid the micro-deposit, so it knows that the account exists, and
    /// the lender vouches for the amount that came back.
    fn accept_deposit(&mut self, rail: Rail, key: &str, step: &SignStep, now: Timestamp) -> Finding {
        let able = rail.capability().sign.as_ref().is_some_and(|rules| rules.micro_deposit);
        let Some(elements) = elements(step) else {
            return Finding::NoSuchAccount;
        };
        if !able {
            return Finding::Unsupported;
        }
        if !self.bank.was_credited(rail, elements.number) {
            return Finding::NoMandate;
        }
        let holder = self.bank.accounts.get(elements.number).map(|account| account.holder_name.clone());
        if holder.as_deref() != Some(elements.holder_name) {
            return Finding::NameMismatch;
        }
        let signing = Signing {
            account: elements.number.to_owned(),
            code: None,
            expires_at: now,
            tries_left: 0,
            channel_ref: number_of(rail, "S", &step.request_no),
            agreement_no: None,
        };
        self.signings.put(key.to_owned(), signing);
        Finding::Done
    }

    fn agree(&mut self, rail: Rail, key: &str, request_no: &str) -> String {
        let agreement_no = number_of(rail, "A", request_no);
        let account = self.signings.edit(key, |signing| {
            signing.agreement_no = Some(agreement_no.clone());
            signing.account.clone()
        });
        let agreement = Agreement { rail, account: account.unwrap_or_default(), state: AgreementState::Live };
        self.bank.agreements.put(agreement_no.clone(), agreement);
        agreement_no
    }

    pub(super) fn sign_query(&self, rail: Rail, question: &SignQuestion, now: Timestamp) -> SignReply {
        let reply = |finding, channel_ref, agreement_no| {
            sign_reply(rail, &question.request_no, finding, channel_ref, agreement_no)
        };
        let Some(signing) = self.signings.get(&key(rail, &question.request_no)) else {
            return reply(Finding::NoMandate, None, None);
        };
        let channel_ref = Some(signing.channel_ref.clone());
        match &signing.agreement_no {
            Some(number) => match self.bank.agreements.get(number).map(|agreement| agreement.state) {
                Some(AgreementState::Live) => reply(Finding::Done, channel_ref, Some(number.clone())),
                Some(AgreementState::Void) => reply(Finding::MandateVoid, channel_ref, None),
                Some(AgreementState::Cancelled) | None => reply(Finding::MandateCancelled, channel_ref, None),
            },
            // The code can still be used: neither yes nor no.
            None if now < signing.expires_at && signing.tries_left > 0 => {
                reply(Finding::Processing, channel_ref, None)
            }
            None => reply(Finding::CodeExpired, channel_ref, None),
        }
    }

    pub(super) fn sign_cancel(&mut self, rail: Rail, request: &SignCancel) -> CancelReply {
        let held = self.bank.agreements.get(&request.agreement_no).filter(|agreement| agreement.rail == rail);
        let finding = match held.map(|agreement| agreement.state) {
            None => Finding::NoMandate,
            Some(AgreementState::Live) => Finding::Done,
            Some(AgreementState::Cancelled) => Finding::MandateCancelled,
            Some(AgreementState::Void) => Finding::MandateVoid,
        };
        if finding == Finding::Done {
            self.bank.agreements.edit(&request.agreement_no, |held| held.state = AgreementState::Cancelled);
        }
        let code = rail.code(finding, Stage::Sign).to_owned();
        CancelReply { agreement_no: request.agreement_no.clone(), code, live: false }
    }
}

fn sign_reply(
    rail: Rail,
    request_no: &str,
    finding: Finding,
    channel_ref: Option<String>,
    agreement_no: Option<String>,
) -> SignReply {
    let code = rail.code(finding, Stage::Sign).to_owned();
    SignReply { request_no: request_no.to_owned(), code, channel_ref, agreement_no }
}
