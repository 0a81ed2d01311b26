//! Refunds: partial, concurrent, failing, approved; and those that open by themselves.

use crate::scenario::check;

#[test]
fn a_part_goes_back_and_the_order_stays_collected() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1     -> sends unionpay R1-1
        answer   R1-1 succeeded 00     -> R1-1 succeeded by answer; paid by R1-1
                                        ; collected 100.00 of 100.00
        refund   R1 30.00 for goodwill -> R1/1 gives back 30.00 of 1 for goodwill; refunds unionpay R1/1-1
        answer   R1/1-1 succeeded 00   -> R1/1-1 moved; refunded 30.00, surplus 0.00
        repeat                         -> nothing
        status   R1                    -> succeeded; order collected, 100.00 of 100.00, refunded 30.00
        refund   R1 70.01              -> refused: refund_too_much
        refund   R1 0.00               -> refused: refund_too_much
        refund   R1                    -> R1/2 gives back 70.00 of 1 for goodwill; refunds unionpay R1/2-1
        refund   R1                    -> refused: refund_too_much
        answer   R1/2-1 succeeded 00   -> R1/2-1 moved; refunded 100.00, surplus 0.00
        status   R1                    -> succeeded; order collected, 100.00 of 100.00, refunded 100.00
        repay    R1 again              -> refused: order_collected
        why      R1                    -> none: success; nobody acts; money given_back
        told                           -> payment.trying; payment.succeeded; order.collected
                                        ; payment.refund_accepted; payment.refunded
                                        ; payment.refund_accepted; payment.refunded
        ledger                         -> channel:unionpay 0.00; receivable -100.00; refunded 100.00
        ",
    );
}

#[test]
fn what_is_on_its_way_counts_against_what_is_left() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1  -> sends unionpay R1-1
        refund   R1                 -> refused: attempt_under_way
        silence  R1-1               -> unknown: channel_timeout; asks unionpay in 5s
        refund   R1                 -> refused: outcome_unknown
        answer   R1-1 succeeded 00  -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        refund   R1 60.00           -> R1/1 gives back 60.00 of 1 for goodwill; refunds unionpay R1/1-1
        refund   R1 60.00           -> refused: refund_too_much
        refund   R1 40.00           -> R1/2 gives back 40.00 of 1 for goodwill; refunds unionpay R1/2-1
        refund   R1 0.01            -> refused: refund_too_much
        answer   R1/1-1 declined 33 -> R1/1-1 failed: limit_exceeded (final_decline)
                                     ; waits until 03-02 09:05 for limit_exceeded
        status   R1                 -> succeeded; order collected, 100.00 of 100.00
        told                        -> payment.trying; payment.unknown; payment.succeeded
                                     ; order.collected; payment.refund_accepted; payment.refund_accepted
        refund   R1 60.00           -> refused: refund_too_much
        refund   R1 60.00 of 2      -> refused: nothing_taken
        ",
    );
}

#[test]
fn silence_is_unknown_and_a_second_try_needs_proof() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1                -> sends unionpay R1-1
        answer   R1-1 succeeded 00                -> R1-1 succeeded by answer; paid by R1-1
                                                   ; collected 100.00 of 100.00
        refund   R1 60.00                         -> R1/1 gives back 60.00 of 1 for goodwill
                                                   ; refunds unionpay R1/1-1
        silence  R1/1-1                           -> unknown: channel_timeout; asks later
        missing  R1/1-1                           -> still unknown; asks later
        mute     R1/1-1                           -> still unknown; asks later
        wait     599s                             -> asks unionpay about R1/1-1
        missing  R1/1-1                           -> still unknown; asks later
        wait     1s                               -> asks unionpay about R1/1-1
        missing  R1/1-1                           -> R1/1-1 failed: not_found_after_window (not_found_after_window)
                                                   ; waits until 03-02 09:15 for not_found_after_window
        wait     5m                               -> refunds unionpay R1/1-2
        found    R1/1-2 succeeded 00              -> R1/1-2 moved; refunded 60.00, surplus 0.00
        notsent  R1/1-2                           -> nothing
        found    R1/1-2 succeeded 00 amount 59.00 -> nothing
        wait     1d                               -> asks unionpay about R1/1-1
                                                   ; asks unionpay about R1/1-1
        status   R1                               -> succeeded
                                                   ; order collected, 100.00 of 100.00, refunded 60.00
        ",
    );
}

