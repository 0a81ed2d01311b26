//! A lender's own log of attempts: an anatomy of its failures, and what other choices would have collected.
//!
//! [`read`] takes the file, [`replay`] makes the figures, [`page`] the HTML report. What the columns mean, how the
//! estimates are made and what they can't tell is in `docs/replay.md`.

#![allow(clippy::float_arithmetic, reason = "statistics over a finished log; no money is booked from it")]

mod anatomy;
mod code;
mod conclusions;
pub(crate) mod dice;
mod features;
mod input;
mod log;
mod logging;
mod money;
mod orders;
mod page;
mod policy;
mod statistics;
mod words;

use lockstep_core::text::Sentence;
use serde::Serialize;

pub use anatomy::{Anatomy, Bucket, Double, Doubles, Failure, Group, Outage, Retries, Step, Tally};
pub use code::Code;
pub use conclusions::{Conclusion, Weight};
pub use features::Feature;
pub use input::{
    Codes, ColumnProblem, Columns, Field, MAX_RECORD, Mapping, ReadOptions, ReadProblem, Reading, Reject,
    Wrong, read,
};
pub use log::{Attempt, Log, Names, Outcome, TooMany};
pub use logging::{Logging, Randomness, Tie};
pub use money::Sums;
pub use orders::OrdersFrom;
pub use page::page;
pub use policy::bootstrap::Interval;
pub use policy::result::{
    CapPoint, Estimate, Evaluated, Evaluation, Grade, Kind, Part, Settings, Span, Support,
};
pub use policy::rules::{PolicyFile, PolicyProblem};

use self::policy::evaluate::{NoEvaluation, evaluate};
use self::statistics::wilson;

/// Version of the shape of the JSON report.
pub const SCHEMA: &str = "lockstep.replay/1";

/// What was read.
#[derive(Debug, Clone, Serialize)]
pub struct Input {
    /// Name of the file.
    pub file: String,
    /// Rows in it.
    pub rows: u64,
    /// Rows left out.
    pub rejected: u64,
    /// Their share.
    pub rejected_share: f64,
    /// Why, most frequent first.
    pub reasons: Vec<RejectReason>,
    /// Our names and the file's.
    pub columns: std::collections::BTreeMap<&'static str, String>,
    /// Names that were guessed.
    pub guessed: Vec<&'static str>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    /// How orders came about.
    pub orders_from: OrdersFrom,
    /// Longest pause within an inferred order, in seconds.
    pub order_gap_s: f64,
    /// Zone of hours and days.
    pub zone: String,
    /// First attempt, RFC 3339.
    pub from: String,
    /// Last attempt, RFC 3339.
    pub to: String,
    /// Rows where the success column and the code disagree.
    pub contradictions: u64,
}

/// Why rows were left out.
#[derive(Debug, Clone, Serialize)]
pub struct RejectReason {
    /// The file's column.
    pub column: String,
    /// Stable code.
    pub code: &'static str,
    /// How many rows.
    pub rows: u64,
    /// One of them.
    pub example_line: u64,
    /// What is wrong and how to mend it.
    pub message: Sentence,
}

/// What was logged.
#[derive(Debug, Clone, Serialize)]
pub struct Logged {
    /// Attempts.
    pub attempts: u64,
    /// Of these, how many moved money.
    pub succeeded: u64,
    /// Of these, how many have no known outcome.
    pub unknown: u64,
    /// Share of attempts that succeeded, with Wilson's interval.
    pub success: Interval,
    /// Orders.
    pub orders: u64,
    /// Of these, how many were collected.
    pub orders_collected: u64,
    /// Share of orders collected, with Wilson's interval.
    pub collected: Interval,
    /// Share of orders collected by the first attempt.
    pub collected_first: f64,
    /// Amounts of orders collected.
    pub amount_collected: Sums,
    /// Amounts of orders never collected.
    pub amount_lost: Sums,
}

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Replay {
    /// Version of this shape.
    pub schema: &'static str,
    /// What was read.
    pub input: Input,
    /// The seed of everything random.
    pub seed: u64,
    /// What was logged.
    pub logged: Logged,
    /// What it says, most important first.
    pub conclusions: Vec<Conclusion>,
    /// Other choices; none if the log can't carry an estimate.
    pub evaluation: Option<Evaluation>,
    /// Why there is no evaluation.
    pub no_evaluation: Option<Sentence>,
    /// What failed.
    pub anatomy: Anatomy,
    /// What the figures can't tell.
    pub limits: Vec<Sentence>,
}

