//! Money that moved on a transaction the channel calls flawed: collected, to be confirmed, and followed to its end.

use crate::scenario::check;

#[test]
fn a_flawed_success_that_stands() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        answer   R1-1 defective_success 42 -> R1-1 succeeded by answer, flawed 42; paid by R1-1
                                            ; collected 100.00 of 100.00; to be confirmed
                                            ; alarm: flawed success
        why      R1                        -> channel: money_moved_late; lockstep acts; money taken
        repay    R1 again                  -> refused: order_collected
        trynow   R1                        -> refused: payment_ended
        wait     1h                        -> asks unionpay about R1-1
        found    R1-1 defective_success 42 -> still unknown
        wait     6h                        -> asks unionpay about R1-1
        mute     R1-1                      -> still unknown
        wait     12h                       -> asks unionpay about R1-1
        missing  R1-1                      -> still unknown
        timer    confirm R1-1 2            -> nothing
        told                               -> payment.trying; payment.succeeded; order.collected
        wait     1d                        -> asks unionpay about R1-1
        found    R1-1 succeeded 00         -> R1-1 stands; confirmed
        repeat                             -> nothing
        told                               -> payment.confirmed
        why      R1                        -> none: success; nobody acts; money taken
        wait     7d                        -> nothing
        ledger                             -> channel:unionpay 100.00; receivable -100.00
        ",
    );
}

#[test]
fn a_flawed_success_that_is_sent_back_opens_the_order_again() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        silence  R1-1                      -> unknown: channel_timeout; asks unionpay in 5s
        wait     6s                        -> asks unionpay about R1-1
        found    R1-1 defective_success 74 -> R1-1 succeeded by query, flawed 74; paid by R1-1
                                            ; collected 100.00 of 100.00; to be confirmed
                                            ; alarm: flawed success
        wait     1h                        -> asks unionpay about R1-1
        found    R1-1 declined 46          -> R1-1 sent back; not paid: sent_back_by_channel (final)
                                            ; collection undone: 0.00 of 100.00, order open
        repeat                             -> nothing
        told                               -> payment.trying; payment.unknown; payment.succeeded
                                            ; order.collected; payment.failed; order.reopened
        why      R1                        -> channel: sent_back_by_channel; borrower acts; money not_taken
        ledger                             -> channel:unionpay 0.00; receivable 0.00
        wait     7d                        -> nothing
        repay    R1 again                  -> sends unionpay R1b-1
        ",
    );
}

#[test]
fn the_statement_decides_about_a_flaw() {
    check(
        "
        borrower  B1 card C1 on switch
        repay     R1 100.00 from C1                    -> sends switch R1-1
        answer    R1-1 defective_success A4            -> R1-1 succeeded by answer, flawed A4; paid by R1-1
                                                        ; collected 100.00 of 100.00; to be confirmed
                                                        ; alarm: flawed success
        until     2026-03-03 10:00                     -> reads switch of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 defective_success A4 -> nothing
        until     2026-03-03 10:30                     -> reads switch of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00         -> R1-1 stands; confirmed
        borrower  B2 card C2 on switch
        repay     R2 100.00 from C2                    -> sends switch R2-1
        answer    R2-1 defective_success A4            -> R2-1 succeeded by answer, flawed A4; paid by R2-1
                                                        ; collected 100.00 of 100.00; to be confirmed
                                                        ; alarm: flawed success
        until     2026-03-04 10:00                     -> reads switch of 2026-03-03 for R2-1
        statement R2-1 2026-03-03 absent               -> not in the statement of 2026-03-03
        until     2026-03-05 10:00                     -> reads switch of 2026-03-04 for R2-1
        statement R2-1 2026-03-04 absent               -> not in the statement of 2026-03-04; R2-1 sent back
                                                        ; not paid: sent_back_by_channel (final)
                                                        ; collection undone: 0.00 of 100.00, order open
        ",
    );
}

/// It came in late and twice; the flawed one goes back by itself.
#[test]
fn a_flawed_surplus_that_is_sent_back_is_no_surplus() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        silence  R1-1                      -> unknown: channel_timeout; asks unionpay in 5s
        wait     10m                       -> asks unionpay about R1-1
        missing  R1-1                      -> R1-1 failed: not_found_after_window (window over)
                                            ; sends netsunion R1-2
        answer   R1-1 defective_success 42 -> R1-1 succeeded by answer, flawed 42; alarm: flawed success
        answer   R1-2 succeeded 00000000   -> R1-2 succeeded by answer; paid by R1-2
                                            ; collected 100.00 of 100.00; surplus 100.00
                                            ; R1/1 gives back 100.00 of 1 for surplus, held
                                            ; alarm: surplus 100.00
        wait     1h                        -> asks unionpay about R1-1
        found    R1-1 declined 46          -> R1-1 sent back; R1/1 withdrawn; surplus returned 100.00
        approve  R1/1 by K1                -> refused: refund_not_proposed
        status   R1                        -> succeeded; order collected, 100.00 of 100.00
        ledger                             -> channel:netsunion 100.00; channel:unionpay 0.00
                                            ; receivable -100.00; surplus 0.00
        ",
    );
}

#[test]
fn what_was_under_way_of_a_debit_that_is_sent_back_is_not_tried_again() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1         -> sends unionpay R1-1
        answer   R1-1 defective_success 42 -> R1-1 succeeded by answer, flawed 42; paid by R1-1
                                            ; collected 100.00 of 100.00; to be confirmed
                                            ; alarm: flawed success
        refund   R1                        -> R1/1 gives back 100.00 of 1 for goodwill; refunds unionpay R1/1-1
        wait     1h                        -> asks unionpay about R1-1
        found    R1-1 declined 46          -> R1-1 sent back; not paid: sent_back_by_channel (final)
                                            ; collection undone: 0.00 of 100.00, order open
        answer   R1/1-1 declined 33        -> R1/1-1 failed: limit_exceeded (final_decline)
                                            ; R1/1 withdrawn
        wait     7d                        -> nothing
        ",
    );
}
