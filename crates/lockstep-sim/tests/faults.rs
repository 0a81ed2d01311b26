//! Each fault, and what the engine sees of it.

mod town;

use lockstep_channels::sandbox::wire::Call;
use lockstep_core::payment::{MoneyAnswer, NoAnswer, NotSent, QueryAnswer};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Channels;
use lockstep_sim::sandbox::{Fault, Rail, Sandbox, Script, Scripted, World};
use town::{Town, code, original};

fn silent(why: NoAnswer) -> MoneyAnswer {
    MoneyAnswer::NoAnswer { why }
}

fn debits(town: &Town) -> u64 {
    let now = town.now();
    town.with(|sandbox| {
        sandbox.advance(now);
        sandbox.truth().debits.count
    })
}

/// What comes back of a debit under a fault, and whether the money moved all the same.
#[tokio::test]
async fn replies_that_go_wrong() {
    for (fault, expected, moved) in [
        (Fault::Down {}, MoneyAnswer::NotSent { why: NotSent::NoConnection }, 0),
        (Fault::LoseRequest {}, silent(NoAnswer::TimedOut), 0),
        (Fault::LoseAnswer {}, silent(NoAnswer::TimedOut), 1),
        (Fault::ExecuteThenTimeout {}, silent(NoAnswer::TimedOut), 1),
        (Fault::MalformedBody {}, silent(NoAnswer::Unreadable), 1),
        (Fault::HtmlPage {}, silent(NoAnswer::Unreadable), 1),
        (Fault::WrongAmount {}, silent(NoAnswer::WrongOrder), 1),
        (Fault::WrongOrder {}, silent(NoAnswer::WrongOrder), 1),
        (Fault::WrongSignature {}, silent(NoAnswer::WrongSignature), 1),
    ] {
        let mut town = Town::new();
        let agreement = town.signed(Rail::Unionpay).await;
        town.script(Scripted::new(Rail::Unionpay, fault).times(1));
        let sent_at = town.now();
        let (order, answer) = town.pay(Rail::Unionpay, &agreement).await;
        assert_eq!((answer, debits(&town)), (expected, moved), "{fault:?}");
        assert_eq!(town.with(|sandbox| sandbox.truth().faults[&format!("unionpay/{}", fault.kind())]), 1);
        let QueryAnswer::Answered { code, original } = town.ask(&order, sent_at).await else {
            panic!("{fault:?}")
        };
        let said = original.map_or(code, |original| original.code);
        assert_eq!(said, if moved == 1 { "00" } else { "34" }, "the query knows: {fault:?}");
    }
}

#[tokio::test]
async fn slow_takes_longer_and_changes_nothing() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    town.fault(Rail::Unionpay, Fault::Slow { extra_ms: 7_000 });
    let before = town.now();
    assert_eq!(code(&town.pay(Rail::Unionpay, &agreement).await.1), "00");
    assert!(town.now().since(before).as_millis() >= 7_000);
}

#[tokio::test]
async fn a_late_request_is_unknown_until_it_runs() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    town.script(Scripted::new(Rail::Unionpay, Fault::LateExecution { delay_s: 100 }).times(1));
    let sent_at = town.now();
    let (order, answer) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(answer, silent(NoAnswer::TimedOut));
    let QueryAnswer::Answered { code, original: None } = town.ask(&order, sent_at).await else { panic!() };
    assert_eq!((code.as_str(), debits(&town)), ("34", 0));
    town.pass(100).await;
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "00");
    assert_eq!(debits(&town), 1);
}

/// NetsUnion keeps its word: what it closed never runs, however late it arrives.
#[tokio::test]
async fn netsunion_never_runs_what_it_closed() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Netsunion).await;
    town.script(Scripted::new(Rail::Netsunion, Fault::LateExecution { delay_s: 1_000 }).times(1));
    let sent_at = town.now();
    let (order, _) = town.pay(Rail::Netsunion, &agreement).await;
    town.pass(301).await;
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "PB511099");
    town.pass(1_000).await;
    assert_eq!((debits(&town), original(&town.ask(&order, sent_at).await).0.as_str()), (0, "PB511099"));
}

#[tokio::test]
async fn lies_and_stale_answers() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let sent_at = town.now();
    let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
    town.script(Scripted::new(Rail::Unionpay, Fault::LiesNotFound {}).times(1));
    let QueryAnswer::Answered { code, original: None } = town.ask(&order, sent_at).await else { panic!() };
    assert_eq!(code, "34");
    town.script(Scripted::new(Rail::Unionpay, Fault::StaleQuery {}).times(1));
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "05");
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "00");
}

#[tokio::test]
async fn flapping_follows_the_clock() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let mut scripted = Scripted::new(Rail::Unionpay, Fault::Flapping { up_s: 10, down_s: 5 });
    scripted.from = Some(town.now());
    town.script(scripted);
    assert_eq!(code(&town.pay(Rail::Unionpay, &agreement).await.1), "00");
    town.pass(10).await;
    let (_, answer) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(answer, MoneyAnswer::NotSent { why: NotSent::NoConnection });
    assert!(town.with(|sandbox| sandbox.is_down(Rail::Unionpay, town.now())));
    town.pass(5).await;
    assert_eq!(code(&town.pay(Rail::Unionpay, &agreement).await.1), "00");
}

