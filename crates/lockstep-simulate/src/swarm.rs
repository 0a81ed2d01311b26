//! Swarm testing: each seed draws which faults are on and how strong, so that every combination comes up and no fault
//! hides another all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use lockstep_core::payment::{RefundPolicy, SurplusPolicy};
use lockstep_core::time::Timestamp;
use lockstep_sim::sandbox::{Fault, Rail, Script, Scripted, World};

use crate::chance::Chance;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// A kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in reports.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// The kind of a name.
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == word)
            }
        }
    };
}

kinds! {
    /// A request never reaches the channel.
    RequestLost = "request_lost",
    /// The channel does what it was asked; its answer never comes.
    ResponseLost = "response_lost",
    /// As before, where money moved or a mandate was signed.
    ExecutedThenTimeout = "executed_then_timeout",
    /// A request runs later, up to the end of the channel's window.
    LateExecution = "late_execution",
    /// The line delivers a request twice.
    DuplicateRequest = "duplicate_request",
    /// A notice never comes.
    CallbackLost = "callback_lost",
    /// A notice comes later.
    CallbackDelayed = "callback_delayed",
    /// A notice comes more than once.
    CallbackDuplicated = "callback_duplicated",
    /// Notices come in another order.
    CallbackReordered = "callback_reordered",
    /// A notice comes before the response.
    CallbackBeforeResponse = "callback_before_response",
    /// Somebody without the key sends notices.
    CallbackForged = "callback_forged",
    /// A genuine notice is sent again, byte for byte, by somebody else.
    CallbackReplayed = "callback_replayed",
    /// Every notice of the last hours comes once more, as a file that is sent twice.
    BankFileResent = "bank_file_resent",
    /// An answer or notice names another amount.
    WrongAmount = "wrong_amount",
    /// An answer or notice is about another order.
    WrongOrder = "wrong_order",
    /// An answer or notice carries another order's success.
    CrossTalk = "cross_talk",
    /// An answer or notice is signed with another key.
    WrongSignature = "wrong_signature",
    /// 503.
    Channel5xx = "channel_5xx",
    /// An error page with status 200.
    HtmlPage = "html_page",
    /// Half a body.
    MalformedBody = "malformed_body",
    /// A body that dribbles in.
    SlowBody = "slow_body",
    /// The channel thinks for long.
    ChannelSlow = "channel_slow",
    /// No connection.
    ChannelDown = "channel_down",
    /// Up and down in turn.
    ChannelFlapping = "channel_flapping",
    /// "No such order" while it may still run.
    NotFoundInWindow = "not_found_in_window",
    /// "No such order" about money that moved, beyond the channel's own window. A world with this one may see a second
    /// debit; it has to be found.
    NotFoundBeyondWindow = "not_found_beyond_window",
    /// "Processing" about what is done.
    QueryLag = "query_lag",
    /// The process dies at any moment.
    Crash = "crash",
    /// The process dies before a write.
    CrashBeforeCommit = "crash_before_commit",
    /// The process dies after a write, before it hears of it.
    CrashAfterCommit = "crash_after_commit",
    /// The process is stopped while the world goes on.
    Pause = "pause",
    /// A write fails.
    DbError = "db_error",
    /// A write is made, and reported as failed.
    DbErrorAfterCommit = "db_error_after_commit",
    /// The database gives up a transaction.
    DbSerialization = "db_serialization_failure",
    /// A write takes long.
    DbSlow = "db_slow",
    /// A read fails.
    DbReadError = "db_read_error",
    /// The database is away for a while, and what was under way is in doubt.
    DbFailover = "db_failover",
    /// Nothing can be written for a while.
    DiskFull = "disk_full",
    /// The process's clock is set.
    ClockJump = "clock_jump",
    /// The lender's endpoint is down.
    EndpointDown = "endpoint_down",
    /// The lender's endpoint took a message, and its answer is lost.
    EndpointAnswerLost = "endpoint_answer_lost",
    /// The master key is rotated under way.
    KeyRotation = "key_rotation",
    /// The process comes back with another configuration.
    ConfigRotation = "config_rotation",
    /// The same command twice under one key.
    PressedTwiceSameKey = "pressed_twice_same_key",
    /// The same command twice under two keys.
    PressedTwiceOtherKey = "pressed_twice_other_key",
    /// The process dies while its request to move money is on its way.
    CrashInFlight = "crash_in_flight",
    /// A node can't reach the database for a while; the others can.
    NodeCut = "node_cut",
    /// A node is stopped in good order and started again, as in an upgrade.
    NodeReplaced = "node_replaced",
}

