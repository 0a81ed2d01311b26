//! Choosing among channels whose health is given.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::look::Seen;
use super::*;
use crate::command::Command;
use crate::decision::Slice;
use crate::health::{Gate, Outlook, Scope};
use crate::id::{BorrowerId, PaymentId};
use crate::payment::PaymentCommand;
use crate::routing::{RoutingRules, Rule, Split, SplitBy, Then, When};
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::world::{Key, World};

const CHANNELS: [&str; 3] = ["unionpay", "netsunion", "wallet"];

fn outlook(chance_ppm: u32, spread_ppm: u32, gate: Gate) -> Outlook {
    Outlook { chance_ppm, spread_ppm, gate }
}

fn open(chance_ppm: u32, spread_ppm: u32) -> Outlook {
    outlook(chance_ppm, spread_ppm, Gate::Open)
}

/// A card with a mandate on each of three channels, and a payment of it.
struct Stage {
    world: World,
    slice: Slice,
    policy: RoutePolicy,
    rules: RoutingRules,
    cost: BTreeMap<&'static str, u64>,
    seeds: u64,
}

impl Stage {
    fn new() -> Self {
        let mut world = World::new();
        let borrower = new_borrower(&mut world, "B1");
        let channels = CHANNELS.map(World::channel);
        let binding = bound_card(&mut world, borrower, "C1", &channels, (None, None));
        let money = crate::money::Money::new(10_000, crate::money::Currency::CNY).unwrap();
        let due_at = world.now.plus(std::time::Duration::from_secs(3600));
        let command = Command::CreateOrder { reference: "R1".to_owned(), money, due_at, partial: None };
        let (slice, _) = world.run(&Key::NewOrder(borrower, "R1".to_owned()), &command).unwrap();
        let collect = PaymentCommand::Collect { amount_minor: None, channels: Vec::new() };
        let key = Key::Collect(slice.order.unwrap().id, binding);
        let (slice, _) = world.run(&key, &Command::Payment(collect)).unwrap();
        let (policy, rules) = (RoutePolicy::default(), RoutingRules::default());
        Self { world, slice, policy, rules, cost: BTreeMap::new(), seeds: 0 }
    }

    fn rule(then: Then) -> RoutingRules {
        RoutingRules { rules: vec![Rule { name: "mine".to_owned(), when: When::default(), then }] }
    }

    /// Another payment of another borrower, all else alike.
    fn another(&mut self) {
        let bucket = self.slice.payment.as_ref().unwrap().id.bucket();
        let mut mint = crate::id::Mint::new(bucket, self.world.now, self.world.seed());
        let payment = self.slice.payment.as_mut().unwrap();
        payment.id = PaymentId::mint(&mut mint);
        payment.borrower = BorrowerId::mint(&mut mint);
    }

    fn choose(&mut self, outlooks: &[Outlook; 3]) -> Route {
        self.seeds += 1;
        let mut retry = self.world.retry.clone();
        retry.route = self.policy.clone();
        let facts = Facts {
            now: self.world.now,
            asked_at: self.world.now,
            seed: u128::from(self.seeds).to_be_bytes(),
            channels: &self.world.book,
            retry: &retry,
            health: &self.world.health,
            rules: &self.rules,
            refunds: &self.world.refunds,
            funds: &self.world.funds,
            budget: &self.world.budget,
        };
        let (payment, binding) = (self.slice.payment.as_ref().unwrap(), self.slice.binding.as_ref().unwrap());
        let mut seen = look::at_all(payment, binding, &[], &facts);
        for one in seen.iter_mut().filter(|one| one.finding.ready()) {
            let place = CHANNELS.iter().position(|name| *name == one.channel.as_str()).unwrap();
            one.fare(outlooks[place], self.world.now);
            one.cost_milli_minor = self.cost.get(one.channel.as_str()).copied().unwrap_or(0);
        }
        assert_eq!(seen.len(), 3);
        among(payment, seen, &facts)
    }

