//! A channel's statement of a day. `clearing` has no word for "no such order"; its statement is ready at ten the
//! next morning.

use crate::scenario::check;

#[test]
fn absence_in_two_statements_is_a_proof() {
    check(
        "
        borrower  B1 card C1 on clearing unionpay
        repay     R1 100.00 from C1                   -> sends clearing R1-1
        silence   R1-1                                -> unknown: channel_timeout; asks clearing in 5s
        wait      6s                                  -> asks clearing about R1-1
        until     2026-03-03 10:00                    -> reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-03 absent              -> nothing
        statement R1-1 2026-03-02 notready            -> nothing
        until     2026-03-03 10:30                    -> reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 silent              -> nothing
        until     2026-03-03 11:00                    -> reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 absent              -> not in the statement of 2026-03-02
        statement R1-1 2026-03-02 absent              -> nothing
        status    R1                                  -> unknown; order collecting, 0.00 of 100.00
        until     2026-03-04 09:59                    -> nothing
        statement R1-1 2026-03-03 absent              -> nothing
        until     2026-03-04 10:00                    -> reads clearing of 2026-03-03 for R1-1
        statement R1-1 2026-03-03 absent              -> not in the statement of 2026-03-03
                                                       ; R1-1 failed: not_in_statement (not_in_statement)
                                                       ; sends unionpay R1-2
        ",
    );
}

#[test]
fn a_line_ends_it() {
    check(
        "
        borrower  B1 card C1 on clearing
        repay     R1 100.00 from C1                                -> sends clearing R1-1
        silence   R1-1                                             -> unknown: channel_timeout
                                                                    ; asks clearing in 5s
        until     2026-03-03 10:00                                 -> asks clearing about R1-1
                                                                    ; reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00000000 amount 1.00   -> nothing
        until     2026-03-03 10:30                                 -> reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00000000 amount 100.00 -> R1-1 succeeded by statement
                                                                    ; paid by R1-1
                                                                    ; collected 100.00 of 100.00
        repeat                                                     -> nothing
        borrower  B2 card C2 on clearing
        repay     R2 100.00 from C2                                -> sends clearing R2-1
        silence   R2-1                                             -> unknown: channel_timeout
                                                                    ; asks clearing in 5s
        until     2026-03-04 10:00                                 -> asks clearing about R2-1
                                                                    ; reads clearing of 2026-03-03 for R2-1
        statement R2-1 2026-03-03 declined PB520011                -> R2-1 failed: insufficient_funds (final_decline)
                                                                    ; waits until 03-04 13:30 for insufficient_funds
        ",
    );
}

/// Sent a minute before midnight with a window of ten: it may be executed on the next day, and an attempt that
/// waited over midnight in the window's last moment needs that day's statement too.
#[test]
fn late_execution_past_midnight_needs_the_next_day() {
    check(
        "
        at        2026-03-02 23:59
        borrower  B1 card C1 on clearing
        repay     R1 100.00 from C1                  -> sends clearing R1-1
        silence   R1-1                               -> unknown: channel_timeout; asks clearing in 5s
        until     2026-03-03 10:00                   -> asks clearing about R1-1
                                                      ; reads clearing of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 absent             -> not in the statement of 2026-03-02
        until     2026-03-04 10:00                   -> reads clearing of 2026-03-03 for R1-1
        statement R1-1 2026-03-03 succeeded 00000000 -> R1-1 succeeded by statement; paid by R1-1
                                                      ; collected 100.00 of 100.00
        ",
    );
}

/// The window of what became unknown at 23:50:00.000 of the second day ends with the first moment of the third.
#[test]
fn the_last_day_is_the_one_on_which_the_window_ends() {
    for (unknown_at, last) in [("2026-03-03 23:49:59", false), ("2026-03-03 23:50:00", true)] {
        let third = if last {
            "
            until     2026-03-05 10:00        -> reads clearing of 2026-03-04 for R1-1
            statement R1-1 2026-03-04 absent  -> not in the statement of 2026-03-04
                                               ; R1-1 failed: not_in_statement (not_in_statement)
                                               ; waits until 03-05 10:05 for not_in_statement"
        } else {
            ""
        };
        let second = if last {
            "not in the statement of 2026-03-03"
        } else {
            "not in the statement of 2026-03-03; R1-1 failed: not_in_statement (not_in_statement)
             ; waits until 03-04 10:05 for not_in_statement"
        };
        check(&format!(
            "
            borrower  B1 card C1 on clearing
            repay     R1 100.00 from C1       -> sends clearing R1-1
            until     {unknown_at}            -> nothing
            silence   R1-1 interrupted        -> unknown: outcome_unknown; asks clearing in 5s
            until     2026-03-04 09:00
            timer     statement R1-1 2026-03-02
            statement R1-1 2026-03-02 absent  -> not in the statement of 2026-03-02
            until     2026-03-04 10:00        -> reads clearing of 2026-03-03 for R1-1
            statement R1-1 2026-03-03 absent  -> {second}
            {third}
            "
        ));
    }
}

/// Its books show what it denied: the late money is found.
#[test]
fn a_statement_corrects_a_channel_that_said_not_found() {
    check(
        "
        borrower  B1 card C1 on switch unionpay
        repay     R1 100.00 from C1            -> sends switch R1-1
        silence   R1-1                         -> unknown: channel_timeout
        wait      1m                           -> reverses switch R1-1
        undone    R1-1                         -> reversal unanswered
        until     2026-03-03 10:00             -> reverses switch R1-1; R1-1 overdue
                                                ; alarm: unknown too long
                                                ; reads switch of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00 -> nothing
        undone    R1-1 declined 51             -> reversal refused 51
        until     2026-03-03 10:30             -> reads switch of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00 -> R1-1 succeeded by statement; paid by R1-1
                                                ; collected 100.00 of 100.00
        ",
    );
}
