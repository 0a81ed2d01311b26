//! The line to the banks, in process: what leaves is built and signed, and what comes back is checked, by the adapter of
//! production.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockstep_channels::sandbox::wire::{GiveBack, Pay};
use lockstep_channels::sandbox::{Body, Incoming, Outgoing, SandboxChannel, Silence, Wire};
use lockstep_channels::{Channel, ChannelKey, Registry, Secrets};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Seeds};
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::runtime::VirtualClock;
use lockstep_sim::sandbox::{Rail, Reaction};

use crate::chance::Chance;
use crate::clock::WallClock;
use crate::process::Process;
use crate::swarm::{Kind, Swarm};
use crate::trace::{Broken, Trace};

/// How often the call timeout a lost reply is waited for. The engine gives up long before.
const PATIENCE: u32 = 4;

/// What has left on the lines, whichever life of the process sent it.
#[derive(Default)]
pub struct Sent(Mutex<BTreeMap<String, u32>>);

impl Sent {
    /// Counts a request to move money; how often it has left now.
    fn count(&self, order_no: &str) -> u32 {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = sent.entry(order_no.to_owned()).or_default();
        *times += 1;
        *times
    }
}

/// A request that hangs somewhere is the worst moment to die in: it may still be executed, up to the end of the channel's
/// window, and nobody remembers when it left. Deaths are so many times as likely then.
const HANGING: u32 = 8;

/// How likely the process dies while a request to move money is on its way.
pub struct Peril {
    ppm: u32,
    heals_at: Timestamp,
    chance: Chance,
}

impl Peril {
    /// As likely as the world has it.
    pub fn new(swarm: &Swarm) -> Self {
        Self {
            ppm: swarm.scaled(Kind::CrashInFlight, [5_000, 30_000, 120_000]),
            heals_at: swarm.heals_at(),
            chance: Chance::of(swarm.seed, "in flight"),
        }
    }

    fn strikes(&self, now: Timestamp, hangs: bool) -> bool {
        let ppm = if hangs { self.ppm.saturating_mul(HANGING) } else { self.ppm };
        now < self.heals_at && self.chance.ppm(ppm)
    }
}

/// What every line needs.
#[derive(Clone)]
pub struct Cable {
    /// The banks.
    pub banks: Arc<SharedSandbox>,
    /// Who calls.
    pub process: Arc<Process>,
    /// In which life.
    pub life: u64,
    /// The world's time.
    pub clock: VirtualClock,
    /// What has left.
    pub sent: Arc<Sent>,
    /// Whether the process dies while a request to move money is on its way.
    pub peril: Arc<Peril>,
    /// Where it is written down.
    pub trace: Arc<Trace>,
}

impl Cable {
    /// The three channels, as one life of the process knows them.
    pub fn channels(
        &self,
        key: &ChannelKey,
        secrets: &Arc<dyn Secrets>,
        wall: &WallClock,
        seeds: &Arc<dyn Seeds>,
    ) -> Registry {
        let channels = Rail::ALL.into_iter().map(|rail| {
            let (clock, seeds): (Arc<dyn Clock>, _) = (Arc::new(wall.clone()), seeds.clone());
            let line = Line { cable: self.clone(), rail };
            let channel = SandboxChannel::new(rail.id(), key.clone(), line, secrets.clone(), clock, seeds);
            (rail.id(), Arc::new(channel) as Arc<dyn Channel>)
        });
        Registry::new(channels.collect())
    }
}

/// The number under which a request moves money; `None` for any other request.
fn moves(word: &str, body: &[u8]) -> Option<String> {
    match word {
        "pay" => serde_json::from_slice::<Pay>(body).ok().map(|pay| pay.order_no),
        "refund" => serde_json::from_slice::<GiveBack>(body).ok().map(|back| back.order_no),
        _ => None,
    }
}

struct Line {
    cable: Cable,
    rail: Rail,
}

impl Line {
    async fn pass(&self, duration: Duration) {
        let clock = &self.cable.clock;
        clock.sleep_until(clock.now().plus(duration)).await;
    }

    /// A request to move money, there or back, leaves once, whatever happens to whoever sent it.
    fn leaves(&self, order_no: &str) {
        let (trace, now) = (&self.cable.trace, self.cable.clock.now());
        let payment = format!("pay_{}", order_no.get(..26).unwrap_or_default());
        trace.note(now, Some(&payment), format_args!("{} is asked to move {order_no}", self.rail.as_str()));
        if self.cable.sent.count(order_no) > 1 {
            let what = format_args!("the request {order_no} left a second time");
            trace.found(now, Broken::SentTwice, Some(&payment), what);
        }
    }

    /// The process dies while its request is on its way, or it doesn't.
    fn perishes(&self, order_no: &str) -> bool {
        let (Cable { banks, trace, process, .. }, now) = (&self.cable, self.cable.clock.now());
        let hangs = !banks.with(|sandbox| sandbox.knows_order(self.rail, order_no));
        let strikes = self.cable.peril.strikes(now, hangs);
        if strikes {
            trace.struck(now, None, Kind::CrashInFlight.name());
            process.kill();
        }
        strikes
    }
}

#[async_trait]
impl Wire for Line {
    async fn post(&self, request: Outgoing) -> Result<Incoming, Silence> {
        let Cable { banks, process, life, trace, .. } = &self.cable;
        if !process.lives(*life) {
            return std::future::pending().await;
        }
        let word = request.path.rsplit('/').next().unwrap_or_default();
        let moves = moves(word, &request.body.0);
        if let Some(order_no) = &moves {
            self.leaves(order_no);
        }
        let taken = banks.take(self.rail.as_str(), word, &request.headers, &request.body.0);
        let rail = self.rail.as_str();
        if moves.is_some_and(|order_no| self.perishes(&order_no)) {
            return std::future::pending().await;
        }
        match taken {
            Err(turned) => {
                trace.note(self.cable.clock.now(), None, format_args!("{rail} {word}: {turned}"));
                Ok(Incoming { status: 400, headers: None, body: Body::default() })
            }
            Ok(Reaction::Refused) => {
                trace.note(self.cable.clock.now(), None, format_args!("{rail} {word}: no connection"));
                Err(Silence::NoConnection)
            }
            Ok(Reaction::NoReply) => {
                trace.note(self.cable.clock.now(), None, format_args!("{rail} {word}: no reply"));
                self.pass(Duration::from_millis(self.rail.capability().call_timeout_ms) * PATIENCE).await;
                Err(Silence::TimedOut)
            }
            Ok(Reaction::Reply { after_ms, reply }) => {
                self.pass(Duration::from_millis(after_ms)).await;
                let words = String::from_utf8_lossy(&reply.body);
                trace.note(
                    self.cable.clock.now(),
                    None,
                    format_args!("{rail} {word}: {} {:?} {words}", reply.status, reply.seal),
                );
                let headers = banks.seal_reply(self.rail, &request.path, &request.headers.nonce, &reply);
                Ok(Incoming { status: reply.status, headers, body: Body(reply.body) })
            }
        }
    }
}