#[test]
fn an_unknown_refund_ends_or_raises_an_alarm() {
    check(
        "
        borrower B1 card C1 on wallet
        repay    R1 100.00 from C1   -> sends wallet R1-1
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        refund   R1 60.00            -> R1/1 gives back 60.00 of 1 for goodwill; refunds wallet R1/1-1
        silence  R1/1-1 interrupted  -> unknown: outcome_unknown
        wait     2h                  -> R1/1-1 overdue; alarm: refund unknown_too_long
        refund   R1 60.00            -> refused: refund_too_much
        notice   R1/1-1 succeeded 00 -> R1/1-1 moved; refunded 60.00, surplus 0.00
        notice   R1/1-1 succeeded 00 -> nothing
        told                         -> payment.trying; payment.succeeded; order.collected
                                      ; payment.refund_accepted; payment.refund_unknown; payment.refunded
        ",
    );
}

#[test]
fn a_closed_try_that_moved_after_all_is_found() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1   -> sends unionpay R1-1
        answer   R1-1 succeeded 00   -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        refund   R1 60.00            -> R1/1 gives back 60.00 of 1 for goodwill; refunds unionpay R1/1-1
        silence  R1/1-1              -> unknown: channel_timeout; asks later
        wait     10m                 -> asks unionpay about R1/1-1
        missing  R1/1-1              -> R1/1-1 failed: not_found_after_window (not_found_after_window)
                                      ; waits until 03-02 09:15 for not_found_after_window
        wait     5m                  -> refunds unionpay R1/1-2
        answer   R1/1-2 succeeded 00 -> R1/1-2 moved; refunded 60.00, surplus 0.00
        wait     1h                  -> asks unionpay about R1/1-1
        found    R1/1-1 succeeded 00 -> R1/1-1 moved, 20.00 too much; refunded 120.00, surplus 0.00
                                      ; alarm: refund moved_too_much
        status   R1                  -> succeeded; order collected, 100.00 of 100.00, refunded 120.00
        refund   R1 0.01             -> refused: refund_too_much
        ledger                       -> channel:unionpay -20.00; overpaid 20.00; receivable -100.00
                                      ; refunded 100.00
        ",
    );
}

#[test]
fn where_the_channel_cannot_refund_the_money_is_paid_out() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect
        answer   deposit-A1-1 succeeded PCC00000
        amount   A1 right
        answer   A1@bankdirect succeeded PCC00000
        repay    R1 0.80 from A1           -> sends bankdirect R1-1
        answer   R1-1 succeeded PCC00000   -> R1-1 succeeded by answer; paid by R1-1
                                            ; collected 0.80 of 0.80
        refund   R1 0.30                   -> R1/1 gives back 0.30 of 1 for goodwill
                                            ; pays out on bankdirect R1/1-1
        answer   R1/1-1 succeeded PCC00000 -> R1/1-1 moved; refunded 0.30, surplus 0.00
        repay    R2 5.00 from A1           -> sends bankdirect R2-1
        answer   R2-1 succeeded PCC00000   -> R2-1 succeeded by answer; paid by R2-1
                                            ; collected 5.00 of 5.00
        refund   R2 2.00                   -> refused: no_refund_channel
        refund   R2 1.00                   -> R2/1 gives back 1.00 of 1 for goodwill
                                            ; pays out on bankdirect R2/1-1
        ",
    );
}

