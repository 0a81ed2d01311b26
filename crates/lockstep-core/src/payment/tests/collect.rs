//! Accepting a payment, and the days on which nothing goes wrong.

use crate::scenario::check;

#[test]
fn happy_path() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1               -> sends unionpay R1-1
        answer   R1-1 succeeded 00 amount 100.00 -> R1-1 succeeded by answer; paid by R1-1
                                                  ; collected 100.00 of 100.00
        status   R1                              -> succeeded; order collected, 100.00 of 100.00
        why      R1                              -> none: success; nobody acts; money taken
        told                                     -> payment.trying; payment.succeeded; order.collected
        ledger                                   -> channel:unionpay 100.00; receivable -100.00
        repay    R1 again                        -> refused: order_collected
        cancel   R1                              -> refused: payment_ended
        trynow   R1                              -> refused: payment_ended
        wait     30d                             -> nothing
        ",
    );
}

#[test]
fn an_order_that_is_not_due_waits_for_its_day() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        owe      R1 100.00 due 2026-03-05 10:00 -> due 03-05 10:00
        repay    R1 from C1                     -> waits until 03-05 10:00
        why      R1                             -> none: not_due_yet; nobody acts; money not_taken
                                                 ; next 03-05 10:00
        repay    R1 again                       -> refused: payment_under_way R1
        until    2026-03-05 09:59:59            -> nothing
        until    2026-03-05 10:00               -> sends unionpay R1-1
        answer   R1-1 succeeded 00              -> R1-1 succeeded by answer; paid by R1-1
                                                 ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn a_payment_may_be_brought_forward() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        owe      R1 100.00 due 2026-03-05 10:00 -> due 03-05 10:00
        repay    R1 from C1                     -> waits until 03-05 10:00
        trynow   R1                             -> sends unionpay R1-1
        trynow   R1                             -> refused: attempt_under_way
        answer   R1-1 succeeded 00              -> R1-1 succeeded by answer; paid by R1-1
                                                 ; collected 100.00 of 100.00
        until    2026-03-06 10:00               -> nothing
        ",
    );
}

#[test]
fn parts_until_everything_is_collected() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        owe      R1 100.00          -> due 03-02 09:00
        repay    R1 60.00 from C1   -> sends unionpay R1-1
        answer   R1-1 succeeded 00  -> R1-1 succeeded by answer; paid by R1-1; collected 60.00 of 100.00
        status   R1                 -> succeeded; order open, 60.00 of 100.00
        repay    R1 40.01 from C1   -> refused: amount_not_allowed
        repay    R1 again           -> sends unionpay R1b-1
        answer   R1b-1 succeeded 00 -> R1b-1 succeeded by answer; paid by R1b-1
                                     ; collected 100.00 of 100.00
        status   R1b                -> succeeded; order collected, 100.00 of 100.00
        told                        -> payment.trying; payment.succeeded; payment.trying
                                     ; payment.succeeded; order.collected
        ledger                      -> channel:unionpay 100.00; receivable -100.00
        ",
    );
}

#[test]
fn two_payments_for_one_order_are_refused() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1  -> sends unionpay R1-1
        repay    R1 50.00           -> refused: payment_under_way R1
        withdraw R1                 -> refused: payment_under_way R1
        answer   R1-1 declined 64   -> R1-1 failed: insufficient_funds (final_decline)
                                     ; waits until 03-03 10:30 for insufficient_funds
        repay    R1 again           -> refused: payment_under_way R1
        cancel   R1                 -> cancelled; order open
        repay    R1 again           -> sends unionpay R1b-1
        answer   R1b-1 succeeded 00 -> R1b-1 succeeded by answer; paid by R1b-1
                                     ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn amounts_beyond_what_is_owed_are_refused() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        owe      R1 100.00         -> due 03-02 09:00
        repay    R1 100.01 from C1 -> refused: amount_not_allowed
        repay    R1 0.00 from C1   -> refused: amount_not_allowed
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        ",
    );
}

#[test]
fn only_the_borrowers_own_binding_pays() {
    check(
        "
        borrower B1 card C1 on unionpay
        borrower B2 card C2 on unionpay
        owe      R1 100.00 by B1 -> due 03-02 09:00
        repay    R1 from C2      -> refused: not_the_borrowers
        repay    R1 from C1      -> sends unionpay R1-1
        ",
    );
}

#[test]
fn what_no_mandate_covers_is_refused() {
    check(
        "
        borrower B1 card C1 on unionpay max 50.00 ends 2026-03-04T00:00
        repay    R1 50.01 from C1               -> refused: no_live_mandate (single_limit_exceeded)
        repay    R1 50.00 from C1 via netsunion -> refused: no_live_mandate (no_live_mandate)
        until    2026-03-03 23:59:59            -> nothing
        repay    R1 50.00 from C1               -> sends unionpay R1-1
        cancel   R1                             -> refused: attempt_under_way
        answer   R1-1 declined 64               -> R1-1 failed: insufficient_funds (final_decline)
                                                 ; waits until 03-04 10:30 for insufficient_funds
        until    2026-03-04 10:30               -> not paid: mandate_expired (final); order open
        ",
    );
}

#[test]
fn amounts_beyond_one_channel_go_to_none() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 50000.01 from C1 -> refused: no_live_mandate (single_limit_exceeded)
        repay    R1 50000.00 from C1 -> sends unionpay R1-1
        ",
    );
}

#[test]
fn a_closed_channel_is_waited_for() {
    check(
        "
        at       2026-03-02 22:00
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1       -> waits until 03-03 07:00 for outside_hours
        why      R1                      -> channel: outside_hours; lockstep acts; money not_taken
                                          ; next 03-03 07:00
        trynow   R1                      -> waits until 03-03 07:00 for outside_hours
        until    2026-03-03 06:59:59     -> nothing
        until    2026-03-03 07:00        -> sends netsunion R1-1
        answer   R1-1 succeeded 00000000 -> R1-1 succeeded by answer; paid by R1-1
                                          ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn a_closed_channel_gives_way_to_an_open_one() {
    check(
        "
        at       2026-03-02 21:59:59
        borrower B1 card C1 on netsunion unionpay
        repay    R1 100.00 from C1               -> sends netsunion R1-1
        repay    R2 100.00 from C1 via netsunion -> sends netsunion R2-1
        wait     1s                              -> nothing
        repay    R3 100.00 from C1               -> sends unionpay R3-1
        repay    R4 100.00 from C1 via netsunion -> waits until 03-03 07:00 for outside_hours
        ",
    );
}

#[test]
fn an_order_taken_back_is_not_collected() {
    check(
        "
        borrower B1 card C1 on unionpay
        owe      R1 100.00  -> due 03-02 09:00
        withdraw R1         -> order cancelled
        withdraw R1         -> nothing
        repay    R1 from C1 -> refused: order_cancelled
        owe      R1 100.00  -> refused: order_exists
        ",
    );
}
