//! Free text that people write: it may not carry the numbers by which a person is known.

use super::bin;
use super::checksum::{id_ok, luhn_ok};

/// Whether a text holds what looks like a card number (digits that begin and add up as a card's do), an ID number (18 characters that
/// add up) or a mainland mobile number (11 digits from 13 to 19). Spaces and dashes between digits don't hide one.
pub fn names_someone(text: &str) -> bool {
    let mut run = String::new();
    let mut kept: Vec<String> = Vec::new();
    let mut joints = 0;
    for c in text.chars().chain(std::iter::once('.')) {
        match ascii(c) {
            digit @ '0'..='9' => {
                run.push(digit);
                joints = 0;
            }
            'x' | 'X' if run.len() == 17 => {
                run.push('X');
                kept.push(std::mem::take(&mut run));
            }
            ' ' | '-' if !run.is_empty() && joints == 0 => joints = 1,
            _ => {
                kept.push(std::mem::take(&mut run));
                joints = 0;
            }
        }
    }
    kept.iter().any(|number| is_someones(number))
}

/// Full-width digits are digits too.
fn ascii(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => {
            char::from_u32(u32::from(c) - u32::from('\u{ff10}') + u32::from('0')).unwrap_or(c)
        }
        '\u{3000}' => ' ',
        _ => c,
    }
}

fn is_someones(number: &str) -> bool {
    let mobile =
        number.len() == 11 && number.starts_with('1') && !matches!(number.as_bytes()[1], b'0'..=b'2');
    let id = number.len() == 18 && id_ok(number) && holds_a_birthday(number);
    mobile || is_card(number) || id
}

/// GB 11643: a province, and a day of birth from the seventh digit on. One in eleven numbers has the check character.
fn holds_a_birthday(number: &str) -> bool {
    let part = |from: usize, until: usize| number.get(from..until).and_then(|text| text.parse::<u16>().ok());
    let within = |value: Option<u16>, least: u16, most: u16| {
        value.is_some_and(|value| (least..=most).contains(&value))
    };
    within(part(0, 2), 11, 91)
        && within(part(6, 10), 1900, 2100)
        && within(part(10, 12), 1, 12)
        && within(part(12, 14), 1, 31)
}

/// Of all long numbers one in ten adds up as cards do, so it also has to begin as a card does: by our table of issuers, or
/// by the ranges of the schemes (ISO/IEC 7812: UnionPay 62, Visa 4, Mastercard 51–55 and 2221–2720, American Express 34
/// and 37, JCB 35). A lender's own numbers mostly begin with a date or a counter.
fn is_card(number: &str) -> bool {
    let (Some(two), Some(four)) = (number.get(..2), number.get(..4)) else { return false };
    let scheme = match number.len() {
        15 => matches!(two, "34" | "37"),
        16 => {
            number.starts_with('4')
                || matches!(two, "35" | "51" | "52" | "53" | "54" | "55" | "62")
                || ("2221"..="2720").contains(&four)
        }
        17..=19 => two == "62",
        _ => false,
    };
    let issuer = || bin::find(number).is_some_and(|bin| usize::from(bin.length) == number.len());
    !number.ends_with('X') && luhn_ok(number) && (scheme || issuer())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_found_and_numbers_of_transactions_are_not() {
        for text in [
            "card 6222020000000000000 was not debited",
            "6222 0200 0000 0000 000",
            "6222-0200-0000-0000-000",
            "身份证11010519491231002X已核对",
            "身份证 11010519491231002x",
            "致电13800138000确认",
            "１３８００１３８０００",
        ] {
            assert!(names_someone(text), "{text}");
        }
        for text in [
            "",
            "called the bank at 10:30, reference 20260302103000123456789",
            "银行工单 2026030201，客服称未扣款",
            "6222 **** **** 000",
            "trace 12345678901",
            "2026-03-02 09:00",
        ] {
            assert!(!names_someone(text), "{text}");
        }
        for foreign in ["4111111111111111", "5500 0055 5555 5559", "371449635398431", "3530111333300000"] {
            assert!(names_someone(foreign), "{foreign}");
        }
    }

    /// One in ten of them has the check digit of a card.
    #[test]
    fn a_lenders_own_long_numbers_are_nobodys() {
        for number in 0..10_000 {
            for ours in
                [format!("20261122{number:06}"), format!("2026112210{number:08}"), format!("1{number:015}")]
            {
                assert!(!names_someone(&ours), "{ours}");
            }
        }
    }
}
