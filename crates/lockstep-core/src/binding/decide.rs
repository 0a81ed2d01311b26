//! The rules of binding.

use std::time::Duration;

use super::{
    Binding, BindingEvent, CodeRef, Instrument, InstrumentKind, Mandate, MandateState, MandateTerms, Proof,
    SignAnswer, Verification,
};
use crate::catalogue::{self, Disposition, Reason};
use crate::channel::{Capability, ChannelId};
use crate::decision::{Decision, Facts, Slice};
use crate::effect::{Effect, SignRequest, Wake};
use crate::id::{BindingId, MandateId, Mint};
use crate::money::{Currency, Money};
use crate::payment;
use crate::refusal::Refusal;

/// How long a borrower has to say which amount arrived. Public account-verification services give 7 days.
const DEPOSIT_ANSWER_DAYS: u64 = 7;
/// Wrong amounts before the proof fails. Public account-verification services allow 3.
const DEPOSIT_TRIES: u8 = 3;
/// Codes asked for on one mandate before the borrower has to wait for support. Operators of mobile networks
/// treat more than ten messages a day to one number as abuse.
const MAX_ROUNDS: u8 = 10;
/// Questions about an unknown signature before it is given up (no money can have moved).
const MAX_SIGN_QUERIES: u16 = 8;

/// What can be asked of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingCommand {
    /// Bind an instrument.
    Bind(Bind),
    /// Ask for a mandate on one more channel, or again on one that refused.
    AddMandate {
        /// The channel.
        channel: ChannelId,
        /// What the borrower agrees to.
        terms: MandateTerms,
    },
    /// Text a new code.
    SendCode {
        /// The channel.
        channel: ChannelId,
    },
    /// The channel answered to the request for a code.
    CodeAnswered {
        /// The channel.
        channel: ChannelId,
        /// Which request.
        request_no: String,
        /// Its answer.
        answer: SignAnswer,
    },
    /// The borrower entered a code.
    ConfirmCode {
        /// The channel.
        channel: ChannelId,
        /// Where the code waits in memory.
        code: CodeRef,
    },
    /// The channel answered to the signature.
    SignAnswered {
        /// The channel.
        channel: ChannelId,
        /// Which request.
        request_no: String,
        /// Its answer.
        answer: SignAnswer,
    },
    /// It is time to ask about an unknown signature.
    AskMandate {
        /// The channel.
        channel: ChannelId,
        /// Queries there were when the timer was set.
        asked: u16,
    },
    /// The channel answered to a question about a signature.
    MandateAnswered {
        /// The channel.
        channel: ChannelId,
        /// Which request.
        request_no: String,
        /// Its answer.
        answer: SignAnswer,
    },
    /// The borrower said which amount arrived.
    ConfirmAmount {
        /// In minor units.
        amount_minor: i64,
    },
    /// The borrower agrees that it may be debited where another instrument of theirs can't.
    AgreeStandIn,
    /// The borrower takes that back.
    WithdrawStandIn,
    /// Give the binding up and end its mandates.
    Unbind,
}

/// A new binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Its id, made by the caller because the vault item is sealed to it.
    pub id: BindingId,
    /// What to bind.
    pub instrument: Instrument,
    /// Channels to sign on, in order of preference. At least one.
    pub channels: Vec<ChannelId>,
    /// What the borrower agrees to.
    pub terms: MandateTerms,
    /// Whether the borrower agrees that it may be debited where another instrument of theirs can't.
    pub stand_in: bool,
}

/// Decides about a binding.
pub(crate) fn decide(
    slice: &Slice,
    command: &BindingCommand,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    if let BindingCommand::Bind(bind) = command {
        return open(slice, bind, facts);
    }
    let binding = slice.binding.as_ref().ok_or(Refusal::BindingNotFound)?;
    if binding.unbound_at.is_some() {
        return unbound(binding, command, facts);
    }
    match command {
        BindingCommand::Bind(_) => Ok(Decision::nothing()),
        BindingCommand::AddMandate { channel, terms } => add_mandate(binding, channel, terms, facts),
        BindingCommand::SendCode { channel } => send_code(binding, channel, facts),
        BindingCommand::ConfirmCode { channel, code } => confirm_code(binding, channel, code, facts),
        BindingCommand::ConfirmAmount { amount_minor } => confirm_amount(binding, *amount_minor, facts),
        BindingCommand::AgreeStandIn => Ok(agree_stand_in(binding, facts)),
        BindingCommand::WithdrawStandIn => Ok(withdraw_stand_in(binding, facts)),
        BindingCommand::Unbind => Ok(unbind(binding, facts)),
        BindingCommand::CodeAnswered { channel, request_no, answer } => {
            Ok(code_answered(binding, channel, request_no, answer, facts))
        }
        BindingCommand::SignAnswered { channel, request_no, answer } => {
            Ok(sign_answered(binding, channel, request_no, answer, facts))
        }
        BindingCommand::AskMandate { channel, asked } => Ok(ask_mandate(binding, channel, *asked, facts)),
        BindingCommand::MandateAnswered { channel, request_no, answer } => {
            Ok(mandate_answered(binding, channel, request_no, answer, facts))
        }
    }
}

