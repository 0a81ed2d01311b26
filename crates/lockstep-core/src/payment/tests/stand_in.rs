//! Another instrument of the borrower, where the borrower has agreed.

use crate::scenario::check;

#[test]
fn no_funds_on_the_own_card_are_taken_from_the_one_that_may_stand_in() {
    check(
        "
        borrower B1 card C1 on unionpay netsunion
        card     C2 for B1 on netsunion
        agree    C2                          -> may stand in
        agree    C2                          -> nothing
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        answer   R1-1 declined 64            -> R1-1 failed: insufficient_funds (final_decline)
                                              ; sends netsunion R1-2 from C2
        answer   R1-2 succeeded 00000000     -> R1-2 succeeded by answer; paid by R1-2
                                              ; collected 100.00 of 100.00
        ",
    );
}

#[test]
fn without_consent_or_after_it_was_taken_back_nothing_stands_in() {
    check(
        "
        borrower B1 card C1 on unionpay
        card     C2 for B1 on netsunion
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        answer   R1-1 declined 64            -> R1-1 failed: insufficient_funds (final_decline)
                                              ; waits until 03-03 10:30 for insufficient_funds
        agree    C2                          -> may stand in
        withhold C2                          -> may not stand in
        repay    R2 100.00 from C1           -> sends unionpay R2-1
        answer   R2-1 declined 64            -> R2-1 failed: insufficient_funds (final_decline)
                                              ; waits until 03-03 10:30 for insufficient_funds
        agree    C2                          -> may stand in
        unbind   C2                          -> netsunion ended: mandate_cancelled; unbound
                                              ; ends AG-C2-netsunion at netsunion
        repay    R3 100.00 from C1           -> sends unionpay R3-1
        answer   R3-1 declined 64            -> R3-1 failed: insufficient_funds (final_decline)
                                              ; waits until 03-03 10:30 for insufficient_funds
        agree    C2                          -> refused: binding_unbound
        ",
    );
}

#[test]
fn another_borrowers_card_never_stands_in() {
    check(
        "
        borrower B1 card C1 on unionpay
        borrower B2 card C2 on netsunion
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        answer   R1-1 declined 64            -> R1-1 failed: insufficient_funds (final_decline)
                                              ; waits until 03-03 10:30 for insufficient_funds
        ",
    );
}

#[test]
fn a_trouble_of_the_channel_is_no_reason_to_take_another_card() {
    check(
        "
        borrower B1 card C1 on unionpay
        card     C2 for B1 on netsunion
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        notsent  R1-1                        -> R1-1 failed: connection_failed (never_left)
                                              ; waits until 03-02 09:05 for connection_failed
        ",
    );
}

#[test]
fn an_unknown_outcome_holds_every_card() {
    check(
        "
        borrower B1 card C1 on unionpay
        card     C2 for B1 on netsunion
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        silence  R1-1                        -> unknown: channel_timeout; asks unionpay in 5s
        trynow   R1                          -> refused: outcome_unknown
        ",
    );
}

#[test]
fn when_neither_pays_the_own_card_is_tried_again_the_next_day() {
    check(
        "
        borrower B1 card C1 on unionpay
        card     C2 for B1 on netsunion
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        answer   R1-1 declined 64            -> R1-1 failed: insufficient_funds (final_decline)
                                              ; sends netsunion R1-2 from C2
        answer   R1-2 declined PB520006      -> R1-2 failed: account_frozen (final_decline)
                                              ; C2 observed frozen
                                              ; waits until 03-03 10:30 for insufficient_funds
        status   C1                          -> usable
        status   C2                          -> suspended: account_frozen
        until    2026-03-03 10:30            -> sends unionpay R1-3
        answer   R1-3 declined 64            -> R1-3 failed: insufficient_funds (final_decline)
                                              ; waits until 03-04 10:30 for insufficient_funds
        ",
    );
}

#[test]
fn a_closed_own_card_leaves_the_payment_to_the_other() {
    check(
        "
        borrower B1 card C1 on netsunion
        card     C2 for B1 on unionpay
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends netsunion R1-1
        answer   R1-1 declined PB520005      -> R1-1 failed: account_closed (final_decline); observed closed
                                              ; sends unionpay R1-2 from C2
        answer   R1-2 declined 64            -> R1-2 failed: insufficient_funds (final_decline)
                                              ; waits until 03-03 10:30 for insufficient_funds
        until    2026-03-03 10:30            -> sends unionpay R1-3 from C2
        answer   R1-3 succeeded 00           -> R1-3 succeeded by answer; paid by R1-3
                                              ; collected 100.00 of 100.00
        status   C1                          -> suspended: account_closed
        ",
    );
}

#[test]
fn an_own_card_without_a_way_now_gives_way_and_a_limit_counts_where_it_was_used() {
    check(
        "
        limit    unionpay daily 150.00
        borrower B1 card C1 on unionpay
        card     C2 for B1 on unionpay
        agree    C2                          -> may stand in
        repay    R1 100.00 from C1           -> sends unionpay R1-1
        repay    R2 100.00 from C1           -> sends unionpay R2-1 from C2
        repay    R3 100.00 from C1           -> waits until 03-03 10:00 for daily_limit_used_up
        answer   R2-1 declined 64            -> R2-1 failed: insufficient_funds (final_decline)
                                              ; waits until 03-02 09:05 for channel_unavailable
        repay    R4 100.00 from C1           -> sends unionpay R4-1 from C2
        ",
    );
}
