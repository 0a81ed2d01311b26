//! Small worlds: the same seed is the same run on any number of threads, faults strike, and no promise is broken.

use std::collections::BTreeSet;

use lockstep_simulate::command::kinds;
use lockstep_simulate::report::Report;
use lockstep_simulate::run::{Plan, run, world_seed};
use lockstep_simulate::swarm::{Kind, Swarm, Terms};
use lockstep_simulate::{run_world, story};

fn plan(threads: usize) -> Plan {
    let terms = Terms { payments: 16, ..Terms::default() };
    Plan { payments: 96, terms, seed: 3, world_seed: None, threads }
}

fn finished(plan: &Plan) -> Report {
    let mut report = run(plan, |_| {});
    report.finish(1_000);
    report
}

#[test]
fn the_same_seed_is_the_same_run_on_any_number_of_threads() {
    let (one, two) = (finished(&plan(1)), finished(&plan(3)));
    assert_eq!(one.trace_hash, two.trace_hash);
    assert_eq!(one.faults, two.faults);
    assert!(one.is_clean() && two.is_clean(), "{:?}", one.failed_worlds);
    assert!(one.payments >= 96, "{}", one.payments);
    assert!(one.faults.values().sum::<u64>() > 0);
    let other = finished(&Plan { seed: 4, ..plan(2) });
    assert_ne!(one.trace_hash, other.trace_hash);
}

#[test]
fn a_fault_that_is_switched_off_never_strikes() {
    let all: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    let outcome = run_world(&Swarm::draw(1, &Terms { payments: 16, without: all, nodes: None }), false);
    assert!(outcome.record.faults.is_empty(), "{:?}", outcome.record.faults);
    assert!(outcome.record.findings.is_empty(), "{:?}", outcome.record.findings);
}

/// Nodes come and go, stand still and lose the database, and nothing is sent twice.
#[test]
fn several_nodes_break_no_promise() {
    let terms = Terms { payments: 24, nodes: Some(3), ..Terms::default() };
    let report = finished(&Plan { payments: 24 * 12, terms, ..plan(2) });
    assert!(report.is_clean(), "{:?}", report.failed_worlds);
    assert!(report.faults["node_cut"] > 0 && report.faults["node_replaced"] > 0, "{:?}", report.faults);
}

#[test]
fn a_story_names_what_happened_and_how_to_see_it_again() {
    let without = kinds(&["crash", "pause"]);
    let shrunk = story::Shrunk { seed: 5, terms: Terms { payments: 8, without, nodes: Some(1) }, runs: 0 };
    assert_eq!(
        shrunk.command(),
        "lockstep simulate --world-seed 5 --per-world 8 --nodes 1 --without crash,pause"
    );
    let text = shrunk.tell();
    assert!(text.contains("world 5: 8 payments") && text.contains("no promise was broken"), "{text}");
}

#[test]
fn every_kind_has_a_name_of_its_own_and_runs_share_no_worlds() {
    let names: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), Kind::ALL.len());
    assert!(Kind::ALL.iter().all(|kind| Kind::named(kind.name()) == Some(*kind)));
    assert_ne!(world_seed(1, 999_999), world_seed(2, 0));
}

/// The oracles are awake: a few bugs that small worlds show quickly. The whole list is `lockstep-planted suite`.
#[cfg(feature = "planted")]
#[test]
fn planted_bugs_are_caught() {
    use lockstep_core::planted::Bug;
    use lockstep_simulate::suite::{self, SuitePlan};

    let bugs = vec![Bug::Canary, Bug::AuditMissing, Bug::LedgerForgotten, Bug::DeliveriesOutOfOrder];
    let plan = SuitePlan { bugs, most_seeds: 20, per_world: 60, clean_worlds: 3, threads: 2 };
    let rows = suite::run(&plan, |_| {});
    assert!(suite::is_good(&rows), "{}", suite::table(&rows));
}
