//! The estimated chance.

use super::*;

fn chance(watch: &Watch, channel: &str, issuer: &str) -> (u32, u32) {
    let outlook = watch.book.outlook(&id(channel), Some(issuer), Direction::Collect, watch.now);
    (outlook.chance_ppm, outlook.spread_ppm)
}

#[test]
fn the_better_channel_has_the_better_chance_and_more_answers_less_spread() {
    let mut watch = Watch::new();
    for _ in 0..400 {
        for (channel, permille) in [("unionpay", 960), ("bankdirect", 880)] {
            watch.pass(1_000);
            let ok = watch.coins.hits(permille);
            let signal = Signal {
                channel: id(channel),
                issuer: Some("ICBC".to_owned()),
                direction: Direction::Collect,
                sent_at: watch.now,
                at: watch.now,
                news: News::Alive,
                took: None,
                outcome: Some(ok),
            };
            watch.told.extend(watch.book.observe(&signal));
        }
    }
    let (good, spread) = chance(&watch, "unionpay", "ICBC");
    let (worse, _) = chance(&watch, "bankdirect", "ICBC");
    assert!((930_000..990_000).contains(&good), "{good}");
    assert!((840_000..920_000).contains(&worse), "{worse}");
    assert!(spread < 40_000, "{spread}");
    // An issuer never met there is judged by the channel's record, with more doubt.
    let (unmet, doubt) = chance(&watch, "unionpay", "NOBODY");
    assert!(unmet > worse && doubt > spread, "{unmet} ± {doubt}");
    assert_eq!(watch.told, Vec::new(), "declines that another channel might not have made are no fault");
}

#[test]
fn a_trouble_that_is_over_is_not_held_against_the_channel() {
    let mut watch = Watch::new();
    watch.healthy(60);
    let (before, _) = chance(&watch, "unionpay", "ICBC");
    watch.break_down("unionpay");
    let (after, _) = chance(&watch, "unionpay", "ICBC");
    assert!(before - after < 25_000, "{before} then {after}");
}

#[test]
fn drift_below_the_alarm_lowers_the_chance() {
    let mut watch = Watch::new();
    watch.healthy(60);
    let (before, _) = chance(&watch, "unionpay", "ICBC");
    for _ in 0..600 {
        watch.pass(1_000);
        let lost = watch.coins.hits(150);
        watch.hear("unionpay", Some("ICBC"), if lost { News::Lost } else { News::Alive });
    }
    let (after, _) = chance(&watch, "unionpay", "ICBC");
    assert!(before > after + 50_000 || !watch.opened().is_empty(), "{before} then {after}");
}

#[test]
fn what_is_old_is_forgotten() {
    let mut watch = Watch::new();
    for _ in 0..200 {
        watch.hear("unionpay", Some("ICBC"), News::Alive);
    }
    let (sure, small) = chance(&watch, "unionpay", "ICBC");
    watch.pass(30 * 86_400_000);
    let (faded, large) = chance(&watch, "unionpay", "ICBC");
    assert!(sure > 950_000 && faded < sure && large > small, "{sure} ± {small}, {faded} ± {large}");
}
