//! What follows from each kind of decline.

use crate::scenario::check;

#[test]
fn no_funds_are_tried_again_the_next_morning() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 declined 64    -> R1-1 failed: insufficient_funds (final_decline)
                                      ; waits until 03-03 10:30 for insufficient_funds
        why      R1                  -> borrower: insufficient_funds; borrower acts; money not_taken
                                      ; next 03-03 10:30
        told                         -> payment.trying; payment.waiting
        until    2026-03-03 10:29:59 -> nothing
        until    2026-03-03 10:30    -> sends unionpay R1-2
        answer   R1-2 succeeded 00   -> R1-2 succeeded by answer; paid by R1-2; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn a_frozen_account_stops_and_is_remembered() {
    check(
        "
        borrower B1 card C1 on netsunion unionpay
        repay    R1 100.00 from C1        -> sends netsunion R1-1
        answer   R1-1 declined PB520006   -> R1-1 failed: account_frozen (final_decline)
                                           ; observed frozen; not paid: account_frozen (final); order open
        status   C1                       -> suspended: account_frozen
        why      R1                       -> instrument: account_frozen; borrower acts; money not_taken
        repay    R1 again                 -> sends netsunion R1b-1
        wait     1h                       -> nothing
        answer   R1b-1 succeeded 00000000 -> R1b-1 succeeded by answer; paid by R1b-1
                                           ; collected 100.00 of 100.00
        status   C1                       -> usable
        ",
    );
}

#[test]
fn a_closed_account_takes_no_further_payment() {
    check(
        "
        borrower B1 card C1 on netsunion unionpay
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB520005 -> R1-1 failed: account_closed (final_decline); observed closed
                                         ; not paid: account_closed (final); order open
        repay    R1 again               -> refused: binding_not_usable (account_closed)
        status   C1                     -> suspended: account_closed
        ",
    );
}

#[test]
fn a_payment_that_waits_ends_when_its_account_is_closed() {
    check(
        "
        borrower B1 card C1 on netsunion unionpay
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB520011 -> R1-1 failed: insufficient_funds (final_decline)
                                         ; waits until 03-03 10:30 for insufficient_funds
        repay    R2 100.00 from C1      -> sends netsunion R2-1
        answer   R2-1 declined PB520005 -> R2-1 failed: account_closed (final_decline); observed closed
                                         ; not paid: account_closed (final); order open
        until    2026-03-03 10:30       -> not paid: account_closed (final); order open
        ",
    );
}

#[test]
fn a_mandate_that_is_void_ends_and_another_channel_takes_over() {
    check(
        "
        borrower B1 card C1 on netsunion unionpay
        repay    R1 100.00 from C1               -> sends netsunion R1-1
        answer   R1-1 declined PB521016          -> R1-1 failed: mandate_void_details_changed (final_decline)
                                                  ; netsunion ended: mandate_void_details_changed
                                                  ; sends unionpay R1-2
        answer   R1-2 succeeded 00               -> R1-2 succeeded by answer; paid by R1-2
                                                  ; collected 100.00 of 100.00
        status   C1                              -> usable
        repay    R2 100.00 from C1 via netsunion -> refused: no_live_mandate (no_live_mandate)
        ",
    );
}

#[test]
fn the_last_mandate_gone_stops_the_payment() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB521013 -> R1-1 failed: mandate_cancelled (final_decline)
                                         ; netsunion ended: mandate_cancelled
                                         ; not paid: mandate_cancelled (final); order open
        status   C1                     -> not usable: mandate_cancelled
        repay    R1 again               -> refused: no_live_mandate (no_live_mandate)
        ",
    );
}

#[test]
fn a_limit_of_one_channel_sends_to_another() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        answer   R1-1 declined 33       -> R1-1 failed: limit_exceeded (final_decline)
                                         ; sends netsunion R1-2
        answer   R1-2 declined PB521023 -> R1-2 failed: single_limit_exceeded (final_decline)
                                         ; not paid: single_limit_exceeded (final); order open
        ",
    );
}

