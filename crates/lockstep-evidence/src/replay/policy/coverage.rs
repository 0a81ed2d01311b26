//! The estimators against made-up logs whose truth is known: intervals hold what they promise, and the doubly robust
//! estimate isn't fooled where a plain success rate is.

use std::fmt::Write as _;

use super::choice::Policy;
use super::context::{Actions, Contexts, entries};
use super::estimate::Ground;
use super::evaluate::whole_log;
use super::outcome::Outcomes;
use super::propensity::Propensities;
use super::result::Part;
use crate::replay::dice::Dice;
use crate::replay::input::{Codes, Mapping, ReadOptions};
use crate::replay::log::Log;
use crate::replay::{Settings, read};

const SEEDS: u64 = 200;
const CARDS: [&str; 3] = ["Visa", "Master", "Diners"];
const COUNTRIES: [&str; 2] = ["DE", "AT"];
const CHANNELS: [&str; 3] = ["a", "b", "c"];

/// A world with a known chance of success and a known way of choosing.
struct World {
    orders: usize,
    /// Tries of an order at most, and the chance that a failed order is tried again.
    tries: usize,
    again: f64,
    /// Probability of each channel by card and country.
    choose: fn(usize, usize) -> [f64; 3],
    /// Whether the file says these probabilities.
    said: bool,
}

/// Chance of success by card, country and channel.
fn chance(card: usize, country: usize, channel: usize) -> f64 {
    let base = [0.15, 0.20, 0.35][channel];
    let by_card = [0.0, 0.10, -0.08][card];
    let by_country = [0.0, 0.08][country];
    // One bank that one channel serves badly.
    let clash = if channel == 1 && card == 2 && country == 1 { -0.10 } else { 0.0 };
    base + by_card + by_country + clash
}

/// Cards and countries aren't equally frequent.
fn payer(dice: &mut Dice) -> (usize, usize) {
    let card = match dice.unit() {
        u if u < 0.5 => 0,
        u if u < 0.8 => 1,
        _ => 2,
    };
    (card, usize::from(dice.unit() < 0.4))
}

fn payers() -> impl Iterator<Item = (usize, usize, f64)> {
    let card = [0.5, 0.3, 0.2];
    let country = [0.6, 0.4];
    (0..3).flat_map(move |a| (0..2).map(move |b| (a, b, card[a] * country[b])))
}

fn by_chance(_: usize, _: usize) -> [f64; 3] {
    [0.55, 0.33, 0.12]
}

/// The best channel gets the cards that succeed anywhere, so that its own success rate flatters it.
fn skewed(card: usize, country: usize) -> [f64; 3] {
    match (card, country) {
        (1, 1) => [0.20, 0.15, 0.65],
        (1, _) => [0.35, 0.20, 0.45],
        (2, _) => [0.70, 0.24, 0.06],
        (_, 1) => [0.45, 0.40, 0.15],
        (_, _) => [0.60, 0.30, 0.10],
    }
}

impl World {
    fn log(&self, seed: u64) -> Log {
        let mut dice = Dice::new(seed, 0x7e57);
        let mut text = "time,order,channel,success,card,country,propensity\n".to_owned();
        for order in 0..self.orders {
            let (card, country) = payer(&mut dice);
            for number in 0..self.tries {
                let shares = (self.choose)(card, country);
                let drawn = dice.unit();
                let channel =
                    if drawn < shares[0] { 0 } else { 1 + usize::from(drawn >= shares[0] + shares[1]) };
                let good = dice.unit() < chance(card, country, channel);
                let _ = writeln!(
                    text,
                    "{},{order},{},{},{},{},{}",
                    1_700_000_000 + order * 600 + number * 20,
                    CHANNELS[channel],
                    u8::from(good),
                    CARDS[card],
                    COUNTRIES[country],
                    shares[channel],
                );
                if good || dice.unit() >= self.again {
                    break;
                }
            }
        }
        let hidden = if self.said { "" } else { "propensity=" };
        let options = ReadOptions {
            mapping: Mapping::from_pairs(hidden).expect("a mapping"),
            delimiter: None,
            zone: jiff::tz::TimeZone::UTC,
            codes: Codes::Raw,
            success_codes: Vec::new(),
            max_rows: 1_000_000,
            order_gap_ms: 0,
        };
        read(text.as_bytes(), &options, |_| Ok(()), |_| ()).expect("a readable log").log
    }

