//! What is stored about the person behind one bound instrument.

use crate::{DataKey, ItemContext, Sealed, VaultError};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The field name under which personal data is sealed.
const PERSONAL: &str = "personal";

/// A person's data in clear, in types that can't be printed. Never written anywhere but through a seal.
#[derive(Debug, Clone, Default)]
pub struct PersonalData {
    /// The card or account number (class C3 for a card).
    pub card_number: Option<CardNumber>,
    /// The document number (class C2).
    pub id_number: Option<IdNumber>,
    /// The mobile number reserved at the bank (class C2).
    pub mobile: Option<Mobile>,
    /// The holder's name as the bank knows it (class C2).
    pub holder_name: Option<HolderName>,
}

/// The personal data of one instrument as it may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultItem {
    /// The item's id, part of what the seal is bound to.
    pub id: String,
    /// The sealed data.
    pub sealed: Sealed,
}

impl VaultItem {
    /// Seals personal data for one item of one borrower.
    pub fn seal(
        key: &DataKey,
        tenant: &str,
        borrower: &str,
        id: &str,
        data: &PersonalData,
    ) -> Result<Self, VaultError> {
        let place = ItemContext { tenant, borrower, item: id, field: PERSONAL };
        let sealed = key.seal(&place, &to_clear(data)?)?;
        Ok(Self { id: id.to_owned(), sealed })
    }

    /// Opens it for the same borrower.
    pub fn open(&self, key: &DataKey, tenant: &str, borrower: &str) -> Result<PersonalData, VaultError> {
        let place = ItemContext { tenant, borrower, item: &self.id, field: PERSONAL };
        from_clear(&key.open(&place, &self.sealed)?)
    }
}

/// The clear JSON on its way into the seal. Private, so that `PersonalData` itself can't be serialised.
#[derive(Serialize)]
struct Writing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    card_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder_name: Option<&'a str>,
}

/// The clear JSON out of the seal. A field this version doesn't know is an error: to read on without it would
/// lose it at the next seal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    card_number: Option<CardNumber>,
    id_number: Option<IdNumber>,
    mobile: Option<Mobile>,
    holder_name: Option<HolderName>,
}

fn to_clear(data: &PersonalData) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let writing = Writing {
        card_number: data.card_number.as_ref().map(CardNumber::expose),
        id_number: data.id_number.as_ref().map(IdNumber::expose),
        mobile: data.mobile.as_ref().map(Mobile::expose),
        holder_name: data.holder_name.as_ref().map(HolderName::expose),
    };
    let values = [writing.card_number, writing.id_number, writing.mobile, writing.holder_name];
    // JSON makes at most six bytes of one, and the names and signs need under 100: sized once, so that
    // growing leaves no copy of the clear text in freed memory.
    let longest = values.into_iter().flatten().map(str::len).sum::<usize>() * 6 + 128;
    let mut clear = Zeroizing::new(Vec::with_capacity(longest));
    serde_json::to_writer(&mut *clear, &writing)
        .map_err(|_| VaultError::Malformed { what: "personal data" })?;
    debug_assert!(clear.len() <= longest, "the clear text outgrew its buffer");
    Ok(clear)
}

/// The parser's own message may quote the data, so it isn't passed on. (It copies a value with an escaped
/// character, a quotation mark in a name, through a buffer of its own that isn't wiped; card, id and mobile
/// numbers have none.)
fn from_clear(clear: &[u8]) -> Result<PersonalData, VaultError> {
    let reading: Reading =
        serde_json::from_slice(clear).map_err(|_| VaultError::Malformed { what: "personal data" })?;
    let Reading { card_number, id_number, mobile, holder_name } = reading;
    Ok(PersonalData { card_number, id_number, mobile, holder_name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &PersonalData) {
        let key = DataKey::generate().unwrap();
        let item = VaultItem::seal(&key, "t1", "b1", "i1", data).unwrap();
        let opened = item.open(&key, "t1", "b1").unwrap();
        let exposed = |data: &PersonalData| {
            [
                data.card_number.as_ref().map(|v| v.expose().to_owned()),
                data.id_number.as_ref().map(|v| v.expose().to_owned()),
                data.mobile.as_ref().map(|v| v.expose().to_owned()),
                data.holder_name.as_ref().map(|v| v.expose().to_owned()),
            ]
        };
        assert_eq!(exposed(&opened), exposed(data));
        assert!(VaultItem { id: "i2".to_owned(), ..item.clone() }.open(&key, "t1", "b1").is_err());
        assert!(item.open(&key, "t1", "b2").is_err());
        assert!(item.open(&key, "t2", "b1").is_err());
    }

    #[test]
    fn all_some_and_none() {
        check(&PersonalData::default());
        check(&PersonalData { mobile: Some(Mobile::new(String::new())), ..PersonalData::default() });
        check(&PersonalData {
            card_number: Some(CardNumber::new("6222020000000000000".to_owned())),
            id_number: Some(IdNumber::new("11010519491231002X".to_owned())),
            mobile: Some(Mobile::new("13800138000".to_owned())),
            holder_name: Some(HolderName::new("买买提·\"阿\\里\"\u{0}".to_owned())),
        });
    }

    #[test]
    fn a_wrong_clear_text_is_named_without_being_quoted() {
        for clear in [&b"[]"[..], b"{\"mobile\":13800138000}", b"{\"cvn\":\"123\"}", b"\xff", b""] {
            let refused = from_clear(clear).unwrap_err();
            assert_eq!(refused, VaultError::Malformed { what: "personal data" });
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(
            card: Option<String>, id: Option<String>, mobile: Option<String>, name: Option<String>,
        ) {
            check(&PersonalData {
                card_number: card.map(CardNumber::new),
                id_number: id.map(IdNumber::new),
                mobile: mobile.map(Mobile::new),
                holder_name: name.map(HolderName::new),
            });
        }
    }
}
