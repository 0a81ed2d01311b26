//! Drives a due list through the engine: make borrowers and orders known, bind what isn't bound, start payments,
//! and follow them. Everything is found again by the lender's own references, so a run that was killed goes on
//! where it stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use lockstep_core::audit::Who;
use lockstep_core::binding::{
    Bind, Binding, BindingCommand, BindingStatus, CodeRef, Instrument, InstrumentKind, Mandate, MandateState,
    MandateTerms,
};
use lockstep_core::catalogue::Reason;
use lockstep_core::channel::{ChannelId, Direction};
use lockstep_core::id::{BindingId, BorrowerId, Mint, OrderId, PaymentId, VaultItemId};
use lockstep_core::order::{Order, OrderState};
use lockstep_core::payment::PaymentCommand;
use lockstep_core::refusal::Refusal;
use lockstep_core::sensitive::{Mobile, OneTimeCode};
use lockstep_core::{Command, Slice};
use lockstep_engine::port::{CallKey, Fault, OwnedBy, Page, PaymentFilter, Queries, Sealed, Shelf, Tenant};
use lockstep_engine::{Engine, Executed, Request};
use lockstep_vault::{PersonalData, TransientSecrets, Vault};

use crate::collect::input::{DueRow, FromWhat, NewCard};

/// On a shared database a node begins with nothing and takes its share within moments; longer than this means that other
/// nodes have it.
const TENURE_TRIES: u32 = 100;
const TENURE_WAIT: Duration = Duration::from_millis(150);
/// Borrowers handled at once.
const AT_ONCE: usize = 64;
/// A code that a borrower enters is kept in memory this long at most.
const CODE_LIFE_MS: i64 = 60_000;
/// Codes asked for again after a channel failed by its own fault.
const SIGN_AGAIN: u8 = 3;
/// What a mandate says when the lender names nothing else.
const PURPOSE: &str = "贷款还款 / loan repayment";
const CONDITION: &str = "到期还款日 / on each due date";
const TERM_DAYS: u64 = 5 * 365;

/// Someone who reads the codes that banks text to borrowers: the sandbox's borrowers do; real ones use the page
/// or the lender's app.
pub trait ReadsCodes: Send + Sync {
    /// The latest code texted to this phone for this signing. Two borrowers may share a phone.
    fn latest_code(&self, mobile: &Mobile, request_no: &str) -> Option<String>;
}

/// What is needed to drive.
#[derive(Clone)]
pub struct Driver {
    /// The engine.
    pub engine: Engine,
    /// For looking things up.
    pub queries: Arc<dyn Queries>,
    /// Where sealed items lie.
    pub shelf: Arc<dyn Shelf>,
    /// Seals them.
    pub vault: Vault,
    /// Where codes wait.
    pub codes: Arc<TransientSecrets>,
    /// The lender.
    pub tenant: Tenant,
    /// Who enters codes; `None` when no one can.
    pub borrowers: Option<Arc<dyn ReadsCodes>>,
    /// Whether orders whose payment ended without money are tried again.
    pub again: bool,
}

/// What became of a row when it was started.
#[derive(Debug, Clone)]
pub struct Started {
    /// Line in the file.
    pub line: u64,
    /// The order's reference.
    pub order: String,
    /// The borrower's reference.
    pub borrower: String,
    /// The bank's code, if known.
    pub issuer: Option<String>,
    /// What was started, or why not.
    pub outcome: Outcome,
}

/// What was started, or why not.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// This payment collects it (or did).
    Payment(PaymentId),
    /// It had been collected before.
    Collected,
    /// The instrument isn't usable.
    NotBound {
        /// Why.
        reason: Reason,
    },
    /// The borrower has to do something before it can be tried.
    NeedsBorrower {
        /// What is missing.
        reason: Reason,
    },
    /// The rules said no.
    Refused(Refusal),
    /// An order of this reference exists with another amount or due date.
    Differs,
}

