//! The lender's systems and its borrowers: what they ask for, how they repeat themselves when nobody answers, and what
//! they remember of the answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lockstep_core::audit::Who;
use lockstep_core::id::{PaymentId, TenantId};
use lockstep_core::refusal::Refusal;
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Slice};
use lockstep_engine::port::{Answer, CallKey, Clock, Fault, IdempotencyKey, Sealed};
use lockstep_engine::{Executed, KeyProblem, Request};
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::runtime::{Spawner, VirtualClock};
use lockstep_store::MemoryStore;

use crate::chance::Chance;
use crate::node::{Node, Nodes};
use crate::process::Died;
use crate::swarm::Swarm;
use crate::trace::{Broken, Trace};

/// Tries of one call before its caller gives up: far more than any fault lasts.
const MOST_TRIES: u32 = 3_000;

/// What the lender and its borrowers share.
pub struct Lender {
    /// The lender.
    pub tenant: TenantId,
    /// Whom they call.
    pub nodes: Arc<Nodes>,
    /// What is stored, for looking.
    pub rows: Arc<MemoryStore>,
    /// The borrowers' banks: their phones and accounts.
    pub banks: Arc<SharedSandbox>,
    /// The world's time.
    pub clock: VirtualClock,
    /// What the world is like.
    pub swarm: Swarm,
    /// Where it is written down.
    pub trace: Arc<Trace>,
    /// For what they do at the same time.
    pub spawner: Spawner,
    /// How many are still at it.
    pub busy: AtomicUsize,
    /// First answers by key.
    pub answers: Mutex<BTreeMap<String, Answer>>,
    /// Payments whose acceptance was answered.
    pub accepted: Mutex<Vec<PaymentId>>,
}

/// One call.
#[derive(Clone)]
pub struct Call {
    /// What to load.
    pub key: CallKey,
    /// What to do.
    pub command: Command,
    /// The caller's key for it.
    pub idempotency: String,
    /// What it says, for the fingerprint.
    pub content: String,
}

/// What a call came to: the ids that the answer names.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Whether it was accepted.
    pub ok: bool,
    /// The refusal's code.
    pub refused: Option<String>,
    /// The payment.
    pub payment: Option<String>,
    /// The binding.
    pub binding: Option<String>,
    /// The order.
    pub order: Option<String>,
    /// The borrower.
    pub borrower: Option<String>,
}

fn render(outcome: &Result<Slice, Refusal>) -> Answer {
    match outcome {
        Ok(slice) => {
            let payment = slice.payment.as_ref().map_or_else(String::new, |one| one.id.to_string());
            let binding = slice.binding.as_ref().map_or_else(String::new, |one| one.id.to_string());
            let order = slice.order.as_ref().map_or_else(String::new, |one| one.id.to_string());
            let borrower = slice.borrower.as_ref().map_or_else(String::new, |one| one.id.to_string());
            Answer { status: 200, body: format!("{payment},{binding},{order},{borrower}") }
        }
        Err(refusal) => Answer { status: 409, body: refusal.code().to_owned() },
    }
}

impl Outcome {
    fn read(answer: &Answer) -> Self {
        if answer.status != 200 {
            return Self { refused: Some(answer.body.clone()), ..Self::default() };
        }
        let mut ids = answer.body.split(',').map(|id| Some(id.to_owned()).filter(|id| !id.is_empty()));
        let mut next = || ids.next().flatten();
        Self { ok: true, refused: None, payment: next(), binding: next(), order: next(), borrower: next() }
    }
}

impl Lender {
    /// Waits in the world's time.
    pub async fn wait(&self, millis: u64) {
        self.clock.sleep_until(self.clock.now().plus(Duration::from_millis(millis))).await;
    }

    /// Waits until a moment.
    pub async fn until(&self, moment: Timestamp) {
        self.clock.sleep_until(moment).await;
    }

