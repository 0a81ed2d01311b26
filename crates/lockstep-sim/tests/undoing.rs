//! Reversals and statements of the simulated channels.

mod town;

use lockstep_channels::sandbox::wire::Call;
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{MoneyOrder, ReversalOrder, StatementQuery};
use lockstep_core::payment::{
    NoAnswer, OriginalOutcome, Payment, QueryAnswer, ReversalAnswer, StatementAnswer,
};
use lockstep_core::time::{Day, Timestamp, Zone};
use lockstep_engine::port::Channels;
use lockstep_sim::sandbox::{Fault, Rail, Sandbox, Scripted, World};
use town::{CARD, Town, code, original};

fn reversal(order: &MoneyOrder) -> ReversalOrder {
    ReversalOrder {
        payment: order.payment,
        attempt: order.attempt,
        channel: order.channel.clone(),
        reversal_no: Payment::reversal_no(order.payment, order.attempt),
        order_no: order.order_no.clone(),
        money: order.money,
        sent_at: Timestamp::from_millis(0),
    }
}

fn answered(code: &str) -> ReversalAnswer {
    ReversalAnswer::Answered { code: code.to_owned() }
}

const SILENT: ReversalAnswer = ReversalAnswer::NoAnswer { why: NoAnswer::TimedOut };

fn balance(town: &Town) -> i64 {
    town.with(|sandbox| sandbox.account(CARD).unwrap().balance_minor)
}

#[tokio::test]
async fn unionpay_undoes_what_it_did_today() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let (before, sent_at) = (balance(&town), town.now());
    let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(balance(&town), before - 12_500);
    for _ in 0..2 {
        assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("00"), "the same again");
        assert_eq!(balance(&town), before);
    }
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "46", "asked, it says that it was undone");
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!((truth.debits.count, truth.reversals.count, truth.reversals.sum_minor), (0, 1, 12_500));
    assert!(truth.by_order.is_empty() && truth.debits_by_payment.is_empty());
    let again = town.channels.move_money(&order).await;
    assert_eq!((code(&again), balance(&town)), ("12", before), "the order never runs again");
}

#[tokio::test]
async fn yesterdays_debits_are_settled() {
    let start = Timestamp::from_rfc3339("2026-03-02T23:58:00+08:00").unwrap();
    let mut town = Town::of(Sandbox::new(World::default()), start);
    let agreement = town.signed(Rail::Unionpay).await;
    let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
    town.pass(120).await;
    assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("31"));
    assert_eq!(town.with(|sandbox| sandbox.truth().debits.count), 1);
}

#[tokio::test]
async fn what_never_came_and_what_comes_late() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    town.script(
        Scripted::new(Rail::Unionpay, Fault::LateExecution { delay_s: 100 }).only(Call::Pay).times(1),
    );
    let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("34"));
    town.pass(100).await;
    let now = town.now();
    town.with(|sandbox| sandbox.advance(now));
    assert_eq!(town.with(|sandbox| sandbox.truth().debits.count), 1, "it came after its reversal");
    assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("00"));
    assert_eq!(town.with(|sandbox| sandbox.truth().debits.count), 0);
}

#[tokio::test]
async fn a_declined_order_needs_no_undoing_and_others_cannot_undo() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    town.change(lockstep_sim::sandbox::AccountChange { balance_minor: Some(1), ..Default::default() });
    let (order, answer) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(code(&answer), "64");
    assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("00"));
    assert_eq!(balance(&town), 1, "nothing comes back that never went");
    let agreement = town.signed(Rail::Netsunion).await;
    let (order, _) = town.pay(Rail::Netsunion, &agreement).await;
    assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("PB003000"));
    let mut elsewhere = reversal(&order);
    elsewhere.channel = ChannelId::try_from("nowhere").unwrap();
    assert!(matches!(town.channels.reverse(&elsewhere).await, ReversalAnswer::NotSent { .. }));
}

