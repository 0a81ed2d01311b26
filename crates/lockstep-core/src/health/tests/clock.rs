//! Clocks that jump, and whatever else may come: no panic, and nothing shut for longer than its pause.

use proptest::prelude::*;

use super::*;

#[test]
fn a_clock_that_goes_back_keeps_nothing_shut() {
    let mut watch = Watch::new();
    watch.healthy(10);
    for _ in 0..10 {
        watch.hear("wallet", None, News::Lost);
    }
    watch.break_down("unionpay");
    watch.now = watch.now.minus(Duration::from_secs(86_400));
    watch.book.advance(watch.now);
    assert_eq!(watch.book.probes_due(watch.now), [id("unionpay")]);
    for _ in 0..5 {
        watch.probe(true);
        watch.pass(1_000);
    }
    assert!(watch.share("unionpay", None) > 0);
    watch.pass(HealthPolicy::default().blind.pause_max_ms);
    assert!(watch.share("wallet", None) > 0);
    // And answers are heard again at once.
    for _ in 0..10 {
        watch.hear("bankdirect", None, News::Lost);
    }
    assert_eq!(watch.shut("bankdirect", None), Some(Scope::Channel));
}

#[derive(Debug, Clone)]
enum Step {
    Hear { channel: usize, issuer: usize, news: usize, sent_before_ms: u64, took_ms: Option<u64> },
    Probe { answered: bool },
    Move { ms: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4usize, 0..6usize, 0..6usize, 0..20_000u64, prop::option::of(0..20_000u64)).prop_map(
            |(channel, issuer, news, sent_before_ms, took_ms)| Step::Hear {
                channel, issuer, news, sent_before_ms, took_ms
            }
        ),
        1 => any::<bool>().prop_map(|answered| Step::Probe { answered }),
        1 => prop_oneof![-86_400_000..86_400_000i64, Just(i64::MAX), Just(i64::MIN)].prop_map(|ms| Step::Move { ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_panics_and_every_figure_stays_in_range(steps in prop::collection::vec(step(), 1..400)) {
        let mut watch = Watch::new();
        let channels = ["unionpay", "netsunion", "bankdirect", "wallet"];
        let news = [News::Alive, News::Taken, News::ChannelFault, News::IssuerFault, News::Lost, News::Nothing];
        for step in steps {
            match step {
                Step::Hear { channel, issuer, news: which, sent_before_ms, took_ms } => {
                    let signal = Signal {
                        channel: id(channels[channel]),
                        issuer: (issuer > 0).then(|| format!("BANK{issuer}")),
                        direction: if issuer % 2 == 0 { Direction::Collect } else { Direction::PayOut },
                        sent_at: watch.now.minus(Duration::from_millis(sent_before_ms)),
                        at: watch.now,
                        news: news[which],
                        took: took_ms.map(|ms| Took::Question { ms }),
                        outcome: (which != 5).then_some(which == 0),
                    };
                    watch.told.extend(watch.book.observe(&signal));
                }
                Step::Probe { answered } => {
                    watch.probe(answered);
                }
                Step::Move { ms } => {
                    let moved = watch.now.as_millis().saturating_add(ms);
                    watch.now = Timestamp::from_millis(moved);
                }
            }
            for channel in channels {
                let outlook = watch.book.outlook(&id(channel), Some("BANK1"), Direction::PayOut, watch.now);
                prop_assert!(outlook.chance_ppm <= 1_000_000 && outlook.spread_ppm <= 1_000_000);
            }
            let troubled = watch.book.troubled.iter();
            prop_assert!(troubled.clone().all(|place| !watch.book.is_closed(place)));
            watch.book.next_probe(watch.now, |_| false);
        }
        // Whatever was, a year of peace ends every pause.
        watch.now = watch.now.max(Timestamp::from_millis(0)).min(Timestamp::from_millis(4_000_000_000_000));
        watch.book.advance(watch.now);
        for _ in 0..200 {
            watch.pass(1_000);
            watch.probe(true);
        }
        for channel in channels {
            prop_assert!(watch.share(channel, Some("BANK1")) > 0);
        }
    }
}