impl Driver {
    /// Starts all rows, many borrowers at once, in the order of the file for each borrower. `progress` is told
    /// how many rows are done.
    ///
    /// # Errors
    /// A [`Fault`] of the machinery. What was started stays started; run again.
    pub async fn start_all(
        &self,
        rows: Vec<DueRow>,
        progress: impl Fn(usize) + Send + Sync,
    ) -> Result<Vec<Started>, Fault> {
        let mut by_borrower: BTreeMap<String, Vec<DueRow>> = BTreeMap::new();
        for row in rows {
            by_borrower.entry(row.borrower.clone()).or_default().push(row);
        }
        let progress = &progress;
        let tasks = stream::iter(by_borrower).map(|(reference, rows)| async move {
            let count = rows.len();
            let started = self.start_borrower(&reference, rows).await;
            progress(count);
            started
        });
        let results: Vec<_> = tasks.buffer_unordered(AT_ONCE).collect().await;
        let mut all = Vec::new();
        for result in results {
            all.extend(result?);
        }
        all.sort_by_key(|started: &Started| started.line);
        Ok(all)
    }

    async fn start_borrower(&self, reference: &str, rows: Vec<DueRow>) -> Result<Vec<Started>, Fault> {
        let borrower = self.borrower(reference).await?;
        let mut bound: BTreeMap<String, Result<BindingId, Outcome>> = BTreeMap::new();
        let mut started = Vec::new();
        for row in rows {
            let issuer = match &row.instrument {
                FromWhat::Card(card) => card.issuer.clone(),
                FromWhat::Binding(_) => None,
            };
            let binding = match &row.instrument {
                FromWhat::Binding(id) => Ok(*id),
                FromWhat::Card(card) => {
                    let fingerprint = self.vault.card_index(&self.tenant.id.to_string(), &card.number);
                    match bound.get(&fingerprint) {
                        Some(Ok(id)) => self.sign_missing(*id, &row.channels, &card.mobile).await?,
                        Some(Err(outcome)) => Err(outcome.clone()),
                        None => {
                            let outcome =
                                self.bind(borrower, card, fingerprint.clone(), &row.channels).await?;
                            bound.insert(fingerprint, outcome.clone());
                            outcome
                        }
                    }
                }
            };
            let outcome = self.start_order(borrower, binding, &row).await?;
            started.push(Started {
                line: row.line,
                order: row.order,
                borrower: row.borrower,
                issuer,
                outcome,
            });
        }
        Ok(started)
    }

    /// Makes one borrower known and binds one card, or finds both again.
    ///
    /// # Errors
    /// A [`Fault`] of the machinery.
    pub async fn bound(
        &self,
        reference: &str,
        card: &NewCard,
        channels: &[ChannelId],
    ) -> Result<(BorrowerId, Result<BindingId, Outcome>), Fault> {
        let borrower = self.borrower(reference).await?;
        let fingerprint = self.vault.card_index(&self.tenant.id.to_string(), &card.number);
        Ok((borrower, self.bind(borrower, card, fingerprint, channels).await?))
    }

    async fn execute(
        &self,
        key: CallKey,
        command: Command,
        sealed: Vec<Sealed>,
    ) -> Result<Result<Slice, Refusal>, Fault> {
        let tenant = Some(self.tenant.id);
        let request = || Request {
            tenant,
            who: Who::Cli,
            key: key.clone(),
            command: command.clone(),
            idempotency: None,
            sealed: sealed.clone(),
            done: None,
            asked_at: None,
        };
        for _ in 0..TENURE_TRIES {
            match self.engine.execute(request()).await? {
                Executed::Decided(outcome) => return Ok(*outcome),
                Executed::Elsewhere(_) => {
                    let clock = &self.engine.ports().clock;
                    clock.sleep_until(clock.now().plus(TENURE_WAIT)).await;
                }
                Executed::Replayed(_) | Executed::Key(_) => {
                    return Err(Fault::new("driving a due list", "a call without a key was answered by key"));
                }
            }
        }
        let why =
            "other nodes serve on this database. Send the list through the API of one of them, or stop them";
        Err(Fault::new("driving a due list", why))
    }

