//! Giving a binding up.

use crate::scenario::check;

#[test]
fn every_mandate_is_ended_at_its_channel() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        unbind   C1                -> netsunion ended: mandate_cancelled
                                    ; unionpay ended: mandate_cancelled; unbound
                                    ; ends AG-C1-netsunion at netsunion; ends AG-C1-unionpay at unionpay
        repeat                     -> nothing
        status   C1                -> unbound
        told                       -> binding.unbound
        repay    R1 100.00 from C1 -> refused: binding_unbound
        sign     C1@unionpay       -> refused: binding_unbound
        resend   C1@unionpay       -> refused: binding_unbound
        enter    C1@unionpay       -> refused: binding_unbound
        amount   C1 right          -> refused: binding_unbound
        ",
    );
}

#[test]
fn a_mandate_that_goes_live_afterwards_is_ended() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay netsunion -> wants unionpay; wants netsunion
                                                  ; asks unionpay for a code
        answer   C1@unionpay succeeded 00        -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay                     -> signs unionpay
        unbind   C1                              -> unbound
        answer   C1@unionpay succeeded 00        -> unionpay live as AG-C1-unionpay; proven by code
                                                  ; unionpay ended: mandate_cancelled
                                                  ; ends AG-C1-unionpay at unionpay
        repeat                                   -> nothing
        status   C1                              -> unbound
        ",
    );
}

#[test]
fn a_signature_without_answer_is_followed_to_its_end() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay              -> signs unionpay
        unbind   C1                       -> unbound
        silence  C1@unionpay              -> unionpay: signature unknown; asks unionpay in 5s
        wait     5s                       -> asks unionpay about the signature
        answer   C1@unionpay succeeded 00 -> unionpay live as AG-C1-unionpay; proven by code
                                           ; unionpay ended: mandate_cancelled
                                           ; ends AG-C1-unionpay at unionpay
        status   C1                       -> unbound
        ",
    );
}

#[test]
fn a_code_that_was_asked_for_changes_nothing_any_more() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay netsunion -> wants unionpay; wants netsunion
                                                  ; asks unionpay for a code
        unbind   C1                              -> unbound
        answer   C1@unionpay succeeded 00        -> nothing
        status   C1                              -> unbound
        ",
    );
}

#[test]
fn a_payment_that_waits_ends() {
    check(
        "
        borrower B1 card C1 on unionpay
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        answer   R1-1 declined 64  -> R1-1 failed: insufficient_funds (final_decline)
                                    ; waits until 03-03 10:30 for insufficient_funds
        unbind   C1                -> unionpay ended: mandate_cancelled; unbound
                                    ; ends AG-C1-unionpay at unionpay
        until    2026-03-03 10:30  -> not paid: no_live_mandate (final); order open
        ",
    );
}

#[test]
fn a_payment_under_way_is_taken() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        repay    R1 100.00 from C1 -> sends unionpay R1-1
        silence  R1-1              -> unknown: channel_timeout; asks unionpay in 5s
        unbind   C1                -> netsunion ended: mandate_cancelled
                                    ; unionpay ended: mandate_cancelled; unbound
                                    ; ends AG-C1-netsunion at netsunion; ends AG-C1-unionpay at unionpay
        found    R1-1 succeeded 00 -> R1-1 succeeded by query; paid by R1-1; collected 100.00 of 100.00
        repay    R2 100.00 from C1 -> refused: binding_unbound
        status   C1                -> unbound
        ",
    );
}