    /// The order of ranking, by name.
    fn ranking(&mut self, outlooks: [Outlook; 3]) -> Vec<String> {
        match self.choose(&outlooks) {
            Route::Send { ranked, .. } => ranked.iter().map(|one| one.channel.to_string()).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn shares(&mut self, outlooks: [Outlook; 3]) -> BTreeMap<String, u32> {
        match self.choose(&outlooks) {
            Route::Send { ranked, .. } => {
                ranked.iter().map(|one| (one.channel.to_string(), one.share_ppm)).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_clearly_better_chance_goes_first_and_a_likely_tie_goes_to_the_cheaper() {
    let mut stage = Stage::new();
    stage.cost = BTreeMap::from([("unionpay", 120), ("netsunion", 80), ("wallet", 100)]);
    let clear = [open(900_000, 5_000), open(950_000, 5_000), open(970_000, 5_000)];
    assert_eq!(stage.ranking(clear), ["wallet", "netsunion", "unionpay"]);
    let tied = [open(900_000, 30_000), open(930_000, 30_000), open(935_000, 30_000)];
    assert_eq!(stage.ranking(tied), ["netsunion", "wallet", "unionpay"]);
    // Equal in everything: the order in which the lender named them.
    stage.cost.clear();
    assert_eq!(stage.ranking([open(900_000, 1); 3]), ["unionpay", "netsunion", "wallet"]);
    // 10 points apart with a combined spread of 10 points and a little: equal. One more: not.
    let edge = |chance| [open(900_000, 60_000), open(chance, 80_000), open(0, 0)];
    stage.cost = BTreeMap::from([("netsunion", 0), ("unionpay", 1)]);
    assert_eq!(stage.ranking(edge(800_000))[0], "netsunion");
    assert_eq!(stage.ranking(edge(799_999))[0], "unionpay");
}

#[test]
fn exploring_is_rare_and_rarer_still_where_it_would_hurt() {
    let mut stage = Stage::new();
    let shares = stage.shares([open(950_000, 1_000), open(900_000, 1_000), open(500_000, 1_000)]);
    assert_eq!(shares["netsunion"], 20_000);
    assert_eq!(shares["wallet"], 2_000);
    assert_eq!(shares["unionpay"], 978_000);
    // What is only half open is not explored: its few places are for those who need it.
    let ramp = outlook(900_000, 1_000, Gate::Ramp { share_ppm: 999_999, since: stage.world.now });
    let shares = stage.shares([open(950_000, 1_000), ramp, open(940_000, 1_000)]);
    assert_eq!(shares["netsunion"], 0);
    // However many there are to explore, the best keeps half.
    stage.policy.explore_ppm = 900_000;
    let shares = stage.shares([open(950_000, 1_000), open(900_000, 1_000), open(900_000, 1_000)]);
    assert_eq!(shares["unionpay"], 500_000);
    stage.policy.explore_ppm = 0;
    let shares = stage.shares([open(950_000, 1_000), open(900_000, 1_000), open(0, 1_000)]);
    assert_eq!(shares["unionpay"], 1_000_000);
}

/// The cost that [`RoutePolicy`] documents: 0.2 points of the first attempt's chance per other candidate.
#[test]
fn exploring_costs_a_first_attempt_at_most_two_tenths_of_a_point_per_candidate() {
    let mut stage = Stage::new();
    for (worse, much_worse) in [(850_000, 0), (850_001, 849_999), (900_000, 300_000), (0, 0)] {
        let chances = BTreeMap::from([("unionpay", 950_000), ("netsunion", worse), ("wallet", much_worse)]);
        let shares = stage.shares([open(950_000, 1), open(worse, 1), open(much_worse, 1)]);
        let expected: u64 =
            shares.iter().map(|(name, share)| u64::from(*share) * u64::from(chances[name.as_str()])).sum();
        assert!(950_000 - expected / 1_000_000 <= 2 * 2_000, "{shares:?}");
    }
}

fn shut(since: crate::time::Timestamp) -> Outlook {
    outlook(700_000, 1_000, Gate::Shut { scope: Scope::Channel, since })
}

#[test]
fn behind_open_breakers_a_payment_waits_and_looks_again_less_and_less_often() {
    let mut stage = Stage::new();
    stage.policy.last_resort_ppm = 0;
    let start = stage.world.now;
    for (open_for_s, pause_s) in [(0, 10), (39, 10), (80, 20), (1_200, 300), (100_000, 300)] {
        stage.world.now = start.plus(std::time::Duration::from_secs(open_for_s));
        let Route::Wait { until, reason } = stage.choose(&[shut(start); 3]) else { panic!("it waits") };
        assert_eq!(reason, Reason::ChannelPaused);
        let wait = until.since(stage.world.now).as_millis() as u64;
        assert!((pause_s * 1000..=pause_s * 1250).contains(&wait), "{open_for_s} s: {wait} ms");
    }
    let issuer = outlook(0, 0, Gate::Shut { scope: Scope::Issuer, since: start });
    let Route::Wait { reason, .. } = stage.choose(&[issuer; 3]) else { panic!("it waits") };
    assert_eq!(reason, Reason::IssuerPaused);
    // One that is open takes it at once.
    let Route::Send { channel, .. } = stage.choose(&[shut(start), shut(start), open(1, 1)]) else {
        panic!("it is sent")
    };
    assert_eq!(channel.as_str(), "wallet");
}

#[test]
fn when_all_are_shut_for_long_a_tenth_of_the_payments_tries_the_best_in_each_period() {
    let mut stage = Stage::new();
    let since = stage.world.now;
    let best = outlook(800_000, 1_000, Gate::Shut { scope: Scope::Cell, since });
    let outlooks = [shut(since), best, shut(since)];
    let sent = |stage: &mut Stage| match stage.choose(&outlooks) {
        Route::Send { channel, ranked, .. } => {
            assert_eq!(channel.as_str(), "netsunion", "the best by its chance");
            assert_eq!(ranked.iter().map(|one| one.share_ppm).sum::<u32>(), 1_000_000);
            true
        }
        Route::Wait { .. } => false,
        Route::Nowhere { .. } => panic!("a breaker is no end"),
    };
    stage.world.now = since.plus(std::time::Duration::from_secs(900));
    let early = (0..500).filter(|_| {
        stage.another();
        sent(&mut stage)
    });
    assert_eq!(early.count(), 0, "not before the time is over");
    stage.world.now = since.plus(std::time::Duration::from_millis(900_001));
    let in_one_period = (0..2000).filter(|_| {
        stage.another();
        sent(&mut stage)
    });
    assert!((140..260).contains(&in_one_period.count()));
    // Looking again within the period wins nothing; in the end everybody has a turn.
    let again: Vec<_> = (0..50).map(|_| sent(&mut stage)).collect();
    assert!(again.iter().all(|one| *one == again[0]));
    let periods = (0..200).find(|_| {
        stage.world.now = stage.world.now.plus(std::time::Duration::from_secs(900));
        sent(&mut stage)
    });
    assert!(periods.is_some());
}

#[test]
fn a_ramp_lets_a_growing_share_through_and_looking_again_wins_nothing() {
    let mut stage = Stage::new();
    stage.slice.payment.as_mut().unwrap().channels = vec![World::channel("netsunion")];
    let retry = stage.world.retry.clone();
    let mut admitted_at = Vec::new();
    for _ in 0..400 {
        stage.another();
        let payment = stage.slice.payment.clone().unwrap();
        let binding = stage.slice.binding.clone().unwrap();
        let mut first = None;
        for share_ppm in (0..=1_000_000).step_by(100_000) {
            let facts = Facts {
                now: stage.world.now,
                asked_at: stage.world.now,
                seed: [7; 16],
                channels: &stage.world.book,
                retry: &retry,
                health: &stage.world.health,
                rules: &stage.rules,
                refunds: &stage.world.refunds,
                funds: &stage.world.funds,
                budget: &stage.world.budget,
            };
            let mut seen = look::at_all(&payment, &binding, &[], &facts);
            seen[0]
                .fare(outlook(900_000, 1, Gate::Ramp { share_ppm, since: stage.world.now }), stage.world.now);
            match (among(&payment, seen, &facts), first) {
                (Route::Send { .. }, None) => first = Some(share_ppm),
                (Route::Send { ranked, .. }, Some(_)) => assert_eq!(ranked[0].share_ppm, 1_000_000),
                (Route::Wait { reason, .. }, None) => assert_eq!(reason, Reason::ChannelPaused),
                (other, _) => panic!("once let through, always: {other:?}"),
            }
        }
        admitted_at.push(first.expect("a whole ramp lets everybody through"));
    }
    let at_half = admitted_at.iter().filter(|share| **share <= 500_000).count();
    assert!((150..250).contains(&at_half), "{at_half} of 400");
}

#[test]
fn in_front_of_a_ramp_that_stays_narrow_everybody_has_a_turn_and_nobody_looks_all_the_time() {
    let mut stage = Stage::new();
    let start = stage.world.now;
    let ramp = outlook(900_000, 1, Gate::Ramp { share_ppm: 250_000, since: start });
    let mut looks = Vec::new();
    for _ in 0..200 {
        stage.another();
        stage.world.now = start;
        let look = (1..).find(|_| match stage.choose(&[ramp; 3]) {
            Route::Send { .. } => true,
            Route::Wait { until, .. } => {
                stage.world.now = until;
                false
            }
            Route::Nowhere { .. } => panic!("a ramp is no end"),
        });
        looks.push((look.unwrap(), stage.world.now.since(start).as_secs()));
    }
    looks.sort_unstable();
    let (looked, waited_s) = looks[199];
    assert!(waited_s < 3 * 3600, "the last one waited {waited_s} s");
    assert!(looked < 60, "{looked} looks");
    // A quarter at once, half of them within three periods.
    assert!((30..70).contains(&looks.iter().filter(|(look, _)| *look == 1).count()));
    assert!(looks[100].1 < 900, "{looks:?}");
}

#[test]
fn a_split_deals_borrowers_and_moves_only_those_whose_channel_is_gone() {
    let mut stage = Stage::new();
    let shares_ppm =
        BTreeMap::from([(World::channel("unionpay"), 600_000), (World::channel("wallet"), 400_000)]);
    stage.rules = Stage::rule(Then::Split(Split { by: SplitBy::Borrower, shares_ppm }));
    let chosen = |stage: &mut Stage, outlooks: [Outlook; 3]| match stage.choose(&outlooks) {
        Route::Send { channel, .. } => channel.to_string(),
        other => panic!("{other:?}"),
    };
    let gone = shut(stage.world.now);
    let mut unionpay = 0;
    for _ in 0..600 {
        stage.another();
        let first = chosen(&mut stage, [open(900_000, 1), open(990_000, 1), open(900_000, 1)]);
        // Estimates and costs move nobody.
        assert_eq!(first, chosen(&mut stage, [open(100_000, 1), open(990_000, 1), open(950_000, 1)]));
        assert_eq!(chosen(&mut stage, [gone, open(990_000, 1), open(900_000, 1)]), "wallet");
        if first == "wallet" {
            assert_eq!(chosen(&mut stage, [open(1, 1), gone, open(1, 1)]), "wallet");
        } else {
            unionpay += 1;
        }
        assert_eq!(chosen(&mut stage, [gone, open(990_000, 1), gone]), "netsunion", "others at the last");
    }
    assert!((310..410).contains(&unionpay), "{unionpay} of 600");
}

#[test]
fn a_rule_comes_before_everything_learned() {
    let mut stage = Stage::new();
    let channels = |names: &[&str]| names.iter().map(|name| World::channel(name)).collect::<Vec<_>>();
    let outlooks = [open(990_000, 1), open(500_000, 1), open(400_000, 1)];
    stage.rules = Stage::rule(Then::Prefer(channels(&["wallet"])));
    assert_eq!(stage.ranking(outlooks), ["wallet", "unionpay", "netsunion"]);
    assert_eq!(stage.shares(outlooks)["wallet"], 1_000_000, "nothing is explored against the rule");
    stage.rules = Stage::rule(Then::Pin(channels(&["wallet", "netsunion"])));
    assert_eq!(stage.ranking(outlooks), ["wallet", "netsunion", "unionpay"]);
    let Route::Send { ranked, .. } = stage.choose(&outlooks) else { panic!("it is sent") };
    assert_eq!(ranked[2].finding, Finding::ExcludedByRule { rule: "mine".to_owned() });
    stage.rules = Stage::rule(Then::Exclude(channels(&["unionpay"])));
    assert_eq!(stage.ranking(outlooks)[0], "netsunion");
    assert_eq!(stage.shares(outlooks)["unionpay"], 0);
    stage.rules = Stage::rule(Then::Pin(channels(&["bankdirect"])));
    assert_eq!(stage.choose(&outlooks), Route::Nowhere { reason: Reason::ExcludedByRule });
}

#[test]
fn candidates_stored_before_shares_were_kept_still_load() {
    let old = r#"{"channel":"unionpay","finding":"closed","opens_at":1772413200000}"#;
    let candidate: Candidate = serde_json::from_str(old).unwrap();
    assert_eq!((candidate.share_ppm, candidate.chance_ppm, candidate.binding), (0, 0, None));
    let new = Candidate { finding: Finding::Ramping { share_ppm: 7 }, share_ppm: 9, ..candidate };
    let text = serde_json::to_string(&new).unwrap();
    assert_eq!(serde_json::from_str::<Candidate>(&text).unwrap(), new, "{text}");
}

fn any_outlook() -> impl Strategy<Value = (u32, u32, u8, u32)> {
    (0_u32..=1_000_000, 0_u32..200_000, 0_u8..6, 0_u32..=1_000_000)
}

fn any_rule() -> impl Strategy<Value = RoutingRules> {
    let list = || prop::sample::subsequence(CHANNELS.to_vec(), 1..=2);
    let ids = |names: Vec<&str>| names.into_iter().map(World::channel).collect::<Vec<_>>();
    let split = (1_u32..1_000_000, any::<bool>()).prop_map(|(share, by_borrower)| {
        let by = if by_borrower { SplitBy::Borrower } else { SplitBy::Payment };
        let shares_ppm = BTreeMap::from([
            (World::channel("unionpay"), share),
            (World::channel("netsunion"), 1_000_000 - share),
        ]);
        Stage::rule(Then::Split(Split { by, shares_ppm }))
    });
    prop_oneof![
        3 => Just(RoutingRules::default()),
        1 => list().prop_map(move |names| Stage::rule(Then::Prefer(ids(names)))),
        1 => list().prop_map(move |names| Stage::rule(Then::Exclude(ids(names)))),
        3 => split,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// The share that is stored is the probability: played over many payments, each channel is chosen that often.
    #[test]
    fn stored_shares_are_the_probabilities(
        given in [any_outlook(), any_outlook(), any_outlook()],
        rules in any_rule(),
        explore_ppm in prop::sample::select(vec![0_u32, 20_000, 300_000, 1_000_000]),
    ) {
        const PLAYED: u32 = 4000;
        let mut stage = Stage::new();
        stage.rules = rules;
        stage.policy = RoutePolicy { explore_ppm, last_resort_ppm: 0, ..RoutePolicy::default() };
        let now = stage.world.now;
        let outlooks = given.map(|(chance, spread, gate, ramp)| outlook(chance, spread, match gate {
            0 => Gate::Shut { scope: Scope::Channel, since: now },
            1 | 2 => Gate::Ramp { share_ppm: ramp, since: crate::time::Timestamp::from_millis(0) },
            _ => Gate::Open,
        }));
        let mut told: Option<BTreeMap<String, u32>> = None;
        let (mut chosen, mut sent) = (BTreeMap::<String, u32>::new(), 0_u32);
        for _ in 0..PLAYED {
            stage.another();
            let Route::Send { channel, ranked, .. } = stage.choose(&outlooks) else { continue };
            let shares: BTreeMap<_, _> =
                ranked.iter().map(|one| (one.channel.to_string(), one.share_ppm)).collect();
            prop_assert_eq!(shares.values().sum::<u32>(), 1_000_000);
            prop_assert_eq!(told.get_or_insert_with(|| shares.clone()), &shares, "they don't depend on the draws");
            prop_assert!(shares[channel.as_str()] > 0, "what was chosen was possible");
            *chosen.entry(channel.to_string()).or_default() += 1;
            sent += 1;
        }
        for (channel, share) in told.unwrap_or_default() {
            let (sent, share) = (u64::from(sent), u64::from(share));
            let times = chosen.get(&channel).copied().unwrap_or(0);
            let off = (u64::from(times) * 1_000_000).abs_diff(sent * share);
            let deviation = (sent * share * (1_000_000 - share)).isqrt();
            prop_assert!(off <= 5 * deviation + 3_000_000, "{channel}: {times} of {sent}, told {share}");
        }
    }
}

#[test]
fn seen_in_the_lenders_order_by_default() {
    let stage = Stage::new();
    let facts_retry = stage.world.retry.clone();
    let facts = Facts {
        now: stage.world.now,
        asked_at: stage.world.now,
        seed: [1; 16],
        channels: &stage.world.book,
        retry: &facts_retry,
        health: &stage.world.health,
        rules: &stage.rules,
        refunds: &stage.world.refunds,
        funds: &stage.world.funds,
        budget: &stage.world.budget,
    };
    let (payment, binding) = (stage.slice.payment.as_ref().unwrap(), stage.slice.binding.as_ref().unwrap());
    let seen: Vec<Seen<'_>> = look::at_all(payment, binding, &[], &facts);
    assert_eq!(seen.iter().map(|one| one.channel.as_str()).collect::<Vec<_>>(), CHANNELS);
}
