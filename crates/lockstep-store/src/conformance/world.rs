//! A small lender with two channels, driving the core's own rules, so that the cases store what production
//! stores.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::audit::{AuditEntry, Who};
use lockstep_core::binding::{
    Bind, BindingCommand, CodeRef, Instrument, InstrumentKind, MandateTerms, SignAnswer,
};
use lockstep_core::channel::ChannelBook;
use lockstep_core::decision::{Decision, Facts, Slice};
use lockstep_core::health::HealthBook;
use lockstep_core::id::{
    AuditId, BindingId, BorrowerId, Bucket, EffectId, Mint, OrderId, PaymentId, TenantId, VaultItemId,
};
use lockstep_core::money::{Currency, Money};
use lockstep_core::payment::{
    FundsClock, MoneyAnswer, PaymentCommand, RefundPolicy, RetryBudget, RetryPolicy,
};
use lockstep_core::refusal::Refusal;
use lockstep_core::routing::RoutingRules;
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, decide, ledger};
use lockstep_engine::port::{CallKey, Commit, CommitError, StoredEffect};

use super::channels::channel;
use super::commits::{bucket_of, changes};
use super::{Backend, channels};

/// Why a command had no effect.
#[derive(Debug)]
pub enum Lost {
    /// The rules said no.
    Refused(Refusal),
    /// The store said no.
    Store(CommitError),
}

/// The lender, its clock and its source of randomness.
#[derive(Debug, Clone)]
pub struct World {
    /// The lender.
    pub tenant: TenantId,
    /// The moment; every command moves it on by a second.
    pub now: Timestamp,
    book: Arc<ChannelBook>,
    retry: RetryPolicy,
    draws: Mint,
}

