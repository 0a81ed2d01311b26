//! Limits of the day and month: counted when an attempt opens, given back when it moved nothing, on its own day.

use crate::scenario::check;

#[test]
fn a_day_that_is_used_up_frees_up_at_midnight_and_nobody_is_debited_at_night() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        repay    R2 50.00 from C1    -> sends unionpay R2-1
        answer   R2-1 succeeded 00   -> R2-1 succeeded by answer; paid by R2-1; collected 50.00 of 50.00
        repay    R3 0.01 from C1     -> waits until 03-03 10:00 for daily_limit_used_up
        why      R3                  -> instrument: daily_limit_used_up; lockstep acts; money not_taken
                                      ; next 03-03 10:00
        repay    R4 150.01 from C1   -> refused: no_live_mandate (single_limit_exceeded)
        until    2026-03-03 10:30    -> sends unionpay R3-1
        ",
    );
}

#[test]
fn what_is_used_up_on_one_channel_goes_to_another() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        repay    R2 100.00 from C1   -> sends netsunion R2-1
        ",
    );
}

#[test]
fn two_payments_at_once_share_the_limit_and_an_unknown_one_keeps_its_part() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        repay    R2 100.00 from C1   -> waits until 03-03 10:00 for daily_limit_used_up
        silence  R1-1                -> unknown: channel_timeout; asks unionpay in 5s
        repay    R3 60.00 from C1    -> waits until 03-03 10:00 for daily_limit_used_up
        wait     6s                  -> asks unionpay about R1-1
        found    R1-1 declined 64    -> R1-1 failed: insufficient_funds (final_decline)
                                      ; waits until 03-03 10:30 for insufficient_funds
        trynow   R2                  -> sends unionpay R2-1
        ",
    );
}

#[test]
fn a_late_proof_gives_back_to_the_day_of_its_attempt() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay
        until    2026-03-02 23:59:59.999
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        silence  R1-1                -> unknown: channel_timeout; asks unionpay in 5s
        repay    R2 100.00 from C1   -> waits until 03-03 10:00 for daily_limit_used_up
        until    2026-03-03 00:00    -> nothing
        repay    R3 100.00 from C1   -> sends unionpay R3-1
        answer   R3-1 succeeded 00   -> R3-1 succeeded by answer; paid by R3-1; collected 100.00 of 100.00
        found    R1-1 declined 64    -> R1-1 failed: insufficient_funds (final_decline)
                                      ; waits until 03-03 10:30 for insufficient_funds
        repay    R4 100.00 from C1   -> waits until 03-04 10:00 for daily_limit_used_up
        repay    R5 50.00 from C1    -> sends unionpay R5-1
        ",
    );
}

#[test]
fn a_month_ends_with_its_last_day_also_in_a_leap_year() {
    check(
        "
        limit    unionpay monthly 150.00
        at       2028-02-28 12:00
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        until    2028-02-29 23:59:59
        repay    R2 100.00 from C1   -> waits until 03-01 10:00 for monthly_limit_used_up
        until    2028-03-01 00:00    -> nothing
        repay    R3 100.00 from C1   -> sends unionpay R3-1
        answer   R3-1 succeeded 00   -> R3-1 succeeded by answer; paid by R3-1; collected 100.00 of 100.00
        until    2028-03-01 10:00    -> not paid: monthly_limit_used_up (window over); order open
        ",
    );
}

#[test]
fn money_that_turns_up_late_counts_again_on_its_day() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        silence  R1-1                -> unknown: channel_timeout; asks unionpay in 5s
        found    R1-1 declined 64    -> R1-1 failed: insufficient_funds (final_decline)
                                      ; waits until 03-03 10:30 for insufficient_funds
        found    R1-1 succeeded 00   -> R1-1 succeeded by query; paid by R1-1; collected 100.00 of 100.00
        repay    R2 100.00 from C1   -> waits until 03-03 10:00 for daily_limit_used_up
        ",
    );
}

#[test]
fn the_banks_own_limit_on_a_channel_is_the_lower_one() {
    check(
        "
        limit    unionpay single 80.00 daily 120.00 issuer ICBC
        limit    unionpay daily 500.00
        borrower B1 card C1 on unionpay
        repay    R1 80.01 from C1    -> refused: no_live_mandate (single_limit_exceeded)
        repay    R2 80.00 from C1    -> sends unionpay R2-1
        repay    R3 50.00 from C1    -> waits until 03-03 10:00 for daily_limit_used_up
        repay    R4 40.00 from C1    -> sends unionpay R4-1
        ",
    );
}

#[test]
fn the_bank_knows_better_than_our_count() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB521024 -> R1-1 failed: daily_limit_exceeded (final_decline)
                                         ; waits until 03-03 10:00 for daily_limit_exceeded
        repay    R2 100.00 from C1      -> waits until 03-03 10:00 for daily_limit_used_up
        repay    R3 99.99 from C1       -> sends netsunion R3-1
        until    2026-03-03 10:30       -> sends netsunion R1-2; sends netsunion R2-1
        ",
    );
}
