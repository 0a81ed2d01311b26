//! What banks and channels do when nothing is wrong with the line.

mod town;

use lockstep_core::binding::SignAnswer;
use lockstep_core::payment::QueryAnswer;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Channels;
use lockstep_sim::sandbox::{AccountChange, AccountState, Income, Rail, Sandbox, World};
use town::{CARD, Town, code, original, sign_code};

#[tokio::test]
async fn unionpay_answers_at_once() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let sent_at = town.now();
    let (order, answer) = town.pay(Rail::Unionpay, &agreement).await;
    assert_eq!(code(&answer), "00");
    assert_eq!(original(&town.ask(&order, sent_at).await), ("00".to_owned(), 12_500));
    assert_eq!(town.with(|sandbox| sandbox.truth().debits.sum_minor), 12_500);
    assert!(town.channels.due_notices(town.now()).is_empty());
}

#[tokio::test]
async fn netsunion_tells_by_itself() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Netsunion).await;
    let (order, answer) = town.pay(Rail::Netsunion, &agreement).await;
    assert_eq!(code(&answer), "ES000033");
    assert_eq!(town.with(|sandbox| sandbox.truth().debits.count), 0, "accepted is not debited");
    town.pass(10).await;
    let notices = town.channels.due_notices(town.now());
    assert_eq!(notices.len(), 1);
    let body = String::from_utf8(notices[0].body.clone()).unwrap();
    assert!(body.contains("00000000") && body.contains(&order.order_no), "{body}");
    assert!(town.channels.due_notices(town.now()).is_empty(), "taken once");
}

#[tokio::test]
async fn bankdirect_tells_when_asked() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Bankdirect).await;
    let sent_at = town.now();
    let (order, answer) = town.pay(Rail::Bankdirect, &agreement).await;
    assert_eq!(code(&answer), "PCC42005");
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "PCC42005");
    town.pass(31).await;
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "PCC00000");
    assert!(town.channels.due_notices(town.now()).is_empty());
}

/// Each cause in each channel's own words; UnionPay folds four states into one code.
#[tokio::test]
async fn causes_and_codes() {
    let state = |state| AccountChange { state: Some(state), ..AccountChange::default() };
    let cases = [
        (state(AccountState::Frozen), ["63", "PB520006", "PCC02254"]),
        (state(AccountState::Lost), ["63", "PB511010", "PCC02253"]),
        (state(AccountState::Closed), ["63", "PB520005", "PCC02252"]),
        (state(AccountState::Locked), ["63", "PB511008", "PCC02252"]),
        (state(AccountState::Expired), ["73", "PB520007", "PCC02251"]),
        (
            AccountChange { balance_minor: Some(12_499), ..AccountChange::default() },
            ["64", "PB520011", "PCC02257"],
        ),
        (
            AccountChange { single_limit_minor: Some(12_499), ..AccountChange::default() },
            ["33", "PB521023", "PCC40803"],
        ),
        (
            AccountChange { daily_limit_minor: Some(12_499), ..AccountChange::default() },
            ["33", "PB521024", "PCC02222"],
        ),
        (
            AccountChange { mobile: Some("13900139000".to_owned()), ..AccountChange::default() },
            ["89", "PB521016", "PCC22007"],
        ),
    ];
    for (change, codes) in cases {
        for (rail, expected) in Rail::ALL.into_iter().zip(codes) {
            let mut town = Town::new();
            let agreement = town.signed(rail).await;
            town.change(change.clone());
            assert_eq!(town.final_code(rail, &agreement).await, expected, "{rail:?}");
            assert_eq!(town.with(|sandbox| sandbox.truth().debits.count), 0);
        }
    }
}

#[tokio::test]
async fn the_daily_limit_ends_with_the_day_in_shanghai() {
    let mut town = Town::of(
        Sandbox::new(World::default()),
        Timestamp::from_rfc3339("2026-03-02T23:59:00+08:00").unwrap(),
    );
    let agreement = town.signed(Rail::Unionpay).await;
    town.change(AccountChange { daily_limit_minor: Some(12_500), ..AccountChange::default() });
    assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "00");
    assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "33");
    town.pass(60).await;
    assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "00");
}

