//! The routers against the published toy check: three gateways of .95, .93 and .90, thirty thousand payments, the first
//! gateway broken for the middle ten thousand, instant feedback.

use super::super::draw::{For, Stream};
use super::super::policy::{DecisionEngine, Router, Variant};
use super::super::truth::Said;

const PAYMENTS: usize = 30_000;
const RATES: [f64; 3] = [0.95, 0.93, 0.90];
const SEEDS: u64 = 12;
/// Five payments a second.
const STEP_MS: i64 = 200;

struct Toy {
    /// Share of payments that went through.
    success: f64,
    /// Failures on the broken gateway while it was broken.
    failures: f64,
    /// Payments after healing until it has had a hundred again.
    back_after: f64,
}

/// `works` is what the first gateway keeps of its success in the middle third.
fn toy(variant: Variant, works: f64) -> Toy {
    let mut sum = Toy { success: 0.0, failures: 0.0, back_after: 0.0 };
    for seed in 0..SEEDS {
        let (mut router, mut choice) =
            (DecisionEngine::new(3, variant), Stream::new(seed, For::Choice, &[0]));
        let mut luck = Stream::new(seed, For::Works, &[0]);
        let (mut after_healing, mut back) = (0, None);
        for payment in 0..PAYMENTS {
            let now = payment as i64 * STEP_MS;
            let broken = (10_000..20_000).contains(&payment);
            let gateway = router.choose(&[0, 1, 2], now, &mut choice);
            router.started(gateway, now);
            let rate = if broken && gateway == 0 { works } else { RATES[gateway] };
            let good = luck.unit() < rate;
            router.finished(gateway, if good { Said::Success } else { Said::DoNotHonour }, now, now);
            sum.success += f64::from(u8::from(good));
            sum.failures += f64::from(u8::from(broken && gateway == 0 && !good));
            if payment >= 20_000 && gateway == 0 {
                after_healing += 1;
                if after_healing == 100 {
                    back = Some(payment - 20_000);
                }
            }
        }
        sum.back_after += back.unwrap_or(10_000) as f64;
    }
    let seeds = SEEDS as f64;
    Toy {
        success: sum.success / seeds / PAYMENTS as f64,
        failures: sum.failures / seeds,
        back_after: sum.back_after / seeds,
    }
}

fn near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{what}: {got} instead of {expected}");
}

#[test]
fn greedy_never_comes_back() {
    let dead = toy(Variant::COMPOSE, 0.0);
    near("success", dead.success, 0.9347, 0.003);
    near("failures", dead.failures, 14.0, 8.0);
    assert!(dead.back_after > 7_500.0, "{}", dead.back_after);
}

#[test]
fn hedging_is_blind_to_outages() {
    let dead = toy(Variant::ONECLICK, 0.0);
    near("success", dead.success, 0.9281, 0.002);
    near("failures", dead.failures, 253.0, 25.0);
    near("back after", dead.back_after, 3_874.0, 500.0);
    near("at 60 %", toy(Variant::ONECLICK, 0.6).success, 0.9333, 0.003);
}

#[test]
fn the_reset_brings_a_healed_gateway_back_sooner() {
    let dead = toy(Variant { reset: true, ..Variant::ONECLICK }, 0.0);
    near("success", dead.success, 0.9289, 0.002);
    near("failures", dead.failures, 254.0, 25.0);
    near("back after", dead.back_after, 832.0, 350.0);
}

#[test]
fn elimination_at_volume_cancels_itself_out() {
    let variant = Variant { eliminate_below: Some(0.35), ..Variant::ONECLICK };
    let dead = toy(variant, 0.0);
    near("success", dead.success, 0.9281, 0.004);
    near("failures", dead.failures, 260.0, 60.0);
}
