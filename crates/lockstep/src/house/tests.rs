//! The production loop with a channel that goes down and comes back, in virtual time.

use std::sync::Mutex;

use lockstep_core::channel::Direction;
use lockstep_core::check::check_card;
use lockstep_core::health::Gate;
use lockstep_core::money::{Currency, Money};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_sim::people::{Dice, person};
use lockstep_sim::sandbox::{Fault, Rail, Script, Scripted};

use super::*;
use crate::clock::SeededSeeds;
use crate::collect::input::{DueRow, FromWhat, NewCard};
use crate::config::DataConfig;

const SECOND: Duration = Duration::from_secs(1);
/// The outage, counted from the start.
const DOWN_AT_S: u64 = 900;
const DOWN_FOR_S: u64 = 300;

/// One order every other second for twenty minutes, all for UnionPay.
fn rows(start: Timestamp) -> Vec<DueRow> {
    let mut dice = Dice::new(5, "health");
    let people: Vec<_> = (1..=30).map(|number| person(&mut dice, number)).collect();
    let row = |number: usize| {
        let person = &people[number % people.len()];
        let facts = check_card(&CardNumber::new(person.card_number.clone())).facts.unwrap();
        DueRow {
            line: number as u64,
            order: format!("{}-{number}", person.reference),
            borrower: person.reference.clone(),
            instrument: FromWhat::Card(Box::new(NewCard {
                masked: facts.masked.clone(),
                issuer: facts.issuer.map(|issuer| issuer.code.to_owned()),
                credit: false,
                number: CardNumber::new(person.card_number.clone()),
                holder_name: HolderName::new(person.holder_name.clone()),
                id_number: IdNumber::new(person.id_number.clone()),
                mobile: Mobile::new(person.mobile.clone()),
            })),
            channels: vec![Rail::Unionpay.id()],
            money: Money::new(10_000, Currency::CNY).unwrap(),
            due_at: start.plus(SECOND * 600).plus(SECOND * 2 * u32::try_from(number).unwrap()),
        }
    };
    (1..=450).map(row).collect()
}

/// Seconds at which the gate of UnionPay changed, and to what.
fn gates(fault: Fault) -> Vec<(u64, &'static str)> {
    let folder =
        std::env::temp_dir().join(format!("lockstep-health-{}-{}", fault.kind(), std::process::id()));
    let data = DataConfig { dir: folder.clone(), ..DataConfig::default() };
    let config = Config { data, ..Config::default() };
    let start = Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap();
    let plan = Plan {
        config: &config,
        world: World { seed: 3, ..World::default() },
        keep: Keep::AtTheEnd,
        start,
        seeds: Arc::new(SeededSeeds::new(3)),
        tenant: "Health",
    };
    let mut house = House::open(plan).unwrap();
    let down = Scripted {
        from: Some(start.plus(SECOND * u32::try_from(DOWN_AT_S).unwrap())),
        for_s: Some(DOWN_FOR_S),
        ..Scripted::new(Rail::Unionpay, fault)
    };
    house.banks.with(|sandbox| sandbox.add_faults(&Script { faults: vec![down] }, start));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (clock, driver, log) = (house.clock(), house.driver(false), seen.clone());
    let main = async move {
        driver.start_all(rows(start), |_| {}).await.unwrap();
        let mut last = "open";
        while clock.now() < start.plus(SECOND * 1500) {
            clock.sleep_until(clock.now().plus(SECOND)).await;
            let gate = match driver.engine.outlook(&Rail::Unionpay.id(), None, Direction::Collect).gate {
                Gate::Open => "open",
                Gate::Ramp { .. } => "ramp",
                Gate::Shut { .. } => "shut",
            };
            if gate != last {
                log.lock().unwrap().push((clock.now().since(start).as_secs(), gate));
                last = gate;
            }
        }
    };
    house.run(main, |_| {}).unwrap();
    drop(house);
    std::fs::remove_dir_all(folder).unwrap();
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// Failure F14: the breaker opens soon, stays shut while the channel is down, and is not stale afterwards.
#[test]
fn a_channel_that_was_down_has_its_traffic_back_within_seconds() {
    for (fault, found_within_s) in
        [(Fault::Down {}, 30), (Fault::LoseAnswer {}, 40), (Fault::Slow { extra_ms: 5_000 }, 40)]
    {
        let gates = gates(fault);
        let words: Vec<_> = gates.iter().map(|(_, gate)| *gate).collect();
        assert_eq!(words, ["shut", "ramp", "open"], "{fault:?} {gates:?}");
        let healed_at = DOWN_AT_S + DOWN_FOR_S;
        assert!((DOWN_AT_S..DOWN_AT_S + found_within_s).contains(&gates[0].0), "{fault:?} {gates:?}");
        assert!((healed_at..healed_at + 15).contains(&gates[1].0), "{fault:?} {gates:?}");
        assert!((healed_at..healed_at + 25).contains(&gates[2].0), "{fault:?} {gates:?}");
    }
}
