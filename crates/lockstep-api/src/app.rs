//! What the handlers share: the state given from outside, what is remembered for a moment, and running
//! commands.

use std::ops::Deref;
use std::sync::Arc;

use axum::http::HeaderValue;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::audit::Who;
use lockstep_core::decision::Slice;
use lockstep_core::id::{Bucket, Mint, TenantId};
use lockstep_core::refusal::Refusal;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Answer, CallKey, Commit, CommitError, Fault, IdempotencyKey, Sealed};
use lockstep_engine::{Executed, KeyProblem, Request};
use serde::Serialize;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

use crate::http::{KeyCache, RateLimits, RequestKey, UnderWay, request_id, within_request};
use crate::problem::{Kind, Problem, answer_response};
use crate::sealed::{self, Place};
use crate::state::AppState;

/// How many locks guard the first keys of borrowers.
const FIRST_KEY_LOCKS: usize = 64;

/// The state behind every handler. A clone is the same app.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) state: AppState,
    pub(crate) key_cache: KeyCache,
    pub(crate) rates: RateLimits,
    pub(crate) waiting: Semaphore,
    under_way: UnderWay,
    first_keys: Vec<Arc<Mutex<()>>>,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A turn at making a borrower's first data key.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// One command, as a handler hands it over.
pub(crate) struct Run {
    pub(crate) tenant: TenantId,
    pub(crate) who: Who,
    pub(crate) key: RequestKey,
    /// What the rules have to see.
    pub(crate) load: CallKey,
    pub(crate) command: Command,
    /// Items for the vault, stored with the change.
    pub(crate) sealed: Vec<Sealed>,
    /// Given back when the command is done, also when its caller has hung up.
    pub(crate) turn: Option<Turn>,
    /// The status of a success.
    pub(crate) status: u16,
}

/// What work outside the rules (keys, endpoints) answers.
pub(crate) struct Done {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The body shows a secret, so it is remembered sealed.
    pub(crate) secret: bool,
}

impl Done {
    pub(crate) fn new(status: u16, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| Fault::new("writing an answer", error))?;
        Ok(Self { status, body, secret: false })
    }

    pub(crate) fn with_secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