#[test]
fn after_its_days_a_channel_refunds_no_more() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        wait     30d               -> nothing
        refund   R1 60.00          -> refused: no_refund_channel
        refund   R1 0.60           -> R1/1 gives back 0.60 of 1 for goodwill
                                    ; pays out on bankdirect R1/1-1
        ",
    );
}

#[test]
fn a_refund_waits_for_the_channel_to_open() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1       -> sends netsunion R1-1
        answer   R1-1 succeeded 00000000 -> R1-1 succeeded by answer; paid by R1-1
                                          ; collected 100.00 of 100.00
        until    2026-03-02 22:00        -> nothing
        refund   R1 60.00                -> R1/1 gives back 60.00 of 1 for goodwill
                                          ; waits until 03-03 07:00 for outside_hours
        until    2026-03-03 06:59        -> nothing
        until    2026-03-03 07:00        -> refunds netsunion R1/1-1
        ",
    );
}

#[test]
fn above_the_threshold_a_second_person_approves() {
    check(
        "
        borrower B1 card C1 on unionpay
        policy   above 50.00
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 succeeded 00 -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        refund   R1 50.00 by K1    -> R1/1 gives back 50.00 of 1 for goodwill; refunds unionpay R1/1-1
        refund   R1 0.01 by K1     -> R1/2 gives back 0.01 of 1 for goodwill, held
        approve  R1/2 by K1        -> refused: second_person_needed
        refund   R1 50.00          -> refused: refund_too_much
        approve  R1/2 by K2        -> R1/2 approved; refunds unionpay R1/2-1
        approve  R1/2 by K2        -> nothing
        approve  R1/2 by K3        -> refused: refund_not_proposed
        revoke   R1/2              -> refused: refund_not_proposed
        refund   R1 49.99 by K1    -> R1/3 gives back 49.99 of 1 for goodwill, held
        revoke   R1/3 by K2        -> R1/3 withdrawn
        revoke   R1/3 by K2        -> nothing
        approve  R1/3 by K2        -> refused: refund_not_proposed
        approve  R1/9 by K2        -> refused: refund_not_found
        told                       -> payment.trying; payment.succeeded; order.collected
                                    ; payment.refund_accepted; payment.refund_proposed
                                    ; payment.refund_accepted; payment.refund_proposed
                                    ; payment.refund_withdrawn
        ",
    );
}

#[test]
fn a_refund_that_fails_for_good_needs_a_person() {
    check(
        "
        borrower B1 card C1 on unionpay
        policy   tries 2
        repay    R1 100.00 from C1  -> sends unionpay R1-1
        answer   R1-1 succeeded 00  -> R1-1 succeeded by answer; paid by R1-1; collected 100.00 of 100.00
        refund   R1                 -> R1/1 gives back 100.00 of 1 for goodwill; refunds unionpay R1/1-1
        notsent  R1/1-1             -> R1/1-1 failed: connection_failed (never_left)
                                     ; waits until 03-02 09:05 for connection_failed
        wait     5m                 -> refunds unionpay R1/1-2
        answer   R1/1-2 declined 64 -> R1/1-2 failed: insufficient_funds (final_decline)
                                     ; waits until 03-03 09:05 for insufficient_funds
        wait     1d                 -> refunds unionpay R1/1-3
        answer   R1/1-3 declined 64 -> R1/1-3 failed: insufficient_funds (final_decline)
                                     ; R1/1 not possible: insufficient_funds; alarm: refund failed
        wait     30d                -> nothing
        why      R1                 -> channel: refund_not_allowed; lender acts; money taken
        told                        -> payment.trying; payment.succeeded; order.collected
                                     ; payment.refund_accepted; payment.refund_failed
        ",
    );
}

#[test]
fn money_paid_out_is_not_refundable() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect
        answer   deposit-A1-1 succeeded PCC00000
        refund   deposit-A1 -> refused: not_refundable
        ",
    );
}