/// What somebody wants of a world.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Payments.
    pub payments: usize,
    /// Faults that are switched off.
    pub without: BTreeSet<Kind>,
    /// Processes that share the database, if not what the seed says.
    pub nodes: Option<usize>,
}

/// What one world is like.
#[derive(Debug, Clone)]
pub struct Swarm {
    /// Its seed.
    pub seed: u64,
    /// Faults that are on, each with its strength, 1 to 3.
    pub on: BTreeMap<Kind, u32>,
    /// When it begins.
    pub start: Timestamp,
    /// How long anything may fail, in milliseconds.
    pub safety_ms: u64,
    /// How long a payment is tried, in seconds.
    pub window_s: u64,
    /// NetsUnion takes no questions: its notices alone have to do.
    pub notices_only: bool,
    /// Restarts within moments: the process comes back while its last requests are still on their way.
    pub quick_restarts: bool,
    /// The lender gives money back, and money taken twice goes back.
    pub refunds: bool,
    /// A person approves each refund of money taken twice.
    pub surplus_held: bool,
    /// Refunds of a payment beyond this sum need a second person, in minor units.
    pub approve_above_minor: Option<i64>,
    /// Debits of unknown outcome are undone where the channel can.
    pub reversals: bool,
    /// Channels send statements. Without them questions and notices alone have to settle everything, so that a bug in
    /// those can't hide behind the next morning's file.
    pub statements: bool,
    /// The population.
    pub world: World,
    /// Payments wanted.
    pub payments: usize,
    /// Processes that share the database.
    pub nodes: usize,
}

/// Faults after which the process starts anew.
const RESTARTS: [Kind; 6] = [
    Kind::Crash,
    Kind::CrashBeforeCommit,
    Kind::CrashAfterCommit,
    Kind::CrashInFlight,
    Kind::ConfigRotation,
    Kind::NodeReplaced,
];
/// Faults that need several nodes.
const OF_NODES: [Kind; 2] = [Kind::NodeCut, Kind::NodeReplaced];
/// Kinds that joined later draw from a stream of their own, so that the seeds of others tell what they always told.
const JOINED_LATER: [Kind; 3] = [Kind::CrashInFlight, Kind::NodeCut, Kind::NodeReplaced];
/// Other faults of our own side by which a request is marked as sent and doesn't leave, or its answer is read late.
const OWN: [Kind; 10] = [
    Kind::NodeCut,
    Kind::Pause,
    Kind::DbError,
    Kind::DbErrorAfterCommit,
    Kind::DbSerialization,
    Kind::DbSlow,
    Kind::DbReadError,
    Kind::DbFailover,
    Kind::DiskFull,
    Kind::ClockJump,
];
/// 2026-03-02 00:00 in Shanghai.
const FIRST_DAY_MS: i64 = 1_772_380_800_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

