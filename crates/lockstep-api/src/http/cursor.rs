//! Places in lists: opaque outside, and no use for any other list or lender.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_core::id::TenantId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Cursor, Listed, Page};
use lockstep_vault::Vault;
use serde::{Deserialize, Deserializer, Serialize};

use crate::problem::{Kind, Problem};
use crate::wire::Listing;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// How many rows, 1–200.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitParam(usize);

impl Default for LimitParam {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl<'de> Deserialize<'de> for LimitParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| plain && (1..=MAX_LIMIT).contains(limit));
        limit.map(Self).ok_or_else(|| serde::de::Error::custom("expected a number from 1 to 200"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    at: i64,
    id: String,
    /// Ties the place to one list of one lender.
    tie: String,
}

/// Makes and reads the cursors of one list of one lender.
pub(crate) struct Cursors<'a> {
    pub(crate) vault: &'a Vault,
    pub(crate) tenant: TenantId,
    pub(crate) list: &'static str,
}

impl Cursors<'_> {
    /// The page asked for.
    pub(crate) fn page(&self, cursor: Option<&str>, limit: Option<LimitParam>) -> Result<Page, Problem> {
        let after = cursor
            .map(|text| self.read(text).ok_or_else(|| Problem::new(Kind::InvalidCursor)))
            .transpose()?;
        Ok(Page { after, limit: limit.unwrap_or_default().0 })
    }

    /// A page as it is sent.
    pub(crate) fn listing<T, V: for<'t> From<&'t T>>(&self, listed: &Listed<T>) -> Listing<V> {
        self.listing_of(listed, |row| V::from(row))
    }

    /// A page as it is sent, each row shown by `view`.
    pub(crate) fn listing_of<T, V>(&self, listed: &Listed<T>, view: impl Fn(&T) -> V) -> Listing<V> {
        let data = listed.rows.iter().map(view).collect();
        Listing { data, next_cursor: listed.next.as_ref().map(|cursor| self.write(cursor)) }
    }

    fn read(&self, text: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|_| text.len() <= 512)?;
        let token: Token = serde_json::from_slice(&bytes).ok()?;
        let cursor = Cursor { at: Timestamp::from_millis(token.at), id: token.id };
        (token.tie == self.tie(&cursor)).then_some(cursor)
    }

    fn write(&self, cursor: &Cursor) -> String {
        let token = Token { at: cursor.at.as_millis(), id: cursor.id.clone(), tie: self.tie(cursor) };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    fn tie(&self, cursor: &Cursor) -> String {
        let Self { vault, tenant, list } = self;
        let text = format!("cursor/{tenant}/{list}/{}/{}", cursor.at.as_millis(), cursor.id);
        vault.fingerprint(text.as_bytes()).chars().take(22).collect()
    }
}
