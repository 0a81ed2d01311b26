//! Whatever is asked and answered, in any order: nothing panics, and the laws of the scenario world hold
//! after every decision: one attempt that could move money, proofs, sums, versions, notices, timers.

use proptest::prelude::*;

use super::chaos::{Op, play};
use crate::catalogue::{Scheme, codes};
use crate::payment::{
    MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, PaymentCommand, QueryAnswer, RefundCommand,
    RefundReason, ReversalAnswer, StatementAnswer,
};
use crate::scenario::refund::who;
use crate::scenario::world::World;

fn code() -> impl Strategy<Value = String> {
    let telling = vec![
        "00", "64", "34", "05", "12", "75", "42", "46", "A4", "00000000", "PB520011", "PB521016", "51", "25",
        "PCC00000", "PCC80002",
    ];
    let schemes = [Scheme::UnionpayAcp, Scheme::NetworkPb, Scheme::OnebankPcc, Scheme::Iso8583F39];
    let known: Vec<_> = schemes.into_iter().flat_map(codes).map(str::to_owned).collect();
    prop_oneof![
        4 => prop::sample::select(telling).prop_map(str::to_owned),
        2 => prop::sample::select(known),
        1 => "[ -~]{0,9}",
        1 => any::<String>(),
    ]
}

fn amount() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        4 => Just(None),
        3 => Just(Some(10_000)),
        2 => (1_i64..12_000).prop_map(Some),
        1 => any::<Option<i64>>(),
    ]
}

fn no_answer() -> impl Strategy<Value = NoAnswer> {
    prop::sample::select(vec![
        NoAnswer::TimedOut,
        NoAnswer::ConnectionLost,
        NoAnswer::Unreadable,
        NoAnswer::Interrupted,
    ])
}

fn not_sent() -> impl Strategy<Value = NotSent> {
    prop::sample::select(vec![NotSent::NoConnection, NotSent::NotConfigured, NotSent::NoSecrets])
}

fn money_answer() -> impl Strategy<Value = MoneyAnswer> {
    prop_oneof![
        3 => (code(), amount()).prop_map(|(code, amount_minor)| {
            MoneyAnswer::Answered { code, channel_ref: None, amount_minor }
        }),
        2 => no_answer().prop_map(|why| MoneyAnswer::NoAnswer { why }),
        1 => not_sent().prop_map(|why| MoneyAnswer::NotSent { why }),
    ]
}

fn query_answer() -> impl Strategy<Value = QueryAnswer> {
    let original = (code(), amount()).prop_map(|(code, amount_minor)| OriginalOutcome {
        code,
        channel_ref: None,
        amount_minor,
    });
    prop_oneof![
        4 => (code(), prop::option::of(original)).prop_map(|(code, original)| {
            QueryAnswer::Answered { code, original }
        }),
        1 => no_answer().prop_map(|why| QueryAnswer::NoAnswer { why }),
        1 => not_sent().prop_map(|why| QueryAnswer::NotSent { why }),
    ]
}

fn reversal_answer() -> impl Strategy<Value = ReversalAnswer> {
    let code = prop_oneof![
        4 => prop::sample::select(vec!["00", "34", "25", "46", "31", "51"]).prop_map(str::to_owned),
        1 => code(),
    ];
    prop_oneof![
        4 => code.prop_map(|code| ReversalAnswer::Answered { code }),
        2 => no_answer().prop_map(|why| ReversalAnswer::NoAnswer { why }),
        1 => not_sent().prop_map(|why| ReversalAnswer::NotSent { why }),
    ]
}

fn statement_answer() -> impl Strategy<Value = StatementAnswer> {
    prop_oneof![
        3 => (code(), amount()).prop_map(|(code, amount_minor)| {
            StatementAnswer::Listed { line: OriginalOutcome { code, channel_ref: None, amount_minor } }
        }),
        5 => Just(StatementAnswer::NotListed),
        1 => Just(StatementAnswer::NotReady),
        1 => no_answer().prop_map(|why| StatementAnswer::NoAnswer { why }),
    ]
}

