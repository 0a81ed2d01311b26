//! Breakers: none opens on a channel that never failed, and none stays open long after everything was healed.

use std::time::Duration;

use lockstep_core::health::{Place, Standing, StandingState};
use lockstep_sim::sandbox::{Rail, Truth};

use super::Evidence;
use crate::trace::Broken;

/// After healing and the end of its pause a breaker has to let at least a share through within this: probes come every
/// second or two, the longest pause is minutes, and a channel that sleeps does so for an hour.
const HEALS_WITHIN: Duration = Duration::from_secs(2 * 3600);

/// Judges the breakers as they stand at the end.
pub(super) fn judge(evidence: &Evidence<'_>, truth: &Truth) {
    let Some((now, report)) = &evidence.health else {
        let what = format_args!("the process is down at the end, and nobody could look at its breakers");
        return evidence.found(Broken::Stuck, "process", what);
    };
    let long_healed = evidence.now.since(evidence.swarm.heals_at()) > HEALS_WITHIN;
    for standing in &report.standings {
        let place = format!("{:?}", standing.place);
        if let StandingState::Open { until, .. } = standing.state
            && long_healed
            && now.since(until) > HEALS_WITHIN
        {
            let what =
                format_args!("its breaker is still open, {} s after its pause", now.since(until).as_secs());
            evidence.found(Broken::Stuck, &place, what);
        }
        if opened_on_the_healthy(evidence, standing, truth) {
            let words = standing.state.as_str();
            let what = format_args!("its breaker opened and is {words}; by the bank's books it never failed");
            evidence.found(Broken::Wrong, &place, what);
        }
    }
}

/// The breaker of a channel opened on which no fault ever struck, in a world where nothing of our own could look like
/// one. Without a single fault the test can raise no false alarm, whatever its rate: a declined card is none.
fn opened_on_the_healthy(evidence: &Evidence<'_>, standing: &Standing, truth: &Truth) -> bool {
    let Place::Channel(channel) = &standing.place else { return false };
    let Some(rail) = Rail::named(channel.as_str()) else { return false };
    let faulty =
        truth.faults.keys().any(|place| place.split_once('/').is_some_and(|(on, _)| on == rail.as_str()));
    standing.changed_at.is_some() && !faulty && !evidence.swarm.may_look_like_a_channels_fault()
}
