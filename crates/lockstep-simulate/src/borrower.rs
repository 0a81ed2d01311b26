//! One borrower: binds an instrument, owes, and is collected from, by machines and by people who press buttons twice.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use lockstep_core::Command;
use lockstep_core::binding::{
    Bind, Binding, BindingCommand, BindingStatus, CodeRef, Instrument, InstrumentKind, Mandate, MandateState,
    MandateTerms,
};
use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::id::{BindingId, BorrowerId, Mint, OrderId, PaymentId, VaultItemId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::payment::PaymentCommand;
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{CallKey, Clock, Queries, Sealed, Seeds, Shelf};
use lockstep_sim::people::{self, Person};
use lockstep_sim::sandbox::Rail;
use lockstep_vault::PersonalData;

use crate::chance::Chance;
use crate::giving_back::give_back;
use crate::lender::{Call, Lender, Outcome};
use crate::swarm::Kind;

/// A code that a borrower enters is kept in memory this long at most.
const CODE_LIFE_MS: i64 = 60_000;
/// How often a borrower looks whether something moved.
const LOOK_MS: u64 = 2_000;
/// Signing is given up after this many looks.
const MOST_LOOKS: u32 = 5_000;
/// Amounts are few, so that mixed-up answers often fit.
const AMOUNTS: [i64; 3] = [10_000, 10_000, 12_500];

/// One borrower.
pub struct Borrower {
    lender: Arc<Lender>,
    number: usize,
    chance: Chance,
    person: Person,
    kind: InstrumentKind,
    channels: Vec<ChannelId>,
}

impl Borrower {
    /// Borrower number so-and-so of a world.
    pub fn new(lender: &Arc<Lender>, number: usize) -> Self {
        let chance = Chance::of(lender.swarm.seed, &format!("borrower {number}"));
        let person = people::person(&mut people::Dice::new(lender.swarm.seed, &format!("p{number}")), number);
        let account = chance.one_in(12);
        let kind = if account { InstrumentKind::BankAccount } else { InstrumentKind::DebitCard };
        let mut channels: Vec<_> = if account {
            vec![Rail::Bankdirect.id()]
        } else {
            Rail::ALL.into_iter().filter(|_| !chance.one_in(3)).map(Rail::id).collect()
        };
        if channels.is_empty() {
            channels.push(Rail::Unionpay.id());
        }
        if chance.one_in(2) {
            channels.reverse();
        }
        Self { lender: Arc::clone(lender), number, chance, person, kind, channels }
    }

    fn call(&self, key: CallKey, command: Command, name: &str) -> Call {
        let idempotency = format!("{}/{name}", self.number);
        Call { key, content: format!("{command:?}"), command, idempotency }
    }

    async fn press(&self, call: &Call) -> Outcome {
        self.lender.press(&self.chance, call, Vec::new).await
    }

    /// Makes itself known and binds; the binding, if it became usable.
    pub async fn arrive(&self) -> Option<(BorrowerId, BindingId)> {
        let (tenant, reference) = (self.lender.tenant, self.person.reference.clone());
        let key = CallKey::BorrowerByReference { tenant, reference: reference.clone() };
        let made =
            self.press(&self.call(key, Command::CreateBorrower { tenant, reference }, "borrower")).await;
        let borrower: BorrowerId = made.borrower?.parse().ok()?;
        let binding = self.bind(borrower).await?;
        self.sign(binding).await.then_some((borrower, binding))
    }

    async fn bind(&self, borrower: BorrowerId) -> Option<BindingId> {
        let now = self.lender.clock.now();
        let mut mint = Mint::new(borrower.bucket(), now, self.chance.draw());
        let (id, item) = (BindingId::mint(&mut mint), VaultItemId::mint(&mut mint));
        let fingerprint = format!("fingerprint of card {}", self.number);
        let instrument = Instrument {
            kind: self.kind,
            issuer: Some("ICBC".to_owned()),
            masked: "622202*********0000".to_owned(),
            vault_item: item,
            fingerprint: fingerprint.clone(),
        };
        let channels = self.channels.clone();
        let bind = Bind { id, instrument, channels, terms: self.terms(), stand_in: false };
        let key = CallKey::NewBinding { borrower, fingerprint };
        let call = self.call(key, Command::Binding(BindingCommand::Bind(bind)), "bind");
        let outcome = self.lender.press(&self.chance, &call, || self.sealed(borrower, item)).await;
        outcome.binding?.parse().ok()
    }

    fn terms(&self) -> MandateTerms {
        MandateTerms {
            payee: "Lender".to_owned(),
            purpose: "repayment".to_owned(),
            condition: "on each due date".to_owned(),
            max_amount_minor: None,
            daily_minor: None,
            monthly_minor: None,
            valid_until: self.lender.clock.now().plus(Duration::from_secs(365 * 86_400)),
        }
    }

    fn sealed(&self, borrower: BorrowerId, item: VaultItemId) -> Vec<Sealed> {
        let vault = self.lender.nodes.first().vault();
        let (tenant, owner) = (self.lender.tenant.to_string(), borrower.to_string());
        let stored = futures::executor::block_on(self.lender.rows.wrapped_key(borrower)).ok().flatten();
        let wrapped = match stored.and_then(|text| text.parse().ok()) {
            Some(wrapped) => wrapped,
            None => match vault.new_borrower_key(&tenant, &owner) {
                Ok(wrapped) => wrapped,
                Err(_) => return Vec::new(),
            },
        };
        let card = self.kind != InstrumentKind::BankAccount;
        let data = PersonalData {
            card_number: Some(CardNumber::new(self.person.card_number.clone())),
            id_number: card.then(|| IdNumber::new(self.person.id_number.clone())),
            mobile: card.then(|| Mobile::new(self.person.mobile.clone())),
            holder_name: Some(HolderName::new(self.person.holder_name.clone())),
        };
        match vault.seal_item(&tenant, &owner, &wrapped, &item.to_string(), &data) {
            Ok(bytes) => vec![Sealed { borrower, item, wrapped_key: wrapped.to_string(), bytes }],
            Err(_) => Vec::new(),
        }
    }

    /// Does what a borrower has to do until nothing more is asked; whether the binding is usable then.
    async fn sign(&self, id: BindingId) -> bool {
        let mut again = 0;
        for look in 0..MOST_LOOKS {
            let Ok(Some(binding)) = self.lender.rows.binding(self.lender.tenant, id).await else {
                return false;
            };
            let awaiting = binding
                .mandates
                .values()
                .find(|mandate| matches!(mandate.state, MandateState::AwaitingCode { .. }));
            if let Some(mandate) = awaiting {
                self.enter_code(id, mandate, look).await;
            } else if binding.status() == BindingStatus::AwaitingAmount {
                self.tell_amount(id, look).await;
            } else if !moving(&binding) {
                if again >= 8 || !self.ask_again(&binding, look).await {
                    break;
                }
                again += 1;
            }
            self.lender.wait(LOOK_MS).await;
        }
        let binding = self.lender.rows.binding(self.lender.tenant, id).await.ok().flatten();
        binding.is_some_and(|binding| binding.status() == BindingStatus::Usable)
    }

    async fn enter_code(&self, id: BindingId, mandate: &Mandate, look: u32) {
        let request_no = mandate.request_no();
        let code = self.lender.banks.with(|sandbox| {
            let texted = sandbox.messages(&self.person.mobile).iter().rev();
            texted.into_iter().find(|message| message.request_no == request_no).map(|one| one.code.clone())
        });
        let channel = mandate.channel.clone();
        let Some(code) = code else {
            // No text came: another one.
            let command = Command::Binding(BindingCommand::SendCode { channel });
            self.press(&self.call(CallKey::Binding(id), command, &format!("no code {look}"))).await;
            return self.lender.wait(61_000).await;
        };
        let code = if self.chance.one_in(20) { "000000".to_owned() } else { code };
        let now = self.lender.clock.now();
        let reference = format!("{id}/{channel}/{}", now.as_millis());
        self.lender.nodes.put_code(&reference, &code, now.as_millis() + CODE_LIFE_MS);
        let command = Command::Binding(BindingCommand::ConfirmCode { channel, code: CodeRef(reference) });
        let outcome = self.press(&self.call(CallKey::Binding(id), command, &format!("code {look}"))).await;
        if outcome.refused.is_some() {
            // The code is dead: a new one, as soon as it may be.
            self.lender.wait(61_000).await;
            let command = Command::Binding(BindingCommand::SendCode { channel: mandate.channel.clone() });
            self.press(&self.call(CallKey::Binding(id), command, &format!("dead code {look}"))).await;
        }
    }

    async fn tell_amount(&self, id: BindingId, look: u32) {
        let entries = self.lender.banks.with(|sandbox| sandbox.entries_of(&self.person.card_number));
        let arrived = entries.iter().rev().find(|(direction, ..)| *direction == Direction::PayOut);
        let Some((_, amount_minor, ..)) = arrived else { return };
        let command = Command::Binding(BindingCommand::ConfirmAmount { amount_minor: *amount_minor });
        self.press(&self.call(CallKey::Binding(id), command, &format!("amount {look}"))).await;
    }

    /// Asks once more on a channel that failed by its own fault. `false` when there is none.
    async fn ask_again(&self, binding: &Binding, look: u32) -> bool {
        let failed = binding.mandates.values().find(|mandate| {
            matches!(&mandate.state, MandateState::Refused { reason, .. } if reason.entry().says_about_channel)
        });
        let Some(channel) = failed.map(|mandate| mandate.channel.clone()) else { return false };
        if self.kind == InstrumentKind::BankAccount {
            return false;
        }
        self.lender.wait(61_000).await;
        let command = Command::Binding(BindingCommand::SendCode { channel });
        let call = self.call(CallKey::Binding(binding.id), command, &format!("again {look}"));
        self.press(&call).await.ok
    }

    /// Owes one order and is collected from, one way or another.
    pub async fn owe(self: Arc<Self>, place: usize, borrower: BorrowerId, binding: BindingId) {
        let chance = Chance::of(self.lender.swarm.seed, &format!("order {}/{place}", self.number));
        let safety_ms = self.lender.swarm.safety_ms;
        let first = self.lender.swarm.start.plus(Duration::from_millis(chance.below(safety_ms)));
        self.lender.until(first).await;
        let due_at = self.due(&chance);
        let Some(order) = self.order(&chance, place, borrower, due_at).await else { return };
        if chance.one_in(2) {
            self.lender.until(due_at).await;
        }
        let payment = self.collect(&chance, place, order, binding).await;
        if chance.one_in(16) {
            let call = self.call(CallKey::Order(order), Command::CancelOrder, &format!("withdraw {place}"));
            self.press(&call).await;
        }
        if let Some(payment) = payment {
            self.meddle(&chance, place, payment).await;
            let name = format!("{}/{place}", self.number);
            let chance = Chance::of(self.lender.swarm.seed, &format!("giving back {name}"));
            give_back(&self.lender, &chance, &name, payment).await;
        }
        if chance.one_in(4) {
            // Once more after a while: refused while a payment is under way or the order is collected.
            self.lender.wait(chance.between(60_000, 7_200_000)).await;
            self.press(&self.collecting(&format!("collect {place} later"), order, binding, Vec::new())).await;
        }
    }

    fn due(&self, chance: &Chance) -> Timestamp {
        let now = self.lender.clock.now();
        match chance.below(3) {
            0 => now.minus(Duration::from_secs(3600)),
            1 => now,
            _ => now.plus(Duration::from_millis(chance.below(3 * 3_600_000))),
        }
    }

    async fn order(
        &self,
        chance: &Chance,
        place: usize,
        borrower: BorrowerId,
        due_at: Timestamp,
    ) -> Option<OrderId> {
        let reference = format!("loan {}-{place}", self.number);
        let amount = AMOUNTS[usize::try_from(chance.below(3)).unwrap_or(0)];
        let money = Money::new(amount, Currency::CNY).ok()?;
        let key = CallKey::NewOrder { borrower, reference: reference.clone() };
        let command = Command::CreateOrder { reference, money, due_at, partial: None };
        let made = self.press(&self.call(key, command, &format!("order {place}"))).await;
        made.order?.parse().ok()
    }

    fn collecting(&self, name: &str, order: OrderId, binding: BindingId, channels: Vec<ChannelId>) -> Call {
        let command = PaymentCommand::Collect { amount_minor: None, channels };
        self.call(CallKey::Collect { order, binding }, Command::Payment(command), name)
    }

    async fn collect(
        &self,
        chance: &Chance,
        place: usize,
        order: OrderId,
        binding: BindingId,
    ) -> Option<PaymentId> {
        let channels =
            if chance.one_in(6) { self.channels.first().cloned().into_iter().collect() } else { Vec::new() };
        let call = self.collecting(&format!("collect {place}"), order, binding, channels);
        let other = self.collecting(&format!("collect {place} by hand"), order, binding, Vec::new());
        let now = self.lender.clock.now();
        let outcome = if self.on(Kind::PressedTwiceSameKey) && chance.one_in(3) {
            self.lender.trace.struck(now, None, Kind::PressedTwiceSameKey.name());
            let outcome = join(self.press(&call), self.press(&call)).await.0;
            self.lender.press_again(&self.chance, &call).await;
            outcome
        } else if self.on(Kind::PressedTwiceOtherKey) && chance.one_in(3) {
            self.lender.trace.struck(now, None, Kind::PressedTwiceOtherKey.name());
            let (one, two) = join(self.press(&call), self.press(&other)).await;
            if one.ok { one } else { two }
        } else {
            self.press(&call).await
        };
        outcome.payment?.parse().ok()
    }

    fn on(&self, kind: Kind) -> bool {
        self.lender.swarm.strength(kind) > 0
    }

    /// People press "try now" and "cancel" when they feel like it.
    async fn meddle(&self, chance: &Chance, place: usize, payment: PaymentId) {
        for press in 0..chance.below(5) {
            self.lender.wait(chance.between(10, if chance.one_in(2) { 20_000 } else { 1_800_000 })).await;
            let command = if chance.one_in(6) { PaymentCommand::Cancel } else { PaymentCommand::TryNow };
            let name = format!("press {place}.{press}");
            let call = self.call(CallKey::Payment(payment), Command::Payment(command), &name);
            if self.on(Kind::PressedTwiceSameKey) && chance.one_in(3) {
                self.lender.trace.struck(self.lender.clock.now(), None, Kind::PressedTwiceSameKey.name());
                join(self.press(&call), self.press(&call)).await;
                self.lender.press_again(&self.chance, &call).await;
            } else if self.on(Kind::PressedTwiceOtherKey) && chance.one_in(3) {
                self.lender.trace.struck(self.lender.clock.now(), None, Kind::PressedTwiceOtherKey.name());
                let twin = Call { idempotency: format!("{}, twice", call.idempotency), ..call.clone() };
                join(self.press(&call), self.press(&twin)).await;
            } else {
                self.press(&call).await;
            }
        }
    }

    /// Owes one plain order and is collected from at once, when everything is healed.
    pub async fn owe_plainly(&self, place: usize, borrower: BorrowerId, binding: BindingId) {
        let chance = Chance::of(self.lender.swarm.seed, &format!("plain {}/{place}", self.number));
        let due_at = self.lender.clock.now();
        if let Some(order) = self.order(&chance, place, borrower, due_at).await {
            self.press(&self.collecting(&format!("collect {place}"), order, binding, Vec::new())).await;
        }
    }
}

/// Whether something about a binding goes on by itself.
fn moving(binding: &Binding) -> bool {
    let verifying =
        matches!(binding.verification, lockstep_core::binding::Verification::DepositSending { .. });
    verifying || binding.mandates.values().any(Mandate::in_motion)
}
