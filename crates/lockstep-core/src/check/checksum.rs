//! The two check digits: Luhn for cards, GB 11643 (ISO 7064 MOD 11-2) for identity numbers.

const ID_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const ID_CHECKS: &[u8; 11] = b"10X98765432";

/// Whether a string of digits satisfies Luhn. Anything but digits, and nothing at all, does not.
pub fn luhn_ok(digits: &str) -> bool {
    digits.len() > 1 && luhn_sum(digits.bytes().rev(), false).is_some_and(|sum| sum % 10 == 0)
}

/// The digit to append so that `digits` satisfies Luhn; for test cards and simulated banks.
pub fn luhn_digit(digits: &str) -> Option<char> {
    let sum = luhn_sum(digits.bytes().rev(), true)?;
    char::from_digit((10 - sum % 10) % 10, 10)
}

fn luhn_sum(from_the_right: impl Iterator<Item = u8>, mut double: bool) -> Option<u32> {
    let mut sum = 0;
    for byte in from_the_right {
        let digit = char::from(byte).to_digit(10)?;
        sum += match (double, digit * 2) {
            (false, _) => digit,
            (true, doubled) => doubled / 10 + doubled % 10,
        };
        double = !double;
    }
    Some(sum)
}

/// The check character for the first 17 digits of an identity number; `None` unless there are 17 digits.
pub fn id_check(first_17: &str) -> Option<char> {
    if first_17.len() != ID_WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in first_17.bytes().zip(ID_WEIGHTS) {
        sum += char::from(byte).to_digit(10)? * weight;
    }
    ID_CHECKS.get(sum as usize % ID_CHECKS.len()).copied().map(char::from)
}

/// Whether the 18th character of an identity number fits the 17 before it.
pub fn id_ok(number: &str) -> bool {
    let Some((first_17, last)) = number.split_at_checked(ID_WEIGHTS.len()) else {
        return false;
    };
    let mut last = last.chars();
    id_check(first_17).is_some() && id_check(first_17) == last.next() && last.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_made_are_digits_accepted() {
        for first in ["622202000000000000", "620000000000000", "95588000000000000"] {
            let number = format!("{first}{}", luhn_digit(first).unwrap());
            assert!(luhn_ok(&number), "{number}");
        }
        assert_eq!(id_check("11010519491231002"), Some('X'));
        assert_eq!(id_check("44052418800101001"), Some('4'));
    }

    #[test]
    fn nonsense_is_not_a_number() {
        for text in ["", "0", "6222 02", "卡号", "X"] {
            assert!(!luhn_ok(text) && !id_ok(text), "{text}");
        }
        assert_eq!(luhn_digit("12a"), None);
        assert_eq!(id_check("1101051949123100é"), None);
    }
}
