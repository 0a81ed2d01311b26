//! What the sandbox's banks do with refunds: they bound the sum themselves, and their books say what went back.

mod town;

use lockstep_channels::sandbox::wire::Call;
use lockstep_core::effect::{MoneyOrder, RefundOrder, RefundQuery};
use lockstep_core::money::Money;
use lockstep_core::payment::{MoneyAnswer, NoAnswer, QueryAnswer, Refund, RefundWay};
use lockstep_engine::port::Channels;
use lockstep_sim::sandbox::{AccountChange, AccountState, Fault, Rail, Scripted};
use town::{CARD, Town, code, original};

fn refund(debit: &MoneyOrder, number: u16, try_no: u16, amount_minor: i64) -> RefundOrder {
    RefundOrder {
        payment: debit.payment,
        refund: number,
        try_no,
        channel: debit.channel.clone(),
        order_no: Refund::order_no(debit.payment, number, try_no),
        way: RefundWay::Back,
        original_no: debit.order_no.clone(),
        original_ref: None,
        money: Money::new(amount_minor, debit.money.currency).unwrap(),
        borrower: debit.borrower,
        tenant: debit.tenant,
        vault_item: debit.vault_item,
    }
}

fn question(town: &Town, order: &RefundOrder) -> RefundQuery {
    RefundQuery {
        payment: order.payment,
        refund: order.refund,
        try_no: order.try_no,
        channel: order.channel.clone(),
        order_no: order.order_no.clone(),
        way: order.way,
        sent_at: town.now(),
    }
}

fn balance(town: &Town) -> i64 {
    town.with(|sandbox| sandbox.account(CARD).unwrap().balance_minor)
}

async fn unionpay() -> (Town, MoneyOrder) {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let (debit, answer) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(code(&answer), "00");
    (town, debit)
}

#[tokio::test]
async fn the_bank_bounds_the_sum() {
    let (town, debit) = unionpay().await;
    let before = balance(&town);
    assert_eq!(code(&town.channels.refund(&refund(&debit, 1, 1, 12_000)).await), "00");
    assert_eq!(code(&town.channels.refund(&refund(&debit, 2, 1, 501)).await), "33", "5.00 are left");
    assert_eq!(code(&town.channels.refund(&refund(&debit, 3, 1, 500)).await), "00");
    assert_eq!(code(&town.channels.refund(&refund(&debit, 4, 1, 1)).await), "33");
    // The same number again moves nothing.
    assert_eq!(code(&town.channels.refund(&refund(&debit, 3, 1, 500)).await), "12");
    assert_eq!(balance(&town), before + 12_500);
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!((truth.refunds.count, truth.refunds.sum_minor, truth.credits.count), (2, 12_500, 0));
    assert!(
        truth.over_refunded.is_empty() && truth.double_refunds.is_empty() && truth.double_debits.is_empty()
    );
}

#[tokio::test]
async fn a_refund_that_went_back_twice_is_seen() {
    let (town, debit) = unionpay().await;
    for try_no in [1, 2] {
        assert_eq!(code(&town.channels.refund(&refund(&debit, 1, try_no, 5_000)).await), "00");
    }
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!(truth.double_refunds, [format!("{}/1", debit.payment.body())]);
    assert!(truth.over_refunded.is_empty());
}

#[tokio::test]
async fn what_was_not_debited_or_is_too_old_or_closed_does_not_go_back() {
    let (town, debit) = unionpay().await;
    let mut strange = refund(&debit, 1, 1, 100);
    strange.original_no = format!("{}9", &debit.order_no[..29]);
    assert_eq!(code(&town.channels.refund(&strange).await), "33");
    town.change(AccountChange { state: Some(AccountState::Closed), ..AccountChange::default() });
    assert_eq!(code(&town.channels.refund(&refund(&debit, 2, 1, 100)).await), "63");
    town.change(AccountChange { state: Some(AccountState::Frozen), ..AccountChange::default() });
    assert_eq!(
        code(&town.channels.refund(&refund(&debit, 3, 1, 100)).await),
        "00",
        "a frozen account receives"
    );
    town.pass(180 * 86_400).await;
    assert_eq!(code(&town.channels.refund(&refund(&debit, 4, 1, 100)).await), "33");
}

#[tokio::test]
async fn netsunion_tells_of_refunds_by_itself() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Netsunion).await;
    let (debit, _) = town.pay(Rail::Netsunion, &agreement).await;
    town.pass(10).await;
    town.channels.due_notices(town.now());
    let order = refund(&debit, 1, 1, 12_500);
    assert_eq!(code(&town.channels.refund(&order).await), "ES000033");
    assert_eq!(town.with(|sandbox| sandbox.truth().refunds.count), 0, "accepted is not given back");
    town.pass(10).await;
    let notices = town.channels.due_notices(town.now());
    assert!(String::from_utf8_lossy(&notices[0].body).contains(&order.order_no));
    assert_eq!(
        original(&town.channels.query_refund(&question(&town, &order)).await),
        ("00000000".to_owned(), 12_500)
    );
}

#[tokio::test]
async fn bankdirect_pays_out_what_it_cannot_refund() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Bankdirect).await;
    let (debit, _) = town.pay(Rail::Bankdirect, &agreement).await;
    town.pass(31).await;
    assert_eq!(code(&town.channels.refund(&refund(&debit, 1, 1, 100)).await), "PCC02293");
    let credit = RefundOrder { way: RefundWay::PayOut, ..refund(&debit, 2, 1, 100) };
    assert_eq!(code(&town.channels.refund(&credit).await), "PCC42005");
    town.pass(31).await;
    assert_eq!(original(&town.channels.query_refund(&question(&town, &credit)).await).0, "PCC00000");
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!(
        (truth.refunds.sum_minor, truth.credits.count),
        (100, 0),
        "a credit under a refund's number is one"
    );
}

#[tokio::test]
async fn faults_strike_refunds_too() {
    let (town, debit) = unionpay().await;
    let silent = MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut };
    town.script(Scripted::new(Rail::Unionpay, Fault::ExecuteThenTimeout {}).only(Call::Refund).times(1));
    let first = refund(&debit, 1, 1, 100);
    assert_eq!(town.channels.refund(&first).await, silent);
    assert_eq!(original(&town.channels.query_refund(&question(&town, &first)).await).0, "00");
    town.script(
        Scripted::new(Rail::Unionpay, Fault::LateExecution { delay_s: 100 }).only(Call::Refund).times(1),
    );
    let late = refund(&debit, 2, 1, 100);
    let sent = question(&town, &late);
    assert_eq!(town.channels.refund(&late).await, silent);
    let not_yet = town.channels.query_refund(&sent).await;
    assert!(
        matches!(&not_yet, QueryAnswer::Answered { code, original: None } if code == "34"),
        "{not_yet:?}"
    );
    town.pass(101).await;
    assert_eq!(original(&town.channels.query_refund(&sent).await).0, "00");
    town.fault(Rail::Unionpay, Fault::WrongAmount {});
    let answer = town.channels.refund(&refund(&debit, 3, 1, 100)).await;
    assert_eq!(answer, MoneyAnswer::NoAnswer { why: NoAnswer::WrongOrder });
}