impl Swarm {
    /// The world of this seed.
    pub fn draw(seed: u64, terms: &Terms) -> Self {
        let chance = Chance::of(seed, "swarm");
        let calm = chance.one_in(32);
        let share = chance.between(100_000, 500_000);
        let mut on = BTreeMap::new();
        let joined = Chance::of(seed, "swarm, joined later");
        for kind in Kind::ALL {
            let chance = if JOINED_LATER.contains(kind) { &joined } else { &chance };
            let (drawn, strength) = (chance.below(1_000_000), chance.between(1, 3));
            let wanted = match kind {
                Kind::NotFoundBeyondWindow => drawn < 60_000,
                _ => drawn < share,
            };
            if wanted && !calm {
                on.insert(*kind, u32::try_from(strength).unwrap_or(1));
            }
        }
        let nodes = terms.nodes.unwrap_or_else(|| nodes_of(seed));
        if nodes == 1 {
            on.retain(|kind, _| !OF_NODES.contains(kind));
        } else {
            // Nodes whose clocks differ by minutes are a fault of the installation that none of them can see.
            on.remove(&Kind::ClockJump);
        }
        // A clock that is set while the process is down can't be told from time that passed: a known limit. So a world has
        // either clocks that jump or processes that die.
        if on.contains_key(&Kind::ClockJump) {
            if chance.one_in(2) {
                on.remove(&Kind::ClockJump);
            } else {
                on.retain(|kind, _| !RESTARTS.contains(kind));
            }
        }
        if on.contains_key(&Kind::NotFoundBeyondWindow) {
            on.entry(Kind::ExecutedThenTimeout).or_insert(2);
        }
        let start =
            Timestamp::from_millis(FIRST_DAY_MS + i64::try_from(chance.below(24 * HOUR_MS)).unwrap_or(0));
        let safety_ms = chance.between(HOUR_MS, 9 * HOUR_MS);
        let window_s =
            [6 * 3600, 24 * 3600, 36 * 3600, 48 * 3600][usize::try_from(chance.below(4)).unwrap_or(0)];
        let notices_only = chance.one_in(4);
        // Who died with a request on its way finds it still on its way when it comes back at once.
        let quick_restarts =
            chance.one_in(3) || on.get(&Kind::CrashInFlight).is_some_and(|strength| *strength > 1);
        let back = Chance::of(seed, "going back");
        let (refunds, reversals, surplus_held) = (back.one_in(2), back.one_in(2), back.one_in(3));
        let approve_above_minor = back.one_in(3).then_some(5_000);
        let statements = back.one_in(2);
        let pick = |list: [u16; 4]| list[usize::try_from(chance.below(4)).unwrap_or(0)];
        let world = World {
            seed,
            no_funds_permille: pick([0, 50, 150, 300]),
            income_after_days: 1,
            frozen_permille: pick([0, 0, 10, 50]),
            lost_permille: pick([0, 0, 0, 20]),
            trouble_after_days: 0,
            low_daily_limit_permille: pick([0, 0, 50, 100]),
            low_daily_limit_minor: 25_000,
            ..World::default()
        };
        on.retain(|kind, _| !terms.without.contains(kind));
        Self {
            seed,
            on,
            start,
            safety_ms,
            window_s,
            notices_only,
            quick_restarts,
            refunds,
            surplus_held: surplus_held || !refunds,
            approve_above_minor,
            reversals,
            statements,
            world,
            payments: terms.payments,
            nodes,
        }
    }

    /// How the installation handles refunds.
    pub fn refund_policy(&self) -> RefundPolicy {
        let surplus = if self.surplus_held { SurplusPolicy::Held } else { SurplusPolicy::Automatic };
        let approve_above_minor = self.approve_above_minor;
        RefundPolicy { surplus, approve_above_minor, ..RefundPolicy::default() }
    }

    /// Whether our own side may fail in a way that looks as if a channel did: it dies with requests on their way, stands
    /// still while answers come, or can't mark what it sends.
    pub fn may_look_like_a_channels_fault(&self) -> bool {
        OWN.iter().chain(&RESTARTS).any(|kind| self.on.contains_key(kind))
    }

