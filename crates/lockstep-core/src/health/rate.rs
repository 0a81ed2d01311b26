//! The rate test: has the share of faults risen, and how sure is that?
//!
//! A Shiryaev–Roberts statistic, mixed over nine rates that the trouble might have (0.1 … 0.9), in fixed point. Each
//! sum goes `R ← (1 + R) · likelihood ratio`; while nothing is wrong `R − answers` is a martingale, so the mean time to
//! a false alarm is at least the threshold, whatever the true rate of a trouble may be. A count of failures has no such
//! promise: it alarms sooner or later on a healthy channel with much traffic.

use super::policy::HealthPolicy;
use crate::time::Timestamp;

/// The rates a trouble might have, in millionths.
const GRID: [u32; 9] = [100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000];
/// The fixed-point one.
const ONE: u64 = 1 << 20;
const MILLION: u32 = 1_000_000;
/// Below this the statistic says that nothing is going on; what raised it before is over.
const QUIET: u64 = 8 * ONE;
/// The usual rate is learned only while the statistic is below the threshold divided by this: a trouble that is about
/// to be found must not be learned as usual. It must not be lower: learning from good stretches only would make the
/// usual rate look better than it is, and false alarms frequent.
const LEARN_BELOW: u64 = 2;
/// The first answers teach faster, as if so many had been seen before.
const PRIOR: u32 = 128;

/// The test of one stream of answers.
#[derive(Debug, Clone)]
pub struct RateTest {
    sums: [u64; 9],
    usual_ppm: u32,
    seen: u32,
    run: Run,
}

/// The answers since the statistic last was quiet: what an alarm rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Run {
    /// Answers.
    pub of: u32,
    /// Faults among them, slow answers included.
    pub bad: u32,
    /// Slow answers among those.
    pub slow: u32,
    /// When the first of them came.
    pub since: Option<Timestamp>,
}

impl RateTest {
    /// A test that has seen nothing.
    pub fn new(policy: &HealthPolicy) -> Self {
        Self { sums: [0; 9], usual_ppm: policy.usual_start_ppm, seen: 0, run: Run::default() }
    }

    /// Takes one answer. `true` when the alarm is raised: the statistic has reached the threshold.
    pub fn feed(&mut self, bad: bool, slow: bool, at: Timestamp, policy: &HealthPolicy) -> bool {
        let statistic = self.step(bad, slow, at, policy);
        if statistic < u64::from(policy.alarm_threshold) * ONE / LEARN_BELOW {
            self.learn(bad, policy);
        }
        statistic >= u64::from(policy.alarm_threshold) * ONE
    }

    /// Goes through answers again that were counted before, without those that turned out to say nothing: bad, slow, and
    /// when each came. Nothing is learned from them twice, and the next new answer raises the alarm, if any does.
    pub fn judge_anew(
        &mut self,
        answers: impl Iterator<Item = (bool, bool, Timestamp)>,
        policy: &HealthPolicy,
    ) {
        self.forgive();
        for (bad, slow, at) in answers {
            self.step(bad, slow, at, policy);
        }
    }

    fn step(&mut self, bad: bool, slow: bool, at: Timestamp, policy: &HealthPolicy) -> u64 {
        for (sum, rate) in self.sums.iter_mut().zip(GRID) {
            *sum = stepped(*sum, rate, self.usual_ppm, bad, policy.alarm_threshold);
        }
        let statistic = self.statistic();
        if statistic < QUIET {
            self.run = Run::default();
        } else {
            self.run.of = self.run.of.saturating_add(1);
            self.run.bad = self.run.bad.saturating_add(u32::from(bad));
            self.run.slow = self.run.slow.saturating_add(u32::from(slow));
            self.run.since.get_or_insert(at);
        }
        statistic
    }

    /// The mean over the rates that are above the usual one.
    fn statistic(&self) -> u64 {
        let above = GRID.iter().filter(|rate| **rate > self.usual_ppm).count();
        let above = u64::try_from(above).unwrap_or(1).max(1);
        self.sums.iter().sum::<u64>() / above
    }

    fn learn(&mut self, bad: bool, policy: &HealthPolicy) {
        self.seen = self.seen.saturating_add(1);
        let over = i64::from(self.seen.saturating_add(PRIOR).min(policy.learn_over));
        let was = i64::from(self.usual_ppm);
        let moved = was + (i64::from(u32::from(bad) * MILLION) - was) / over;
        let bounds = (i64::from(policy.usual_floor_ppm), i64::from(policy.usual_ceiling_ppm));
        self.usual_ppm = u32::try_from(moved.clamp(bounds.0, bounds.1)).unwrap_or(policy.usual_start_ppm);
    }

    /// Begins anew after a trouble. A trouble that was mild tells that the usual rate had been thought too low;
    /// otherwise the same alarm would come for ever.
    pub fn restart(&mut self, policy: &HealthPolicy) {
        let rate = self.run.rate_ppm();
        if rate < policy.usual_ceiling_ppm.saturating_mul(3) / 2 {
            self.usual_ppm = self.usual_ppm.max(rate / 4 * 3).min(policy.usual_ceiling_ppm);
        }
        self.forgive();
    }

    /// Takes back all suspicion: what raised it turned out to be somebody else's fault.
    pub fn forgive(&mut self) {
        self.sums = [0; 9];
        self.run = Run::default();
    }

    /// Keeps half of the suspicion: the alarm may have been somebody else's fault, and if it wasn't, little more is
    /// needed to raise it again.
    pub fn doubt(&mut self) {
        self.sums.iter_mut().for_each(|sum| *sum /= 2);
    }

    /// Share of faults taken as usual, in millionths.
    pub fn usual_ppm(&self) -> u32 {
        self.usual_ppm
    }

    /// What an alarm would rest on now.
    pub fn run(&self) -> Run {
        self.run
    }
}

impl Run {
    /// Share of faults in it, in millionths.
    pub fn rate_ppm(&self) -> u32 {
        let rate = u64::from(self.bad) * u64::from(MILLION) / u64::from(self.of.max(1));
        u32::try_from(rate).unwrap_or(MILLION)
    }
}

/// One step of one sum. Rounds down, so that false alarms become rarer, never more frequent.
fn stepped(sum: u64, rate: u32, usual: u32, bad: bool, threshold: u32) -> u64 {
    if rate <= usual {
        return 0;
    }
    let (above, below) = if bad { (rate, usual) } else { (MILLION - rate, MILLION - usual) };
    // Sixteen thresholds are enough for one of nine sums to raise the alarm alone.
    let cap = u64::from(threshold).saturating_mul(16).saturating_mul(ONE);
    ((sum + ONE).saturating_mul(u64::from(above)) / u64::from(below.max(1))).min(cap)
}
