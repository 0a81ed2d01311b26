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

/// Shares of the banks' traffic as in `worlds/standard.toml`, per mille.
const BANKS: [(&str, u64); 10] = [
    ("ICBC", 180),
    ("CCB", 160),
    ("ABC", 150),
    ("BOC", 130),
    ("BOCOM", 100),
    ("CMB", 100),
    ("PSBC", 80),
    ("CITIC", 50),
    ("CMBC", 30),
    ("HXB", 20),
];

/// Uneven traffic with 1 % of lost answers, and of what `down` names, nine in ten fail so.
fn uneven(watch: &mut Watch, answers: usize, down: impl Fn(&str, &str) -> Option<News>) {
    for _ in 0..answers {
        let channel = CHANNELS[usize::try_from(watch.coins.below(7)).unwrap() / 3];
        let mut left = watch.coins.below(1000);
        let bank = BANKS.iter().find(|(_, share)| {
            let hit = left < *share;
            left = left.saturating_sub(*share);
            hit
        });
        let issuer = bank.unwrap().0;
        if watch.coins.below(1_000_000) >= u64::from(watch.share(channel, Some(issuer))) {
            watch.pass(100);
            continue;
        }
        let stray = watch.coins.hits(10).then_some(News::Lost);
        let hit = down(channel, issuer).filter(|_| watch.coins.hits(900));
        watch.hear(channel, Some(issuer), hit.or(stray).unwrap_or(News::Alive));
    }
}

/// How a bank's outage may look: silence, the channel's word that the bank is silent, or the channel's word that it is
/// itself at fault, for many channels answer so for a bank that is down.
const LOOKS: [News; 3] = [News::Lost, News::IssuerFault, News::ChannelFault];

/// A few of a hundred outages may be put down to a channel for some seconds: its probes mend that.
#[test]
fn an_issuers_outage_on_all_channels_opens_no_channel_however_it_looks() {
    let mut channels = Vec::new();
    for look in LOOKS {
        for down in ["ICBC", "BOCOM", "CITIC"] {
            for seed in 0..8 {
                let mut watch = seeded(seed);
                uneven(&mut watch, 300, |_, _| None);
                uneven(&mut watch, 1_500, |_, issuer| (issuer == down).then_some(look));
                let wrong = watch.opened().into_iter().filter(|place| place.scope() == Scope::Channel);
                channels.extend(wrong.map(|place| (look, down, seed, place)));
                for channel in CHANNELS {
                    let share = watch.share(channel, Some(down));
                    assert!(share < 1_000_000, "{look:?} of {down} on {channel}, seed {seed}");
                }
            }
        }
    }
    assert!(channels.len() <= 2, "72 outages of issuers opened {channels:?}");
}

#[test]
fn an_issuers_outage_on_one_channel_stays_there_however_it_looks() {
    let mut wider = Vec::new();
    for look in LOOKS {
        for seed in 0..8 {
            let mut watch = seeded(seed);
            uneven(&mut watch, 300, |_, _| None);
            uneven(&mut watch, 1_500, |channel, issuer| {
                ((channel, issuer) == ("unionpay", "ICBC")).then_some(look)
            });
            let wrong = watch.opened().into_iter().filter(|place| place.scope() != Scope::Cell);
            wider.extend(wrong.map(|place| (look, seed, place)));
            assert!(watch.share("unionpay", Some("ICBC")) < 1_000_000);
            assert_eq!(watch.gate("netsunion", Some("ICBC")), Gate::Open);
        }
    }
    assert!(wider.len() <= 1, "24 outages of one issuer on one channel opened {wider:?}");
}

#[test]
fn a_channels_outage_across_uneven_issuers_is_the_channels_however_it_looks() {
    for look in [News::Lost, News::ChannelFault] {
        let (mut others, mut heard) = (0, 0);
        for seed in 0..40 {
            let mut watch = seeded(seed);
            uneven(&mut watch, 300, |_, _| None);
            let before = watch.book.report(watch.now).standings[2].answers;
            while watch.shut("unionpay", None).is_none() {
                uneven(&mut watch, 1, |channel, _| (channel == "unionpay").then_some(look));
            }
            heard += watch.book.report(watch.now).standings[2].answers - before;
            others += watch.opened().len() - 1;
        }
        assert!(heard <= 40 * 6, "{look:?}: {heard} answers until 40 outages were found");
        assert!(others <= 4, "{look:?}: {others} others were opened before 40 channels");
    }
}

#[test]
fn a_channel_and_an_issuer_that_fail_together_are_both_found() {
    let mut wrong = Vec::new();
    for look in [News::Lost, News::ChannelFault] {
        for seed in 0..8 {
            let mut watch = seeded(seed);
            uneven(&mut watch, 300, |_, _| None);
            uneven(&mut watch, 1_500, |channel, issuer| {
                (channel == "unionpay" || issuer == "CCB").then_some(look)
            });
            assert_eq!(watch.shut("unionpay", None), Some(Scope::Channel), "{look:?}, seed {seed}");
            assert!(watch.share("netsunion", Some("CCB")) < 1_000_000, "{look:?}, seed {seed}");
            let others = ["netsunion", "bankdirect"].map(|channel| Place::Channel(id(channel)));
            let opened = watch.opened().into_iter().filter(|place| others.contains(place));
            wrong.extend(opened.map(|place| (look, seed, place)));
        }
    }
    assert!(wrong.len() <= 2, "32 healthy channels, of which were opened {wrong:?}");
}

/// Banks that fail one after the other, each on this channel only and found each time: the channel's own test must not
/// add them up.
#[test]
fn troubles_of_several_issuers_one_after_the_other_are_no_trouble_of_the_channel() {
    let mut watch = seeded(11);
    for down in ["ICBC", "CCB", "BOC", "CMB"] {
        for _ in 0..6 {
            for issuer in ISSUERS.into_iter().filter(|issuer| *issuer != down) {
                watch.hear("unionpay", Some(issuer), News::Alive);
            }
            if watch.share("unionpay", Some(down)) == 1_000_000 {
                watch.hear("unionpay", Some(down), News::ChannelFault);
            }
        }
        assert!(
            watch.share("unionpay", Some(down)) < 1_000_000,
            "{down} was not found: {:?}",
            watch.opened()
        );
        assert_eq!(watch.book.channels[&id("unionpay")].monitor.test.run().bad, 0, "after {down}");
    }
    assert!(watch.opened().iter().all(|place| place.scope() == Scope::Cell), "{:?}", watch.opened());
}

/// At night all traffic comes from one bank. That its payments fail on two channels alike tells whose fault it is.
#[test]
fn an_issuer_that_fails_on_two_channels_is_to_blame_though_no_other_is_heard() {
    let mut watch = seeded(12);
    let channels =
        |watch: &Watch| watch.opened().iter().filter(|place| place.scope() == Scope::Channel).count();
    for _ in 0..8 {
        for channel in ["unionpay", "netsunion"] {
            if watch.share(channel, Some("CCB")) == 1_000_000 {
                watch.hear(channel, Some("CCB"), News::ChannelFault);
            }
        }
    }
    assert_eq!(channels(&watch), 0, "{:?}", watch.opened());
    assert_eq!(watch.shut("unionpay", Some("CCB")), Some(Scope::Issuer));
    // On one channel alone, what looks like the channel's fault is believed to be.
    let mut watch = seeded(12);
    for _ in 0..8 {
        watch.hear("unionpay", Some("CCB"), News::ChannelFault);
    }
    assert_eq!(watch.shut("unionpay", Some("ABC")), Some(Scope::Channel));
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