/// A signature that was under way when the borrower unbound is followed to its end; if the mandate holds, it is
/// ended at the channel. The rest has nothing to do.
fn unbound(binding: &Binding, command: &BindingCommand, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mut decision = match command {
        BindingCommand::SignAnswered { channel, request_no, answer } => {
            sign_answered(binding, channel, request_no, answer, facts)
        }
        BindingCommand::MandateAnswered { channel, request_no, answer } => {
            mandate_answered(binding, channel, request_no, answer, facts)
        }
        BindingCommand::AskMandate { channel, asked } => ask_mandate(binding, channel, *asked, facts),
        BindingCommand::WithdrawStandIn => withdraw_stand_in(binding, facts),
        BindingCommand::Unbind | BindingCommand::CodeAnswered { .. } => Decision::nothing(),
        BindingCommand::Bind(_)
        | BindingCommand::AgreeStandIn
        | BindingCommand::AddMandate { .. }
        | BindingCommand::SendCode { .. }
        | BindingCommand::ConfirmCode { .. }
        | BindingCommand::ConfirmAmount { .. } => return Err(Refusal::BindingUnbound),
    };
    if let Some(after) = slice_of(binding).after(&decision).binding {
        end_mandates(&after, &mut decision, facts);
    }
    Ok(decision)
}

fn agree_stand_in(binding: &Binding, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    if binding.stand_in.is_none() {
        decision.event(BindingEvent::StandInAgreed { at: facts.now });
    }
    decision
}

fn withdraw_stand_in(binding: &Binding, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    if binding.stand_in.is_some() {
        decision.event(BindingEvent::StandInWithdrawn { at: facts.now });
    }
    decision
}

fn open(slice: &Slice, bind: &Bind, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let borrower = slice.borrower.as_ref().ok_or(Refusal::BorrowerNotFound)?;
    if let Some(existing) = &slice.binding {
        return Err(Refusal::AlreadyBound { binding: existing.id });
    }
    for channel in &bind.channels {
        signing_rules(channel, bind.instrument.kind, facts)?;
    }
    let mut mint = facts.mint(borrower.id.bucket());
    let mut decision = Decision::nothing();
    decision.event(BindingEvent::Created {
        id: bind.id,
        tenant: borrower.tenant,
        borrower: borrower.id,
        instrument: bind.instrument.clone(),
        preferred: bind.channels.clone(),
        at: facts.now,
    });
    if bind.stand_in {
        decision.event(BindingEvent::StandInAgreed { at: facts.now });
    }
    for channel in &bind.channels {
        let (id, channel, terms) = (MandateId::mint(&mut mint), channel.clone(), bind.terms.clone());
        decision.event(BindingEvent::MandateWanted { id, channel, terms });
    }
    match bind.instrument.kind {
        InstrumentKind::DebitCard | InstrumentKind::CreditCard => ask_next_code(slice, &mut decision, facts),
        InstrumentKind::BankAccount => send_deposit(slice, bind, &mut mint, &mut decision, facts)?,
    }
    Ok(decision)
}

/// Whether a channel can sign this kind of instrument.
fn signing_rules<'a>(
    channel: &ChannelId,
    kind: InstrumentKind,
    facts: &Facts<'a>,
) -> Result<&'a Capability, Refusal> {
    let capability =
        facts.channels.get(channel).ok_or(Refusal::ChannelNotFound { channel: channel.clone() })?;
    if capability.signs(kind) {
        Ok(capability)
    } else {
        Err(Refusal::ChannelCannotSign { channel: channel.clone() })
    }
}