impl World {
    /// A world; another number gives other ids.
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let now = Timestamp::from_millis(1_772_413_200_000);
        let mut draws = Mint::new(Bucket::of_tenant("the lender"), now, bytes);
        Self {
            tenant: TenantId::mint(&mut draws),
            now,
            book: Arc::new(channels::book()),
            retry: RetryPolicy::default(),
            draws,
        }
    }

    /// A mint for things of the lender itself.
    pub fn mint(&mut self) -> Mint {
        Mint::new(Bucket::of_tenant("the lender"), self.now, self.draws.draw())
    }

    /// A number in `0..below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.draws.below(below)
    }

    /// Decides, as the engine does, and moves the clock on.
    ///
    /// # Errors
    /// When the rules say no.
    pub fn decide(&mut self, slice: &Slice, command: &Command) -> Result<Decision, Refusal> {
        let seed = self.draws.draw();
        self.now = self.now.plus(Duration::from_secs(1));
        let (health, rules) = (HealthBook::default(), RoutingRules::default());
        let refunds = RefundPolicy::default();
        let facts = Facts {
            now: self.now,
            asked_at: self.now,
            seed,
            channels: &self.book,
            retry: &self.retry,
            refunds: &refunds,
            funds: &FundsClock::default(),
            budget: &RetryBudget::default(),
            health: &health,
            rules: &rules,
        };
        decide(slice, command, &facts)
    }

    /// The commit of a decision, as the engine makes it.
    pub fn commit_of(&mut self, before: &Slice, decision: Decision, command: &Command) -> Commit {
        let after = before.after(&decision);
        let bucket = bucket_of(&after).unwrap_or(Bucket::of_tenant("nothing"));
        let mut mint = Mint::new(bucket, self.now, self.draws.draw());
        let tenant = after.tenant().unwrap_or(self.tenant);
        let audit = AuditEntry {
            id: AuditId::mint(&mut mint),
            tenant,
            at: self.now,
            who: Who::Cli,
            action: command.name().to_owned(),
            subject: after.payment.as_ref().map_or_else(String::new, |payment| payment.id.to_string()),
            outcome: "accepted".to_owned(),
        };
        let effects = decision.effects.into_iter().map(|planned| {
            let id = EffectId::mint(&mut mint);
            StoredEffect { id, effect: planned.effect, due_at: planned.due_at, tenant }
        });
        Commit {
            effects: effects.collect(),
            entries: ledger::entries(&after, &decision.events),
            changes: changes(before, &after, decision.events),
            audit: Some(audit),
            at: Some(self.now),
            ..Commit::default()
        }
    }

    /// Loads, decides and commits; the slice afterwards.
    ///
    /// # Errors
    /// When the rules or the store say no.
    ///
    /// # Panics
    /// When the store can't load.
    pub async fn run<B: Backend>(&mut self, db: &B, key: &CallKey, command: Command) -> Result<Slice, Lost> {
        let before = db.load(key).await.expect("the slice loads");
        let decision = self.decide(&before, &command).map_err(Lost::Refused)?;
        let after = before.after(&decision);
        let commit = self.commit_of(&before, decision, &command);
        db.commit(commit).await.map_err(Lost::Store)?;
        Ok(after)
    }

    /// A new borrower.
    ///
    /// # Panics
    /// When that doesn't work.
    pub async fn borrower<B: Backend>(&mut self, db: &B, reference: &str) -> BorrowerId {
        let (tenant, reference) = (self.tenant, reference.to_owned());
        let key = CallKey::BorrowerByReference { tenant, reference: reference.clone() };
        let after =
            self.run(db, &key, Command::CreateBorrower { tenant, reference }).await.expect("a borrower");
        after.borrower.expect("a borrower").id
    }

    /// The command to bind a card with this fingerprint.
    pub fn bind(&mut self, borrower: BorrowerId, fingerprint: &str) -> Command {
        let mut mint = Mint::new(borrower.bucket(), self.now, self.draws.draw());
        let instrument = Instrument {
            kind: InstrumentKind::DebitCard,
            issuer: Some("ICBC".to_owned()),
            masked: "622202*********0000".to_owned(),
            vault_item: VaultItemId::mint(&mut mint),
            fingerprint: fingerprint.to_owned(),
        };
        let terms = MandateTerms {
            payee: "Lender".to_owned(),
            purpose: "repayment".to_owned(),
            condition: "monthly".to_owned(),
            max_amount_minor: None,
            daily_minor: None,
            monthly_minor: None,
            valid_until: self.now.plus(Duration::from_secs(365 * 86_400)),
        };
        let channels = vec![channel("unionpay"), channel("netsunion")];
        Command::Binding(BindingCommand::Bind(Bind {
            id: BindingId::mint(&mut mint),
            instrument,
            channels,
            terms,
            stand_in: false,
        }))
    }

    /// A new binding with a mandate on unionpay.
    ///
    /// # Panics
    /// When that doesn't work.
    pub async fn binding<B: Backend>(
        &mut self,
        db: &B,
        borrower: BorrowerId,
        fingerprint: &str,
    ) -> BindingId {
        let command = self.bind(borrower, fingerprint);
        let key = CallKey::NewBinding { borrower, fingerprint: fingerprint.to_owned() };
        let slice = self.run(db, &key, command).await.expect("a binding");
        let id = slice.binding.expect("a binding").id;
        for step in 0..3 {
            let binding = db.binding(id).await.expect("loads").expect("is there");
            let channel = channel("unionpay");
            let request_no = binding.mandates[&channel].request_no();
            let answer = |agreement_no| SignAnswer::Answered {
                code: "00".to_owned(),
                channel_ref: None,
                agreement_no,
            };
            let command = match step {
                0 => BindingCommand::CodeAnswered { channel, request_no, answer: answer(None) },
                1 => BindingCommand::ConfirmCode { channel, code: CodeRef("memory:1".to_owned()) },
                _ => BindingCommand::SignAnswered {
                    channel,
                    request_no,
                    answer: answer(Some("A1".to_owned())),
                },
            };
            self.run(db, &CallKey::Binding(id), Command::Binding(command)).await.expect("signing");
        }
        id
    }

    /// A new order that is due.
    ///
    /// # Panics
    /// When that doesn't work.
    pub async fn order<B: Backend>(&mut self, db: &B, borrower: BorrowerId, reference: &str) -> OrderId {
        self.try_order(db, borrower, reference).await.expect("an order")
    }

    /// A new order, if the store takes it.
    ///
    /// # Errors
    /// When it doesn't.
    ///
    /// # Panics
    /// When the store can't load.
    pub async fn try_order<B: Backend>(
        &mut self,
        db: &B,
        borrower: BorrowerId,
        reference: &str,
    ) -> Result<OrderId, Lost> {
        let key = CallKey::NewOrder { borrower, reference: reference.to_owned() };
        let money = Money::new(10_000, Currency::CNY).expect("an amount");
        let command =
            Command::CreateOrder { reference: reference.to_owned(), money, due_at: self.now, partial: None };
        Ok(self.run(db, &key, command).await?.order.expect("an order").id)
    }

    /// The command to collect an order.
    pub fn collect() -> Command {
        Command::Payment(PaymentCommand::Collect { amount_minor: None, channels: Vec::new() })
    }

    /// A new payment of an order, its first attempt under way.
    ///
    /// # Panics
    /// When that doesn't work.
    pub async fn payment<B: Backend>(&mut self, db: &B, order: OrderId, binding: BindingId) -> PaymentId {
        let slice =
            self.run(db, &CallKey::Collect { order, binding }, Self::collect()).await.expect("a payment");
        slice.payment.expect("a payment").id
    }

    /// The channel's answer to an attempt.
    pub fn money_answer(attempt: u16, code: &str) -> Command {
        let answer = MoneyAnswer::Answered { code: code.to_owned(), channel_ref: None, amount_minor: None };
        Command::Payment(PaymentCommand::MoneyAnswered { attempt, answer })
    }

    /// Borrower, binding, order and payment.
    ///
    /// # Panics
    /// When that doesn't work.
    pub async fn everything<B: Backend>(
        &mut self,
        db: &B,
        name: &str,
    ) -> (BorrowerId, BindingId, OrderId, PaymentId) {
        let borrower = self.borrower(db, name).await;
        let binding = self.binding(db, borrower, "fingerprint").await;
        let order = self.order(db, borrower, "L1-1").await;
        let payment = self.payment(db, order, binding).await;
        (borrower, binding, order, payment)
    }
}
