//! Free text that people write: it may not carry the numbers by which a person is known.

use super::checksum::{id_ok, luhn_ok};

/// Whether a text holds what looks like a card number (13–19 digits that add up), an ID number (18 characters that
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
    let card = (13..=19).contains(&number.len()) && !number.ends_with('X') && luhn_ok(number);
    let id = number.len() == 18 && id_ok(number);
    mobile || card || id
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
    }
}