    /// What the world is like beside its faults, for the story.
    pub fn ways(&self) -> String {
        let mut ways = String::new();
        for (holds, words) in [
            (self.notices_only, "netsunion takes no questions"),
            (self.refunds, "the lender gives money back"),
            (self.refunds && self.surplus_held, "money taken twice waits for a person"),
            (self.reversals, "unionpay undoes debits of unknown outcome"),
            (!self.statements, "no channel sends statements"),
        ] {
            if holds {
                ways.push_str(words);
                ways.push_str(" in this world\n");
            }
        }
        if self.nodes > 1 {
            let _ = writeln!(ways, "{} nodes share the database in this world", self.nodes);
        }
        ways
    }

    /// How strong a fault is; 0 when it is off.
    pub fn strength(&self, kind: Kind) -> u32 {
        self.on.get(&kind).copied().unwrap_or(0)
    }

    /// One of three figures by the strength of a fault; 0 when it is off.
    pub fn scaled(&self, kind: Kind, figures: [u32; 3]) -> u32 {
        match self.strength(kind) {
            0 => 0,
            strength => figures[usize::try_from(strength - 1).unwrap_or(0).min(2)],
        }
    }

    /// When everything is healed.
    pub fn heals_at(&self) -> Timestamp {
        self.start.plus(std::time::Duration::from_millis(self.safety_ms))
    }

    /// The names of the faults that are on.
    pub fn words(&self) -> String {
        if self.on.is_empty() {
            return "no faults".to_owned();
        }
        let words: Vec<_> =
            self.on.iter().map(|(kind, strength)| format!("{} ×{strength}", kind.name())).collect();
        words.join(", ")
    }

    /// The faults of the channels, as the sandbox takes them.
    pub fn script(&self) -> Script {
        let chance = Chance::of(self.seed, "script");
        let mut script = Script::default();
        for kind in Kind::ALL {
            // Drawn for every kind, so that switching one off leaves the others as they were.
            for rail in Rail::ALL {
                let here = !chance.one_in(3);
                let drawn = self.scripted(*kind, rail, &chance);
                if let Some(scripted) = drawn.filter(|_| here && self.on.contains_key(kind)) {
                    script.faults.push(scripted);
                }
            }
        }
        script
    }

    fn scripted(&self, kind: Kind, rail: Rail, chance: &Chance) -> Option<Scripted> {
        let window_s = rail.capability().late_execution_window_s;
        let (up_s, down_s) = (chance.between(10, 300), chance.between(5, 120));
        let delay_s = if chance.one_in(2) { window_s } else { chance.between(window_s / 4, window_s) };
        let late_s = chance.between(1, 1800);
        let extra_ms = chance.between(500, 20_000);
        let begins = chance.below(self.safety_ms);
        let lasts = chance.between(5 * MINUTE_MS, 90 * MINUTE_MS);
        let rare = self.scaled(kind, [10, 50, 150]);
        let common = self.scaled(kind, [50, 200, 500]);
        let (fault, permille) = match kind {
            Kind::RequestLost => (Fault::LoseRequest {}, rare),
            Kind::ResponseLost => (Fault::LoseAnswer {}, rare),
            Kind::ExecutedThenTimeout => (Fault::ExecuteThenTimeout {}, rare),
            Kind::LateExecution => (Fault::LateExecution { delay_s }, rare),
            Kind::DuplicateRequest => (Fault::DuplicateRequest {}, common),
            Kind::CallbackLost => (Fault::DropCallbacks {}, common),
            Kind::CallbackDelayed => (Fault::DelayCallbacks { delay_s: late_s }, common),
            Kind::CallbackDuplicated => (Fault::DuplicateCallbacks { copies: 3 }, common),
            Kind::CallbackReordered => (Fault::ReorderCallbacks { within_s: late_s }, common),
            Kind::CallbackBeforeResponse => (Fault::EarlyCallbacks {}, common),
            Kind::WrongAmount => (Fault::WrongAmount {}, rare),
            Kind::WrongOrder => (Fault::WrongOrder {}, rare),
            Kind::CrossTalk => (Fault::CrossTalk {}, rare),
            Kind::WrongSignature => (Fault::WrongSignature {}, rare),
            Kind::Channel5xx => (Fault::ServerError {}, rare),
            Kind::HtmlPage => (Fault::HtmlPage {}, rare),
            Kind::MalformedBody => (Fault::MalformedBody {}, rare),
            Kind::SlowBody => (Fault::SlowBody { extra_ms }, rare),
            Kind::ChannelSlow => (Fault::Slow { extra_ms }, common),
            Kind::ChannelDown => (Fault::Down {}, 1000),
            Kind::ChannelFlapping => (Fault::Flapping { up_s, down_s }, 1000),
            Kind::NotFoundInWindow => (Fault::DeniesInWindow {}, common),
            Kind::NotFoundBeyondWindow => (Fault::LiesNotFound {}, 950),
            Kind::QueryLag => (Fault::StaleQuery {}, common),
            _ => return None,
        };
        if self.notices_only && rail == Rail::Netsunion && needs_questions(kind) {
            return None;
        }
        let mut scripted = Scripted::new(rail, fault);
        scripted.chance_permille = u16::try_from(permille).unwrap_or(1000);
        scripted.from = Some(self.start);
        scripted.until = Some(self.heals_at());
        // A channel that is never there teaches nothing.
        if matches!(kind, Kind::ChannelDown | Kind::ChannelFlapping) {
            let from = self.start.plus(std::time::Duration::from_millis(begins));
            scripted.from = Some(from);
            scripted.until = Some(from.plus(std::time::Duration::from_millis(lasts)).min(self.heals_at()));
        }
        Some(scripted)
    }
}