    /// Starts something that has to end before the world does.
    pub fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        self.busy.fetch_add(1, Ordering::SeqCst);
        let lender = Arc::clone(self);
        self.spawner.spawn(async move {
            task.await;
            lender.busy.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Calls until it is answered, always under the same key.
    pub async fn press(
        &self,
        chance: &Chance,
        call: &Call,
        seal: impl Fn() -> Vec<Sealed> + Send + Sync,
    ) -> Outcome {
        for _ in 0..MOST_TRIES {
            match self.ask(call, call.content.clone(), seal()).await {
                Ok(Ok(Executed::Decided(outcome))) => return self.first(call, render(&outcome)),
                Ok(Ok(Executed::Replayed(answer))) => return self.first(call, answer),
                Ok(Ok(Executed::Key(KeyProblem::UnderWay))) => self.wait(chance.between(100, 500)).await,
                Ok(Ok(Executed::Key(KeyProblem::OtherRequest))) => {
                    self.wrong(call, "the same request under the same key was called another one");
                    return Outcome::default();
                }
                Ok(Ok(Executed::Elsewhere(_)) | Err(_)) | Err(_) => {
                    self.wait(chance.between(200, 8_000)).await;
                }
            }
        }
        let what = format_args!("{} was never answered", call.idempotency);
        self.trace.found(self.clock.now(), Broken::Stuck, None, what);
        Outcome::default()
    }

    /// Asks once, under the call's key, with what the request is said to contain. A node that is not the right one hands
    /// the call on.
    async fn ask(
        &self,
        call: &Call,
        fingerprint: String,
        sealed: Vec<Sealed>,
    ) -> Result<Result<Executed, Fault>, Died> {
        let first = self.ask_at(self.nodes.door(), call, fingerprint.clone(), sealed.clone()).await;
        let Ok(Ok(Executed::Elsewhere(Some(address)))) = &first else { return first };
        match self.nodes.at(address) {
            Some(node) => self.ask_at(node, call, fingerprint, sealed).await,
            None => first,
        }
    }

    async fn ask_at(
        &self,
        node: &Node,
        call: &Call,
        fingerprint: String,
        sealed: Vec<Sealed>,
    ) -> Result<Result<Executed, Fault>, Died> {
        let (tenant, key, command) = (self.tenant, call.key.clone(), call.command.clone());
        let idempotency = IdempotencyKey { tenant, key: call.idempotency.clone(), fingerprint };
        let answered = node.process.call(move |engine| {
            Box::pin(async move {
                let request = Request {
                    tenant: Some(tenant),
                    who: Who::Cli,
                    key,
                    command,
                    idempotency: Some((idempotency, &render)),
                    sealed,
                    done: None,
                    asked_at: None,
                };
                engine.execute(request).await
            })
        });
        answered.await
    }

    /// The first answer is the answer.
    fn first(&self, call: &Call, answer: Answer) -> Outcome {
        let outcome = Outcome::read(&answer);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.get(&call.idempotency) {
            Some(first) if *first != answer => {
                let words = format!("answered {} first and {} later", first.body, answer.body);
                self.wrong(call, &words);
            }
            Some(_) => {}
            None => {
                answers.insert(call.idempotency.clone(), answer);
                self.holds(call, &outcome);
            }
        }
        outcome
    }

    /// What was accepted is there.
    fn holds(&self, call: &Call, outcome: &Outcome) {
        let collects =
            matches!(&call.command, Command::Payment(lockstep_core::payment::PaymentCommand::Collect { .. }));
        if !outcome.ok || !collects {
            return;
        }
        match outcome.payment.as_ref().and_then(|id| id.parse().ok()) {
            Some(id) => self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(id),
            None => {
                let what = format_args!("{} was accepted and names no payment", call.idempotency);
                self.trace.found(self.clock.now(), Broken::Lost, None, what);
            }
        }
    }

    fn wrong(&self, call: &Call, words: &str) {
        self.trace.found(
            self.clock.now(),
            Broken::Wrong,
            None,
            format_args!("{}: {words}", call.idempotency),
        );
    }

    /// The same key once more, with the same content and with another: the same answer, and a refusal.
    pub async fn press_again(&self, chance: &Chance, call: &Call) {
        self.press(chance, call, Vec::new).await;
        let other = format!("{} and something else", call.content);
        if let Ok(Ok(Executed::Decided(_) | Executed::Replayed(_))) = self.ask(call, other, Vec::new()).await
        {
            self.wrong(call, "another request under the same key was answered");
        }
    }
}
