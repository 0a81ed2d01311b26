//! The figures that health is judged by, as data.

use serde::{Deserialize, Serialize};

/// Largest alarm threshold: the fixed-point sums stay far from overflowing below it.
const MAX_THRESHOLD: u32 = 100_000;

/// How trouble is found and how it heals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthPolicy {
    /// The rate test raises an alarm when its statistic reaches this. While nothing is wrong and the usual rate is
    /// known, that happens at most once in so many answers on average (Shiryaev–Roberts: the expected number of answers
    /// until then is at least the threshold).
    pub alarm_threshold: u32,
    /// Share of answers with a fault, in millionths, that is taken as usual before anything was learned.
    pub usual_start_ppm: u32,
    /// The usual rate is never learned to be lower: a single fault must stay unalarming.
    pub usual_floor_ppm: u32,
    /// The usual rate is never learned to be higher: more is trouble, however slowly it came.
    pub usual_ceiling_ppm: u32,
    /// Over how many answers the usual rate is learned.
    pub learn_over: u32,
    /// An answer is slow when it took longer than the channel's typical answer times this, in percent, …
    pub slow_factor_pct: u32,
    /// … and longer than typical plus this.
    pub slow_extra_ms: u64,
    /// An outcome that is still open after this counts as a fault; before, it is on its way.
    pub settling_s: u64,
    /// How channels heal that can be probed.
    pub probed: HealRules,
    /// How channels without a probe, issuers and cells heal: only real payments can tell.
    pub blind: HealRules,
    /// After so long without trouble the next trouble starts with the shortest pause again.
    pub calm_after_s: u64,
    /// About how many outcomes an estimated chance remembers.
    pub memory: u32,
    /// An outcome this old counts half.
    pub half_life_s: u64,
    /// Issuers kept per channel and in all; the one not heard of for longest makes room.
    pub max_issuers: usize,
}

/// How a breaker closes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealRules {
    /// Shortest time without traffic after a trouble; doubles each time the trouble comes back.
    pub pause_first_ms: u64,
    /// Longest such pause.
    pub pause_max_ms: u64,
    /// Share of the traffic let through first, in millionths.
    pub ramp_first_ppm: u32,
    /// The share doubles each time so much time has passed …
    pub ramp_step_ms: u64,
    /// … or so many good answers have come, whichever is more.
    pub ramp_step_good: u32,
    /// Good answers (probes count) before it is believed to have healed.
    pub proven_good: u32,
    /// The share doesn't grow beyond this before that, in millionths.
    pub unproven_max_ppm: u32,
}

impl Default for HealthPolicy {
    fn default() -> Self {
        Self {
            alarm_threshold: 10_000,
            usual_start_ppm: 50_000,
            usual_floor_ppm: 20_000,
            usual_ceiling_ppm: 250_000,
            learn_over: 1024,
            slow_factor_pct: 400,
            slow_extra_ms: 1_000,
            settling_s: 60,
            probed: HealRules {
                pause_first_ms: 1_000,
                pause_max_ms: 60_000,
                ramp_first_ppm: 100_000,
                ramp_step_ms: 1_000,
                ramp_step_good: 3,
                proven_good: 3,
                unproven_max_ppm: 500_000,
            },
            blind: HealRules {
                pause_first_ms: 10_000,
                pause_max_ms: 120_000,
                ramp_first_ppm: 20_000,
                ramp_step_ms: 5_000,
                ramp_step_good: 1,
                proven_good: 5,
                unproven_max_ppm: 250_000,
            },
            calm_after_s: 600,
            memory: 256,
            half_life_s: 21_600,
            max_issuers: 256,
        }
    }
}

impl HealthPolicy {
    /// What can't work, each as one sentence naming the field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |wrong: bool, text: &str| {
            if wrong {
                problems.push(format!("health: {text}"));
            }
        };
        let threshold = 2..=MAX_THRESHOLD;
        check(!threshold.contains(&self.alarm_threshold), "alarm_threshold must be between 2 and 100000");
        check(self.usual_floor_ppm < 1_000, "usual_floor_ppm must be at least 1000 (0.1 %)");
        check(self.usual_ceiling_ppm > 800_000, "usual_ceiling_ppm must be at most 800000 (80 %)");
        let ordered =
            self.usual_floor_ppm <= self.usual_start_ppm && self.usual_start_ppm <= self.usual_ceiling_ppm;
        check(!ordered, "need usual_floor_ppm ≤ usual_start_ppm ≤ usual_ceiling_ppm");
        check(self.learn_over < 16, "learn_over must be at least 16");
        check(self.slow_factor_pct < 150, "slow_factor_pct must be at least 150");
        check(!(16..=1_000_000).contains(&self.memory), "memory must be between 16 and 1000000");
        check(self.half_life_s == 0, "half_life_s must be greater than zero");
        check(!(1..=100_000).contains(&self.max_issuers), "max_issuers must be between 1 and 100000");
        for (name, rules) in [("probed", &self.probed), ("blind", &self.blind)] {
            problems.extend(rules.problems().into_iter().map(|text| format!("health.{name}: {text}")));
        }
        problems
    }
}

impl HealRules {
    fn problems(&self) -> Vec<&'static str> {
        let share = 1..=1_000_000;
        let checks = [
            (self.pause_first_ms == 0, "pause_first_ms must be greater than zero"),
            (self.pause_max_ms < self.pause_first_ms, "pause_max_ms must not be shorter than pause_first_ms"),
            (!share.contains(&self.ramp_first_ppm), "ramp_first_ppm must be between 1 and 1000000"),
            (self.ramp_step_ms == 0, "ramp_step_ms must be greater than zero"),
            (self.ramp_step_good == 0, "ramp_step_good must be greater than zero"),
            (self.proven_good == 0, "proven_good must be greater than zero"),
            (
                self.unproven_max_ppm < self.ramp_first_ppm || self.unproven_max_ppm > 1_000_000,
                "unproven_max_ppm must be between ramp_first_ppm and 1000000",
            ),
        ];
        checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text).collect()
    }

    /// The pause after the trouble has come for the `trips`-th time in a row.
    pub(super) fn pause_ms(&self, trips: u32) -> u64 {
        let doublings = trips.saturating_sub(1).min(32);
        self.pause_first_ms.saturating_mul(1 << doublings).min(self.pause_max_ms)
    }
}
