//! A plan by cause, within budgets; and whose fault a delay is.

use crate::scenario::check;

#[test]
fn a_decline_without_a_reason_may_hide_an_empty_account() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        answer   R1-1 declined 60       -> R1-1 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-02 18:30 for issuer_declined_generic
        until    2026-03-02 18:30       -> sends unionpay R1-2
        answer   R1-2 declined 60       -> R1-2 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-03 10:30 for issuer_declined_generic
        until    2026-03-03 10:30       -> sends unionpay R1-3
        answer   R1-3 declined 60       -> R1-3 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-04 10:30 for issuer_declined_generic
        ",
    );
}

/// Two schemes that know nothing of each other say the same: the account is empty, and no try is spent on a mood.
#[test]
fn two_schemes_that_decline_without_a_reason_speak_of_the_account() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        answer   R1-1 declined 60       -> R1-1 failed: issuer_declined_generic (final_decline)
                                         ; sends netsunion R1-2
        answer   R1-2 declined PB511099 -> R1-2 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-03 10:30 for issuer_declined_generic
        ",
    );
}

#[test]
fn a_decline_without_a_reason_after_no_funds_tries_no_other_channel() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        until    2026-03-03 10:30  -> sends unionpay R1-2
        answer   R1-2 declined 60  -> R1-2 failed: issuer_declined_generic (final_decline)
                                    ; waits until 03-04 10:30 for issuer_declined_generic
        ",
    );
}

#[test]
fn an_issuer_that_is_down_is_asked_less_and_less_often() {
    check(
        "
        borrower B1 card C1 on wallet
        repay    R1 100.00 from C1 -> sends wallet R1-1
        notsent  R1-1              -> R1-1 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:05 for connection_failed
        wait     5m                -> sends wallet R1-2
        notsent  R1-2              -> R1-2 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:15 for connection_failed
        excuse   R1                -> connection_failed since 03-02 09:00
        told                       -> payment.trying; payment.waiting; order.excused; payment.trying
                                    ; payment.waiting
        ",
    );
}

#[test]
fn a_borrower_has_four_declines_a_day() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 10.00 from C1       -> sends unionpay R1-1
        answer   R1-1 declined 64       -> R1-1 failed: insufficient_funds (final_decline)
                                         ; waits until 03-03 10:30 for insufficient_funds
        repay    R2 20.00 from C1       -> sends unionpay R2-1
        answer   R2-1 declined 60       -> R2-1 failed: issuer_declined_generic (final_decline)
                                         ; sends netsunion R2-2
        answer   R2-2 declined PB511099 -> R2-2 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-03 10:30 for issuer_declined_generic
        repay    R3 30.00 from C1       -> sends unionpay R3-1
        answer   R3-1 declined 60       -> R3-1 failed: issuer_declined_generic (final_decline)
                                         ; waits until 03-03 10:00 for issuer_declined_generic
        ",
    );
}

#[test]
fn a_technical_failure_excuses_the_borrower_until_the_bank_says_otherwise() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        excuse   R1                -> none
        notsent  R1-1              -> R1-1 failed: connection_failed (never_left)
                                    ; waits until 03-02 09:05 for connection_failed
        excuse   R1                -> connection_failed since 03-02 09:00
        wait     5m                -> sends unionpay R1-2
        answer   R1-2 declined 64  -> R1-2 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        excuse   R1                -> connection_failed since 03-02 09:00 until 03-02 09:05
        until    2026-03-03 10:30  -> sends unionpay R1-3
        notsent  R1-3              -> R1-3 failed: connection_failed (never_left)
                                    ; waits until 03-03 10:35 for connection_failed
        excuse   R1                -> connection_failed since 03-02 09:00 until 03-02 09:05
        told                       -> payment.trying; payment.waiting; order.excused; payment.trying
                                    ; payment.waiting; order.excuse_ended; payment.trying
                                    ; payment.waiting
        ",
    );
}

#[test]
fn there_is_no_excuse_after_the_borrower_s_own_cause() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        until    2026-03-03 10:30  -> sends unionpay R1-2
        notsent  R1-2              -> R1-2 failed: connection_failed (never_left)
                                    ; waits until 03-03 10:35 for connection_failed
        excuse   R1                -> none
        ",
    );
}

#[test]
fn what_another_channel_took_at_once_needs_no_excuse() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        notsent  R1-1                    -> R1-1 failed: connection_failed (never_left)
                                          ; sends netsunion R1-2
        excuse   R1                      -> none
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        excuse   R1                      -> none
        ",
    );
}

#[test]
fn an_unknown_past_its_deadline_excuses_too() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        timer    deadline R1-1     -> R1-1 overdue; alarm: unknown too long
        excuse   R1                -> outcome_unknown since 03-02 09:00
        ",
    );
}