    async fn borrower(&self, reference: &str) -> Result<BorrowerId, Fault> {
        let (tenant, reference) = (self.tenant.id, reference.to_owned());
        let key = CallKey::BorrowerByReference { tenant, reference: reference.clone() };
        match self.execute(key, Command::CreateBorrower { tenant, reference }, Vec::new()).await? {
            Ok(slice) => slice.borrower.map(|borrower| borrower.id).ok_or_else(|| gone("a new borrower")),
            Err(Refusal::BorrowerExists { borrower }) => Ok(borrower),
            Err(refusal) => Err(Fault::new("making a borrower known", refusal.code())),
        }
    }

    /// Binds a card and follows the signing until it stands still.
    async fn bind(
        &self,
        borrower: BorrowerId,
        card: &NewCard,
        fingerprint: String,
        channels: &[ChannelId],
    ) -> Result<Result<BindingId, Outcome>, Fault> {
        let now = self.engine.ports().clock.now();
        let mut mint = Mint::new(borrower.bucket(), now, self.engine.ports().seeds.draw());
        let item = VaultItemId::mint(&mut mint);
        let sealed = self.seal(borrower, item, card).await?;
        let kind = if card.credit { InstrumentKind::CreditCard } else { InstrumentKind::DebitCard };
        let instrument = Instrument {
            kind,
            issuer: card.issuer.clone(),
            masked: card.masked.clone(),
            vault_item: item,
            fingerprint: fingerprint.clone(),
        };
        let channels = if channels.is_empty() { self.signing_channels() } else { channels.to_vec() };
        let bind = Bind {
            id: BindingId::mint(&mut mint),
            instrument,
            channels: channels.clone(),
            terms: self.terms(),
            stand_in: false,
        };
        let key = CallKey::NewBinding { borrower, fingerprint };
        let command = Command::Binding(BindingCommand::Bind(bind));
        let id = match self.execute(key, command, vec![sealed]).await? {
            Ok(slice) => slice.binding.map(|binding| binding.id).ok_or_else(|| gone("a new binding"))?,
            Err(Refusal::AlreadyBound { binding }) => {
                return self.sign_missing(binding, &channels, &card.mobile).await;
            }
            Err(refusal) => return Ok(Err(Outcome::Refused(refusal))),
        };
        self.follow_signing(id, &card.mobile).await
    }

    /// Asks for mandates on channels that a later row names and the binding has none on yet.
    async fn sign_missing(
        &self,
        id: BindingId,
        channels: &[ChannelId],
        mobile: &Mobile,
    ) -> Result<Result<BindingId, Outcome>, Fault> {
        for channel in channels {
            let binding = self.queries.binding(self.tenant.id, id).await?.ok_or_else(|| gone("a binding"))?;
            if binding.mandates.contains_key(channel) {
                continue;
            }
            let channel = channel.clone();
            let command = BindingCommand::AddMandate { channel, terms: self.terms() };
            if let Err(refusal) =
                self.execute(CallKey::Binding(id), Command::Binding(command), Vec::new()).await?
            {
                return Ok(Err(Outcome::Refused(refusal)));
            }
            if let Err(outcome) = self.follow_signing(id, mobile).await? {
                return Ok(Err(outcome));
            }
        }
        self.follow_signing(id, mobile).await
    }

    fn terms(&self) -> MandateTerms {
        let now = self.engine.ports().clock.now();
        MandateTerms {
            payee: self.tenant.name.clone(),
            purpose: PURPOSE.to_owned(),
            condition: CONDITION.to_owned(),
            max_amount_minor: None,
            daily_minor: None,
            monthly_minor: None,
            valid_until: now.plus(std::time::Duration::from_secs(TERM_DAYS * 86_400)),
        }
    }

