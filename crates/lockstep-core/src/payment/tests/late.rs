//! Money that moved after there was proof that it could not, or twice.

use crate::scenario::check;

#[test]
fn late_money_is_accepted_when_nothing_else_is_under_way() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:15 for not_found_after_window
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        status   R1                -> succeeded; order collected, 100.00 of 100.00
        wait     1d                -> nothing
        ",
    );
}

#[test]
fn late_money_is_the_payment_when_the_second_attempt_fails() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        silence  R1-1                   -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                    -> asks unionpay about R1-1
        missing  R1-1                   -> R1-1 failed: not_found_after_window (window over)
                                         ; sends netsunion R1-2
        notice   R1-1 succeeded 00      -> noticed 00; asks unionpay about R1-1
        found    R1-1 succeeded 00      -> R1-1 succeeded by query
        status   R1                     -> trying; order collecting, 0.00 of 100.00
        answer   R1-2 declined PB520011 -> R1-2 failed: insufficient_funds (final_decline); paid by R1-1
                                         ; collected 100.00 of 100.00
        status   R1                     -> succeeded; order collected, 100.00 of 100.00
        ledger                          -> channel:unionpay 100.00; receivable -100.00
        ",
    );
}

#[test]
fn money_that_moved_twice_is_found_the_late_one_first() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        silence  R1-1                    -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                     -> asks unionpay about R1-1
        missing  R1-1                    -> R1-1 failed: not_found_after_window (window over)
                                          ; sends netsunion R1-2
        answer   R1-1 succeeded 00       -> R1-1 succeeded by answer
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00; surplus 100.00
                                          ; R1/1 gives back 100.00 of 1 for surplus
                                          ; alarm: surplus 100.00; refunds unionpay R1/1-1
        status   R1                      -> succeeded; order collected, 100.00 of 100.00, surplus 100.00
        told                             -> payment.trying; payment.unknown; payment.trying
                                          ; payment.succeeded; payment.refund_accepted; order.collected
                                          ; order.refund_needed
        ledger                           -> channel:netsunion 100.00; channel:unionpay 100.00
                                          ; receivable -100.00; surplus -100.00
        ",
    );
}

/// A channel that says "not found" beyond its own window breaks its word; the money is found all the same.
#[test]
fn a_channel_that_lied_about_its_window_is_asked_again_and_found_out() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        silence  R1-1                    -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                     -> asks unionpay about R1-1
        missing  R1-1                    -> R1-1 failed: not_found_after_window (window over)
                                          ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        wait     1h                      -> asks unionpay about R1-1
        found    R1-1 succeeded 00       -> R1-1 succeeded by query; surplus 100.00
                                          ; R1/1 gives back 100.00 of 1 for surplus
                                          ; alarm: surplus 100.00; refunds unionpay R1/1-1
        status   R1                      -> succeeded; order collected, 100.00 of 100.00, surplus 100.00
        ",
    );
}

#[test]
fn money_that_moved_twice_is_found_the_late_one_last() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1       -> sends unionpay R1-1
        silence  R1-1                    -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                     -> asks unionpay about R1-1
        missing  R1-1                    -> R1-1 failed: not_found_after_window (window over)
                                          ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000 -> R1-2 succeeded by answer; paid by R1-2
                                          ; collected 100.00 of 100.00
        answer   R1-1 succeeded 00       -> R1-1 succeeded by answer; surplus 100.00
                                          ; R1/1 gives back 100.00 of 1 for surplus
                                          ; alarm: surplus 100.00; refunds unionpay R1/1-1
        repeat                           -> nothing
        status   R1                      -> succeeded; order collected, 100.00 of 100.00, surplus 100.00
        told                             -> payment.trying; payment.unknown; payment.trying
                                          ; payment.succeeded; order.collected; payment.refund_accepted
                                          ; order.refund_needed
        ledger                           -> channel:netsunion 100.00; channel:unionpay 100.00
                                          ; receivable -100.00; surplus -100.00
        ",
    );
}

#[test]
fn late_money_of_a_cancelled_payment_counts() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                -> cancelled; order open
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        status   R1                -> succeeded; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn late_money_for_a_withdrawn_order_goes_back() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                -> cancelled; order open
        withdraw R1                -> order cancelled
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; surplus 100.00
                                    ; R1/1 gives back 100.00 of 1 for surplus; alarm: surplus 100.00
                                    ; refunds unionpay R1/1-1
        status   R1                -> succeeded; order cancelled, 0.00 of 100.00, surplus 100.00
        ledger                     -> channel:unionpay 100.00; receivable 0.00; surplus -100.00
        ",
    );
}

#[test]
fn late_money_while_another_payment_is_under_way() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1  -> sends unionpay R1-1
        silence  R1-1               -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                -> asks unionpay about R1-1
        missing  R1-1               -> R1-1 failed: not_found_after_window (window over)
                                     ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                 -> cancelled; order open
        repay    R1 again           -> sends unionpay R1b-1
        answer   R1-1 succeeded 00  -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        status   R1b                -> trying; order collecting, 100.00 of 100.00
        answer   R1b-1 succeeded 00 -> R1b-1 succeeded by answer; paid by R1b-1; surplus 100.00
                                     ; R1b/1 gives back 100.00 of 1 for surplus; order collected
                                     ; alarm: surplus 100.00; refunds unionpay R1b/1-1
        status   R1b                -> succeeded; order collected, 100.00 of 100.00, surplus 100.00
        told                        -> payment.trying; payment.unknown; payment.waiting; order.excused
                                     ; payment.cancelled; payment.trying; payment.succeeded
                                     ; payment.succeeded; payment.refund_accepted; order.collected
                                     ; order.refund_needed
        ledger                      -> channel:unionpay 200.00; receivable -100.00; surplus -100.00
        ",
    );
}

#[test]
fn a_payment_whose_order_was_paid_meanwhile_ends_with_its_failure() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 via unionpay -> sends unionpay R1-1
        silence  R1-1                           -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                            -> asks unionpay about R1-1
        missing  R1-1                           -> R1-1 failed: not_found_after_window (window over)
                                                 ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                             -> cancelled; order open
        repay    R1 again                       -> sends unionpay R1b-1
        answer   R1-1 succeeded 00              -> R1-1 succeeded by answer; paid by R1-1
                                                 ; collected 100.00 of 100.00
        notsent  R1b-1                          -> R1b-1 failed: connection_failed (never_left)
                                                 ; cancelled; order collected
        status   R1b                            -> cancelled; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn a_payment_that_waits_ends_when_its_order_was_paid_meanwhile() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                -> cancelled; order open
        repay    R1 again          -> sends unionpay R1b-1
        answer   R1b-1 declined 64 -> R1b-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        until    2026-03-03 10:30  -> cancelled; order collected
        status   R1b               -> cancelled; order collected, 100.00 of 100.00
        ",
    );
}