/// Names of what was read, for the report.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name of the file.
    pub file: String,
    /// Zone of hours and days.
    pub zone: String,
    /// Longest pause within an inferred order, in milliseconds.
    pub order_gap_ms: i64,
}

/// Makes all figures.
///
/// # Errors
/// [`PolicyProblem`] when the policy file doesn't fit the log.
pub fn replay(reading: &Reading, source: &Source, settings: &Settings) -> Result<Replay, PolicyProblem> {
    let log = &reading.log;
    let (evaluation, no_evaluation) = match evaluate(log, settings) {
        Ok(evaluation) => (Some(evaluation), None),
        Err(NoEvaluation::TooLittle(why)) => (None, Some(why)),
        Err(NoEvaluation::Policy(problem)) => return Err(problem),
    };
    let anatomy = anatomy::anatomy(log, settings.seed);
    let logged = logged(log);
    let span =
        log.attempts.first().zip(log.attempts.last()).map_or(0, |(first, last)| last.at_ms - first.at_ms);
    let inferred = log.orders_from == OrdersFrom::Inferred;
    let mut made = Replay {
        schema: SCHEMA,
        input: input_of(reading, source),
        seed: settings.seed,
        logged,
        conclusions: Vec::new(),
        evaluation,
        no_evaluation,
        anatomy,
        limits: words::limits(inferred, log.has_causes(), span / 86_400_000 + 1),
    };
    made.conclusions = conclusions::conclusions(&made);
    Ok(made)
}

fn input_of(reading: &Reading, source: &Source) -> Input {
    let log = &reading.log;
    let mut reasons: Vec<RejectReason> = reading
        .reasons
        .iter()
        .map(|((column, code), (rows, line, message))| RejectReason {
            column: column.clone(),
            code,
            rows: *rows,
            example_line: *line,
            message: message.clone(),
        })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rows));
    Input {
        file: source.file.clone(),
        rows: reading.rows,
        rejected: reading.rejected,
        rejected_share: reading.rejected as f64 / reading.rows.max(1) as f64,
        reasons,
        columns: reading.columns.read.clone(),
        guessed: reading.columns.guessed.clone(),
        ignored: reading.columns.ignored.clone(),
        orders_from: log.orders_from,
        order_gap_s: source.order_gap_ms as f64 / 1000.0,
        zone: source.zone.clone(),
        from: log.attempts.first().map(|first| log.rfc3339(first.at_ms)).unwrap_or_default(),
        to: log.attempts.last().map(|last| log.rfc3339(last.at_ms)).unwrap_or_default(),
        contradictions: reading.contradictions,
    }
}

fn logged(log: &Log) -> Logged {
    let succeeded = log.attempts.iter().filter(|attempt| attempt.succeeded()).count() as u64;
    let unknown = log.attempts.iter().filter(|attempt| attempt.outcome == Outcome::Unknown).count() as u64;
    let (mut collected, mut first) = (0_u64, 0_u64);
    let (mut amount_collected, mut amount_lost) = (Sums::default(), Sums::default());
    for order in &log.orders {
        let mut tries = order.iter().map(|row| &log.attempts[*row as usize]);
        let last = order.last().map(|row| &log.attempts[*row as usize]);
        first += u64::from(tries.clone().next().is_some_and(Attempt::succeeded));
        match (tries.find(|attempt| attempt.succeeded()), last) {
            (Some(good), _) => {
                collected += 1;
                amount_collected.add(log, good);
            }
            (None, Some(last)) => amount_lost.add(log, last),
            (None, None) => {}
        }
    }
    let (attempts, orders) = (log.attempts.len() as u64, log.orders.len() as u64);
    let share = |good: u64, all: u64| {
        let (low, high) = wilson(good, all);
        Interval { value: good as f64 / all.max(1) as f64, low, high }
    };
    Logged {
        attempts,
        succeeded,
        unknown,
        success: share(succeeded, attempts),
        orders,
        orders_collected: collected,
        collected: share(collected, orders),
        collected_first: first as f64 / orders.max(1) as f64,
        amount_collected,
        amount_lost,
    }
}
