//! Faults: what goes wrong, where, when and how often. Every one that strikes is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_channels::sandbox::wire::Call;
use lockstep_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::rail::Rail;
use super::shelf::Shelf;

/// A list of faults, as posted to the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The faults.
    pub faults: Vec<Scripted>,
}

/// A fault with its place and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// On which channel.
    pub channel: Rail,
    /// What goes wrong.
    pub fault: Fault,
    /// Only in this call.
    #[serde(default)]
    pub call: Option<Call>,
    /// From this moment; at once if absent. Milliseconds since 1970.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Before this moment; for ever if absent.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// For so long after `from`, instead of `until`.
    #[serde(default)]
    pub for_s: Option<u64>,
    /// How often in a thousand.
    #[serde(default = "always")]
    pub chance_permille: u16,
    /// Only the next so many times.
    #[serde(default)]
    pub times: Option<u32>,
}

const fn always() -> u16 {
    1000
}

impl Scripted {
    /// A fault that always strikes on a channel.
    pub fn new(channel: Rail, fault: Fault) -> Self {
        Self {
            channel,
            fault,
            call: None,
            from: None,
            until: None,
            for_s: None,
            chance_permille: 1000,
            times: None,
        }
    }

    /// Only the next so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only in this call.
    #[must_use]
    pub fn only(mut self, call: Call) -> Self {
        self.call = Some(call);
        self
    }

    fn active(&self, rail: Rail, call: Option<Call>, now: Timestamp) -> bool {
        let begun = self.from.is_none_or(|from| from <= now);
        let over = self.until.is_some_and(|until| until <= now);
        let here = self.call.is_none() || self.call == call;
        self.channel == rail && begun && !over && here && self.times != Some(0)
    }
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Connections are refused.
    Down {},
    /// Up and down in turn.
    Flapping {
        /// Seconds up.
        up_s: u64,
        /// Seconds down.
        down_s: u64,
    },
    /// Replies come later.
    Slow {
        /// By so much.
        extra_ms: u64,
    },
    /// The request never reaches the channel.
    LoseRequest {},
    /// The channel does what it was asked; its reply never comes.
    LoseAnswer {},
    /// As before, but only where something was done: money moved or a mandate signed.
    ExecuteThenTimeout {},
    /// The request to move money hangs somewhere and runs later; until then the channel knows nothing of it.
    LateExecution {
        /// So much later.
        delay_s: u64,
    },
    /// The reply is cut JSON with a good signature.
    MalformedBody {},
    /// The reply is an error page with status 200.
    HtmlPage {},
    /// The reply or notice names another amount.
    WrongAmount {},
    /// The reply or notice names another order.
    WrongOrder {},
    /// The reply or notice is signed with another key.
    WrongSignature {},
    /// Asked about a payment, the channel denies knowing it.
    LiesNotFound {},
    /// Asked about a payment, the channel says "processing" though it is done.
    StaleQuery {},
    /// Notices come more than once.
    DuplicateCallbacks {
        /// So many copies beside the first.
        copies: u8,
    },
    /// Notices never come.
    DropCallbacks {},
    /// Notices come later.
    DelayCallbacks {
        /// So much later.
        delay_s: u64,
    },
    /// Notices come in another order: each up to so much later.
    ReorderCallbacks {
        /// At most so much later.
        within_s: u64,
    },
    /// The result and its notice come before the reply.
    EarlyCallbacks {},
    /// The reply is an empty page with status 503.
    ServerError {},
    /// The body of the reply dribbles in.
    SlowBody {
        /// So much longer than usual.
        extra_ms: u64,
    },
    /// The line delivers a request to move money twice; the second copy's reply is the one that comes back.
    DuplicateRequest {},
    /// As `LiesNotFound`, but only while a late execution is still allowed: then the denial proves nothing.
    DeniesInWindow {},
    /// The reply or notice carries the result of another order under this order's number.
    CrossTalk {},
}