/// Sends 0.01–0.99 to the account; knowing the amount proves it is the borrower's.
fn send_deposit(
    slice: &Slice,
    bind: &Bind,
    mint: &mut Mint,
    decision: &mut Decision,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let amount_minor = 1 + i64::try_from(mint.below(99)).unwrap_or(0);
    let money = Money::new(amount_minor, Currency::CNY).map_err(|_| Refusal::AmountNotAllowed)?;
    let after = slice.after(decision);
    let binding = after.binding.as_ref().ok_or(Refusal::BindingNotFound)?;
    payment::open_deposit(binding, &bind.channels, money, mint, decision, facts)
}

/// Asks the first wanted channel for a code, unless another signing is under way: a borrower enters one code
/// at a time.
fn ask_next_code(slice: &Slice, decision: &mut Decision, facts: &Facts<'_>) {
    let after = slice.after(decision);
    let Some(binding) = &after.binding else { return };
    if binding.unbound_at.is_some() || binding.mandates.values().any(Mandate::in_motion) {
        return;
    }
    let wanted = binding.preferred.iter().filter_map(|channel| binding.mandates.get(channel));
    if let Some(mandate) = wanted.into_iter().find(|mandate| mandate.state == MandateState::Wanted) {
        ask_code(slice, &mandate.channel.clone(), decision, facts);
    }
}

fn ask_code(slice: &Slice, channel: &ChannelId, decision: &mut Decision, facts: &Facts<'_>) {
    decision.event(BindingEvent::CodeAsked { channel: channel.clone(), at: facts.now });
    let after = slice.after(decision);
    if let Some(request) = after.binding.as_ref().and_then(|binding| sign_request(binding, channel)) {
        decision.effect(facts.now, Effect::RequestCode(request));
    }
}

fn sign_request(binding: &Binding, channel: &ChannelId) -> Option<SignRequest> {
    let mandate = binding.mandates.get(channel)?;
    let channel_ref = match &mandate.state {
        MandateState::AwaitingCode { channel_ref, .. } | MandateState::Signing { channel_ref, .. } => {
            channel_ref.clone()
        }
        _ => None,
    };
    Some(SignRequest {
        binding: binding.id,
        borrower: binding.borrower,
        tenant: binding.tenant,
        channel: channel.clone(),
        request_no: mandate.request_no(),
        channel_ref,
        vault_item: binding.instrument.vault_item,
        code: None,
    })
}

fn add_mandate(
    binding: &Binding,
    channel: &ChannelId,
    terms: &MandateTerms,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    signing_rules(channel, binding.instrument.kind, facts)?;
    match binding.mandates.get(channel) {
        Some(mandate) if mandate.in_motion() || mandate.agreement_no().is_some() => {
            return Err(Refusal::MandateExists { channel: channel.clone() });
        }
        Some(mandate) if by_code(binding) && matches!(mandate.state, MandateState::Refused { .. }) => {
            code_allowed(mandate, facts)?;
        }
        Some(_) | None => {}
    }
    let slice = slice_of(binding);
    let mut decision = Decision::nothing();
    let id = MandateId::mint(&mut facts.mint(binding.id.bucket()));
    decision.event(BindingEvent::MandateWanted { id, channel: channel.clone(), terms: terms.clone() });
    match (binding.instrument.kind, &binding.verification) {
        (InstrumentKind::BankAccount, Verification::Proven { .. }) => {
            sign_proven(&slice, channel, &mut decision, facts)
        }
        (InstrumentKind::BankAccount, _) => {}
        (InstrumentKind::DebitCard | InstrumentKind::CreditCard, _) => {
            ask_code(&slice, channel, &mut decision, facts)
        }
    }
    Ok(decision)
}

/// Cards are signed by code; accounts are proven by micro-deposit, and then signed without one.
fn by_code(binding: &Binding) -> bool {
    binding.instrument.kind != InstrumentKind::BankAccount
}

fn slice_of(binding: &Binding) -> Slice {
    Slice { binding: Some(binding.clone()), ..Slice::default() }
}

