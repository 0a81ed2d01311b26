//! What one payment costs to decide: the checks of what was typed, the outlook and ranking of four channels, and the
//! decision itself, with a book of health that has heard of fifty issuers.
//!
//! ```sh
//! cargo bench -p lockstep-core --bench decide
//! ```
#![expect(clippy::print_stdout, reason = "figures for people")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use lockstep_core::binding::{
    Binding, Instrument, InstrumentKind, Mandate, MandateState, MandateTerms, Proof, Verification,
};
use lockstep_core::catalogue::Scheme;
use lockstep_core::channel::{
    AmountLimits, Capability, ChannelBook, ChannelId, ChannelName, Direction, Hours, ProbeRules, QueryRules,
};
use lockstep_core::check::{check_card, check_id_number, check_mobile, check_name};
use lockstep_core::health::{HealthBook, HealthPolicy, News, Signal, Took};
use lockstep_core::id::{BindingId, BorrowerId, Bucket, MandateId, Mint, OrderId, TenantId, VaultItemId};
use lockstep_core::money::{Currency, Money};
use lockstep_core::order::{Order, OrderState};
use lockstep_core::payment::{FundsClock, PaymentCommand, RefundPolicy, RetryBudget, RetryPolicy};
use lockstep_core::routing::RoutingRules;
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_core::time::{Timestamp, Zone};
use lockstep_core::{Command, Facts, Slice, decide};

const CHANNELS: [&str; 4] = ["unionpay", "netsunion", "bankdirect", "wallet"];
const WARM_UP: usize = 2_000;
const ROUNDS: usize = 20_000;

fn main() {
    let now = Timestamp::from_millis(1_772_413_200_000);
    let channels = ChannelBook::new(CHANNELS.map(capability));
    let health = warmed(&channels, now);
    let (retry, rules, refunds) = (RetryPolicy::default(), RoutingRules::default(), RefundPolicy::default());
    let (funds, budget) = (FundsClock::default(), RetryBudget::default());
    let slice = slice(now);
    let command = Command::Payment(PaymentCommand::Collect { amount_minor: None, channels: Vec::new() });
    let facts = |seed: usize| Facts {
        now,
        asked_at: now,
        seed: (seed as u128).to_be_bytes(),
        channels: &channels,
        retry: &retry,
        health: &health,
        rules: &rules,
        refunds: &refunds,
        funds: &funds,
        budget: &budget,
    };
    let decided = decide(&slice, &command, &facts(0)).expect("the payment is allowed");
    assert!(!decided.effects.is_empty(), "an attempt is opened");

    show("checks (card, ID, phone, name)", |_| check_all());
    show("outlook of four channels", |round| outlooks(&health, round, now));
    show("decide(collect), ranking included", |round| {
        let decision = decide(&slice, &command, &facts(round));
        black_box(decision).is_ok_and(|decision| !decision.effects.is_empty())
    });
    show("all of it, per payment", |round| {
        let decision = decide(&slice, &command, &facts(round));
        check_all() && outlooks(&health, round, now) && black_box(decision).is_ok()
    });
    let mut book = health.clone();
    show("observe one answer", |round| {
        black_box(book.observe(&answer(CHANNELS[round % 4], round % 50, now))).is_empty()
    });
}

fn check_all() -> bool {
    let card = check_card(&CardNumber::new(black_box("6222 0200 0000 0000 000").to_owned()));
    let id = check_id_number(
        &IdNumber::new(black_box("11010519491231002X").to_owned()),
        jiff::civil::date(2026, 3, 2),
    );
    let mobile = check_mobile(&Mobile::new(black_box("13800138000").to_owned()));
    let name = check_name(&HolderName::new(black_box("欧阳金丝雀").to_owned()));
    black_box((card, id, mobile, name)).0.facts.is_some()
}

fn outlooks(health: &HealthBook, round: usize, now: Timestamp) -> bool {
    let issuer = format!("BANK{:02}", round % 50);
    CHANNELS.iter().all(|channel| {
        let outlook = health.outlook(&id(channel), Some(&issuer), Direction::Collect, now);
        black_box(outlook).chance_ppm > 0
    })
}

fn id(name: &str) -> ChannelId {
    ChannelId::try_from(name).expect("a channel's name")
}

