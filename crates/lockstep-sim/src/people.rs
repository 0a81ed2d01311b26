//! Made-up borrowers with well-formed numbers: real bank prefixes and region codes, invented everything else.

use lockstep_core::check::checksum;
use lockstep_core::id::{Bucket, Mint};
use lockstep_core::time::Timestamp;

/// Card prefixes of large issuers with the length of the number, from the public BIN table.
const CARDS: &[(&str, usize)] = &[
    ("622202", 19),
    ("621226", 19),
    ("621700", 19),
    ("622700", 19),
    ("622848", 19),
    ("621661", 19),
    ("621785", 19),
    ("622588", 16),
    ("621483", 16),
    ("622262", 19),
    ("621799", 19),
    ("622908", 18),
    ("622622", 16),
    ("622666", 16),
    ("622568", 19),
    ("622609", 16),
];

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "欧阳", "上官",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超",
    "秀兰", "霞", "平", "刚", "桂英", "建华", "志强", "晓燕", "子涵", "雨桐", "浩然", "思远", "嘉怡", "文博",
    "玉兰",
];
const REGIONS: &[&str] = &[
    "110101", "110105", "310104", "310115", "440106", "440305", "330106", "320102", "510104", "420106",
    "610113", "500103", "370102", "350102", "430102", "210102", "410102", "530102",
];
const MOBILES: &[&str] =
    &["138", "139", "135", "150", "159", "186", "188", "177", "189", "131", "156", "198"];

/// A made-up borrower with one card.
#[derive(Clone)]
pub struct Person {
    /// The lender's own name for the borrower, e.g. `B-00042`.
    pub reference: String,
    /// Name on the account.
    pub holder_name: String,
    /// ID card number with a right check digit.
    pub id_number: String,
    /// Reserved phone.
    pub mobile: String,
    /// Card number with a right check digit.
    pub card_number: String,
}

/// A source of deterministic choices.
pub struct Dice(Mint);

impl Dice {
    /// Dice that always fall the same way for one seed and purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        for (slot, byte) in bytes[8..].iter_mut().zip(purpose.bytes()) {
            *slot = byte;
        }
        Self(Mint::new(Bucket::of_tenant(purpose), Timestamp::from_millis(0), bytes))
    }

    /// A number in `0..below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0.below(below)
    }

    /// One of a list.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(list.len() as u64)).unwrap_or(0);
        &list[index]
    }

    /// True in so many of 1,000 throws.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1000) < chance
    }

    /// That many digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }
}

/// Makes borrower number `number`.
pub fn person(dice: &mut Dice, number: usize) -> Person {
    let mut holder_name = (*dice.pick(SURNAMES)).to_owned();
    let given = *dice.pick(GIVEN);
    holder_name.push_str(given);
    Person {
        reference: format!("B-{number:05}"),
        holder_name,
        id_number: id_number(dice),
        mobile: format!("{}{}", dice.pick(MOBILES), dice.digits(8)),
        card_number: card_number(dice),
    }
}

fn id_number(dice: &mut Dice) -> String {
    let region = *dice.pick(REGIONS);
    let (year, month, day) = (1965 + dice.below(38), 1 + dice.below(12), 1 + dice.below(28));
    let first_17 = format!("{region}{year}{month:02}{day:02}{}", dice.digits(3));
    let check = checksum::id_check(&first_17).unwrap_or('X');
    format!("{first_17}{check}")
}

fn card_number(dice: &mut Dice) -> String {
    let (prefix, length) = *dice.pick(CARDS);
    let body = format!("{prefix}{}", dice.digits(length - prefix.len() - 1));
    let check = checksum::luhn_digit(&body).unwrap_or('0');
    format!("{body}{check}")
}

#[cfg(test)]
mod tests {
    use lockstep_core::check::{check_card, check_id_number, check_mobile, check_name};
    use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};

    use super::*;

    #[test]
    fn everybody_passes_every_check_and_the_seed_repeats_them() {
        let (mut one, mut two) = (Dice::new(7, "people"), Dice::new(7, "people"));
        for number in 0..500 {
            let (person, again) = (person(&mut one, number), person(&mut two, number));
            assert_eq!(person.card_number, again.card_number);
            let card = check_card(&CardNumber::new(person.card_number.clone()));
            assert!(card.findings.is_empty(), "{} {:?}", person.card_number, card.findings);
            assert!(card.facts.is_some_and(|facts| facts.issuer.is_some()), "{}", person.card_number);
            let today = jiff::civil::date(2026, 3, 2);
            let id = check_id_number(&IdNumber::new(person.id_number.clone()), today);
            assert!(id.findings.is_empty(), "{} {:?}", person.id_number, id.findings);
            assert!(check_mobile(&Mobile::new(person.mobile)).is_usable());
            assert!(check_name(&HolderName::new(person.holder_name)).is_usable());
        }
    }
}
