//! What one node finds out, the others do as well.

use super::*;

/// What a book has told since it was last asked, as it reaches another node.
fn said(watch: &mut Watch) -> Vec<Hearsay> {
    watch.told.drain(..).filter_map(|event| event.to_tell()).collect()
}

fn pass_on(from: &mut Watch, to: &mut Watch) -> usize {
    to.now = from.now;
    said(from).iter().filter(|one| to.book.believe(one, from.now)).count()
}

#[test]
fn a_channel_that_one_node_shuts_is_shut_on_all_and_heals_with_it() {
    let (mut one, mut other) = (Watch::new(), Watch::new());
    one.healthy(20);
    one.break_down("unionpay");
    assert_eq!(pass_on(&mut one, &mut other), 1);
    assert_eq!(other.shut("unionpay", Some("ICBC")), Some(Scope::Channel));
    assert!(!other.book.only_suspects(&id("unionpay")), "one node probes it for all");

    while one.shut("unionpay", None).is_some() {
        one.pass(1_000);
        one.probe(true);
    }
    assert_eq!(pass_on(&mut one, &mut other), 1);
    assert!((1..1_000_000).contains(&other.share("unionpay", Some("ICBC"))), "a share goes there again");
    while one.share("unionpay", None) < 1_000_000 {
        one.hear("unionpay", Some("ICBC"), News::Alive);
    }
    pass_on(&mut one, &mut other);
    assert_eq!(other.gate("unionpay", Some("ICBC")), Gate::Open);
    assert!(other.told.is_empty(), "nothing heard is told on");
}

#[test]
fn an_issuer_and_a_cell_nobody_here_has_heard_of_are_shut_as_well() {
    let mut here = Watch::new();
    let (channel, issuer) = (id("netsunion"), "CCB".to_owned());
    let cell = Place::Cell { channel, issuer, direction: Direction::Collect };
    for place in [Place::Issuer("ABC".to_owned()), cell] {
        assert!(here.book.believe(&Hearsay { place: place.clone(), breaker: Told::Open }, here.now));
        assert!(!here.book.believe(&Hearsay { place, breaker: Told::Open }, here.now), "it is open already");
    }
    assert_eq!(here.shut("unionpay", Some("ABC")), Some(Scope::Issuer));
    assert_eq!(here.shut("netsunion", Some("CCB")), Some(Scope::Cell));
    assert_eq!(here.shut("unionpay", Some("CCB")), None);
}

#[test]
fn what_is_told_is_read_again_as_it_was() {
    let mut watch = Watch::new();
    watch.healthy(20);
    watch.break_down("unionpay");
    for one in said(&mut watch) {
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Hearsay>(&text).unwrap(), one, "{text}");
    }
}
