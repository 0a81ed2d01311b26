//! Binding a card: four elements at the bank, and a code that comes back.

use crate::scenario::check;

#[test]
fn two_channels_are_signed_one_after_another() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay netsunion -> wants unionpay; wants netsunion
                                                  ; asks unionpay for a code
        status   C1                              -> verifying
        enter    C1@unionpay                     -> refused: no_code_expected
        answer   C1@unionpay succeeded 00        -> unionpay texted a code for 5 tries until 03-02 09:05
        status   C1                              -> awaiting the code of unionpay
        enter    C1@unionpay                     -> signs unionpay
        answer   C1@unionpay succeeded 00        -> unionpay live as AG-C1-unionpay; proven by code
                                                  ; asks netsunion for a code
        status   C1                              -> usable
        answer   C1@netsunion succeeded 00000000 -> netsunion texted a code for 5 tries until 03-02 09:05
        enter    C1@netsunion                    -> signs netsunion
        answer   C1@netsunion succeeded 00000000 -> netsunion live as AG-C1-netsunion
        status   C1                              -> usable
        told                                     -> binding.verifying; binding.awaiting_code
                                                  ; binding.verifying; binding.usable
        repeat                                   -> nothing
        enter    C1@netsunion                    -> refused: no_code_expected
        resend   C1@netsunion                    -> refused: mandate_exists
        sign     C1@netsunion                    -> refused: mandate_exists
        ",
    );
}

#[test]
fn wrong_elements_refuse_and_the_next_channel_is_asked() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay netsunion -> wants unionpay; wants netsunion
                                                  ; asks unionpay for a code
        answer   C1@unionpay declined 66         -> unionpay refused: identity_mismatch
                                                  ; asks netsunion for a code
        repeat                                   -> nothing
        answer   C1@netsunion declined PB511013  -> netsunion refused: phone_mismatch
        status   C1                              -> not usable: identity_mismatch
        told                                     -> binding.verifying; binding.not_usable
        ",
    );
}

#[test]
fn five_wrong_codes() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        status   C1                       -> awaiting the code of unionpay
        repeat                            -> nothing
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        enter    C1@unionpay              -> refused: no_code_expected
        answer   C1@unionpay declined 71  -> unionpay refused: code_attempts_exceeded
        status   C1                       -> not usable: code_attempts_exceeded
        enter    C1@unionpay              -> refused: no_code_expected
        resend   C1@unionpay              -> refused: code_too_soon until 03-02 09:01
        sign     C1@unionpay              -> refused: code_too_soon until 03-02 09:01
        wait     1m                       -> nothing
        resend   C1@unionpay              -> asks unionpay for a code
        ",
    );
}

#[test]
fn the_bank_says_that_the_code_is_too_old() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 69  -> unionpay refused: code_expired
        status   C1                       -> not usable: code_expired
        wait     60s                      -> nothing
        resend   C1@unionpay              -> asks unionpay for a code
        ",
    );
}

#[test]
fn a_code_dies_after_five_minutes() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        wait     299999ms                 -> nothing
        enter    C1@unionpay              -> signs unionpay
        notsent  C1@unionpay              -> unionpay: enter the code again
        wait     1ms                      -> nothing
        enter    C1@unionpay              -> refused: code_dead
        resend   C1@unionpay              -> asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:10
        enter    C1@unionpay              -> signs unionpay
        ",
    );
}

#[test]
fn a_new_code_comes_after_a_minute_at_the_earliest() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        resend   C1@unionpay              -> refused: signing_under_way
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        resend   C1@unionpay              -> refused: code_too_soon until 03-02 09:01
        wait     59999ms                  -> nothing
        resend   C1@unionpay              -> refused: code_too_soon until 03-02 09:01
        wait     1ms                      -> nothing
        resend   C1@unionpay              -> asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:06
        ",
    );
}

#[test]
fn ten_codes_and_no_more() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay   -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        sign     C1@unionpay             -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        sign     C1@unionpay             -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        sign     C1@unionpay             -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        resend   C1@unionpay             -> refused: too_many_codes
        sign     C1@unionpay             -> refused: too_many_codes
        ",
    );
}

#[test]
fn nothing_is_known_about_the_code_that_was_asked_for() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay -> wants unionpay; asks unionpay for a code
        silence  C1@unionpay           -> unionpay refused: channel_timeout
        status   C1                    -> not usable: channel_timeout
        resend   C1@unionpay           -> refused: code_too_soon until 03-02 09:01
        wait     1m                    -> nothing
        resend   C1@unionpay           -> asks unionpay for a code
        notsent  C1@unionpay           -> unionpay refused: channel_unavailable
        resend   C1@unionpay           -> asks unionpay for a code
        ",
    );
}

#[test]
fn a_code_that_a_restart_lost_is_entered_again() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00 -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay              -> signs unionpay
        codelost C1@unionpay              -> unionpay: enter the code again
        status   C1                       -> awaiting the code of unionpay
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay: code wrong
        enter    C1@unionpay              -> signs unionpay
        codelost C1@unionpay              -> unionpay: enter the code again
        enter    C1@unionpay              -> signs unionpay
        answer   C1@unionpay declined 71  -> unionpay refused: code_attempts_exceeded
        ",
    );
}

