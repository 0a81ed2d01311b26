//! When and how often to try again, as data. Part of the configuration file.

use serde::{Deserialize, Serialize};

use super::card_scheme::SchemeRule;
use crate::payment::route::RoutePolicy;
use crate::time::Zone;

/// When and how often to try again. Configuration of the installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// Attempts of one payment that may reach a channel.
    pub max_attempts: u16,
    /// From the due moment (or acceptance, if later) to the last moment at which an attempt may open.
    pub window_s: u64,
    /// The zone of every minute and day here.
    pub zone: Zone,
    /// Minute of the day at which tries planned for "the next day" begin; never in the night.
    pub day_starts_minute: u16,
    /// Such tries are spread over this many seconds.
    pub spread_s: u64,
    /// Declined debits of one instrument on one day, over all payments, after which tries again wait for the next
    /// day. First attempts never wait.
    pub declines_per_day: u16,
    /// When an account that was empty is tried again.
    pub no_funds: FundsPolicy,
    /// How many tries again a technical trouble may cause.
    pub storm: StormPolicy,
    /// What the card schemes allow; by the scheme of the card, where its number tells.
    pub card_schemes: Vec<SchemeRule>,
    /// How channels are chosen where the rules leave a choice.
    pub route: RoutePolicy,
}

/// When an account that was empty is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FundsPolicy {
    /// Minutes of the day shortly before which money usually arrives, the likeliest first. What is believed
    /// before anything was seen.
    pub slots_minute: Vec<u16>,
    /// First and last minute of the day at which an account may be tried again: never in the night.
    pub earliest_minute: u16,
    /// See `earliest_minute`.
    pub latest_minute: u16,
    /// Days of the month on which wages are often paid; 31 is the last day of every month.
    pub pay_days: Vec<u8>,
    /// How likely money arrives on such a day, in percent of another day.
    pub pay_day_pct: u32,
    /// Chance that an empty account is filled on the second day, in percent; it falls slowly from there.
    pub fills_per_day_pct: u32,
    /// How long money stays on the account, on average.
    pub stays_s: u64,
    /// Share of tries, in percent, that are moved to another hour of their day, to learn whether money arrives
    /// at other times than believed.
    pub explore_pct: u32,
    /// Shortest pause before an account that may be empty is tried again.
    pub pause_s: u64,
}

/// How many tries again a technical trouble may cause, over all payments. A retry that finds none left waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StormPolicy {
    /// Tries again after a technical failure, in percent of the first attempts of the same time, in all and on the
    /// channel that failed.
    pub share_pct: u32,
    /// The time over which both are counted.
    pub over_s: u64,
    /// So many are always free in that time, so that a small lender need not wait for its share.
    pub free: u32,
    /// Shortest wait of one that finds none left; up to as much again is added by chance.
    pub wait_s: u64,
}

impl Default for RetryPolicy {
    /// Eight attempts in ten days, from 10:00 Shanghai time, spread over half an hour; four declines a day.
    fn default() -> Self {
        Self {
            max_attempts: 8,
            window_s: 10 * 86_400,
            zone: Zone::shanghai().clone(),
            day_starts_minute: 600,
            spread_s: 1800,
            declines_per_day: 4,
            no_funds: FundsPolicy::default(),
            storm: StormPolicy::default(),
            card_schemes: SchemeRule::published(),
            route: RoutePolicy::default(),
        }
    }
}

impl Default for FundsPolicy {
    /// Shortly after the salary hour and in the early evening, between 08:30 and 20:30. Half of the money is believed
    /// to arrive in the hour before a slot. CFPB: about 70 % of failed debits fail again within days; three days
    /// of stay are an assumption.
    fn default() -> Self {
        Self {
            slots_minute: vec![630, 1110],
            earliest_minute: 510,
            latest_minute: 1230,
            pay_days: vec![1, 5, 10, 15, 20, 25, 31],
            pay_day_pct: 130,
            fills_per_day_pct: 18,
            stays_s: 3 * 86_400,
            explore_pct: 5,
            pause_s: 3 * 3600,
        }
    }
}

impl Default for StormPolicy {
    /// A fifth of the first attempts of ten minutes, and twenty in any case.
    fn default() -> Self {
        Self { share_pct: 20, over_s: 600, free: 20, wait_s: 600 }
    }
}

