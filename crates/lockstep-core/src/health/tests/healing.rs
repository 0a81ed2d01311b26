//! Closed → open → half open → closed.

use super::*;

#[test]
fn a_healed_channel_has_its_share_back_within_ten_seconds() {
    let mut watch = Watch::new();
    watch.healthy(20);
    watch.break_down("unionpay");
    for _ in 0..600 {
        watch.probe(false);
        watch.pass(1_000);
    }
    assert_eq!(watch.shut("unionpay", None), Some(Scope::Channel), "silent probes keep it shut");
    let healed_at = watch.now;
    let mut shares = Vec::new();
    while watch.share("unionpay", Some("ICBC")) < 1_000_000 {
        watch.probe(true);
        watch.pass(500);
        shares.push(watch.share("unionpay", Some("ICBC")));
        if *shares.last().unwrap() > 0 {
            watch.hear("unionpay", Some("ICBC"), News::Alive);
        }
        assert!(watch.now.since(healed_at) <= Duration::from_secs(10), "{shares:?}");
    }
    assert!(shares.is_sorted() && shares.iter().any(|share| (1..1_000_000).contains(share)), "{shares:?}");
    let changes: Vec<_> = watch.told.iter().map(|event| std::mem::discriminant(&event.change)).collect();
    let expected = [
        Change::TroubleFound { evidence: Evidence { run: Run::default(), usual_ppm: 0 } },
        Change::Opened { pause_ms: 0 },
        Change::HalfOpened,
        Change::Healed { since: healed_at },
    ];
    assert_eq!(changes, expected.map(|change| std::mem::discriminant(&change)));
    assert_eq!(watch.book.probes_due(watch.now.plus(Duration::from_secs(60))), Vec::new());
    assert_eq!(watch.book.next_turn(), None);
}

#[test]
fn probes_keep_their_distance_and_stop_during_maintenance() {
    let mut watch = Watch::new();
    watch.healthy(5);
    watch.break_down("unionpay");
    assert_eq!(watch.probe(false), 1);
    watch.pass(900);
    assert_eq!(watch.probe(false), 0);
    watch.pass(100);
    assert_eq!(watch.probe(false), 1);
    let closure =
        crate::channel::Closure { from: watch.now, until: watch.now.plus(Duration::from_secs(3600)) };
    let health = watch.book.channels.get_mut(&id("unionpay")).unwrap();
    health.probing.hours.as_mut().unwrap().maintenance = vec![closure];
    watch.pass(2_000);
    assert_eq!(watch.probe(false), 0);
    assert_eq!(watch.book.next_probe(watch.now, |_| false), Some(closure.until));
    assert_eq!(watch.book.next_probe(watch.now, |channel| *channel == id("unionpay")), None);
}

#[test]
fn a_fault_in_half_open_shuts_again_and_the_pause_grows_to_its_cap() {
    let mut watch = Watch::new();
    watch.healthy(10);
    // `wallet` takes no probes: only time and real payments can tell.
    while watch.shut("wallet", None).is_none() {
        watch.hear("wallet", None, News::Lost);
    }
    let rules = HealthPolicy::default().blind;
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let shut_at = watch.now;
        while watch.shut("wallet", None).is_some() {
            watch.pass(500);
        }
        pauses.push(watch.now.since(shut_at).as_secs());
        assert_eq!(watch.share("wallet", None), rules.ramp_first_ppm, "tiny at first");
        watch.hear("wallet", None, News::Lost);
        assert_eq!(watch.shut("wallet", None), Some(Scope::Channel));
    }
    assert_eq!(pauses, [10, 20, 40, 80, 120, 120, 120]);
}

#[test]
fn without_a_probe_time_alone_never_gives_all_of_the_traffic_back() {
    let mut watch = Watch::new();
    for _ in 0..10 {
        watch.hear("wallet", None, News::Lost);
    }
    watch.pass(3_600_000);
    let policy = HealthPolicy::default();
    assert_eq!(watch.share("wallet", None), policy.blind.unproven_max_ppm);
    for _ in 0..policy.blind.proven_good {
        watch.hear("wallet", None, News::Alive);
    }
    assert_eq!(watch.gate("wallet", None), Gate::Open);
    assert!(matches!(watch.told.last().unwrap().change, Change::Healed { .. }));
}

#[test]
fn a_stray_fault_among_many_good_answers_does_not_shut_again() {
    let mut watch = Watch::new();
    for _ in 0..10 {
        watch.hear("wallet", None, News::Lost);
    }
    watch.pass(10_000);
    // Enough to stand against one fault, with a share that isn't complete yet.
    let slow = HealthPolicy {
        blind: HealRules { ramp_step_good: 100, ..HealthPolicy::default().blind },
        ..HealthPolicy::default()
    };
    watch.book.policy = slow;
    for _ in 0..10 {
        watch.hear("wallet", None, News::Alive);
    }
    watch.hear("wallet", None, News::Lost);
    assert_eq!(watch.shut("wallet", None), None);
    watch.hear("wallet", None, News::Lost);
    assert_eq!(watch.shut("wallet", None), Some(Scope::Channel));
}

