//! The story of a world that failed, as short as it can be made: faults that don't matter are switched off one by one,
//! then the payments are cut, and what is left is told from the first thing that concerns the first finding.

use std::collections::BTreeSet;
use std::fmt::Write;

use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;

use crate::run::PER_WORLD;
use crate::swarm::{Kind, Swarm, Terms};
use crate::trace::{Broken, Line};
use crate::world::{self, WorldOutcome};

/// Worlds that are run at most to make a story shorter.
const MOST_RUNS: usize = 60;
/// Lines that are told at most.
const MOST_LINES: usize = 60;
/// Characters of a line that are shown.
const WIDTH: usize = 220;

/// A failing world, as small as it was made.
pub struct Shrunk {
    /// Its seed.
    pub seed: u64,
    /// What it needs: as few payments and faults as possible.
    pub terms: Terms,
    /// Worlds that were run for it.
    pub runs: usize,
}

/// Makes a failing world smaller, as long as it breaks one of the same promises.
pub fn shrink(seed: u64, terms: &Terms) -> Shrunk {
    let mut best = Shrunk { seed, terms: terms.clone(), runs: 1 };
    let first = world::run(&Swarm::draw(seed, terms), false);
    let broken: BTreeSet<Broken> = first.record.broken.keys().copied().collect();
    let fails = |terms: &Terms| {
        let outcome = world::run(&Swarm::draw(seed, terms), false);
        outcome.record.broken.keys().any(|kind| broken.contains(kind))
    };
    let on: Vec<Kind> = Swarm::draw(seed, terms).on.keys().copied().collect();
    // Half of the faults at a time first, then one by one.
    for chunk in [on.len().div_ceil(2), on.len().div_ceil(4), 1] {
        for kinds in on.chunks(chunk.max(1)) {
            let mut fewer = best.terms.clone();
            fewer.without.extend(kinds);
            if fewer.without.len() == best.terms.without.len() || best.runs >= MOST_RUNS {
                continue;
            }
            best.runs += 1;
            if fails(&fewer) {
                best.terms = fewer;
            }
        }
    }
    while best.terms.payments > 1 && best.runs < MOST_RUNS + 10 {
        best.runs += 1;
        let fewer = Terms { payments: best.terms.payments / 2, ..best.terms.clone() };
        if !fails(&fewer) {
            break;
        }
        best.terms = fewer;
    }
    best
}

impl Shrunk {
    /// The command that runs it again.
    pub fn command(&self) -> String {
        let mut command = format!("lockstep simulate --world-seed {}", self.seed);
        if self.terms.payments != PER_WORLD {
            let _ = write!(command, " --per-world {}", self.terms.payments);
        }
        if let Some(nodes) = self.terms.nodes {
            let _ = write!(command, " --nodes {nodes}");
        }
        if !self.terms.without.is_empty() {
            let names: Vec<_> = self.terms.without.iter().map(|kind| kind.name()).collect();
            let _ = write!(command, " --without {}", names.join(","));
        }
        command
    }

    /// Runs it once more and tells it.
    pub fn tell(&self) -> String {
        let swarm = Swarm::draw(self.seed, &self.terms);
        let outcome = world::run(&swarm, true);
        let mut text = format!("world {}: {} payments, {}\n", self.seed, self.terms.payments, swarm.words());
        text.push_str(&swarm.ways());
        text.push_str(&told(&swarm, &outcome));
        let _ = write!(text, "\nagain: {}\n", self.command());
        text
    }
}

/// What happened around the first finding.
pub fn told(swarm: &Swarm, outcome: &WorldOutcome) -> String {
    let mut text = String::new();
    for finding in outcome.record.findings.iter().take(8) {
        let subject = finding.subject.as_deref().unwrap_or("-");
        let _ = writeln!(text, "  {:?}: {subject}: {}", finding.broken, finding.words);
    }
    let Some(finding) = outcome.record.findings.first() else {
        text.push_str("no promise was broken\n");
        return text;
    };
    text.push('\n');
    let names = names_of(finding.subject.as_deref(), &outcome.record.story);
    let concerns = |line: &Line| {
        line.subject.as_ref().is_some_and(|subject| names.contains(subject))
            || names.iter().any(|name| line.words.contains(name.as_str()))
    };
    let whole: Vec<_> = outcome.record.story.iter().collect();
    let first = whole.iter().position(|line| concerns(line)).unwrap_or(0);
    let last = whole.iter().rposition(|line| concerns(line)).unwrap_or(whole.len().saturating_sub(1));
    let lines: Vec<_> = whole
        .get(first..=last)
        .unwrap_or_default()
        .iter()
        .filter(|line| concerns(line) || (line.subject.is_none() && is_weather(&line.words)))
        .collect();
    // How it began, and how it ended.
    let skipped = lines.len().saturating_sub(MOST_LINES);
    let (begin, end) =
        if skipped > 0 { (MOST_LINES / 2, MOST_LINES / 2 + skipped) } else { (lines.len(), lines.len()) };
    for (number, line) in lines.iter().enumerate() {
        if number == begin && skipped > 0 {
            let _ = writeln!(text, "  … {skipped} lines left out");
        }
        if (begin..end).contains(&number) {
            continue;
        }
        let words: String = line.words.chars().take(WIDTH).collect();
        let _ = writeln!(text, "  {:>12}  {words}", since(swarm.start, line.at));
    }
    text
}

/// What happens to the process as a whole.
fn is_weather(words: &str) -> bool {
    words.starts_with("the process") || words.starts_with("everything is healed")
}

/// The ids that belong to a finding: for an order also its payments, for a payment its bare number.
fn names_of(subject: Option<&str>, story: &[Line]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(subject) = subject else { return names };
    names.insert(subject.to_owned());
    if subject.starts_with("ord_") {
        let about = story.iter().filter(|line| line.words.contains(subject));
        let payments = about.filter_map(|line| line.subject.clone()).filter(|id| id.starts_with("pay_"));
        names.extend(payments);
    }
    let bare: Vec<_> = names
        .iter()
        .filter_map(|name| name.strip_prefix("pay_"))
        .filter(|body| Payment::of_order_no(&format!("{body}0001")).is_some())
        .map(str::to_owned)
        .collect();
    names.extend(bare);
    names
}

fn since(start: Timestamp, at: Timestamp) -> String {
    let millis = at.since(start).as_millis();
    let (seconds, rest) = (millis / 1000, millis % 1000);
    format!("{}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
