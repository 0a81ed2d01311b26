//! Money that should never have been taken goes back by itself, once, from where it moved.

use crate::scenario::check;

#[test]
fn the_surplus_goes_back_from_the_channel_where_it_moved() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        silence  R1-1                      -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                       -> asks unionpay about R1-1
        missing  R1-1                      -> R1-1 failed: not_found_after_window (window over)
                                            ; sends netsunion R1-2
        answer   R1-2 succeeded 00000000   -> R1-2 succeeded by answer; paid by R1-2
                                            ; collected 100.00 of 100.00
        answer   R1-1 succeeded 00         -> R1-1 succeeded by answer; surplus 100.00
                                            ; R1/1 gives back 100.00 of 1 for surplus
                                            ; alarm: surplus 100.00; refunds unionpay R1/1-1
        answer   R1-1 succeeded 00         -> nothing
        found    R1-1 succeeded 00         -> nothing
        refund   R1 100.01                 -> refused: refund_too_much
        answer   R1/1-1 succeeded 00       -> R1/1-1 moved; refunded 0.00, surplus 0.00
        answer   R1/1-1 succeeded 00       -> nothing
        status   R1                        -> succeeded; order collected, 100.00 of 100.00
        refund   R1 40.00                  -> R1/2 gives back 40.00 of 2 for goodwill
                                            ; refunds netsunion R1/2-1
        answer   R1/2-1 succeeded 00000000 -> R1/2-1 moved; refunded 40.00, surplus 0.00
        told                               -> payment.trying; payment.unknown; payment.trying
                                            ; payment.succeeded; order.collected
                                            ; payment.refund_accepted; order.refund_needed
                                            ; payment.refunded; payment.refund_accepted; payment.refunded
        ledger                             -> channel:netsunion 60.00; channel:unionpay 0.00
                                            ; receivable -100.00; refunded 40.00; surplus 0.00
        ",
    );
}

#[test]
fn a_payment_of_a_paid_order_goes_back_whole() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1    -> sends unionpay R1-1
        silence  R1-1                 -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                  -> asks unionpay about R1-1
        missing  R1-1                 -> R1-1 failed: not_found_after_window (window over)
                                       ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                   -> cancelled; order open
        repay    R1 again             -> sends unionpay R1b-1
        answer   R1-1 succeeded 00    -> R1-1 succeeded by answer; paid by R1-1
                                       ; collected 100.00 of 100.00
        refund   R1b                  -> refused: attempt_under_way
        answer   R1b-1 succeeded 00   -> R1b-1 succeeded by answer; paid by R1b-1; surplus 100.00
                                       ; R1b/1 gives back 100.00 of 1 for surplus; order collected
                                       ; alarm: surplus 100.00; refunds unionpay R1b/1-1
        answer   R1b/1-1 succeeded 00 -> R1b/1-1 moved; refunded 0.00, surplus 0.00
        status   R1b                  -> succeeded; order collected, 100.00 of 100.00
        refund   R1b                  -> refused: refund_too_much
        refund   R1 10.00             -> R1/1 gives back 10.00 of 1 for goodwill; refunds unionpay R1/1-1
        ledger                        -> channel:unionpay 100.00; receivable -100.00; surplus 0.00
        ",
    );
}

#[test]
fn a_surplus_refund_that_fails_needs_a_person_who_can_ask_again() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        silence  R1-1                -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                 -> asks unionpay about R1-1
        missing  R1-1                -> R1-1 failed: not_found_after_window (window over)
                                      ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                  -> cancelled; order open
        withdraw R1                  -> order cancelled
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; surplus 100.00
                                      ; R1/1 gives back 100.00 of 1 for surplus; alarm: surplus 100.00
                                      ; refunds unionpay R1/1-1
        answer   R1/1-1 declined 61  -> R1/1-1 failed: invalid_card_number (final_decline)
                                      ; R1/1 not possible: invalid_card_number; alarm: refund failed
        told                         -> payment.trying; payment.unknown; payment.waiting; order.excused
                                      ; payment.cancelled; payment.succeeded; payment.refund_accepted
                                      ; order.refund_needed; payment.refund_failed
        status   R1                  -> succeeded; order cancelled, 0.00 of 100.00, surplus 100.00
        refund   R1 for surplus      -> R1/2 gives back 100.00 of 1 for surplus; refunds unionpay R1/2-1
        answer   R1/2-1 succeeded 00 -> R1/2-1 moved; refunded 0.00, surplus 0.00
        status   R1                  -> succeeded; order cancelled, 0.00 of 100.00
        ledger                       -> channel:unionpay 0.00; receivable 0.00; surplus 0.00
        ",
    );
}

