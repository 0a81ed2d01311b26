//! One sandbox, used by many: its lock, its keys, its memory of nonces.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lockstep_channels::ChannelKey;
use lockstep_channels::sandbox::sign::{self, Role, SignError, SignedHeaders, TOLERANCE};
use lockstep_channels::sandbox::wire::{Call, WireRequest};
use lockstep_core::channel::ChannelId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Seeds};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::sandbox::{Dice, DueNotice, Rail, Reaction, Reply, Sandbox, Seal};

/// Keeps changed rows before anyone is told of what they record. Called under the sandbox's lock, in order.
pub type Keeper = Box<dyn Fn(Vec<(String, String)>) + Send + Sync>;

/// One sandbox with everything around it that isn't pure.
pub struct SharedSandbox {
    sandbox: Mutex<Sandbox>,
    nonces: Mutex<Nonces>,
    keys: BTreeMap<Rail, ChannelKey>,
    clock: Arc<dyn Clock>,
    seeds: Arc<dyn Seeds>,
    keeper: Option<Keeper>,
}

/// Why a request was turned away before it reached the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Turned {
    /// No such channel.
    #[error("there is no such channel")]
    NoChannel,
    /// No such call.
    #[error("there is no such call")]
    NoCall,
    /// Not signed as it has to be.
    #[error(transparent)]
    Signature(#[from] SignError),
    /// This nonce was used before.
    #[error("a request with this nonce has been taken before")]
    Replayed,
    /// The body doesn't fit the call.
    #[error("the body does not fit the call")]
    BadBody,
}

/// A notice ready to be delivered.
#[derive(Debug, Clone)]
pub struct SignedNotice {
    /// From which channel.
    pub channel: ChannelId,
    /// Time, nonce and signature.
    pub headers: SignedHeaders,
    /// JSON.
    pub body: Vec<u8>,
}

impl SignedNotice {
    /// The headers as HTTP carries them.
    pub fn header_map(&self) -> HeaderMap {
        let pairs = self.headers.pairs().into_iter();
        let pairs = pairs.filter_map(|(name, value)| Some((name, HeaderValue::from_str(value).ok()?)));
        pairs.map(|(name, value)| (HeaderName::from_static(name), value)).collect()
    }
}

impl SharedSandbox {
    /// A sandbox with one key per channel. A channel without a key gets one that nobody knows.
    pub fn new(
        sandbox: Sandbox,
        keys: &BTreeMap<ChannelId, ChannelKey>,
        clock: Arc<dyn Clock>,
        seeds: Arc<dyn Seeds>,
    ) -> Self {
        let key = |rail: Rail| match keys.get(&rail.id()) {
            Some(key) => key.clone(),
            None => ChannelKey::new(format!("{}{}", sign::nonce(&seeds.draw()), sign::nonce(&seeds.draw()))),
        };
        let keys = Rail::ALL.into_iter().map(|rail| (rail, key(rail))).collect();
        let nonces = Mutex::new(Nonces::default());
        Self { sandbox: Mutex::new(sandbox), nonces, keys, clock, seeds, keeper: None }
    }

    /// Hands every change to a keeper, so that a killed process can go on with `Sandbox::restore`.
    #[must_use]
    pub fn kept_by(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Looks at or changes the sandbox; what changed is kept before this returns. Nothing is sent meanwhile.
    pub fn with<R>(&self, work: impl FnOnce(&mut Sandbox) -> R) -> R {
        let mut sandbox = held(&self.sandbox);
        let result = work(&mut sandbox);
        if let Some(keeper) = &self.keeper {
            let rows = sandbox.take_dirty();
            if !rows.is_empty() {
                keeper(rows);
            }
        }
        result
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn seeds(&self) -> &Arc<dyn Seeds> {
        &self.seeds
    }

    pub(crate) fn key(&self, rail: Rail) -> &ChannelKey {
        // The constructor gave every channel a key.
        &self.keys[&rail]
    }

    /// Takes one request as it came over the wire.
    pub fn take(
        &self,
        channel: &str,
        call: &str,
        headers: &SignedHeaders,
        body: &[u8],
    ) -> Result<Reaction, Turned> {
        let rail = Rail::named(channel).ok_or(Turned::NoChannel)?;
        let call = Call::from_word(call).ok_or(Turned::NoCall)?;
        let now = self.clock.now();
        sign::verify(self.key(rail), Role::Request(&call.path(&rail.id())), headers, body, now)?;
        if !held(&self.nonces).fresh(&headers.nonce, now) {
            return Err(Turned::Replayed);
        }
        let request = WireRequest::read(call, body).map_err(|_| Turned::BadBody)?;
        let mut dice = Dice::new(&self.seeds.draw());
        Ok(self.with(|sandbox| sandbox.handle(rail, &request, now, &mut dice)))
    }

    /// Signs a reply; `None` for one that carries no signature.
    pub fn seal_reply(&self, rail: Rail, path: &str, nonce: &str, reply: &Reply) -> Option<SignedHeaders> {
        let key = self.key_for(rail, reply.seal)?;
        Some(sign::sign(&key, Role::Reply(path), self.clock.now(), nonce, &reply.body))
    }

    fn key_for(&self, rail: Rail, seal: Seal) -> Option<ChannelKey> {
        match seal {
            Seal::Genuine => Some(self.key(rail).clone()),
            Seal::Forged => Some(ChannelKey::new("a forger's key, not the channel's".to_owned())),
            Seal::Absent => None,
        }
    }

    /// Takes the notices that are due.
    pub fn due_notices(&self, now: Timestamp) -> Vec<SignedNotice> {
        let due = self.with(|sandbox| sandbox.due_notices(now));
        due.iter().filter_map(|notice| self.seal_notice(notice, now)).collect()
    }

    /// Signs a notice for one try; the message id inside stays the same on every try.
    pub fn seal_notice(&self, notice: &DueNotice, now: Timestamp) -> Option<SignedNotice> {
        let (channel, body) = (notice.rail.id(), notice.body.clone().into_bytes());
        let key = self.key_for(notice.rail, notice.seal)?;
        let headers = sign::sign(&key, Role::Notice(&channel), now, &sign::nonce(&self.seeds.draw()), &body);
        Some(SignedNotice { channel, headers, body })
    }
}

/// A panic elsewhere leaves whole records behind: each is changed in one step.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nonces seen within the time in which a signature is accepted.
#[derive(Default)]
struct Nonces {
    seen: BTreeSet<String>,
    order: VecDeque<(Timestamp, String)>,
}

impl Nonces {
    fn fresh(&mut self, nonce: &str, now: Timestamp) -> bool {
        // A message may be signed up to the tolerance ahead and is accepted up to the tolerance after.
        let horizon = now.minus(TOLERANCE * 2);
        while let Some((at, old)) = self.order.front()
            && *at < horizon
        {
            self.seen.remove(old);
            self.order.pop_front();
        }
        let fresh = self.seen.insert(nonce.to_owned());
        if fresh {
            self.order.push_back((now, nonce.to_owned()));
        }
        fresh
    }
}
