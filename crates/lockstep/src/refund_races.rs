//! Races for one payment's money: two collections of one order (by hand and by itself), cancelling, and 2 to 50 partial
//! refunds at once, on the production loop, the real store and the sandbox's banks, which lose, repeat and delay. The
//! banks' own books say whether it held.
//!
//! 200 races by default. `LOCKSTEP_REFUND_RACES=10000 cargo test --release -p lockstep refund_races -- --nocapture`
//! runs and reports as many as it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{join, join_all};
use futures::stream::{self, StreamExt};
use lockstep_channels::sandbox::wire::Call;
use lockstep_core::audit::Who;
use lockstep_core::channel::ChannelId;
use lockstep_core::check::check_card;
use lockstep_core::id::{ApiKeyId, BindingId, BorrowerId, Bucket, Mint, OrderId, PaymentId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::order::OrderState;
use lockstep_core::payment::{
    Payment, PaymentCommand, PaymentStatus, RefundCommand, RefundReason, RefundStatus,
};
use lockstep_core::refusal::Refusal;
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Slice};
use lockstep_engine::port::{CallKey, Clock};
use lockstep_engine::{Executed, Request};
use lockstep_sim::people::{Dice, person};
use lockstep_sim::sandbox::{Fault, Rail, Script, Scripted, World};

use crate::bank::Keep;
use crate::clock::SeededSeeds;
use crate::collect::input::{DueRow, FromWhat, NewCard};
use crate::config::{Config, DataConfig};
use crate::drive::{Driver, Outcome};
use crate::house::{House, Plan};

const PEOPLE: usize = 40;
/// Races in one house: with more, its few people run into their limits and nothing is taken any more.
const IN_ONE_HOUSE: usize = 200;
/// Races under way at once.
const AT_ONCE: usize = 32;
/// What a race is about, in minor units.
const AMOUNT_MINOR: i64 = 10_000;

/// 2026-03-02T08:00:00+08:00
const START: Timestamp = Timestamp::from_millis(1_772_409_600_000);

/// What the races came to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Tally {
    asked: u64,
    accepted: u64,
    refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.accepted += other.accepted;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
    }
}

fn faults() -> Script {
    let mut faults = Vec::new();
    for rail in [Rail::Unionpay, Rail::Netsunion] {
        let mut add = |fault, permille| {
            faults.push(Scripted { chance_permille: permille, ..Scripted::new(rail, fault) });
        };
        add(Fault::LoseAnswer {}, 60);
        add(Fault::ExecuteThenTimeout {}, 60);
        add(Fault::MalformedBody {}, 20);
        add(Fault::WrongAmount {}, 20);
        // Within both channels' late-execution windows.
        add(Fault::LateExecution { delay_s: 90 }, 40);
        add(Fault::DuplicateCallbacks { copies: 2 }, 300);
        add(Fault::DropCallbacks {}, 100);
        faults.push(
            Scripted { chance_permille: 40, ..Scripted::new(rail, Fault::LoseRequest {}) }.only(Call::Refund),
        );
    }
    Script { faults }
}

fn row(number: usize, dice: &mut Dice) -> DueRow {
    let person = person(dice, number + 1);
    let facts = check_card(&CardNumber::new(person.card_number.clone())).facts;
    let card = NewCard {
        masked: facts.map(|facts| facts.masked).unwrap_or_default(),
        issuer: None,
        credit: false,
        number: CardNumber::new(person.card_number),
        holder_name: HolderName::new(person.holder_name),
        id_number: IdNumber::new(person.id_number),
        mobile: Mobile::new(person.mobile),
    };
    DueRow {
        line: number as u64 + 1,
        order: "far away".to_owned(),
        borrower: person.reference,
        instrument: FromWhat::Card(Box::new(card)),
        channels: vec![Rail::Unionpay.id(), Rail::Netsunion.id()],
        money: Money::new(100, Currency::CNY).unwrap(),
        // Never due while this runs: the row only binds the card.
        due_at: START.plus(Duration::from_secs(300 * 86_400)),
    }
}

struct Racer {
    driver: Driver,
    clock: Arc<dyn Clock>,
    bound: Vec<(BorrowerId, BindingId)>,
}

impl Racer {
    async fn execute(&self, who: Who, key: CallKey, command: Command) -> Result<Slice, Refusal> {
        let tenant = Some(self.driver.tenant.id);
        let request = Request {
            tenant,
            who,
            key,
            command,
            idempotency: None,
            sealed: Vec::new(),
            done: None,
            asked_at: None,
        };
        match self.driver.engine.execute(request).await.expect("the machinery holds") {
            Executed::Decided(outcome) => *outcome,
            Executed::Replayed(_) | Executed::Key(_) => unreachable!("no key was given"),
        }
    }

