//! Probes against the sandbox, in process and over HTTP: a channel that is down, mute, slow or forged gives none.

mod served;
mod town;

use lockstep_channels::Registry;
use lockstep_core::channel::ChannelId;
use lockstep_core::health::probe_is_good;
use lockstep_engine::port::{Channels, ProbeAnswer};
use lockstep_sim::sandbox::{Fault, Rail, Sandbox, Scripted};
use served::Served;
use town::Town;

fn good(rail: Rail, answer: &ProbeAnswer) -> bool {
    match answer {
        ProbeAnswer::Alive { code } => probe_is_good(rail.capability(), code.as_deref().unwrap_or_default()),
        ProbeAnswer::Silent => false,
    }
}

#[tokio::test]
async fn a_channel_in_order_answers_and_nothing_is_written_in_its_books() {
    let town = Town::new();
    for rail in Rail::ALL {
        assert!(rail.capability().probe.is_some());
        for _ in 0..3 {
            let answer = town.channels.probe(&rail.id()).await;
            assert!(good(rail, &answer), "{rail:?} {answer:?}");
        }
    }
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!((truth.debits.count, truth.faults.len()), (0, 0));
    let orders =
        town.with(Sandbox::take_dirty).into_iter().filter(|(key, _)| key.starts_with("order")).count();
    assert_eq!(orders, 0);
}

#[tokio::test]
async fn every_fault_of_the_line_silences_a_probe() {
    for rail in Rail::ALL {
        for fault in [
            Fault::Down {},
            Fault::LoseRequest {},
            Fault::LoseAnswer {},
            Fault::MalformedBody {},
            Fault::HtmlPage {},
            Fault::WrongOrder {},
            Fault::WrongSignature {},
        ] {
            let town = Town::new();
            town.script(Scripted::new(rail, fault));
            assert_eq!(town.channels.probe(&rail.id()).await, ProbeAnswer::Silent, "{rail:?} {fault:?}");
            town.with(Sandbox::clear_faults);
            assert!(good(rail, &town.channels.probe(&rail.id()).await));
        }
    }
}

#[tokio::test]
async fn a_slow_channel_is_slow_for_probes_too() {
    let town = Town::new();
    town.fault(Rail::Unionpay, Fault::Slow { extra_ms: 9_000 });
    let before = town.now();
    assert!(good(Rail::Unionpay, &town.channels.probe(&Rail::Unionpay.id()).await));
    let limit = Rail::Unionpay.capability().call_timeout_ms;
    assert!(town.now().since(before).as_millis() > u128::from(limit), "the engine's time limit ends it");
}

#[tokio::test]
async fn over_http_as_well() {
    let served = Served::start(None).await;
    for rail in Rail::ALL {
        assert!(good(rail, &served.registry.probe(&rail.id()).await), "{rail:?}");
        served.script(Scripted::new(rail, Fault::Down {}));
        assert_eq!(served.registry.probe(&rail.id()).await, ProbeAnswer::Silent, "{rail:?}");
    }
}

#[tokio::test]
async fn a_channel_nobody_configured_is_silent() {
    let registry = Registry::default();
    let channel = ChannelId::try_from("unionpay").unwrap();
    assert_eq!(registry.probe(&channel).await, ProbeAnswer::Silent);
}