fn send_code(binding: &Binding, channel: &ChannelId, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mandate =
        binding.mandates.get(channel).ok_or_else(|| Refusal::NoMandateOn { channel: channel.clone() })?;
    if !by_code(binding) {
        return Err(Refusal::ChannelCannotSign { channel: channel.clone() });
    }
    match &mandate.state {
        MandateState::AwaitingCode { .. } | MandateState::Wanted | MandateState::Refused { .. } => {
            code_allowed(mandate, facts)?;
        }
        MandateState::RequestingCode { .. }
        | MandateState::Signing { .. }
        | MandateState::SigningUnknown { .. } => {
            return Err(Refusal::SigningUnderWay);
        }
        MandateState::Live { .. } => {
            return Err(Refusal::MandateExists { channel: channel.clone() });
        }
        MandateState::Ended { .. } => {
            return Err(Refusal::NoMandateOn { channel: channel.clone() });
        }
    }
    let mut decision = Decision::nothing();
    ask_code(&slice_of(binding), channel, &mut decision, facts);
    Ok(decision)
}

/// Whether one more code may be texted for a mandate: not too many, and not too soon after the last one.
fn code_allowed(mandate: &Mandate, facts: &Facts<'_>) -> Result<(), Refusal> {
    let channel = &mandate.channel;
    let rules =
        code_rules(channel, facts).ok_or_else(|| Refusal::ChannelCannotSign { channel: channel.clone() })?;
    if mandate.rounds >= MAX_ROUNDS {
        return Err(Refusal::TooManyCodes);
    }
    let texted_at = match &mandate.state {
        MandateState::AwaitingCode { sent_at, .. } => Some(*sent_at),
        MandateState::Refused { reason, at } if code_may_have_gone(*reason) => Some(*at),
        _ => None,
    };
    match texted_at.map(|at| at.plus(Duration::from_secs(rules.resend_after_s))) {
        Some(free_at) if facts.now < free_at => Err(Refusal::CodeTooSoon { free_at }),
        _ => Ok(()),
    }
}

/// Refusals before which a code was texted, or may have been.
fn code_may_have_gone(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CodeWrong | Reason::CodeExpired | Reason::CodeAttemptsExceeded | Reason::ChannelTimeout
    )
}

fn code_rules(channel: &ChannelId, facts: &Facts<'_>) -> Option<crate::channel::CodeRules> {
    facts.channels.get(channel)?.sign.as_ref()?.sms_code
}

fn code_answered(
    binding: &Binding,
    channel: &ChannelId,
    request_no: &str,
    answer: &SignAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(mandate) = binding.mandates.get(channel) else {
        return decision;
    };
    let current =
        matches!(mandate.state, MandateState::RequestingCode { .. }) && mandate.request_no() == request_no;
    if !current {
        return decision;
    }
    let verdict = read(channel, answer, facts);
    match (verdict, code_rules(channel, facts)) {
        (Read::Yes { channel_ref, .. }, Some(rules)) => decision.event(BindingEvent::CodeSent {
            channel: channel.clone(),
            channel_ref,
            at: facts.now,
            expires_at: facts.now.plus(Duration::from_secs(rules.ttl_s)),
            tries: rules.max_tries,
        }),
        (Read::Yes { .. }, None) => refuse(channel, Reason::ChannelUnavailable, None, &mut decision, facts),
        (Read::No { reason, code }, _) => refuse(channel, reason, code, &mut decision, facts),
        // No money is involved, so not knowing whether a code was sent is simply "please ask again".
        (Read::Unknown, _) => refuse(channel, Reason::ChannelTimeout, None, &mut decision, facts),
        (Read::NotSent, _) => refuse(channel, Reason::ChannelUnavailable, None, &mut decision, facts),
    }
    ask_next_code(&slice_of(binding), &mut decision, facts);
    decision
}

fn refuse(
    channel: &ChannelId,
    reason: Reason,
    code: Option<String>,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    decision.event(BindingEvent::MandateRefused { channel: channel.clone(), reason, code, at: facts.now });
}

fn confirm_code(
    binding: &Binding,
    channel: &ChannelId,
    code: &CodeRef,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let mandate =
        binding.mandates.get(channel).ok_or_else(|| Refusal::NoMandateOn { channel: channel.clone() })?;
    let MandateState::AwaitingCode { expires_at, tries_left, .. } = &mandate.state else {
        return Err(Refusal::NoCodeExpected);
    };
    if facts.now >= *expires_at || *tries_left == 0 {
        return Err(Refusal::CodeDead);
    }
    let slice = slice_of(binding);
    let mut decision = Decision::nothing();
    decision.event(BindingEvent::SignatureSent { channel: channel.clone(), at: facts.now });
    if let Some(mut request) = slice.after(&decision).binding.and_then(|after| sign_request(&after, channel))
    {
        request.code = Some(code.clone());
        decision.effect(facts.now, Effect::Sign(request));
    }
    Ok(decision)
}

