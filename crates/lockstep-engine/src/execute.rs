//! Execute: load → decide → commit. The one way in for every command, from outside and from the loop.

use std::collections::BTreeMap;

use lockstep_core::audit::{AuditEntry, Who};
use lockstep_core::decision::{Decision, Event, Facts, Slice};
use lockstep_core::effect::Effect;
use lockstep_core::id::{AuditId, BindingId, EffectId, Mint, TenantId};
use lockstep_core::planted::{self, Bug};
use lockstep_core::refusal::Refusal;
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, decide, ledger};

use crate::Engine;
use crate::keys::KeyProblem;
use crate::port::{
    Answer, CallKey, Change, Changed, Commit, CommitError, Fault, IdempotencyKey, Loaded, Sealed,
    StoredAnswer, StoredEffect,
};

/// Turns the outcome into the answer that is stored under the caller's key.
pub type Render<'a> = &'a (dyn Fn(&Result<Slice, Refusal>) -> Answer + Send + Sync);

/// One command with all that belongs to it.
pub struct Request<'a> {
    /// Whose: things of other lenders are invisible. `None` for the loop's own commands.
    pub tenant: Option<TenantId>,
    /// Who asks.
    pub who: Who,
    /// What to load.
    pub key: CallKey,
    /// What to decide.
    pub command: Command,
    /// The caller's key and how to answer.
    pub idempotency: Option<(IdempotencyKey, Render<'a>)>,
    /// Items for the vault, written with the change.
    pub sealed: Vec<Sealed>,
    /// The effect whose answer this is.
    pub done: Option<EffectId>,
    /// When the question was asked that this answers; `None` for everything else.
    pub asked_at: Option<Timestamp>,
}

impl<'a> Request<'a> {
    /// A command of the loop.
    pub(crate) fn internal(who: Who, key: CallKey, command: Command, done: EffectId) -> Request<'a> {
        Request {
            tenant: None,
            who,
            key,
            command,
            idempotency: None,
            sealed: Vec::new(),
            done: Some(done),
            asked_at: None,
        }
    }
}

/// What became of a command.
#[derive(Debug)]
pub enum Executed {
    /// It was decided now: the slice after it, or why not.
    Decided(Box<Result<Slice, Refusal>>),
    /// It had been answered before under the same key.
    Replayed(Answer),
    /// Its key can't be used.
    Key(KeyProblem),
    /// Another node holds the bucket; where it is reached, if that is known. Nothing was done here.
    Elsewhere(Option<String>),
}

impl Executed {
    /// The slice after it, if it was decided now and not refused.
    pub(crate) fn slice(self) -> Option<Slice> {
        match self {
            Self::Decided(outcome) => (*outcome).ok(),
            Self::Replayed(_) | Self::Key(_) | Self::Elsewhere(_) => None,
        }
    }
}

/// Races are short: after so many lost ones something else is wrong. Of fifty refunds of one payment the last may lose
/// to forty-nine others and to all their answers.
const MAX_RACES: u32 = 500;

