//! Notices that channels send by themselves.

use crate::scenario::check;

#[test]
fn a_notice_is_checked_by_asking_where_one_can_ask() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1                     -> sends netsunion R1-1
        silence  R1-1                                  -> unknown: channel_timeout; asks netsunion in 10s
        notice   R1-1 succeeded 00000000 amount 100.00 -> noticed 00000000; asks netsunion about R1-1
        status   R1                                    -> unknown; order collecting, 0.00 of 100.00
        found    R1-1 succeeded 00000000 amount 100.00 -> R1-1 succeeded by query; paid by R1-1
                                                        ; collected 100.00 of 100.00
        notice   R1-1 succeeded 00000000 amount 100.00 -> nothing
        ",
    );
}

#[test]
fn a_notice_may_come_before_the_answer() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1       -> sends netsunion R1-1
        notice   R1-1 succeeded 00000000 -> noticed 00000000; asks netsunion about R1-1
        found    R1-1 succeeded 00000000 -> R1-1 succeeded by query; paid by R1-1
                                          ; collected 100.00 of 100.00
        silence  R1-1                    -> nothing
        answer   R1-1 succeeded 00000000 -> nothing
        answer   R1-1 declined PB520011  -> nothing
        status   R1                      -> succeeded; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn a_notice_whose_question_stays_open_changes_nothing() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1       -> sends netsunion R1-1
        notice   R1-1 succeeded 00000000 -> noticed 00000000; asks netsunion about R1-1
        mute     R1-1                    -> nothing
        status   R1                      -> trying; order collecting, 0.00 of 100.00
        silence  R1-1                    -> unknown: channel_timeout; asks netsunion in 10s
        notice   R1-1 declined PB520011  -> noticed PB520011; asks netsunion about R1-1
        mute     R1-1                    -> still unknown; asks netsunion in 30s
        ",
    );
}

#[test]
fn a_channel_that_takes_no_questions_is_believed() {
    check(
        "
        borrower B1 card C1 on wallet
        repay    R1 100.00 from C1               -> sends wallet R1-1
        silence  R1-1                            -> unknown: channel_timeout
        notice   R1-1 unknown 09                 -> nothing
        notice   R1-1 succeeded 00 amount 1.00   -> nothing
        notice   R1-1 succeeded 00 amount 100.00 -> R1-1 succeeded by notice; paid by R1-1
                                                  ; collected 100.00 of 100.00
        repeat                                   -> nothing
        borrower B2 card C2 on wallet unionpay
        repay    R2 100.00 from C2               -> sends wallet R2-1
        notice   R2-1 declined 51                -> R2-1 failed: insufficient_funds (final_decline)
                                                  ; waits until 03-03 10:30 for insufficient_funds
        repeat                                   -> nothing
        answer   R2-1 declined 51                -> nothing
        ",
    );
}

#[test]
fn a_channel_that_takes_no_questions_raises_the_alarm_too() {
    check(
        "
        borrower B1 card C1 on wallet
        repay    R1 100.00 from C1 -> sends wallet R1-1
        silence  R1-1              -> unknown: channel_timeout
        wait     2h                -> R1-1 overdue; alarm: unknown too long
        notice   R1-1 declined 51  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        ",
    );
}

#[test]
fn doubled_answers_change_nothing() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        repeat                     -> nothing
        silence  R1-1              -> nothing
        notsent  R1-1              -> nothing
        missing  R1-1              -> nothing
        until    2026-03-03 10:30  -> sends unionpay R1-2
        repeat                     -> nothing
        answer   R1-1 declined 64  -> nothing
        answer   R1-2 succeeded 00 -> R1-2 succeeded by answer; paid by R1-2; collected 100.00 of 100.00
        repeat                     -> nothing
        answer   R1-2 declined 64  -> nothing
        silence  R1-2              -> nothing
        found    R1-2 succeeded 00 -> nothing
        missing  R1-2              -> nothing
        ",
    );
}