    fn signing_channels(&self) -> Vec<ChannelId> {
        let able = self.engine.channels().iter().filter(|capability| {
            let signs = capability.sign.as_ref().is_some_and(|rules| rules.sms_code.is_some());
            signs && capability.limits(Direction::Collect).is_some()
        });
        able.map(|capability| capability.id.clone()).collect()
    }

    async fn seal(&self, borrower: BorrowerId, item: VaultItemId, card: &NewCard) -> Result<Sealed, Fault> {
        let (tenant, owner) = (self.tenant.id.to_string(), borrower.to_string());
        let fault = |error| Fault::new("sealing a card", error);
        let wrapped = match self.shelf.wrapped_key(borrower).await? {
            Some(text) => text.parse().map_err(fault)?,
            None => self.vault.new_borrower_key(&tenant, &owner).map_err(fault)?,
        };
        let data = PersonalData {
            card_number: Some(card.number.clone()),
            id_number: Some(card.id_number.clone()),
            mobile: Some(card.mobile.clone()),
            holder_name: Some(card.holder_name.clone()),
        };
        let bytes =
            self.vault.seal_item(&tenant, &owner, &wrapped, &item.to_string(), &data).map_err(fault)?;
        Ok(Sealed { borrower, item, wrapped_key: wrapped.to_string(), bytes })
    }

    /// Enters codes as they come, until nothing moves any more.
    async fn follow_signing(
        &self,
        id: BindingId,
        mobile: &Mobile,
    ) -> Result<Result<BindingId, Outcome>, Fault> {
        let mut again = SIGN_AGAIN;
        loop {
            let mut changes = self.engine.changes();
            let binding = self.queries.binding(self.tenant.id, id).await?.ok_or_else(|| gone("a binding"))?;
            let awaiting = binding
                .mandates
                .values()
                .find(|mandate| matches!(mandate.state, MandateState::AwaitingCode { .. }));
            let awaiting = awaiting.map(|mandate| (mandate.channel.clone(), mandate.request_no()));
            if let Some((channel, request_no)) = awaiting {
                if !self.enter_code(id, channel, &request_no, mobile).await? {
                    return Ok(Err(Outcome::NeedsBorrower { reason: Reason::CodeExpired }));
                }
                continue;
            }
            if binding.mandates.values().any(Mandate::in_motion) {
                changes.of(&id.to_string()).await;
                continue;
            }
            if again > 0 && self.ask_again(&binding).await? {
                again -= 1;
                continue;
            }
            return Ok(match binding.status() {
                BindingStatus::Usable | BindingStatus::Suspended { .. } => Ok(id),
                BindingStatus::NotUsable { reason } => Err(Outcome::NotBound { reason }),
                BindingStatus::Verifying
                | BindingStatus::AwaitingCode { .. }
                | BindingStatus::AwaitingAmount => {
                    Err(Outcome::NeedsBorrower { reason: Reason::NoLiveMandate })
                }
                BindingStatus::Unbound => Err(Outcome::NotBound { reason: Reason::MandateCancelled }),
            });
        }
    }

    /// Asks again on a channel that failed by its own fault. `false` when there is none.
    async fn ask_again(&self, binding: &Binding) -> Result<bool, Fault> {
        let failed = binding.mandates.values().find(|mandate| match &mandate.state {
            MandateState::Refused { reason, .. } => reason.entry().says_about_channel,
            _ => false,
        });
        let Some(channel) = failed.map(|mandate| mandate.channel.clone()) else {
            return Ok(false);
        };
        let command = BindingCommand::SendCode { channel };
        Ok(self.execute(CallKey::Binding(binding.id), Command::Binding(command), Vec::new()).await?.is_ok())
    }

