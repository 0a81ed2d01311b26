//! Taking a payment back, in each of its states.

use crate::scenario::check;

#[test]
fn while_it_waits_for_its_day() {
    check(
        "
        borrower B1 card C1 on unionpay
        owe      R1 100.00 due 2026-03-05 10:00 -> due 03-05 10:00
        repay    R1 from C1                     -> waits until 03-05 10:00
        cancel   R1                             -> cancelled; order open
        cancel   R1                             -> nothing
        status   R1                             -> cancelled; order open, 0.00 of 100.00
        why      R1                             -> platform: cancelled_by_lender; nobody acts
                                                 ; money not_taken
        trynow   R1                             -> refused: payment_ended
        until    2026-03-05 10:00               -> nothing
        withdraw R1                             -> order cancelled
        ",
    );
}

#[test]
fn between_two_attempts() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        cancel   R1                -> cancelled; order open
        wait     1d                -> nothing
        ",
    );
}

#[test]
fn not_while_an_attempt_is_under_way_or_unknown() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        cancel   R1                -> refused: attempt_under_way
        trynow   R1                -> refused: attempt_under_way
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        cancel   R1                -> refused: outcome_unknown
        found    R1-1 succeeded 00 -> R1-1 succeeded by query; paid by R1-1; collected 100.00 of 100.00
        cancel   R1                -> refused: payment_ended
        ",
    );
}

#[test]
fn not_after_it_failed() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB520006 -> R1-1 failed: account_frozen (final_decline); observed frozen
                                         ; not paid: account_frozen (final); order open
        cancel   R1                     -> refused: payment_ended
        trynow   R1                     -> refused: payment_ended
        status   R1                     -> failed; order open, 0.00 of 100.00
        ",
    );
}
