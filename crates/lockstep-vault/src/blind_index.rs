//! Finding "the same card" without reading any card.
//!
//! An index is HMAC-SHA256 of the whole normalised value under a key of its own per tenant and field. It is
//! keyed, and over the whole number, because PCI DSS 3.5.1.1 requires that of a hash that stands in for a
//! card number: there are few enough card numbers behind a known BIN to try them all against a plain hash. A
//! key per tenant keeps two tenants from learning that they share a borrower.

use crate::{IndexKey, context, mac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// What can be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexField {
    /// A card or account number.
    Card,
    /// A document number.
    IdNumber,
    /// A mobile number.
    Mobile,
}

impl IndexField {
    fn label(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::IdNumber => "id_number",
            Self::Mobile => "mobile",
        }
    }
}

impl IndexKey {
    /// The index of a value for one tenant: 43 characters of base64url, the same for every way of writing it.
    pub fn index(&self, tenant: &str, field: IndexField, clear: &str) -> String {
        let info = context::encode("lockstep/blind-index/v1", &[tenant, field.label()]);
        let key = mac::expand(self.secret(), &info);
        URL_SAFE_NO_PAD.encode(mac::hmac_sha256(key.bytes(), normalise(field, clear).as_bytes()))
    }

    /// A keyed digest of anything: 43 characters of base64url.
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        let key = mac::expand(self.secret(), &context::encode("lockstep/fingerprint/v1", &[]));
        URL_SAFE_NO_PAD.encode(mac::hmac_sha256(key.bytes(), bytes))
    }
}

/// One writing for all: no spaces or dashes, half-width, upper case; a mobile without brackets and without
/// the mainland's country code.
fn normalise(field: IndexField, clear: &str) -> Zeroizing<String> {
    // Every character becomes one that is no longer, so this never grows and leaves no copy behind.
    let mut plain = Zeroizing::new(String::with_capacity(clear.len()));
    plain.extend(clear.chars().map(half_width).filter(|c| !is_decoration(*c, field)));
    match field {
        IndexField::Mobile => Zeroizing::new(without_country_code(&plain).to_owned()),
        IndexField::Card | IndexField::IdNumber => plain,
    }
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(c as u32 - 0xfee0).map_or(c, |narrow| narrow.to_ascii_uppercase())
        }
        _ => c.to_ascii_uppercase(),
    }
}

fn is_decoration(c: char, field: IndexField) -> bool {
    let bracket = field == IndexField::Mobile && matches!(c, '(' | ')');
    bracket || c.is_whitespace() || matches!(c, '-' | '\u{200b}' | '\u{feff}' | '\u{2010}'..='\u{2015}')
}

fn without_country_code(number: &str) -> &str {
    let is_mainland =
        |rest: &&str| rest.len() == 11 && rest.starts_with('1') && rest.bytes().all(|b| b.is_ascii_digit());
    ["+86", "0086", "86"]
        .iter()
        .find_map(|code| number.strip_prefix(code).filter(is_mainland))
        .unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKeyring;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> IndexKey {
        MasterKeyring::parse(KEY).unwrap().index_key().clone()
    }

    /// Stored indexes are compared for years, so a change of any step has to fail here. The expected text was
    /// computed outside this crate, from the description at its head.
    #[test]
    fn the_index_never_changes() {
        let index = key().index("t1", IndexField::Card, "6222020000000000000");
        assert_eq!(index, "wfN_XYhYwjGpmpE0AB9YYD33k8ZX_CDLdrNc9MKalks");
        assert_eq!(key().fingerprint(b"request"), "s28hKGFzp3k-oxUdOnoleiGZpbDq78_ALVGsE_iISHY");
    }

    #[test]
    fn every_writing_of_a_value_has_one_index() {
        for (field, writings) in [
            (
                IndexField::Card,
                [
                    "6222020000000000000",
                    "6222 0200 0000 0000 000",
                    "６２２２－０２００ 00000000000",
                    "6222\u{a0}020\t0000000000 00",
                ],
            ),
            (
                IndexField::IdNumber,
                ["11010519491231002X", "11010519491231002x", "110105 19491231 002x", "11010519491231002Ｘ"],
            ),
            (IndexField::Mobile, ["13800138000", "+86 138-0013-8000", "(0086)13800138000", "86 13800138000"]),
        ] {
            let indexes = writings.map(|writing| key().index("t1", field, writing));
            assert!(indexes.iter().all(|index| *index == indexes[0]), "{field:?}");
            assert_eq!(indexes[0].len(), 43);
        }
    }

    #[test]
    fn only_a_mainland_number_loses_its_country_code() {
        for kept in ["+8613800138", "+85261234567", "8600138000", "8623800138000", "+861380013800x"] {
            assert_eq!(*normalise(IndexField::Mobile, kept), kept.to_uppercase());
        }
    }

    #[test]
    fn tenants_fields_and_keys_are_apart() {
        let index = |tenant, field| key().index(tenant, field, "13800138000");
        assert_ne!(index("t1", IndexField::Mobile), index("t2", IndexField::Mobile));
        assert_ne!(index("t1", IndexField::Mobile), index("t1", IndexField::Card));
        assert_ne!(
            index("t1", IndexField::Mobile),
            IndexKey::generate().unwrap().index("t1", IndexField::Mobile, "13800138000")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_an_index_and_never_grows(text: String) {
            for field in [IndexField::Card, IndexField::IdNumber, IndexField::Mobile] {
                let plain = normalise(field, &text);
                proptest::prop_assert!(plain.len() <= text.len());
                proptest::prop_assert_eq!(&*normalise(field, &plain) , &*plain);
                proptest::prop_assert_eq!(key().index("t", field, &text).len(), 43);
            }
        }
    }
}
