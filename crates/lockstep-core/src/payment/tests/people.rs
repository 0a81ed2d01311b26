//! Two people decide what became of an attempt whose channel has not told by the deadline.

use crate::scenario::check;

#[test]
fn two_people_decide_that_nothing_moved() {
    check(
        "
        borrower B1 card C1 on wallet unionpay
        repay    R1 100.00 from C1      -> sends wallet R1-1
        propose  R1-1 notmoved by 1     -> refused: attempt_under_way
        silence  R1-1                   -> unknown: channel_timeout
        propose  R1-1 notmoved by 1     -> refused: not_overdue
        wait     2h                     -> R1-1 overdue; alarm: unknown too long
        propose  R1-7 notmoved by 1     -> refused: attempt_not_found
        approve  R1-1 notmoved by 2     -> refused: no_proposal
        retract  R1-1 by 1              -> refused: no_proposal
        propose  R1-1 notmoved by 1     -> proposed: not moved
        repeat                          -> nothing
        propose  R1-1 moved by 2        -> refused: proposal_stands
        approve  R1-1 notmoved by 1     -> refused: same_approver
        approve  R1-1 moved by 2        -> refused: proposal_differs
        status   R1                     -> unknown; order collecting, 0.00 of 100.00
        approve  R1-1 notmoved by 2     -> decided: not moved
                                         ; R1-1 failed: closed_by_people (by_two_people)
                                         ; sends unionpay R1-2
        repeat                          -> refused: outcome_known
        propose  R1-1 moved by 3        -> refused: outcome_known
        answer   R1-2 succeeded 00      -> R1-2 succeeded by answer; paid by R1-2
                                         ; collected 100.00 of 100.00
        notice   R1-1 succeeded 00      -> people contradicted; R1-1 succeeded by notice; surplus 100.00
                                         ; R1/1 gives back 100.00 of 1 for surplus; alarm: surplus 100.00
                                         ; refunds wallet R1/1-1
        ",
    );
}

#[test]
fn two_people_decide_that_the_money_moved() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        silence  R1-1                   -> unknown: channel_timeout; asks unionpay in 5s
        wait     2h                     -> asks unionpay about R1-1; R1-1 overdue
                                         ; alarm: unknown too long
        propose  R1-1 moved by 1        -> proposed: moved
        retract  R1-1 by 2              -> proposal withdrawn
        propose  R1-1 moved by 2        -> proposed: moved
        approve  R1-1 moved by 1        -> decided: moved; R1-1 succeeded by people; paid by R1-1
                                         ; collected 100.00 of 100.00
        why      R1                     -> none: success; nobody acts; money taken
        wait     1h                     -> asks unionpay about R1-1
        found    R1-1 succeeded 00      -> nothing
        wait     1d                     -> asks unionpay about R1-1
        missing  R1-1                   -> people contradicted; alarm: people contradicted
        repeat                          -> nothing
        status   R1                     -> succeeded; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn a_proof_from_the_channel_comes_before_people() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1      -> sends unionpay R1-1
        silence  R1-1                   -> unknown: channel_timeout; asks unionpay in 5s
        wait     2h                     -> asks unionpay about R1-1; R1-1 overdue
                                         ; alarm: unknown too long
        propose  R1-1 moved by 1        -> proposed: moved
        missing  R1-1                   -> R1-1 failed: not_found_after_window (window over)
                                         ; waits until 03-02 11:05 for not_found_after_window
        approve  R1-1 moved by 2        -> refused: outcome_known
        retract  R1-1 by 1              -> refused: outcome_known
        ",
    );
}

/// Somebody says that the money moved and stays: no reversal is sent from then on, and nothing is decided while one
/// that was sent may still be executed.
#[test]
fn people_and_a_reversal_do_not_cross() {
    check(
        "
        borrower B1 card C1 on acquirer
        repay    R1 100.00 from C1      -> sends acquirer R1-1
        silence  R1-1                   -> unknown: channel_timeout; asks acquirer in 5s
        wait     2h                     -> asks acquirer about R1-1; reverses acquirer R1-1; R1-1 overdue
                                         ; alarm: unknown too long
        propose  R1-1 moved by 1        -> proposed: moved
        approve  R1-1 moved by 2        -> refused: reversal_under_way
        undone   R1-1                   -> reversal unanswered
        wait     599999ms               -> nothing
        approve  R1-1 moved by 2        -> refused: reversal_under_way
        wait     1ms                    -> nothing
        approve  R1-1 moved by 2        -> decided: moved; R1-1 succeeded by people; paid by R1-1
                                         ; collected 100.00 of 100.00
        wait     30m                    -> nothing
        borrower B2 card C2 on acquirer
        repay    R2 100.00 from C2      -> sends acquirer R2-1
        silence  R2-1                   -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                     -> asks acquirer about R2-1; reverses acquirer R2-1
        undone   R2-1                   -> reversal unanswered
        wait     2h                     -> reverses acquirer R2-1; asks acquirer about R1-1; R2-1 overdue
                                         ; alarm: unknown too long
        undone   R2-1                   -> reversal unanswered
        propose  R2-1 moved by 1        -> proposed: moved
        wait     1h                     -> nothing
        retract  R2-1 by 1              -> proposal withdrawn
        wait     2m                     -> reverses acquirer R2-1
        ",
    );
}