fn capability(name: &str) -> Capability {
    Capability {
        id: id(name),
        name: ChannelName { zh: name.to_owned(), en: name.to_owned() },
        scheme: Scheme::UnionpayAcp,
        collect: Some(AmountLimits {
            currency: Currency::CNY,
            min_minor: 1,
            max_minor: 5_000_000,
            daily_minor: None,
            monthly_minor: None,
            issuers: BTreeMap::new(),
        }),
        pay_out: None,
        sign: None,
        refund: None,
        reversal: None,
        statement: None,
        query: Some(QueryRules { ladder_s: vec![5, 10, 30, 60, 300] }),
        notices: true,
        hours: Hours::always(Zone::shanghai().clone()),
        late_execution_window_s: 600,
        call_timeout_ms: 10_000,
        unknown_deadline_s: 7200,
        max_in_flight: 64,
        probe: Some(ProbeRules { every_ms: 1_000, successes: 2 }),
        cost_milli_minor: 0,
    }
}

fn answer(channel: &str, issuer: usize, at: Timestamp) -> Signal {
    Signal {
        channel: id(channel),
        issuer: Some(format!("BANK{issuer:02}")),
        direction: Direction::Collect,
        sent_at: at.minus(Duration::from_millis(250)),
        at,
        news: News::Alive,
        took: Some(Took::Order { ms: 250 }),
        outcome: Some(true),
    }
}

/// Fifty issuers on four channels, some two hundred answers each.
fn warmed(channels: &ChannelBook, now: Timestamp) -> HealthBook {
    let mut book = HealthBook::new(channels, HealthPolicy::default());
    for round in 0..40_000usize {
        let at = now.minus(Duration::from_millis(40_000 - round as u64));
        book.observe(&answer(CHANNELS[round % 4], round / 4 % 50, at));
    }
    book
}

fn slice(now: Timestamp) -> Slice {
    let mint = &mut Mint::new(Bucket::of_tenant("bench"), now, [7; 16]);
    let (tenant, borrower) = (TenantId::mint(mint), BorrowerId::mint(mint));
    let terms = MandateTerms {
        payee: "Sunrise".to_owned(),
        purpose: "repayment".to_owned(),
        condition: "monthly".to_owned(),
        max_amount_minor: None,
        daily_minor: None,
        monthly_minor: None,
        valid_until: now.plus(Duration::from_secs(86_400 * 365)),
    };
    let mandates = CHANNELS.map(|channel| {
        let state = MandateState::Live { agreement_no: format!("{channel}-1"), since: now };
        let mandate = Mandate {
            id: MandateId::mint(mint),
            channel: id(channel),
            terms: terms.clone(),
            state,
            rounds: 1,
        };
        (id(channel), mandate)
    });
    let instrument = Instrument {
        kind: InstrumentKind::DebitCard,
        issuer: Some("BANK07".to_owned()),
        masked: "622202*********0000".to_owned(),
        vault_item: VaultItemId::mint(mint),
        fingerprint: "f".to_owned(),
    };
    let binding = Binding {
        id: BindingId::mint(mint),
        tenant,
        borrower,
        instrument,
        verification: Verification::Proven { proof: Proof::FourElementsAndCode, at: now },
        mandates: BTreeMap::from(mandates),
        preferred: CHANNELS.map(id).to_vec(),
        observed: None,
        unbound_at: None,
        usage: BTreeMap::new(),
        stand_in: None,
        declines: Vec::new(),
        version: 5,
        created_at: now,
    };
    let order = Order {
        id: OrderId::mint(mint),
        tenant,
        borrower,
        reference: "L-1".to_owned(),
        money: Money::new(125_000, Currency::CNY).expect("an amount"),
        due_at: now,
        collected_minor: 0,
        surplus_minor: 0,
        unconfirmed: Vec::new(),
        refunded_minor: 0,
        partial: None,
        parts: None,
        excused: None,
        own_cause_at: None,
        state: OrderState::Open,
        version: 1,
        created_at: now,
    };
    Slice { binding: Some(binding), order: Some(order), ..Slice::default() }
}

/// Runs something often and prints the median and the 99th percentile in microseconds.
#[expect(clippy::disallowed_methods, reason = "a stopwatch for figures; nothing decides from it")]
fn show(what: &str, mut run: impl FnMut(usize) -> bool) {
    let mut took: Vec<u128> = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        let started = Instant::now();
        let well = run(round);
        let nanos = started.elapsed().as_nanos();
        assert!(well, "{what}: round {round} did not do its work");
        if round >= WARM_UP {
            took.push(nanos);
        }
    }
    took.sort_unstable();
    let at = |percent: usize| {
        let nanos = took[ROUNDS * percent / 100];
        format!("{}.{:02}", nanos / 1000, nanos % 1000 / 10)
    };
    println!("{what:<36} p50 {:>8} µs   p99 {:>8} µs", at(50), at(99));
}
