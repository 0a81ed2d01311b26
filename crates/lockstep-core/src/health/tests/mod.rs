mod attribution;
mod clock;
mod estimate;
mod healing;
mod hearsay;
mod rate;
mod reading;

use std::time::Duration;

use super::*;
use crate::catalogue::Scheme;
use crate::channel::{Capability, ChannelBook};
use crate::scenario::channels;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Coins(u64);

impl Coins {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % below
    }

    fn hits(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }
}

fn id(name: &str) -> ChannelId {
    ChannelId::try_from(name).unwrap()
}

/// The scenario's channels; `unionpay` and `netsunion` can be probed.
fn capabilities() -> ChannelBook {
    ChannelBook::new(channels::book().iter().cloned().map(|mut capability| {
        if ["unionpay", "netsunion"].contains(&capability.id.as_str()) {
            capability.probe = Some(ProbeRules { every_ms: 1_000, successes: 2 });
        }
        capability.hours = Hours::always(crate::time::Zone::shanghai().clone());
        capability
    }))
}

fn capability(name: &str) -> Capability {
    capabilities().get(&id(name)).cloned().unwrap()
}

/// A book, a clock, and what was told.
struct Watch {
    book: HealthBook,
    now: Timestamp,
    told: Vec<HealthEvent>,
    coins: Coins,
}

impl Watch {
    fn new() -> Self {
        Self::with(HealthPolicy::default())
    }

    fn with(policy: HealthPolicy) -> Self {
        let now = Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap();
        Self { book: HealthBook::new(&capabilities(), policy), now, told: Vec::new(), coins: Coins(7) }
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus(Duration::from_millis(ms));
    }

    /// An answer to something sent 100 ms ago.
    fn hear(&mut self, channel: &str, issuer: Option<&str>, news: News) {
        self.pass(100);
        self.hear_of(channel, issuer, news, self.now.minus(Duration::from_millis(100)));
    }

    fn hear_of(&mut self, channel: &str, issuer: Option<&str>, news: News, sent_at: Timestamp) {
        let outcome = match news {
            News::Alive => Some(true),
            News::ChannelFault | News::IssuerFault | News::Lost => Some(false),
            News::Taken | News::Nothing => None,
        };
        let signal = Signal {
            channel: id(channel),
            issuer: issuer.map(str::to_owned),
            direction: Direction::Collect,
            sent_at,
            at: self.now,
            news,
            took: None,
            outcome,
        };
        self.told.extend(self.book.observe(&signal));
    }

    /// Healthy traffic on all channels from five issuers.
    fn healthy(&mut self, rounds: usize) {
        for _ in 0..rounds {
            for channel in ["unionpay", "netsunion", "bankdirect"] {
                for issuer in ["ICBC", "ABC", "BOC", "CCB", "CMB"] {
                    self.hear(channel, Some(issuer), News::Alive);
                }
            }
        }
    }

    fn gate(&self, channel: &str, issuer: Option<&str>) -> Gate {
        self.book.outlook(&id(channel), issuer, Direction::Collect, self.now).gate
    }

    fn shut(&self, channel: &str, issuer: Option<&str>) -> Option<Scope> {
        match self.gate(channel, issuer) {
            Gate::Shut { scope, .. } => Some(scope),
            Gate::Open | Gate::Ramp { .. } => None,
        }
    }

    fn share(&self, channel: &str, issuer: Option<&str>) -> u32 {
        match self.gate(channel, issuer) {
            Gate::Open => 1_000_000,
            Gate::Ramp { share_ppm, .. } => share_ppm,
            Gate::Shut { .. } => 0,
        }
    }

    /// Probes whatever is due; they are answered or not.
    fn probe(&mut self, answered: bool) -> usize {
        let due = self.book.probes_due(self.now);
        for channel in &due {
            self.book.probe_sent(channel, self.now);
            let sent_at = self.now;
            let at = self.now.plus(Duration::from_millis(50));
            self.told.extend(self.book.probed(channel, answered, sent_at, at));
        }
        due.len()
    }

    /// Opens a channel's breaker by faults across issuers.
    fn break_down(&mut self, channel: &str) {
        for _ in 0..10 {
            for issuer in ["ICBC", "ABC", "BOC"] {
                if self.shut(channel, None).is_none() {
                    self.hear(channel, Some(issuer), News::Lost);
                }
            }
        }
        assert_eq!(self.shut(channel, None), Some(Scope::Channel));
    }

    fn opened(&self) -> Vec<Place> {
        let opened = self.told.iter().filter(|event| matches!(event.change, Change::Opened { .. }));
        opened.map(|event| event.place.clone()).collect()
    }
}

#[test]
fn the_empty_book_trusts_everybody() {
    let outlook = HealthBook::default().outlook(
        &id("unionpay"),
        Some("ICBC"),
        Direction::Collect,
        Timestamp::from_millis(0),
    );
    assert_eq!(outlook, Outlook { chance_ppm: 900_000, spread_ppm: 100_000, gate: Gate::Open });
}

#[test]
fn the_default_policy_has_no_problem_and_a_wrong_one_names_its_field() {
    assert_eq!(HealthPolicy::default().problems(), Vec::<String>::new());
    let mut wrong = HealthPolicy { alarm_threshold: 1, usual_floor_ppm: 0, ..HealthPolicy::default() };
    wrong.blind.pause_max_ms = 1;
    let problems = wrong.problems().join("\n");
    for field in ["alarm_threshold", "usual_floor_ppm", "health.blind: pause_max_ms"] {
        assert!(problems.contains(field), "{field} is missing in:\n{problems}");
    }
    assert_eq!(capability("unionpay").scheme, Scheme::UnionpayAcp);
}