#[test]
fn a_held_surplus_waits_for_one_person() {
    check(
        "
        borrower B1 card C1 on unionpay
        policy   held
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        silence  R1-1                -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                 -> asks unionpay about R1-1
        missing  R1-1                -> R1-1 failed: not_found_after_window (window over)
                                      ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                  -> cancelled; order open
        withdraw R1                  -> order cancelled
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; surplus 100.00
                                      ; R1/1 gives back 100.00 of 1 for surplus, held
                                      ; alarm: surplus 100.00
        wait     1d                  -> nothing
        refund   R1                  -> refused: refund_too_much
        approve  R1/1 by K1          -> R1/1 approved; refunds unionpay R1/1-1
        answer   R1/1-1 succeeded 00 -> R1/1-1 moved; refunded 0.00, surplus 0.00
        status   R1                  -> succeeded; order cancelled, 0.00 of 100.00
        ",
    );
}

#[test]
fn a_flawed_success_is_no_certain_surplus() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        silence  R1-1                      -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                       -> asks unionpay about R1-1
        missing  R1-1                      -> R1-1 failed: not_found_after_window (window over)
                                            ; waits until 03-02 09:15 for not_found_after_window
        cancel   R1                        -> cancelled; order open
        withdraw R1                        -> order cancelled
        answer   R1-1 defective_success A6 -> R1-1 succeeded by answer, flawed A6; paid by R1-1
                                            ; surplus 100.00
                                            ; R1/1 gives back 100.00 of 1 for surplus, held
                                            ; alarm: flawed success; alarm: surplus 100.00
        ",
    );
}

#[test]
fn without_a_way_back_a_person_is_told_at_once() {
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
        policy   nowhere
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; surplus 100.00
                                    ; R1/1 gives back 100.00 of 1 for surplus
                                    ; R1/1 not possible: refund_not_allowed; alarm: surplus 100.00
                                    ; alarm: refund failed
        refund   R1                -> refused: no_refund_channel
        told                       -> payment.trying; payment.unknown; payment.waiting; order.excused
                                    ; payment.cancelled; payment.succeeded; payment.refund_failed
                                    ; order.refund_needed
        ",
    );
}

#[test]
fn of_three_debits_one_is_collected_and_two_are_surplus() {
    check(
        "
        borrower B1 card C1 on unionpay
        policy   held
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-1
        missing  R1-1              -> R1-1 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:15 for not_found_after_window
        wait     5m                -> sends unionpay R1-2
        silence  R1-2              -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m               -> asks unionpay about R1-2
        missing  R1-2              -> R1-2 failed: not_found_after_window (window over)
                                    ; waits until 03-02 09:35 for not_found_after_window
        wait     10m               -> sends unionpay R1-3
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer
        answer   R1-2 succeeded 00 -> R1-2 succeeded by answer
        answer   R1-3 succeeded 00 -> R1-3 succeeded by answer; paid by R1-3; collected 100.00 of 100.00
                                    ; surplus 100.00; R1/1 gives back 100.00 of 1 for surplus, held
                                    ; surplus 100.00; R1/2 gives back 100.00 of 2 for surplus, held
                                    ; alarm: surplus 100.00; alarm: surplus 100.00
        ledger                     -> channel:unionpay 300.00; receivable -100.00; surplus -200.00
        ",
    );
}