impl Fault {
    /// The name, as in a script.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Down {} => "down",
            Self::Flapping { .. } => "flapping",
            Self::Slow { .. } => "slow",
            Self::LoseRequest {} => "lose_request",
            Self::LoseAnswer {} => "lose_answer",
            Self::ExecuteThenTimeout {} => "execute_then_timeout",
            Self::LateExecution { .. } => "late_execution",
            Self::MalformedBody {} => "malformed_body",
            Self::HtmlPage {} => "html_page",
            Self::WrongAmount {} => "wrong_amount",
            Self::WrongOrder {} => "wrong_order",
            Self::WrongSignature {} => "wrong_signature",
            Self::LiesNotFound {} => "lies_not_found",
            Self::StaleQuery {} => "stale_query",
            Self::DuplicateCallbacks { .. } => "duplicate_callbacks",
            Self::DropCallbacks {} => "drop_callbacks",
            Self::DelayCallbacks { .. } => "delay_callbacks",
            Self::ReorderCallbacks { .. } => "reorder_callbacks",
            Self::EarlyCallbacks {} => "early_callbacks",
            Self::ServerError {} => "server_error",
            Self::SlowBody { .. } => "slow_body",
            Self::DuplicateRequest {} => "duplicate_request",
            Self::DeniesInWindow {} => "denies_in_window",
            Self::CrossTalk {} => "cross_talk",
        }
    }
}

/// The faults in force and how often each has struck.
pub(super) struct FaultBook {
    pub(super) scripted: Shelf<Scripted>,
    pub(super) counts: Shelf<u64>,
}

/// Where and when something might go wrong.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub(super) rail: Rail,
    pub(super) call: Option<Call>,
    pub(super) now: Timestamp,
}

impl FaultBook {
    pub(super) fn new() -> Self {
        Self { scripted: Shelf::new("fault"), counts: Shelf::new("struck") }
    }

    /// Adds a script to what is in force.
    pub(super) fn add(&mut self, script: &Script, now: Timestamp) {
        let last = self.scripted.iter().last().and_then(|(key, _)| key.parse::<u32>().ok());
        for (number, fault) in (last.map_or(0, |last| last + 1)..).zip(&script.faults) {
            let mut fault = fault.clone();
            if let Some(seconds) = fault.for_s.take() {
                fault.until = Some(fault.from.unwrap_or(now).plus(Duration::from_secs(seconds)));
            }
            self.scripted.put(format!("{number:06}"), fault);
        }
    }

    /// Whether one of the wanted faults strikes here and now, and what `wanted` makes of it.
    pub(super) fn strike<T>(
        &mut self,
        spot: Spot,
        dice: &mut Dice,
        wanted: impl Fn(&Scripted) -> Option<T>,
    ) -> Option<T> {
        let active = self.scripted.iter().filter(|(_, fault)| fault.active(spot.rail, spot.call, spot.now));
        let candidates: Vec<_> =
            active.filter_map(|(key, fault)| Some((key.clone(), wanted(fault)?))).collect();
        for (key, found) in candidates {
            let Some(fault) = self.scripted.get(&key) else {
                continue;
            };
            if !dice.hits(fault.chance_permille) {
                continue;
            }
            let kind = format!("{}/{}", spot.rail.as_str(), fault.fault.kind());
            if fault.times.is_some() {
                self.scripted
                    .edit(&key, |fault| fault.times = fault.times.map(|left| left.saturating_sub(1)));
            }
            let count = self.counts.get(&kind).copied().unwrap_or(0) + 1;
            self.counts.put(kind, count);
            return Some(found);
        }
        None
    }

    /// Whether exactly this fault strikes.
    pub(super) fn hits(&mut self, spot: Spot, dice: &mut Dice, fault: Fault) -> bool {
        self.strike(spot, dice, |scripted| (scripted.fault == fault).then_some(())).is_some()
    }

    /// Whether the channel can't be reached, without counting it.
    pub(super) fn unreachable(&self, rail: Rail, now: Timestamp) -> bool {
        let on_channel = self.scripted.iter().map(|(_, fault)| fault);
        on_channel.filter(|fault| fault.active(rail, fault.call, now)).any(|fault| is_down(fault, now))
    }

    /// How often each fault has struck, as `channel/kind`.
    pub(super) fn struck(&self) -> BTreeMap<String, u64> {
        self.counts.iter().map(|(kind, count)| (kind.clone(), *count)).collect()
    }
}

/// Whether this fault makes its channel unreachable at this moment.
pub(super) fn is_down(scripted: &Scripted, now: Timestamp) -> bool {
    match scripted.fault {
        Fault::Down {} => true,
        Fault::Flapping { up_s, down_s } => {
            let begun = scripted.from.unwrap_or(Timestamp::from_millis(0));
            let period = up_s.saturating_add(down_s).max(1);
            now.since(begun).as_secs() % period >= up_s
        }
        _ => false,
    }
}