#[tokio::test]
async fn faults_strike_reversals_too() {
    for (fault, expected, undone) in [
        (Fault::LoseRequest {}, SILENT, 0),
        (Fault::ExecuteThenTimeout {}, SILENT, 1),
        (Fault::LoseAnswer {}, SILENT, 1),
        (Fault::WrongAmount {}, ReversalAnswer::NoAnswer { why: NoAnswer::WrongOrder }, 1),
        (Fault::WrongOrder {}, ReversalAnswer::NoAnswer { why: NoAnswer::WrongOrder }, 1),
        (Fault::WrongSignature {}, ReversalAnswer::NoAnswer { why: NoAnswer::WrongSignature }, 1),
        (Fault::MalformedBody {}, ReversalAnswer::NoAnswer { why: NoAnswer::Unreadable }, 1),
        (Fault::LateExecution { delay_s: 60 }, SILENT, 0),
    ] {
        let mut town = Town::new();
        let agreement = town.signed(Rail::Unionpay).await;
        let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
        town.script(Scripted::new(Rail::Unionpay, fault).only(Call::PayReverse).times(1));
        assert_eq!(town.channels.reverse(&reversal(&order)).await, expected, "{fault:?}");
        assert_eq!(town.with(|sandbox| sandbox.truth().reversals.count), undone, "{fault:?}");
        if let Fault::LateExecution { .. } = fault {
            let rows = town.with(Sandbox::take_dirty);
            let mut sandbox = Sandbox::new(World::default());
            sandbox.restore(rows).unwrap();
            let restored = Town::of(sandbox, town.now());
            restored.pass(60).await;
            let now = restored.now();
            let seen = restored.with(|sandbox| {
                sandbox.advance(now);
                sandbox.truth().reversals.count
            });
            assert_eq!(seen, 1, "it arrives after a restart");
        }
        assert_eq!(town.channels.reverse(&reversal(&order)).await, answered("00"), "{fault:?}");
        assert_eq!(town.with(|sandbox| sandbox.truth().reversals.count), 1, "{fault:?}");
    }
}

fn look(order: &MoneyOrder, day: Day) -> StatementQuery {
    let (payment, attempt, channel) = (order.payment, order.attempt, order.channel.clone());
    StatementQuery { payment, attempt, channel, order_no: order.order_no.clone(), day }
}

#[tokio::test]
async fn a_statement_lists_what_was_kept_on_its_day() {
    for (rail, ready, done) in [
        (Rail::Unionpay, "2026-03-03T09:00:00+08:00", "00"),
        (Rail::Netsunion, "2026-03-03T10:00:00+08:00", "00000000"),
        (Rail::Bankdirect, "2026-03-03T08:00:00+08:00", "PCC00000"),
    ] {
        let mut town = Town::new();
        let agreement = town.signed(rail).await;
        let (order, _) = town.pay(rail, &agreement).await;
        let missing = town.lender.payment();
        let missing = town.lender.order(rail, missing, 1, Some(&agreement));
        let day = Day::of(town.now(), Zone::shanghai());
        town.pass(60).await;
        let ready = Timestamp::from_rfc3339(ready).unwrap();
        let early = ready.minus(std::time::Duration::from_secs(60)).since(town.now());
        town.pass(early.as_secs()).await;
        assert_eq!(town.channels.read_statement(&look(&order, day)).await, StatementAnswer::NotReady);
        town.pass(120).await;
        let StatementAnswer::Listed { line: OriginalOutcome { code, amount_minor, .. } } =
            town.channels.read_statement(&look(&order, day)).await
        else {
            panic!("{rail:?}")
        };
        assert_eq!((code.as_str(), amount_minor), (done, Some(12_500)));
        let absent = town.channels.read_statement(&look(&missing, day)).await;
        assert_eq!(absent, StatementAnswer::NotListed);
        let tomorrow = town.channels.read_statement(&look(&order, day.next())).await;
        assert_eq!(tomorrow, StatementAnswer::NotReady);
        town.script(Scripted::new(rail, Fault::WrongOrder {}).times(1));
        let wrong = town.channels.read_statement(&look(&order, day)).await;
        assert_eq!(wrong, StatementAnswer::NoAnswer { why: NoAnswer::WrongOrder });
    }
}

#[tokio::test]
async fn what_was_undone_stands_in_no_statement() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let sent_at = town.now();
    let (order, _) = town.pay(Rail::Unionpay, &agreement).await;
    town.channels.reverse(&reversal(&order)).await;
    let day = Day::of(town.now(), Zone::shanghai());
    town.pass(86_400).await;
    assert_eq!(town.channels.read_statement(&look(&order, day)).await, StatementAnswer::NotListed);
    assert!(matches!(town.ask(&order, sent_at).await, QueryAnswer::Answered { .. }));
}