/// Most worlds have one process; some have two or three that share the database.
fn nodes_of(seed: u64) -> usize {
    let chance = Chance::of(seed, "nodes");
    let (many, three) = (chance.one_in(6), chance.one_in(2));
    if many { 2 + usize::from(three) } else { 1 }
}

/// Faults that a channel can only be caught at by asking it. On a channel that takes no questions nothing in the world
/// could tell.
fn needs_questions(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::RequestLost
            | Kind::CallbackLost
            | Kind::WrongAmount
            | Kind::WrongOrder
            | Kind::CrossTalk
            | Kind::WrongSignature
            | Kind::CallbackForged
    )
}

/// The name under which a report counts a fault that the sandbox calls so.
pub fn counted_as(sandbox_kind: &str) -> Option<&'static str> {
    Some(match sandbox_kind {
        "lose_request" => Kind::RequestLost.name(),
        "lose_answer" => Kind::ResponseLost.name(),
        "execute_then_timeout" => Kind::ExecutedThenTimeout.name(),
        "late_execution" => Kind::LateExecution.name(),
        "duplicate_request" => Kind::DuplicateRequest.name(),
        "drop_callbacks" => Kind::CallbackLost.name(),
        "delay_callbacks" => Kind::CallbackDelayed.name(),
        "duplicate_callbacks" => Kind::CallbackDuplicated.name(),
        "reorder_callbacks" => Kind::CallbackReordered.name(),
        "early_callbacks" => Kind::CallbackBeforeResponse.name(),
        "wrong_amount" => Kind::WrongAmount.name(),
        "wrong_order" => Kind::WrongOrder.name(),
        "cross_talk" => Kind::CrossTalk.name(),
        "wrong_signature" => Kind::WrongSignature.name(),
        "server_error" => Kind::Channel5xx.name(),
        "html_page" => Kind::HtmlPage.name(),
        "malformed_body" => Kind::MalformedBody.name(),
        "slow_body" => Kind::SlowBody.name(),
        "slow" => Kind::ChannelSlow.name(),
        "down" => Kind::ChannelDown.name(),
        "flapping" => Kind::ChannelFlapping.name(),
        "denies_in_window" => Kind::NotFoundInWindow.name(),
        "lies_not_found" => Kind::NotFoundBeyondWindow.name(),
        "stale_query" => Kind::QueryLag.name(),
        _ => return None,
    })
}