    /// What always choosing a channel collects: of attempts as they were logged, and of orders.
    fn truth(&self, channel: usize) -> (f64, f64) {
        let mut by_order = 0.0;
        let (mut good, mut attempts) = (0.0, 0.0);
        for (card, country, weight) in payers() {
            let own = chance(card, country, channel);
            let shares = (self.choose)(card, country);
            let logged: f64 = (0..3).map(|at| shares[at] * chance(card, country, at)).sum();
            let (mut alive, mut alive_logged, mut collected) = (1.0, 1.0, 0.0);
            for _ in 0..self.tries {
                good += weight * alive_logged * own;
                attempts += weight * alive_logged;
                collected += alive * own;
                alive *= (1.0 - own) * self.again;
                alive_logged *= (1.0 - logged) * self.again;
            }
            by_order += weight * collected;
        }
        (good / attempts, by_order)
    }
}

fn always(log: &Log, channel: &str, seed: u64) -> (Part, f64) {
    let actions = Actions::of_log(log);
    let contexts = Contexts::of_log(log, &actions);
    let all = entries(log, &contexts, &actions, seed, |_| true);
    let shares = Propensities::fit(&all, &contexts, actions.len(), |_| true);
    let chances = Outcomes::fit(&all, &contexts, actions.len(), |_| true, true);
    let goes_on = Ground::goes_on(log, &actions);
    let ground = Ground {
        log,
        contexts: &contexts,
        actions: &actions,
        shares: &shares,
        chances: &chances,
        seed,
        clip: 50.0,
        goes_on,
    };
    let settings = Settings { seed, draws: 300, clip: 50.0, train_share: 0.5, policy: None };
    let action = actions.names.iter().position(|name| name == channel).expect("the channel is there");
    let part = whole_log(&ground, Policy::always(action, actions.len()), &settings);
    let own = log.attempts.iter().filter(|attempt| log.channels.get(attempt.channel) == channel);
    let naive = own.clone().filter(|attempt| attempt.succeeded()).count() as f64 / own.count() as f64;
    (part, naive)
}

#[derive(Default, Debug)]
struct Score {
    snips: usize,
    doubly: usize,
    doubly_error: f64,
    naive_error: f64,
    orders: usize,
}

fn judge(world: &World, channel: usize) -> Score {
    let (truth, truth_orders) = world.truth(channel);
    let mut score = Score::default();
    for seed in 0..SEEDS {
        let log = world.log(seed);
        let (part, naive) = always(&log, CHANNELS[channel], seed);
        let holds =
            |interval: crate::replay::Interval, truth: f64| interval.low <= truth && truth <= interval.high;
        let doubly = part.attempts.doubly_robust.expect("supported");
        score.snips += usize::from(holds(part.attempts.snips.expect("supported"), truth));
        score.doubly += usize::from(holds(doubly, truth));
        score.orders +=
            usize::from(part.orders.doubly_robust.is_some_and(|value| holds(value, truth_orders)));
        score.doubly_error += (doubly.value - truth).powi(2);
        score.naive_error += (naive - truth).powi(2);
    }
    score
}

const ENOUGH: usize = (SEEDS as usize * 90) / 100;

#[test]
fn intervals_hold_under_random_logging() {
    let score = judge(&World { orders: 1500, tries: 1, again: 0.0, choose: by_chance, said: false }, 2);
    assert!(score.snips >= ENOUGH && score.doubly >= ENOUGH && score.orders >= ENOUGH, "{score:?}");
}

#[test]
fn intervals_hold_under_skewed_logging_with_known_probabilities() {
    let score = judge(&World { orders: 2000, tries: 1, again: 0.0, choose: skewed, said: true }, 2);
    assert!(score.snips >= ENOUGH && score.doubly >= ENOUGH, "{score:?}");
}

#[test]
fn intervals_hold_under_skewed_logging_with_estimated_probabilities_and_naive_rates_mislead() {
    let score = judge(&World { orders: 2000, tries: 1, again: 0.0, choose: skewed, said: false }, 2);
    assert!(score.snips >= ENOUGH && score.doubly >= ENOUGH, "{score:?}");
    assert!(score.doubly_error * 2.0 < score.naive_error, "{score:?}");
}

#[test]
fn orders_with_retries_are_judged_right() {
    let score = judge(&World { orders: 1500, tries: 4, again: 0.6, choose: by_chance, said: false }, 1);
    assert!(score.orders >= ENOUGH && score.doubly >= ENOUGH, "{score:?}");
}