fn payment_command() -> impl Strategy<Value = PaymentCommand> {
    let number = || prop_oneof![9 => 1_u16..4, 1 => any::<u16>()];
    let channel = || {
        prop::sample::select(vec!["unionpay", "netsunion", "wallet", "bankdirect", "nowhere"])
            .prop_map(World::channel)
    };
    prop_oneof![
        2 => Just(PaymentCommand::TryNow),
        2 => Just(PaymentCommand::Cancel),
        8 => (number(), money_answer()).prop_map(|(attempt, answer)| {
            PaymentCommand::MoneyAnswered { attempt, answer }
        }),
        8 => (number(), query_answer()).prop_map(|(attempt, answer)| {
            PaymentCommand::QueryAnswered { attempt, answer }
        }),
        3 => (number(), channel(), code(), amount()).prop_map(|(attempt, channel, code, amount_minor)| {
            PaymentCommand::Noticed { attempt, channel, code, channel_ref: None, amount_minor }
        }),
        6 => (number(), reversal_answer()).prop_map(|(attempt, answer)| {
            PaymentCommand::ReversalAnswered { attempt, answer }
        }),
        1 => (number(), 0_u16..4).prop_map(|(attempt, sent)| PaymentCommand::Reverse { attempt, sent }),
        1 => (number(), 0_u16..4).prop_map(|(attempt, asked)| PaymentCommand::ConfirmDefect { attempt, asked }),
        1 => number().prop_map(|attempts| PaymentCommand::Try { attempts }),
        1 => (number(), any::<u16>()).prop_map(|(attempt, asked)| PaymentCommand::Ask { attempt, asked }),
        1 => number().prop_map(|attempt| PaymentCommand::Deadline { attempt }),
    ]
}

fn refund_command() -> impl Strategy<Value = RefundCommand> {
    let number = || prop_oneof![9 => 1_u16..4, 1 => any::<u16>()];
    let by = || prop::sample::select(vec!["K1", "K2"]).prop_map(who);
    let channel = || prop::sample::select(vec!["unionpay", "netsunion", "wallet"]).prop_map(World::channel);
    let asked = prop_oneof![2 => Just(None), 6 => (1_i64..6_000).prop_map(Some), 1 => any::<Option<i64>>()];
    let reason = || {
        prop::sample::select(vec!["goodwill", "surplus"])
            .prop_map(|code| RefundReason::try_from(code.to_owned()).expect("a code"))
    };
    prop_oneof![
        10 => (asked, reason(), prop::option::weighted(0.2, number()), by()).prop_map(
            |(amount_minor, reason, attempt, by)| RefundCommand::Ask { amount_minor, reason, attempt, by }
        ),
        3 => (number(), by()).prop_map(|(refund, by)| RefundCommand::Approve { refund, by }),
        1 => (number(), by()).prop_map(|(refund, by)| RefundCommand::Withdraw { refund, by }),
        8 => (number(), number(), money_answer()).prop_map(|(refund, try_no, answer)| {
            RefundCommand::Answered { refund, try_no, answer }
        }),
        8 => (number(), number(), query_answer()).prop_map(|(refund, try_no, answer)| {
            RefundCommand::QueryAnswered { refund, try_no, answer }
        }),
        2 => (number(), number(), channel(), code(), amount()).prop_map(
            |(refund, try_no, channel, code, amount_minor)| {
                RefundCommand::Noticed { refund, try_no, channel, code, channel_ref: None, amount_minor }
            }
        ),
        1 => (number(), number()).prop_map(|(refund, tries)| RefundCommand::Try { refund, tries }),
        1 => (number(), number(), any::<u16>()).prop_map(|(refund, try_no, asked)| {
            RefundCommand::AskAbout { refund, try_no, asked }
        }),
        1 => (number(), number()).prop_map(|(refund, try_no)| RefundCommand::CheckClosed { refund, try_no }),
        1 => (number(), number()).prop_map(|(refund, try_no)| RefundCommand::Deadline { refund, try_no }),
    ]
}

/// What refunds meet: a payment that succeeds, then requests, answers and lost answers in any order.
fn refunding() -> impl Strategy<Value = Op> {
    let some = || 0_usize..3;
    prop_oneof![
        10 => (some(), refund_command()).prop_map(|(payment, command)| {
            Op::Payment { payment, command: PaymentCommand::Refund(command) }
        }),
        6 => (some(), 1_u16..4, 1_u16..3).prop_map(|(payment, refund, try_no)| Op::WentBack { payment, refund, try_no }),
        3 => (some(), 1_u16..4).prop_map(|(payment, refund)| Op::RefundVanishes { payment, refund }),
        3 => pause_ms().prop_map(Op::Wait),
        2 => some().prop_map(|payment| Op::Payment { payment, command: PaymentCommand::Cancel }),
        3 => (some(), 1_u16..3).prop_map(|(payment, attempt)| Op::Moved { payment, attempt }),
        2 => some().prop_map(Op::Vanish),
        2 => (some(), some()).prop_map(|(order, binding)| {
            Op::Collect { order, binding, amount_minor: None, channels: 0 }
        }),
        1 => some().prop_map(Op::Withdraw),
    ]
}

