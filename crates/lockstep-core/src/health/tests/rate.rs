//! The rate test's promise: false alarms at most as often as the threshold says, trouble found soon.

use proptest::prelude::*;

use super::*;

fn policy(usual_ppm: u32) -> HealthPolicy {
    HealthPolicy {
        usual_start_ppm: usual_ppm,
        usual_floor_ppm: usual_ppm,
        usual_ceiling_ppm: usual_ppm,
        ..HealthPolicy::default()
    }
}

fn until_alarm(policy: &HealthPolicy, permille: u64, seed: u64, longest: u64) -> u64 {
    let (mut test, mut coins) = (RateTest::new(policy), Coins(seed));
    let at = Timestamp::from_millis(0);
    (1..=longest).find(|_| test.feed(coins.hits(permille), false, at, policy)).unwrap_or(longest)
}

fn mean(policy: &HealthPolicy, permille: u64, runs: u64, longest: u64) -> u64 {
    (0..runs).map(|run| until_alarm(policy, permille, run * 7919 + 1, longest)).sum::<u64>() / runs
}

/// E[answers until a false alarm] ≥ threshold. Means of 150 runs scatter by about 8 %.
#[test]
fn false_alarms_are_as_rare_as_promised() {
    for usual in [50_000, 150_000] {
        let mean = mean(&policy(usual), u64::from(usual) / 1000, 150, 60_000);
        assert!(mean >= 9_000, "a false alarm every {mean} answers at {usual} ppm");
    }
}

/// Delays of the published table for a mixture with one false alarm in 10,000, with a generous margin.
#[test]
fn trouble_is_found_soon() {
    for (usual, permille, longest) in
        [(50_000, 200, 75), (50_000, 500, 15), (50_000, 950, 6), (150_000, 400, 60), (150_000, 970, 9)]
    {
        let mean = mean(&policy(usual), permille, 300, 10_000);
        assert!(mean <= longest, "{permille} permille over {usual} ppm takes {mean} answers");
    }
}

#[test]
fn the_usual_rate_is_learned_within_its_bounds() {
    let policy = HealthPolicy::default();
    let learned = |permille: u64, seed: u64| {
        let (mut test, mut coins) = (RateTest::new(&policy), Coins(seed));
        for _ in 0..5_000 {
            if test.feed(coins.hits(permille), false, Timestamp::from_millis(0), &policy) {
                test.restart(&policy);
            }
        }
        test.usual_ppm()
    };
    assert_eq!(learned(0, 1), policy.usual_floor_ppm);
    assert!((80_000..160_000).contains(&learned(120, 2)), "{}", learned(120, 2));
    assert!(learned(600, 3) <= policy.usual_ceiling_ppm);
}

/// A rise so slow that it could be learned as usual is found at the latest above the ceiling.
#[test]
fn slow_drift_is_seen() {
    let policy = HealthPolicy::default();
    let (mut test, mut coins) = (RateTest::new(&policy), Coins(11));
    let alarm = (0..60_000u64).find(|answer| {
        test.feed(coins.hits(30 + answer / 100), false, Timestamp::from_millis(0), &policy) && *answer > 2_000
    });
    let rate = alarm.map(|answer| 30 + answer / 100);
    assert!(rate.is_some_and(|permille| permille < 450), "found at {rate:?} permille");
}

#[test]
fn an_alarm_says_what_it_rests_on() {
    let mut watch = Watch::new();
    watch.healthy(20);
    let began = watch.now;
    watch.break_down("unionpay");
    let evidence = watch.told.iter().find_map(|event| match event.change {
        Change::TroubleFound { evidence } => Some(evidence),
        _ => None,
    });
    let run = evidence.unwrap().run;
    assert!(run.bad >= 3 && run.bad == run.of, "{run:?}");
    assert!(run.since.unwrap() > began && run.since.unwrap() < watch.now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes, in whatever order and at whatever rate: no panic, and never an alarm without a fault.
    #[test]
    fn no_alarm_without_a_fault(usual in 1_000u32..800_000, bits in prop::collection::vec(any::<bool>(), 0..600)) {
        let policy = policy(usual);
        let mut test = RateTest::new(&policy);
        for bad in bits {
            let alarm = test.feed(bad, false, Timestamp::from_millis(0), &policy);
            prop_assert!(!alarm || bad);
            if alarm {
                prop_assert!(test.run().bad > 0);
                test.restart(&policy);
            }
        }
    }
}