#[test]
fn limits_of_a_day_and_of_a_month() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB521024 -> R1-1 failed: daily_limit_exceeded (final_decline)
                                         ; waits until 03-03 10:00 for daily_limit_exceeded
        until    2026-03-03 10:00       -> sends netsunion R1-2
        borrower B2 card C2 on unionpay
        repay    R2 100.00 from C2      -> sends unionpay R2-1
        answer   R2-1 declined 81       -> R2-1 failed: monthly_limit_exceeded (final_decline)
                                         ; not paid: monthly_limit_exceeded (window over); order open
        at       2026-03-25 09:00
        borrower B3 card C3 on unionpay
        repay    R3 100.00 from C3      -> sends unionpay R3-1
        answer   R3-1 declined 81       -> R3-1 failed: monthly_limit_exceeded (final_decline)
                                         ; waits until 04-01 10:00 for monthly_limit_exceeded
        ",
    );
}

#[test]
fn a_channel_that_is_down_gives_way_at_once() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        notsent  R1-1                    -> R1-1 failed: connection_failed (never_left)
                                          ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        status   R1                      -> succeeded; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn with_no_other_channel_it_waits_longer_and_longer() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        notsent  R1-1              -> R1-1 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:05 for connection_failed
        wait     5m                -> sends unionpay R1-2
        notsent  R1-2              -> R1-2 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:15 for connection_failed
        wait     10m               -> sends unionpay R1-3
        notsent  R1-3              -> R1-3 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:35 for connection_failed
        wait     20m               -> sends unionpay R1-4
        answer   R1-4 succeeded 00 -> R1-4 succeeded by answer; paid by R1-4; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn two_channels_that_are_down_are_not_asked_in_turn_without_pause() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        notsent  R1-1              -> R1-1 failed: connection_failed (never_left); sends netsunion R1-2
        notsent  R1-2              -> R1-2 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:10 for connection_failed
        wait     10m               -> sends unionpay R1-3
        ",
    );
}

#[test]
fn a_channel_that_is_not_enrolled_gives_way() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        answer   R1-1 declined 77        -> R1-1 failed: not_enrolled (final_decline)
                                          ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn attempts_are_used_up() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        wait     26h               -> sends unionpay R1-2
        answer   R1-2 declined 64  -> R1-2 failed: insufficient_funds (final_decline)
                                    ; waits until 03-04 10:30 for insufficient_funds
        wait     24h               -> sends unionpay R1-3
        answer   R1-3 declined 64  -> R1-3 failed: insufficient_funds (final_decline)
                                    ; waits until 03-05 10:30 for insufficient_funds
        wait     24h               -> sends unionpay R1-4
        answer   R1-4 declined 64  -> R1-4 failed: insufficient_funds (final_decline)
                                    ; waits until 03-06 10:30 for insufficient_funds
        wait     24h               -> sends unionpay R1-5
        answer   R1-5 declined 64  -> R1-5 failed: insufficient_funds (final_decline)
                                    ; waits until 03-08 10:30 for insufficient_funds
        wait     48h               -> sends unionpay R1-6
        answer   R1-6 declined 64  -> R1-6 failed: insufficient_funds (final_decline)
                                    ; waits until 03-10 10:30 for insufficient_funds
        wait     48h               -> sends unionpay R1-7
        answer   R1-7 declined 64  -> R1-7 failed: insufficient_funds (final_decline)
                                    ; waits until 03-12 08:30 for insufficient_funds
        until    2026-03-12 08:30  -> sends unionpay R1-8
        answer   R1-8 declined 64  -> R1-8 failed: insufficient_funds (final_decline)
                                    ; not paid: insufficient_funds (attempts used up); order open
        why      R1                -> borrower: insufficient_funds; borrower acts; money not_taken
        status   R1                -> failed; order open, 0.00 of 100.00
        ",
    );
}

#[test]
fn the_window_is_over() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        until    2026-03-12 07:00  -> sends unionpay R1-2
        answer   R1-2 declined 64  -> R1-2 failed: insufficient_funds (final_decline)
                                    ; not paid: insufficient_funds (window over); order open
        status   R1                -> failed; order open, 0.00 of 100.00
        ",
    );
}

#[test]
fn a_timer_that_comes_after_the_window_opens_nothing() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        at       2026-03-12 09:00
        timer    try R1-1          -> not paid: insufficient_funds (window over); order open
        status   R1                -> failed; order open, 0.00 of 100.00
        ",
    );
}
