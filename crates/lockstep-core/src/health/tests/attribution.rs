//! Whose fault: a channel's, an issuer's, or one issuer's on one channel.

use super::*;

const ISSUERS: [&str; 5] = ["ICBC", "ABC", "BOC", "CCB", "CMB"];
const CHANNELS: [&str; 3] = ["unionpay", "netsunion", "bankdirect"];

/// Traffic at random, with 2 % of losses everywhere, and more where `bad` says so, until something opens.
fn until_opened(watch: &mut Watch, most: usize, bad: impl Fn(&str, &str) -> u64) -> usize {
    for answers in 0..most {
        let channel = CHANNELS[usize::try_from(watch.coins.below(3)).unwrap()];
        let issuer = ISSUERS[usize::try_from(watch.coins.below(5)).unwrap()];
        if watch.shut(channel, Some(issuer)).is_some() {
            continue;
        }
        let lost = watch.coins.hits(bad(channel, issuer).max(20));
        watch.hear(channel, Some(issuer), if lost { News::Lost } else { News::Alive });
        if !watch.opened().is_empty() {
            return answers;
        }
    }
    most
}

fn seeded(seed: u64) -> Watch {
    let mut watch = Watch { coins: Coins(seed), ..Watch::new() };
    watch.healthy(10);
    watch
}

#[test]
fn a_channels_outage_is_not_blamed_on_its_issuers() {
    let mut others = 0;
    for seed in 0..40 {
        let mut watch = seeded(seed);
        until_opened(&mut watch, 400, |channel, _| if channel == "unionpay" { 950 } else { 0 });
        others += usize::from(watch.opened()[0] != Place::Channel(id("unionpay")));
        if watch.shut("unionpay", None).is_some() {
            assert_eq!(watch.shut("netsunion", Some("ICBC")), None);
        }
    }
    assert!(others <= 2, "{others} of 40 were put down to someone else first");
}

#[test]
fn an_issuers_outage_shuts_no_channel() {
    for seed in 0..40 {
        let mut watch = seeded(seed);
        for _ in 0..1500 {
            let channel = CHANNELS[usize::try_from(watch.coins.below(3)).unwrap()];
            let issuer = ISSUERS[usize::try_from(watch.coins.below(5)).unwrap()];
            if watch.shut(channel, Some(issuer)).is_none() {
                let news = if issuer == "ICBC" { News::Lost } else { News::Alive };
                watch.hear(channel, Some(issuer), news);
            }
            for channel in CHANNELS {
                assert_ne!(watch.shut(channel, Some("CMB")), Some(Scope::Channel), "seed {seed}");
            }
        }
        assert!(
            watch.told.iter().any(|event| event.place == Place::Issuer("ICBC".to_owned())),
            "seed {seed}"
        );
    }
}

#[test]
fn an_issuers_own_code_blames_the_issuer_alone() {
    let mut watch = seeded(1);
    for _ in 0..10 {
        for channel in CHANNELS {
            watch.hear(channel, Some("ICBC"), News::IssuerFault);
        }
    }
    assert_eq!(watch.shut("unionpay", Some("ICBC")), Some(Scope::Issuer));
    assert_eq!(watch.gate("unionpay", Some("ABC")), Gate::Open);
    assert_eq!(watch.gate("unionpay", None), Gate::Open);
}

#[test]
fn one_issuer_on_one_channel_is_told_from_both() {
    for seed in 0..40 {
        let mut watch = seeded(seed);
        until_opened(
            &mut watch,
            2000,
            |channel, issuer| {
                if (channel, issuer) == ("unionpay", "ICBC") { 950 } else { 0 }
            },
        );
        let cell =
            Place::Cell { channel: id("unionpay"), issuer: "ICBC".to_owned(), direction: Direction::Collect };
        assert_eq!(watch.opened(), [cell], "seed {seed}");
        assert_eq!(watch.shut("unionpay", Some("ICBC")), Some(Scope::Cell));
        assert_eq!(watch.gate("unionpay", Some("ABC")), Gate::Open);
        assert_eq!(watch.gate("netsunion", Some("ICBC")), Gate::Open);
    }
}

