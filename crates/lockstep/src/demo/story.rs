//! What happens in the demo: who owes what, what their accounts are like, and what goes wrong when.

use lockstep_channels::sandbox::wire::Call;
use lockstep_core::money::{Currency, Money};
use lockstep_core::time::Timestamp;
use lockstep_sim::people::{Dice, person};
use lockstep_sim::sandbox::{Fault, Rail, Script, Scripted, World};

use crate::bank;
use crate::cli::DemoArgs;
use crate::collect::input::{DueRow, FromWhat};

const HOUR: u64 = 3600;
const MINUTE: u64 = 60;
/// Orders fall due on this many mornings from the first day on.
const DUE_DAYS: u64 = 3;

/// What the population is like. Rates after public figures where there are some: 6 % of first requests find no
/// funds (CFPB), 3 % of card bindings are stale (30 % a year change); the rest are assumptions.
pub(super) fn world(seed: u64) -> World {
    World {
        seed,
        no_funds_permille: 62,
        income_after_days: 6,
        frozen_permille: 8,
        lost_permille: 7,
        closed_permille: 10,
        trouble_after_days: 1,
        phone_mismatch_permille: 12,
        low_daily_limit_permille: 8,
        low_daily_limit_minor: 100_000,
        ..World::default()
    }
}

/// What goes wrong, counted from the first morning at 08:00.
pub(super) fn faults(start: Timestamp) -> Script {
    let at = |seconds: u64| Some(start.plus(std::time::Duration::from_secs(seconds)));
    let during = |rail, fault, from: u64, lasts: u64, chance_permille| Scripted {
        from: at(from),
        until: at(from + lasts),
        chance_permille,
        ..Scripted::new(rail, fault)
    };
    let day = 24 * HOUR;
    let mut faults = vec![
        // Day 1, 09:00: the peak. UnionPay is slow, then loses three answers in ten.
        during(Rail::Unionpay, Fault::Slow { extra_ms: 6500 }, HOUR, 10 * MINUTE, 300),
        during(Rail::Unionpay, Fault::LoseAnswer {}, HOUR, 40 * MINUTE, 300),
        // NetsUnion drops some of its notices and repeats others.
        during(Rail::Netsunion, Fault::DropCallbacks {}, HOUR, 3 * HOUR, 300),
        during(Rail::Netsunion, Fault::DuplicateCallbacks { copies: 3 }, HOUR, 3 * HOUR, 400),
        // Day 2: UnionPay is down for half an hour at the peak, flaps for an hour after it.
        during(Rail::Unionpay, Fault::Down {}, day + HOUR, 30 * MINUTE, 1000),
        during(
            Rail::Unionpay,
            Fault::Flapping { up_s: 60, down_s: 20 },
            day + HOUR + 30 * MINUTE,
            HOUR,
            1000,
        ),
        // Day 3: debits that are made and then not answered; debits that arrive late; broken and forged answers.
        during(Rail::Unionpay, Fault::ExecuteThenTimeout {}, 2 * day + HOUR, HOUR, 250),
        during(Rail::Unionpay, Fault::MalformedBody {}, 2 * day + HOUR, HOUR, 50),
        during(Rail::Unionpay, Fault::WrongSignature {}, 2 * day + HOUR, HOUR, 50),
        during(Rail::Netsunion, Fault::LateExecution { delay_s: 200 }, 2 * day + HOUR, HOUR, 200),
        during(Rail::Netsunion, Fault::HtmlPage {}, 2 * day + HOUR, HOUR, 100),
    ];
    // All along: one answer in two hundred is lost.
    faults.push(Scripted { chance_permille: 5, ..Scripted::new(Rail::Unionpay, Fault::LoseAnswer {}) });
    let lost = Scripted { chance_permille: 5, ..Scripted::new(Rail::Netsunion, Fault::LoseRequest {}) };
    faults.push(lost.only(Call::Pay));
    Script { faults }
}

/// Who owes what: every borrower some instalments, due at nine on the first three mornings.
pub(super) fn due_list(args: &DemoArgs, start: Timestamp) -> Vec<DueRow> {
    let mut dice = Dice::new(args.seed, "demo");
    let borrowers = 1..=args.borrowers as usize;
    let people: Vec<_> = borrowers.map(|number| (person(&mut dice, number), channels(&mut dice))).collect();
    let mut rows = Vec::new();
    for number in 0..args.orders as usize {
        let (person, channels) = &people[number % people.len()];
        let amount = 20_000 + i64::try_from(dice.below(480_000)).unwrap_or(0);
        let Ok(money) = Money::new(amount, Currency::CNY) else {
            continue;
        };
        let due = std::time::Duration::from_secs(HOUR + dice.below(DUE_DAYS) * 24 * HOUR);
        rows.push(DueRow {
            line: number as u64 + 1,
            order: format!("{}-{:02}", person.reference, number / people.len() + 1),
            borrower: person.reference.clone(),
            instrument: FromWhat::Card(Box::new(bank::card(person))),
            channels: channels.clone(),
            money,
            due_at: start.plus(due),
        });
    }
    rows
}

/// Seven in ten borrowers' cards are signed on both card channels, UnionPay first for most.
fn channels(dice: &mut Dice) -> Vec<lockstep_core::channel::ChannelId> {
    match dice.below(10) {
        0..=4 => vec![Rail::Unionpay.id(), Rail::Netsunion.id()],
        5 | 6 => vec![Rail::Netsunion.id(), Rail::Unionpay.id()],
        7 | 8 => vec![Rail::Unionpay.id()],
        _ => vec![Rail::Netsunion.id()],
    }
}