#[tokio::test]
async fn income_heals_an_empty_account() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Unionpay).await;
    let at = town.now().plus(std::time::Duration::from_secs(3_600));
    let income = Some(vec![Income { at, amount_minor: 20_000 }]);
    town.change(AccountChange { balance_minor: Some(0), income, ..AccountChange::default() });
    assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "64");
    town.pass(3_600).await;
    assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "00");
}

#[tokio::test]
async fn a_code_is_tried_three_times_and_used_once() {
    let mut town = Town::new();
    let request = |town: &mut Town, code: Option<&str>| town.lender.sign_request(Rail::Unionpay, "r1", code);
    let first = request(&mut town, None);
    assert_eq!(sign_code(&town.channels.request_code(&first).await), "00");
    assert_eq!(sign_code(&town.channels.request_code(&first).await), "00");
    assert_eq!(town.with(|sandbox| sandbox.messages(town::MOBILE).len()), 1, "the same request texts once");
    let lost = request(&mut town, Some("lost"));
    assert_eq!(town.channels.sign(&lost).await, SignAnswer::CodeLost);
    for _ in 0..3 {
        let wrong = request(&mut town, Some("no"));
        assert_eq!(sign_code(&town.channels.sign(&wrong).await), "71");
    }
    let texted = town.texted();
    let right = request(&mut town, Some(&texted));
    assert_eq!(sign_code(&town.channels.sign(&right).await), "71", "three wrong ones kill the code");

    let agreement = town.signed(Rail::Netsunion).await;
    let again = town.lender.sign_request(Rail::Netsunion, "netsunion-01", Some("000000"));
    let SignAnswer::Answered { agreement_no, .. } = town.channels.sign(&again).await else { panic!() };
    assert_eq!(agreement_no, Some(agreement), "signed once, the same answer for ever");
}

#[tokio::test]
async fn a_code_dies_after_five_minutes() {
    let mut town = Town::new();
    let request = town.lender.sign_request(Rail::Netsunion, "r1", None);
    town.channels.request_code(&request).await;
    let code = town.texted();
    town.pass(300).await;
    let late = town.lender.sign_request(Rail::Netsunion, "r1", Some(&code));
    assert_eq!(sign_code(&town.channels.sign(&late).await), "PB511028");
}

#[tokio::test]
async fn other_elements_are_told_apart_where_the_channel_can() {
    for (rail, expected) in Rail::ALL.into_iter().zip(["66", "PB511013", "PCC30080"]) {
        let mut town = Town::new();
        town.signed(rail).await;
        town.change(AccountChange { mobile: Some("13900139000".to_owned()), ..AccountChange::default() });
        let request = town.lender.sign_request(rail, "again", None);
        assert_eq!(sign_code(&town.channels.request_code(&request).await), expected);
    }
}

#[tokio::test]
async fn a_micro_deposit_proves_an_account_at_the_bank_that_sent_it() {
    let mut town = Town::new();
    let request = town.lender.sign_request(Rail::Bankdirect, "m1", None);
    assert_eq!(sign_code(&town.channels.sign(&request).await), "PCC20032", "nothing was deposited yet");
    let payment = town.lender.payment();
    let deposit = town.lender.order(Rail::Bankdirect, payment, 1, None);
    assert_eq!(code(&town.channels.move_money(&deposit).await), "PCC42005");
    town.pass(31).await;
    let SignAnswer::Answered { agreement_no: Some(agreement), .. } = town.channels.sign(&request).await
    else {
        panic!("not signed");
    };
    assert_eq!(town.final_code(Rail::Bankdirect, &agreement).await, "PCC00000");
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!((truth.credits.sum_minor, truth.debits.sum_minor), (12_500, 12_500));
}