    async fn pass(&self, seconds: u64) {
        self.clock.sleep_until(self.clock.now().plus(Duration::from_secs(seconds))).await;
    }

    async fn collect(&self, order: OrderId, binding: BindingId, first: Rail) -> Option<PaymentId> {
        let channels: Vec<ChannelId> = vec![first.id()];
        let command = Command::Payment(PaymentCommand::Collect { amount_minor: None, channels });
        match self.execute(Who::Cli, CallKey::Collect { order, binding }, command).await {
            Ok(slice) => slice.payment.map(|payment| payment.id),
            Err(Refusal::PaymentUnderWay { payment }) => Some(payment),
            Err(Refusal::OrderCancelled) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// One race.
    async fn race(&self, number: u64) -> (Option<PaymentId>, Tally) {
        let mut dice = Dice::new(number, "refund race");
        let (borrower, binding) = self.bound[usize::try_from(number).unwrap() % self.bound.len()];
        let reference = format!("race {number}");
        let money = Money::new(AMOUNT_MINOR, Currency::CNY).unwrap();
        let due_at = self.clock.now();
        let command = Command::CreateOrder { reference: reference.clone(), money, due_at, partial: None };
        let made = self.execute(Who::Cli, CallKey::NewOrder { borrower, reference }, command).await.unwrap();
        let order = made.order.unwrap().id;
        // By hand and by itself, at the same moment; sometimes the lender takes the order back as well.
        let withdraw = async {
            if dice.below(10) == 0 {
                let _ = self.execute(Who::Cli, CallKey::Order(order), Command::CancelOrder).await;
            }
        };
        let both =
            join(self.collect(order, binding, Rail::Unionpay), self.collect(order, binding, Rail::Netsunion));
        let ((), (by_hand, by_itself)) = Box::pin(join(withdraw, both)).await;
        let Some(payment) = by_hand.or(by_itself) else { return (None, Tally::default()) };
        assert!(by_hand.is_none() || by_itself.is_none() || by_hand == by_itself, "an order has one payment");
        let mut dice = Dice::new(number, "refunds");
        let refunds = 2 + dice.below(49);
        let cancel_after = dice.below(30);
        let asks = (0..refunds).map(|ask| {
            let amount_minor =
                1 + i64::try_from(dice.below(u64::try_from(AMOUNT_MINOR).unwrap() / 4)).unwrap();
            // Half of them at one moment.
            let delay_s = if dice.below(2) == 0 { 20 } else { dice.below(90) };
            self.ask(payment, ask, amount_minor, delay_s)
        });
        let cancel = async {
            self.pass(cancel_after).await;
            let cancel = Command::Payment(PaymentCommand::Cancel);
            let _ = self.execute(Who::Cli, CallKey::Payment(payment), cancel).await;
        };
        let ((), tallies) = join(cancel, join_all(asks)).await;
        let mut tally = Tally::default();
        tallies.into_iter().for_each(|one| tally.add(one));
        (Some(payment), tally)
    }

    /// Asks until the rules have a final word.
    async fn ask(&self, payment: PaymentId, ask: u64, amount_minor: i64, delay_s: u64) -> Tally {
        self.pass(delay_s).await;
        let mut mint = Mint::new(Bucket::of_tenant("people"), START, u128::from(ask).to_be_bytes());
        let by = Who::ApiKey { key: ApiKeyId::mint(&mut mint) };
        let mut tally = Tally { asked: 1, ..Tally::default() };
        for _ in 0..10 {
            let command = RefundCommand::Ask {
                amount_minor: Some(amount_minor),
                reason: RefundReason::try_from("race".to_owned()).unwrap(),
                attempt: None,
                by: by.clone(),
            };
            let command = Command::Payment(PaymentCommand::Refund(command));
            match self.execute(by.clone(), CallKey::Payment(payment), command).await {
                Ok(_) => {
                    tally.accepted += 1;
                    return tally;
                }
                Err(refusal) => {
                    *tally.refused.entry(refusal.code()).or_default() += 1;
                    match refusal {
                        Refusal::AttemptUnderWay | Refusal::OutcomeUnknown | Refusal::NothingTaken => {
                            self.pass(60).await;
                        }
                        Refusal::RefundTooMuch { .. } => return tally,
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        tally
    }
}

/// Plays so many races and looks into the banks' books.
fn play(races: u64, seed: u64, folder: &std::path::Path) -> Tally {
    let config =
        Config { data: DataConfig { dir: folder.to_owned(), ..DataConfig::default() }, ..Config::default() };
    let plan = Plan {
        config: &config,
        world: World::default(),
        keep: Keep::AtTheEnd,
        start: START,
        seeds: Arc::new(SeededSeeds::new(seed)),
        tenant: "Racers",
    };
    let mut house = House::open(plan).expect("a house");
    let (driver, clock, banks) = (house.driver(false), house.clock(), house.banks.clone());
    let main = async move {
        let mut dice = Dice::new(seed, "people");
        let rows = (0..PEOPLE).map(|number| row(number, &mut dice)).collect();
        let started = driver.start_all(rows, |_| {}).await.unwrap();
        let mut bound = Vec::new();
        for one in started {
            let Outcome::Payment(payment) = one.outcome else { panic!("not bound: {one:?}") };
            let payment = driver.queries.payment(payment).await.unwrap().unwrap();
            bound.push((payment.borrower, payment.binding));
        }
        let now = clock.now();
        banks.with(|sandbox| sandbox.add_faults(&faults(), now));
        let racer = Racer { driver, clock, bound };
        let racing = stream::iter(0..races).map(|number| racer.race(number)).buffer_unordered(AT_ONCE);
        let ran: Vec<_> = racing.collect().await;
        banks.with(|sandbox| sandbox.clear_faults());
        // Everything that was left open finds its end.
        racer.pass(4 * 86_400).await;
        let mut payments = Vec::new();
        let mut tally = Tally::default();
        for (payment, one) in ran {
            tally.add(one);
            if let Some(payment) = payment {
                payments.push(racer.driver.queries.payment(payment).await.unwrap().unwrap());
            }
        }
        (payments, tally)
    };
    let (payments, tally) = house.run(main, |_| {}).expect("no deadlock");
    look(&house, &payments);
    tally
}

fn look(house: &House, payments: &[Payment]) {
    let truth = house.banks.with(|sandbox| sandbox.truth());
    assert_eq!(truth.double_debits, Vec::<String>::new(), "debited twice");
    assert_eq!(truth.over_refunded, Vec::<String>::new(), "more went back than was taken");
    assert_eq!(truth.double_refunds, Vec::<String>::new(), "a refund went back twice");
    let store = house.foundation.store.clone();
    for payment in payments {
        let ended = !payment.status().is_live();
        assert!(ended, "{payment:?}");
        let sum = |moved: &BTreeMap<String, lockstep_sim::sandbox::Moved>| {
            moved.get(payment.id.body()).map_or(0, |moved| moved.sum_minor)
        };
        assert_eq!(sum(&truth.debits_by_payment), payment.taken_minor(), "{payment:?}");
        assert_eq!(sum(&truth.refunds_by_payment), payment.refunded_minor(), "{payment:?}");
        assert!(payment.refund_claimed_minor() <= payment.taken_minor(), "{payment:?}");
        for refund in &payment.refunds {
            assert!(matches!(refund.status(), RefundStatus::Succeeded | RefundStatus::Failed), "{refund:?}");
        }
        let order =
            futures::executor::block_on(store.order(payment.purpose.order().unwrap())).unwrap().unwrap();
        let paid = payment.status() == PaymentStatus::Succeeded;
        assert_eq!(
            matches!(order.state, OrderState::Collected { .. }),
            paid,
            "a refund leaves the order as it is"
        );
        assert_eq!(order.refunded_minor, payment.refunded_minor());
    }
    let totals = futures::executor::block_on(store.totals()).unwrap();
    assert!(totals.ledger.iter().all(|(_, sum)| *sum == 0), "{:?}", totals.ledger);
}

#[test]
#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "reports a measured figure")]
fn refund_races() {
    let races =
        std::env::var("LOCKSTEP_REFUND_RACES").map_or(200, |text| text.parse().expect("a number of races"));
    let folder = std::env::temp_dir().join(format!("lockstep-refund-races-{}", std::process::id()));
    let begin = std::time::Instant::now();
    let mut tally = Tally::default();
    for begun in (0..races).step_by(IN_ONE_HOUSE) {
        let house = (races - begun).min(IN_ONE_HOUSE as u64);
        tally.add(play(house, 7 + begun, &folder));
        std::fs::remove_dir_all(&folder).expect("the folder was made here");
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{races} races in {seconds:.1} s: {} refunds asked, {} accepted, refusals {:?}",
        tally.asked, tally.accepted, tally.refused
    );
    assert!(
        tally.accepted > races && tally.refused.get("refund_too_much").copied().unwrap_or(0) > races / 2,
        "{tally:?}"
    );
}