#[test]
fn two_channels_behind_one_processor_fall_together() {
    let mut watch = seeded(3);
    for _ in 0..300 {
        for channel in CHANNELS {
            let issuer = ISSUERS[usize::try_from(watch.coins.below(5)).unwrap()];
            if watch.shut(channel, Some(issuer)).is_none() {
                let news = if channel == "bankdirect" { News::Alive } else { News::Lost };
                watch.hear(channel, Some(issuer), news);
            }
        }
        let both = ["unionpay", "netsunion"].map(|channel| watch.shut(channel, None));
        if both == [Some(Scope::Channel); 2] {
            break;
        }
    }
    assert_eq!(watch.shut("unionpay", None), Some(Scope::Channel));
    assert_eq!(watch.shut("netsunion", None), Some(Scope::Channel));
    assert_eq!(watch.gate("bankdirect", None), Gate::Open);
}

/// Nobody answers anything any more: every channel is found, none is left to its issuers.
#[test]
fn all_unknown() {
    let mut watch = seeded(5);
    for _ in 0..60 {
        for channel in CHANNELS {
            for issuer in ISSUERS {
                if watch.shut(channel, Some(issuer)).is_none() {
                    watch.hear(channel, Some(issuer), News::Lost);
                }
            }
        }
    }
    for channel in CHANNELS {
        assert!(watch.shut(channel, Some("ICBC")).is_some(), "{channel}");
    }
}

#[test]
fn a_refused_connection_is_the_channels_whoever_the_issuer_was() {
    let mut watch = seeded(6);
    for _ in 0..8 {
        watch.hear("unionpay", Some("ICBC"), News::ChannelFault);
    }
    assert_eq!(watch.shut("unionpay", Some("ABC")), Some(Scope::Channel));
    assert_eq!(watch.gate("netsunion", Some("ICBC")), Gate::Open);
}

#[test]
fn without_a_known_issuer_only_the_channel_can_be_blamed() {
    let mut watch = seeded(7);
    for _ in 0..8 {
        watch.hear("unionpay", None, News::Lost);
    }
    assert_eq!(watch.shut("unionpay", None), Some(Scope::Channel));
}

/// All traffic comes from one issuer: whose fault it is can't be told from payments, but a probe can.
#[test]
fn a_probe_decides_when_there_is_one_issuer_only() {
    for answered in [false, true] {
        let mut watch = Watch::new();
        for _ in 0..60 {
            watch.hear("unionpay", Some("ICBC"), News::Alive);
        }
        while watch.shut("unionpay", Some("ICBC")).is_none() {
            watch.hear("unionpay", Some("ICBC"), News::Lost);
        }
        assert_eq!(watch.shut("unionpay", Some("ICBC")), Some(Scope::Cell));
        for _ in 0..5 {
            watch.probe(answered);
            watch.pass(1_000);
        }
        let found = watch.shut("unionpay", Some("ABC"));
        assert_eq!(found, (!answered).then_some(Scope::Channel));
    }
}

#[test]
fn more_issuers_than_there_is_room_for_push_the_oldest_out() {
    let mut watch = Watch::with(HealthPolicy { max_issuers: 3, ..HealthPolicy::default() });
    for _ in 0..12 {
        watch.hear("unionpay", Some("BANK0"), News::IssuerFault);
        watch.hear("netsunion", Some("BANK0"), News::IssuerFault);
    }
    assert_eq!(watch.shut("unionpay", Some("BANK0")), Some(Scope::Issuer));
    for number in 0..50 {
        watch.hear("unionpay", Some(&format!("BANK{number}")), News::Alive);
    }
    let report = watch.book.report(watch.now);
    let kept = |scope| report.standings.iter().filter(|one| one.place.scope() == scope).count();
    assert_eq!(kept(Scope::Issuer), 3);
    assert_eq!(kept(Scope::Cell), 4, "three on one channel, and the one on the other");
    assert_eq!(watch.gate("unionpay", Some("BANK0")), Gate::Open, "forgotten");
    watch.book.advance(watch.now);
}