/// Signs without a code: the micro-deposit has proven the account.
fn sign_proven(slice: &Slice, channel: &ChannelId, decision: &mut Decision, facts: &Facts<'_>) {
    decision.event(BindingEvent::SignatureSent { channel: channel.clone(), at: facts.now });
    if let Some(request) = slice.after(decision).binding.and_then(|after| sign_request(&after, channel)) {
        decision.effect(facts.now, Effect::Sign(request));
    }
}

fn sign_answered(
    binding: &Binding,
    channel: &ChannelId,
    request_no: &str,
    answer: &SignAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(mandate) = binding.mandates.get(channel) else {
        return decision;
    };
    let MandateState::Signing { tries_left, .. } = &mandate.state else {
        return decision;
    };
    if mandate.request_no() != request_no {
        return decision;
    }
    if *answer == SignAnswer::CodeLost {
        decision.event(BindingEvent::SignatureNotSent { channel: channel.clone() });
        return decision;
    }
    match read(channel, answer, facts) {
        Read::Yes { agreement_no: Some(agreement_no), .. } => {
            live(binding, channel, agreement_no, &mut decision, facts)
        }
        Read::Yes { agreement_no: None, .. } | Read::Unknown => {
            decision.event(BindingEvent::SignatureUnknown { channel: channel.clone(), at: facts.now });
            wake_to_ask(binding, channel, 0, &mut decision, facts);
        }
        Read::No { reason: Reason::CodeWrong, .. } if *tries_left > 0 => {
            decision.event(BindingEvent::CodeWrong { channel: channel.clone() });
        }
        Read::No { reason: Reason::CodeWrong, code } => {
            refuse(channel, Reason::CodeAttemptsExceeded, code, &mut decision, facts);
        }
        Read::No { reason, code } => refuse(channel, reason, code, &mut decision, facts),
        Read::NotSent if binding.instrument.kind == InstrumentKind::BankAccount => {
            refuse(channel, Reason::ChannelUnavailable, None, &mut decision, facts);
        }
        Read::NotSent => decision.event(BindingEvent::SignatureNotSent { channel: channel.clone() }),
    }
    ask_next_code(&slice_of(binding), &mut decision, facts);
    decision
}

fn live(
    binding: &Binding,
    channel: &ChannelId,
    agreement_no: String,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    decision.event(BindingEvent::MandateLive { channel: channel.clone(), agreement_no, at: facts.now });
    if by_code(binding) && !matches!(binding.verification, Verification::Proven { .. }) {
        decision.event(BindingEvent::Proven { proof: Proof::FourElementsAndCode, at: facts.now });
    }
}

fn wake_to_ask(
    binding: &Binding,
    channel: &ChannelId,
    asked: u16,
    decision: &mut Decision,
    facts: &Facts<'_>,
) {
    let wait = match facts.channels.get(channel).and_then(|capability| capability.query.as_ref()) {
        Some(rules) => rules.wait(asked),
        None => Duration::from_secs(30),
    };
    let wake = Wake::AskMandate { binding: binding.id, channel: channel.clone(), asked };
    decision.effect_at(facts.now.plus(wait), Effect::Wake(wake));
}

fn ask_mandate(binding: &Binding, channel: &ChannelId, asked: u16, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    let Some(mandate) = binding.mandates.get(channel) else {
        return decision;
    };
    let due = matches!(mandate.state, MandateState::SigningUnknown { asked: so_far, .. } if so_far == asked);
    if let Some(request) = sign_request(binding, channel).filter(|_| due) {
        decision.effect(facts.now, Effect::QueryMandate(request));
    }
    decision
}

fn mandate_answered(
    binding: &Binding,
    channel: &ChannelId,
    request_no: &str,
    answer: &SignAnswer,
    facts: &Facts<'_>,
) -> Decision {
    let mut decision = Decision::nothing();
    let Some(mandate) = binding.mandates.get(channel) else {
        return decision;
    };
    let MandateState::SigningUnknown { asked, .. } = mandate.state else {
        return decision;
    };
    if mandate.request_no() != request_no {
        return decision;
    }
    match read(channel, answer, facts) {
        Read::Yes { agreement_no: Some(agreement_no), .. } => {
            live(binding, channel, agreement_no, &mut decision, facts)
        }
        Read::No { reason, code } => refuse(channel, reason, code, &mut decision, facts),
        Read::Yes { agreement_no: None, .. } | Read::Unknown | Read::NotSent if asked < MAX_SIGN_QUERIES => {
            decision.event(BindingEvent::SignatureStillUnknown { channel: channel.clone() });
            wake_to_ask(binding, channel, asked + 1, &mut decision, facts);
        }
        Read::Yes { .. } | Read::Unknown | Read::NotSent => {
            refuse(channel, Reason::ChannelTimeout, None, &mut decision, facts);
        }
    }
    ask_next_code(&slice_of(binding), &mut decision, facts);
    decision
}

