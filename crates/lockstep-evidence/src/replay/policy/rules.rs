//! A policy written down: rules from context to shares of channels, the first that fits wins.
//!
//! ```toml
//! [[rule]]
//! when = { country = ["Germany"], card = ["Visa"], amount_from = "100" }
//! shares = { Goldcard = 10, Moneycard = 90 }
//!
//! [[rule]]                      # no `when`: all the rest
//! shares = { Moneycard = 1 }
//! ```
//!
//! What no rule fits stays where it was.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::choice::Policy;
use super::context::Actions;
use crate::replay::features::weekday;
use crate::replay::log::{Attempt, Log, Names};

/// Rules at most.
const MAX_RULES: usize = 1000;

/// Why a policy file can't be used. Says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// Not TOML, or a field nobody knows.
    #[error("the policy file can't be read: {0}")]
    Toml(String),
    /// One rule.
    #[error("rule {number} of the policy file: {problem}")]
    Rule {
        /// From 1.
        number: usize,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(default)]
    when: When,
    shares: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    country: Option<Vec<String>>,
    currency: Option<Vec<String>>,
    issuer: Option<Vec<String>>,
    card: Option<Vec<String>>,
    threeds: Option<Vec<String>>,
    before: Option<Vec<String>>,
    attempt: Option<Vec<u16>>,
    hour: Option<Vec<u8>>,
    weekday: Option<Vec<u8>>,
    amount_from: Option<String>,
    amount_below: Option<String>,
}

/// A policy as read, before it meets a log.
#[derive(Debug, Clone)]
pub struct PolicyFile(File);

impl PolicyFile {
    /// Reads the TOML text.
    ///
    /// # Errors
    /// [`PolicyProblem`] that says what to do.
    pub fn parse(text: &str) -> Result<Self, PolicyProblem> {
        let file: File =
            toml::from_str(text).map_err(|error| PolicyProblem::Toml(error.message().to_owned()))?;
        if file.rule.is_empty() || file.rule.len() > MAX_RULES {
            return Err(PolicyProblem::Toml(format!("it needs 1 to {MAX_RULES} [[rule]] tables")));
        }
        Ok(Self(file))
    }

    /// The policy on a log.
    pub(crate) fn on(&self, log: &Log, actions: &Actions) -> Result<Policy, PolicyProblem> {
        let mut rows = Vec::new();
        let mut tests = Vec::new();
        for (index, rule) in self.0.rule.iter().enumerate() {
            let at = |problem: String| PolicyProblem::Rule { number: index + 1, problem };
            rows.push(shares(&rule.shares, actions).map_err(at)?);
            tests.push(Test::new(&rule.when, log).map_err(at)?);
        }
        let none = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let rule_of = |attempt: &Attempt| {
            let found = tests.iter().position(|test| test.fits(attempt, log));
            found.and_then(|index| u16::try_from(index).ok()).unwrap_or(none)
        };
        Ok(Policy::by_rule(log.attempts.iter().map(rule_of).collect(), &rows, actions.len()))
    }
}

fn shares(wanted: &BTreeMap<String, f64>, actions: &Actions) -> Result<Vec<f32>, String> {
    let mut shares = vec![0.0_f32; actions.len()];
    let known = || actions.names[actions.choices()].join(", ");
    for (name, share) in wanted {
        let Some(at) = actions.choices().find(|at| actions.names[*at] == *name) else {
            return Err(format!("the log has no channel {name:?} with enough attempts. It has: {}", known()));
        };
        if !share.is_finite() || *share < 0.0 || *share > 1e6 {
            return Err(format!("the share of {name:?} must be a number from 0 up"));
        }
        shares[at] = *share as f32;
    }
    let sum: f32 = shares.iter().sum();
    if sum <= 0.0 {
        return Err("shares must not all be zero".to_owned());
    }
    Ok(shares.into_iter().map(|share| share / sum).collect())
}

struct Test {
    names: Vec<(Which, Vec<u16>)>,
    attempt: Option<Vec<u16>>,
    hour: Option<Vec<u8>>,
    weekday: Option<Vec<u8>>,
    from_e4: Option<i64>,
    below_e4: Option<i64>,
}

#[derive(Clone, Copy)]
enum Which {
    Country,
    Currency,
    Issuer,
    Card,
    Threeds,
    Before,
}

impl Test {
    fn new(when: &When, log: &Log) -> Result<Self, String> {
        let mut names = Vec::new();
        let lists = [
            (Which::Country, &when.country, &log.countries),
            (Which::Currency, &when.currency, &log.currencies),
            (Which::Issuer, &when.issuer, &log.issuers),
            (Which::Card, &when.card, &log.cards),
            (Which::Threeds, &when.threeds, &log.threeds),
            (Which::Before, &when.before, &log.channels),
        ];
        for (which, wanted, known) in lists {
            if let Some(wanted) = wanted {
                // A name the log doesn't have fits nothing; that is no mistake of the rules.
                names.push((which, wanted.iter().filter_map(|name| Names::find(known, name)).collect()));
            }
        }
        let amount = |text: &Option<String>| match text {
            Some(text) => {
                crate::replay::input::amount_e4(text).map(Some).ok_or("amounts are written like \"100.00\"")
            }
            None => Ok(None),
        };
        Ok(Self {
            names,
            attempt: when.attempt.clone(),
            hour: when.hour.clone(),
            weekday: when.weekday.clone(),
            from_e4: amount(&when.amount_from)?,
            below_e4: amount(&when.amount_below)?,
        })
    }

    fn fits(&self, attempt: &Attempt, log: &Log) -> bool {
        let local = log.local_ms(attempt.at_ms);
        let hour = u8::try_from(local.rem_euclid(86_400_000) / 3_600_000).unwrap_or(0);
        let day = u8::try_from(weekday(local) + 1).unwrap_or(0);
        let named = |(which, allowed): &(Which, Vec<u16>)| {
            let value = match which {
                Which::Country => attempt.country,
                Which::Currency => attempt.currency,
                Which::Issuer => attempt.issuer,
                Which::Card => attempt.card,
                Which::Threeds => attempt.threeds,
                Which::Before => attempt.before,
            };
            allowed.contains(&value)
        };
        self.names.iter().all(named)
            && self.attempt.as_ref().is_none_or(|numbers| numbers.contains(&attempt.number))
            && self.hour.as_ref().is_none_or(|hours| hours.contains(&hour))
            && self.weekday.as_ref().is_none_or(|days| days.contains(&day))
            && self.from_e4.is_none_or(|from| attempt.amount_e4 >= from)
            && self.below_e4.is_none_or(|below| attempt.amount_e4 >= 0 && attempt.amount_e4 < below)
    }
}
