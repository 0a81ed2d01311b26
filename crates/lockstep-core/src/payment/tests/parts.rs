//! Collecting in parts, where the lender allows it.

use proptest::prelude::*;

use crate::payment::split::part;
use crate::scenario::check;

#[test]
fn above_the_limit_an_order_goes_on_in_parts() {
    check(
        "
        borrower B1 card C1 on netsunion
        owe      R1 100.00 parts 20.00   -> due 03-02 09:00
        repay    R1 from C1              -> sends netsunion R1-1
        answer   R1-1 declined PB521023  -> R1-1 failed: single_limit_exceeded (final_decline)
                                          ; not paid: single_limit_exceeded (in parts); order open; in parts
                                          ; collects 50.00 at 03-02 09:00
        wait     1s                      -> sends netsunion R1b-1
        answer   R1b-1 declined PB521023 -> R1b-1 failed: single_limit_exceeded (final_decline)
                                          ; not paid: single_limit_exceeded (in parts); order open; in parts
                                          ; collects 25.00 at 03-02 09:00:01
        wait     1s                      -> sends netsunion R1c-1
        answer   R1c-1 succeeded 00000000 -> R1c-1 succeeded by answer; paid by R1c-1
                                           ; collected 25.00 of 100.00
                                           ; collects 25.00 at 03-02 09:00:02
        wait     1s                      -> sends netsunion R1d-1
        answer   R1d-1 succeeded 00000000 -> R1d-1 succeeded by answer; paid by R1d-1
                                           ; collected 50.00 of 100.00
                                           ; collects 25.00 at 03-02 09:00:03
        status   R1d                     -> succeeded; order open, 50.00 of 100.00
        ",
    );
}

#[test]
fn a_daily_limit_waits_a_day_first_and_is_split_over_days() {
    check(
        "
        borrower B1 card C1 on netsunion
        owe      R1 100.00 parts 20.00    -> due 03-02 09:00
        repay    R1 from C1               -> sends netsunion R1-1
        answer   R1-1 declined PB521024   -> R1-1 failed: daily_limit_exceeded (final_decline)
                                           ; waits until 03-03 10:00 for daily_limit_exceeded
        until    2026-03-03 10:00         -> sends netsunion R1-2
        answer   R1-2 declined PB521024   -> R1-2 failed: daily_limit_exceeded (final_decline)
                                           ; not paid: daily_limit_exceeded (in parts); order open; in parts
                                           ; collects 50.00 at 03-03 10:00
        wait     1s                       -> sends netsunion R1b-1
        answer   R1b-1 succeeded 00000000 -> R1b-1 succeeded by answer; paid by R1b-1
                                           ; collected 50.00 of 100.00; collects 50.00 at 03-04 10:00
        until    2026-03-04 10:00         -> sends netsunion R1c-1
        answer   R1c-1 succeeded 00000000 -> R1c-1 succeeded by answer; paid by R1c-1
                                           ; collected 100.00 of 100.00
        status   R1c                      -> succeeded; order collected, 100.00 of 100.00
        ",
    );
}

#[test]
fn without_the_lender_s_consent_nothing_is_split() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1      -> sends netsunion R1-1
        answer   R1-1 declined PB521023 -> R1-1 failed: single_limit_exceeded (final_decline)
                                         ; not paid: single_limit_exceeded (final); order open
        ",
    );
}

#[test]
fn the_lender_s_own_payment_comes_first() {
    check(
        "
        borrower B1 card C1 on netsunion
        owe      R1 100.00 parts 20.00  -> due 03-02 09:00
        repay    R1 from C1             -> sends netsunion R1-1
        answer   R1-1 declined PB521023 -> R1-1 failed: single_limit_exceeded (final_decline)
                                         ; not paid: single_limit_exceeded (in parts); order open; in parts
                                         ; collects 50.00 at 03-02 09:00
        repay    R1 30.00 from C1       -> sends netsunion R1b-1
        wait     1s                     -> nothing
        ",
    );
}

#[test]
fn an_account_that_holds_less_gives_a_part_at_the_end_of_the_window() {
    check(
        "
        borrower B1 card C1 on unionpay
        owe      R1 100.00 parts 20.00 when_no_funds -> due 03-02 09:00
        repay    R1 from C1                          -> sends unionpay R1-1
        answer   R1-1 declined 64                    -> R1-1 failed: insufficient_funds (final_decline)
                                                      ; waits until 03-03 10:30 for insufficient_funds
        until    2026-03-12 07:00                    -> sends unionpay R1-2
        answer   R1-2 declined 64                    -> R1-2 failed: insufficient_funds (final_decline)
                                                      ; not paid: insufficient_funds (in parts)
                                                      ; order open; in parts
                                                      ; collects 50.00 at 03-12 07:00
        wait     1s                                  -> sends unionpay R1b-1
        answer   R1b-1 succeeded 00                  -> R1b-1 succeeded by answer; paid by R1b-1
                                                      ; collected 50.00 of 100.00
        status   R1b                                 -> succeeded; order open, 50.00 of 100.00
        ",
    );
}

proptest! {
    /// Parts are never below the smallest, never leave less than it, and add up.
    #[test]
    fn parts_add_up(amount in 1_i64..100_000_000, min in 1_i64..10_000_000, divisor in 2_i64..9) {
        let (mut owed, mut collected, mut parts) = (amount, 0_i64, 0);
        while owed > 0 {
            let next = part(owed, amount / divisor, min).unwrap_or(owed);
            prop_assert!(next >= 1 && next <= owed);
            prop_assert!(next >= min || next == amount, "{next} is below {min}");
            prop_assert!(owed == next || owed - next >= min, "{} would be left over", owed - next);
            owed -= next;
            collected += next;
            parts += 1;
        }
        prop_assert_eq!(collected, amount);
        prop_assert!(parts <= amount / min + 1);
    }
}
