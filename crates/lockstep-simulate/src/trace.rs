//! What is remembered of a run: a running hash over everything that happened, how often each fault struck, what the
//! oracles found, and, when somebody wants to read it, the story itself.

use std::collections::BTreeMap;
use std::fmt::{Arguments, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockstep_core::time::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Which promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// One debit: a payment or an order took money more than once.
    DoubleDebit,
    /// One refund: a refund went back more than once, or more than was taken.
    DoubleRefund,
    /// Nothing is lost: the bank moved money that we don't know of, or something acknowledged is gone.
    Lost,
    /// The truth: our state, our books or an answer differ from what is so.
    Wrong,
    /// Everything ends: something is still open after the bound.
    Stuck,
    /// Told: a final state was not told, or told under two ids, or out of order.
    ToldMissing,
    /// Explained: a change without an audit entry.
    Unexplained,
    /// Once: the same request to move money left us twice.
    SentTwice,
    /// Only genuine messages get in.
    Forged,
}

/// Something an oracle found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which promise was broken.
    pub broken: Broken,
    /// The id of what it is about, where there is one.
    pub subject: Option<String>,
    /// What was seen.
    pub words: String,
}

/// One line of the story.
#[derive(Debug, Clone)]
pub struct Line {
    /// When, in the world's own time.
    pub at: Timestamp,
    /// About what; `None` for what concerns everybody.
    pub subject: Option<String>,
    /// What happened.
    pub words: String,
}

/// Most findings that are kept of one world; the rest are only counted.
const KEPT_FINDINGS: usize = 50;

struct Inner {
    hash: Sha256,
    words: String,
    faults: BTreeMap<&'static str, u64>,
    broken: BTreeMap<Broken, u64>,
    findings: Vec<Finding>,
    story: Option<Vec<Line>>,
}

/// The record of one world.
pub struct Trace(Mutex<Inner>);

/// What is left of a record at the end.
pub struct Recorded {
    /// Hash over everything that happened, in order.
    pub hash: [u8; 32],
    /// How often each fault struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often each promise was broken.
    pub broken: BTreeMap<Broken, u64>,
    /// The first findings.
    pub findings: Vec<Finding>,
    /// The story, if it was wanted.
    pub story: Vec<Line>,
}

impl Trace {
    /// An empty record; with `story` it keeps every line.
    pub fn new(story: bool) -> Self {
        Self(Mutex::new(Inner {
            hash: Sha256::new(),
            words: String::new(),
            faults: BTreeMap::new(),
            broken: BTreeMap::new(),
            findings: Vec::new(),
            story: story.then(Vec::new),
        }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down that something happened.
    pub fn note(&self, at: Timestamp, subject: Option<&str>, what: Arguments<'_>) {
        let mut inner = self.inner();
        let mut words = std::mem::take(&mut inner.words);
        words.clear();
        // A String takes everything.
        let _ = words.write_fmt(what);
        inner.hash.update(at.as_millis().to_be_bytes());
        inner.hash.update(words.as_bytes());
        inner.hash.update([0]);
        if let Some(story) = &mut inner.story {
            story.push(Line { at, subject: subject.map(str::to_owned), words: words.clone() });
        }
        inner.words = words;
    }

    /// Counts a fault that struck, and writes it down.
    pub fn struck(&self, at: Timestamp, subject: Option<&str>, kind: &'static str) {
        *self.inner().faults.entry(kind).or_default() += 1;
        self.note(at, subject, format_args!("fault: {kind}"));
    }

    /// Counts faults that somebody else has counted.
    pub fn count(&self, kind: &'static str, times: u64) {
        if times > 0 {
            *self.inner().faults.entry(kind).or_default() += times;
        }
    }

    /// An oracle found something.
    pub fn found(&self, at: Timestamp, broken: Broken, subject: Option<&str>, what: Arguments<'_>) {
        let words = what.to_string();
        self.note(at, subject, format_args!("FOUND {broken:?}: {words}"));
        let mut inner = self.inner();
        *inner.broken.entry(broken).or_default() += 1;
        if inner.findings.len() < KEPT_FINDINGS {
            inner.findings.push(Finding { broken, subject: subject.map(str::to_owned), words });
        }
    }

    /// Whether something was found.
    pub fn is_broken(&self) -> bool {
        !self.inner().broken.is_empty()
    }

    /// Ends the record.
    pub fn finish(&self) -> Recorded {
        let mut inner = self.inner();
        Recorded {
            hash: std::mem::take(&mut inner.hash).finalize().into(),
            faults: std::mem::take(&mut inner.faults),
            broken: std::mem::take(&mut inner.broken),
            findings: std::mem::take(&mut inner.findings),
            story: inner.story.take().unwrap_or_default(),
        }
    }
}