fn confirm_amount(binding: &Binding, amount_minor: i64, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let Verification::AwaitingAmount { amount_minor: sent, expires_at, tries_left, .. } =
        &binding.verification
    else {
        return Err(Refusal::NoAmountExpected);
    };
    let mut decision = Decision::nothing();
    if facts.now >= *expires_at {
        decision
            .event(BindingEvent::VerificationFailed { reason: Reason::MicroDepositExpired, at: facts.now });
        return Ok(decision);
    }
    if amount_minor != *sent {
        decision.event(BindingEvent::AmountWrong);
        if *tries_left <= 1 {
            let reason = Reason::MicroDepositAmountWrong;
            decision.event(BindingEvent::VerificationFailed { reason, at: facts.now });
        }
        return Ok(decision);
    }
    decision.event(BindingEvent::Proven { proof: Proof::MicroDeposit, at: facts.now });
    let slice = slice_of(binding);
    for mandate in binding.mandates.values().filter(|mandate| mandate.state == MandateState::Wanted) {
        sign_proven(&slice, &mandate.channel, &mut decision, facts);
    }
    Ok(decision)
}

/// What follows for the binding when its micro-deposit ended.
pub(crate) fn micro_deposit_settled(
    binding: &Binding,
    arrived: Result<Money, Reason>,
    facts: &Facts<'_>,
) -> Option<BindingEvent> {
    if !matches!(binding.verification, Verification::DepositSending { .. }) {
        return None;
    }
    Some(match arrived {
        Ok(money) => BindingEvent::DepositArrived {
            amount_minor: money.amount_minor,
            expires_at: facts.now.plus(Duration::from_secs(DEPOSIT_ANSWER_DAYS * 86_400)),
            tries: DEPOSIT_TRIES,
        },
        Err(reason) => BindingEvent::VerificationFailed { reason, at: facts.now },
    })
}

fn unbind(binding: &Binding, facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::nothing();
    end_mandates(binding, &mut decision, facts);
    decision.event(BindingEvent::Unbound { at: facts.now });
    decision
}

fn end_mandates(binding: &Binding, decision: &mut Decision, facts: &Facts<'_>) {
    for mandate in binding.mandates.values() {
        if let Some(agreement_no) = mandate.agreement_no() {
            let (channel, agreement_no) = (mandate.channel.clone(), agreement_no.to_owned());
            let (reason, at) = (Reason::MandateCancelled, facts.now);
            decision.event(BindingEvent::MandateEnded { channel: channel.clone(), reason, at });
            decision.effect(facts.now, Effect::CancelMandate { binding: binding.id, channel, agreement_no });
        }
    }
}

/// A channel's answer, read through the catalogue.
enum Read {
    Yes { channel_ref: Option<String>, agreement_no: Option<String> },
    No { reason: Reason, code: Option<String> },
    Unknown,
    NotSent,
}

fn read(channel: &ChannelId, answer: &SignAnswer, facts: &Facts<'_>) -> Read {
    match answer {
        SignAnswer::Answered { code, channel_ref, agreement_no } => {
            let Some(capability) = facts.channels.get(channel) else {
                return Read::Unknown;
            };
            let verdict = catalogue::look_up(capability.scheme, code);
            match verdict.disposition {
                Disposition::Succeeded | Disposition::DefectiveSuccess => {
                    Read::Yes { channel_ref: channel_ref.clone(), agreement_no: agreement_no.clone() }
                }
                Disposition::Declined | Disposition::NotFound => {
                    Read::No { reason: verdict.reason, code: Some(code.clone()) }
                }
                Disposition::Unknown | Disposition::QueryAgain => Read::Unknown,
            }
        }
        SignAnswer::NoAnswer { .. } => Read::Unknown,
        SignAnswer::NotSent { .. } | SignAnswer::CodeLost => Read::NotSent,
    }
}
