//! Nobody knows whether money moved: what is asked, what proves what, and when people are told.

use crate::scenario::check;

#[test]
fn silence_is_asked_about_until_it_ends_once() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1               -> sends unionpay R1-1
        silence  R1-1                            -> unknown: channel_timeout; asks unionpay in 5s
        why      R1                              -> channel: outcome_unknown; lockstep acts
                                                  ; money not_known_yet
        repay    R1 again                        -> refused: payment_under_way R1
        trynow   R1                              -> refused: outcome_unknown
        cancel   R1                              -> refused: outcome_unknown
        wait     6s                              -> asks unionpay about R1-1
        mute     R1-1                            -> still unknown; asks unionpay in 10s
        wait     11s                             -> asks unionpay about R1-1
        told-only R1-1 query_again 37            -> still unknown; asks unionpay in 30s
        wait     33s                             -> asks unionpay about R1-1
        found    R1-1 unknown 05                 -> still unknown; asks unionpay in 60s
        wait     66s                             -> asks unionpay about R1-1
        found    R1-1 succeeded 00 amount 100.00 -> R1-1 succeeded by query; paid by R1-1
                                                  ; collected 100.00 of 100.00
        repeat                                   -> nothing
        status   R1                              -> succeeded; order collected, 100.00 of 100.00
        told                                     -> payment.trying; payment.unknown; payment.succeeded
                                                  ; order.collected
        ledger                                   -> channel:unionpay 100.00; receivable -100.00
        wait     1d                              -> nothing
        ",
    );
}

#[test]
fn not_found_proves_nothing_before_the_window_is_over() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        silence  R1-1                    -> unknown: channel_timeout; asks unionpay in 5s
        wait     599999ms                -> asks unionpay about R1-1
        missing  R1-1                    -> still unknown; asks unionpay when its window ends
        status   R1                      -> unknown; order collecting, 0.00 of 100.00
        wait     1ms                     -> asks unionpay about R1-1
        missing  R1-1                    -> R1-1 failed: not_found_after_window (window over)
                                          ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        status   R1                      -> succeeded; order collected, 100.00 of 100.00
        wait     1d                      -> asks unionpay about R1-1; asks unionpay about R1-1
        missing  R1-1                    -> nothing
        ",
    );
}

#[test]
fn the_window_counts_from_the_moment_it_became_unknown() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        wait     10m               -> nothing
        missing  R1-1              -> nothing
        silence  R1-1 interrupted  -> unknown: outcome_unknown; asks unionpay in 5s
        missing  R1-1              -> still unknown; asks unionpay in 10s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:25 for not_found_after_window
        wait     5m                -> sends unionpay R1-2
        ",
    );
}

#[test]
fn a_question_can_end_it_with_a_decline() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     6s                -> asks unionpay about R1-1
        found    R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        repeat                     -> nothing
        until    2026-03-03 10:30  -> sends unionpay R1-2
        ",
    );
}

#[test]
fn a_code_that_is_not_final_is_not_believed() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 unknown 05     -> unknown: channel_processing; asks unionpay in 5s
        cancel   R1                  -> refused: outcome_unknown
        borrower B2 card C2 on unionpay
        repay    R2 100.00 from C2   -> sends unionpay R2-1
        answer   R2-1 unknown Q9     -> unknown: unknown_reason; asks unionpay in 5s
        borrower B3 card C3 on unionpay
        repay    R3 100.00 from C3   -> sends unionpay R3-1
        answer   R3-1 not_found 34   -> unknown: outcome_unknown; asks unionpay in 5s
        borrower B4 card C4 on unionpay
        repay    R4 100.00 from C4   -> sends unionpay R4-1
        answer   R4-1 query_again 10 -> unknown: message_rejected; asks unionpay in 5s
        ",
    );
}

#[test]
fn a_success_about_another_amount_is_not_believed() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1               -> sends unionpay R1-1
        answer   R1-1 succeeded 00 amount 1.00   -> unknown: amount_invalid; asks unionpay in 5s
        wait     6s                              -> asks unionpay about R1-1
        found    R1-1 succeeded 00 amount 99.99  -> still unknown; asks unionpay in 10s
        wait     11s                             -> asks unionpay about R1-1
        found    R1-1 succeeded 00 amount 100.00 -> R1-1 succeeded by query; paid by R1-1
                                                  ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn a_flawed_success_is_taken_and_people_are_told() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        answer   R1-1 defective_success 75 -> R1-1 succeeded by answer, flawed 75; paid by R1-1
                                            ; collected 100.00 of 100.00; to be confirmed
                                            ; alarm: flawed success
        why      R1                        -> channel: defective_success; lockstep acts; money taken
        repeat                             -> nothing
        ",
    );
}

#[test]
fn an_unknown_that_lasts_raises_one_alarm() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     6s                -> asks unionpay about R1-1
        wait     2h                -> R1-1 overdue; alarm: unknown too long
        repeat                     -> nothing
        wait     1d                -> nothing
        cancel   R1                -> refused: outcome_unknown
        found    R1-1 succeeded 00 -> R1-1 succeeded by query; paid by R1-1; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn no_alarm_for_what_ended_in_time() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        wait     1d                -> nothing
        ",
    );
}

#[test]
fn what_provably_never_left_fails_at_once() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        notsent  R1-1 not_configured -> R1-1 failed: never_sent (never_left); sends netsunion R1-2
        notsent  R1-2 no_secrets     -> R1-2 failed: never_sent (never_left)
                                      ; waits until 03-02 09:10 for never_sent
        why      R1                  -> platform: never_sent; lockstep acts; money not_taken
                                      ; next 03-02 09:10
        ",
    );
}

#[test]
fn timers_of_a_past_state_do_nothing() {
    check(
        "
        borrower B1 card C1 on unionpay
        owe      R1 100.00 due 2026-03-03 10:00 -> due 03-03 10:00
        repay    R1 from C1                     -> waits until 03-03 10:00
        timer    try R1-0                       -> nothing
        until    2026-03-03 10:00               -> sends unionpay R1-1
        timer    try R1-0                       -> nothing
        timer    try R1-1                       -> nothing
        timer    ask R1-1                       -> nothing
        timer    deadline R1-1                  -> nothing
        silence  R1-1                           -> unknown: channel_timeout; asks unionpay in 5s
        timer    ask R1-1 3                     -> nothing
        timer    ask R1-7                       -> nothing
        timer    deadline R1-7                  -> nothing
        wait     6s                             -> asks unionpay about R1-1
        mute     R1-1                           -> still unknown; asks unionpay in 10s
        timer    ask R1-1 0                     -> nothing
        timer    ask R1-1 1                     -> asks unionpay about R1-1
        found    R1-1 declined 64               -> R1-1 failed: insufficient_funds (final_decline)
                                                 ; waits until 03-04 10:30 for insufficient_funds
        timer    ask R1-1 1                     -> nothing
        timer    deadline R1-1                  -> nothing
        timer    try R1-0                       -> nothing
        timer    try R1-1                       -> nothing
        ",
    );
}

#[test]
fn answers_about_attempts_that_never_were_do_nothing() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-9              -> nothing
        mute     R1-9              -> nothing
        notsent  R1-0              -> nothing
        ",
    );
}
