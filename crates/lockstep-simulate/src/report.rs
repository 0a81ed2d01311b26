//! What many worlds came to, as one JSON object and as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::swarm::Kind;
use crate::trace::{Broken, Finding};
use crate::world::WorldOutcome;

/// A world in which a promise was broken.
#[derive(Debug, Clone, Serialize)]
pub struct FailedWorld {
    /// Its seed.
    pub world_seed: u64,
    /// The first findings.
    pub findings: Vec<Finding>,
}

/// What many worlds came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Payments that were accepted.
    pub payments: u64,
    /// How often each fault struck. Every kind is listed, also one that never did.
    pub faults: BTreeMap<String, u64>,
    /// Orders or deposits for which money moved more than once. Has to be 0.
    pub double_debits: u64,
    /// Refunds that went back more than once, and payments of which more went back than was taken. Has to be 0.
    pub double_refunds: u64,
    /// Money or acknowledged things that we don't know of. Has to be 0.
    pub lost: u64,
    /// States, books or answers that differ from the truth. Has to be 0.
    pub wrong: u64,
    /// Things that never ended. Has to be 0.
    pub stuck: u64,
    /// Final states that were not told, or not under one id, or out of order. Has to be 0.
    pub told_missing: u64,
    /// Changes without an audit entry. Has to be 0.
    pub unexplained: u64,
    /// Requests to move money that left more than once. Has to be 0.
    pub sent_twice: u64,
    /// Forged messages that were let in. Has to be 0.
    pub forged_accepted: u64,
    /// Second debits in worlds whose channels break their own word about late execution. Each was found and is known as
    /// surplus that has to go back.
    pub declared_second_debits_found: u64,
    /// Hash over everything that happened, in order. The same arguments give the same hash, on any number of threads.
    pub trace_hash: String,
    /// Worlds, one seed each.
    pub seeds: u64,
    /// Payments wanted of each world.
    pub payments_per_world: u64,
    /// Seconds on the wall.
    pub wall_s: f64,
    /// Payments per second on the wall.
    pub payments_per_s: f64,
    /// Worlds in which a promise was broken, the first ones.
    pub failed_worlds: Vec<FailedWorld>,
    #[serde(skip)]
    hash: Sha256,
}

/// Most failed worlds that are listed.
const LISTED: usize = 10;

impl Report {
    /// An empty report.
    pub fn new(payments_per_world: usize) -> Self {
        let faults = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), 0)).collect();
        Self { faults, payments_per_world: payments_per_world as u64, ..Self::default() }
    }

    /// Adds a world. Worlds are added in the order of their seeds.
    pub fn add(&mut self, world: WorldOutcome) {
        self.seeds += 1;
        self.payments += world.payments as u64;
        self.declared_second_debits_found += world.declared_second_debits;
        for (kind, times) in world.record.faults {
            *self.faults.entry(kind.to_owned()).or_default() += times;
        }
        self.hash.update(world.seed.to_be_bytes());
        self.hash.update(world.record.hash);
        for (broken, times) in &world.record.broken {
            let counter = match broken {
                Broken::DoubleDebit => &mut self.double_debits,
                Broken::DoubleRefund => &mut self.double_refunds,
                Broken::Lost => &mut self.lost,
                Broken::Wrong => &mut self.wrong,
                Broken::Stuck => &mut self.stuck,
                Broken::ToldMissing => &mut self.told_missing,
                Broken::Unexplained => &mut self.unexplained,
                Broken::SentTwice => &mut self.sent_twice,
                Broken::Forged => &mut self.forged_accepted,
            };
            *counter += times;
        }
        if !world.record.findings.is_empty() && self.failed_worlds.len() < LISTED {
            let findings = world.record.findings.into_iter().take(5).collect();
            self.failed_worlds.push(FailedWorld { world_seed: world.seed, findings });
        }
    }

    /// Ends the report. `wall_ms` is how long everything took.
    #[expect(clippy::float_arithmetic, reason = "two figures for people; nothing decides from them")]
    pub fn finish(&mut self, wall_ms: u64) {
        let digest = std::mem::take(&mut self.hash).finalize();
        self.trace_hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.wall_s = wall_ms as f64 / 1000.0;
        self.payments_per_s = (self.payments as f64 / self.wall_s.max(0.001)).round();
    }

    /// Whether no promise was broken.
    pub fn is_clean(&self) -> bool {
        self.failed_worlds.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A String takes everything.
        let _ = writeln!(
            text,
            "{} payments in {} worlds, {:.1} s, {:.0} payments/s\n",
            self.payments, self.seeds, self.wall_s, self.payments_per_s
        );
        let _ = writeln!(text, "faults that struck");
        for (kind, times) in &self.faults {
            let _ = writeln!(text, "  {kind:<28}{times:>10}");
        }
        let _ = writeln!(text, "\npromises broken (each has to be 0)");
        for (name, times) in [
            ("double debits", self.double_debits),
            ("double refunds", self.double_refunds),
            ("lost", self.lost),
            ("wrong", self.wrong),
            ("stuck", self.stuck),
            ("told missing", self.told_missing),
            ("unexplained", self.unexplained),
            ("sent twice", self.sent_twice),
            ("forged accepted", self.forged_accepted),
        ] {
            let _ = writeln!(text, "  {name:<28}{times:>10}");
        }
        let _ = writeln!(
            text,
            "\nsecond debits by channels that break their word, all found: {}\ntrace hash {}",
            self.declared_second_debits_found, self.trace_hash
        );
        text
    }
}