impl RetryPolicy {
    /// Wrong or dangerous configuration, each as one sentence naming the field and the fix.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |wrong: bool, text: &str| {
            if wrong {
                problems.push(format!("retry.{text}"));
            }
        };
        let funds = &self.no_funds;
        check(self.max_attempts == 0, "max_attempts must be at least 1");
        check(self.max_attempts > 60, "max_attempts must be at most 60");
        check(
            !(3600..=60 * 86_400).contains(&self.window_s),
            "window_s must be between 3600 (an hour) and 5184000 (60 days)",
        );
        check(self.day_starts_minute > 1439, "day_starts_minute must be at most 1439");
        check(self.spread_s > 6 * 3600, "spread_s must be at most 21600 (six hours)");
        check(self.declines_per_day == 0, "declines_per_day must be at least 1");
        check(
            funds.slots_minute.is_empty(),
            "no_funds.slots_minute is empty; name at least one minute of the day",
        );
        check(
            funds.earliest_minute >= funds.latest_minute || funds.latest_minute > 1439,
            "no_funds: need earliest_minute < latest_minute ≤ 1439",
        );
        let by_day = funds.earliest_minute..=funds.latest_minute;
        check(
            funds.slots_minute.iter().any(|slot| !by_day.contains(slot)),
            "no_funds.slots_minute must lie between earliest_minute and latest_minute",
        );
        check(
            funds.latest_minute.saturating_sub(funds.earliest_minute) < 60,
            "no_funds.latest_minute must be at least an hour after earliest_minute",
        );
        check(
            funds.pay_days.iter().any(|day| !(1..=31).contains(day)),
            "no_funds.pay_days are days of the month, 1 to 31 (31: the last day)",
        );
        check(!(10..=1000).contains(&funds.pay_day_pct), "no_funds.pay_day_pct must be between 10 and 1000");
        check(
            !(1..=100).contains(&funds.fills_per_day_pct),
            "no_funds.fills_per_day_pct must be between 1 and 100",
        );
        check(
            !(3600..=60 * 86_400).contains(&funds.stays_s),
            "no_funds.stays_s must be between 3600 and 5184000",
        );
        check(funds.explore_pct > 50, "no_funds.explore_pct must be at most 50");
        check(funds.pause_s > 86_400, "no_funds.pause_s must be at most 86400");
        check(self.storm.share_pct > 100, "storm.share_pct must be at most 100");
        check(!(60..=86_400).contains(&self.storm.over_s), "storm.over_s must be between 60 and 86400");
        check(!(1..=86_400).contains(&self.storm.wait_s), "storm.wait_s must be between 1 and 86400");
        for rule in &self.card_schemes {
            check(
                rule.caps.iter().any(|cap| cap.declines == 0 || cap.within_s == 0),
                "card_schemes.caps: declines and within_s must be greater than zero",
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_sound_and_every_mistake_names_its_field() {
        assert_eq!(RetryPolicy::default().problems(), Vec::<String>::new());
        type Spoil = fn(&mut RetryPolicy);
        let wrong: [(&str, Spoil); 12] = [
            ("max_attempts", |policy| policy.max_attempts = 0),
            ("window_s", |policy| policy.window_s = 0),
            ("day_starts_minute", |policy| policy.day_starts_minute = 1440),
            ("spread_s", |policy| policy.spread_s = 86_400),
            ("declines_per_day", |policy| policy.declines_per_day = 0),
            ("no_funds.slots_minute", |policy| policy.no_funds.slots_minute.clear()),
            ("no_funds.slots_minute", |policy| policy.no_funds.slots_minute.push(120)),
            ("earliest_minute", |policy| policy.no_funds.latest_minute = 400),
            ("no_funds.pay_days", |policy| policy.no_funds.pay_days.push(32)),
            ("no_funds.stays_s", |policy| policy.no_funds.stays_s = 0),
            ("storm.over_s", |policy| policy.storm.over_s = 0),
            ("card_schemes.caps", |policy| policy.card_schemes[0].caps[0].declines = 0),
        ];
        for (field, spoil) in wrong {
            let mut policy = RetryPolicy::default();
            spoil(&mut policy);
            let problems = policy.problems().join("\n");
            assert!(problems.contains(field), "{field}: {problems}");
        }
    }
}