impl Engine {
    /// Executes a command. When this returns, the change is durable.
    ///
    /// # Errors
    /// A [`Fault`] when the machinery failed; the command may be sent again with the same key.
    pub async fn execute(&self, request: Request<'_>) -> Result<Executed, Fault> {
        let bucket = request.key.bucket();
        if let Err(elsewhere) = self.place_of(bucket) {
            return Ok(Executed::Elsewhere(elsewhere));
        }
        let _guard = match &request.idempotency {
            Some((key, _)) => match self.inner.keys.enter(key) {
                Ok(guard) => Some(guard),
                Err(KeyProblem::UnderWay) => return Ok(Executed::Key(KeyProblem::UnderWay)),
                Err(KeyProblem::OtherRequest) => return Ok(Executed::Key(KeyProblem::OtherRequest)),
            },
            None => None,
        };
        for _ in 0..MAX_RACES {
            let loaded = match &request.idempotency {
                None => self.inner.ports.store.load(&request.key).await?,
                Some((key, _)) => match self.unanswered(&request.key, key).await? {
                    Loaded::Answered(stored) => return Ok(replay(key, stored)),
                    Loaded::Slice(slice) => *slice,
                },
            };
            match self.attempt(&request, loaded).await {
                Ok(outcome) => return Ok(Executed::Decided(Box::new(outcome))),
                Err(CommitError::Conflict(_)) if planted::is(Bug::LostRaceIgnored) => {
                    return Ok(Executed::Decided(Box::new(Ok(Slice::default()))));
                }
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::AlreadyDone) => {
                    return Ok(Executed::Decided(Box::new(Ok(Slice::default()))));
                }
                Err(CommitError::Elsewhere) => {
                    return Ok(Executed::Elsewhere(self.inner.tenure.elsewhere(bucket)));
                }
                Err(CommitError::Fault(fault)) => return Err(fault),
            }
        }
        Err(Fault::new("executing a command", "lost too many races in a row"))
    }

    async fn unanswered(&self, key: &CallKey, of: &IdempotencyKey) -> Result<Loaded, Fault> {
        self.inner.ports.store.load_unanswered(key, of.tenant, &of.key).await
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        loaded: Slice,
    ) -> Result<Result<Slice, Refusal>, CommitError> {
        let ports = &self.inner.ports;
        let slice = match request.tenant {
            Some(tenant) => visible_to(loaded, tenant),
            None => loaded,
        };
        let (now, seed) = (ports.clock.now(), ports.seeds.draw());
        match self.decide(&slice, request, now, seed) {
            Err(refusal) => self.refused(request, refusal, now).await,
            Ok(decision) => {
                let after = slice.after(&decision);
                let commit = self.commit_of(request, &slice, &after, decision, (now, seed));
                self.write(commit, &after, now).await?;
                self.inner.learned.learn(&slice, &after, &self.inner.retry);
                Ok(Ok(after))
            }
        }
    }

    /// Asks the rules, with everything they may know.
    fn decide(
        &self,
        slice: &Slice,
        request: &Request<'_>,
        now: Timestamp,
        seed: [u8; 16],
    ) -> Result<Decision, Refusal> {
        let inner = &self.inner;
        let tenant = slice.tenant().or(request.tenant);
        let rules = tenant.and_then(|tenant| inner.rules.of(tenant));
        let facts = Facts {
            now,
            asked_at: request.asked_at.unwrap_or(now),
            seed,
            channels: &inner.book,
            retry: &inner.retry,
            refunds: &inner.settings.refunds,
            funds: &inner.learned.funds(tenant),
            budget: &inner.learned.budget(),
            health: &inner.health.read(),
            rules: &rules.unwrap_or_default(),
        };
        decide(slice, &request.command, &facts)
    }

    async fn refused(
        &self,
        request: &Request<'_>,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<Result<Slice, Refusal>, CommitError> {
        let outcome = Err(refusal);
        let answer = request.idempotency.as_ref().map(|(key, render)| (key.clone(), render(&outcome)));
        // A refusal changes nothing, but it is remembered under its key, and the loop's effect is finished.
        if answer.is_some() || request.done.is_some() {
            let commit = Commit { answer, done: request.done, at: Some(now), ..Commit::default() };
            self.inner.ports.store.commit(commit).await?;
        }
        Ok(outcome)
    }

    fn commit_of(
        &self,
        request: &Request<'_>,
        before: &Slice,
        after: &Slice,
        decision: Decision,
        (now, mut seed): (Timestamp, [u8; 16]),
    ) -> Commit {
        let bucket = request.key.bucket();
        // A stream of its own: the rules have taken ids from the facts' seed.
        seed[0] ^= 0xa5;
        let mut mint = Mint::new(bucket, now, seed);
        let tenant = after.tenant().or(request.tenant);
        let subject = subject_of(after, &request.command);
        let unseen = planted::is(Bug::AuditMissing) && request.who == Who::Timer;
        let audit = tenant.filter(|_| !decision.events.is_empty() && !unseen).map(|tenant| AuditEntry {
            id: AuditId::mint(&mut mint),
            tenant,
            at: now,
            who: request.who.clone(),
            action: request.command.name().to_owned(),
            subject,
            outcome: "accepted".to_owned(),
        });
        let effects = decision.effects.into_iter().filter_map(|planned| {
            let id = EffectId::mint(&mut mint);
            tenant.map(|tenant| StoredEffect { id, effect: planned.effect, due_at: planned.due_at, tenant })
        });
        let effects = effects.collect();
        let answer =
            request.idempotency.as_ref().map(|(key, render)| (key.clone(), render(&Ok(after.clone()))));
        let answer = answer.filter(|_| !planted::is(Bug::AnswerNotStored));
        Commit {
            entries: ledger::entries(after, &decision.events),
            changes: forgetful(changes(before, after, decision.events)),
            effects,
            done: request.done,
            answer,
            sealed: request.sealed.clone(),
            audit,
            at: Some(now),
        }
    }

    async fn write(&self, commit: Commit, after: &Slice, now: Timestamp) -> Result<(), CommitError> {
        let empty = commit.changes.is_empty() && commit.effects.is_empty();
        if empty && commit.done.is_none() && commit.answer.is_none() {
            return Ok(());
        }
        let effects: Vec<_> = commit.effects.clone();
        let changed = ids_of(&commit, after);
        self.inner.ports.store.commit(commit).await?;
        let tells = effects.iter().any(|stored| matches!(stored.effect, Effect::Notify { .. }));
        let soon = now.plus(crate::run::HORIZON);
        let to_do = effects
            .into_iter()
            .filter(|stored| stored.due_at <= soon && !matches!(stored.effect, Effect::Notify { .. }));
        self.inner.hub.add_effects(to_do.collect());
        if tells {
            self.inner.hub.nudge_deliveries();
        }
        for id in changed {
            self.inner.hub.changed(id);
        }
        Ok(())
    }
}

