//! Binding an account: a small amount arrives, and the borrower says how much it was.

use crate::scenario::check;

#[test]
fn the_right_amount_proves_the_account() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect          -> wants bankdirect; sends bankdirect deposit-A1-1
        status   A1                               -> verifying
        amount   A1 right                         -> refused: no_amount_expected
        answer   deposit-A1-1 succeeded PCC00000  -> deposit-A1-1 succeeded by answer
                                                   ; paid by deposit-A1-1
                                                   ; deposit arrived, 3 tries until 03-09 09:00
        status   A1                               -> awaiting the amount
        told                                      -> payment.trying; binding.verifying
                                                   ; payment.succeeded; binding.awaiting_amount
        amount   A1 right                         -> proven by deposit; signs bankdirect
        status   A1                               -> verifying
        answer   A1@bankdirect succeeded PCC00000 -> bankdirect live as AG-A1-bankdirect
        status   A1                               -> usable
        amount   A1 right                         -> refused: no_amount_expected
        repay    R1 100.00 from A1                -> sends bankdirect R1-1
        ",
    );
}

#[test]
fn three_wrong_amounts() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect         -> wants bankdirect; sends bankdirect deposit-A1-1
        answer   deposit-A1-1 succeeded PCC00000 -> deposit-A1-1 succeeded by answer
                                                  ; paid by deposit-A1-1
                                                  ; deposit arrived, 3 tries until 03-09 09:00
        amount   A1 wrong                        -> amount wrong
        amount   A1 wrong                        -> amount wrong
        status   A1                              -> awaiting the amount
        amount   A1 wrong                        -> amount wrong; proof failed: micro_deposit_amount_wrong
        status   A1                              -> not usable: micro_deposit_amount_wrong
        amount   A1 right                        -> refused: no_amount_expected
        repay    R1 100.00 from A1               -> refused: no_live_mandate (no_live_mandate)
        ",
    );
}

#[test]
fn the_third_amount_may_be_right() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect         -> wants bankdirect; sends bankdirect deposit-A1-1
        answer   deposit-A1-1 succeeded PCC00000 -> deposit-A1-1 succeeded by answer
                                                  ; paid by deposit-A1-1
                                                  ; deposit arrived, 3 tries until 03-09 09:00
        amount   A1 wrong                        -> amount wrong
        amount   A1 wrong                        -> amount wrong
        amount   A1 right                        -> proven by deposit; signs bankdirect
        ",
    );
}

#[test]
fn seven_days_to_answer() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect         -> wants bankdirect; sends bankdirect deposit-A1-1
        answer   deposit-A1-1 succeeded PCC00000 -> deposit-A1-1 succeeded by answer
                                                  ; paid by deposit-A1-1
                                                  ; deposit arrived, 3 tries until 03-09 09:00
        until    2026-03-09 08:59:59             -> nothing
        amount   A1 wrong                        -> amount wrong
        wait     1s                              -> nothing
        amount   A1 right                        -> proof failed: micro_deposit_expired
        status   A1                              -> not usable: micro_deposit_expired
        ",
    );
}

#[test]
fn a_deposit_that_can_not_be_paid_out() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect        -> wants bankdirect; sends bankdirect deposit-A1-1
        answer   deposit-A1-1 declined PCC41112 -> deposit-A1-1 failed: card_state_wrong (final_decline)
                                                 ; observed restricted
                                                 ; not paid: card_state_wrong (final)
                                                 ; proof failed: card_state_wrong
        status   A1                             -> not usable: card_state_wrong
        why      deposit-A1                     -> instrument: card_state_wrong; borrower acts
                                                 ; money not_taken
        ",
    );
}

#[test]
fn a_deposit_without_answer_is_sent_once() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect         -> wants bankdirect; sends bankdirect deposit-A1-1
        silence  deposit-A1-1                    -> unknown: channel_timeout; asks bankdirect in 5s
        wait     6s                              -> asks bankdirect about deposit-A1-1
        missing  deposit-A1-1                    -> still unknown; asks bankdirect in 10s
        wait     10m                             -> asks bankdirect about deposit-A1-1
        missing  deposit-A1-1                    -> deposit-A1-1 failed: not_found_after_window (window over)
                                                  ; waits until 03-02 09:15:06 for not_found_after_window
        status   A1                              -> verifying
        wait     5m                              -> sends bankdirect deposit-A1-2
        found    deposit-A1-2 succeeded PCC00000 -> deposit-A1-2 succeeded by query
                                                  ; paid by deposit-A1-2
                                                  ; deposit arrived, 3 tries until 03-09 09:15:06
        status   A1                              -> awaiting the amount
        answer   deposit-A1-1 succeeded PCC00000 -> deposit-A1-1 succeeded by answer; alarm: surplus 0.36
        ",
    );
}

#[test]
fn a_deposit_that_was_taken_back() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect -> wants bankdirect; sends bankdirect deposit-A1-1
        cancel   deposit-A1              -> refused: attempt_under_way
        notsent  deposit-A1-1            -> deposit-A1-1 failed: connection_failed (never_left)
                                          ; waits until 03-02 09:05 for connection_failed
        cancel   deposit-A1              -> cancelled; proof failed: cancelled_by_lender
        status   A1                      -> not usable: cancelled_by_lender
        ",
    );
}

#[test]
fn an_account_is_not_signed_before_it_is_proven() {
    check(
        "
        borrower B1
        bind     A1 for B1 on bankdirect          -> wants bankdirect; sends bankdirect deposit-A1-1
        resend   A1@bankdirect                    -> refused: channel_cannot_sign
        enter    A1@bankdirect                    -> refused: no_code_expected
        sign     A1@bankdirect                    -> wants bankdirect
        answer   deposit-A1-1 succeeded PCC00000  -> deposit-A1-1 succeeded by answer
                                                   ; paid by deposit-A1-1
                                                   ; deposit arrived, 3 tries until 03-09 09:00
        amount   A1 right                         -> proven by deposit; signs bankdirect
        answer   A1@bankdirect declined PCC41104  -> bankdirect refused: card_state_wrong
        status   A1                               -> not usable: card_state_wrong
        sign     A1@bankdirect                    -> wants bankdirect; signs bankdirect
        silence  A1@bankdirect                    -> bankdirect: signature unknown; asks bankdirect in 5s
        wait     5s                               -> asks bankdirect about the signature
        answer   A1@bankdirect succeeded PCC00000 -> bankdirect live as AG-A1-bankdirect
        status   A1                               -> usable
        ",
    );
}
