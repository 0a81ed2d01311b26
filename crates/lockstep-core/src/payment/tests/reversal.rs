//! Having a channel undo what nobody knows about. `acquirer` is reversed after five minutes, `switch` after one.

use crate::scenario::check;

#[test]
fn an_unknown_that_lasts_is_reversed_and_goes_elsewhere() {
    check(
        "
        borrower B1 card C1 on acquirer unionpay
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     6s                  -> asks acquirer about R1-1
        mute     R1-1                -> still unknown; asks acquirer in 10s
        wait     293999ms            -> asks acquirer about R1-1
        wait     1ms                 -> reverses acquirer R1-1
        undone   R1-1 succeeded 00   -> reversed; R1-1 failed: reversed (reversed); sends unionpay R1-2
        repeat                       -> nothing
        answer   R1-2 succeeded 00   -> R1-2 succeeded by answer; paid by R1-2; collected 100.00 of 100.00
        status   R1                  -> succeeded; order collected, 100.00 of 100.00
        ledger                       -> channel:unionpay 100.00; receivable -100.00
        ",
    );
}

#[test]
fn what_was_found_in_time_is_not_reversed() {
    check(
        "
        borrower B1 card C1 on acquirer
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     299s                -> asks acquirer about R1-1
        found    R1-1 succeeded 00   -> R1-1 succeeded by query; paid by R1-1
                                      ; collected 100.00 of 100.00
        wait     1d                  -> nothing
        timer    reverse R1-1        -> nothing
        ",
    );
}

/// The reversal may be executed at any moment: until it is answered, nobody is told of a success.
#[test]
fn a_success_heard_of_while_a_reversal_is_under_way_is_not_believed() {
    check(
        "
        borrower B1 card C1 on acquirer unionpay
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R1-1; reverses acquirer R1-1
        told                         -> payment.trying; payment.unknown
        found    R1-1 succeeded 00   -> still unknown; asks acquirer in 10s
        answer   R1-1 succeeded 00   -> nothing
        notice   R1-1 succeeded 00   -> noticed 00; asks acquirer about R1-1
        undone   R1-1                -> reversal unanswered
        found    R1-1 succeeded 00   -> still unknown; asks acquirer in 30s
        wait     31s                 -> reverses acquirer R1-1; asks acquirer about R1-1
        undone   R1-1 succeeded 00   -> reversed; R1-1 failed: reversed (reversed); sends unionpay R1-2
        found    R1-1 succeeded 00   -> nothing
        answer   R1-1 succeeded 00   -> nothing
        status   R1                  -> trying; order collecting, 0.00 of 100.00
        told                         -> payment.trying
        ",
    );
}

/// Refused, because the money is settled: believed only when no copy of the reversal can be executed any more.
#[test]
fn a_refused_reversal_means_asking_after_the_window() {
    check(
        "
        borrower B1 card C1 on acquirer
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R1-1; reverses acquirer R1-1
        undone   R1-1 declined 39    -> reversal unanswered
        wait     30s                 -> reverses acquirer R1-1
        undone   R1-1 declined 31    -> reversal refused 31; asks acquirer about R1-1 in 600s
        wait     599999ms            -> nothing
        found    R1-1 succeeded 00   -> still unknown; asks acquirer in 10s
        wait     1ms                 -> nothing
        found    R1-1 succeeded 00   -> R1-1 succeeded by query; paid by R1-1
                                      ; collected 100.00 of 100.00
        wait     1d                  -> nothing
        ",
    );
}

#[test]
fn nothing_to_reverse_proves_nothing_before_the_window_is_over() {
    check(
        "
        borrower B1 card C1 on acquirer
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R1-1; reverses acquirer R1-1
        undone   R1-1 not_found 34   -> reversal unanswered
        wait     30s                 -> reverses acquirer R1-1
        wait     269999ms            -> nothing
        undone   R1-1 not_found 34   -> reversal unanswered
        wait     1ms                 -> reverses acquirer R1-1
        undone   R1-1 not_found 34   -> nothing to reverse
                                      ; R1-1 failed: not_found_after_window (window over)
                                      ; waits until 03-02 09:15 for not_found_after_window
        ",
    );
}

#[test]
fn a_channel_that_keeps_late_originals_out_proves_it_at_once() {
    check(
        "
        borrower B1 card C1 on switch unionpay
        repay    R1 100.00 from C1   -> sends switch R1-1
        silence  R1-1                -> unknown: channel_timeout
        wait     1m                  -> reverses switch R1-1
        undone   R1-1 not_found 25   -> nothing to reverse
                                      ; R1-1 failed: not_found_after_window (blocked_by_reversal)
                                      ; sends unionpay R1-2
        ",
    );
}

/// It lied about keeping the original out; the money is found by its own statement.
#[test]
fn a_channel_that_let_a_blocked_original_through_is_found_out_by_its_statement() {
    check(
        "
        borrower B1 card C1 on switch unionpay
        repay     R1 100.00 from C1               -> sends switch R1-1
        silence   R1-1                            -> unknown: channel_timeout
        wait      1m                              -> reverses switch R1-1
        undone    R1-1 not_found 25               -> nothing to reverse
                                                   ; R1-1 failed: not_found_after_window (blocked_by_reversal)
                                                   ; sends unionpay R1-2
        answer    R1-2 succeeded 00               -> R1-2 succeeded by answer; paid by R1-2
                                                   ; collected 100.00 of 100.00
        until     2026-03-03 10:00                -> reads switch of 2026-03-02 for R1-1
        statement R1-1 2026-03-02 succeeded 00    -> R1-1 succeeded by statement; surplus 100.00
                                                   ; R1/1 gives back 100.00 of 1 for surplus
                                                   ; alarm: surplus 100.00; refunds switch R1/1-1
        ",
    );
}

#[test]
fn already_reversed_is_reversed() {
    check(
        "
        borrower B1 card C1 on acquirer unionpay
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R1-1; reverses acquirer R1-1
        undone   R1-1                -> reversal unanswered
        wait     30s                 -> reverses acquirer R1-1
        undone   R1-1 unknown 45     -> reversal unanswered
        wait     120s                -> reverses acquirer R1-1
        undone   R1-1 declined 46    -> reversed; R1-1 failed: reversed (reversed); sends unionpay R1-2
        borrower B2 card C2 on acquirer unionpay
        repay    R2 100.00 from C2   -> sends acquirer R2-1
        silence  R2-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R2-1; reverses acquirer R2-1
        found    R2-1 declined 46    -> R2-1 failed: reversed (reversed); sends unionpay R2-2
        ",
    );
}

/// Other proofs end the attempt; the reversal is carried to its answer all the same, and harms nothing.
#[test]
fn a_reversal_goes_on_when_the_attempt_has_failed_otherwise() {
    check(
        "
        borrower B1 card C1 on acquirer
        repay    R1 100.00 from C1   -> sends acquirer R1-1
        silence  R1-1                -> unknown: channel_timeout; asks acquirer in 5s
        wait     5m                  -> asks acquirer about R1-1; reverses acquirer R1-1
        found    R1-1 declined 64    -> R1-1 failed: insufficient_funds (final_decline)
                                      ; waits until 03-03 10:30 for insufficient_funds
        undone   R1-1                -> reversal unanswered
        answer   R1-1 succeeded 00   -> nothing
        wait     30s                 -> reverses acquirer R1-1
        undone   R1-1 succeeded 00   -> reversed
        wait     10m                 -> nothing
        answer   R1-1 succeeded 00   -> nothing
        status   R1                  -> waiting; order collecting, 0.00 of 100.00
        ",
    );
}