impl App {
    pub(crate) fn new(state: AppState) -> Self {
        Self(Arc::new(Inner {
            key_cache: KeyCache::new(state.limits.key_cache),
            rates: RateLimits::new(&state.limits),
            waiting: Semaphore::new(state.limits.max_waiting),
            under_way: UnderWay::default(),
            first_keys: (0..FIRST_KEY_LOCKS).map(|_| Arc::default()).collect(),
            state,
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// Ids of this bucket, of this moment.
    pub(crate) fn mint(&self, bucket: Bucket) -> Mint {
        Mint::new(bucket, self.now(), self.state.engine.ports().seeds.draw())
    }

    /// Ids of work outside the rules. Their random part is the same for every run of the same call, so that a
    /// call that stopped half-way is recognised when it is repeated.
    pub(crate) fn mint_for(&self, key: &IdempotencyKey) -> Mint {
        let text = format!("once/{}/{}/{}", key.tenant, key.fingerprint, key.key);
        let mut seed = [0; 16];
        for (slot, byte) in seed.iter_mut().zip(self.state.vault.fingerprint(text.as_bytes()).bytes()) {
            *slot = byte;
        }
        Mint::new(Bucket::of_tenant(&key.tenant.to_string()), self.now(), seed)
    }

    /// Whether two ids of [`mint_for`](Self::mint_for) come from the same call.
    pub(crate) fn same_call(one: &str, two: &str) -> bool {
        const RANDOM_PART: std::ops::RangeFrom<usize> = 12..;
        one.get(RANDOM_PART) == two.get(RANDOM_PART)
    }

    pub(crate) fn new_request_id(&self) -> String {
        let random = u128::from_be_bytes(self.state.engine.ports().seeds.draw());
        format!("req_{random:032x}")
    }

    /// Held while a borrower's first data key is made, so that two calls don't make one each.
    pub(crate) async fn first_key_turn(&self, bucket: Bucket) -> Turn {
        let lock = &self.first_keys[usize::from(bucket.number()) % FIRST_KEY_LOCKS];
        Arc::clone(lock).lock_owned().await
    }

    /// Executes a command under its key and shows what it led to. The work goes on when the caller hangs up.
    pub(crate) async fn run<V: Serialize>(
        &self,
        run: Run,
        show: impl Fn(&Slice) -> Option<V> + Send + Sync + 'static,
    ) -> Result<Response, Problem> {
        let key = run.key.of(run.tenant);
        let guard = self.under_way.enter(&key)?;
        let permit = self.state.engine.admit(Some(run.tenant))?;
        let engine = self.state.engine.clone();
        let work = async move {
            let _held = (guard, permit, run.turn);
            let render = move |outcome: &Result<Slice, Refusal>| render(outcome, run.status, &show);
            let request = Request {
                tenant: Some(run.tenant),
                who: run.who,
                key: run.load,
                command: run.command,
                idempotency: Some((key, &render)),
                sealed: run.sealed,
                done: None,
                asked_at: None,
            };
            match engine.execute(request).await? {
                Executed::Decided(outcome) => Ok((render(&outcome), false)),
                Executed::Replayed(answer) => Ok((answer, true)),
                Executed::Elsewhere(address) => Err(Problem::elsewhere(address)),
                Executed::Key(KeyProblem::OtherRequest) => Err(Problem::new(Kind::KeyReused)),
                Executed::Key(KeyProblem::UnderWay) => Err(Problem::new(Kind::KeyUnderWay).retry_after(1)),
            }
        };
        let (answer, replayed) = detached(work).await?;
        Ok(respond(answer, replayed))
    }

    /// Does work outside the rules once per key, and answers a repeat with what was answered first.
    pub(crate) async fn once<F>(
        &self,
        tenant: TenantId,
        key: RequestKey,
        work: impl FnOnce(Self, IdempotencyKey) -> F + Send + 'static,
    ) -> Result<Response, Problem>
    where
        F: Future<Output = Result<Done, Problem>> + Send,
    {
        let key = key.of(tenant);
        let guard = self.under_way.enter(&key)?;
        let permit = self.state.engine.admit(Some(tenant))?;
        let app = self.clone();
        let work = async move {
            let _held = (guard, permit);
            if let Some(answer) = app.stored(&key).await? {
                return Ok((answer, true));
            }
            let done = work(app.clone(), key.clone()).await?;
            app.remember(key, done).await
        };
        let (answer, replayed) = detached(work).await?;
        Ok(respond(answer, replayed))
    }

    /// The answer that was given under a key before, if there is one.
    pub(crate) async fn replay(
        &self,
        tenant: TenantId,
        key: &RequestKey,
    ) -> Result<Option<Response>, Problem> {
        Ok(self.stored(&key.of(tenant)).await?.map(|answer| respond(answer, true)))
    }

    async fn stored(&self, key: &IdempotencyKey) -> Result<Option<Answer>, Problem> {
        let store = &self.state.engine.ports().store;
        let Some(stored) = store.answer(key.tenant, &key.key).await? else {
            return Ok(None);
        };
        if stored.fingerprint != key.fingerprint {
            return Err(Problem::new(Kind::KeyReused));
        }
        let Answer { status, body } = stored.answer;
        let body = match sealed::is_sealed(&body) {
            true => sealed::open(&self.state.vault, &answer_place(key), &body)?.to_string(),
            false => body,
        };
        Ok(Some(Answer { status, body }))
    }

    async fn remember(&self, key: IdempotencyKey, done: Done) -> Result<(Answer, bool), Problem> {
        let Done { status, body, secret } = done;
        let at_rest = match secret {
            true => sealed::seal(&self.state.vault, &answer_place(&key), &body)?,
            false => body.clone(),
        };
        let answer = Some((key.clone(), Answer { status, body: at_rest }));
        let commit = Commit { answer, at: Some(self.now()), ..Commit::default() };
        match self.state.engine.ports().store.commit(commit).await {
            Ok(()) | Err(CommitError::AlreadyDone) => Ok((Answer { status, body }, false)),
            // Another process was faster with the same key; its answer counts.
            Err(CommitError::Conflict(_)) => match self.stored(&key).await? {
                Some(answer) => Ok((answer, true)),
                None => Err(Problem::new(Kind::Fault).retry_after(1)),
            },
            // An answer by itself belongs to no node.
            Err(CommitError::Elsewhere) => Err(Problem::elsewhere(None)),
            Err(CommitError::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn answer_place(key: &IdempotencyKey) -> Place {
    Place { tenant: key.tenant.to_string(), owner: "answer".to_owned(), item: key.key.clone() }
}

/// Runs in a task of its own: a caller that hangs up, or waits too long, can't stop a change half-way.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let task = tokio::spawn(within_request(request_id(), work));
    task.await.unwrap_or_else(|stopped| {
        if stopped.is_cancelled() {
            // The process is ending, and took the work with it.
            return Err(Problem::new(Kind::Fault).retry_after(1));
        }
        tracing::error!(request = request_id(), "a command panicked");
        Err(Problem::new(Kind::Panic))
    })
}

fn render<V: Serialize>(
    outcome: &Result<Slice, Refusal>,
    status: u16,
    show: impl Fn(&Slice) -> Option<V>,
) -> Answer {
    let shown = match outcome {
        Err(refusal) => return Problem::from(refusal).to_answer(),
        Ok(slice) => show(slice).and_then(|view| serde_json::to_string(&view).ok()),
    };
    match shown {
        Some(body) => Answer { status, body },
        None => Problem::new(Kind::Panic).to_answer(),
    }
}

fn respond(answer: Answer, replayed: bool) -> Response {
    let mut response = answer_response(answer.status, answer.body);
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