#[tokio::test]
async fn a_cancelled_mandate_debits_nothing() {
    let mut town = Town::new();
    let agreement = town.signed(Rail::Netsunion).await;
    assert!(town.channels.cancel_mandate(&Rail::Netsunion.id(), &agreement).await);
    assert!(town.channels.cancel_mandate(&Rail::Netsunion.id(), &agreement).await, "it no longer holds");
    assert_eq!(town.final_code(Rail::Netsunion, &agreement).await, "PB521013");
    let elsewhere = town.signed(Rail::Unionpay).await;
    assert_eq!(
        town.final_code(Rail::Netsunion, &elsewhere).await,
        "PB521014",
        "a mandate holds on one channel"
    );
}

#[tokio::test]
async fn one_order_debits_once_on_a_channel_and_two_orders_debit_twice() {
    let mut town = Town::new();
    let (on_union, on_nets) = (town.signed(Rail::Unionpay).await, town.signed(Rail::Netsunion).await);
    let payment = town.lender.payment();
    let first = town.lender.order(Rail::Unionpay, payment, 1, Some(&on_union));
    assert_eq!(code(&town.channels.move_money(&first).await), "00");
    assert_eq!(code(&town.channels.move_money(&first).await), "12", "used before: says nothing about money");
    assert!(town.with(|sandbox| sandbox.double_debits()).is_empty());
    let second = town.lender.order(Rail::Netsunion, payment, 2, Some(&on_nets));
    town.channels.move_money(&second).await;
    town.pass(10).await;
    town.with(|sandbox| sandbox.advance(Timestamp::from_millis(i64::MAX)));
    let truth = town.with(|sandbox| sandbox.truth());
    assert_eq!(truth.double_debits, [payment.body()]);
    assert_eq!(truth.debits_by_payment[payment.body()].sum_minor, 25_000);
}

#[tokio::test]
async fn netsunion_is_closed_at_night_and_remembers_nothing_of_it() {
    let start = Timestamp::from_rfc3339("2026-03-02T23:00:00+08:00").unwrap();
    let mut town = Town::of(Sandbox::new(World::default()), start);
    let agreement = town.signed(Rail::Netsunion).await;
    town.pass(1_800).await;
    let sent_at = town.now();
    let (order, answer) = town.pay(Rail::Netsunion, &agreement).await;
    assert_eq!(code(&answer), "ES000033");
    let QueryAnswer::Answered { original: None, code } = town.ask(&order, sent_at).await else { panic!() };
    assert_eq!(code, "ES000033", "before its window nothing is certain");
    town.pass(300).await;
    assert_eq!(original(&town.ask(&order, sent_at).await).0, "PB511099", "closed, so that it never runs");
}

#[tokio::test]
async fn a_world_that_is_open_all_day_debits_at_night_too() {
    let start = Timestamp::from_rfc3339("2026-03-02T23:45:00+08:00").unwrap();
    let world = World { open_all_day: true, ..World::default() };
    let mut town = Town::of(Sandbox::new(world), start);
    let agreement = town.signed(Rail::Netsunion).await;
    assert_eq!(town.final_code(Rail::Netsunion, &agreement).await, "00000000");
}

#[tokio::test]
async fn an_unknown_account_opens_itself_the_same_way_every_time() {
    let world = World { no_funds_permille: 1000, phone_mismatch_permille: 0, ..World::default() };
    let mut balances = Vec::new();
    for _ in 0..2 {
        let start = Timestamp::from_rfc3339("2026-03-02T09:00:00+08:00").unwrap();
        let mut town = Town::of(Sandbox::new(world.clone()), start);
        let agreement = town.signed(Rail::Unionpay).await;
        assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "64");
        balances.push(town.with(|sandbox| sandbox.account(CARD).map(|account| account.income.clone())));
        town.pass(4 * 86_400).await;
        assert_eq!(town.final_code(Rail::Unionpay, &agreement).await, "00");
    }
    assert_eq!(balances[0], balances[1]);
}