#[tokio::test]
async fn callbacks_that_go_wrong() {
    let due = async |fault: Option<Fault>| {
        let mut town = Town::new();
        let agreement = town.signed(Rail::Netsunion).await;
        if let Some(fault) = fault {
            town.fault(Rail::Netsunion, fault);
        }
        town.pay(Rail::Netsunion, &agreement).await;
        let at_once = town.channels.due_notices(town.now()).len();
        town.pass(7).await;
        let soon = town.channels.due_notices(town.now()).len();
        town.pass(60).await;
        (at_once, soon, town.channels.due_notices(town.now()).len())
    };
    assert_eq!(due(None).await, (0, 1, 0));
    assert_eq!(due(Some(Fault::DuplicateCallbacks { copies: 3 })).await, (0, 4, 0));
    assert_eq!(due(Some(Fault::DropCallbacks {})).await, (0, 0, 0));
    assert_eq!(due(Some(Fault::DelayCallbacks { delay_s: 30 })).await, (0, 0, 1));
    assert_eq!(due(Some(Fault::EarlyCallbacks {})).await, (1, 0, 0));
    let (at_once, soon, later) = due(Some(Fault::ReorderCallbacks { within_s: 30 })).await;
    assert_eq!(at_once + soon + later, 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_signature_is_found_by_asking() {
    let mut town = Town::new();
    town.channels.request_code(&town::Lender::new().sign_request(Rail::Netsunion, "s1", None)).await;
    town.script(Scripted::new(Rail::Netsunion, Fault::LoseAnswer {}).only(Call::SignConfirm));
    let request = town.lender.sign_request(Rail::Netsunion, "s1", Some(&town.texted()));
    assert!(matches!(
        town.channels.sign(&request).await,
        lockstep_core::binding::SignAnswer::NoAnswer { .. }
    ));
    let answer = town.channels.query_mandate(&request).await;
    assert!(
        matches!(&answer, lockstep_core::binding::SignAnswer::Answered { agreement_no: Some(_), .. }),
        "{answer:?}"
    );
}

/// The window runs from when the channel got the request, whatever the clock of the one who asks says and however late
/// it looked at it.
#[tokio::test]
async fn denials_end_with_the_window_of_the_channels_own_book() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Netsunion).await;
    town.script(Scripted::new(Rail::Netsunion, Fault::LateExecution { delay_s: 200 }).times(1));
    town.script(Scripted::new(Rail::Netsunion, Fault::DeniesInWindow {}));
    let ahead = town.now().plus(std::time::Duration::from_secs(100));
    let (order, _) = town.pay(Rail::Netsunion, &agreement).await;
    town.pass(270).await;
    let QueryAnswer::Answered { original: None, .. } = town.ask(&order, ahead).await else { panic!() };
    town.pass(40).await;
    let QueryAnswer::Answered { original: Some(_), .. } = town.ask(&order, ahead).await else { panic!() };
}

#[test]
fn a_script_is_read_strictly() {
    let good = r#"{"faults":[
        {"channel":"unionpay","fault":{"kind":"execute_then_timeout"},"times":3},
        {"channel":"netsunion","fault":{"kind":"late_execution","delay_s":30},"chance_permille":10,"for_s":600},
        {"channel":"bankdirect","fault":{"kind":"down"},"call":"pay","from":1000,"until":2000}]}"#;
    let script: Script = serde_json::from_str(good).unwrap();
    assert_eq!(script.faults.len(), 3);
    for bad in [
        r#"{"faults":[{"channel":"nobody","fault":{"kind":"down"}}]}"#,
        r#"{"faults":[{"channel":"unionpay","fault":{"kind":"explode"}}]}"#,
        r#"{"faults":[{"channel":"unionpay","fault":{"kind":"slow"}}]}"#,
        r#"{"faults":[{"channel":"unionpay","fault":{"kind":"down","extra":1}}]}"#,
        r#"{"faults":[{"channel":"unionpay","fault":{"kind":"down"},"extra":1}]}"#,
        r#"{"faults":[],"extra":1}"#,
    ] {
        assert!(serde_json::from_str::<Script>(bad).is_err(), "{bad}");
    }
}

/// A killed sandbox goes on where it was: money, mandates, late requests, notices, faults and their counts.
#[tokio::test]
async fn a_killed_sandbox_remembers() {
    let mut town = Town::new();
    let mut table = std::collections::BTreeMap::new();
    let agreement = town.signed(Rail::Netsunion).await;
    town.script(Scripted::new(Rail::Netsunion, Fault::LateExecution { delay_s: 60 }).times(1));
    town.script(Scripted::new(Rail::Netsunion, Fault::DuplicateCallbacks { copies: 1 }));
    town.pay(Rail::Netsunion, &agreement).await;
    table.extend(town.with(Sandbox::take_dirty));
    town.pay(Rail::Netsunion, &agreement).await;
    table.extend(town.with(Sandbox::take_dirty));
    assert!(town.with(Sandbox::take_dirty).is_empty(), "only what changed");

    let mut sandbox = Sandbox::new(World::default());
    sandbox.restore(table).unwrap();
    let restored = Town::of(sandbox, town.now());
    let end = Timestamp::from_millis(town.now().as_millis() + 120_000);
    let outcome = |town: &Town| {
        let notices = town.channels.shared().with(|sandbox| sandbox.due_notices(end));
        (notices, town.with(|sandbox| sandbox.truth()))
    };
    let (expected, actual) = (outcome(&town), outcome(&restored));
    assert_eq!(expected, actual);
    assert_eq!((actual.1.debits.count, actual.0.len()), (2, 4));
    assert!(Sandbox::new(World::default()).restore([("nowhere/1".to_owned(), "{}".to_owned())]).is_err());
}