fn pause_ms() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0_u64..20_000,
        3 => 500_000_u64..700_000,
        2 => 0_u64..90_000_000,
        1 => 0_u64..2_000_000_000,
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let some = || 0_usize..4;
    prop_oneof![
        8 => (some(), some(), amount(), some()).prop_map(|(order, binding, amount_minor, channels)| {
            Op::Collect { order, binding, amount_minor, channels }
        }),
        3 => (some(), refund_command()).prop_map(|(payment, command)| {
            Op::Payment { payment, command: PaymentCommand::Refund(command) }
        }),
        12 => (some(), payment_command()).prop_map(|(payment, command)| Op::Payment { payment, command }),
        6 => pause_ms().prop_map(Op::Wait),
        5 => some().prop_map(Op::Vanish),
        4 => some().prop_map(Op::Again),
        6 => (some(), 1_u16..4).prop_map(|(payment, attempt)| Op::Moved { payment, attempt }),
        3 => some().prop_map(|payment| Op::Payment { payment, command: PaymentCommand::Cancel }),
        1 => some().prop_map(Op::Withdraw),
        1 => (some(), any::<i32>()).prop_map(|(binding, seconds)| {
            Op::Owe { binding, due_in_s: seconds / 4000 }
        }),
        6 => (some(), pause_ms()).prop_map(|(payment, millis)| Op::Hang { payment, millis }),
        6 => (some(), 1_u16..4, 0_u8..4, statement_answer()).prop_map(|(payment, attempt, days, answer)| {
            Op::Statement { payment, attempt, days, answer }
        }),
        5 => (some(), 1_u16..4, 1_u8..4, any::<u8>()).prop_map(|(payment, attempt, person, dice)| {
            Op::Judge { payment, attempt, person, dice }
        }),
        2 => (some(), some()).prop_map(|(borrower, channels)| Op::Bind { borrower, channels }),
        6 => (some(), some(), code(), any::<u8>()).prop_map(|(binding, channel, code, dice)| {
            Op::Sign { binding, channel, code, dice }
        }),
        1 => some().prop_map(Op::Unbind),
        3 => (some(), 0_u8..4).prop_map(|(binding, dice)| Op::Consent { binding, agree: dice > 0 }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_whatever_happens(ops in prop::collection::vec(op(), 1..60)) {
        play(World::new(), &ops);
    }

    /// Any order of refunds, answers, lost answers and waits: what went back or could never exceeds what was taken.
    #[test]
    fn refunds_stay_within_what_was_taken(
        held in any::<bool>(),
        above in prop::option::of(0_i64..9_000),
        ops in prop::collection::vec(refunding(), 1..80),
    ) {
        let mut world = World::new();
        if held {
            world.refunds.surplus = crate::payment::SurplusPolicy::Held;
        }
        world.refunds.approve_above_minor = above;
        let mut all = vec![
            Op::Collect { order: 0, binding: 0, amount_minor: None, channels: 0 },
            Op::Moved { payment: 0, attempt: 1 },
        ];
        all.extend(ops);
        play(world, &all);
    }

    #[test]
    fn the_laws_hold_with_limits_and_exploring(ops in prop::collection::vec(op(), 1..40)) {
        let mut world = World::new();
        let limited = world.book.iter().cloned().map(|mut capability| {
            if let Some(limits) = &mut capability.collect {
                (limits.daily_minor, limits.monthly_minor) = (Some(20_000), Some(50_000));
            }
            capability
        });
        world.book = crate::channel::ChannelBook::new(limited.collect::<Vec<_>>());
        world.retry.route.explore_ppm = 300_000;
        play(world, &ops);
    }

    /// A clock that is wrong by ages gives wrong dates, and nothing worse.
    #[test]
    fn the_laws_hold_at_the_ends_of_time(millis in any::<i64>(), ops in prop::collection::vec(op(), 1..12)) {
        let mut world = World::new();
        world.now = crate::time::Timestamp::from_millis(millis);
        play(world, &ops);
    }
}