#[test]
fn a_signature_without_answer_is_asked_about_until_it_is_live() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay netsunion -> wants unionpay; wants netsunion
                                                  ; asks unionpay for a code
        answer   C1@unionpay succeeded 00        -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay                     -> signs unionpay
        silence  C1@unionpay                     -> unionpay: signature unknown; asks unionpay in 5s
        status   C1                              -> verifying
        enter    C1@unionpay                     -> refused: no_code_expected
        resend   C1@unionpay                     -> refused: signing_under_way
        wait     5s                              -> asks unionpay about the signature
        silence  C1@unionpay                     -> unionpay: signature still unknown
                                                  ; asks unionpay in 10s
        wait     10s                             -> asks unionpay about the signature
        answer   C1@unionpay succeeded 00 bare   -> unionpay: signature still unknown
                                                  ; asks unionpay in 30s
        wait     30s                             -> asks unionpay about the signature
        answer   C1@unionpay succeeded 00        -> unionpay live as AG-C1-unionpay; proven by code
                                                  ; asks netsunion for a code
        repeat                                   -> nothing
        status   C1                              -> usable
        ",
    );
}

#[test]
fn a_signature_that_never_arrived_is_refused() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay         -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00      -> unionpay texted a code for 5 tries until 03-02 09:05
        enter    C1@unionpay                   -> signs unionpay
        answer   C1@unionpay succeeded 00 bare -> unionpay: signature unknown; asks unionpay in 5s
        wait     5s                            -> asks unionpay about the signature
        answer   C1@unionpay not_found 34      -> unionpay refused: not_found_after_window
        status   C1                            -> not usable: not_found_after_window
        ",
    );
}

#[test]
fn a_signature_that_stays_unknown_is_given_up() {
    check(
        "
        borrower B1
        bind     C1 for B1 on wallet    -> wants wallet; asks wallet for a code
        answer   C1@wallet succeeded 00 -> wallet texted a code for 5 tries until 03-02 09:05
        enter    C1@wallet              -> signs wallet
        silence  C1@wallet              -> wallet: signature unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        notsent  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet: signature still unknown; asks wallet in 30s
        wait     30s                    -> asks wallet about the signature
        silence  C1@wallet              -> wallet refused: channel_timeout
        status   C1                     -> not usable: channel_timeout
        wait     1m                     -> nothing
        sign     C1@wallet              -> wants wallet; asks wallet for a code
        ",
    );
}

#[test]
fn the_same_instrument_is_bound_once() {
    check(
        "
        borrower B1
        borrower B2
        bind     C1 for B1 on unionpay  -> wants unionpay; asks unionpay for a code
        bind     C1 for B1 on netsunion -> refused: already_bound
        unbind   C1                     -> unbound
        bind     C1 for B1 on netsunion -> wants netsunion; asks netsunion for a code
        bind     C1 for B2 on netsunion -> wants netsunion; asks netsunion for a code
        ",
    );
}

#[test]
fn a_channel_signs_only_what_it_can() {
    check(
        "
        borrower B1
        bind     C1 for B1 on bankdirect -> refused: channel_cannot_sign
        bind     A1 for B1 on unionpay   -> refused: channel_cannot_sign
        bind     C1 for B1 on nowhere    -> refused: channel_not_found
        bind     C1 for B1 on unionpay   -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay declined 66 -> unionpay refused: identity_mismatch
        sign     C1@bankdirect           -> refused: channel_cannot_sign
        sign     C1@nowhere              -> refused: channel_not_found
        resend   C1@netsunion            -> refused: no_mandate_on_channel
        enter    C1@netsunion            -> refused: no_mandate_on_channel
        amount   C1 right                -> refused: no_amount_expected
        ",
    );
}

#[test]
fn one_more_channel_is_added_and_pays() {
    check(
        "
        borrower B1 card C1 on netsunion
        sign     C1@unionpay                    -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00       -> unionpay texted a code for 5 tries until 03-02 09:05
        status   C1                             -> usable
        enter    C1@unionpay                    -> signs unionpay
        answer   C1@unionpay succeeded 00       -> unionpay live as AG-C1-unionpay
        repay    R1 100.00 from C1 via unionpay -> sends unionpay R1-1
        ",
    );
}

#[test]
fn a_mandate_that_ended_is_signed_again() {
    check(
        "
        borrower B1 card C1 on netsunion
        repay    R1 100.00 from C1               -> sends netsunion R1-1
        answer   R1-1 declined PB521013          -> R1-1 failed: mandate_cancelled (final_decline)
                                                  ; netsunion ended: mandate_cancelled
                                                  ; not paid: mandate_cancelled (final); order open
        resend   C1@netsunion                    -> refused: no_mandate_on_channel
        sign     C1@netsunion                    -> wants netsunion; asks netsunion for a code
        status   C1                              -> verifying
        answer   C1@netsunion succeeded 00000000 -> netsunion texted a code for 5 tries until 03-02 09:05
        enter    C1@netsunion                    -> signs netsunion
        answer   C1@netsunion succeeded 00000000 -> netsunion live as AG-C1-netsunion
        status   C1                              -> usable
        repay    R1 again                        -> sends netsunion R1b-1
        ",
    );
}

#[test]
fn answers_to_an_earlier_round_change_nothing() {
    check(
        "
        borrower B1
        bind     C1 for B1 on unionpay            -> wants unionpay; asks unionpay for a code
        answer   C1@unionpay succeeded 00         -> unionpay texted a code for 5 tries until 03-02 09:05
        wait     1m                               -> nothing
        resend   C1@unionpay                      -> asks unionpay for a code
        answer   C1@unionpay succeeded 00 round 1 -> nothing
        answer   C1@unionpay succeeded 00         -> unionpay texted a code for 5 tries until 03-02 09:06
        enter    C1@unionpay                      -> signs unionpay
        answer   C1@unionpay declined 71 round 1  -> nothing
        answer   C1@unionpay succeeded 00 round 1 -> nothing
        silence  C1@unionpay                      -> unionpay: signature unknown; asks unionpay in 5s
        wait     5s                               -> asks unionpay about the signature
        answer   C1@unionpay declined 69 round 1  -> nothing
        answer   C1@unionpay succeeded 00         -> unionpay live as AG-C1-unionpay; proven by code
        ",
    );
}