    /// `false` when nobody can enter the code.
    async fn enter_code(
        &self,
        id: BindingId,
        channel: ChannelId,
        request_no: &str,
        mobile: &Mobile,
    ) -> Result<bool, Fault> {
        let Some(code) =
            self.borrowers.as_ref().and_then(|borrowers| borrowers.latest_code(mobile, request_no))
        else {
            return Ok(false);
        };
        let now = self.engine.ports().clock.now();
        let reference = format!("cli/{id}/{channel}/{}", now.as_millis());
        self.codes.put(&reference, OneTimeCode::new(code), now.as_millis() + CODE_LIFE_MS);
        let command = BindingCommand::ConfirmCode { channel, code: CodeRef(reference) };
        let outcome = self.execute(CallKey::Binding(id), Command::Binding(command), Vec::new()).await?;
        Ok(outcome.is_ok())
    }

    async fn start_order(
        &self,
        borrower: BorrowerId,
        binding: Result<BindingId, Outcome>,
        row: &DueRow,
    ) -> Result<Outcome, Fault> {
        let key = CallKey::NewOrder { borrower, reference: row.order.clone() };
        let command = Command::CreateOrder {
            reference: row.order.clone(),
            money: row.money,
            due_at: row.due_at,
            partial: None,
        };
        let order = match self.execute(key, command, Vec::new()).await? {
            Ok(slice) => slice.order.ok_or_else(|| gone("a new order"))?,
            Err(Refusal::OrderExists { order }) => {
                self.queries.order(self.tenant.id, order).await?.ok_or_else(|| gone("an order"))?
            }
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        if order.money != row.money || order.due_at != row.due_at {
            return Ok(Outcome::Differs);
        }
        if let Some(known) = self.known(&order).await? {
            return Ok(known);
        }
        match binding {
            Ok(binding) => self.pay(order.id, binding, row).await,
            Err(outcome) => Ok(outcome),
        }
    }

    /// What an earlier run has done about an order.
    async fn known(&self, order: &Order) -> Result<Option<Outcome>, Fault> {
        match &order.state {
            OrderState::Collecting { payment } => return Ok(Some(Outcome::Payment(*payment))),
            OrderState::Cancelled { .. } => return Ok(Some(Outcome::Refused(Refusal::OrderCancelled))),
            OrderState::Open | OrderState::Collected { .. } => {}
        }
        let owner = OwnedBy { tenant: self.tenant.id, borrower: Some(order.borrower) };
        let filter = PaymentFilter { owner, order: Some(order.id), status: None, from: None, until: None };
        let page = Page { after: None, limit: 1 };
        let last = self.queries.payments(&filter, &page).await?.rows.into_iter().next();
        Ok(match (last, &order.state) {
            (Some(payment), OrderState::Collected { .. }) => Some(Outcome::Payment(payment.id)),
            (None, OrderState::Collected { .. }) => Some(Outcome::Collected),
            (Some(payment), _) if !self.again => Some(Outcome::Payment(payment.id)),
            (_, _) => None,
        })
    }

    async fn pay(&self, order: OrderId, binding: BindingId, row: &DueRow) -> Result<Outcome, Fault> {
        let command = PaymentCommand::Collect { amount_minor: None, channels: row.channels.clone() };
        let key = CallKey::Collect { order, binding };
        Ok(match self.execute(key, Command::Payment(command), Vec::new()).await? {
            Ok(slice) => {
                Outcome::Payment(slice.payment.map(|payment| payment.id).ok_or_else(|| gone("a payment"))?)
            }
            Err(Refusal::PaymentUnderWay { payment }) => Outcome::Payment(payment),
            Err(Refusal::OrderCollected) => Outcome::Collected,
            Err(Refusal::NoLiveMandate { reason, .. } | Refusal::BindingNotUsable { reason }) => {
                Outcome::NotBound { reason }
            }
            Err(refusal) => Outcome::Refused(refusal),
        })
    }
}

fn gone(what: &'static str) -> Fault {
    Fault::new("driving a due list", format!("{what} was not there after it had been written"))
}
