//! What the card schemes allow.

use std::time::Duration;

use super::super::card_scheme::{Allowed, CardScheme, SchemeRule, allowed};
use crate::binding::{Binding, BindingEvent};
use crate::scenario::bind::{bound_card, new_borrower};
use crate::scenario::world::World;
use crate::time::Timestamp;

fn card(masked: &str) -> (World, Binding) {
    let mut world = World::new();
    let borrower = new_borrower(&mut world, "B1");
    bound_card(&mut world, borrower, "C1", &[World::channel("wallet")], (None, None));
    let mut binding = world.bindings.values().next().unwrap().clone();
    binding.instrument.masked = masked.to_owned();
    (world, binding)
}

fn declined(mut binding: Binding, times: u64, every: Duration) -> (Binding, Timestamp) {
    let mut now = binding.created_at;
    for _ in 0..times {
        now = now.plus(every);
        binding = Binding::evolve(Some(binding), &BindingEvent::DebitDeclined { at: now }).unwrap();
    }
    (binding, now)
}

#[test]
fn the_scheme_is_read_from_the_first_digits() {
    for (masked, scheme) in [
        ("411111******1111", Some(CardScheme::Visa)),
        ("510510******5100", Some(CardScheme::Mastercard)),
        ("222100******0009", Some(CardScheme::Mastercard)),
        ("272099******0009", Some(CardScheme::Mastercard)),
        ("272100******0009", None),
        ("622202******0000", Some(CardScheme::Unionpay)),
        ("9558", None),
        ("", None),
        ("***", None),
    ] {
        assert_eq!(CardScheme::of(&card(masked).1), scheme, "{masked}");
    }
}

#[test]
fn visa_stops_at_fifteen_in_thirty_days() {
    let rules = SchemeRule::published();
    let (_, binding) = card("411111******1111");
    let (binding, now) = declined(binding, 14, Duration::from_secs(86_400));
    assert_eq!(allowed(&rules, &binding, None, now), Allowed::Yes);
    let (binding, now) = declined(binding, 15, Duration::from_secs(3600));
    // The fifteenth latest has to grow older than thirty days.
    let oldest = binding.declines[binding.declines.len() - 15];
    assert_eq!(
        allowed(&rules, &binding, None, now),
        Allowed::From(oldest.plus(Duration::from_secs(30 * 86_400)))
    );
}

#[test]
fn mastercard_stops_at_ten_in_a_day() {
    let rules = SchemeRule::published();
    let (_, binding) = card("510510******5100");
    let (binding, now) = declined(binding, 10, Duration::from_secs(600));
    let oldest = binding.declines[0];
    assert_eq!(allowed(&rules, &binding, None, now), Allowed::From(oldest.plus(Duration::from_secs(86_400))));
    let next_day = oldest.plus(Duration::from_secs(86_400));
    assert_eq!(allowed(&rules, &binding, None, next_day), Allowed::Yes);
}

#[test]
fn a_hard_decline_is_never_tried_again_on_that_scheme_s_cards() {
    let rules = SchemeRule::published();
    let (world, visa) = card("411111******1111");
    let wallet = world.book.get(&World::channel("wallet")).unwrap();
    let unionpay = world.book.get(&World::channel("unionpay")).unwrap();
    assert_eq!(allowed(&rules, &visa, Some((wallet, "57")), visa.created_at), Allowed::Never);
    assert_eq!(allowed(&rules, &visa, Some((wallet, "51")), visa.created_at), Allowed::Yes);
    // The same digits mean something else in another code table.
    assert_eq!(allowed(&rules, &visa, Some((unionpay, "57")), visa.created_at), Allowed::Yes);
    let (_, other) = card("622202******0000");
    assert_eq!(allowed(&rules, &other, Some((wallet, "57")), other.created_at), Allowed::Yes);
}

#[test]
fn a_binding_remembers_thirty_days_and_forty_declines() {
    let (_, binding) = card("411111******1111");
    let (many, _) = declined(binding.clone(), 100, Duration::from_secs(60));
    assert_eq!(many.declines.len(), 40);
    let (old, _) = declined(binding, 100, Duration::from_secs(86_400));
    assert_eq!(old.declines.len(), 30);
}
