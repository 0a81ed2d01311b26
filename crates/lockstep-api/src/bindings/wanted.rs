//! A request to bind, checked: everything that can be known before any of it travels to a bank.

use lockstep_core::binding::{InstrumentKind, MandateTerms};
use lockstep_core::channel::{Capability, ChannelId};
use lockstep_core::check::{
    CardFacts, CardKind, Checked, check_card, check_id_number, check_mobile, check_name,
};
use lockstep_core::id::{BorrowerId, TenantId};
use lockstep_core::sensitive::{IdNumber, Mobile};
use lockstep_core::time::Zone;
use lockstep_vault::PersonalData;

use super::create::CreateBinding;
use super::terms::terms_of;
use super::view::Kind;
use crate::app::App;
use crate::problem::{Problem, errors_of};
use crate::wire::Typed;

/// A request that passed all checks.
pub(super) struct Wanted {
    pub(super) borrower: BorrowerId,
    pub(super) kind: InstrumentKind,
    pub(super) card: CardFacts,
    pub(super) data: PersonalData,
    pub(super) channels: Vec<ChannelId>,
    pub(super) terms: MandateTerms,
    pub(super) stand_in: bool,
}

impl Wanted {
    /// Checks a request; everything that is wrong is told at once.
    pub(super) async fn of(app: &App, tenant: TenantId, body: CreateBinding) -> Result<Self, Problem> {
        let mut typed = Typed::default();
        let borrower = typed.id("borrower_id", &body.borrower_id);
        typed.at_most("card_number", Some(body.card_number.expose()), 40);
        typed.at_most("holder_name", Some(body.holder_name.expose()), 50);
        typed.at_most("id_number", body.id_number.as_ref().map(IdNumber::expose), 40);
        typed.at_most("mobile", body.mobile.as_ref().map(Mobile::expose), 30);
        let card = facts(check_card(&body.card_number), &mut typed);
        let kind = card.as_ref().and_then(|facts| kind_of(body.kind, facts, &mut typed));
        let name = facts(check_name(&body.holder_name), &mut typed);
        // A bank account is proven by what arrives on it, a card by its four elements.
        let account = body.kind == Some(Kind::BankAccount);
        let id_number = body.id_number.or_else(|| (!account).then(|| IdNumber::new(String::new())));
        let mobile = body.mobile.or_else(|| (!account).then(|| Mobile::new(String::new())));
        let today = app.now().day_in(Zone::shanghai());
        let id_number = id_number.map(|number| facts(check_id_number(&number, today), &mut typed));
        let mobile = mobile.map(|number| facts(check_mobile(&number), &mut typed));
        let channels = channels_of(app, body.channels.unwrap_or_default(), kind, &mut typed);
        let terms = terms_of(app, tenant, body.terms.unwrap_or_default(), &mut typed).await?;
        typed.finish()?;
        let (Some(borrower), Some(kind), Some(card), Some(terms)) = (borrower, kind, card, terms) else {
            return Err(Typed::default().into_problem());
        };
        let data = PersonalData {
            card_number: Some(card.normalized.clone()),
            id_number: id_number.flatten().map(|facts| facts.normalized),
            mobile: mobile.flatten().map(|facts| facts.normalized),
            holder_name: name.map(|facts| facts.normalized),
        };
        Ok(Self { borrower, kind, card, data, channels, terms, stand_in: body.stand_in.unwrap_or(false) })
    }
}

/// The facts of a check, unless an error stopped it.
fn facts<F>(checked: Checked<F>, typed: &mut Typed) -> Option<F> {
    typed.add(errors_of(&checked.findings));
    checked.facts
}

/// What the lender says counts; left out, the number tells.
fn kind_of(given: Option<Kind>, card: &CardFacts, typed: &mut Typed) -> Option<InstrumentKind> {
    let read = match card.kind {
        CardKind::Debit | CardKind::Prepaid => Some(InstrumentKind::DebitCard),
        CardKind::Credit | CardKind::SemiCredit => Some(InstrumentKind::CreditCard),
        CardKind::Unknown => None,
    };
    let kind = given.map(InstrumentKind::from).or(read);
    if kind.is_none() {
        let zh = "无法从卡号判断类型，请填写 kind。";
        typed.wrong("kind", "missing", zh, "The number doesn't tell what it is; say so in `kind`.");
    }
    kind
}

/// The channels named, or all that can sign this kind of instrument.
fn channels_of(
    app: &App,
    named: Vec<String>,
    kind: Option<InstrumentKind>,
    typed: &mut Typed,
) -> Vec<ChannelId> {
    if !named.is_empty() {
        return typed.channels("channels", &named, 1);
    }
    let Some(kind) = kind else { return Vec::new() };
    let able = app.state.engine.channels().iter().filter(|capability| signs(capability, kind));
    let channels: Vec<_> = able.map(|capability| capability.id.clone()).collect();
    if channels.is_empty() {
        let zh = "没有渠道支持为这类账户签约。";
        typed.wrong("channels", "none", zh, "No channel signs this kind of instrument.");
    }
    channels
}

fn signs(capability: &Capability, kind: InstrumentKind) -> bool {
    capability.sign.as_ref().is_some_and(|rules| match kind {
        InstrumentKind::DebitCard | InstrumentKind::CreditCard => rules.sms_code.is_some(),
        InstrumentKind::BankAccount => rules.micro_deposit,
    })
}