fn replay(key: &IdempotencyKey, stored: StoredAnswer) -> Executed {
    if stored.fingerprint == key.fingerprint || planted::is(Bug::FingerprintIgnored) {
        Executed::Replayed(stored.answer)
    } else {
        Executed::Key(KeyProblem::OtherRequest)
    }
}

/// Things of other lenders don't exist.
fn visible_to(slice: Slice, tenant: TenantId) -> Slice {
    Slice {
        borrower: slice.borrower.filter(|borrower| borrower.tenant == tenant),
        binding: slice.binding.filter(|binding| binding.tenant == tenant),
        order: slice.order.filter(|order| order.tenant == tenant),
        payment: slice.payment.filter(|payment| payment.tenant == tenant),
        stand_ins: slice.stand_ins.into_iter().filter(|binding| binding.tenant == tenant).collect(),
    }
}

/// The planted bug that the order's part of a change gets lost. In every other build nothing does.
fn forgetful(mut changed: Vec<Changed>) -> Vec<Changed> {
    if planted::is(Bug::OrderChangeForgotten) {
        changed.retain(|one| !matches!(&one.state, Change::Order(order) if order.collected_minor > 0));
    }
    changed
}

fn changes(before: &Slice, after: &Slice, events: Vec<Event>) -> Vec<Changed> {
    let mut groups: [Vec<Event>; 4] = Default::default();
    let mut stand_ins: BTreeMap<BindingId, Vec<Event>> = BTreeMap::new();
    for event in events {
        let group = match event {
            Event::Borrower(_) => 0,
            Event::Binding(_) => 1,
            Event::Order(_) => 2,
            Event::Payment(_) => 3,
            // To the store it is an event of a binding like any other.
            Event::StandIn { binding, event } => {
                stand_ins.entry(binding).or_default().push(Event::Binding(event));
                continue;
            }
        };
        groups[group].push(event);
    }
    let stand_ins = before.stand_ins.iter().zip(&after.stand_ins).filter_map(|(old, new)| {
        let events = stand_ins.remove(&new.id)?;
        Some((old.version, Change::Binding(new.clone()), events))
    });
    let stand_ins: Vec<_> = stand_ins.collect();
    let [borrower, binding, order, payment] = groups;
    let candidates = [
        after.borrower.clone().map(|state| {
            (before.borrower.as_ref().map_or(0, |old| old.version), Change::Borrower(state), borrower)
        }),
        after.binding.clone().map(|state| {
            (before.binding.as_ref().map_or(0, |old| old.version), Change::Binding(state), binding)
        }),
        after
            .order
            .clone()
            .map(|state| (before.order.as_ref().map_or(0, |old| old.version), Change::Order(state), order)),
        after.payment.clone().map(|state| {
            (before.payment.as_ref().map_or(0, |old| old.version), Change::Payment(state), payment)
        }),
    ];
    let changed =
        candidates.into_iter().flatten().chain(stand_ins).filter(|(_, _, events)| !events.is_empty());
    changed.map(|(base_version, state, events)| Changed { state, base_version, events }).collect()
}

fn ids_of(commit: &Commit, after: &Slice) -> Vec<String> {
    let mut ids: Vec<_> = commit
        .changes
        .iter()
        .map(|changed| match &changed.state {
            Change::Borrower(borrower) => borrower.id.to_string(),
            Change::Binding(binding) => binding.id.to_string(),
            Change::Order(order) => order.id.to_string(),
            Change::Payment(payment) => payment.id.to_string(),
        })
        .collect();
    // Those who wait for an order also want to know how its payment moves.
    if let Some(order) = after.payment.as_ref().and_then(|payment| payment.purpose.order()) {
        ids.push(order.to_string());
    }
    ids
}

fn subject_of(after: &Slice, command: &Command) -> String {
    let payment = after.payment.as_ref().map(|payment| payment.id.to_string());
    let binding = after.binding.as_ref().map(|binding| binding.id.to_string());
    let order = after.order.as_ref().map(|order| order.id.to_string());
    let borrower = after.borrower.as_ref().map(|borrower| borrower.id.to_string());
    let subject = match command {
        Command::CreateBorrower { .. } => borrower,
        Command::CreateOrder { .. } | Command::CancelOrder => order,
        Command::Binding(_) => binding,
        Command::Payment(_) => payment,
    };
    subject.unwrap_or_default()
}