/// What was sent before or during the outage and times out later must not shut the healed channel again.
#[test]
fn late_answers_of_the_outage_say_nothing_about_now() {
    let mut watch = Watch::new();
    watch.healthy(20);
    let sent_then = watch.now;
    watch.break_down("unionpay");
    watch.pass(1_000);
    for _ in 0..6 {
        watch.probe(true);
        watch.pass(1_000);
    }
    assert!(watch.share("unionpay", None) > 0);
    for _ in 0..64 {
        watch.hear_of("unionpay", Some("ICBC"), News::Lost, sent_then);
    }
    assert_eq!(watch.shut("unionpay", None), None);
    watch.pass(10_000);
    watch.probe(true);
    assert_eq!(watch.gate("unionpay", None), Gate::Open);
    for _ in 0..64 {
        watch.hear_of("unionpay", Some("ICBC"), News::Lost, sent_then);
    }
    assert_eq!(watch.gate("unionpay", None), Gate::Open);
}

/// Payments to a channel that goes up and down: each round costs less, because the pauses grow.
#[test]
fn a_flapping_channel_gets_less_and_less() {
    let mut watch = Watch::new();
    watch.healthy(20);
    let mut lost = Vec::new();
    let began = watch.now;
    for round in 0..8 {
        let mut lost_now = 0;
        for second in 0..40 {
            let up = second < 20;
            watch.probe(up);
            for issuer in ["ICBC", "ABC", "BOC", "CCB"] {
                if watch.coins.below(1_000_000) < u64::from(watch.share("unionpay", Some(issuer))) {
                    lost_now += u32::from(!up);
                    watch.hear("unionpay", Some(issuer), if up { News::Alive } else { News::Lost });
                }
            }
            watch.now = began.plus(Duration::from_secs(round * 40 + second + 1));
        }
        lost.push(lost_now);
    }
    assert!(lost.iter().sum::<u32>() <= 30, "{lost:?}");
    assert!(lost.iter().skip(1).all(|count| *count <= 8), "{lost:?}");
}

/// The channel answers probes and loses every payment: good probes must not give the traffic back each time.
#[test]
fn probes_that_mislead_are_not_believed_for_long() {
    let mut watch = Watch::new();
    watch.healthy(20);
    let mut under_way: Vec<(Timestamp, &str)> = Vec::new();
    let mut sent = Vec::new();
    let began = watch.now;
    for second in 0..600u64 {
        watch.now = began.plus(Duration::from_secs(second));
        watch.probe(true);
        for (at, issuer) in
            under_way.extract_if(.., |(at, _)| watch.now.since(*at).as_secs() >= 8).collect::<Vec<_>>()
        {
            watch.hear_of("unionpay", Some(issuer), News::Lost, at);
        }
        for issuer in ["ICBC", "ABC", "BOC", "CCB"] {
            if watch.coins.below(1_000_000) < u64::from(watch.share("unionpay", Some(issuer))) {
                under_way.push((watch.now, issuer));
                sent.push(second);
            }
        }
    }
    let later = sent.iter().filter(|second| **second >= 120).count();
    assert!(later <= 96, "{later} of 1920 payments went to a channel that loses them all");
}

#[test]
fn a_channel_that_slows_down_is_found_before_it_dies() {
    let mut watch = Watch::new();
    let answer = |watch: &mut Watch, issuer: &str, ms: u64| {
        watch.pass(ms);
        let signal = Signal {
            channel: id("unionpay"),
            issuer: Some(issuer.to_owned()),
            direction: Direction::Collect,
            sent_at: watch.now.minus(Duration::from_millis(ms)),
            at: watch.now,
            news: News::Alive,
            took: Some(Took::Order { ms }),
            outcome: Some(true),
        };
        watch.told.extend(watch.book.observe(&signal));
    };
    for round in 0..200 {
        answer(&mut watch, ["ICBC", "ABC", "BOC"][round % 3], 150 + 37 * (round as u64 % 7));
    }
    assert_eq!(watch.opened(), Vec::new());
    let typical = watch.book.report(watch.now).standings[2].typical_ms;
    for round in 0..9 {
        if watch.opened().is_empty() {
            answer(&mut watch, ["ICBC", "ABC", "BOC"][round % 3], 6_000);
        }
    }
    assert_eq!(watch.opened(), [Place::Channel(id("unionpay"))], "typical {typical:?}");
    let slow = watch.told.iter().find_map(|event| match event.change {
        Change::TroubleFound { evidence } => Some(evidence.run.slow),
        _ => None,
    });
    assert!(slow.unwrap() >= 3);
    // Probes that are as slow don't bring it back, though no question was ever asked before.
    for _ in 0..60 {
        let (sent_at, channel) = (watch.now, id("unionpay"));
        watch.pass(6_000);
        watch.told.extend(watch.book.probed(&channel, true, sent_at, watch.now));
        assert_eq!(watch.shut("unionpay", None), Some(Scope::Channel));
    }
    for _ in 0..3 {
        watch.probe(true);
        watch.pass(1_000);
    }
    assert!(watch.share("unionpay", None) > 0);
}
