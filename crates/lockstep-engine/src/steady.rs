//! A clock that can't be set: it goes on with the monotonic clock and follows the wall clock slowly.
//!
//! Proofs rest on elapsed time ("not found" means something only when the channel's window has passed). Whoever sets the
//! machine's clock forward must not make a window pass early. Within one life of the process this clock sees to that.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lockstep_core::time::Timestamp;

/// The wall clock is followed by at most one part in so many: an hour in about eight days. While it follows one that is
/// ahead it runs fast, and a window counted by it would be over early by that much: see [`Steady::FAST_PPM`].
const SLEW: u32 = 200;

/// The state of such a clock.
#[derive(Debug, Default)]
pub struct Steady(Mutex<Option<State>>);

#[derive(Debug, Clone, Copy)]
struct State {
    time_us: i64,
    elapsed_us: i64,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Steady {
    /// How much faster than time it may go, in millionths. Who waits for a window by it has to wait longer by as much.
    pub const FAST_PPM: u32 = 1_000_000 / SLEW;

    /// The moment, from what the wall clock says and how much has elapsed on a monotonic one since some fixed moment. The
    /// first call believes the wall clock.
    pub fn now(&self, wall: Timestamp, elapsed: Duration) -> Timestamp {
        let (wall_us, elapsed_us) = (wall.as_millis().saturating_mul(1000), micros(elapsed));
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.unwrap_or(State { time_us: wall_us, elapsed_us });
        let passed = (elapsed_us - before.elapsed_us).max(0);
        let on = before.time_us.saturating_add(passed);
        let most = passed / i64::from(SLEW);
        let time_us = on.saturating_add(wall_us.saturating_sub(on).clamp(-most, most));
        *state = Some(State { time_us, elapsed_us: before.elapsed_us.max(elapsed_us) });
        Timestamp::from_millis(time_us / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_772_413_200_000;

    fn at(clock: &Steady, ahead_ms: i64, elapsed_s: u64) -> i64 {
        let elapsed = Duration::from_secs(elapsed_s);
        let true_ms = START + i64::try_from(elapsed.as_millis()).unwrap();
        clock.now(Timestamp::from_millis(true_ms + ahead_ms), elapsed).as_millis() - START
    }

    #[test]
    fn it_is_never_faster_than_it_says() {
        let clock = Steady::default();
        at(&clock, 0, 0);
        let passed = at(&clock, 3_600_000, 1_000);
        let most = 1_000_000 + i64::from(Steady::FAST_PPM);
        assert_eq!(passed, most, "1,000 s are {passed} ms by it");
    }

    #[test]
    fn a_clock_that_is_right_is_followed_to_the_millisecond() {
        let clock = Steady::default();
        for second in 0..100 {
            assert_eq!(at(&clock, 0, second), i64::try_from(second * 1000).unwrap());
        }
    }

    #[test]
    fn a_jump_forward_makes_no_window_pass_early() {
        let clock = Steady::default();
        assert_eq!(at(&clock, 0, 10), 10_000);
        let after = at(&clock, 900_000, 11);
        assert!((11_000..=11_005).contains(&after), "{after}");
        let later = at(&clock, 900_000, 611);
        assert!(
            (611_000..=614_010).contains(&later),
            "ten minutes are ten minutes and 3 seconds at most: {later}"
        );
    }

    #[test]
    fn a_jump_back_never_turns_time_back() {
        let clock = Steady::default();
        let mut last = at(&clock, 0, 0);
        for second in 1..5_000 {
            let now = at(&clock, -3_600_000, second);
            assert!(now >= last);
            last = now;
        }
        assert!((4_900_000..5_000_000).contains(&last), "it follows slowly: {last}");
    }

    #[test]
    fn what_was_set_is_reached_in_the_end() {
        let clock = Steady::default();
        at(&clock, 0, 0);
        assert_eq!(at(&clock, 60_000, 86_400), 86_400_000 + 60_000);
    }
}
