//! What every store has to do, whichever database it stands on.
//!
//! Each case is an async function over an empty store. [`for_each_case!`](crate::for_each_case) names them
//! all, so a backend's tests are one line and a new case reaches every backend:
//!
//! ```text
//! lockstep_store::for_each_case!(with_an_empty_store);
//! ```

pub mod answers;
pub mod changes;
mod channels;
mod commits;
pub mod deliveries;
pub mod directory;
pub mod effects;
pub mod fold;
pub mod inbox;
pub mod lists;
pub mod loading;
pub mod money;
pub mod races;
pub mod vault;
mod world;

pub use self::channels::channel;
pub use self::commits::fold_of;
pub use self::world::{Lost, World};

use lockstep_engine::port::{Directory, Queries, Shelf, Store};

/// All ports at once.
pub trait Backend: Store + Queries + Directory + Shelf {}

impl<T: Store + Queries + Directory + Shelf> Backend for T {}

/// Makes one `#[test]` of every case. `$run` gets a function from a store (in an `Arc`) to a future.
#[macro_export]
macro_rules! for_each_case {
    ($run:path) => {
        $crate::for_each_case!(@ $run;
            answers: the_first_answer_stays, a_known_key_comes_instead_of_the_slice, a_lost_change_leaves_no_answer;
            changes: a_commit_is_all_or_nothing, entries_must_sum_to_zero, a_change_stays_in_one_bucket,
                versions_count_events, large_numbers_fit;
            deliveries: each_endpoint_gets_what_it_wants, one_subject_goes_in_order, outcomes_are_kept,
                a_long_line_hides_no_other, a_removed_endpoint_gets_nothing;
            directory: tenants_are_found, keys_are_found_and_revoked, endpoints_belong_to_their_tenant,
                rules_are_replaced_in_turn;
            effects: a_once_effect_is_sent_once, a_doubled_answer_changes_nothing, due_effects_come_in_order,
                due_effects_are_shared_between_lenders,
                a_repeatable_effect_is_put_off_and_finished, a_once_effect_cannot_be_finished_by_hand;
            fold: a_repayment_folds_to_its_state;
            inbox: a_repeated_message_is_stored_once, parked_messages_take_turns;
            lists: pages_stand_still_while_rows_come, filters_choose, borrowers_are_found_by_reference,
                the_audit_is_listed, totals_are_zero;
            loading: nothing_is_found_in_an_empty_store, another_lenders_is_not_found, every_key_loads_its_slice,
                stand_ins_come_with_a_payment;
            money: a_payment_has_one_living_attempt, no_more_goes_back_than_was_taken, a_channel_that_broke_its_word_is_written_down;
            races: a_stale_version_loses, every_entity_is_guarded_by_its_version, of_two_in_one_batch_one_wins, an_order_has_one_live_payment,
                an_instrument_is_bound_once, references_are_unique, many_writers_lose_nothing;
            vault: an_item_needs_the_stored_key
        );
    };
    (@ $run:path; $($file:ident: $($case:ident),+);+) => {$(
        mod $file {
            $(
                #[test]
                fn $case() {
                    $run($crate::conformance::$file::$case);
                }
            )+
        }
    )+};
}
