//! World files, good and bad.

use super::super::world::{World, WorldProblem, named, names, text_of};

fn problem(text: &str) -> String {
    World::parse(text).expect_err("a bad world").to_string()
}

#[test]
fn every_named_world_loads_and_says_what_it_is_about() {
    let all = names();
    assert_eq!(all.len(), 9);
    for (name, summary) in all {
        let world = named(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(world.given.name, name);
        assert!(!summary.is_empty());
        assert_eq!(text_of(name).unwrap().parse::<toml::Table>().unwrap()["name"].as_str(), Some(name));
    }
    let places: Vec<_> =
        World::standard().channels.iter().map(|channel| channel.capability.id.to_string()).collect();
    assert_eq!(places, ["card_a", "card_b", "instant", "debit"]);
}

#[test]
fn a_printed_world_can_be_edited_and_read_back() {
    let printed = text_of("standard").unwrap();
    assert_eq!(World::parse(printed).unwrap(), World::standard());
    let edited = printed.replace("short_share = 0.062", "short_share = 0.1");
    assert!((World::parse(&edited).unwrap().given.funds.short_share - 0.1).abs() < 1e-12);
}

#[test]
fn a_file_needs_only_what_it_changes() {
    let world =
        World::parse("name = \"mine\"\n[funds]\nshort_share = 0.2\n[channel.card_a]\ntechnical = 0.03")
            .unwrap();
    assert_eq!(world.given.name, "mine");
    assert!((world.given.funds.short_share - 0.2).abs() < 1e-12);
    assert!((world.given.funds.median_days - 4.0).abs() < 1e-12);
    assert!((world.channels[0].given.technical - 0.03).abs() < 1e-12);
}

#[test]
fn what_is_wrong_is_named() {
    for (text, words) in [
        ("[funds]\nshort_shere = 0.2", "funds"),
        ("[funds]\nshort_shere = 0.2", "short_shere"),
        ("[funds]\nshort_share = \"much\"", "funds.short_share"),
        ("[funds]\nshort_share = 1.2", "funds.short_share: must be between 0 and 1, not 1.2"),
        ("[funds]\nshort_share = nan", "funds.short_share"),
        ("[funds]\nmedian_days = 0.0", "funds.median_days"),
        ("[instrument.card]\nstale = 0.001", "instrument.card.stale"),
        ("[unknown]\ntail_days = [5.0, 1.0]", "unknown.tail_days"),
        ("[issuers.share]\nICBC = 0.5", "issuers.share: the shares sum to 0.5"),
        ("outages = { severity = [{ works = 0.0, share = 0.4 }] }", "outages.severity"),
        ("[channel.card_a]\ninstrument = \"purse\"", "channel.card_a.instrument: \"purse\""),
        (
            "[channel.card_a.codes]\nno_funds = \"00\"",
            "channel.card_a.codes.no_funds: \"00\" means succeeded",
        ),
        ("[channel.card_a.codes]\nno_funds = \"QQ\"", "channel.card_a.codes.no_funds"),
        ("[channel.card_a.capability]\nladder = 1", "channel.card_a.capability"),
        ("[channel.card_a.capability]\nhours = {}", "channel.card_a.capability.hours"),
        ("[channel.card_a.capability]\nlate_execution_window_s = 1", "late_execution_window_s"),
        (
            "[[scripted]]\nchannels = [\"tube\"]\nfirst_day = 1\nstart = \"09:00\"\nhours = 1.0\nworks = 0.0",
            "\"tube\"",
        ),
        (
            "[[scripted]]\nissuers = [\"MARS\"]\nfirst_day = 1\nstart = \"09:00\"\nhours = 1.0\nworks = 0.0",
            "\"MARS\"",
        ),
        ("[[scripted]]\nfirst_day = 1\nstart = \"25:00\"\nhours = 1.0\nworks = 0.0", "scripted.start"),
        ("[[drift]]\nfirst_day = 5\nover_days = 1.0\npoints = 0.1\nuntil_day = 4", "drift.until_day"),
        (
            "[[channel.card_a.maintenance]]\nweekday = \"someday\"\nfrom = \"01:00\"\nto = \"02:00\"",
            "someday",
        ),
        ("[arrivals]\npaydays = [31]", "arrivals.paydays"),
        ("funds = [", "line 1"),
        ("\n\nfunds = 1\nfunds = 2", "line 4"),
        ("funds = 1", "funds"),
        ("weather = \"fine\"", "weather"),
    ] {
        let told = problem(text);
        assert!(told.contains(words), "{text:?}: {told}");
    }
}

#[test]
fn several_wrong_values_are_told_at_once() {
    let told = problem("[funds]\nshort_share = 2.0\nmasked_share = -1.0");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let told = named("paradise").expect_err("no such world");
    assert_eq!(told, WorldProblem::NoSuchWorld("paradise".to_owned()));
    assert!(told.to_string().contains("status_storm"), "{told}");
}
